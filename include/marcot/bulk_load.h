// A new directory with all below it, made in one pass over sorted names: for hosts that bring
// millions of files. Files of the database are written beside the pipeline and become part of the
// store at once, so nobody waits for a load, and it costs a small part of what puts do.
//
// A load is pushed, depth first: in each directory all subdirectories, each whole, in the order of
// the bytes of their names, and then the files in theirs. Nobody sees any of it before Finish.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/options.h"
#include "marcot/types.h"

namespace marcot {

inline constexpr uint64_t kMaxLoadDirectories = uint64_t{1} << 26;

struct BulkLoadOptions {
  std::string user;       // becomes the creator of all that is loaded; at most 255 bytes
  Attributes attributes;  // of the directory itself
};

// One thread at a time; several loads, and all other calls, may go on beside it. It must not
// outlive its Store. Destroyed without Finish it leaves nothing, and a crash leaves nothing either.
//
// A call that is refused changes nothing, and the load can go on without what was in it: a bad name
// answers as a put of it does; ParamInvalid: a name that does not come behind the one before it in
// its kind, a directory behind a file, a name for both, too much (kMaxLoadDirectories, 2^62 bytes),
// and, once Finish has come to the place, any call but Finish again. InternalServerError,
// StoreReadOnly, SpaceNotFound while it is pushed: the load is lost.
//
// Cost: one record a file and three a directory, each written once. Memory: some 30 MiB, 8 bytes a
// directory, and the subdirectories' names of those directories that are open. Three threads of its
// own write the files. It is for thousands of files and more: each load makes some of these.
class BulkLoad {
 public:
  virtual ~BulkLoad() = default;

  // Makes a directory in the current one, and it is the current one.
  virtual absl::Status EnterDirectory(std::string_view name, const Attributes& attributes = {}) = 0;
  // The directory that the current one is in is the current one again.
  virtual absl::Status LeaveDirectory() = 0;
  // Makes a file in the current directory, of a content that the host keeps and minted for it alone
  // (ContentRef::unique_id, or the empty content): ParamInvalid for any other.
  virtual absl::Status AddFile(std::string_view name, const ContentRef& content,
                               const Attributes& attributes = {}) = 0;

  // Puts the whole at `path`, in one commit, with its missing parents: O(d), after what is left to
  // be written. Every directory that was entered must have been left. Takes ask (default) and
  // rename, fails as Space::MoveDirectory does and, as long as it fails because of the target
  // (a taken name, a quota), may be called again. It waits for a checkpoint or backup under way.
  virtual absl::StatusOr<Placed> Finish(std::string_view path,
                                        const OperationOptions& options = {}) = 0;
};

}  // namespace marcot

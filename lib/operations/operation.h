// One operation on the namespace, checked as far as its arguments allow, and its execution inside
// a transaction.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/lookup.h"
#include "core/txn.h"
#include "marcot/options.h"
#include "marcot/recycle_bin.h"
#include "marcot/types.h"
#include "operations/path.h"

namespace marcot::operations {

// What a file will hold.
struct FileContent {
  ContentId id;
  uint64_t size = 0;
  bool host_kept = false;
  bool unique_id = false;           // host-kept: see ContentRef
  std::string_view bytes;           // built-in: kept by the caller; written if they are new
  std::vector<std::string> chunks;  // of those, once they were made
  uint64_t blob = 0;                // built-in, streamed: its chunks are in the store already
  bool stored = false;              // the store knows the content, or the put fails
};

struct Operation {
  enum class Kind {
    kMakeDirectory,
    kPut,
    kCopy,
    kMove,
    kDelete,
    kSetAttributes,
    kSetLimits,
    kHeal,
    kRestore,
    kPurge,
    kEmptyBin,
    kSetLatestVersion,
    kDeleteVersion,
    kTakeSnapshot,
    kDeleteSnapshot,
    kLoad,
  };
  enum class Only { kEither, kDirectory, kFile };

  Kind kind = Kind::kMakeDirectory;
  Only only = Only::kEither;  // copy, move, put: what the source must be; delete: the entry
  // The answer where what is copied, moved, deleted, restored or given attributes is of this kind;
  // OK: the operation goes on.
  absl::Status if_directory, if_file;
  core::DirId root = 0, from_root = 0;
  // The names of the spaces of both, kept by the caller.
  std::string_view library, space, from_library, from_space;
  std::vector<std::string> path, from;  // a put with a source takes its content
  Strategy strategy = Strategy::kDefault;
  std::string user;
  FileContent content;
  std::string attributes;                           // encoded
  std::shared_ptr<const AttributeChanges> changes;  // set attributes: to those there are

  Tree from_tree;          // copy: the space's own, or a named snapshot
  bool permanent = false;  // delete
  uint64_t item = 0;       // restore, purge; a move that restores
  // Set latest version, delete version. By its id: delete needs no path then, and the other finds
  // no version at its path but this.
  uint64_t version = 0, version_id = 0;
  MissingParents missing_parents = MissingParents::kFail;  // restore
  std::optional<bool> create_missing;  // parents; nothing: as the kind of what is placed says
  core::Limits limits;                 // set limits
  std::string snapshot;                // take snapshot, delete snapshot: its name
  int64_t expiry_time_ms = 0;          // take snapshot
  core::DirId loaded = 0;              // load: what waits for its place
};

// Numbers that were given last, by directory and name. A hint only: what it says is verified, so it
// may be wrong or forgotten.
class NameHints {
 public:
  uint64_t Get(core::DirId dir, const NumberedName& name) const;
  void Set(core::DirId dir, const NumberedName& name, uint64_t number);

 private:
  static std::string KeyOf(core::DirId dir, const NumberedName& name);
  absl::flat_hash_map<std::string, uint64_t> numbers_;
};

// Executes the operation, which stays where it is until the transaction ends. After an error the
// transaction must be rolled back. An error that carries no Code is a request for a flatten
// (core::Txn::TakeFlattenRequest). The answer's path is left out where it is the operation's:
// everybody waits for the leader, who shall not copy it.
absl::StatusOr<Placed> Execute(const Operation& operation, const Limits& limits, core::Txn& txn,
                               NameHints& hints);

// Where a path leads to, and what stands there as seen by a reader.
struct Resolved {
  enum class Outcome { kFound, kMissing, kFileInPath };
  Outcome outcome = Outcome::kMissing;
  core::Place parent;
  core::Entry entry;
};
// `names` must not be empty. `first`: the kind that is expected there.
absl::StatusOr<Resolved> Resolve(core::View& view, core::DirId root,
                                 const std::vector<std::string>& names,
                                 char first = core::kFileSlot);
// SpaceNotFound if the space was deleted.
absl::Status CheckRoot(core::View& view, core::DirId root);

// A root has no entry; this is its object id.
inline ObjectId RootId(core::DirId root) { return {1, root}; }

absl::Status PathNotFound(const std::vector<std::string>& names);

}  // namespace marcot::operations

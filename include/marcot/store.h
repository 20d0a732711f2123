// A store: libraries that hold spaces, in one RocksDB of its own folder.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/options.h"
#include "marcot/space.h"
#include "marcot/types.h"

namespace marcot {

// One item of a batch: what the functions of Space of the same name do. Which kind the source must
// have is `only`; unset, a copy or move takes a file or a directory, each with its own default
// strategy.
struct BatchItem {
  enum class Kind { kMakeDirectory, kPut, kPutReference, kCopy, kMove, kDelete, kSetAttributes };
  Kind kind = Kind::kMakeDirectory;
  Space space;       // of the target
  std::string path;  // the target
  Space from_space;  // copy, move: of the source; unset: `space`
  std::string from;  // copy, move: the source
  enum class Only { kEither, kDirectory, kFile } only = Only::kEither;
  std::string bytes;      // put; at most kMaxBatchPutBytes
  ContentRef content;     // put reference
  Attributes attributes;  // put, put reference, set attributes
  OperationOptions options;
};

inline constexpr size_t kMaxBatchItems = 1000;
inline constexpr size_t kMaxBatchPutBytes = 1u << 20;

struct SpaceInfo {
  std::string library, name;
  int64_t creation_time_ms = 0;
  RecursiveTotals totals;
};

struct StoreStats {
  uint64_t seq = 0;              // of the newest commit
  uint64_t commits = 0;          // groups written since the store was opened
  uint64_t operations = 0;       // operations in them
  uint64_t reclaim_backlog = 0;  // jobs that wait; each lets go of one node, pin, copy or content
  uint64_t reclaim_steps = 0;    // since the store was opened
  uint64_t record_cache_hits = 0, record_cache_misses = 0;
  uint64_t disk_bytes = 0;  // of RocksDB's files, its logs not counted
  uint64_t estimated_records = 0;
};

// Thread-safe. One process may have a store open at a time.
class Store {
 public:
  // StoreNotFound: nothing there and not asked to create it, or a folder that holds something else.
  // StoreInUse; StoreFormatTooNew; ParamInvalid for options out of range. A new store has the
  // library `default` with the one space `-`.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& folder,
                                                     const StoreOptions& options = {});
  // Finishes the commits under way and closes. Snapshots and readers must be gone.
  ~Store();

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // ---- libraries and spaces ------------------------------------------------------------------
  // Ids are 2..32 of [a-z0-9-] with no `-` at an end; a space may also be the single `-`.
  // SpaceIdInvalid, DuplicateLibrary, DuplicateSpace, LibraryNotFound, SpaceNotFound.
  absl::Status CreateLibrary(std::string_view library);
  absl::Status DeleteLibrary(std::string_view library);  // LibraryNotEmpty
  absl::StatusOr<std::vector<std::string>> ListLibraries() const;

  absl::StatusOr<Space> CreateSpace(std::string_view library, std::string_view space);
  // SpaceNotEmpty unless forced. O(1); what it held is reclaimed in the background.
  absl::Status DeleteSpace(std::string_view library, std::string_view space, bool force = false);
  absl::StatusOr<Space> OpenSpace(std::string_view library, std::string_view space) const;
  // By name, those after `marker` (a name; empty: from the start), at most `limit` (1..1000).
  absl::StatusOr<std::vector<SpaceInfo>> ListSpaces(std::string_view library,
                                                    std::string_view marker = {},
                                                    size_t limit = 1000) const;

  // ---- batches -------------------------------------------------------------------------------
  // All items or none, in one commit; later ones see what earlier ones did. The error is that of
  // the first item that failed; its message begins with `item N: `, N from 0. TooManyItems past
  // kMaxBatchItems, NoItemsProvided. A delete or set attributes answers the path it was given.
  absl::StatusOr<std::vector<Placed>> RunAtomically(std::span<const BatchItem> items);
  // Each item its own outcome, in order; items do not wait for each other's commit.
  absl::StatusOr<std::vector<absl::StatusOr<Placed>>> RunEach(std::span<const BatchItem> items);

  // ---- reading together ----------------------------------------------------------------------
  std::unique_ptr<Snapshot> TakeSnapshot() const;

  // ---- reclaim -------------------------------------------------------------------------------
  // Does all the work that waits: afterwards the store holds exactly what can be reached. For
  // tests and maintenance; the background thread does the same in small paced steps.
  absl::Status ReclaimUntilIdle();
  // At most `steps` small steps; answers whether work is left.
  absl::StatusOr<bool> ReclaimSteps(size_t steps);

  // Host-kept contents that no entry holds any more, in order of id, those after `after`. Putting
  // such a content again takes it off the list.
  absl::StatusOr<std::vector<ContentId>> ReleasedContents(ContentId after = {},
                                                          size_t limit = 1000) const;
  // Claims released contents before their bytes are deleted: from here on a put of one answers
  // ContentCondemned. Answers those that were claimed (the others were put again meanwhile).
  absl::StatusOr<std::vector<ContentId>> CondemnContents(std::span<const ContentId> ids);
  // Says that the bytes of condemned contents are gone. They may be put again as new.
  absl::Status AcknowledgeContents(std::span<const ContentId> ids);

  // ---- looking after it ----------------------------------------------------------------------
  absl::StatusOr<StoreStats> GetStats() const;
  // Proves the invariants of lib/README.md on the newest commit. Answers what it found wrong, a
  // line each; empty: sound. Holds the namespace in memory, so it is meant for tests.
  absl::StatusOr<std::vector<std::string>> CheckInvariants() const;

 private:
  explicit Store(std::unique_ptr<api::StoreImpl> impl);
  std::unique_ptr<api::StoreImpl> impl_;
};

}  // namespace marcot

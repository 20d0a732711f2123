// A store: libraries that hold spaces, in one RocksDB of its own folder.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/access.h"
#include "marcot/backup.h"
#include "marcot/metrics.h"
#include "marcot/options.h"
#include "marcot/space.h"
#include "marcot/types.h"

namespace marcot {

// One item of a batch: what the functions of Space of the same name do. Which kind the source of a
// copy or move, or what is deleted, must have is `only`; unset, it may be a file or a directory,
// each with its own default strategy.
struct BatchItem {
  enum class Kind {
    kMakeDirectory,
    kPut,
    kPutReference,
    kCopy,
    kMove,
    kDelete,
    kSetAttributes,
    kRestore,
    kPurge,
    kPutStored,
    kChangeAttributes,
  };
  Kind kind = Kind::kMakeDirectory;
  Space space;       // of the target
  std::string path;  // the target
  Space from_space;  // copy, move, put stored: of the source; unset: `space`
  // Copy, move: the source; restore: the path inside the item; put stored: a file that holds the
  // content, in place of `content`.
  std::string from;
  Tree from_tree;     // copy: where the source is, the space's own or a named snapshot
  uint64_t item = 0;  // restore, purge: the recycled item
  MissingParents missing_parents = MissingParents::kFail;  // restore
  bool permanent = false;                                  // delete
  enum class Only { kEither, kDirectory, kFile } only = Only::kEither;
  std::string bytes;      // put; at most kMaxBatchPutBytes
  ContentRef content;     // put reference, put stored (with `from`: what it must hold, if any)
  Attributes attributes;  // the puts, make directory, set attributes
  std::shared_ptr<const AttributeChanges> changes;  // change attributes
  OperationOptions options;
};

// A directory in one of the trees of a space.
struct DirectoryAt {
  Space space;
  std::string path;  // empty: the root of the tree
  Tree tree = {};
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
  uint64_t operations = 0;       // operations in them: see Metrics::committed_operations
  uint64_t reclaim_backlog = 0;  // jobs that wait; each lets go of one node, pin, copy or content
  uint64_t reclaim_steps = 0;    // since the store was opened
  // Records that reclaim has visited since the store was opened, and an estimate of those that the
  // backlog still has to: progress is done / (done + pending).
  uint64_t reclaim_done = 0, reclaim_pending = 0;
  bool reclaim_paused = false;
  // What the spaces show, copies, recycled items and versions counted each by itself; and what of
  // it is stored, shared contents and records counted once.
  uint64_t logical_bytes = 0, logical_files = 0;
  uint64_t physical_bytes = 0, physical_files = 0;
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
  // Waits for the step that the background is at, and closes; what else it had to do is done when
  // the store is open again. Calls must have returned, snapshots and readers be gone.
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
  // Handles that may do no more than the session's grants say (marcot/access.h). LibraryNotFound,
  // SpaceIdInvalid; ParamInvalid for a user, client or session that is not UTF-8 of at most 255
  // bytes. Whether the spaces are there shows when they are opened.
  absl::StatusOr<Session> OpenSession(const SessionRequest& request);
  // By name, those after `marker` (a name; empty: from the start), at most `limit` (1..1000).
  absl::StatusOr<std::vector<SpaceInfo>> ListSpaces(std::string_view library,
                                                    std::string_view marker = {},
                                                    size_t limit = 1000) const;

  absl::StatusOr<LibrarySettings> GetLibrarySettings(std::string_view library) const;
  // ParamInvalid for a value out of its range.
  absl::Status SetLibrarySettings(std::string_view library, const LibrarySettings& settings);
  // Lets go of at most `limit` versions of the files of a library, in its recycle bins too, and
  // answers of how many; 0: there are no more. The library's history must be off: HistoryInUse.
  // Small commits, so a crash leaves the rest to another call.
  absl::StatusOr<uint64_t> ClearHistory(std::string_view library, uint64_t limit = UINT64_MAX);

  // ---- quotas --------------------------------------------------------------------------------
  // One quota over one or several spaces of a library; a space has at most one. Exact: checked in
  // the commit of every operation that adds bytes or files (QuotaLimitReached).
  // SpaceNotFound, DuplicateQuota, QuotaNotFound, NoItemsProvided, ParamInvalid.
  absl::StatusOr<uint64_t> CreateQuota(std::string_view library,
                                       std::span<const std::string> spaces,
                                       const QuotaLimits& limits);
  absl::Status SetQuota(std::string_view library, uint64_t quota, const QuotaLimits& limits);
  absl::Status SetQuotaSpaces(std::string_view library, uint64_t quota,
                              std::span<const std::string> spaces);
  absl::Status DeleteQuota(std::string_view library, uint64_t quota);
  absl::StatusOr<QuotaInfo> GetQuota(std::string_view library, uint64_t quota) const;
  // The quota of a space; QuotaNotFound: it has none.
  absl::StatusOr<QuotaInfo> GetQuotaOf(std::string_view library, std::string_view space) const;

  // ---- batches -------------------------------------------------------------------------------
  // All items or none, in one commit; later ones see what earlier ones did. The error is that of
  // the first item that failed; its message begins with `item N: `, N from 0. TooManyItems past
  // kMaxBatchItems, NoItemsProvided. A delete or set attributes answers the path it was given.
  absl::StatusOr<std::vector<Placed>> RunAtomically(std::span<const BatchItem> items);
  // Each item its own outcome, in order; items do not wait for each other's commit.
  absl::StatusOr<std::vector<absl::StatusOr<Placed>>> RunEach(std::span<const BatchItem> items);

  // ---- reading together ----------------------------------------------------------------------
  std::unique_ptr<Snapshot> TakeSnapshot() const;

  // What differs between any two directories of the store, as of one commit (that of `snapshot`, if
  // one is given): a directory before what is in it, subdirectories before files. `visitor` answers
  // whether to go on; its error is the answer. PathNotFound, FileTypeNotMatched.
  //
  // Between copies, or snapshots, of one directory and the directory itself only what was changed
  // on either side is read: O(changes), not O(entries). Where a copy was flattened (lib/README.md),
  // between directories that have nothing in common, or where the names that changed in one
  // directory take more than 32 MiB, the entries of both are read. Memory: those names, and a page
  // of 256 differences, for each level of the path.
  absl::Status Diff(const DirectoryAt& before, const DirectoryAt& after,
                    const std::function<absl::StatusOr<bool>(const Difference&)>& visitor,
                    const Snapshot* snapshot = nullptr) const;

  // ---- expiry --------------------------------------------------------------------------------
  // Lets go of what is due by the store's clock: recycled items, versions, named snapshots, kept
  // changes. The background does the same from time to time. Answers how many went.
  absl::StatusOr<uint64_t> ExpireDue();

  // ---- reclaim -------------------------------------------------------------------------------
  // Does all the work that waits: afterwards the store holds exactly what can be reached. For
  // tests and maintenance; the background thread does the same in small paced steps.
  absl::Status ReclaimUntilIdle();
  // At most `steps` small steps; answers whether work is left.
  absl::StatusOr<bool> ReclaimSteps(size_t steps);
  // Stops the background's reclaim, or lets it go on. Reclaim that is asked for still runs.
  void PauseReclaim(bool paused);

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
  // Counters and gauges for monitoring, without a look at what is stored: some ten microseconds, and
  // less than one more for each file of the database.
  Metrics GetMetrics() const;
  // Proves the invariants of lib/README.md on the newest commit, while others write; the deep check
  // of marcot/check.h, without a repair. Answers what it found wrong, a line each; empty: sound.
  // O(records and bytes of the store).
  absl::StatusOr<std::vector<std::string>> CheckInvariants() const;

  // A store of the state of now in a new folder (FolderNotEmpty), which can be opened at once and
  // goes its own way: files are linked, or copied where that is on another file system. Thread-safe
  // as everything here, others may write meanwhile: all that was answered before the call is in it.
  // O(files of the database).
  absl::Status CreateCheckpoint(const std::string& folder) const;
  // Adds a backup of the state of now to a folder (marcot/backup.h). Others may write meanwhile.
  // Writes what was written since the folder's newest, reads all contents. FolderNotEmpty: it holds
  // something else than backups; ParamInvalid: those of another store; BackupsInUse; StoreDamaged:
  // none of those there is whole.
  absl::StatusOr<BackupInfo> CreateBackup(const std::string& backups) const;

 private:
  friend class api::StoreImpl;
  explicit Store(std::unique_ptr<api::StoreImpl> impl);
  std::unique_ptr<api::StoreImpl> impl_;
};

}  // namespace marcot

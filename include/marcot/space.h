// A space: one tree of directories and files. The operations of Marcot are here.
//
// Paths are '/'-separated, without a leading slash; the empty path is the root. Source and target
// are both full paths: the target is the new name itself, never "into this directory". Names are
// valid UTF-8, at most StoreOptions::max_name_chars code points, without \ / : * ? " < > | and
// control characters, not `.` or `..`; they are case-sensitive and stored byte for byte.
//
// Every operation is one atomic commit. One that fails changes nothing. In the costs below, d is
// the depth of the path; no operation depends on how much lies below a directory.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/bulk_load.h"
#include "marcot/content.h"
#include "marcot/history.h"
#include "marcot/options.h"
#include "marcot/recycle_bin.h"
#include "marcot/search.h"
#include "marcot/settings.h"
#include "marcot/types.h"

namespace marcot {

class Store;
namespace api {
class StoreImpl;
}

// The state of the store as of one commit, for reads that belong together. Cheap to take (under a
// microsecond). It keeps what is deleted after it on the disk, so it has a time limit
// (StoreOptions::max_snapshot_age). Thread-safe. It must not outlive its Store.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  // Every operation up to this one is in it; a few newer ones may be.
  virtual uint64_t seq() const = 0;
};

// An open file: the bytes it had when it was opened, whatever happens to its path meanwhile (where
// a host keeps the bytes, for as long as the host has them). Holds a snapshot. Not thread-safe.
class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual const Stat& stat() const = 0;
  // Up to `length` bytes from `offset`; shorter only at the end of the file.
  virtual absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) = 0;
  // The same, in pieces of at most 1 MiB.
  virtual absl::Status Read(uint64_t offset, uint64_t length, const ByteSink& sink) = 0;
};

struct WalkEntry {
  const std::vector<std::string>& path;  // from the root of the space
  const Stat& stat;
};
// kSkip: not into this directory.
enum class WalkStep { kGoOn, kSkip, kStop };
// Told of what a walk cannot read: the path of an entry, and why.
using DamageVisitor =
    std::function<void(const std::vector<std::string>& path, const absl::Status& why)>;

// A handle; copy it freely. Thread-safe. It must not outlive its Store. After the space is deleted
// every call answers SpaceNotFound. One that a session opened answers NoPermission to what the
// session's grants do not allow (marcot/access.h).
class Space {
 public:
  struct State;  // the library's own

  Space() = default;
  bool valid() const { return state_ != nullptr; }  // false: no space; every call is refused
  const std::string& library() const;
  const std::string& name() const;

  // ---- changes -------------------------------------------------------------------------------
  // All O(d). They fail with EmptyFileName, IllegalFileName, DirectoryNameLengthExceed,
  // FileNameLengthExceed, DirectoryLevelExceed for a bad path; RootDirectoryNotAllowed for a root;
  // SameNameDirectoryOrFileExists when the name is taken under ask or a parent is a file;
  // InvalidConflictResolutionStrategy for a strategy they do not take.

  // Makes the directory, with these attributes, and its missing parents, without. Takes ask
  // (default) and rename.
  absl::StatusOr<Placed> MakeDirectory(std::string_view path, const OperationOptions& = {},
                                       const Attributes& attributes = {}) const;

  // Puts a file. Takes ask, rename (default) and overwrite. The parent must exist:
  // DirectoryNotFound. Bytes are kept by the content store; memory stays below a few MiB for a
  // stream of any size.
  absl::StatusOr<Placed> Put(std::string_view path, std::string_view bytes,
                             const PutOptions& = {}) const;
  absl::StatusOr<Placed> Put(std::string_view path, const ByteSource& source,
                             const PutOptions& = {}) const;
  // Puts a file whose bytes the host keeps. ContentCondemned: the host is deleting that content.
  absl::StatusOr<Placed> PutReference(std::string_view path, const ContentRef& content,
                                      const PutOptions& = {}) const;
  // Puts a file of bytes that the store has already, by the id and size that Stat gave:
  // ContentNotFound where it does not, or no longer. Where a host keeps the bytes the store knows
  // those that more than one entry has held.
  absl::StatusOr<Placed> PutStored(std::string_view path, const ContentRef& content,
                                   const PutOptions& = {}) const;

  // Begins to load a directory with all below it, in the order of names (marcot/bulk_load.h).
  absl::StatusOr<std::unique_ptr<BulkLoad>> BeginBulkLoad(const BulkLoadOptions& = {}) const;

  // Copies a directory with all below it, as it is just before, in O(d). `from` may be in another
  // space or library of the store, and the target may lie inside the source. Makes missing parents.
  // Takes ask (default) and rename. SourceDirectoryNotFound; InvalidSourceDirectory for a file.
  // Carries content, metadata, labels, modification times; creation time and creator are new.
  absl::StatusOr<Placed> CopyDirectory(const Space& from_space, std::string_view from,
                                       std::string_view to, const OperationOptions& = {}) const;
  // Takes ask, rename (default) and overwrite. SourceFileNotFound; InvalidSourceFile.
  absl::StatusOr<Placed> CopyFile(const Space& from_space, std::string_view from,
                                  std::string_view to, const OperationOptions& = {}) const;
  // Moves or renames; object ids stay. Into its own subtree:
  // SourceDirectoryIsParentOfDestination. Strategies, parents and errors as for the copies.
  absl::StatusOr<Placed> MoveDirectory(const Space& from_space, std::string_view from,
                                       std::string_view to, const OperationOptions& = {}) const;
  absl::StatusOr<Placed> MoveFile(const Space& from_space, std::string_view from,
                                  std::string_view to, const OperationOptions& = {}) const;
  // The same within this space.
  absl::StatusOr<Placed> CopyDirectory(std::string_view from, std::string_view to,
                                       const OperationOptions& options = {}) const {
    return CopyDirectory(*this, from, to, options);
  }
  absl::StatusOr<Placed> CopyFile(std::string_view from, std::string_view to,
                                  const OperationOptions& options = {}) const {
    return CopyFile(*this, from, to, options);
  }
  absl::StatusOr<Placed> MoveDirectory(std::string_view from, std::string_view to,
                                       const OperationOptions& options = {}) const {
    return MoveDirectory(*this, from, to, options);
  }
  absl::StatusOr<Placed> MoveFile(std::string_view from, std::string_view to,
                                  const OperationOptions& options = {}) const {
    return MoveFile(*this, from, to, options);
  }

  // Deletes a file, or a directory with all below it: into the recycle bin where the space has one
  // that is on, else, and when asked to, for good. PathNotFound. The space that it took is given
  // back in the background. Answers the path it was given, and the item in the bin.
  absl::StatusOr<Placed> Delete(std::string_view path, const DeleteOptions& = {}) const;
  // The same of a directory, or a file, alone: FileTypeNotMatched.
  absl::StatusOr<Placed> DeleteDirectory(std::string_view path, const DeleteOptions& = {}) const;
  absl::StatusOr<Placed> DeleteFile(std::string_view path, const DeleteOptions& = {}) const;

  // Replaces the attributes of a file or directory (the root too). PathNotFound.
  absl::Status SetAttributes(std::string_view path, const Attributes& attributes,
                             const OperationOptions& = {}) const;
  // Changes some of them. PathNotFound; ParamInvalid where they would be more than fits.
  absl::Status ChangeAttributes(std::string_view path, const AttributeChanges& changes,
                                const OperationOptions& = {}) const;

  // ---- reads ---------------------------------------------------------------------------------
  // PathNotFound where nothing is there. Reads never wait for writers.

  // O(d c), c the length of the chain of copies it is read through, a small bounded number.
  absl::StatusOr<Stat> GetStat(std::string_view path, const ReadOptions& = {}) const;
  // What lies below a directory, O(d c). FileTypeNotMatched for a file.
  absl::StatusOr<RecursiveTotals> GetTotals(std::string_view path, const ReadOptions& = {}) const;

  // One page of a directory: O(limit + d) in the orders by name, whichever page it is.
  // FileTypeNotMatched for a file; MarkerNotFound for a marker that this directory did not give in
  // this order, filter and prefix; ParamInvalid for a limit out of range.
  absl::StatusOr<Page> List(std::string_view path, const ListOptions& = {}) const;

  // Every entry below a directory, a directory before what is in it, subdirectories before files,
  // as of one commit. The visitor's error stops it and is its answer.
  //
  // With `on_damage` a walk of a damaged store goes on: what can be read is visited, and what
  // cannot is told. Of a directory whose names cannot all be read it visits those up to the damage
  // and then, backwards, those from the last one down to it; a subdirectory of which not all is
  // known is visited without its totals, and without its attributes if need be.
  absl::Status Walk(std::string_view path,
                    const std::function<absl::StatusOr<WalkStep>(const WalkEntry&)>& visitor,
                    const ReadOptions& = {}, const DamageVisitor& on_damage = nullptr) const;

  // A page of what matches below a directory, copies included: a file that is seen by two paths is
  // found at both. What was searched is summarised in the background, in small steps, and a search
  // does not look where a summary says that nothing can match: then it costs O(d n), n the number
  // of directories that may hold a match and d the subdirectories each has; of a directory with
  // more than 1,024 entries it reads the parts that may. A summary is as good for the copies of a
  // directory, so a copy costs nothing more. Where there is none yet, and where something changed
  // since, it looks at the names. PathNotFound, FileTypeNotMatched for `below`; ParamInvalid;
  // MarkerNotFound for a marker that another query gave.
  absl::StatusOr<SearchPage> Search(const SearchQuery& query) const;
  // Where in the space the object with this id is now. PathNotFound. By the same summaries:
  // O(directories) at worst. Without them O(entries).
  absl::StatusOr<Found> FindObject(const ObjectId& id, const ReadOptions& = {}) const;

  // FileNotFound; FileTypeNotMatched for a directory.
  absl::StatusOr<std::unique_ptr<FileReader>> OpenFile(std::string_view path,
                                                       const ReadOptions& = {}) const;
  // The whole file. For one that may not fit into memory use OpenFile.
  absl::StatusOr<std::string> Read(std::string_view path, const ReadOptions& = {}) const;

  // ---- settings, usage, quotas of directories ------------------------------------------------
  absl::StatusOr<SpaceSettings> GetSettings() const;
  // ParamInvalid. Items that are in the bin stay in it when it is turned off.
  absl::Status SetSettings(const SpaceSettings& settings) const;
  absl::StatusOr<Usage> GetUsage() const;  // O(1)

  // Bounds what may lie below a directory (the root too), checked in the commit of every operation
  // that adds to it: QuotaLimitReached. Goes along when the directory is moved or recycled; a copy
  // has none. Replaces the one there was. `count_recycled` has no meaning here.
  absl::Status SetDirectoryQuota(std::string_view path, const QuotaLimits& limits,
                                 const OperationOptions& = {}) const;
  absl::Status RemoveDirectoryQuota(std::string_view path, const OperationOptions& = {}) const;
  absl::StatusOr<QuotaInfo> GetDirectoryQuota(std::string_view path) const;  // QuotaNotFound

  // ---- recycle bin ---------------------------------------------------------------------------
  // What is in it is read with ReadOptions::tree. RecycledItemNotFound for an id that is not there.

  // O(limit), whichever page it is, in all orders but one (RecycledOrder). MarkerNotFound;
  // RecycleBinNotEnabled where the bin is off and holds nothing.
  absl::StatusOr<RecycledPage> ListRecycled(const ListRecycledOptions& = {}) const;
  absl::StatusOr<RecycledItem> GetRecycled(uint64_t item) const;
  // Puts an item back, O(d), or `inside` it one directory or file; the item then stays with the
  // rest. `to`: the full target path; empty: where it was. Takes ask, rename (default), and
  // overwrite of a file by a file; a directory is never replaced. Checks the quota again.
  // PathNotFound: nothing is at `inside`.
  absl::StatusOr<Placed> Restore(uint64_t item, const RestoreOptions& = {}) const;
  // Lets go of an item for good.
  absl::Status PurgeRecycled(uint64_t item, const OperationOptions& = {}) const;
  // Of all items at once, O(1).
  absl::Status EmptyRecycleBin(const OperationOptions& = {}) const;

  // ---- versions of files ---------------------------------------------------------------------
  // Kept where the library's history is on. A move keeps them, a copy starts without, the recycle
  // bin holds them with the file. FileNotFound, FileTypeNotMatched; read with ReadOptions::version.

  absl::StatusOr<VersionPage> ListVersions(std::string_view path,
                                           const ListVersionsOptions& = {}) const;
  // Gives the file the content of an older version; what it held becomes a version in its turn.
  // VersionNotFound, LatestVersionNotAllowed, QuotaLimitReached.
  absl::StatusOr<Placed> SetLatestVersion(std::string_view path, uint64_t version,
                                          const OperationOptions& = {}) const;
  // VersionNotFound, LatestVersionNotAllowed.
  absl::Status DeleteVersion(std::string_view path, uint64_t version,
                             const OperationOptions& = {}) const;
  // The same by FileVersion::id, wherever in the space the file is now. VersionNotFound: also where
  // the file is in the recycle bin. To set it looks for the file's path, O(subdirectories of the
  // directories on the way); to delete, O(d) each.
  absl::StatusOr<Placed> SetLatestVersionById(uint64_t id, const OperationOptions& = {}) const;
  // All of them, 1..kMaxBatchItems, or none; one that is named twice is deleted once.
  absl::Status DeleteVersionsById(std::span<const uint64_t> ids,
                                  const OperationOptions& = {}) const;

  // ---- named snapshots -----------------------------------------------------------------------
  // Read with ReadOptions::tree. Names follow the rules of directories' names.

  // Keeps a directory (the root too) as it is now, O(d). `expiry_time_ms`: when it may go, by the
  // store's clock; 0: never. DuplicateSnapshot.
  absl::StatusOr<NamedSnapshot> CreateSnapshot(std::string_view name, std::string_view path,
                                               int64_t expiry_time_ms = 0,
                                               const OperationOptions& = {}) const;
  // By name, those after `marker` (a name; empty: from the start), at most `limit` (1..1000).
  absl::StatusOr<std::vector<NamedSnapshot>> ListSnapshots(std::string_view marker = {},
                                                           size_t limit = 1000) const;
  absl::StatusOr<NamedSnapshot> GetSnapshot(std::string_view name) const;  // SnapshotNotFound
  absl::Status DeleteSnapshot(std::string_view name, const OperationOptions& = {}) const;
  // Copies a directory or file out of a snapshot, as CopyDirectory and CopyFile do; an empty `from`
  // is the whole of it.
  absl::StatusOr<Placed> CopyFromSnapshot(std::string_view name, std::string_view from,
                                          std::string_view to, const OperationOptions& = {}) const;

  // ---- changes -------------------------------------------------------------------------------
  // Kept while SpaceSettings::change_feed_days is not 0.

  // Those behind `cursor`; empty: the oldest that are kept. ChangeFeedNotEnabled; ChangesExpired;
  // MarkerNotFound for a cursor that this space did not give. O(limit).
  absl::StatusOr<ChangePage> ReadChanges(std::string_view cursor = {}, size_t limit = 1000) const;
  // A cursor behind the newest change: what a listing taken afterwards does not need.
  absl::StatusOr<std::string> LatestChange() const;

 private:
  friend class Store;
  friend class api::StoreImpl;
  std::shared_ptr<const State> state_;
};

}  // namespace marcot

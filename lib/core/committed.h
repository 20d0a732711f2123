// The committed state of a store: what readers see, and what the writer builds on.
//
// Readers and commits meet in `published`, the seq of the newest commit that readers may see. The
// writer puts a commit's records into the caches, marked with its seq, BEFORE it writes the batch,
// and publishes after. (Not those of files in directories that the commit makes: the way to them is
// marked, so nobody can have looked for them at an earlier commit.) So:
//
//   R1  A reader that took published = N and finds every record it needs in the caches, each marked
//       <= N, has seen exactly commit N: a record that a later commit wrote is marked > N first.
//   R2  A reader that took N and then a storage snapshot may mix both: the snapshot is of some
//       T >= N; what commits in (N, T] wrote is marked > N, so it is read from the snapshot; all
//       else is the same at N and T. It has seen exactly commit T.
//   R3  A value read from a snapshot enters a cache only if no commit after N has marked its key.
//
// A lookup first tries R1, without any lock but a shard's, and mostly without that one
// (core/record_cache.h), and falls back to R2.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/arena.h"
#include "core/leader_totals.h"
#include "core/list_cache.h"
#include "core/name_filter.h"
#include "core/pin_gaps.h"
#include "core/record_cache.h"
#include "core/totals_table.h"
#include "core/view.h"
#include "core/walk_cache.h"
#include "storage/storage.h"

namespace marcot::core {

class Txn;
struct HeldSnapshot;

class Committed {
 public:
  Committed(std::unique_ptr<storage::Storage> storage, size_t cache_bytes);

  // Reads the counters, checks the format (StoreFormatTooNew), replays the totals log. `create`:
  // an empty database becomes a store.
  absl::Status Open(bool create, uint64_t random_secret);

  // The same of a store that is only read: every commit answers StoreReadOnly.
  absl::Status OpenDamaged();

  const storage::Storage& storage() const { return *storage_; }
  std::unique_ptr<HeldSnapshot> TakeSnapshot() const;
  Seq published() const { return published_.load(std::memory_order_acquire); }
  uint64_t secret() const { return secret_; }             // of this store, random
  uint64_t next_id() const { return counters_.next_id; }  // the leader's
  uint64_t queued() const { return queued_.load(std::memory_order_relaxed); }
  Counters counters() const;  // of the newest commit
  RecordCache::Counts cache_counts() const;

  // Why no commit is possible any more; OK before a write failed. Only the leader calls it.
  const absl::Status& failure() const { return failure_; }
  // Ends all writing; what is in the caches may not be what is stored.
  void Fail(std::string_view why);
  // Writes the transaction as one batch. Only the pipeline's leader calls it. After an error every
  // later commit answers StoreReadOnly: what reached the disk is known only after reopening.
  absl::Status Commit(Txn& txn, bool sync);
  // For directories that no commit has shown yet: no reader looks for them, and no cache knows of
  // them, so their rows may come beside the commits. Thread-safe.
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() {
    return storage_->NewIngestion();
  }

 private:
  friend class ReadView;
  friend class Txn;

  RecordCache* CacheOf(storage::Family family) const;
  absl::Status CheckFormat(bool create, uint64_t random_secret);
  void FindSummaries();
  absl::Status ReplayLog();
  void WriteCaches(const Txn& txn);
  void WriteLists(const Txn& txn);
  void AddRecords(const Txn& txn, storage::Batch* batch);
  void AddFold(const Txn& txn, storage::Batch* batch);

  const std::unique_ptr<storage::Storage> storage_;
  const std::unique_ptr<storage::Batch> batch_;
  const std::unique_ptr<RecordCache> entries_, nodes_, pins_, spaces_;
  const std::unique_ptr<ListCache> lists_;
  mutable TotalsTable totals_;  // readers offer what they read
  // The leader's alone: walks, nodes and totals that it read or wrote lately, names of new
  // directories; what a commit changes of totals, its log row and the row's bytes are kept for
  // their memory.
  WalkCache walks_;
  LeaderTotals leader_totals_;
  absl::flat_hash_map<DirId, Node> decoded_nodes_;
  NameFilter names_;
  PinGaps pin_gaps_;
  Arena arena_;  // what the transaction has written
  std::vector<TotalsChange> totals_changes_;
  LogRow row_;
  std::string row_bytes_;
  std::atomic<Seq> published_{0};
  std::atomic<uint64_t> queued_{0};
  mutable std::mutex counters_mutex_;  // held by the leader to change them, by others to read them
  Counters counters_;
  uint64_t rows_since_fold_ = 0;
  Seq folded_ = 0;  // the commit of the last fold
  uint64_t secret_ = 0;
  bool has_summaries_ = false;  // the leader's: there may be some; else nobody has searched
  const absl::Status plain_failure_;
  absl::Status failure_;
};

// The counters as of a view's commit, from the records.
absl::StatusOr<Counters> StoredCounters(View& view);

// The totals that the log of one snapshot holds, read when the first of them is asked for and
// shared by all views of that snapshot. Thread-safe.
class LoggedTotals {
 public:
  // Null: the log does not hold the directory's.
  absl::StatusOr<const std::optional<Totals>*> Get(const storage::Storage& storage,
                                                   const storage::Snapshot* snapshot, DirId dir);

 private:
  absl::Status Load(const storage::Storage& storage, const storage::Snapshot* snapshot);
  std::once_flag once_;
  absl::Status status_;
  TotalsOfDirs totals_;
};

// A state of the store that is held on to.
struct HeldSnapshot {
  Seq published;  // read before the snapshot was taken
  std::unique_ptr<storage::Snapshot> snapshot;
  LoggedTotals logged;
};

// A reader's view. Not thread-safe; many may exist at a time.
class ReadView final : public View {
 public:
  // Caches alone (R1): where they do not answer, `missed` becomes true and the reader starts again
  // with the other kind.
  static ReadView OfCaches(const Committed& committed);
  // Caches and a snapshot (R2), taken now.
  static ReadView OfNow(const Committed& committed);
  // A snapshot taken earlier, which must outlive the view.
  static ReadView OfSnapshot(const Committed& committed, HeldSnapshot& held);

  bool missed() const { return missed_; }

  absl::StatusOr<bool> Get(storage::Family family, std::string_view key,
                           std::string* value) override;
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family,
                                             const storage::Range& range) override;
  absl::StatusOr<Totals> GetTotals(DirId dir) override;

 private:
  ReadView(const Committed& committed, Seq published) : committed_(committed), seq_(published) {}
  absl::Status Missed();
  absl::StatusOr<Totals> OfferedTotals(DirId dir);
  absl::StatusOr<Totals> TotalsFromRecord(DirId dir);
  absl::StatusOr<Totals> TotalsFromLog(DirId dir);

  const Committed& committed_;
  const Seq seq_;
  std::unique_ptr<HeldSnapshot> own_;
  HeldSnapshot* held_ = nullptr;
  const storage::Snapshot* snapshot_ = nullptr;
  bool missed_ = false;
};

// Runs a read against the caches, and again with a snapshot where they do not answer.
template <typename Read>
auto ReadNewest(const Committed& committed, const Read& read) {
  {
    ReadView view = ReadView::OfCaches(committed);
    auto result = read(view);
    if (!view.missed()) return result;
  }
  ReadView view = ReadView::OfNow(committed);
  return read(view);
}

}  // namespace marcot::core

// The writer's transaction: one group of operations on its way into one batch. Reads see the
// committed state with the group's own changes; an operation that fails is rolled back to its
// savepoint and leaves no trace. Used by the pipeline's leader alone.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/types/compare.h"
#include "base/status_macros.h"
#include "core/committed.h"
#include "core/tally.h"
#include "core/view.h"

namespace marcot::core {

// A record that a transaction writes. Its bytes stay where they are until the transaction ends.
struct RowChange {
  std::string_view key;
  std::optional<std::string_view> value;  // nothing: deleted
};

// As the storage does.
struct OrderByKey {
  using is_transparent = void;
  static std::string_view KeyOf(const RowChange* change) { return change->key; }
  static std::string_view KeyOf(std::string_view key) { return key; }
  template <typename A, typename B>
  absl::weak_ordering operator()(const A& a, const B& b) const {
    const int order = KeyOf(a).compare(KeyOf(b));
    if (order == 0) return absl::weak_ordering::equivalent;
    return order < 0 ? absl::weak_ordering::less : absl::weak_ordering::greater;
  }
};

class Txn final : public View {
 public:
  using Changes = absl::btree_set<RowChange*, OrderByKey>;

  // What the counters and the tally were, and how much of the undo log there was.
  struct Savepoint {
    Seq seq;
    Counters counters;
    Tally tally;
    size_t undo, totals_undo;
    bool empty;  // the transaction was
  };

  Txn(Committed& committed, int64_t now_ms);
  ~Txn() override;
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  // ---- operations of the group
  void BeginOperation() { seq_ += 2; }
  // The seqs of `count` operations, the first of which is answered, and so many ids are the
  // caller's, who uses them elsewhere.
  Seq ReserveOperations(uint64_t count) { return std::exchange(seq_, seq_ + 2 * count) + 2; }
  uint64_t ReserveIds(uint64_t count) {
    names().ForgetFrom(counters_.next_id);
    return std::exchange(counters_.next_id, counters_.next_id + count);
  }
  // A rollback to the transaction's beginning just empties it; what is needed for one to a later
  // point is recorded from there on.
  Savepoint Mark();
  // Nothing done so far will be rolled back.
  void Settle();
  void RollBack(const Savepoint& savepoint);
  bool empty() const;

  Seq seq() const { return seq_; }
  int64_t now_ms() const { return now_ms_; }
  const Counters& counters() const { return counters_; }
  Counters& counters() { return counters_; }
  const Tally& tally() const { return tally_; }
  Tally& tally() { return tally_; }
  uint64_t NewId() { return counters_.next_id++; }
  // Whether a node was made by this group, so that nobody outside can see it yet.
  bool IsNew(DirId dir) const { return dir >= committed_.next_id(); }

  // A copy-up that would make a chain of bases too long fails, and says here which node to flatten
  // before it is tried again.
  void AskForFlatten(DirId dir) { flatten_first_ = dir; }
  DirId TakeFlattenRequest() { return std::exchange(flatten_first_, 0); }

  // ---- reads
  absl::StatusOr<bool> Get(storage::Family family, std::string_view key,
                           std::string* value) override;
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family,
                                             const storage::Range& range) override;
  absl::StatusOr<bool> FindNode(DirId dir, Node* node) override;
  // In place, until the next write or read of a node; StoreDamaged if it does not exist.
  absl::StatusOr<const Node*> PeekNode(DirId dir);
  absl::StatusOr<Totals> GetTotals(DirId dir) override;
  // The same in place, until the next write.
  absl::StatusOr<const Totals*> PeekTotals(DirId dir);

  // Whether it had to ask the storage for a directory.
  bool read_nodes() const { return read_nodes_; }

  // False: there is none to let go of.
  bool has_summaries() const {
    return committed_.has_summaries_ || !changes(storage::Family::kSummaries).empty();
  }

  WalkCache& walks() { return committed_.walks_; }
  NameFilter& names() { return committed_.names_; }
  PinGaps& pin_gaps() { return committed_.pin_gaps_; }

  // ---- writes
  void Put(storage::Family family, std::string_view key, std::string_view value) {
    Set(family, Keep(key), Keep(value));
  }
  void PutEntry(DirId dir, std::string_view slot, const Entry& entry, Seq birth);
  // The same of a value whose bytes stay where they are until the transaction ends, as those of the
  // operations of its group do.
  void PutLent(storage::Family family, std::string_view key, std::string_view value) {
    Set(family, Keep(key), value);
  }
  void Delete(storage::Family family, std::string_view key) {
    Set(family, Keep(key), std::nullopt);
  }
  void PutTotals(DirId dir, const Totals& totals) { SetTotals(dir, totals); }
  void DeleteTotals(DirId dir) { SetTotals(dir, std::nullopt); }
  // The totals as the transaction will write them, to be changed in place at once.
  absl::StatusOr<Totals*> MutableTotals(DirId dir);
  // The same of directories one below the other, by turns: `change` is called with the number and
  // the totals of each.
  template <typename Change>
  absl::Status ChangeTotals(const DirPath& dirs, const Change& change);
  void Queue(const Job& job);
  void FinishJob(std::string_view key);

  const Changes& changes(storage::Family family) const {
    return changes_[static_cast<size_t>(family)];
  }
  LeaderTotals& totals() const { return committed_.leader_totals_; }

 private:
  struct Undo {
    storage::Family family;
    RowChange* change;
    bool existed;                           // in the overlay
    std::optional<std::string_view> value;  // what it was there
  };
  struct TotalsUndo {
    LeaderTotals::Cell* cell;
    LeaderTotals::Cell before;
  };

  std::string_view Keep(std::string_view bytes) { return committed_.arena_.Keep(bytes); }
  // Both are kept already.
  void Set(storage::Family family, std::string_view key, std::optional<std::string_view> value);
  absl::StatusOr<LeaderTotals::Cell*> CellOf(DirId dir);
  absl::StatusOr<LeaderTotals::Cell*> LoadCell(DirId dir);
  absl::StatusOr<LeaderTotals::Path> LoadPath(const DirPath& dirs);
  void BeginChange(DirId dir, LeaderTotals::Cell* cell) {
    if (recording_) totals_undo_.push_back({cell, *cell});
    totals().MarkChanged(dir, *cell);
  }
  void SetTotals(DirId dir, const std::optional<Totals>& totals);

  Committed& committed_;
  const int64_t now_ms_;
  Seq seq_;
  Counters counters_;
  Tally tally_;
  uint64_t job_number_ = 0;
  DirId flatten_first_ = 0;
  bool recording_ = false;  // the undo logs
  bool read_nodes_ = false;
  std::array<Changes, storage::kFamilyCount> changes_;
  std::vector<Undo> undo_;
  std::vector<TotalsUndo> totals_undo_;
};

template <typename Change>
absl::Status Txn::ChangeTotals(const DirPath& dirs, const Change& change) {
  const LeaderTotals::Path* path = &totals().FindPath(dirs);
  if (path->empty()) {
    MARCOT_ASSIGN_OR_RETURN(LeaderTotals::Path loaded, LoadPath(dirs));
    path = &totals().RememberPath(dirs, std::move(loaded));
  }
  const DirId* dir = dirs.data();
  for (LeaderTotals::Cell* const cell : *path) {
    BeginChange(*dir, cell);
    if (!cell->totals.has_value()) cell->totals.emplace();
    change(*dir++, &*cell->totals);
  }
  return absl::OkStatus();
}

}  // namespace marcot::core

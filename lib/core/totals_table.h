// Totals of directories in memory, exact at every commit, written behind.
//
// A commit changes the totals of every directory on its path; as records of their own they would
// make up most of its cost. So a commit logs them in one row (family totals_log, keyed by its seq),
// this table holds what the rows say, and every kLogRows commits one batch writes the changed
// totals to their own records and drops the rows: a fold. The keys rise, which is what a memtable
// likes best; overwriting a ring of keys instead was measured at 3 us more for each commit.
//
// A cell is dirty while its record is older than it. Clean cells are a cache with a budget.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/totals_log.h"

namespace marcot::core {

inline constexpr uint64_t kLogRows = 1024;

using TotalsChange = std::pair<DirId, std::optional<Totals>>;  // nothing: the node was purged

// Thread-safe.
class TotalsTable {
 public:
  explicit TotalsTable(size_t budget_bytes);

  enum class Answer {
    kKnown,   // the value is the one of commit `as_of`
    kStored,  // the record holds it
    kLogged,  // changed after `as_of`: only the log as of then tells
  };
  Answer Get(DirId dir, Seq as_of, Totals* totals) const;
  // A value read from its record, as of `as_of`. Ignored if it may have changed since.
  void Offer(DirId dir, const Totals& totals, Seq as_of);

  // The writer is about to commit these as of `seq`. Answers whether so many cells are dirty that a
  // fold is due; else `logged` is what the commit's row has to say.
  bool Write(const std::vector<TotalsChange>& changes, Seq seq, std::vector<LoggedChange>* logged);
  // What the log holds as of `seq`, when the store is opened.
  void Open(const TotalsOfDirs& logged, Seq seq);
  // Every dirty cell, for the fold that the writer is about to commit as of `seq`; they become
  // clean, and all are dropped where there are too many.
  std::vector<TotalsChange> Fold(Seq seq);

 private:
  struct Cell {
    std::optional<Totals> totals;
    Seq since = 0;
    bool dirty = false;
  };
  using Cells = absl::flat_hash_map<DirId, Cell>;
  // Half of a hash map's slots may be empty.
  static constexpr size_t kCellBytes = 2 * sizeof(Cells::value_type);

  static LoggedChange Logged(DirId dir, const Cell& before, const std::optional<Totals>& totals);
  void DropClean();

  const size_t max_clean_, max_dirty_;
  mutable std::mutex mutex_;
  Cells cells_;
  size_t clean_ = 0;
  Seq last_fold_ = 0;
};

}  // namespace marcot::core

#include "core/totals_table.h"

#include <algorithm>

namespace marcot::core {
namespace {

// Dirty cells that a table may have however small its budget is: a fold costs a commit.
constexpr size_t kMinDirty = 4096;

}  // namespace

TotalsTable::TotalsTable(size_t budget_bytes)
    : max_clean_(budget_bytes / kCellBytes / 2), max_dirty_(std::max(max_clean_, kMinDirty)) {}

TotalsTable::Answer TotalsTable::Get(DirId dir, Seq as_of, Totals* totals) const {
  const std::lock_guard lock(mutex_);
  const auto it = cells_.find(dir);
  if (it == cells_.end()) return last_fold_ <= as_of ? Answer::kStored : Answer::kLogged;
  if (it->second.since > as_of) return Answer::kLogged;
  *totals = it->second.totals.value_or(Totals{});
  return Answer::kKnown;
}

void TotalsTable::Offer(DirId dir, const Totals& totals, Seq as_of) {
  const std::lock_guard lock(mutex_);
  // A change after the last fold would stand in a dirty cell.
  if (last_fold_ > as_of) return;
  // Not while most cells are dirty, so that what is looked through is dropped.
  if (clean_ >= std::max(max_clean_, cells_.size() / 2)) DropClean();
  if (cells_.try_emplace(dir, Cell{totals, as_of, false}).second) ++clean_;
}

void TotalsTable::DropClean() {
  absl::erase_if(cells_, [](const auto& cell) { return !cell.second.dirty; });
  clean_ = 0;
}

bool TotalsTable::Write(const std::vector<TotalsChange>& changes, Seq seq,
                        std::vector<LoggedChange>* logged) {
  logged->clear();
  const std::lock_guard lock(mutex_);
  for (const auto& [dir, totals] : changes) {
    const auto [it, added] = cells_.try_emplace(dir);
    Cell& cell = it->second;
    if (!added && !cell.dirty) --clean_;
    logged->push_back(Logged(dir, cell, totals));
    cell = Cell{totals, seq, true};
  }
  return cells_.size() - clean_ > max_dirty_;
}

// A dirty cell is one that the log holds.
LoggedChange TotalsTable::Logged(DirId dir, const Cell& before,
                                 const std::optional<Totals>& totals) {
  if (!totals.has_value()) return {dir, Purged()};
  if (before.dirty && before.totals.has_value()) {
    if (const auto step = StepBetween(*before.totals, *totals)) return {dir, *step};
  }
  return {dir, *totals};
}

void TotalsTable::Open(const TotalsOfDirs& logged, Seq seq) {
  const std::lock_guard lock(mutex_);
  for (const auto& [dir, totals] : logged) cells_[dir] = Cell{totals, seq, true};
}

std::vector<TotalsChange> TotalsTable::Fold(Seq seq) {
  const std::lock_guard lock(mutex_);
  std::vector<TotalsChange> dirty;
  for (auto& [dir, cell] : cells_) {
    if (cell.dirty) dirty.emplace_back(dir, cell.totals);
    cell.dirty = false;
  }
  last_fold_ = seq;
  // Cells of purged nodes are never asked for again; those changed by this very commit stay, since
  // readers of the commit before must not take the record for theirs.
  const bool full = cells_.size() > max_clean_;
  absl::erase_if(cells_, [&](const auto& cell) {
    return (full || !cell.second.totals.has_value()) && cell.second.since < seq;
  });
  clean_ = cells_.size();
  return dirty;
}

}  // namespace marcot::core

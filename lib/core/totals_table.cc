#include "core/totals_table.h"

namespace marcot::core {
namespace {

constexpr size_t kMaxCleanCells = 1u << 18;  // some 30 MB

}  // namespace

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
  if (last_fold_ <= as_of) cells_.try_emplace(dir, Cell{totals, as_of, false});
}

void TotalsTable::Write(const std::vector<TotalsChange>& changes, Seq seq) {
  const std::lock_guard lock(mutex_);
  for (const auto& [dir, totals] : changes) cells_[dir] = Cell{totals, seq, true};
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
  const bool full = cells_.size() > kMaxCleanCells;
  absl::erase_if(cells_, [&](const auto& cell) {
    return (full || !cell.second.totals.has_value()) && cell.second.since < seq;
  });
  return dirty;
}

}  // namespace marcot::core

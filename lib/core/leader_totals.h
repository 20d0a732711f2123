// Totals of directories as the leader's transaction sees them. What it read or changed lately stays
// known from one transaction to the next, since nobody else changes totals: the next write below
// the same directories asks neither the shared table nor the storage. Used by the pipeline's leader
// alone.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/container/node_hash_map.h"
#include "core/keys.h"
#include "core/totals_table.h"

namespace marcot::core {

class LeaderTotals {
 public:
  struct Cell {
    std::optional<Totals> totals;  // nothing: the node was purged
    bool changed = false;          // by the transaction
  };

  // A transaction begins. Cells stay where they are until it ends.
  void Begin() {
    if (cells_.size() <= kMaxCells) return;
    cells_.clear();
    last_path_.clear();
  }

  // Null: not known.
  Cell* Find(DirId dir) {
    // Mostly it is a directory that is written to, or its root.
    if (!last_path_.empty() && dir == last_dirs_.back()) return last_path_.back();
    if (!last_path_.empty() && dir == last_dirs_.front()) return last_path_.front();
    const auto it = cells_.find(dir);
    return it == cells_.end() ? nullptr : &it->second;
  }
  Cell& Add(DirId dir, const std::optional<Totals>& totals) {
    return cells_.try_emplace(dir, Cell{totals}).first->second;
  }

  // The cells of directories one below the other, in that order; empty: not known. Those of the
  // path that was remembered last, since writes into one directory come in a row.
  using Path = absl::InlinedVector<Cell*, 12>;
  const Path& FindPath(const DirPath& dirs) {
    static const Path kUnknown;
    return dirs == last_dirs_ ? last_path_ : kUnknown;
  }
  const Path& RememberPath(const DirPath& dirs, Path path) {
    last_dirs_ = dirs;
    return last_path_ = std::move(path);
  }

  void MarkChanged(DirId dir, Cell& cell) {
    if (cell.changed) return;
    cell.changed = true;
    changed_.emplace_back(dir, &cell);
  }
  bool any_changed() const { return !changed_.empty(); }

  void CopyChanges(std::vector<TotalsChange>* out) const {
    out->clear();
    for (const auto& [dir, cell] : changed_) out->emplace_back(dir, cell->totals);
  }

  // What was changed is committed.
  void Settle() {
    for (const auto& [dir, cell] : changed_) cell->changed = false;
    changed_.clear();
  }
  // Nothing of it is: what was before is not known here.
  void Forget() {
    while (any_changed()) ForgetLast();
  }
  // The same of the cell that was marked last.
  void ForgetLast() {
    cells_.erase(changed_.back().first);
    last_path_.clear();
    changed_.pop_back();
  }

 private:
  static constexpr size_t kMaxCells = 1u << 14;
  absl::node_hash_map<DirId, Cell> cells_;
  DirPath last_dirs_;
  Path last_path_;
  std::vector<std::pair<DirId, Cell*>> changed_;
};

}  // namespace marcot::core

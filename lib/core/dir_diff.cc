#include "core/dir_diff.h"

#include <vector>

#include "base/status_macros.h"

namespace marcot::core {
namespace {

// Where the first level of `a` that `b` has as well stands in both; their sizes: nowhere. Below it
// both chains go on alike.
struct Shared {
  size_t a, b;
};
absl::StatusOr<Shared> FindShared(View& view, const std::vector<Level>& a,
                                  const std::vector<Level>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) {
      MARCOT_ASSIGN_OR_RETURN(const bool same, SameBelow(view, a[i].place, b[j].place));
      if (same) return Shared{i, j};
    }
  }
  return Shared{a.size(), b.size()};
}

bool IsAt(const DirCursor& cursor, const std::string& slot) {
  return cursor.Valid() && cursor.slot() == slot;
}

// A diff has no pages that a hole could end.
absl::Status StepPastHoles(DirCursor& cursor) {
  while (cursor.Valid() && cursor.hole()) MARCOT_RETURN_IF_ERROR(cursor.Next());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> SameBelow(View& view, const Place& a, const Place& b) {
  if (a.dir != b.dir) return false;
  if (a.seq == b.seq) return true;
  MARCOT_ASSIGN_OR_RETURN(const Totals totals_a, TotalsAt(view, a.dir, a.seq));
  MARCOT_ASSIGN_OR_RETURN(const Totals totals_b, TotalsAt(view, b.dir, b.seq));
  return totals_a.changed == totals_b.changed;
}

absl::StatusOr<DirDiff> DirDiff::Open(View& view, const Place& before, const Place& after) {
  MARCOT_ASSIGN_OR_RETURN(const std::vector<Level> a, LevelsOf(view, before));
  MARCOT_ASSIGN_OR_RETURN(const std::vector<Level> b, LevelsOf(view, after));
  MARCOT_ASSIGN_OR_RETURN(const Shared shared, FindShared(view, a, b));
  DirDiff diff(view);
  diff.sides_[0] = Cut(view, a, shared.a);
  diff.sides_[1] = Cut(view, b, shared.b);
  return diff;
}

DirDiff::Side DirDiff::Cut(View& view, std::span<const Level> levels, size_t own) {
  Side side;
  side.own = DirCursor::OfLevels(view, levels.first(own));
  if (own < levels.size()) side.shared = levels[own].place;
  return side;
}

absl::Status DirDiff::Seek(std::string_view slot) {
  for (Side& side : sides_) {
    MARCOT_RETURN_IF_ERROR(side.own->Seek(slot));
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  return Settle();
}

absl::Status DirDiff::Next() {
  for (Side& side : sides_) {
    if (!IsAt(*side.own, slot_)) continue;
    MARCOT_RETURN_IF_ERROR(side.own->Next());
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  return Settle();
}

absl::Status DirDiff::Settle() {
  const DirCursor* first = nullptr;
  for (const Side& side : sides_) {
    if (!side.own->Valid()) continue;
    if (first == nullptr || side.own->slot() < first->slot()) first = side.own.get();
  }
  valid_ = first != nullptr;
  if (!valid_) return absl::OkStatus();
  slot_ = first->slot();
  for (Side& side : sides_) MARCOT_RETURN_IF_ERROR(Read(side));
  return absl::OkStatus();
}

absl::Status DirDiff::Read(Side& side) {
  side.from = Side::From::kNowhere;
  if (IsAt(*side.own, slot_)) {
    if (side.own->entry().kind != EntryKind::kWhiteout) side.from = Side::From::kOwn;
    return absl::OkStatus();
  }
  if (side.shared.dir == 0) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const bool found, Lookup(view_, side.shared, slot_, &side.from_shared));
  if (found) side.from = Side::From::kShared;
  return absl::OkStatus();
}

}  // namespace marcot::core

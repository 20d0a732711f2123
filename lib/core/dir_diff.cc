#include "core/dir_diff.h"

#include <algorithm>

#include "base/status_macros.h"

namespace marcot::core {
namespace {

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

absl::StatusOr<std::unique_ptr<DirDiff>> DirDiff::Open(View& view, const Place& before,
                                                       const Place& after) {
  std::unique_ptr<DirDiff> diff(new DirDiff(view));
  MARCOT_ASSIGN_OR_RETURN(diff->sides_[0].levels, LevelsOf(view, before));
  MARCOT_ASSIGN_OR_RETURN(diff->sides_[1].levels, LevelsOf(view, after));
  MARCOT_RETURN_IF_ERROR(diff->FindShared());
  return diff;
}

// Cuts the levels of both sides at the first node that both have.
absl::Status DirDiff::FindShared() {
  auto& [a, b] = sides_;
  for (size_t i = 0; i < a.levels.size(); ++i) {
    const DirId dir = a.levels[i].place.dir;
    const auto same = [dir](const Level& level) { return level.place.dir == dir; };
    const auto at = std::find_if(b.levels.begin(), b.levels.end(), same);
    if (at == b.levels.end()) continue;
    a.shared = a.levels[i].place;
    b.shared = at->place;
    a.levels.resize(i);
    b.levels.erase(at, b.levels.end());
    MARCOT_ASSIGN_OR_RETURN(const bool unchanged, SameBelow(view_, a.shared, b.shared));
    if (unchanged) return absl::OkStatus();
    const auto [after, until] = std::minmax(a.shared.seq, b.shared.seq);
    changes_ = std::make_unique<SlotChanges>(view_, dir, after, until);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status DirDiff::Seek(std::string_view slot) {
  for (Side& side : sides_) {
    side.own = DirCursor::OfLevels(view_, side.levels);
    MARCOT_RETURN_IF_ERROR(side.own->Seek(slot));
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  if (changes_ != nullptr) MARCOT_RETURN_IF_ERROR(changes_->Seek(slot));
  return Settle();
}

absl::Status DirDiff::Next() {
  for (Side& side : sides_) {
    if (!IsAt(*side.own, slot_)) continue;
    MARCOT_RETURN_IF_ERROR(side.own->Next());
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  if (changes_ != nullptr && changes_->Valid() && changes_->slot() == slot_) {
    MARCOT_RETURN_IF_ERROR(changes_->Next());
  }
  return Settle();
}

void DirDiff::Rest() {
  for (Side& side : sides_) {
    side.from = Side::From::kNowhere;
    side.own.reset();
  }
  valid_ = false;
}

absl::Status DirDiff::Settle() {
  const std::string* first = nullptr;
  const auto consider = [&first](const std::string& slot) {
    if (first == nullptr || slot < *first) first = &slot;
  };
  for (const Side& side : sides_) {
    if (side.own->Valid()) consider(side.own->slot());
  }
  if (changes_ != nullptr && changes_->Valid()) consider(changes_->slot());
  valid_ = first != nullptr;
  if (!valid_) return absl::OkStatus();
  slot_ = *first;
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

#include "core/dir_diff.h"

#include <algorithm>
#include <optional>

#include "base/status_macros.h"
#include "core/slot_changes.h"

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
                                                       const Place& after, size_t max_bytes) {
  std::unique_ptr<DirDiff> diff(new DirDiff(view));
  MARCOT_ASSIGN_OR_RETURN(diff->sides_[0].levels, LevelsOf(view, before));
  MARCOT_ASSIGN_OR_RETURN(diff->sides_[1].levels, LevelsOf(view, after));
  MARCOT_RETURN_IF_ERROR(diff->FindShared(max_bytes));
  return diff;
}

absl::Status DirDiff::FindShared(size_t max_bytes) {
  const std::vector<Level>&a = sides_[0].levels, &b = sides_[1].levels;
  for (size_t i = 0; i < a.size(); ++i) {
    const Place& place = a[i].place;
    const auto same = [&place](const Level& level) { return level.place.dir == place.dir; };
    const size_t j = std::find_if(b.begin(), b.end(), same) - b.begin();
    if (j == b.size()) continue;
    MARCOT_ASSIGN_OR_RETURN(const bool unchanged, SameBelow(view_, place, b[j].place));
    if (!unchanged) {
      const auto [after, until] = std::minmax(place.seq, b[j].place.seq);
      MARCOT_ASSIGN_OR_RETURN(auto slots, ChangedSlots(view_, place.dir, after, until, max_bytes));
      if (!slots.has_value()) {
        ShareFrom(i + 1, j + 1);
        return absl::OkStatus();
      }
      changes_ = *std::move(slots);
    }
    ShareFrom(i, j);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

// From these levels on both sides see the same, but for `changes_` in the first.
void DirDiff::ShareFrom(size_t a, size_t b) {
  const std::array<size_t, 2> first{a, b};
  for (size_t i = 0; i < sides_.size(); ++i) {
    std::vector<Level>& levels = sides_[i].levels;
    if (first[i] < levels.size()) sides_[i].shared = levels[first[i]].place;
    levels.resize(std::min(first[i], levels.size()));
  }
}

absl::Status DirDiff::Seek(std::string_view slot) {
  for (Side& side : sides_) {
    side.own = DirCursor::OfLevels(view_, side.levels);
    MARCOT_RETURN_IF_ERROR(side.own->Seek(slot));
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  next_change_ = std::lower_bound(changes_.begin(), changes_.end(), slot) - changes_.begin();
  return Settle();
}

absl::Status DirDiff::Next() {
  for (Side& side : sides_) {
    if (!IsAt(*side.own, slot_)) continue;
    MARCOT_RETURN_IF_ERROR(side.own->Next());
    MARCOT_RETURN_IF_ERROR(StepPastHoles(*side.own));
  }
  if (NextChange() != nullptr && *NextChange() == slot_) ++next_change_;
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
  std::optional<std::string_view> first;
  const auto consider = [&first](std::string_view slot) {
    if (!first.has_value() || slot < *first) first = slot;
  };
  for (const Side& side : sides_) {
    if (side.own->Valid()) consider(side.own->slot());
  }
  if (NextChange() != nullptr) consider(*NextChange());
  valid_ = first.has_value();
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

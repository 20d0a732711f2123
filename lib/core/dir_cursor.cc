#include "core/dir_cursor.h"

#include "base/status_macros.h"

namespace marcot::core {

using storage::Family;

// One stream of records of one level, head or history: those visible at the level's place.
class DirCursor::Source {
 public:
  Source(View& view, Family family, const Place& place, std::string_view lower,
         std::string_view upper, bool descending, const SlotFilter* filter, bool listed)
      : history_(family == Family::kHistory),
        place_(place),
        descending_(descending),
        filter_(filter),
        lower_(EntryKey(place.dir, lower)),
        upper_(EntryKey(place.dir, upper)),
        cursor_(view.NewCursor(family, {.lower = lower_, .upper = upper_, .listed = listed})) {}

  bool valid() const { return valid_; }
  bool hole() const { return hole_; }
  std::string_view slot() const { return slot_; }
  const Entry& entry() const { return entry_; }

  absl::Status Seek(std::string_view slot) {
    const std::string key = EntryKey(place_.dir, slot);
    stands_on_shown_ = false;
    if (!descending_) {
      cursor_->Seek(key);
    } else if (history_) {
      cursor_->SeekForPrev(HistoryKey(place_.dir, slot, 0));  // ~0 sorts last in the group
    } else {
      cursor_->SeekForPrev(key);
    }
    return Load();
  }

  // The next record or hole.
  absl::Status Load() { return history_ ? LoadHistory() : LoadHead(); }

 private:
  void Move() { descending_ ? cursor_->Prev() : cursor_->Next(); }
  bool IsWanted() const { return filter_ == nullptr || (*filter_)(slot_); }

  absl::Status Show(bool hole) {
    valid_ = true;
    hole_ = hole;
    SeeFrom(place_, &entry_);
    return absl::OkStatus();
  }

  // The cursor stays on what is shown, whose slot is not copied.
  absl::Status LoadHead() {
    if (stands_on_shown_) Move();
    stands_on_shown_ = true;
    for (int steps = 0; cursor_->Valid(); ++steps) {
      slot_ = SlotOfEntryKey(cursor_->key());
      if (IsWanted()) {
        MARCOT_RETURN_IF_ERROR(DecodeEntry(cursor_->value(), &entry_));
        if (entry_.birth <= place_.seq) return Show(false);
      }
      if (steps == kHoleSteps) return Show(true);
      Move();
    }
    return End();
  }

  // One group, all records of one slot, a step.
  absl::Status LoadHistory() {
    for (int steps = 0; cursor_->Valid(); ++steps) {
      group_ = SlotOfHistoryKey(cursor_->key());
      slot_ = group_;
      bool visible = false;
      if (IsWanted()) {
        MARCOT_ASSIGN_OR_RETURN(visible, FindInGroup());
      }
      LeaveGroup();
      if (visible) return Show(false);
      if (steps == kHoleSteps) return Show(true);
    }
    return End();
  }

  bool InGroup() const { return cursor_->Valid() && SlotOfHistoryKey(cursor_->key()) == slot_; }

  // The newest record born at or before the place's seq is the one that can be visible. The cursor
  // enters a group at its newest record, going down at its oldest.
  absl::StatusOr<bool> FindInGroup() {
    const Seq birth = BirthOfHistoryKey(cursor_->key());
    if (birth > place_.seq) {
      if (descending_) return false;
      cursor_->Seek(HistoryKey(place_.dir, slot_, place_.seq));
    }
    if (!InGroup()) return false;
    MARCOT_ASSIGN_OR_RETURN(HistoryRecord record, DecodeHistory(cursor_->value()));
    if (descending_ && record.death <= place_.seq) {
      cursor_->Seek(HistoryKey(place_.dir, slot_, place_.seq));
      if (!InGroup()) return false;
      MARCOT_ASSIGN_OR_RETURN(record, DecodeHistory(cursor_->value()));
    }
    if (record.death <= place_.seq) return false;
    MARCOT_RETURN_IF_ERROR(DecodeEntry(record.entry, &entry_));
    return true;
  }

  // Most groups are one record: try a step before a seek.
  void LeaveGroup() {
    if (InGroup()) Move();
    if (!InGroup()) return;
    std::string edge = EntryKey(place_.dir, group_);
    edge += descending_ ? '\0' : '\1';
    descending_ ? cursor_->SeekForPrev(edge) : cursor_->Seek(edge);
  }

  absl::Status End() {
    valid_ = false;
    return cursor_->status();
  }

  const bool history_;
  const Place place_;
  const bool descending_;
  const SlotFilter* const filter_;
  const std::string lower_, upper_;
  const std::unique_ptr<storage::Cursor> cursor_;
  bool valid_ = false, hole_ = false;
  bool stands_on_shown_ = false;
  std::string_view slot_;  // in the cursor's key, or in group_
  std::string group_;
  Entry entry_;
};

absl::StatusOr<std::vector<Level>> LevelsOf(View& view, const Place& place) {
  std::vector<Level> levels;
  for (Place at = place; at.dir != 0;) {
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(view, at.dir));
    levels.push_back({at, !at.live() && node.newest_pin >= at.seq});
    MARCOT_ASSIGN_OR_RETURN(at, BasePlace(node, at));
  }
  return levels;
}

DirCursor::DirCursor(std::string_view lower, std::string_view upper, bool descending,
                     const SlotFilter* filter)
    : lower_(lower), upper_(upper), descending_(descending), filter_(filter) {}
DirCursor::~DirCursor() = default;

absl::StatusOr<std::unique_ptr<DirCursor>> DirCursor::Open(View& view, const Place& place,
                                                           std::string_view lower,
                                                           std::string_view upper, bool descending,
                                                           const SlotFilter* filter, bool listed) {
  auto cursor = std::unique_ptr<DirCursor>(new DirCursor(lower, upper, descending, filter));
  cursor->listed_ = listed;
  MARCOT_ASSIGN_OR_RETURN(const std::vector<Level> levels, LevelsOf(view, place));
  for (const Level& level : levels) cursor->AddLevel(view, level);
  return cursor;
}

std::unique_ptr<DirCursor> DirCursor::OfLevels(View& view, std::span<const Level> levels) {
  auto cursor = std::unique_ptr<DirCursor>(
      new DirCursor(SlotsBegin(kAttributesSlot), SlotsEnd(kFileSlot), false, nullptr));
  cursor->shows_whiteouts_ = true;
  for (const Level& level : levels) cursor->AddLevel(view, level);
  return cursor;
}

void DirCursor::AddLevel(View& view, const Level& level) {
  const auto add = [&](Family family) {
    sources_.push_back(std::make_unique<Source>(view, family, level.place, lower_, upper_,
                                                descending_, filter_, listed_));
  };
  add(Family::kEntries);
  if (level.history) add(Family::kHistory);
}

absl::Status DirCursor::SeekToFirst() { return Seek(descending_ ? upper_ : lower_); }

absl::Status DirCursor::Seek(std::string_view slot) {
  for (const auto& source : sources_) MARCOT_RETURN_IF_ERROR(source->Seek(slot));
  return Settle();
}

std::string_view DirCursor::slot() const { return current_->slot(); }
const Entry& DirCursor::entry() const { return current_->entry(); }

absl::Status DirCursor::Next() {
  MARCOT_RETURN_IF_ERROR(StepPastCurrent());
  return Settle();
}

DirCursor::Source* DirCursor::Nearest() {
  if (sources_.size() == 1) return sources_[0]->valid() ? sources_[0].get() : nullptr;
  Source* nearest = nullptr;
  for (const auto& source : sources_) {
    if (!source->valid()) continue;
    // On a tie the earlier source stays: its level is on top. A hole says nothing of its slot.
    if (nearest == nullptr || Before(source->slot(), nearest->slot()) ||
        (nearest->hole() && source->slot() == nearest->slot())) {
      nearest = source.get();
    }
  }
  return nearest;
}

// A source's hole says nothing of the others.
absl::Status DirCursor::StepPastCurrent() {
  if (current_ == nullptr) return absl::OkStatus();
  if (sources_.size() == 1) return current_->Load();
  for (const auto& source : sources_) {
    const bool below = source.get() != current_ && !current_->hole() && source->valid();
    if (below && source->slot() == current_->slot()) MARCOT_RETURN_IF_ERROR(source->Load());
  }
  return current_->Load();
}

// Whiteouts of a directory with one level hide nothing: a flatten has not swept them yet. They are
// shown as holes.
absl::Status DirCursor::Settle() {
  const int patience = sources_.size() == 1 ? 0 : kHoleSteps;
  for (int hidden = 0;; ++hidden) {
    current_ = Nearest();
    if (current_ == nullptr) return absl::OkStatus();
    const bool whiteout =
        !shows_whiteouts_ && !current_->hole() && entry().kind == EntryKind::kWhiteout;
    hole_ = current_->hole() || (whiteout && hidden == patience);
    if (hole_ || !whiteout) return absl::OkStatus();
    MARCOT_RETURN_IF_ERROR(StepPastCurrent());
  }
}

// No name has a control character.
std::string BehindSlot(std::string_view slot) { return std::string(slot) += '\1'; }

std::string SlotsBegin(char kind) { return std::string(1, kind); }
std::string SlotsEnd(char kind) { return std::string(1, static_cast<char>(kind + 1)); }

}  // namespace marcot::core

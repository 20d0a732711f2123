#include "operations/search_walk.h"

#include <algorithm>

#include "base/coding.h"
#include "base/status_macros.h"

namespace marcot::operations {
namespace {

using core::BehindSlot;
using core::DirCursor;
using core::Entry;
using core::Place;
using storage::Family;

constexpr size_t kPageEntries = 256;
// What the look-up of totals or of a summary counts as, beside a record that a cursor passes.
constexpr int64_t kLookUp = 4;

}  // namespace

absl::Status SearchWalk::Begin(const Place& top) { return Enter(top); }

absl::Status SearchWalk::BeginAt(const Place& top, std::string_view position) {
  // What it costs to get there does not count: a walk that begins deep down gets on as well.
  const int64_t records = records_left_;
  const absl::Status begun = GoTo(top, position);
  records_left_ = records;
  return begun;
}

absl::Status SearchWalk::GoTo(const Place& top, std::string_view position) {
  Decoder in(position);
  MARCOT_RETURN_IF_ERROR(Enter(top));
  for (uint64_t left = in.Varint(); left > 0 && !levels_.empty(); --left) {
    Level& level = levels_.back();
    const std::string slot(in.String());
    Entry child;
    MARCOT_ASSIGN_OR_RETURN(const bool found, core::Lookup(view_, level.place, slot, &child));
    level.at = BehindSlot(slot);
    if (!found) return absl::OkStatus();  // it is gone, and all below with it
    const size_t depth = levels_.size();
    slots_.push_back(slot);
    MARCOT_RETURN_IF_ERROR(Enter(core::PlaceOf(child)));
    if (levels_.size() == depth) return absl::OkStatus();  // nothing is below any more
  }
  if (levels_.empty()) return absl::OkStatus();
  const std::string_view at = in.String();
  if (at > levels_.back().at) levels_.back().at = at;
  return absl::OkStatus();
}

std::string SearchWalk::Position() const {
  std::string position;
  const size_t depth = slots_.size() - (shown_ && !entering_ ? 1 : 0);
  PutVarint(&position, depth);
  for (size_t i = 0; i < depth; ++i) PutString(&position, slots_[i]);
  PutString(&position, entering_ || levels_.empty() ? "" : levels_.back().position());
  return position;
}

void SearchWalk::Leave() {
  levels_.pop_back();
  if (!slots_.empty()) slots_.pop_back();
}

// Leaves the path as it was before where there is nothing to look for.
absl::Status SearchWalk::Enter(const Place& place) {
  records_left_ -= kLookUp;
  Level level;
  level.place = place;
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
  level.changed = totals.changed;
  Sought::Where where = sought_.WhereIn(totals);
  if (where != Sought::Where::kNowhere &&
      totals.files + totals.directories >= core::kWorthSummary) {
    records_left_ -= kLookUp;
    MARCOT_ASSIGN_OR_RETURN(const bool known,
                            core::FindSummary(view_, place.dir, totals.changed, &summary_));
    if (known) where = std::min(where, sought_.WhereIn(summary_, place));
    level.runs = known && summary_.runs() > 0;
    lacks_summaries_ |= !known;
  }
  if (where == Sought::Where::kNowhere) {
    if (!slots_.empty()) slots_.pop_back();
    return absl::OkStatus();
  }
  level.at = core::SlotsBegin(core::kDirectorySlot);
  level.end =
      core::SlotsEnd(where == Sought::Where::kAnywhere ? core::kFileSlot : core::kDirectorySlot);
  levels_.push_back(std::move(level));
  return absl::OkStatus();
}

absl::StatusOr<bool> SearchWalk::Next() {
  if (entering_) {
    entering_ = shown_ = false;
    MARCOT_RETURN_IF_ERROR(Enter(core::PlaceOf(entry_)));
  } else if (shown_) {
    slots_.pop_back();
    shown_ = false;
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next < level.page.size()) {
      auto& [slot, entry] = level.page[level.next++];
      level.behind = BehindSlot(slot);
      slots_.push_back(std::move(slot));
      entry_ = std::move(entry);
      shown_ = true;
      entering_ = entry_.is_directory();
      return true;
    }
    if (records_left_ <= 0) return false;
    if (level.exhausted()) {
      Leave();
    } else {
      MARCOT_RETURN_IF_ERROR(ReadPage(&level));
    }
  }
  return false;
}

absl::Status SearchWalk::ReadPage(Level* level) {
  level->page.clear();
  level->next = 0;
  if (level->runs && level->run_end.empty()) {
    MARCOT_RETURN_IF_ERROR(FindRun(level));
    if (level->run_end.empty()) return absl::OkStatus();
  }
  const std::string end = level->runs ? std::min(level->run_end, level->end) : level->end;
  MARCOT_ASSIGN_OR_RETURN(const auto cursor,
                          DirCursor::Open(view_, level->place, level->at, end, false, &filter_));
  MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
  while (cursor->Valid() && level->page.size() < kPageEntries && records_left_ > 0) {
    records_left_ -= cursor->hole() ? core::kHoleSteps : 1;
    level->at = BehindSlot(cursor->slot());
    if (!cursor->hole()) level->page.emplace_back(cursor->slot(), cursor->entry());
    MARCOT_RETURN_IF_ERROR(cursor->Next());
  }
  if (cursor->Valid()) return absl::OkStatus();
  level->at = end;
  level->run_end.clear();
  return absl::OkStatus();
}

// The next run, from where the level is read, that may hold what is looked for.
absl::Status SearchWalk::FindRun(Level* level) {
  const std::string first =
      core::RunKey(level->place.dir, level->changed, core::SlotsBegin(core::kDirectorySlot));
  const std::string end = core::SummaryKey(level->place.dir, level->changed + 1);
  const auto rows = view_.NewCursor(Family::kSummaries, {.lower = first, .upper = end});
  rows->SeekForPrev(core::RunKey(level->place.dir, level->changed, level->at));
  if (!rows->Valid()) rows->Seek(first);
  while (rows->Valid() && !level->exhausted() && records_left_ > 0) {
    records_left_ -= kLookUp;
    MARCOT_RETURN_IF_ERROR(core::Summary::Decode(rows->value(), &summary_).status());
    const bool may_hold = sought_.WhereIn(summary_, level->place) != Sought::Where::kNowhere;
    rows->Next();
    std::string next = rows->Valid() ? std::string(core::SlotOfRunKey(rows->key())) : level->end;
    if (may_hold) {
      level->run_end = std::move(next);
      return rows->status();
    }
    level->at = std::move(next);
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (!rows->Valid()) level->at = level->end;
  return absl::OkStatus();
}

}  // namespace marcot::operations

#include "operations/changes.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/page.h"

namespace marcot::operations {
namespace {

using core::DirId;
using core::Seq;
using storage::Family;

// The last change that was read. Its text is `seq.number`.
struct Position {
  Seq seq = 0;
  uint64_t number = 0;
};

std::string CursorAt(const Position& at) { return absl::StrCat(at.seq, ".", at.number); }

absl::StatusOr<Position> PositionOf(std::string_view cursor) {
  Position at;
  const char* const end = cursor.data() + cursor.size();
  const auto seq = std::from_chars(cursor.data(), end, at.seq);
  if (seq.ec == std::errc() && seq.ptr != end && *seq.ptr == '.') {
    const auto number = std::from_chars(seq.ptr + 1, end, at.number);
    if (number.ec == std::errc() && number.ptr == end) return at;
  }
  return MakeError(Code::kMarkerNotFound,
                   "the cursor was not given by this space; begin with an empty one");
}

}  // namespace

std::string CursorBehind(Seq seq) { return CursorAt({seq, ~uint64_t{0}}); }

absl::StatusOr<Seq> ChangesSince(core::View& view, DirId root) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kChanges, core::ChangeKey(root, 0, 0), &value));
  return found ? Decoder(value).Varint() : Seq{0};
}

absl::StatusOr<ChangePage> ChangesAfter(core::View& view, DirId root, Seq newest,
                                        std::string_view cursor, size_t limit) {
  MARCOT_RETURN_IF_ERROR(CheckLimit(limit));
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(root));
  if (!totals.logged) {
    return MakeError(Code::kChangeFeedNotEnabled,
                     "the space keeps no changes; set change_feed_days first");
  }
  MARCOT_ASSIGN_OR_RETURN(const Seq since, ChangesSince(view, root));
  newest = std::max(newest, since);  // turned on behind the newest that is published
  Position at{since, ~uint64_t{0}};
  if (!cursor.empty()) {
    MARCOT_ASSIGN_OR_RETURN(at, PositionOf(cursor));
  }
  if (at.seq > newest) {
    return MakeError(Code::kMarkerNotFound, "the cursor is of no commit of this store");
  }
  if (at.seq < since) {
    return MakeError(Code::kChangesExpired,
                     "changes behind this cursor are no longer kept; list the space anew");
  }
  ChangePage page;
  const std::string last = core::ChangeKey(root, at.seq, at.number), end = core::IdKey(root + 1);
  const auto rows = view.NewCursor(Family::kChanges, {last, end});
  rows->Seek(last);
  if (rows->Valid() && rows->key() == last) rows->Next();
  for (; rows->Valid() && page.changes.size() < limit; rows->Next()) {
    const Seq seq = core::SeqOfChangeKey(rows->key());
    if (seq > newest) break;
    MARCOT_ASSIGN_OR_RETURN(Change change, core::DecodeChange(rows->value()));
    change.seq = seq;
    at = {seq, LoadFixed64(rows->key().data() + 16)};
    page.changes.push_back(std::move(change));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  page.cursor = CursorAt(at);
  return page;
}

}  // namespace marcot::operations

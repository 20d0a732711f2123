#include "core/lookup.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/thread_kept.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

using storage::Family;

// The record of the slot that a reader at `seq` sees in the history of this node.
absl::StatusOr<bool> LookupHistory(View& view, DirId dir, Seq seq, std::string_view slot,
                                   Entry* entry) {
  std::string first = HistoryGroup(dir, slot);
  std::string end = first;
  PutFixed64(&first, ~seq);
  PutFixed64(&end, ~uint64_t{0});
  const auto cursor =
      view.NewCursor(Family::kHistory, {.lower = first, .upper = end, .one_group = true});
  cursor->Seek(first);
  MARCOT_RETURN_IF_ERROR(cursor->status());
  if (!cursor->Valid()) return false;
  MARCOT_ASSIGN_OR_RETURN(const HistoryRecord record, DecodeHistory(cursor->value()));
  if (record.death <= seq) return false;
  MARCOT_RETURN_IF_ERROR(DecodeEntry(record.entry, entry));
  return true;
}

absl::Status ReadNode(View& view, DirId dir, Node* node) {
  MARCOT_ASSIGN_OR_RETURN(const bool found, view.FindNode(dir, node));
  if (found) return absl::OkStatus();
  return MakeError(Code::kStoreDamaged,
                   absl::StrCat("directory node ", dir, " is missing; restore from a backup"));
}

// A lookup for each name of each path would allocate them anew.
struct LookupStrings {
  std::string key, value;
};
struct NodeString {
  std::string value;
};

// The node's own record of the slot at `seq`, a whiteout too. Leaves `node` read where the head
// entry did not answer.
absl::StatusOr<bool> LookupOwn(View& view, const Place& place, std::string_view slot, Entry* entry,
                               Node* node) {
  auto& [key, value] = KeptByThread<LookupStrings>();
  key.clear();
  AppendEntryKey(place.dir, slot, &key);
  MARCOT_ASSIGN_OR_RETURN(const bool found, view.Get(Family::kEntries, key, &value));
  if (found) {
    MARCOT_RETURN_IF_ERROR(DecodeEntry(value, entry));
    if (entry->birth <= place.seq) return true;
  }
  MARCOT_RETURN_IF_ERROR(ReadNode(view, place.dir, node));
  // Without a pin at or after seq nothing that was seen then has been replaced.
  if (place.live() || node->newest_pin < place.seq) return false;
  return LookupHistory(view, place.dir, place.seq, slot, entry);
}

}  // namespace

Place PlaceOf(const Entry& entry) {
  if (entry.kind == EntryKind::kReference) return {entry.dir, entry.seq, entry.context};
  return {entry.dir, kLive, {}};
}

Place PlaceOf(const Base& base, const ObjectId& context) {
  return {base.dir, base.seq, base.context ^ context};
}

absl::StatusOr<Place> BasePlace(const Node& node, const Place& at) {
  if (node.base.dir == 0 || node.base.seq < at.seq) return PlaceOf(node.base, at.context);
  return MakeError(Code::kStoreDamaged,
                   absl::StrCat("directory node ", at.dir,
                                " has a base that is younger than it; restore from a backup"));
}

void SeeFrom(const Place& place, Entry* record) {
  if (place.live() || record->kind == EntryKind::kWhiteout ||
      record->kind == EntryKind::kAttributes) {
    return;
  }
  record->id = record->id ^ place.context;
  record->versions = record->version_bytes = 0;
  if (record->kind == EntryKind::kDirectory) {
    record->kind = EntryKind::kReference;
    record->seq = place.seq;
    record->context = place.context;
  } else if (record->kind == EntryKind::kReference) {
    record->context = record->context ^ place.context;
  }
}

absl::StatusOr<bool> View::FindNode(DirId dir, Node* node) {
  std::string& value = KeptByThread<NodeString>().value;
  MARCOT_ASSIGN_OR_RETURN(const bool found, Get(Family::kNodes, IdKey(dir), &value));
  if (!found) return false;
  MARCOT_RETURN_IF_ERROR(DecodeNode(value, node));
  return true;
}

absl::StatusOr<Node> GetNode(View& view, DirId dir) {
  Node node;
  MARCOT_RETURN_IF_ERROR(ReadNode(view, dir, &node));
  return node;
}

absl::StatusOr<bool> Lookup(View& view, const Place& place, std::string_view slot, Entry* entry) {
  Place at = place;
  while (true) {
    Node node;
    MARCOT_ASSIGN_OR_RETURN(const bool own, LookupOwn(view, at, slot, entry, &node));
    if (own) {
      if (entry->kind == EntryKind::kWhiteout) return false;
      SeeFrom(at, entry);
      return true;
    }
    if (node.base.dir == 0) return false;
    MARCOT_ASSIGN_OR_RETURN(at, BasePlace(node, at));
  }
}

absl::StatusOr<bool> LookupName(View& view, const Place& place, std::string_view name, char first,
                                Entry* entry) {
  const char second = first == kFileSlot ? kDirectorySlot : kFileSlot;
  MARCOT_ASSIGN_OR_RETURN(const bool found, Lookup(view, place, Slot(first, name), entry));
  if (found) return true;
  return Lookup(view, place, Slot(second, name), entry);
}

absl::StatusOr<Totals> TotalsAt(View& view, DirId dir, Seq seq) {
  if (seq == kLive) return view.GetTotals(dir);
  MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(view, dir));
  if (node.newest_pin < seq) return view.GetTotals(dir);
  const std::string first = PairKey(dir, seq);
  // What is referred to has a pin of just that seq; only what lies below it needs a search.
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool exact, view.Get(Family::kPins, first, &value));
  if (exact) {
    MARCOT_ASSIGN_OR_RETURN(const Pin pin, DecodePin(value));
    return pin.frozen;
  }
  const std::string end = IdKey(dir + 1);
  const auto cursor = view.NewCursor(Family::kPins, {first, end});
  cursor->Seek(first);
  MARCOT_RETURN_IF_ERROR(cursor->status());
  if (!cursor->Valid()) {
    return MakeError(Code::kStoreDamaged,
                     absl::StrCat("directory node ", dir, " lost its newest pin"));
  }
  MARCOT_ASSIGN_OR_RETURN(const Pin pin, DecodePin(cursor->value()));
  return pin.frozen;
}

Weight WeightBelow(const Totals& t) {
  return {{t.bytes, t.files, t.directories}, t.versions, t.version_bytes};
}

absl::StatusOr<Weight> WeightOf(View& view, const Entry& entry) {
  if (!entry.is_directory()) return Weight{{entry.size, 1, 0}, entry.versions, entry.version_bytes};
  const Place place = PlaceOf(entry);
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, TotalsAt(view, place.dir, place.seq));
  Weight weight{{totals.bytes, totals.files, totals.directories + 1}};
  if (place.live()) {
    weight.versions = totals.versions;
    weight.version_bytes = totals.version_bytes;
  }
  return weight;
}

}  // namespace marcot::core

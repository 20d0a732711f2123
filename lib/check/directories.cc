#include "check/directories.h"

#include <algorithm>
#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "base/attributes.h"
#include "base/status_macros.h"
#include "check/repairer.h"
#include "marcot/error.h"

namespace marcot::check {
namespace {

using core::DeadlistKey;
using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Job;
using core::kLive;
using core::Seq;
using storage::Family;

// So many pins of a directory are summed up at once; for more, its records are read again.
constexpr size_t kPinWindow = 1 << 16;

// Whether the numbers that begin at these places are such as a store comes to.
bool AreNumbers(std::string_view key, std::initializer_list<size_t> places) {
  return std::all_of(places.begin(), places.end(),
                     [&](size_t place) { return LoadFixed64(key.data() + place) < kNoNumber; });
}

bool KeyFits(Family family, std::string_view key) {
  switch (family) {
    case Family::kNodes:
    case Family::kTotals:
      return key.size() == 8 && AreNumbers(key, {0});
    case Family::kPins:
      return key.size() == 16 && AreNumbers(key, {0, 8});
    case Family::kEntries:
      return key.size() >= 9 && AreNumbers(key, {0});
    case Family::kHistory:
      return key.size() >= 18 && key[key.size() - 9] == '\0' && AreNumbers(key, {0}) &&
             core::BirthOfHistoryKey(key) < kNoNumber;
    case Family::kBirths:
      return key.size() >= 17 && AreNumbers(key, {0, 8});
    case Family::kDeadlists:
      if (key.size() < 26 || !AreNumbers(key, {0, 8})) return false;
      return key[24] == 0 || (key[24] == 1 && key.size() == 33 && AreNumbers(key, {25}));
    default:
      return true;
  }
}

bool KindFits(std::string_view slot, EntryKind kind) {
  if (kind == EntryKind::kWhiteout) return slot[0] <= core::kFileSlot;
  switch (slot[0]) {
    case core::kAttributesSlot:
      return kind == EntryKind::kAttributes && slot.size() == 1;
    case core::kDirectorySlot:
      return kind == EntryKind::kDirectory || kind == EntryKind::kReference;
    case core::kFileSlot:
      return kind == EntryKind::kFile;
    default:
      return false;
  }
}

std::string Shown(const Sums& s) {
  return absl::StrCat(s.bytes, " bytes, ", s.files, " files, ", s.directories, " directories, ",
                      s.child_files, "+", s.child_directories, " children");
}

std::string EndKey(DirId end) { return end == 0 ? "" : core::IdKey(end); }

absl::Status Decode(std::string_view value, Entry* entry) {
  MARCOT_RETURN_IF_ERROR(core::DecodeEntry(value, entry));
  if (std::max({entry->dir, entry->seq, entry->birth}) >= kNoNumber) {
    return MakeError(Code::kStoreDamaged, "it names a number that no store comes to");
  }
  // Readers take attributes as they are.
  if (AreAttributes(entry->attributes)) return absl::OkStatus();
  return MakeError(Code::kStoreDamaged, "its attributes do not decode");
}

}  // namespace

absl::StatusOr<bool> OwnRecord(core::View& view, DirId dir, std::string_view slot, Seq seq,
                               Entry* entry) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool head,
                          view.Get(Family::kEntries, core::EntryKey(dir, slot), &value));
  if (head) {
    MARCOT_RETURN_IF_ERROR(core::DecodeEntry(value, entry));
    if (entry->birth <= seq) return true;
  }
  const std::string first = core::HistoryKey(dir, slot, seq);
  const std::string end = core::HistoryGroup(dir, slot) + std::string(8, '\xff');
  const auto rows = view.NewCursor(Family::kHistory, {.lower = first, .upper = end});
  rows->Seek(first);
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (!rows->Valid()) return false;
  MARCOT_ASSIGN_OR_RETURN(const core::HistoryRecord record, core::DecodeHistory(rows->value()));
  if (record.death <= seq) return false;
  MARCOT_RETURN_IF_ERROR(core::DecodeEntry(record.entry, entry));
  return true;
}

DirectoryScan::DirectoryScan(const State& state, Claims& claims, DirId first, DirId end)
    : state_(state),
      view_(state.NewView()),
      claim_(claims),
      first_(first == 0 ? "" : core::IdKey(first)),
      end_(EndKey(end)),
      nodes_(state.RowsOf(Family::kNodes, first_, end_)),
      entries_(state.RowsOf(Family::kEntries, first_, end_)),
      history_(state.RowsOf(Family::kHistory, first_, end_)),
      pins_(state.RowsOf(Family::kPins, first_, end_)),
      deadlists_(state.RowsOf(Family::kDeadlists, first_, end_)),
      births_(state.RowsOf(Family::kBirths, first_, end_)),
      totals_(state.RowsOf(Family::kTotals, first_, end_)) {}

void DirectoryScan::Run() {
  Rows* const all[] = {&nodes_, &entries_, &history_, &pins_, &deadlists_, &births_, &totals_};
  while (true) {
    DirId next = ~DirId{0};
    bool any = false;
    for (Rows* const rows : all) {
      if (!Settle(*rows)) continue;
      any = true;
      next = std::min(next, LoadFixed64(rows->key().data()));
    }
    if (!any) return;
    CheckDirectory(next);
  }
}

// Passes over keys of no known form.
bool DirectoryScan::Settle(Rows& rows) {
  for (; rows.Valid(); rows.Next()) {
    if (KeyFits(rows.family(), rows.key())) return true;
    const std::string key(rows.key());
    state_.findings().Add(Fault::kKeyDamaged, check::Record(rows.family(), key),
                          "the key is too short, or malformed",
                          [family = rows.family(), key](Repairer& repairer) {
                            return repairer.MoveAway(family, key);
                          });
  }
  return false;
}

void DirectoryScan::Find(Fault fault, std::string detail, Fix fix) {
  state_.findings().Add(fault, state_.Where(*view_, dir_.id), std::move(detail), std::move(fix));
}

void DirectoryScan::Damaged(const Rows& rows, std::string_view why) {
  dir_.doubt = true;
  const Family family = rows.family();
  const std::string key(rows.key());
  Find(Fault::kRecordDamaged, absl::StrCat(check::Record(family, key), ": ", std::string(why)),
       [family, key](Repairer& repairer) { return repairer.MoveAway(family, key); });
}

void DirectoryScan::CheckDirectory(DirId id) {
  dir_ = Dir{.id = id, .node = {}, .pins = {}};
  dir_.waiting = state_.WaitingOf(id);
  TakeNode();
  TakePins();
  TakeTotals();
  TakeDeadlists();
  TakeBirths();
  CheckRecords();
  if (dir_.node.has_value()) {
    CheckNode();
  } else if (!dir_.node_row && (dir_.entries > 0 || !dir_.pins.empty())) {
    Find(Fault::kRowsWithoutNode,
         absl::StrCat(dir_.entries, " entries and ", dir_.pins.size(), " pins"),
         [id](Repairer& repairer) { return repairer.RemakeNode(id); });
  }
}

// The rows of a family that belong to the directory.
#define MARCOT_ROWS_OF_DIR(rows)                                      \
  for (; Settle(rows) && LoadFixed64((rows).key().data()) == dir_.id; \
       (rows).Next(), claim_.totals.records.fetch_add(1, std::memory_order_relaxed))

void DirectoryScan::TakeNode() {
  MARCOT_ROWS_OF_DIR(nodes_) {
    dir_.node_row = true;
    auto node = nodes_.damaged() ? MakeError(Code::kStoreDamaged, "its checksum is wrong")
                                 : core::DecodeNode(nodes_.value());
    if (node.ok() &&
        std::max({node->base.dir, node->base.seq, node->created, node->parent}) >= kNoNumber) {
      node = MakeError(Code::kStoreDamaged, "it names a number that no store comes to");
    }
    if (!node.ok()) {
      dir_.doubt = true;
      Find(Fault::kRecordDamaged, absl::StrCat("its node: ", std::string(node.status().message())),
           [id = dir_.id](Repairer& repairer) { return repairer.RemakeNode(id); });
      claim_.nodes.Add(core::IdKey(dir_.id) + 'N');
      continue;
    }
    dir_.node = *std::move(node);
    Claims::Raise(claim_.totals.greatest_id, dir_.id);
    if (dir_.node->base.dir != 0) claim_.OwnsPin(dir_.node->base.dir, dir_.node->base.seq);
    Claims::Raise(claim_.totals.greatest_seq, dir_.node->created);
    Claims::Raise(claim_.totals.greatest_id, dir_.node->base.dir);
  }
}

void DirectoryScan::TakePins() {
  MARCOT_ROWS_OF_DIR(pins_) {
    const Seq seq = LoadFixed64(pins_.key().data() + 8);
    dir_.pins.push_back(seq);
    const std::string key = core::PairKey(dir_.id, seq);
    const auto pin = core::DecodePin(pins_.value());
    if (pins_.damaged() || !pin.ok()) {
      dir_.doubt = true;
      Find(Fault::kRecordDamaged, absl::StrCat("its pin at ", seq),
           [id = dir_.id, seq](Repairer& repairer) { return repairer.RemakePin(id, seq); });
      claim_.pins.Add(key + 'P');
      continue;
    }
    Claims::Raise(claim_.totals.greatest_seq, seq);
    std::string claim = key + 'p';
    PutFixed64(&claim, pin->owners);
    claim_.pins.Add(claim);
    if (pin->frozen.changed <= seq && pin->frozen.modified <= pin->frozen.changed) continue;
    Find(Fault::kFrozenWrong,
         absl::StrCat("pin ", seq, " says it changed at ", pin->frozen.changed,
                      ", its children at ", pin->frozen.modified),
         [id = dir_.id, seq](Repairer& repairer) {
           return repairer.ChangePin(id, seq, [seq](core::Pin& fixed) {
             fixed.frozen.changed = std::min(fixed.frozen.changed, seq);
             fixed.frozen.modified = std::min(fixed.frozen.modified, fixed.frozen.changed);
           });
         });
  }
}

void DirectoryScan::TakeTotals() {
  MARCOT_ROWS_OF_DIR(totals_) {
    const auto* const logged = state_.Logged(dir_.id);
    const bool gone = logged != nullptr && !logged->has_value();
    if (!dir_.node_row && !gone) claim_.nodes.Add(core::IdKey(dir_.id) + 't');
    if (!totals_.damaged() && core::DecodeTotals(totals_.value()).ok()) continue;
    // What the log says stands above it.
    dir_.doubt |= logged == nullptr;
    Find(Fault::kRecordDamaged, "its totals",
         [id = dir_.id](Repairer& repairer) { return repairer.RemakeTotals(id); });
  }
}

bool DirectoryScan::HasPinIn(Seq first, Seq last) const {
  const auto pin = std::lower_bound(dir_.pins.begin(), dir_.pins.end(), first);
  return pin != dir_.pins.end() && *pin <= last;
}

void DirectoryScan::TakeDeadlists() {
  MARCOT_ROWS_OF_DIR(deadlists_) {
    if (deadlists_.damaged()) {
      // Its key may be what is damaged. What it said is derived anew where it is not mended.
      const bool doubt = dir_.doubt;
      Damaged(deadlists_, "a row of a deadlist");
      dir_.doubt = doubt;
      continue;
    }
    const DeadlistKey row = DeadlistKey::Decode(deadlists_.key());
    Claims::Raise(claim_.totals.greatest_seq, row.list);
    if (row.birth > row.list) {
      Find(Fault::kDeadlistStray, absl::StrCat("a row of list ", row.list, " born at ", row.birth),
           [key = row.Encode()](Repairer& repairer) {
             return repairer.Delete(Family::kDeadlists, key);
           });
      continue;
    }
    CheckListed(row);
    if (row.kind == DeadlistKey::Kind::kPushed) {
      claim_.OwnsPin(row.child, row.list);
      dir_.pushed.push_back({row.child, row.birth, row.list});
      CheckPushed(row, deadlists_.value());
      continue;
    }
    std::string claim = core::HistoryKey(row.dir, row.slot, row.birth) + 'l';
    PutFixed64(&claim, row.list);
    PutFixed64(&claim, 0);
    claim_.history.Add(claim);
  }
  std::sort(dir_.pushed.begin(), dir_.pushed.end());
}

void DirectoryScan::CheckListed(const DeadlistKey& row) {
  if (HasPinIn(row.birth, row.list) || (dir_.waiting & (kReleased | kTrimmed)) != 0) return;
  const bool pushed = row.kind == DeadlistKey::Kind::kPushed;
  Find(Fault::kHistoryUnseen,
       absl::StrCat(pushed ? "a pin pushed to directory " : "a record born at ",
                    pushed ? row.child : row.birth, " on list ", row.list),
       [row](Repairer& repairer) {
         return repairer.Queue({Job::Kind::kSweep, row.dir, row.list, {}});
       });
}

// The pins that were pushed see the child under the row's slot, and it has not changed since.
void DirectoryScan::CheckPushed(const DeadlistKey& row, std::string_view slot) {
  const auto fix = [row](Repairer& repairer) { return repairer.CorrectPushed(row); };
  const auto first = std::lower_bound(dir_.pins.begin(), dir_.pins.end(), row.birth);
  const auto end = std::upper_bound(dir_.pins.begin(), dir_.pins.end(), row.list);
  if (first >= end) return;
  for (const Seq pin : {*first, *(end - 1)}) {
    Entry seen;
    const auto found = OwnRecord(*view_, dir_.id, slot, pin, &seen);
    if (!found.ok()) return;
    if (*found && seen.kind == EntryKind::kDirectory && seen.dir == row.child) continue;
    Find(Fault::kPushedUnseen,
         absl::StrCat("pin ", pin, " does not see directory ", row.child, " as ",
                      std::string(slot.substr(0, 1).empty() ? slot : slot.substr(1))),
         fix);
    return;
  }
  std::string value;
  const auto found = view_->Get(Family::kPins, core::PairKey(row.child, row.list), &value);
  if (!found.ok() || !*found) return;
  const auto pin = core::DecodePin(value);
  if (!pin.ok() || pin->frozen.changed <= *first) return;
  Find(Fault::kFrozenWrong,
       absl::StrCat("directory ", row.child, " as of ", row.list, " says it changed at ",
                    pin->frozen.changed, ", behind pin ", *first),
       [row, first = *first](Repairer& repairer) {
         return repairer.ChangePin(row.child, row.list, [first](core::Pin& fixed) {
           fixed.frozen.changed = std::min(fixed.frozen.changed, first);
           fixed.frozen.modified = std::min(fixed.frozen.modified, first);
         });
       });
}

void DirectoryScan::TakeBirths() {
  MARCOT_ROWS_OF_DIR(births_) {
    if (births_.damaged()) {
      const bool doubt = dir_.doubt;
      Damaged(births_, "a row of births");
      dir_.doubt = doubt;
      continue;
    }
    std::string claim(births_.key());
    claim += '\0';
    claim_.births.Add(claim + 'r');
  }
}

// ---- records -----------------------------------------------------------------------------------

// Calls on_record(row, status of decoding, record, entry), the slots in order and of each the
// youngest record first, and on_slot(slot, oldest birth) behind each slot.
template <typename OnRecord, typename OnSlot>
void DirectoryScan::VisitRecords(Rows& entries, Rows& history, const OnRecord& on_record,
                                 const OnSlot& on_slot) {
  const auto in_dir = [&](Rows& rows) {
    return Settle(rows) && LoadFixed64(rows.key().data()) == dir_.id;
  };
  Record record;
  while (true) {
    const bool head = in_dir(entries), old = in_dir(history);
    if (!head && !old) return;
    const std::string_view head_slot = head ? core::SlotOfEntryKey(entries.key()) : "";
    const std::string_view old_slot = old ? core::SlotOfHistoryKey(history.key()) : "";
    record.slot = !old || (head && head_slot <= old_slot) ? head_slot : old_slot;
    Seq oldest = kLive;
    const auto take = [&](Rows& rows, bool is_head) {
      std::string_view value = rows.value();
      record.death = kLive;
      if (!is_head && !rows.damaged()) {
        const auto dead = core::DecodeHistory(value);
        record.death = dead.ok() ? dead->death : 0;
        value = dead.ok() ? dead->entry : "";
      }
      const absl::Status status = rows.damaged()
                                      ? MakeError(Code::kStoreDamaged, "its checksum is wrong")
                                      : Decode(value, &entry_);
      if (status.ok()) {
        record.birth = is_head ? entry_.birth : core::BirthOfHistoryKey(rows.key());
        oldest = record.birth;
      }
      on_record(rows, status, record, entry_);
      rows.Next();
    };
    if (head && head_slot == record.slot) take(entries, true);
    while (in_dir(history) && core::SlotOfHistoryKey(history.key()) == record.slot) {
      take(history, false);
    }
    if (oldest != kLive) on_slot(record.slot, oldest);
  }
}

void DirectoryScan::AddSums(PinSums& sums, const Record& record, const Entry& entry) {
  // Whatever is damaged below is found where it stands; sums that need it say nothing.
  if (!sums.AddRecord(entry, record.birth, record.death).ok()) dir_.doubt = true;
}

void DirectoryScan::CheckRecords() {
  for (size_t first = 0; first == 0 || first < dir_.pins.size(); first += kPinWindow) {
    const size_t end = std::min(first + kPinWindow, dir_.pins.size());
    const bool last = end == dir_.pins.size();
    PinSums sums(*view_,
                 {dir_.pins.begin() + static_cast<ptrdiff_t>(first),
                  dir_.pins.begin() + static_cast<ptrdiff_t>(end)},
                 last);
    const core::Base base = dir_.node.has_value() ? dir_.node->base : core::Base{};
    if (base.dir != 0) dir_.doubt |= !sums.AddBase(base).ok();
    Seq younger = kLive;  // birth of the record before, in the same slot
    std::string younger_slot;
    const auto on_record = [&](const Rows& rows, const absl::Status& status, const Record& record,
                               const Entry& entry) {
      if (first > 0) {
        if (status.ok()) AddSums(sums, record, entry);
        return;
      }
      claim_.totals.records.fetch_add(1, std::memory_order_relaxed);
      ++dir_.entries;
      if (!status.ok()) {
        Damaged(rows, std::string(status.message()));
        return;
      }
      if (younger_slot != record.slot) younger = kLive;
      if (!record.head() && (record.death > younger || record.birth >= record.death)) {
        Find(Fault::kSeqWrong,
             absl::StrCat("a record of ", record.slot.substr(1), " from ", record.birth, " to ",
                          record.death, " ends behind the next one"));
      }
      younger = record.birth;
      younger_slot = record.slot;
      CheckRecord(record, entry);
      AddSums(sums, record, entry);
    };
    const auto on_slot = [&](const std::string& slot, Seq oldest) {
      if (base.dir != 0) dir_.doubt |= !sums.HideSlot(base, slot, oldest).ok();
    };
    if (first == 0) {
      VisitRecords(entries_, history_, on_record, on_slot);
    } else {
      Rows entries = state_.RowsOf(Family::kEntries, core::IdKey(dir_.id), EndKey(dir_.id + 1));
      Rows history = state_.RowsOf(Family::kHistory, core::IdKey(dir_.id), EndKey(dir_.id + 1));
      VisitRecords(entries, history, on_record, on_slot);
    }
    if (dir_.node.has_value() && !dir_.doubt) CompareWindow(first, sums.Finish());
  }
}

void DirectoryScan::CheckRecord(const Record& record, const Entry& entry) {
  Claims::Raise(claim_.totals.greatest_seq, record.head() ? record.birth : record.death);
  Claims::Raise(claim_.totals.greatest_id, entry.dir);
  dir_.youngest = std::max(dir_.youngest, record.head() ? record.birth : record.death);
  if (!KindFits(record.slot, entry.kind)) {
    const Family family = record.head() ? Family::kEntries : Family::kHistory;
    const std::string key = record.head() ? core::EntryKey(dir_.id, record.slot)
                                          : core::HistoryKey(dir_.id, record.slot, record.birth);
    dir_.doubt = true;
    Find(
        Fault::kEntryKindWrong,
        absl::StrCat("entry ", record.slot.substr(1), " is of kind ", static_cast<int>(entry.kind)),
        [family, key](Repairer& repairer) { return repairer.MoveAway(family, key); });
    return;
  }
  const bool impossible = record.birth == 0 || record.birth % 2 != 0 ||
                          entry.birth != record.birth ||
                          (dir_.node.has_value() && record.birth < dir_.node->created) ||
                          (entry.kind == EntryKind::kReference && entry.seq >= record.birth);
  if (impossible) {
    Find(Fault::kSeqWrong, absl::StrCat("entry ", record.slot.substr(1), " is born at ",
                                        record.birth, ", refers to ", entry.seq));
  }
  if (entry.kind == EntryKind::kReference) claim_.OwnsPin(entry.dir, entry.seq);
  if (entry.kind == EntryKind::kFile) claim_.HoldsContent(entry.content, entry.size);
  if (!dir_.pins.empty() && record.birth > dir_.pins.front()) {
    std::string claim = core::BirthKey(dir_.id, record.birth, record.slot);
    claim += '\0';
    claim_.births.Add(claim + 'e');
  }
  if (record.head()) {
    CheckHead(record, entry);
  } else {
    std::string claim = core::HistoryKey(dir_.id, record.slot, record.birth) + 'h';
    PutFixed64(&claim, record.death);
    const auto pin = std::lower_bound(dir_.pins.begin(), dir_.pins.end(), record.death);
    PutFixed64(&claim, pin == dir_.pins.begin() ? 0 : *(pin - 1));
    claim_.history.Add(claim);
    if (entry.kind == EntryKind::kDirectory) CheckPushes(record, entry.dir, record.death - 1);
  }
}

void DirectoryScan::CheckHead(const Record& record, const Entry& entry) {
  if (entry.kind == EntryKind::kWhiteout) ++dir_.whiteouts;
  dir_.left = std::max(dir_.left, record.birth);
  if (!dir_.node.has_value()) {
    if (entry.kind == EntryKind::kDirectory) CheckChild(record, entry);
    return;
  }
  const bool unseen = !dir_.node->live && (dir_.waiting & (kTrimmed | kReleased)) == 0 &&
                      (dir_.pins.empty() || record.birth > dir_.pins.back());
  dir_.unneeded_entry |= unseen;
  if (dir_.node->live && entry.kind != EntryKind::kWhiteout &&
      entry.kind != EntryKind::kAttributes) {
    claim_.ids.Add(core::ObjectKey(entry.id) + core::IdKey(dir_.id));
  }
  if (dir_.node->live && entry.kind == EntryKind::kFile &&
      (entry.versions > 0 || entry.version_bytes > 0)) {
    std::string claim = core::ObjectKey(entry.id) + 'e';
    for (const uint64_t number : {dir_.id, entry.versions, entry.version_bytes}) {
      PutFixed64(&claim, number);
    }
    claim_.versions.Add(claim + record.slot);
  }
  if (entry.kind == EntryKind::kDirectory) CheckChild(record, entry);
}

void DirectoryScan::CheckChild(const Record& record, const Entry& entry) {
  claim_.nodes.Add(core::IdKey(entry.dir) + 'o' + core::IdKey(dir_.id));
  core::Node child;
  const auto found = core::FindNode(*view_, entry.dir, &child);
  const auto totals = view_->GetTotals(entry.dir);
  // What is lost or damaged there is found there.
  if (!found.ok() || !*found || !totals.ok()) {
    dir_.doubt = true;
    return;
  }
  dir_.youngest = std::max(dir_.youngest, totals->changed);
  if (!dir_.pins.empty() && totals->changed <= dir_.pins.back()) {
    dir_.left = std::max(dir_.left, totals->changed);
  }
  if (!dir_.counts() || !child.live || dir_.pins.empty() || dir_.pins.back() < record.birth) return;
  CheckSynced(record, entry.dir, child, totals->changed);
}

// What the child says of the parent's pins that it has: all those up to the newest that was pushed
// by a row, and those that it missed it has not changed since.
void DirectoryScan::CheckSynced(const Record& record, DirId id, const core::Node& child,
                                Seq changed) {
  Seq pushed = 0;
  for (const Pushed& row : PushedTo(id)) pushed = std::max(pushed, row.list);
  if (pushed < record.birth) pushed = 0;
  const Seq known = std::max(child.synced, record.birth - 1);
  const auto next = std::upper_bound(dir_.pins.begin(), dir_.pins.end(), known);
  const bool missed = next != dir_.pins.end() && changed > *next;
  const bool invented =
      next != dir_.pins.begin() && *(next - 1) >= record.birth && *(next - 1) > child.newest_pin;
  if (!missed && !invented && child.synced >= pushed) {
    CheckPushes(record, id, child.synced);
    return;
  }
  const Seq synced = std::max(child.created, pushed);
  Find(Fault::kNodeSyncedWrong,
       absl::StrCat("directory ", id, " in it says it has the pins up to ", child.synced,
                    ", was given ", pushed, ", changed at ", changed),
       child.synced == synced ? Fix(nullptr) : Fix([id, synced](Repairer& repairer) {
         return repairer.ChangeNode(id, [synced](core::Node& node) { node.synced = synced; });
       }));
}

std::span<const DirectoryScan::Pushed> DirectoryScan::PushedTo(DirId child) const {
  const auto [first, end] =
      std::equal_range(dir_.pushed.begin(), dir_.pushed.end(), Pushed{child, 0, 0},
                       [](const Pushed& a, const Pushed& b) { return a.child < b.child; });
  return {first, end};
}

// Every pin that sees the child in a record, up to `last`, was pushed to it by a row.
void DirectoryScan::CheckPushes(const Record& record, DirId child, Seq last) {
  const auto rows = PushedTo(child);
  auto pin = std::lower_bound(dir_.pins.begin(), dir_.pins.end(), record.birth);
  while (pin != dir_.pins.end() && *pin <= last) {
    Seq covered = 0;
    for (const Pushed& row : rows) {
      if (row.birth <= *pin && *pin <= row.list) covered = std::max(covered, row.list);
    }
    if (covered == 0) {
      FindUnpushed(record, child, *pin, last);
      return;
    }
    pin = std::upper_bound(pin, dir_.pins.end(), covered);
  }
}

// The row that is lost gave the child the pin that it has next.
void DirectoryScan::FindUnpushed(const Record& record, DirId child, Seq pin, Seq last) {
  const std::string end = core::IdKey(child + 1);
  const auto pins = view_->NewCursor(Family::kPins, {.upper = end});
  pins->Seek(core::PairKey(child, pin));
  const Seq given = pins->Valid() && LoadFixed64(pins->key().data()) == child
                        ? LoadFixed64(pins->key().data() + 8)
                        : 0;
  const DeadlistKey row{.dir = dir_.id,
                        .list = given,
                        .birth = pin,
                        .kind = DeadlistKey::Kind::kPushed,
                        .slot = {},
                        .child = child};
  const bool derived = given != 0 && given <= last;
  Find(
      Fault::kPushedMissing,
      absl::StrCat("pin ", pin, " was not given to directory ", child, ", ", record.slot.substr(1)),
      !derived ? Fix(nullptr) : Fix([row, slot = record.slot](Repairer& repairer) {
        return repairer.Put(Family::kDeadlists, row.Encode(), slot);
      }));
}

// ---- the node and its sums ---------------------------------------------------------------------

void DirectoryScan::CheckNode() {
  const core::Node& node = *dir_.node;
  const DirId id = dir_.id;
  const auto totals = view_->GetTotals(id);
  const bool root_like =
      totals.ok() && (totals->account != 0 || totals->library != 0 || totals->logged);
  std::string claim = core::IdKey(id) + 'n';
  const bool unneeded =
      !node.live && dir_.pins.empty() && (dir_.waiting & (kTrimmed | kReleased)) == 0;
  claim +=
      static_cast<char>((unneeded ? kNodeUnneeded : 0) |
                        (dir_.unneeded_entry ? kEntryUnneeded : 0) | (node.live ? kNodeLive : 0) |
                        ((dir_.waiting & (kTrimmed | kForgotten)) != 0 ? kNodeWaits : 0) |
                        (root_like ? kNodeSpeaksAsRoot : 0));
  claim_.nodes.Add(claim + core::IdKey(node.parent));

  const Seq newest = dir_.pins.empty() ? 0 : dir_.pins.back();
  if (node.newest_pin != newest) {
    Find(Fault::kNewestPinWrong, absl::StrCat("says ", node.newest_pin, ", is ", newest),
         [id](Repairer& repairer) { return repairer.CorrectNewestPin(id); });
  }
  if (!dir_.pins.empty() && dir_.pins.front() < node.created) {
    Find(Fault::kSeqWrong,
         absl::StrCat("made at ", node.created, ", has a pin at ", dir_.pins.front()));
  }
  if (node.base.dir != 0 && node.base.seq >= node.created) {
    Find(Fault::kSeqWrong,
         absl::StrCat("made at ", node.created, " on base ", node.base.dir, "@", node.base.seq));
  }
  if (!node.live && !dir_.pins.empty() && (dir_.waiting & (kTrimmed | kReleased)) == 0 &&
      node.youngest < dir_.left) {
    Find(Fault::kNodeYoungestWrong,
         absl::StrCat("says ", node.youngest, ", something of ", dir_.left, " is left in it"),
         [id](Repairer& repairer) {
           return repairer.ChangeNode(id, [](core::Node& fixed) { fixed.youngest = ~Seq{0}; });
         });
  }
  if (node.flattening && (dir_.waiting & kFlattened) == 0) {
    Find(Fault::kNodeFlattenLost, "", [id](Repairer& repairer) {
      return repairer.Queue({Job::Kind::kFlatten, id, 0, {}});
    });
  }
  if (!dir_.counts() || !totals.ok()) return;
  if (totals->whiteouts != dir_.whiteouts && !dir_.doubt) {
    Find(Fault::kWhiteoutsWrong, absl::StrCat("says ", totals->whiteouts, ", has ", dir_.whiteouts),
         [id, whiteouts = dir_.whiteouts](Repairer& repairer) {
           return repairer.ChangeTotals(
               id, [whiteouts](core::Totals& fixed) { fixed.whiteouts = whiteouts; });
         });
  }
  const Seq youngest = std::max(dir_.youngest, node.created);
  if (totals->changed < youngest || totals->modified > totals->changed) {
    Find(Fault::kChangedWrong,
         absl::StrCat("says ", totals->changed, ", something of ", youngest,
                      " is in it; its children changed at ", totals->modified),
         [id, youngest](Repairer& repairer) {
           return repairer.ChangeTotals(id, [youngest](core::Totals& fixed) {
             fixed.changed = std::max(fixed.changed, youngest);
             fixed.modified = std::min(fixed.modified, fixed.changed);
           });
         });
  }
  Claims::Raise(claim_.totals.greatest_seq, totals->changed);
}

void DirectoryScan::CompareWindow(size_t first_pin, const std::vector<Sums>& sums) {
  for (size_t i = 0; i < sums.size(); ++i) {
    if (first_pin + i < dir_.pins.size()) {
      CompareFrozen(dir_.pins[first_pin + i], sums[i]);
    } else if (dir_.counts()) {
      CompareLive(sums[i]);
    }
  }
}

void DirectoryScan::CompareFrozen(Seq pin, const Sums& sums) {
  std::string value;
  const auto found = view_->Get(Family::kPins, core::PairKey(dir_.id, pin), &value);
  if (!found.ok() || !*found) return;
  const auto row = core::DecodePin(value);
  if (!row.ok() || SumsOf(row->frozen).SeenLike(sums)) return;
  Find(Fault::kFrozenWrong,
       absl::StrCat("as of ", pin, " says ", Shown(SumsOf(row->frozen)), "; has ", Shown(sums)),
       [id = dir_.id, pin](Repairer& repairer) { return repairer.RecountPin(id, pin); });
}

void DirectoryScan::CompareLive(const Sums& sums) {
  const auto totals = view_->GetTotals(dir_.id);
  if (!totals.ok()) return;
  const Sums said = SumsOf(*totals);
  const bool versions = said.versions == sums.versions && said.version_bytes == sums.version_bytes;
  if (said.SeenLike(sums) && versions) return;
  if (IsInsideItself()) {
    Find(Fault::kNodeBelowItself, "");
    return;
  }
  std::string detail = absl::StrCat("says ", Shown(said), "; has ", Shown(sums));
  if (!versions) {
    absl::StrAppend(&detail, "; says ", said.versions, " versions of ", said.version_bytes,
                    " bytes; has ", sums.versions, " of ", sums.version_bytes);
  }
  Find(Fault::kTotalsWrong, std::move(detail),
       [id = dir_.id](Repairer& repairer) { return repairer.RecountLive(id); });
}

bool DirectoryScan::IsInsideItself() {
  DirId at = dir_.id;
  for (int depth = 0; depth < 10'000; ++depth) {
    core::Node node;
    const auto found = core::FindNode(*view_, at, &node);
    if (!found.ok() || !*found || node.parent == 0) return false;
    at = node.parent;
    if (at == dir_.id) return true;
  }
  return true;
}

}  // namespace marcot::check

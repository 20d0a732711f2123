// What a repair does to nodes, pins, history and totals.
#include "check/repairer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/sums.h"
#include "core/dir_cursor.h"

namespace marcot::check {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Seq;
using storage::Family;

// ---- nodes -------------------------------------------------------------------------------------

absl::Status Repairer::ChangeNode(DirId dir, const std::function<void(core::Node&)>& change) {
  MARCOT_ASSIGN_OR_RETURN(core::Node node, core::GetNode(*txn_, dir));
  change(node);
  return Put(Family::kNodes, core::IdKey(dir), core::EncodeNode(node));
}

absl::Status Repairer::ChangeEntry(DirId dir, const std::string& slot,
                                   const std::function<void(Entry&)>& change) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          txn_->Get(Family::kEntries, core::EntryKey(dir, slot), &value));
  if (!found) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(Entry entry, core::DecodeEntry(value));
  change(entry);
  return Put(Family::kEntries, core::EntryKey(dir, slot), core::EncodeEntry(entry));
}

// Whether what the directory has is all that its totals count, now and as of each pin.
absl::StatusOr<bool> Repairer::IsAlone(DirId dir) {
  std::vector<Seq> seqs;
  std::vector<core::Totals> said;
  const auto pins = txn_->NewCursor(Family::kPins, {core::IdKey(dir), core::IdKey(dir + 1)});
  for (pins->Seek(core::IdKey(dir)); pins->Valid(); pins->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const core::Pin pin, core::DecodePin(pins->value()));
    seqs.push_back(LoadFixed64(pins->key().data() + 8));
    said.push_back(pin.frozen);
  }
  MARCOT_RETURN_IF_ERROR(pins->status());
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn_->GetTotals(dir));
  const bool counted = totals.changed != 0;  // else they are lost too
  if (counted) said.push_back(totals);
  bool whole = true;
  PinSums sums(*txn_, std::move(seqs), counted);
  MARCOT_RETURN_IF_ERROR(ForEachRecord(dir, [&](const Entry& entry, Seq birth, Seq death) {
    whole = whole && entry.kind != EntryKind::kWhiteout;
    return sums.AddRecord(entry, birth, death);
  }));
  const std::vector<Sums> found = sums.Finish();
  for (size_t i = 0; i < found.size(); ++i) whole = whole && found[i].SeenLike(SumsOf(said[i]));
  return whole;
}

// Calls visit(entry, birth, death) for each of the directory's own records.
template <typename Visit>
absl::Status Repairer::ForEachRecord(DirId dir, const Visit& visit) {
  const std::string first = core::IdKey(dir), end = core::IdKey(dir + 1);
  const auto heads = txn_->NewCursor(Family::kEntries, {first, end});
  for (heads->Seek(first); heads->Valid(); heads->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, core::DecodeEntry(heads->value()));
    MARCOT_RETURN_IF_ERROR(visit(entry, entry.birth, core::kLive));
  }
  MARCOT_RETURN_IF_ERROR(heads->status());
  const auto rows = txn_->NewCursor(Family::kHistory, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const core::HistoryRecord record, core::DecodeHistory(rows->value()));
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, core::DecodeEntry(record.entry));
    MARCOT_RETURN_IF_ERROR(visit(entry, core::BirthOfHistoryKey(rows->key()), record.death));
  }
  return rows->status();
}

absl::StatusOr<Seq> Repairer::OldestBirth(DirId dir) {
  Seq oldest = core::kLive;
  MARCOT_RETURN_IF_ERROR(ForEachRecord(dir, [&](const Entry&, Seq birth, Seq) {
    oldest = std::min(oldest, birth);
    return absl::OkStatus();
  }));
  return oldest;
}

// What the node said of a base is lost with it: only a directory whose own entries are all that its
// totals count can be made anew.
absl::Status Repairer::RemakeNode(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kNodes, core::IdKey(dir)));
  if (mended) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const bool alone, IsAlone(dir));
  if (!alone) return absl::OkStatus();  // stays a finding: only a backup knows the base
  // As old as the oldest thing in it; an empty one as old as can be, since it has not changed for
  // whoever sees it.
  constexpr Seq kFirstSeq = 2;
  core::Node node;
  const auto pins = txn_->NewCursor(Family::kPins, {core::IdKey(dir), core::IdKey(dir + 1)});
  MARCOT_ASSIGN_OR_RETURN(node.created, OldestBirth(dir));
  pins->Seek(core::IdKey(dir));
  if (pins->Valid()) node.created = std::min(node.created, LoadFixed64(pins->key().data() + 8));
  pins->SeekForPrev(core::PairKey(dir, ~Seq{0}));
  if (pins->Valid()) node.newest_pin = LoadFixed64(pins->key().data() + 8);
  MARCOT_RETURN_IF_ERROR(pins->status());
  if (node.created == core::kLive) node.created = kFirstSeq;
  node.synced = node.created;
  remade_.insert(dir);
  return Put(Family::kNodes, core::IdKey(dir), core::EncodeNode(node));
}

absl::Status Repairer::AttachOrphan(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(core::Node node, core::GetNode(*txn_, dir));
  if (remade_.contains(dir) && node.newest_pin != 0) {
    // Only its pins are known to need it.
    node.live = false;
    return Put(Family::kNodes, core::IdKey(dir), core::EncodeNode(node));
  }
  Entry entry;
  entry.kind = EntryKind::kDirectory;
  entry.dir = dir;
  entry.id = {1, dir};
  entry.creation_time_ms = txn_->now_ms();
  return AttachLost(core::Slot(core::kDirectorySlot, absl::StrCat("directory-", dir)), entry);
}

absl::Status Repairer::CorrectNewestPin(DirId dir) {
  const std::string first = core::IdKey(dir), end = core::IdKey(dir + 1);
  const auto pins = txn_->NewCursor(Family::kPins, {first, end});
  pins->SeekForPrev(core::PairKey(dir, ~Seq{0}));
  MARCOT_RETURN_IF_ERROR(pins->status());
  const Seq newest = pins->Valid() ? LoadFixed64(pins->key().data() + 8) : 0;
  return ChangeNode(dir, [newest](core::Node& node) { node.newest_pin = newest; });
}

// ---- pins, history -----------------------------------------------------------------------------

absl::Status Repairer::ChangePin(DirId dir, Seq seq,
                                 const std::function<void(core::Pin&)>& change) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          txn_->Get(Family::kPins, core::PairKey(dir, seq), &value));
  if (!found) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(core::Pin pin, core::DecodePin(value));
  change(pin);
  return Put(Family::kPins, core::PairKey(dir, seq), core::EncodePin(pin));
}

absl::Status Repairer::SetOwners(DirId dir, Seq seq, uint64_t owners) {
  if (owners > 0) return ChangePin(dir, seq, [owners](core::Pin& pin) { pin.owners = owners; });
  // Whoever owned it is lost, a copy or a snapshot perhaps: what it shows is kept.
  MARCOT_RETURN_IF_ERROR(ChangePin(dir, seq, [](core::Pin& pin) { pin.owners = 1; }));
  Entry entry;
  entry.kind = EntryKind::kReference;
  entry.dir = dir;
  entry.seq = seq;
  entry.id = LostId();
  entry.context = LostId();
  entry.creation_time_ms = txn_->now_ms();
  return AttachLost(core::Slot(core::kDirectorySlot, absl::StrCat("copy-", dir, "-", seq)), entry);
}

absl::Status Repairer::RemakePin(DirId dir, Seq seq) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kPins, core::PairKey(dir, seq)));
  core::Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool found, core::FindNode(*txn_, dir, &node));
  if (mended || !found) return absl::OkStatus();
  core::Pin pin{.owners = 1, .frozen = {}};  // the next round counts the owners
  MARCOT_ASSIGN_OR_RETURN(pin.frozen, SumsAt(dir, seq));
  return Put(Family::kPins, core::PairKey(dir, seq), core::EncodePin(pin));
}

absl::Status Repairer::ListAnew(DirId dir, const std::string& slot, Seq birth, Seq death) {
  const std::string first = core::IdKey(dir), end = core::PairKey(dir, death);
  const auto pins = txn_->NewCursor(Family::kPins, {first, end});
  pins->SeekForPrev(core::PairKey(dir, death - 1));
  MARCOT_RETURN_IF_ERROR(pins->status());
  const Seq newest = pins->Valid() ? LoadFixed64(pins->key().data() + 8) : 0;
  // Where no pin sees it, the next round finds that, and lets it go.
  const core::DeadlistKey row{.dir = dir,
                              .list = newest >= birth ? newest : death - 1,
                              .birth = birth,
                              .kind = core::DeadlistKey::Kind::kHistory,
                              .slot = slot,
                              .child = 0};
  return Put(Family::kDeadlists, row.Encode(), "");
}

absl::Status Repairer::CorrectPushed(const core::DeadlistKey& row) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kDeadlists, row.Encode()));
  if (mended) return absl::OkStatus();
  const std::string first = core::IdKey(row.dir), end = core::IdKey(row.dir + 1);
  for (const Family family : {Family::kEntries, Family::kHistory}) {
    const auto rows = txn_->NewCursor(family, {first, end});
    for (rows->Seek(first); rows->Valid(); rows->Next()) {
      std::string_view value = rows->value();
      Seq death = core::kLive;
      if (family == Family::kHistory) {
        MARCOT_ASSIGN_OR_RETURN(const core::HistoryRecord record, core::DecodeHistory(value));
        death = record.death;
        value = record.entry;
      }
      MARCOT_ASSIGN_OR_RETURN(const Entry entry, core::DecodeEntry(value));
      if (entry.kind != EntryKind::kDirectory || entry.dir != row.child) continue;
      if (entry.birth > row.birth || death <= row.list) continue;
      const std::string_view slot = family == Family::kEntries
                                        ? core::SlotOfEntryKey(rows->key())
                                        : core::SlotOfHistoryKey(rows->key());
      return Put(Family::kDeadlists, row.Encode(), slot);
    }
    MARCOT_RETURN_IF_ERROR(rows->status());
  }
  return Delete(Family::kDeadlists, row.Encode());
}

// ---- totals ------------------------------------------------------------------------------------

// As a reader sees the directory at the seq; O(its entries).
absl::StatusOr<core::Totals> Repairer::SumsAt(DirId dir, Seq seq) {
  core::Totals sums;
  const core::Place place{.dir = dir, .seq = seq};
  MARCOT_ASSIGN_OR_RETURN(
      const auto cursor, core::DirCursor::Open(*txn_, place, core::SlotsBegin(core::kDirectorySlot),
                                               core::SlotsEnd(core::kFileSlot)));
  MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
  while (cursor->Valid()) {
    if (!cursor->hole()) {
      const Entry& entry = cursor->entry();
      MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(*txn_, entry));
      sums.bytes += weight.bytes;
      sums.files += weight.files;
      sums.directories += weight.directories;
      sums.versions += weight.versions;
      sums.version_bytes += weight.version_bytes;
      ++(entry.is_directory() ? sums.child_directories : sums.child_files);
      if (entry.birth <= seq) sums.changed = std::max(sums.changed, entry.birth);
      if (entry.is_directory()) {
        const core::Place child = core::PlaceOf(entry);
        MARCOT_ASSIGN_OR_RETURN(const core::Totals below,
                                core::TotalsAt(*txn_, child.dir, child.seq));
        if (below.changed <= seq) sums.changed = std::max(sums.changed, below.changed);
      }
    }
    MARCOT_RETURN_IF_ERROR(cursor->Next());
  }
  if (seq != core::kLive) {
    MARCOT_RETURN_IF_ERROR(ForEachRecord(dir, [&](const Entry&, Seq birth, Seq death) {
      for (const Seq change : {birth, death}) {
        if (change <= seq) sums.changed = std::max(sums.changed, change);
      }
      return absl::OkStatus();
    }));
  }
  sums.modified = sums.changed;
  return sums;
}

absl::Status Repairer::ChangeTotals(DirId dir, const std::function<void(core::Totals&)>& change) {
  MARCOT_ASSIGN_OR_RETURN(core::Totals totals, txn_->GetTotals(dir));
  change(totals);
  txn_->PutTotals(dir, totals);
  return absl::OkStatus();
}

namespace {

void TakeSums(const core::Totals& sums, bool versions, core::Totals* totals) {
  totals->bytes = sums.bytes;
  totals->files = sums.files;
  totals->directories = sums.directories;
  totals->child_files = sums.child_files;
  totals->child_directories = sums.child_directories;
  if (!versions) return;
  totals->versions = sums.versions;
  totals->version_bytes = sums.version_bytes;
}

}  // namespace

absl::Status Repairer::RecountLive(DirId dir) {
  while (dir != 0) {
    MARCOT_ASSIGN_OR_RETURN(const core::Totals sums, SumsAt(dir, core::kLive));
    MARCOT_ASSIGN_OR_RETURN(core::Totals totals, txn_->GetTotals(dir));
    const core::Totals before = totals;
    TakeSums(sums, true, &totals);
    if (totals == before) return absl::OkStatus();
    txn_->PutTotals(dir, totals);
    MARCOT_ASSIGN_OR_RETURN(const core::Node node, core::GetNode(*txn_, dir));
    dir = node.parent;
  }
  return absl::OkStatus();
}

absl::Status Repairer::RecountPin(DirId dir, Seq seq) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals sums, SumsAt(dir, seq));
  return ChangePin(dir, seq, [&](core::Pin& pin) { TakeSums(sums, false, &pin.frozen); });
}

// What its flags and a quota's limits were is corrected in the next round.
absl::Status Repairer::RemakeTotals(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kTotals, core::IdKey(dir)));
  if (mended) return absl::OkStatus();
  core::Totals totals;
  const auto logged = txn_->GetTotals(dir);
  if (logged.ok()) totals = *logged;  // the log stands above the damaged row
  core::Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool found, core::FindNode(*txn_, dir, &node));
  if (!logged.ok() && found) {
    MARCOT_ASSIGN_OR_RETURN(totals, SumsAt(dir, core::kLive));
    totals.changed = totals.modified = std::max(totals.changed, node.created);
  }
  txn_->Put(Family::kTotals, core::IdKey(dir), core::EncodeTotals(totals));
  txn_->PutTotals(dir, totals);
  return absl::OkStatus();
}

absl::Status Repairer::DropTotals(DirId dir) {
  txn_->Delete(Family::kTotals, core::IdKey(dir));
  txn_->DeleteTotals(dir);
  return absl::OkStatus();
}

}  // namespace marcot::check

#include "check/repairer.h"

#include <algorithm>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/claims.h"
#include "check/rows.h"
#include "check/sums.h"
#include "core/chunks.h"
#include "core/dir_cursor.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/quotas.h"
#include "operations/spaces.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Job;
using core::Seq;
using core::TreeWriter;
using storage::Family;

using Fixes = std::vector<std::function<absl::Status(Repairer&)>>;

// In a longer value a flipped bit would take too long to find.
constexpr size_t kMaxMended = 4096;
// Numbers that may have been in use, and are known no more, are passed over.
constexpr uint64_t kNumbersPassed = 1 << 20;
constexpr size_t kMaxLostName = 200;

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

void Flip(std::string* bytes, size_t bit) {
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << (bit % 8)));
}

// The only variant of `bytes` with one bit flipped that passes; empty: none, or more than one.
template <typename Passes>
std::string Unflipped(std::string bytes, const Passes& passes) {
  std::string found;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Flip(&bytes, bit);
    if (passes(bytes)) {
      if (!found.empty()) return "";
      found = bytes;
    }
    Flip(&bytes, bit);
  }
  return found;
}

// What a damaged entry reads as all the same: a hint for who looks for what is lost.
std::string Hint(std::string_view value) {
  const auto entry = core::DecodeEntry(value);
  if (!entry.ok()) return "";
  return absl::StrCat("Its bytes read as kind ", static_cast<int>(entry->kind), ", object ",
                      entry->id.Hex(), ", content ", entry->content.Hex(), ", ", entry->size,
                      " bytes, directory ", entry->dir, ".\n");
}

}  // namespace

// ---- rounds ------------------------------------------------------------------------------------

absl::Status Repairer::Run(const Fixes& fixes) {
  core::Committed committed(std::make_unique<UndoStorage>(writable_, undo_), 1 << 20);
  MARCOT_RETURN_IF_ERROR(committed.Open(false, 0));
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  core::Txn txn(committed, now);
  txn.BeginOperation();
  txn_ = &txn;
  lost_.clear();
  absl::Status status;
  for (const auto& fix : fixes) {
    const core::Txn::Savepoint before = txn.Mark();
    const absl::Status fixed = fix(*this);
    if (fixed.ok()) continue;
    // What it needs is damaged itself: it stays a finding, and another round may do better.
    txn.RollBack(before);
    if (CodeOf(fixed) != Code::kStoreDamaged) status.Update(fixed);
  }
  for (const Lost& lost : lost_) status.Update(WriteLost(lost));
  txn_ = nullptr;
  MARCOT_RETURN_IF_ERROR(status);
  const bool changed = !txn.empty() || txn.counters() != committed.counters();
  return changed ? committed.Commit(txn, true) : absl::OkStatus();
}

absl::Status Repairer::RunRaw(const Fixes& fixes) {
  UndoStorage storage(writable_, undo_);
  const auto batch = storage.NewBatch();
  raw_ = batch.get();
  absl::Status status;
  for (const auto& fix : fixes) status.Update(fix(*this));
  raw_ = nullptr;
  MARCOT_RETURN_IF_ERROR(status);
  return storage.Write(*batch, true);
}

// ---- rows --------------------------------------------------------------------------------------

absl::Status Repairer::Put(Family family, const std::string& key, std::string_view value) {
  txn_->Put(family, key, std::string(value));
  return absl::OkStatus();
}

absl::Status Repairer::Delete(Family family, const std::string& key) {
  txn_->Delete(family, key);
  return absl::OkStatus();
}

absl::Status Repairer::Queue(const Job& job) {
  // Several findings may ask for the same.
  for (const auto& [key, value] : txn_->changes(Family::kReclaim)) {
    if (value.has_value() && *value == core::EncodeJob(job)) return absl::OkStatus();
  }
  txn_->Queue(job);
  return absl::OkStatus();
}

absl::StatusOr<bool> Repairer::Mend(Family family, const std::string& key) {
  std::string sealed, ignored;
  MARCOT_ASSIGN_OR_RETURN(const bool found, GetSealed(storage_, family, key, &sealed));
  if (!found) return false;
  const std::string mended =
      sealed.size() > kMaxMended ? "" : Unflipped(sealed, [&](const std::string& candidate) {
        return storage::CheckSeal(family, key, candidate).ok();
      });
  if (!mended.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const std::string_view value, storage::CheckSeal(family, key, mended));
    txn_->Put(family, key, std::string(value));
    return true;
  }
  const std::string moved = Unflipped(key, [&](const std::string& candidate) {
    return storage::CheckSeal(family, candidate, sealed).ok();
  });
  if (moved.empty()) return false;
  MARCOT_ASSIGN_OR_RETURN(const bool taken, GetSealed(storage_, family, moved, &ignored));
  if (taken) return false;
  MARCOT_ASSIGN_OR_RETURN(const std::string_view value, storage::CheckSeal(family, moved, sealed));
  txn_->Put(family, moved, std::string(value));
  txn_->Delete(family, key);
  return true;
}

absl::StatusOr<bool> Repairer::MendRaw(Family family, const std::string& key) {
  std::string sealed;
  MARCOT_ASSIGN_OR_RETURN(const bool found, GetSealed(storage_, family, key, &sealed));
  if (!found || sealed.size() > kMaxMended) return false;
  if (storage::CheckSeal(family, key, sealed).ok()) return false;
  const std::string mended = Unflipped(sealed, [&](const std::string& candidate) {
    return storage::CheckSeal(family, key, candidate).ok();
  });
  if (mended.empty()) return false;
  raw_->PutSealed(family, key, mended);
  return true;
}

absl::Status Repairer::MoveAway(Family family, const std::string& key) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(family, key));
  if (mended) return absl::OkStatus();
  std::string sealed;
  MARCOT_RETURN_IF_ERROR(GetSealed(storage_, family, key, &sealed).status());
  Lost lost;
  lost.name = absl::StrCat(std::string(storage::FamilyName(family)), "-", Hex(key));
  if (lost.name.size() > kMaxLostName) lost.name.resize(kMaxLostName);
  lost.text = absl::StrCat("A record that did not decode, taken out of the store by a repair.\n",
                           "family ", std::string(storage::FamilyName(family)), "\nkey ", Hex(key),
                           "\nvalue and checksum ", Hex(sealed), "\n");
  if (family == Family::kEntries && key.size() > 9) {
    absl::StrAppend(&lost.text, "It was ", key.substr(9), " in directory ", LoadFixed64(key.data()),
                    ".\n");
    if (sealed.size() > 4) lost.text += Hint(std::string_view(sealed).substr(0, sealed.size() - 4));
  }
  lost_.push_back(std::move(lost));
  return Delete(family, key);
}

// ---- lost-found --------------------------------------------------------------------------------

absl::StatusOr<DirId> Repairer::LostRoot() {
  if (!operations::FindLibrary(*txn_, kLostLibrary).ok()) {
    MARCOT_RETURN_IF_ERROR(operations::CreateLibraryWork(kLostLibrary).Execute(*txn_));
  }
  MARCOT_ASSIGN_OR_RETURN(auto space, operations::FindSpace(*txn_, kLostLibrary, kLostSpace));
  if (!space.has_value()) {
    MARCOT_RETURN_IF_ERROR(operations::CreateSpaceWork(kLostLibrary, kLostSpace).Execute(*txn_));
    MARCOT_ASSIGN_OR_RETURN(space, operations::FindSpace(*txn_, kLostLibrary, kLostSpace));
  }
  return space->root;
}

// Beside the ids of directories (1) and of files (2).
ObjectId Repairer::LostId() { return {3, txn_->NewId()}; }

Entry Repairer::LostFile(const ContentId& content, uint64_t size) {
  Entry entry;
  entry.kind = EntryKind::kFile;
  entry.id = LostId();
  entry.content = content;
  entry.size = size;
  entry.creation_time_ms = entry.modification_time_ms = txn_->now_ms();
  entry.modified = txn_->seq();
  return entry;
}

absl::Status Repairer::AttachLost(const std::string& slot, const Entry& entry) {
  TreeWriter writer(*txn_);
  MARCOT_ASSIGN_OR_RETURN(const DirId root, LostRoot());
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(*txn_, entry));
  MARCOT_RETURN_IF_ERROR(writer.Attach(root, slot, entry));
  if (entry.kind == EntryKind::kDirectory) {
    MARCOT_RETURN_IF_ERROR(writer.SetParent(entry.dir, root));
  }
  MARCOT_RETURN_IF_ERROR(writer.Charge({root}, core::Plus(weight)));
  return writer.CountChild(root, entry.is_directory(), +1);
}

absl::Status Repairer::WriteLost(const Lost& lost) {
  const std::string slot = core::Slot(core::kFileSlot, lost.name);
  MARCOT_ASSIGN_OR_RETURN(const DirId root, LostRoot());
  Entry entry;
  MARCOT_ASSIGN_OR_RETURN(const bool there, core::Lookup(*txn_, {.dir = root}, slot, &entry));
  if (there) return absl::OkStatus();  // the same record, met once more
  const uint64_t blob = txn_->NewId();
  entry = LostFile(operations::HashOf(lost.text), lost.text.size());
  txn_->Put(Family::kChunks, core::PairKey(blob, 0), lost.text);
  txn_->Put(Family::kContents, core::ContentKey(entry.content),
            core::EncodeContent({.count = 1, .size = entry.size, .blob = blob}));
  TreeWriter(*txn_).CountContent(entry.size);
  return AttachLost(slot, entry);
}

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

absl::StatusOr<Seq> Repairer::OldestInHistory(DirId dir) {
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
  node.created = core::kLive;
  const auto rows = txn_->NewCursor(Family::kEntries, {core::IdKey(dir), core::IdKey(dir + 1)});
  for (rows->Seek(core::IdKey(dir)); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, core::DecodeEntry(rows->value()));
    node.created = std::min(node.created, entry.birth);
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  const auto pins = txn_->NewCursor(Family::kPins, {core::IdKey(dir), core::IdKey(dir + 1)});
  pins->Seek(core::IdKey(dir));
  if (pins->Valid()) node.created = std::min(node.created, LoadFixed64(pins->key().data() + 8));
  pins->SeekForPrev(core::PairKey(dir, ~Seq{0}));
  if (pins->Valid()) node.newest_pin = LoadFixed64(pins->key().data() + 8);
  MARCOT_RETURN_IF_ERROR(pins->status());
  MARCOT_ASSIGN_OR_RETURN(const Seq oldest, OldestInHistory(dir));
  node.created = std::min(node.created, oldest);
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

// ---- beside the trees --------------------------------------------------------------------------

absl::Status Repairer::CountContent(const ContentId& id, uint64_t holders, uint64_t size) {
  std::string value;
  const std::string key = core::ContentKey(id);
  MARCOT_ASSIGN_OR_RETURN(const bool found, txn_->Get(Family::kContents, key, &value));
  core::ContentRow row{.count = 0, .size = size, .blob = 0};
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(row, core::DecodeContent(value));
  }
  if (holders > 0) {
    row.count = holders;
    row.size = size;
    return Put(Family::kContents, key, core::EncodeContent(row));
  }
  row.count = 1;
  MARCOT_RETURN_IF_ERROR(Put(Family::kContents, key, core::EncodeContent(row)));
  const Entry entry = LostFile(id, row.size);
  ++txn_->counters().file_records;
  return AttachLost(core::Slot(core::kFileSlot, absl::StrCat("content-", id.Hex())), entry);
}

absl::Status Repairer::AdoptBlob(uint64_t blob, uint64_t chunks, const ContentId& id,
                                 uint64_t size) {
  std::string value;
  const std::string key = core::ContentKey(id);
  MARCOT_ASSIGN_OR_RETURN(const bool found, txn_->Get(Family::kContents, key, &value));
  core::ContentRow row{.count = 1, .size = size, .blob = 0};  // the next round counts
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(row, core::DecodeContent(value));
  }
  if (row.blob != 0) return Queue({Job::Kind::kBlob, blob, chunks, {}});
  row.blob = blob;
  return Put(Family::kContents, key, core::EncodeContent(row));
}

// Each becomes a file of lost-found, which holds the content in its stead.
absl::Status Repairer::AttachVersions(const ObjectId& id) {
  MARCOT_RETURN_IF_ERROR(Delete(Family::kVersions, core::VersionedFileKey(id)));
  const std::string first = core::VersionsKey(id), end = core::VersionKey(id, 0);
  const auto rows = txn_->NewCursor(Family::kVersions, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const core::VersionRecord version, core::DecodeVersion(rows->value()));
    const Seq seq = core::VersionOfKey(rows->key());
    core::TakeVersion(*txn_, id, seq, version);
    Entry entry = LostFile(version.content, version.size);
    entry.modification_time_ms = version.modification_time_ms;
    const std::string name = absl::StrCat("version-", id.Hex(), "-", seq);
    MARCOT_RETURN_IF_ERROR(AttachLost(core::Slot(core::kFileSlot, name), entry));
  }
  return rows->status();
}

absl::Status Repairer::RemakeItem(DirId bin, uint64_t item) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kBin, core::BinItemKey(bin, item)));
  if (mended) return absl::OkStatus();
  Entry entry;
  MARCOT_ASSIGN_OR_RETURN(
      const bool found,
      core::LookupName(*txn_, {.dir = bin}, absl::StrCat(item), core::kFileSlot, &entry));
  if (!found) return Delete(Family::kBin, core::BinItemKey(bin, item));
  core::RecycledRecord record;
  std::string value;
  const auto there = txn_->Get(Family::kBin, core::BinItemKey(bin, item), &value);
  if (there.ok() && *there) {
    if (auto known = core::DecodeRecycled(value); known.ok()) record = *std::move(known);
  }
  // The other orders know a part of it.
  const std::string first = core::IdKey(bin), end = core::IdKey(bin + 1);
  const auto rows = txn_->NewCursor(Family::kBin, {first, end});
  for (rows->Seek(core::BinOrderKey(bin, core::BinOrder::kTime)); rows->Valid(); rows->Next()) {
    const std::string_view key = rows->key();
    if (core::ItemOfBinKey(key) != item) continue;
    const auto order = static_cast<core::BinOrder>(key[8]);
    if (order == core::BinOrder::kTime && record.removal_time_ms == 0) {
      record.removal_time_ms = core::TimeOfSortable(LoadFixed64(key.data() + 9));
    }
    if (order == core::BinOrder::kName && record.path.empty()) {
      record.path = {std::string(key.substr(9, key.size() - 18))};
    }
  }
  if (record.path.empty()) record.path = {absl::StrCat("item-", item)};
  if (record.removal_time_ms == 0) record.removal_time_ms = txn_->now_ms();
  record.type = entry.is_directory() ? EntryType::kDirectory : EntryType::kFile;
  MARCOT_ASSIGN_OR_RETURN(record.totals, core::WeightOf(*txn_, entry));
  return Put(Family::kBin, core::BinItemKey(bin, item), core::EncodeRecycled(record));
}

absl::Status Repairer::RemakeLibrary(const std::string& library) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kSpaces, core::LibraryKey(library)));
  if (mended) return absl::OkStatus();
  // What was set is not known: the settings that let go of the least.
  core::LibraryRecord record;
  record.settings = {.recycle_bin = true,
                     .recycle_days = 10'000,
                     .history = true,
                     .history_versions = 999,
                     .history_days = 0};
  const std::string first = core::SpaceKey(library, "\1");
  const auto rows = txn_->NewCursor(Family::kSpaces, {first, operations::LibraryEnd(library)});
  rows->Seek(first);
  if (rows->Valid()) {
    // Its roots know its id.
    MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord space, core::DecodeSpace(rows->value()));
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn_->GetTotals(space.root));
    record.id = totals.library;
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (record.id == 0) record.id = txn_->NewId();
  return Put(Family::kSpaces, core::LibraryKey(library), core::EncodeLibrary(record));
}

absl::Status Repairer::LinkQuota(const std::string& library, const std::string& space) {
  MARCOT_ASSIGN_OR_RETURN(core::SpaceRecord record,
                          operations::RequireSpace(*txn_, library, space));
  // Where the quota that is charged lists the space, it is the space that says another one.
  MARCOT_ASSIGN_OR_RETURN(const core::Totals charged, txn_->GetTotals(record.root));
  if (charged.account != 0 && charged.account != record.quota) {
    const auto other = operations::FindQuota(*txn_, library, charged.account);
    if (other.ok() && std::count(other->spaces.begin(), other->spaces.end(), space) == 1) {
      record.quota = charged.account;
      return Put(Family::kSpaces, core::SpaceKey(library, space), core::EncodeSpace(record));
    }
  }
  const std::string key = core::QuotaKey(library, record.quota);
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found, txn_->Get(Family::kFacts, key, &value));
  core::QuotaRecord quota;
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(quota, core::DecodeQuota(value));
  } else {
    // What is enforced, and whether the bin counts, is known still.
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn_->GetTotals(record.quota));
    quota.limits.bytes = totals.limits.bytes;
    quota.limits.files = totals.limits.files;
    quota.limits.count_history = totals.limits.count_versions;
    if (record.bin != 0) {
      MARCOT_ASSIGN_OR_RETURN(const core::Totals bin, txn_->GetTotals(record.bin));
      quota.limits.count_recycled = bin.account == record.quota;
    }
  }
  std::erase(quota.spaces, space);
  quota.spaces.push_back(space);
  return Put(Family::kFacts, key, core::EncodeQuota(quota));
}

absl::Status Repairer::UnlinkQuota(const std::string& library, DirId quota,
                                   const std::string& space) {
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::FindSpace(*txn_, library, space));
  if (record.has_value() && record->quota == quota) return absl::OkStatus();
  return operations::LeaveQuota(*txn_, library, quota, space);
}

absl::Status Repairer::LoseChange(DirId root, const std::string& key) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(Family::kChanges, key));
  if (mended) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(MoveAway(Family::kChanges, key));
  core::Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool known, core::FindNode(*txn_, root, &node));
  if (!known) return absl::OkStatus();
  // Of a lost beginning nothing is known: the feed begins anew here.
  const Seq lost = core::SeqOfChangeKey(key);
  std::string since;
  PutVarint(&since, lost == 0 ? txn_->seq() : lost);
  return Put(Family::kChanges, core::ChangeKey(root, 0, 0), since);
}

// ---- what the store is opened with -------------------------------------------------------------

absl::Status Repairer::CountAnew() {
  MARCOT_ASSIGN_OR_RETURN(bool mended, MendRaw(Family::kMeta, std::string(core::kFoldedKey)));
  Findings ignored(false, nullptr);
  for (Rows rows(storage_, nullptr, Family::kTotalsLog, "", "", ignored); rows.Valid();
       rows.Next()) {
    if (!rows.damaged()) continue;
    MARCOT_ASSIGN_OR_RETURN(const bool row_mended,
                            MendRaw(Family::kTotalsLog, std::string(rows.key())));
    mended = mended || row_mended;
  }
  return mended ? absl::OkStatus() : CountAnewFrom(0, 0);
}

// The newest change that the folded totals know: rows of the log up to there are folded.
Seq Repairer::NewestFolded() {
  Seq newest = 0;
  Findings ignored(false, nullptr);
  for (Rows rows(storage_, nullptr, Family::kTotals, "", "", ignored); rows.Valid(); rows.Next()) {
    const auto totals = core::DecodeTotals(rows.value());
    if (rows.damaged() || !totals.ok() || totals->changed >= kNoNumber) continue;
    newest = std::max(newest, totals->changed);
  }
  return newest;
}

// Folds what can be read of the log, and begins behind all numbers that are known. What the
// counters count is corrected in the next round.
absl::Status Repairer::CountAnewFrom(Seq seq, uint64_t next_id) {
  core::LogRow row;
  std::string value;
  const auto found = storage_.Get(Family::kMeta, core::kFoldedKey, nullptr, &value);
  auto folded = core::DecodeLogRow(found.ok() && *found ? value : "");
  if (folded.ok()) {
    row = *std::move(folded);
  } else {
    row.seq = NewestFolded();
  }
  seq = std::max(seq, NewestFolded());
  FoldLog(&row, &seq);
  Findings ignored(false, nullptr);
  for (const Family family : {Family::kNodes, Family::kTotals, Family::kChunks}) {
    const auto rows = storage_.NewCursor(family, {.sealed = true}, nullptr);
    rows->SeekForPrev(core::PairKey(~DirId{0}, ~uint64_t{0}));
    if (!rows->Valid() || rows->key().size() < 8) continue;
    const uint64_t id = LoadFixed64(rows->key().data());
    if (id < kNoNumber) next_id = std::max(next_id, id);
  }
  row.counters.queued = row.counters.queue_head = 0;
  for (Rows rows(storage_, nullptr, Family::kReclaim, "", "", ignored); rows.Valid(); rows.Next()) {
    ++row.counters.queued;
    if (rows.damaged() || rows.key().size() != 16) continue;
    const Seq queued = LoadFixed64(rows.key().data());
    if (queued < kNoNumber) seq = std::max(seq, queued);
  }
  row.seq = (std::max(row.seq, seq) + kNumbersPassed) & ~Seq{1};
  row.counters.next_id = std::max(row.counters.next_id, next_id) + kNumbersPassed;
  raw_->Put(Family::kMeta, core::kFoldedKey, core::EncodeLogRow(row));
  return absl::OkStatus();
}

// Rows of the log that are newer than `row`, the last of them its counters from then on.
void Repairer::FoldLog(core::LogRow* row, Seq* seq) {
  Findings ignored(false, nullptr);
  const std::string first = core::IdKey(row->seq + 1);
  for (Rows rows(storage_, nullptr, Family::kTotalsLog, first, "", ignored); rows.Valid();
       rows.Next()) {
    const Seq logged_seq = rows.key().size() == 8 ? LoadFixed64(rows.key().data()) : 0;
    if (logged_seq < kNoNumber) *seq = std::max(*seq, logged_seq);
    raw_->Delete(Family::kTotalsLog, rows.key());
    const auto logged = core::DecodeLogRow(rows.value());
    if (rows.damaged() || !logged.ok()) continue;
    row->counters = logged->counters;
    for (const auto& [dir, totals] : logged->totals) {
      if (totals.has_value()) {
        raw_->Put(Family::kTotals, core::IdKey(dir), core::EncodeTotals(*totals));
      } else {
        raw_->Delete(Family::kTotals, core::IdKey(dir));
      }
    }
  }
}

// A format that cannot be read is not guessed: a newer release may have written it.
absl::Status Repairer::WriteFormat() {
  for (const std::string_view key : {core::kFormatKey, core::kStoreKey}) {
    MARCOT_ASSIGN_OR_RETURN(const bool mended, MendRaw(Family::kMeta, std::string(key)));
    if (mended) return absl::OkStatus();
  }
  std::string sealed, value;
  MARCOT_ASSIGN_OR_RETURN(const bool there,
                          GetSealed(storage_, Family::kMeta, core::kFormatKey, &sealed));
  if (!there) {
    PutVarint(&value, core::kStoreFormat);
    raw_->Put(Family::kMeta, core::kFormatKey, value);
    return absl::OkStatus();
  }
  if (!storage_.Get(Family::kMeta, core::kFormatKey, nullptr, &value).ok()) {
    return absl::OkStatus();
  }
  std::random_device random;
  value.clear();
  PutFixed64(&value, (uint64_t{random()} << 32) ^ random());
  raw_->Put(Family::kMeta, core::kStoreKey, value);
  return absl::OkStatus();
}

}  // namespace marcot::check

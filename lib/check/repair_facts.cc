// What a repair does beside the trees, and to what a store is opened with.
#include "check/repairer.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/claims.h"
#include "check/rows.h"
#include "core/chunks.h"
#include "core/versions.h"
#include "operations/quotas.h"
#include "operations/spaces.h"

namespace marcot::check {
namespace {

// Numbers that may have been in use, and are known no more, are passed over.
constexpr uint64_t kNumbersPassed = 1 << 20;

}  // namespace

using core::DirId;
using core::Entry;
using core::Job;
using core::Seq;
using storage::Family;

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

absl::Status Repairer::RenumberVersion(const core::VersionName& name) {
  core::VersionRecord record;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          core::FindVersion(*txn_, name.file, name.version, &record));
  if (!found) return absl::OkStatus();
  record.id = txn_->seq();
  txn_->Put(Family::kVersions, core::VersionKey(name.file, name.version),
            core::EncodeVersion(record));
  txn_->Put(Family::kFacts, core::VersionIdKey(record.id), core::EncodeVersionName(name));
  return absl::OkStatus();
}

absl::Status Repairer::DropSummary(DirId dir, Seq changed) {
  const std::string first = core::PairKey(dir, changed), end = core::PairKey(dir, changed + 1);
  const auto rows =
      txn_->NewCursor(Family::kSummaries, {.lower = first, .upper = end, .sealed = true});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_RETURN_IF_ERROR(Delete(Family::kSummaries, std::string(rows->key())));
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
  if (std::exchange(counted_anew_, true)) return absl::OkStatus();
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
  core::TotalsOfDirs totals;
  const std::string first = core::IdKey(row->seq + 1);
  for (Rows rows(storage_, nullptr, Family::kTotalsLog, first, "", ignored); rows.Valid();
       rows.Next()) {
    const Seq logged_seq = rows.key().size() == 8 ? LoadFixed64(rows.key().data()) : 0;
    if (logged_seq < kNoNumber) *seq = std::max(*seq, logged_seq);
    raw_->Delete(Family::kTotalsLog, rows.key());
    const auto logged = core::DecodeLogRow(rows.value());
    if (rows.damaged() || !logged.ok()) continue;
    row->counters = logged->counters;
    // The row that a step goes on from may be lost: the folded totals are the nearest to it.
    for (const core::LoggedChange& change : logged->changes) {
      if (!totals.contains(change.dir)) totals[change.dir] = FoldedTotals(change.dir);
    }
    core::Apply(*logged, &totals).IgnoreError();  // a step of a node that is purged
  }
  for (const auto& [dir, of_dir] : totals) {
    if (of_dir.has_value()) {
      raw_->Put(Family::kTotals, core::IdKey(dir), core::EncodeTotals(*of_dir));
    } else {
      raw_->Delete(Family::kTotals, core::IdKey(dir));
    }
  }
}

core::Totals Repairer::FoldedTotals(DirId dir) const {
  std::string value;
  const auto found = storage_.Get(Family::kTotals, core::IdKey(dir), nullptr, &value);
  const auto totals = core::DecodeTotals(found.ok() && *found ? value : "");
  return totals.ok() ? *totals : core::Totals();
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

#include "core/committed.h"

#include <new>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/txn.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

using storage::Family;

absl::StatusOr<LogRow> ReadFolded(const storage::Storage& storage,
                                  const storage::Snapshot* snapshot) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          storage.Get(Family::kMeta, kFoldedKey, snapshot, &value));
  if (!found) return MakeError(Code::kStoreDamaged, "the store's counters are missing");
  return DecodeLogRow(value);
}

// Calls `visit` for each row of the totals log that is newer than the last fold.
template <typename Visit>
absl::Status ForEachLogRow(const storage::Storage& storage, const storage::Snapshot* snapshot,
                           Seq folded, const Visit& visit) {
  const std::string first = IdKey(folded + 1);
  const auto cursor = storage.NewCursor(Family::kTotalsLog, {.lower = first}, snapshot);
  for (cursor->Seek(first); cursor->Valid(); cursor->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const LogRow row, DecodeLogRow(cursor->value()));
    MARCOT_RETURN_IF_ERROR(visit(row));
  }
  return cursor->status();
}

class FailedCursor final : public storage::Cursor {
 public:
  explicit FailedCursor(absl::Status status) : status_(std::move(status)) {}
  void Seek(std::string_view) override {}
  void SeekForPrev(std::string_view) override {}
  void Next() override {}
  void Prev() override {}
  bool Valid() const override { return false; }
  std::string_view key() const override { return {}; }
  std::string_view value() const override { return {}; }
  absl::Status status() const override { return status_; }

 private:
  const absl::Status status_;
};

LogRow CountersOf(const Txn& txn) { return {txn.seq(), txn.counters(), {}}; }

absl::Status WriteFailed(std::string_view why) {
  return MakeError(Code::kStoreReadOnly,
                   absl::StrCat("a write failed, the store is read-only until it is reopened: ",
                                std::string(why)));
}

bool IsDirectoryKey(std::string_view key) {
  return key.size() > kFixedBytes && key[kFixedBytes] == kDirectorySlot;
}

}  // namespace

Committed::Committed(std::unique_ptr<storage::Storage> storage, size_t cache_bytes)
    : storage_(std::move(storage)),
      batch_(storage_->NewBatch()),
      entries_(std::make_unique<RecordCache>(cache_bytes / 8 * 3)),
      nodes_(std::make_unique<RecordCache>(cache_bytes / 8)),
      pins_(std::make_unique<RecordCache>(cache_bytes / 16)),
      spaces_(std::make_unique<RecordCache>(cache_bytes / 16)),
      lists_(std::make_unique<ListCache>(cache_bytes / 8)),
      totals_(cache_bytes / 8),
      names_(cache_bytes / 8),
      plain_failure_(WriteFailed("memory ran out")) {}

Counters Committed::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

RecordCache::Counts Committed::cache_counts() const {
  const ListCache::Counts lists = lists_->GetCounts();
  RecordCache::Counts sum{lists.hits, lists.misses};
  for (const RecordCache* const cache :
       {entries_.get(), nodes_.get(), pins_.get(), spaces_.get()}) {
    const RecordCache::Counts counts = cache->GetCounts();
    sum.hits += counts.hits;
    sum.misses += counts.misses;
  }
  return sum;
}

RecordCache* Committed::CacheOf(Family family) const {
  switch (family) {
    case Family::kEntries:
      return entries_.get();
    case Family::kNodes:
      return nodes_.get();
    case Family::kSpaces:
      return spaces_.get();
    case Family::kPins:  // each copy of a directory adds an owner, each stat of a copy reads one
      return pins_.get();
    default:
      return nullptr;
  }
}

absl::Status Committed::CheckFormat(bool create, uint64_t random_secret) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(bool found, storage_->Get(Family::kMeta, kFormatKey, nullptr, &value));
  if (!found && !create) {
    return MakeError(Code::kStoreNotFound, "the folder holds a database that is not a store");
  }
  if (!found) {
    std::string format, secret;
    PutVarint(&format, kStoreFormat);
    PutFixed64(&secret, random_secret);
    batch_->Clear();
    batch_->Put(Family::kMeta, kFormatKey, format);
    batch_->Put(Family::kMeta, kStoreKey, secret);
    batch_->Put(Family::kMeta, kFoldedKey, EncodeLogRow({}));
    MARCOT_RETURN_IF_ERROR(storage_->Write(*batch_, true));
    value = format;
  }
  const uint64_t format = Decoder(value).Varint();
  if (format > kStoreFormat) {
    return MakeError(Code::kStoreFormatTooNew,
                     absl::StrCat("the store has format ", format, ", this release reads ",
                                  kStoreFormat, "; use a newer Marcot"));
  }
  if (format < kStoreFormat) {
    return MakeError(Code::kStoreFormatTooOld,
                     absl::StrCat("the store has format ", format, ", this release reads ",
                                  kStoreFormat, "; export it with the Marcot that wrote it"));
  }
  MARCOT_ASSIGN_OR_RETURN(found, storage_->Get(Family::kMeta, kStoreKey, nullptr, &value));
  secret_ = Decoder(value).Fixed64();
  return absl::OkStatus();
}

absl::Status Committed::ReplayLog() {
  MARCOT_ASSIGN_OR_RETURN(LogRow newest, ReadFolded(*storage_, nullptr));
  folded_ = newest.seq;
  TotalsOfDirs logged;
  MARCOT_RETURN_IF_ERROR(ForEachLogRow(*storage_, nullptr, folded_, [&](const LogRow& row) {
    newest = row;
    ++rows_since_fold_;
    return Apply(row, &logged);
  }));
  totals_.Open(logged, newest.seq);
  counters_ = newest.counters;
  queued_ = counters_.queued;
  published_ = newest.seq;
  return absl::OkStatus();
}

// Summaries that cannot be read keep no store closed.
void Committed::FindSummaries() {
  const auto rows = storage_->NewCursor(Family::kSummaries, {.sealed = true}, nullptr);
  rows->Seek("");
  has_summaries_ = rows->Valid() || !rows->status().ok();
}

absl::Status Committed::Open(bool create, uint64_t random_secret) {
  MARCOT_RETURN_IF_ERROR(CheckFormat(create, random_secret));
  FindSummaries();
  return ReplayLog();
}

absl::Status Committed::OpenDamaged() {
  MARCOT_RETURN_IF_ERROR(CheckFormat(false, 0));
  MARCOT_RETURN_IF_ERROR(ReplayLog());
  failure_ = MakeError(Code::kStoreReadOnly,
                       "the store is damaged and open to be read; restore a backup to go on");
  return absl::OkStatus();
}

void Committed::WriteCaches(const Txn& txn) {
  for (const Family family : {Family::kEntries, Family::kNodes, Family::kPins, Family::kSpaces}) {
    RecordCache* const cache = CacheOf(family);
    for (const RowChange* const change : txn.changes(family)) {
      const auto& [key, value] = *change;
      // New files would push out what is looked up again; directories will be walked through.
      const bool insert = value.has_value() && (family != Family::kEntries || IsDirectoryKey(key));
      // Nobody has looked for anything in what this transaction made.
      if (family == Family::kEntries && !insert && txn.IsNew(IdOfKey(key))) continue;
      cache->Write(key, value.value_or(""), txn.seq(), insert);
    }
  }
}

void Committed::WriteLists(const Txn& txn) {
  DirId written = 0;
  for (const RowChange* const change : txn.changes(Family::kEntries)) {
    const DirId dir = IdOfKey(change->key);
    if (dir != written) lists_->Write(dir, txn.seq());
    written = dir;
  }
}

void Committed::AddRecords(const Txn& txn, storage::Batch* batch) {
  for (int i = 0; i < storage::kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    for (const RowChange* const change : txn.changes(family)) {
      if (change->value.has_value()) {
        batch->Put(family, change->key, *change->value);
      } else {
        batch->Delete(family, change->key);
      }
    }
  }
}

void Committed::AddFold(const Txn& txn, storage::Batch* batch) {
  for (const auto& [dir, totals] : totals_.Fold(txn.seq())) {
    if (totals.has_value()) {
      batch->Put(Family::kTotals, IdKey(dir), EncodeTotals(*totals));
    } else {
      batch->Delete(Family::kTotals, IdKey(dir));
    }
  }
  batch->Put(Family::kMeta, kFoldedKey, EncodeLogRow(CountersOf(txn)));
  // Readers begin behind the last fold, so none of them crosses these.
  batch->DeleteRange(Family::kTotalsLog, IdKey(folded_), IdKey(txn.seq()));
  folded_ = txn.seq();
  rows_since_fold_ = 0;
}

void Committed::Fail(std::string_view why) {
  // Made before, since memory may be what has run out.
  failure_ = plain_failure_;
  try {
    failure_ = WriteFailed(why);
  } catch (const std::bad_alloc&) {
  }
}

absl::Status Committed::Commit(Txn& txn, bool sync) {
  row_.seq = txn.seq();
  row_.counters = txn.counters();
  leader_totals_.CopyChanges(&totals_changes_);
  batch_->Clear();
  AddRecords(txn, batch_.get());
  has_summaries_ |= !txn.changes(Family::kSummaries).empty();
  WriteCaches(txn);
  WriteLists(txn);
  const bool fold = totals_.Write(totals_changes_, txn.seq(), &row_.changes);
  if (fold || rows_since_fold_ == kLogRows) {
    AddFold(txn, batch_.get());
  } else {
    row_bytes_.clear();
    AppendLogRow(row_, &row_bytes_);
    batch_->Put(Family::kTotalsLog, IdKey(txn.seq()), row_bytes_);
    ++rows_since_fold_;
  }
  if (absl::Status status = storage_->Write(*batch_, sync); !status.ok()) {
    Fail({status.message().data(), status.message().size()});
    return status;
  }
  leader_totals_.Settle();
  {
    const std::lock_guard lock(counters_mutex_);
    counters_ = txn.counters();
  }
  queued_.store(counters_.queued, std::memory_order_relaxed);
  published_.store(txn.seq(), std::memory_order_release);
  return absl::OkStatus();
}

absl::StatusOr<Counters> StoredCounters(View& view) {
  std::string value;
  MARCOT_RETURN_IF_ERROR(view.Get(Family::kMeta, kFoldedKey, &value).status());
  MARCOT_ASSIGN_OR_RETURN(LogRow newest, DecodeLogRow(value));
  const std::string first = IdKey(newest.seq + 1), last = IdKey(~Seq{0});
  const auto rows = view.NewCursor(Family::kTotalsLog, {.lower = first});
  rows->SeekForPrev(last);
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) {
    MARCOT_ASSIGN_OR_RETURN(newest, DecodeLogRow(rows->value()));
  }
  return newest.counters;
}

std::unique_ptr<HeldSnapshot> Committed::TakeSnapshot() const {
  auto held = std::make_unique<HeldSnapshot>();
  held->published = published();
  held->snapshot = storage_->TakeSnapshot();
  return held;
}

ReadView ReadView::OfCaches(const Committed& committed) {
  return ReadView(committed, committed.published());
}

ReadView ReadView::OfNow(const Committed& committed) {
  std::unique_ptr<HeldSnapshot> own = committed.TakeSnapshot();
  ReadView view = OfSnapshot(committed, *own);
  view.own_ = std::move(own);
  return view;
}

ReadView ReadView::OfSnapshot(const Committed& committed, HeldSnapshot& held) {
  ReadView view(committed, held.published);
  view.held_ = &held;
  view.snapshot_ = held.snapshot.get();
  return view;
}

absl::Status ReadView::Missed() {
  missed_ = true;
  return absl::UnavailableError("");
}

absl::StatusOr<bool> ReadView::Get(Family family, std::string_view key, std::string* value) {
  RecordCache* const cache = committed_.CacheOf(family);
  if (cache != nullptr && cache->Get(key, seq_, value)) return !value->empty();
  if (snapshot_ == nullptr) return Missed();
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          committed_.storage().Get(family, key, snapshot_, value));
  // That a name is not there is worth keeping too: a directory's stat asks for a file of its name.
  if (cache != nullptr) cache->Offer(key, found ? std::string_view(*value) : "", seq_);
  return found;
}

std::unique_ptr<storage::Cursor> ReadView::NewCursor(Family family, const storage::Range& range) {
  ListCache* const lists = family == Family::kEntries ? committed_.lists_.get() : nullptr;
  if (lists != nullptr) {
    if (auto known = lists->NewCursor(range, seq_); known != nullptr) return known;
  }
  if (snapshot_ == nullptr) return std::make_unique<FailedCursor>(Missed());
  auto cursor = committed_.storage().NewCursor(family, range, snapshot_);
  return lists == nullptr ? std::move(cursor) : lists->Kept(std::move(cursor), range, seq_);
}

absl::StatusOr<Totals> ReadView::GetTotals(DirId dir) {
  Totals totals;
  switch (committed_.totals_.Get(dir, seq_, &totals)) {
    case TotalsTable::Answer::kKnown:
      return totals;
    case TotalsTable::Answer::kStored:
      if (snapshot_ == nullptr) return Missed();
      return OfferedTotals(dir);
    case TotalsTable::Answer::kLogged:
      break;
  }
  if (snapshot_ == nullptr) return Missed();
  return TotalsFromLog(dir);
}

absl::StatusOr<Totals> ReadView::OfferedTotals(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, TotalsFromRecord(dir));
  committed_.totals_.Offer(dir, totals, seq_);
  return totals;
}

absl::StatusOr<Totals> ReadView::TotalsFromRecord(DirId dir) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          committed_.storage().Get(Family::kTotals, IdKey(dir), snapshot_, &value));
  if (!found) return Totals{};
  return DecodeTotals(value);
}

absl::StatusOr<Totals> ReadView::TotalsFromLog(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const auto* const logged,
                          held_->logged.Get(committed_.storage(), snapshot_, dir));
  if (logged != nullptr) return logged->value_or(Totals{});
  return TotalsFromRecord(dir);
}

absl::StatusOr<const std::optional<Totals>*> LoggedTotals::Get(const storage::Storage& storage,
                                                               const storage::Snapshot* snapshot,
                                                               DirId dir) {
  std::call_once(once_, [&] { status_ = Load(storage, snapshot); });
  MARCOT_RETURN_IF_ERROR(status_);
  const auto it = totals_.find(dir);
  return it == totals_.end() ? nullptr : &it->second;
}

absl::Status LoggedTotals::Load(const storage::Storage& storage,
                                const storage::Snapshot* snapshot) {
  MARCOT_ASSIGN_OR_RETURN(const LogRow folded, ReadFolded(storage, snapshot));
  return ForEachLogRow(storage, snapshot, folded.seq,
                       [&](const LogRow& row) { return Apply(row, &totals_); });
}

}  // namespace marcot::core

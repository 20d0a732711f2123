#include "core/txn.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "core/lookup.h"
#include "core/overlay_cursor.h"

namespace marcot::core {

using storage::Family;

namespace {

constexpr size_t kMaxDecodedNodes = 1u << 14;

}  // namespace

Txn::Txn(Committed& committed, int64_t now_ms)
    : committed_(committed),
      now_ms_(now_ms),
      seq_(committed.published()),
      counters_(committed.counters_) {
  totals().Begin();
}

Txn::~Txn() {
  totals().Forget();
  committed_.arena_.Clear();
}

Txn::Savepoint Txn::Mark() {
  recording_ = !empty();
  return {seq_, counters_, tally_, undo_.size(), totals_undo_.size(), !recording_};
}

void Txn::Settle() {
  undo_.clear();
  totals_undo_.clear();
}

void Txn::RollBack(const Savepoint& savepoint) {
  walks().Clear();
  committed_.decoded_nodes_.clear();
  pin_gaps().Clear();
  if (savepoint.empty) {
    for (Changes& changes : changes_) changes.clear();
    totals().Forget();
    undo_.clear();
    totals_undo_.clear();
  }
  for (; undo_.size() > savepoint.undo; undo_.pop_back()) {
    const Undo& undo = undo_.back();
    Changes& changes = changes_[static_cast<size_t>(undo.family)];
    if (undo.existed) {
      undo.change->value = undo.value;
    } else {
      changes.erase(undo.change);
    }
  }
  for (; totals_undo_.size() > savepoint.totals_undo; totals_undo_.pop_back()) {
    const TotalsUndo& undo = totals_undo_.back();
    if (undo.before.changed) {
      undo.cell->totals = undo.before.totals;
    } else {
      totals().ForgetLast();
    }
  }
  seq_ = savepoint.seq;
  counters_ = savepoint.counters;
  tally_ = savepoint.tally;
}

bool Txn::empty() const {
  return !totals().any_changed() &&
         std::all_of(changes_.begin(), changes_.end(),
                     [](const Changes& changes) { return changes.empty(); });
}

absl::StatusOr<bool> Txn::Get(Family family, std::string_view key, std::string* value) {
  const Changes& overlay = changes(family);
  if (!overlay.empty()) {
    const auto it = overlay.find(key);
    if (it != overlay.end()) {
      const RowChange& change = **it;
      if (change.value.has_value()) value->assign(*change.value);
      return change.value.has_value();
    }
  }
  // What this group made has no entries but the overlay's.
  if (family == Family::kEntries && IsNew(IdOfKey(key))) return false;
  RecordCache* const cache = committed_.CacheOf(family);
  const Seq published = committed_.published();
  if (cache != nullptr && cache->Get(key, published, value)) return !value->empty();
  read_nodes_ |= family == Family::kNodes;
  MARCOT_ASSIGN_OR_RETURN(const bool found, committed_.storage().Get(family, key, nullptr, value));
  if (found && cache != nullptr) cache->Offer(key, *value, published);
  return found;
}

std::unique_ptr<storage::Cursor> Txn::NewCursor(Family family, const storage::Range& range) {
  return OverlayCursor(committed_.storage().NewCursor(family, range, nullptr), changes(family),
                       range);
}

absl::StatusOr<bool> Txn::FindNode(DirId dir, Node* node) {
  auto& known = committed_.decoded_nodes_;
  if (const auto it = known.find(dir); it != known.end()) {
    *node = it->second;
    return true;
  }
  MARCOT_ASSIGN_OR_RETURN(const bool found, View::FindNode(dir, node));
  if (!found) return false;
  if (known.size() >= kMaxDecodedNodes) known.clear();
  known.emplace(dir, *node);
  return true;
}

absl::StatusOr<const Node*> Txn::PeekNode(DirId dir) {
  const auto& known = committed_.decoded_nodes_;
  auto it = known.find(dir);
  if (it == known.end()) {
    MARCOT_RETURN_IF_ERROR(GetNode(*this, dir).status());  // which makes it known
    it = known.find(dir);
  }
  return &it->second;
}

absl::StatusOr<LeaderTotals::Cell*> Txn::CellOf(DirId dir) {
  LeaderTotals::Cell* const known = totals().Find(dir);
  return known != nullptr ? known : LoadCell(dir);
}

absl::StatusOr<LeaderTotals::Cell*> Txn::LoadCell(DirId dir) {
  Totals now;
  const Seq published = committed_.published();
  if (committed_.totals_.Get(dir, published, &now) != TotalsTable::Answer::kKnown) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            committed_.storage().Get(Family::kTotals, IdKey(dir), nullptr, &value));
    if (found) {
      MARCOT_ASSIGN_OR_RETURN(now, DecodeTotals(value));
    }
    committed_.totals_.Offer(dir, now, published);
  }
  return &totals().Add(dir, now);
}

absl::StatusOr<LeaderTotals::Path> Txn::LoadPath(const DirPath& dirs) {
  LeaderTotals::Path path;
  for (const DirId dir : dirs) {
    MARCOT_ASSIGN_OR_RETURN(LeaderTotals::Cell* const cell, CellOf(dir));
    path.push_back(cell);
  }
  return path;
}

absl::StatusOr<Totals> Txn::GetTotals(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const LeaderTotals::Cell* const cell, CellOf(dir));
  return cell->totals.value_or(Totals{});
}

absl::StatusOr<const Totals*> Txn::PeekTotals(DirId dir) {
  static const Totals kNone;
  MARCOT_ASSIGN_OR_RETURN(const LeaderTotals::Cell* const cell, CellOf(dir));
  return cell->totals.has_value() ? &*cell->totals : &kNone;
}

absl::StatusOr<Totals*> Txn::MutableTotals(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(LeaderTotals::Cell* const cell, CellOf(dir));
  BeginChange(dir, cell);
  if (!cell->totals.has_value()) cell->totals.emplace();
  return &*cell->totals;
}

// The bulk of what is written: both are made where they stay.
void Txn::PutEntry(DirId dir, std::string_view slot, const Entry& entry, Seq birth) {
  Arena& arena = committed_.arena_;
  char* const key = arena.Room(kFixedBytes + slot.size());
  WriteBytes(WriteFixed64(key, dir), slot);
  const std::string_view kept_key = arena.Take(kFixedBytes + slot.size());
  char* const value = arena.Room(MaxEntryBytes(entry));
  Set(Family::kEntries, kept_key, arena.Take(WriteEntry(entry, birth, value) - value));
}

void Txn::Set(Family family, std::string_view key, std::optional<std::string_view> value) {
  if (family == Family::kNodes) committed_.decoded_nodes_.erase(IdOfKey(key));
  if (family == Family::kEntries && value.has_value()) names().Add(key);
  if (family == Family::kPins && value.has_value()) {
    pin_gaps().AddPin(LoadFixed64(key.data()), LoadFixed64(key.data() + 8));
  }
  Changes& overlay = changes_[static_cast<size_t>(family)];
  const size_t before = overlay.size();
  // Names mostly come in order, and then belong at the end.
  RowChange* const change =
      *overlay.insert(overlay.end(), committed_.arena_.Make<RowChange>({key, value}));
  const bool existed = overlay.size() == before;
  if (recording_) undo_.push_back({family, change, existed, change->value});
  change->value = value;
}

void Txn::SetTotals(DirId dir, const std::optional<Totals>& now) {
  LeaderTotals::Cell* cell = totals().Find(dir);
  // What it replaces matters to nobody: a rollback lets go of a cell that was not known.
  if (cell == nullptr) cell = &totals().Add(dir, std::nullopt);
  BeginChange(dir, cell);
  cell->totals = now;
}

void Txn::Queue(const Job& job) {
  Put(Family::kReclaim, PairKey(seq_, job_number_++), EncodeJob(job));
  ++counters_.queued;
}

void Txn::FinishJob(std::string_view key) {
  Delete(Family::kReclaim, key);
  if (--counters_.queued == 0) counters_.pending = 0;
}

}  // namespace marcot::core

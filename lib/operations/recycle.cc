// The recycle bin. It is a tree beside the space's own, so that a copy never holds it: deleting is
// a move into it, restoring a move out. Beside the tree there is a row an item and order, so that
// pages of the bin are read from where they begin.
#include "operations/recycle.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/runner.h"
#include "operations/spaces.h"

namespace marcot::operations {
namespace {

using core::BinOrder;
using core::RecycledRecord;
using storage::Family;

constexpr BinOrder kSortedOrders[] = {BinOrder::kTime, BinOrder::kName, BinOrder::kSize};

void PutItem(core::Txn& txn, core::DirId bin, uint64_t item, const RecycledRecord& record) {
  txn.Put(Family::kBin, core::BinItemKey(bin, item), core::EncodeRecycled(record));
  for (const BinOrder order : kSortedOrders) {
    txn.Put(Family::kBin, core::BinKey(bin, order, item, record), "");
  }
}

void DeleteItem(core::Txn& txn, core::DirId bin, uint64_t item, const RecycledRecord& record) {
  txn.Delete(Family::kBin, core::BinItemKey(bin, item));
  for (const BinOrder order : kSortedOrders) {
    txn.Delete(Family::kBin, core::BinKey(bin, order, item, record));
  }
}

}  // namespace

std::string ItemName(uint64_t item) { return absl::StrCat(item); }

absl::StatusOr<RecycledRecord> FindItem(core::View& view, core::DirId bin, uint64_t item) {
  std::string value;
  if (bin != 0) {
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            view.Get(Family::kBin, core::BinItemKey(bin, item), &value));
    if (found) return core::DecodeRecycled(value);
  }
  return MakeError(Code::kRecycledItemNotFound,
                   absl::StrCat("no item ", item, " in the recycle bin; list it anew"));
}

absl::StatusOr<Placed> Runner::Recycle(const Nodes& nodes) {
  MARCOT_ASSIGN_OR_RETURN(const DirId bin,
                          RequireTree(txn_, op_.library, op_.space, &core::SpaceRecord::bin));
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn_, source_));
  MARCOT_RETURN_IF_ERROR(TakeAway(nodes, name_, true));
  const uint64_t item = txn_.seq();
  PutItem(txn_, bin, item,
          {.type = SourceType(),
           .removal_time_ms = txn_.now_ms(),
           .totals = weight,
           .path = op_.path,
           .user = op_.user});
  Placed placed = Answer(source_.id);
  placed.recycled_item = item;
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kRecycled, SourceType(), source_.id, item));
  target_ = {bin};
  name_ = ItemName(item);
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(source_));
  return placed;
}

// A path whose directory is gone becomes its last name in the root.
absl::Status Runner::FallBackToRoot(Operation* move) {
  if (move->path.size() < 2) return absl::OkStatus();
  const std::vector<std::string> parent(move->path.begin(), move->path.end() - 1);
  MARCOT_ASSIGN_OR_RETURN(const Resolved found,
                          Resolve(txn_, op_.root, parent, core::kDirectorySlot));
  const bool there = found.outcome == Resolved::Outcome::kFound && found.entry.is_directory();
  if (!there) move->path = {move->path.back()};
  return absl::OkStatus();
}

absl::StatusOr<Placed> Runner::Restore() {
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord space, SpaceOf());
  MARCOT_ASSIGN_OR_RETURN(RecycledRecord item, FindItem(txn_, space.bin, op_.item));
  Operation move = op_;
  move.kind = Operation::Kind::kMove;
  move.from_root = space.bin;
  move.from.insert(move.from.begin(), ItemName(op_.item));
  MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, space.bin, move.from));
  if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.from);
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn_, found.entry));
  if (move.path.empty()) {
    move.path = item.path;
    move.path.insert(move.path.end(), op_.from.begin(), op_.from.end());
  }
  if (op_.strategy == Strategy::kDefault) move.strategy = Strategy::kRename;
  if (op_.strategy == Strategy::kOverwrite && found.entry.is_directory()) {
    move.strategy = Strategy::kAsk;  // a directory replaces nothing
  }
  move.create_missing = op_.missing_parents == MissingParents::kCreate;
  if (op_.missing_parents == MissingParents::kUseRoot)
    MARCOT_RETURN_IF_ERROR(FallBackToRoot(&move));
  MARCOT_ASSIGN_OR_RETURN(Placed placed, Runner(move, limits_, txn_, hints_).Run());
  if (!placed.renamed) placed.path = std::move(move.path);
  DeleteItem(txn_, space.bin, op_.item, item);
  if (op_.from.empty()) return placed;
  item.totals.bytes -= weight.bytes;
  item.totals.files -= weight.files;
  item.totals.directories -= weight.directories;
  PutItem(txn_, space.bin, op_.item, item);
  return placed;
}

absl::StatusOr<Placed> Runner::Purge() {
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord space, SpaceOf());
  MARCOT_ASSIGN_OR_RETURN(const RecycledRecord item, FindItem(txn_, space.bin, op_.item));
  const std::string name = ItemName(op_.item);
  MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, space.bin, {name}));
  if (found.outcome != Resolved::Outcome::kFound) {
    return MakeError(Code::kStoreDamaged, absl::StrCat("recycled item ", name, " is lost"));
  }
  source_ = found.entry;
  MARCOT_RETURN_IF_ERROR(TakeAway({space.bin}, name, false));
  DeleteItem(txn_, space.bin, op_.item, item);
  Placed placed = Answer(source_.id);
  placed.path = item.path;
  return placed;
}

// A new bin takes the place of the old one, at the next deletion.
absl::StatusOr<Placed> Runner::EmptyBin() {
  MARCOT_ASSIGN_OR_RETURN(core::SpaceRecord space, SpaceOf());
  MARCOT_RETURN_IF_ERROR(writer_.Charge({op_.root}, {}));
  if (space.bin == 0) return Answer({});
  MARCOT_RETURN_IF_ERROR(KillRoot(txn_, writer_, space.bin));
  QueueRows(txn_, Family::kBin, space.bin, core::IdKey(space.bin + 1));
  space.bin = 0;
  txn_.Put(Family::kSpaces, core::SpaceKey(op_.library, op_.space), core::EncodeSpace(space));
  return Answer({});
}

RecycledItem ShownItem(uint64_t id, const RecycledRecord& record, uint32_t days) {
  RecycledItem item;
  item.id = id;
  item.type = record.type;
  item.path = record.path;
  item.user = record.user;
  item.removal_time_ms = record.removal_time_ms;
  item.expiry_time_ms = record.removal_time_ms + int64_t{days} * kMsPerDay;
  item.size = record.totals.bytes;
  item.totals = record.totals;
  return item;
}

}  // namespace marcot::operations

// Named snapshots: references in a tree beside the space's own, by name.
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/runner.h"
#include "operations/spaces.h"

namespace marcot::operations {

using core::Entry;
using storage::Family;

absl::StatusOr<Placed> Runner::TakeSnapshot() {
  source_.kind = core::EntryKind::kDirectory;
  source_.dir = op_.root;
  if (!op_.path.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const Resolved found,
                            Resolve(txn_, op_.root, op_.path, core::kDirectorySlot));
    if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
    source_ = found.entry;
  }
  if (!source_.is_directory()) {
    return MakeError(Code::kFileTypeNotMatched,
                     absl::StrCat(JoinPath(op_.path), " is a file; snapshots are of directories"));
  }
  MARCOT_ASSIGN_OR_RETURN(const DirId snapshots,
                          RequireTree(txn_, op_.library, op_.space, &core::SpaceRecord::snapshots));
  const std::string slot = core::Slot(core::kDirectorySlot, op_.snapshot);
  MARCOT_ASSIGN_OR_RETURN(Entry entry, ReferenceToSource());
  MARCOT_RETURN_IF_ERROR(writer_.Hold(entry));
  const ObjectId random = RandomId();
  entry.id = entry.id ^ random;
  entry.context = entry.context ^ random;
  entry.creation_time_ms = txn_.now_ms();
  target_ = {snapshots};
  name_ = op_.snapshot;
  Entry old;
  MARCOT_ASSIGN_OR_RETURN(slots_, writer_.FindChild(snapshots, name_, &old));
  if (slots_ == core::TreeWriter::Slots::kTaken) {
    return MakeError(
        Code::kDuplicateSnapshot,
        absl::StrCat("a snapshot ", name_, " exists; delete it or choose another name"));
  }
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(entry));
  txn_.Put(Family::kFacts, core::SnapshotKey(snapshots, name_),
           core::EncodeSnapshot({.creation_time_ms = txn_.now_ms(),
                                 .expiry_time_ms = op_.expiry_time_ms,
                                 .path = op_.path}));
  if (op_.expiry_time_ms != 0) {
    txn_.Put(Family::kFacts, core::SnapshotExpiryKey(op_.expiry_time_ms, snapshots, name_), "");
  }
  Placed placed;
  placed.id = entry.id;
  placed.seq = txn_.seq();
  return placed;
}

absl::StatusOr<Placed> Runner::DeleteSnapshot() {
  MARCOT_ASSIGN_OR_RETURN(const TreeAt tree, FindTree(txn_, op_.library, op_.space,
                                                      Tree{.named_snapshot = op_.snapshot}));
  MARCOT_RETURN_IF_ERROR(DropSnapshot(txn_, writer_, tree.root, tree.name));
  return Answer({});
}

absl::Status DropSnapshot(core::Txn& txn, core::TreeWriter& writer, core::DirId snapshots,
                          const std::string& name) {
  std::string value, key = core::SnapshotKey(snapshots, name);
  MARCOT_ASSIGN_OR_RETURN(const bool kept, txn.Get(Family::kFacts, key, &value));
  MARCOT_ASSIGN_OR_RETURN(const auto old,
                          writer.Detach(snapshots, core::Slot(core::kDirectorySlot, name)));
  if (!kept || !old.found) {
    return MakeError(Code::kStoreDamaged, absl::StrCat("named snapshot ", name, " is lost"));
  }
  MARCOT_ASSIGN_OR_RETURN(const core::SnapshotRecord record, core::DecodeSnapshot(value));
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn, old.entry));
  MARCOT_RETURN_IF_ERROR(writer.Drop(old.entry));
  MARCOT_RETURN_IF_ERROR(writer.Charge({snapshots}, core::Minus(weight).WithChild(true, -1)));
  txn.Delete(Family::kFacts, key);
  if (record.expiry_time_ms != 0) {
    txn.Delete(Family::kFacts, core::SnapshotExpiryKey(record.expiry_time_ms, snapshots, name));
  }
  return absl::OkStatus();
}

}  // namespace marcot::operations

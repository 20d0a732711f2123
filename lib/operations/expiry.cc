#include "operations/expiry.h"

#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "operations/changes.h"
#include "operations/recycle.h"
#include "operations/spaces.h"

namespace marcot::operations {

using storage::Family;

absl::StatusOr<std::vector<SpaceName>> SpacesAfter(core::View& view, const SpaceName& last) {
  std::vector<SpaceName> spaces;
  const std::string from = core::SpaceKey(last.library, last.space);
  const auto rows = view.NewCursor(Family::kSpaces, {});
  rows->Seek(last.library.empty() ? "" : from);
  for (; rows->Valid() && spaces.size() < kExpirySlice; rows->Next()) {
    const size_t end = rows->key().find('\0');
    if (rows->key() == from || end + 1 == rows->key().size()) continue;  // a library's own row
    MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, core::DecodeSpace(rows->value()));
    spaces.push_back({std::string(rows->key().substr(0, end)),
                      std::string(rows->key().substr(end + 1)), record});
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return spaces;
}

absl::StatusOr<std::vector<uint64_t>> DueItems(core::View& view, const SpaceName& space,
                                               int64_t now_ms) {
  std::vector<uint64_t> items;
  const core::DirId bin = space.record.bin;
  if (bin == 0) return items;
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, FindLibrary(view, space.library));
  const int64_t due = now_ms - int64_t{RecycleDays(space.record, library)} * kMsPerDay;
  const std::string first = core::BinOrderKey(bin, core::BinOrder::kTime);
  std::string end = first;
  PutFixed64(&end, core::SortableTime(due) + 1);
  const auto rows = view.NewCursor(Family::kBin, {first, end});
  for (rows->Seek(first); rows->Valid() && items.size() < kExpirySlice; rows->Next()) {
    items.push_back(core::ItemOfBinKey(rows->key()));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return items;
}

absl::Status ExpiryWork::Execute(core::Txn& txn) {
  dropped_ = 0;
  more_ = false;
  return ExpireSlice(txn);
}

absl::Status ExpireSnapshotsWork::ExpireSlice(core::Txn& txn) {
  std::string end(core::kSnapshotExpiries);
  PutFixed64(&end, core::SortableTime(txn.now_ms()) + 1);
  const auto rows = txn.NewCursor(Family::kFacts, {core::kSnapshotExpiries, end});
  core::TreeWriter writer(txn);
  for (rows->Seek(core::kSnapshotExpiries); rows->Valid(); rows->Next()) {
    more_ = dropped_ == kExpirySlice;
    if (more_) break;
    const core::DirId snapshots = core::SnapshotsOfExpiryKey(rows->key());
    const std::string name(core::NameOfExpiryKey(rows->key()));
    MARCOT_RETURN_IF_ERROR(DropSnapshot(txn, writer, snapshots, name));
    ++dropped_;
  }
  return rows->status();
}

absl::Status ExpireChangesWork::ExpireSlice(core::Txn& txn) {
  const core::DirId root = space_.record.root;
  const int64_t due = txn.now_ms() - int64_t{space_.record.settings.change_feed_days} * kMsPerDay;
  MARCOT_ASSIGN_OR_RETURN(core::Seq since, ChangesSince(txn, root));
  const std::string first = core::ChangeKey(root, since + 1, 0), end = core::IdKey(root + 1);
  const auto rows = txn.NewCursor(Family::kChanges, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const Change change, core::DecodeChange(rows->value()));
    if (change.time_ms > due) break;
    // Changes of one operation go together.
    const core::Seq seq = core::SeqOfChangeKey(rows->key());
    more_ = dropped_ >= kExpirySlice && seq != since;
    if (more_) break;
    since = seq;
    txn.Delete(Family::kChanges, rows->key());
    ++dropped_;
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (dropped_ == 0) return absl::OkStatus();
  std::string value;
  PutVarint(&value, since);
  txn.Put(Family::kChanges, core::ChangeKey(root, 0, 0), value);
  return absl::OkStatus();
}

}  // namespace marcot::operations

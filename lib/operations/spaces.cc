#include "operations/spaces.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/facts.h"
#include "core/tree_writer.h"
#include "marcot/error.h"
#include "operations/operation.h"
#include "operations/quotas.h"
#include "operations/recycle.h"

namespace marcot::operations {
namespace {

using core::DirId;
using storage::Family;

std::string Shown(std::string_view library, std::string_view space) {
  return absl::StrCat(std::string(library), "/", std::string(space));
}

constexpr uint32_t kMaxRecycleDays = 10'000;
constexpr uint32_t kMaxChangeFeedDays = 3'650;

absl::Status CheckRange(std::string_view what, uint32_t value, uint32_t low, uint32_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, absl::StrCat(std::string(what), " of ", value, "; ", low,
                                                     " to ", high, " is allowed"));
}

// The feed holds what comes behind the seq in its first row. Turned off, its rows are let go of up
// to here: it may be on again before that is done.
void StartChanges(core::Txn& txn, DirId root, bool on) {
  std::string since;
  PutVarint(&since, txn.seq());
  txn.Put(Family::kChanges, core::ChangeKey(root, 0, 0), since);
  if (on) return;
  // But not the first row, which then says from where on the feed is kept again.
  const std::string behind = core::ChangeKey(root, 1, 0);
  QueueRows(txn, Family::kChanges, root, core::ChangeKey(root, txn.seq(), 0), behind);
}

// All of a space that is deleted.
absl::Status DeleteSnapshotRows(core::Txn& txn, DirId snapshots) {
  const std::string first = core::SnapshotKey(snapshots, ""),
                    end = core::SnapshotKey(snapshots + 1, "");
  const auto rows = txn.NewCursor(Family::kFacts, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const core::SnapshotRecord record, core::DecodeSnapshot(rows->value()));
    const std::string_view name = rows->key().substr(first.size());
    if (record.expiry_time_ms != 0) {
      txn.Delete(Family::kFacts, core::SnapshotExpiryKey(record.expiry_time_ms, snapshots, name));
    }
    txn.Delete(Family::kFacts, rows->key());
  }
  return rows->status();
}

}  // namespace

std::string LibraryEnd(std::string_view library) { return std::string(library) + '\1'; }

void QueueRows(core::Txn& txn, Family family, DirId dir, std::string_view end,
               std::string_view begin) {
  std::string cursor;
  PutString(&cursor, end);
  cursor += begin;
  txn.Queue({core::Job::Kind::kRows, dir, static_cast<uint64_t>(family), std::move(cursor)});
}

absl::Status CheckSpaceId(std::string_view id, bool library) {
  if (id == "-" && !library) return absl::OkStatus();
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (id.size() >= 2 && id.size() <= 32 && id.front() != '-' && id.back() != '-' &&
      std::all_of(id.begin(), id.end(), legal)) {
    return absl::OkStatus();
  }
  return MakeError(Code::kSpaceIdInvalid,
                   absl::StrCat("\"", std::string(id.substr(0, 64)),
                                "\": an id is 2..32 of a-z, 0-9 and -, with no - at an end"));
}

absl::Status CheckWithin(std::span<const std::string> spaces, std::span<const std::string> within) {
  if (within.empty()) return absl::OkStatus();
  for (const std::string& space : spaces) {
    if (std::find(within.begin(), within.end(), space) != within.end()) continue;
    return MakeError(
        Code::kAccessTokenNotMatchSpace,
        absl::StrCat("the session is not for the space ", space, "; open one that is for it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<core::SpaceRecord>> FindSpace(core::View& view,
                                                           std::string_view library,
                                                           std::string_view space) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kSpaces, core::SpaceKey(library, space), &value));
  if (!found || space.empty()) return std::nullopt;
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, core::DecodeSpace(value));
  return record;
}

absl::StatusOr<core::SpaceRecord> RequireSpace(core::View& view, std::string_view library,
                                               std::string_view space) {
  MARCOT_ASSIGN_OR_RETURN(const auto record, FindSpace(view, library, space));
  if (record.has_value()) return *record;
  return MakeError(Code::kSpaceNotFound,
                   absl::StrCat("no space ", Shown(library, space), "; create it first"));
}

absl::StatusOr<core::LibraryRecord> FindLibrary(core::View& view, std::string_view library) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kSpaces, core::LibraryKey(library), &value));
  if (found) return core::DecodeLibrary(value);
  return MakeError(Code::kLibraryNotFound,
                   absl::StrCat("no library ", std::string(library), "; create it first"));
}

bool BinIsOn(const core::SpaceRecord& space, const core::LibraryRecord& library) {
  return space.settings.recycle_bin.value_or(library.settings.recycle_bin);
}

uint32_t RecycleDays(const core::SpaceRecord& space, const core::LibraryRecord& library) {
  return space.settings.recycle_days.value_or(library.settings.recycle_days);
}

absl::StatusOr<TreeAt> FindTree(core::View& view, std::string_view library, std::string_view space,
                                const Tree& tree) {
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, RequireSpace(view, library, space));
  if (tree.recycled_item != 0) {
    MARCOT_RETURN_IF_ERROR(FindItem(view, record.bin, tree.recycled_item).status());
    return TreeAt{record.bin, ItemName(tree.recycled_item)};
  }
  std::string value;
  if (record.snapshots != 0) {
    const std::string key = core::SnapshotKey(record.snapshots, tree.named_snapshot);
    MARCOT_ASSIGN_OR_RETURN(const bool found, view.Get(Family::kFacts, key, &value));
    if (found) return TreeAt{record.snapshots, tree.named_snapshot};
  }
  return MakeError(Code::kSnapshotNotFound,
                   absl::StrCat("no snapshot ", tree.named_snapshot, " of the space ",
                                Shown(library, space), "; list its snapshots"));
}

absl::StatusOr<core::DirId> RequireTree(core::Txn& txn, std::string_view library,
                                        std::string_view space,
                                        core::DirId core::SpaceRecord::*root) {
  MARCOT_ASSIGN_OR_RETURN(core::SpaceRecord record, RequireSpace(txn, library, space));
  DirId& dir = record.*root;
  if (dir != 0) return dir;
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord owner, FindLibrary(txn, library));
  MARCOT_ASSIGN_OR_RETURN(dir, NewRoot(txn, owner.id));
  if (root == &core::SpaceRecord::bin && record.quota != 0) {
    MARCOT_RETURN_IF_ERROR(CountBin(txn, library, record));
  }
  txn.Put(Family::kSpaces, core::SpaceKey(library, space), core::EncodeSpace(record));
  return dir;
}

absl::StatusOr<core::DirId> NewRoot(core::Txn& txn, uint64_t library) {
  const core::DirId root = core::TreeWriter(txn).NewEmptyNode(0);
  MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn.MutableTotals(root));
  totals->library = library;
  return root;
}

absl::Status KillRoot(core::Txn& txn, core::TreeWriter& writer, core::DirId root) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn.GetTotals(root));
  MARCOT_RETURN_IF_ERROR(
      writer.ChargeAccount(totals.account, core::Minus(core::WeightBelow(totals))));
  // Handles that are open must see at once that it is gone.
  MARCOT_ASSIGN_OR_RETURN(core::Node node, core::GetNode(txn, root));
  node.live = false;
  txn.Put(Family::kNodes, core::IdKey(root), core::EncodeNode(node));
  return writer.KillTree(root);
}

absl::Status CreateLibraryWork::Execute(core::Txn& txn) {
  if (FindLibrary(txn, library_).ok()) {
    return MakeError(Code::kDuplicateLibrary,
                     absl::StrCat("the library ", std::string(library_), " exists"));
  }
  txn.Put(Family::kSpaces, core::LibraryKey(library_),
          core::EncodeLibrary({.id = txn.NewId(), .tightened = 0, .settings = {}}));
  return absl::OkStatus();
}

absl::Status DeleteLibraryWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(FindLibrary(txn, library_).status());
  const std::string first = core::LibraryKey(library_), end = LibraryEnd(library_);
  const auto rows = txn.NewCursor(Family::kSpaces, {first, end});
  rows->Seek(first);
  if (rows->Valid()) rows->Next();
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) {
    return MakeError(Code::kLibraryNotEmpty, absl::StrCat("the library ", std::string(library_),
                                                          " still holds spaces; delete them"));
  }
  txn.Delete(Family::kSpaces, first);
  return absl::OkStatus();
}

absl::Status CreateSpaceWork::Execute(core::Txn& txn) {
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, FindLibrary(txn, library_));
  MARCOT_ASSIGN_OR_RETURN(const auto existing, FindSpace(txn, library_, space_));
  if (existing.has_value()) {
    return MakeError(Code::kDuplicateSpace,
                     absl::StrCat("the space ", Shown(library_, space_), " exists"));
  }
  MARCOT_ASSIGN_OR_RETURN(record_.root, NewRoot(txn, library.id));
  record_.creation_time_ms = txn.now_ms();
  txn.Put(Family::kSpaces, core::SpaceKey(library_, space_), core::EncodeSpace(record_));
  return absl::OkStatus();
}

absl::Status DeleteSpaceWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(FindLibrary(txn, library_).status());
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, RequireSpace(txn, library_, space_));
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn.GetTotals(record.root));
  if (!force_ && totals.files + totals.directories > 0) {
    return MakeError(Code::kSpaceNotEmpty, absl::StrCat("the space ", Shown(library_, space_),
                                                        " holds entries; delete with force"));
  }
  core::TreeWriter writer(txn);
  for (const core::DirId root : {record.root, record.bin, record.snapshots}) {
    if (root != 0) MARCOT_RETURN_IF_ERROR(KillRoot(txn, writer, root));
  }
  if (record.bin != 0) QueueRows(txn, Family::kBin, record.bin, core::IdKey(record.bin + 1));
  QueueRows(txn, Family::kChanges, record.root, core::IdKey(record.root + 1));
  if (record.snapshots != 0) {
    MARCOT_RETURN_IF_ERROR(DeleteSnapshotRows(txn, record.snapshots));
  }
  if (record.quota != 0) {
    MARCOT_RETURN_IF_ERROR(LeaveQuota(txn, library_, record.quota, space_));
  }
  txn.Delete(Family::kSpaces, core::SpaceKey(library_, space_));
  return absl::OkStatus();
}

absl::Status CheckSettings(const LibrarySettings& s) {
  MARCOT_RETURN_IF_ERROR(CheckRange("recycle_days", s.recycle_days, 1, kMaxRecycleDays));
  MARCOT_RETURN_IF_ERROR(CheckRange("history_versions", s.history_versions, 1, 999));
  MARCOT_RETURN_IF_ERROR(CheckRange("history_days", s.history_days, 0, 999));
  if (s.history_merge_seconds == 0) return absl::OkStatus();
  return CheckRange("history_merge_seconds", s.history_merge_seconds, 5, 600);
}

absl::Status CheckSettings(const SpaceSettings& s) {
  MARCOT_RETURN_IF_ERROR(
      CheckRange("recycle_days", s.recycle_days.value_or(1), 1, kMaxRecycleDays));
  return CheckRange("change_feed_days", s.change_feed_days, 0, kMaxChangeFeedDays);
}

absl::Status SetLibraryWork::Execute(core::Txn& txn) {
  MARCOT_ASSIGN_OR_RETURN(core::LibraryRecord record, FindLibrary(txn, library_));
  if (settings_.history_versions < record.settings.history_versions) record.tightened = txn.seq();
  record.settings = settings_;
  txn.Put(Family::kSpaces, core::LibraryKey(library_), core::EncodeLibrary(record));
  return absl::OkStatus();
}

absl::Status SetSpaceWork::Execute(core::Txn& txn) {
  MARCOT_RETURN_IF_ERROR(CheckRoot(txn, root_));
  MARCOT_ASSIGN_OR_RETURN(core::SpaceRecord record, RequireSpace(txn, library_, space_));
  const bool logged = settings_.change_feed_days > 0;
  MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn.MutableTotals(record.root));
  if (logged != totals->logged) {
    totals->logged = logged;
    StartChanges(txn, record.root, logged);
  }
  record.settings = settings_;
  txn.Put(Family::kSpaces, core::SpaceKey(library_, space_), core::EncodeSpace(record));
  return absl::OkStatus();
}

absl::Status CondemnWork::Execute(core::Txn& txn) {
  condemned_.clear();
  for (const ContentId& id : ids_) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool released,
                            txn.Get(Family::kReleased, core::ContentKey(id), &value));
    if (!released) continue;
    txn.Put(Family::kReleased, core::ContentKey(id), std::string(1, core::kContentCondemned));
    condemned_.push_back(id);
  }
  return absl::OkStatus();
}

absl::Status AcknowledgeWork::Execute(core::Txn& txn) {
  for (const ContentId& id : ids_) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool released,
                            txn.Get(Family::kReleased, core::ContentKey(id), &value));
    if (!released || value[0] != core::kContentCondemned) {
      return MakeError(Code::kContentNotFound,
                       absl::StrCat("content ", id.Hex(), " is not condemned; condemn it first"));
    }
    txn.Delete(Family::kReleased, core::ContentKey(id));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ContentId>> ReleasedAfter(core::View& view, const ContentId& after,
                                                     size_t limit) {
  std::vector<ContentId> ids;
  const std::string last = core::ContentKey(after);
  const auto rows = view.NewCursor(Family::kReleased, {last, {}});
  for (rows->Seek(last); rows->Valid() && ids.size() < limit; rows->Next()) {
    if (rows->key() != last) ids.push_back(core::ContentOfKey(rows->key()));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return ids;
}

}  // namespace marcot::operations

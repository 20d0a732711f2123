#include "core/versions.h"

#include <algorithm>

#include "base/status_macros.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

using storage::Family;

VersionAge AgeOf(const ObjectId& id, Seq version, const VersionRecord& record) {
  return {record.library, record.replaced_time_ms, id, version};
}

// A node says whose entry owns it, not which; so the entries are looked at.
absl::StatusOr<std::string> NameOfChild(View& view, DirId parent, DirId child) {
  const std::string first = EntryKey(parent, Slot(kDirectorySlot, ""));
  const std::string end = EntryKey(parent, Slot(kDirectorySlot + 1, ""));
  const auto rows = view.NewCursor(Family::kEntries, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) {
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(rows->value()));
    if (entry.kind != EntryKind::kDirectory || entry.dir != child) continue;
    return std::string(SlotOfEntryKey(rows->key()).substr(1));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return MakeError(Code::kStoreDamaged, "a directory lost the entry that owns it");
}

}  // namespace

void KeepVersion(Txn& txn, const Entry& file, VersionRecord record) {
  record.id = txn.seq();
  txn.Put(Family::kVersions, VersionKey(file.id, file.modified), EncodeVersion(record));
  txn.Put(Family::kFacts, AgeOf(file.id, file.modified, record).Key(), "");
  txn.Put(Family::kFacts, VersionIdKey(record.id), EncodeVersionName({file.id, file.modified}));
}

void PutVersionedFile(Txn& txn, const ObjectId& id, const VersionedFile& where) {
  txn.Put(Family::kVersions, VersionedFileKey(id), EncodeVersionedFile(where));
}

absl::StatusOr<bool> FindVersion(View& view, const ObjectId& id, Seq version,
                                 VersionRecord* record) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kVersions, VersionKey(id, version), &value));
  if (!found) return false;
  MARCOT_ASSIGN_OR_RETURN(*record, DecodeVersion(value));
  return true;
}

void TakeVersion(Txn& txn, const ObjectId& id, Seq version, const VersionRecord& record) {
  txn.Delete(Family::kVersions, VersionKey(id, version));
  txn.Delete(Family::kFacts, AgeOf(id, version, record).Key());
  txn.Delete(Family::kFacts, VersionIdKey(record.id));
}

absl::StatusOr<bool> FindVersionById(View& view, Seq id, VersionName* name) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found, view.Get(Family::kFacts, VersionIdKey(id), &value));
  if (!found) return false;
  MARCOT_ASSIGN_OR_RETURN(*name, DecodeVersionName(value));
  return true;
}

absl::StatusOr<bool> FindVersionedFile(View& view, const ObjectId& id, VersionedFile* where,
                                       Entry* file) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool placed,
                          view.Get(Family::kVersions, VersionedFileKey(id), &value));
  if (!placed) return false;
  MARCOT_ASSIGN_OR_RETURN(*where, DecodeVersionedFile(value));
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kEntries, EntryKey(where->dir, where->slot), &value));
  if (!found) return MakeError(Code::kStoreDamaged, "a file with versions lost its entry");
  MARCOT_ASSIGN_OR_RETURN(*file, DecodeEntry(value));
  return true;
}

absl::StatusOr<bool> DropVersion(Txn& txn, TreeWriter& writer, const ObjectId& id, Seq version) {
  VersionRecord record;
  VersionedFile where;
  Entry file;
  MARCOT_ASSIGN_OR_RETURN(const bool kept, FindVersion(txn, id, version, &record));
  if (!kept) return false;
  MARCOT_ASSIGN_OR_RETURN(const bool found, FindVersionedFile(txn, id, &where, &file));
  if (!found) return false;
  --file.versions;
  file.version_bytes -= record.size;
  // In place: no pin sees the difference.
  txn.PutEntry(where.dir, where.slot, file, file.birth);
  if (file.versions == 0) txn.Delete(Family::kVersions, VersionedFileKey(id));
  TakeVersion(txn, id, version, record);
  MARCOT_RETURN_IF_ERROR(writer.DropContent(record.content, record.size));
  MARCOT_RETURN_IF_ERROR(writer.ChargeVersions(
      where.dir, {.versions = -1, .version_bytes = -static_cast<int64_t>(record.size)}));
  return true;
}

absl::Status MoveVersionAge(Txn& txn, const VersionAge& age, uint64_t library) {
  VersionRecord record;
  MARCOT_ASSIGN_OR_RETURN(const bool kept, FindVersion(txn, age.id, age.version, &record));
  if (!kept || record.library != age.library) return absl::OkStatus();
  txn.Delete(Family::kFacts, age.Key());
  record.library = library;
  txn.Put(Family::kVersions, VersionKey(age.id, age.version), EncodeVersion(record));
  txn.Put(Family::kFacts, AgeOf(age.id, age.version, record).Key(), "");
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LibraryOf(Txn& txn, DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn, dir));
  while (node.parent != 0) {
    dir = node.parent;
    MARCOT_ASSIGN_OR_RETURN(node, GetNode(txn, dir));
  }
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, txn.GetTotals(dir));
  return totals.library;
}

absl::StatusOr<bool> IsWithin(View& view, DirId dir, DirId root) {
  while (dir != root) {
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(view, dir));
    if (node.parent == 0) return false;
    dir = node.parent;
  }
  return true;
}

absl::StatusOr<std::vector<std::string>> NamesDownTo(View& view, DirId root, DirId dir) {
  std::vector<std::string> names;
  while (dir != root) {
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(view, dir));
    MARCOT_ASSIGN_OR_RETURN(std::string name, NameOfChild(view, node.parent, dir));
    names.push_back(std::move(name));
    dir = node.parent;
  }
  std::reverse(names.begin(), names.end());
  return names;
}

absl::StatusOr<Seq> OldestVersion(Txn& txn, const ObjectId& id) {
  const std::string first = VersionsKey(id), end = VersionKey(id, 0);
  const auto rows = txn.NewCursor(Family::kVersions, {first, end});
  rows->SeekForPrev(end);
  MARCOT_RETURN_IF_ERROR(rows->status());
  if (rows->Valid()) return VersionOfKey(rows->key());
  return MakeError(Code::kStoreDamaged, "a file lost its versions");
}

void ForgetFile(Txn& txn, const Entry& file) {
  if (file.versions == 0) return;
  txn.Delete(Family::kVersions, VersionedFileKey(file.id));
  txn.Queue({Job::Kind::kVersions, file.id.hi, file.id.lo, {}});
}

}  // namespace marcot::core

// Executes one operation inside a transaction. What each kind of operation does is spread over
// operation.cc (directories, files, copies, moves), recycle.cc, file_history.cc, snapshots.cc,
// bulk_load.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/facts.h"
#include "core/tree_writer.h"
#include "operations/operation.h"

namespace marcot::operations {

class Runner {
 public:
  Runner(const Operation& op, const Limits& limits, core::Txn& txn, NameHints& hints);

  absl::StatusOr<Placed> Run();

 private:
  using DirId = core::DirId;
  using Entry = core::Entry;
  using Nodes = core::DirPath;

  absl::StatusOr<Placed> RunKind();

  // ---- the target
  absl::Status WalkToTarget(EntryType type);
  DirId parent() const { return target_.back(); }
  // Settles the target's name: name_ is free afterwards, or overwritten_ is the file to replace.
  absl::Status ResolveConflict(EntryType type);
  Strategy StrategyFor(EntryType type) const;
  absl::Status Renumber(EntryType type);
  // Puts the entry at the target, over what ResolveConflict found there.
  absl::Status PlaceAtTarget(const Entry& entry);
  absl::Status Replace(const std::string& slot, const Entry& entry);
  // What knows where the entry is: the node of a directory, the versions of a file.
  absl::Status SayWhere(const std::string& slot, const Entry& entry);
  void StayTheSameObject(Entry* file) const;
  Placed Answer(const ObjectId& id) const;

  // ---- the source of a copy or move
  absl::Status FindSourceTree();
  absl::Status FindSource();
  absl::Status SourceMissing() const;
  EntryType SourceType() const;
  // Whether the caller may do this to an entry of that kind.
  const absl::Status& Permitted(EntryType type) const;
  bool OverwritesItself() const;
  absl::Status OverwritesVersions() const;
  absl::StatusOr<Placed> LeaveAsItIs();
  absl::StatusOr<Entry> ReferenceToSource();
  // Takes the entry `source_` out of its directory. `moving`: what it owned goes along, and a
  // record that stays behind, in the history or in a base, makes the moved one another holder.
  absl::Status TakeAway(const Nodes& nodes, const std::string& name, bool moving);

  // ---- directories and files
  absl::StatusOr<Placed> MakeDirectory();
  absl::StatusOr<Placed> PutFile();
  absl::Status TakeContent(Entry* file);
  absl::StatusOr<Placed> Copy();
  absl::StatusOr<Placed> Move();
  absl::StatusOr<Placed> Delete();
  absl::StatusOr<Placed> SetAttributes();
  // What the entry will have that has `old` now.
  absl::StatusOr<std::string> NewAttributes(std::string_view old) const;
  absl::Status ChangeDirectoryAttributes(DirId dir);
  absl::Status SetDirectoryAttributes(DirId dir, const std::string& attributes);
  absl::Status SetFileAttributes(DirId dir, Entry entry);
  absl::StatusOr<Placed> SetLimits();
  absl::StatusOr<Placed> Heal();
  absl::StatusOr<Placed> Load();

  // ---- recycle bin
  absl::StatusOr<Placed> Recycle(const Nodes& nodes);
  absl::StatusOr<Placed> Restore();
  absl::Status FallBackToRoot(Operation* move);
  absl::StatusOr<Placed> Purge();
  absl::StatusOr<Placed> EmptyBin();

  // ---- versions
  absl::Status KeepOldVersion(Entry* file);
  absl::Status DropVersionsPastLimit(const Entry& file);
  absl::StatusOr<Entry> FindVersionedFile(core::VersionRecord* version);
  absl::StatusOr<Placed> SetLatestVersion();
  absl::StatusOr<Placed> DeleteVersion();

  // ---- named snapshots
  absl::StatusOr<Placed> TakeSnapshot();
  absl::StatusOr<Placed> DeleteSnapshot();

  // ---- changes. Nearly nothing where nobody keeps them: the root's totals say so.
  absl::Status Log(ChangeKind kind, EntryType type, const ObjectId& id, uint64_t item = 0);
  absl::Status LogTransfer(ChangeKind kind, const ObjectId& id);
  absl::Status LogGone(const ObjectId& id);
  void LogMade();
  void LogAt(DirId root, Change change);
  absl::StatusOr<bool> IsLogged(DirId root);
  Change ChangeOf(ChangeKind kind, EntryType type, const ObjectId& id) const;

  // ---- the space and its library
  absl::StatusOr<core::SpaceRecord> SpaceOf();
  absl::StatusOr<core::LibraryRecord> LibraryOf();
  absl::Status BringVersions();

  const Operation& op_;
  const Limits& limits_;
  core::Txn& txn_;
  core::TreeWriter writer_;
  NameHints& hints_;
  std::string name_;         // the target's last name, numbered if need be
  Nodes target_;             // the nodes down to the target's parent
  std::vector<Entry> made_;  // those of them that were made
  core::TreeWriter::Slots slots_ = core::TreeWriter::Slots::kFree;  // of the name asked for
  std::optional<Entry> overwritten_;
  bool keeps_old_ = false;  // a version holds what overwritten_ held
  Entry source_;
  DirId from_root_;                // with `from_`: where the source is
  std::vector<std::string> from_;  // empty until FindSource
  uint64_t changes_ = 0;           // logged so far
};

std::span<const std::string> ParentOf(const std::vector<std::string>& path);
inline char SlotKind(const core::Entry& entry) {
  return entry.is_directory() ? core::kDirectorySlot : core::kFileSlot;
}
inline EntryType TypeOf(const core::Entry& entry) {
  return entry.is_directory() ? EntryType::kDirectory : EntryType::kFile;
}
// For context and ids of copies: 128 random bits.
ObjectId RandomId();

}  // namespace marcot::operations

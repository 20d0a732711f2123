#include "operations/operation.h"

#include <algorithm>
#include <optional>
#include <random>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/chunks.h"
#include "core/lookup.h"
#include "core/reclaim.h"
#include "core/tree_writer.h"
#include "marcot/error.h"

namespace marcot::operations {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Place;
using core::TreeWriter;
using storage::Family;

constexpr size_t kMaxHints = 1u << 16;

absl::Status NameTaken(const std::vector<std::string>& names) {
  return MakeError(Code::kSameNameDirectoryOrFileExists,
                   absl::StrCat(JoinPath(names), " exists; choose another name or strategy"));
}

absl::Status FileInPath(const std::vector<std::string>& names) {
  return MakeError(Code::kSameNameDirectoryOrFileExists,
                   absl::StrCat("a parent of ", JoinPath(names), " is a file; move it away first"));
}

absl::Status BadStrategy(const std::vector<std::string>& names) {
  return MakeError(
      Code::kInvalidConflictResolutionStrategy,
      absl::StrCat(JoinPath(names), ": directories take ask or rename, not overwrite"));
}

// For context and ids of copies: 128 random bits.
ObjectId RandomId() {
  thread_local std::mt19937_64 random{(uint64_t{std::random_device{}()} << 32) ^
                                      std::random_device{}()};
  return {random(), random()};
}

bool IsPrefix(const std::vector<std::string>& prefix, const std::vector<std::string>& names) {
  return prefix.size() <= names.size() && std::equal(prefix.begin(), prefix.end(), names.begin());
}

char SlotKind(const Entry& entry) {
  return entry.is_directory() ? core::kDirectorySlot : core::kFileSlot;
}

class Runner {
 public:
  Runner(const Operation& op, const Limits& limits, core::Txn& txn, NameHints& hints)
      : op_(op), limits_(limits), txn_(txn), writer_(txn), hints_(hints), name_(LastName(op)) {}

  absl::StatusOr<Placed> Run() {
    MARCOT_RETURN_IF_ERROR(CheckRoot(txn_, op_.root));
    switch (op_.kind) {
      case Operation::Kind::kMakeDirectory:
        return MakeDirectory();
      case Operation::Kind::kPut:
        return PutFile();
      case Operation::Kind::kCopy:
        return Copy();
      case Operation::Kind::kMove:
        return Move();
      case Operation::Kind::kDelete:
        return Delete();
      case Operation::Kind::kSetAttributes:
        return SetAttributes();
      case Operation::Kind::kHeal:
        return Heal();
    }
    return MakeError(Code::kParamInvalid, "an unknown operation");
  }

 private:
  static std::string LastName(const Operation& op) {
    return op.path.empty() ? std::string() : op.path.back();
  }
  static std::span<const std::string> ParentOf(const std::vector<std::string>& path) {
    return {path.data(), path.size() - 1};
  }

  // ---- the target ----------------------------------------------------------------------------

  absl::Status WalkToTarget(EntryType type) {
    MARCOT_RETURN_IF_ERROR(CheckNameLengths(op_.path, type, limits_));
    const TreeWriter::WalkOptions options{.create_missing = type == EntryType::kDirectory,
                                          .creator = op_.user};
    MARCOT_ASSIGN_OR_RETURN(auto walked, writer_.Walk(op_.root, ParentOf(op_.path), options));
    if (walked.file) return FileInPath(op_.path);
    if (walked.missing) {
      return MakeError(
          Code::kDirectoryNotFound,
          absl::StrCat("the directory of ", JoinPath(op_.path), " does not exist; make it first"));
    }
    target_ = std::move(walked.nodes);
    return absl::OkStatus();
  }

  DirId parent() const { return target_.back(); }

  // Settles the target's name: name_ is free afterwards, or overwritten_ is the file to replace.
  absl::Status ResolveConflict(EntryType type) {
    Entry old;
    MARCOT_ASSIGN_OR_RETURN(slots_, writer_.FindChild(parent(), name_, &old));
    if (slots_ != TreeWriter::Slots::kTaken) return absl::OkStatus();
    const Strategy strategy = StrategyFor(type);
    if (strategy == Strategy::kRename) return Renumber(type);
    if (strategy == Strategy::kOverwrite && !old.is_directory()) {
      overwritten_ = old;
      return absl::OkStatus();
    }
    return NameTaken(op_.path);
  }

  Strategy StrategyFor(EntryType type) const {
    if (op_.strategy != Strategy::kDefault) return op_.strategy;
    return type == EntryType::kDirectory ? Strategy::kAsk : Strategy::kRename;
  }

  absl::Status Renumber(EntryType type) {
    const NumberedName name = SplitName(name_, type);
    const auto taken = [&](uint64_t number) -> absl::StatusOr<bool> {
      Entry ignored;
      const std::string numbered = name.With(number, limits_.max_name_chars);
      MARCOT_ASSIGN_OR_RETURN(const auto slots, writer_.FindChild(parent(), numbered, &ignored));
      return slots == TreeWriter::Slots::kTaken;
    };
    const auto number = FreeNumber(name, hints_.Get(parent(), name), taken);
    if (CodeOf(number.status()) == Code::kRenameTooManyTimes) {
      return MakeError(Code::kRenameTooManyTimes,
                       absl::StrCat(JoinPath(op_.path),
                                    ": no number up to 2^31 - 1 is free; "
                                    "choose another name"));
    }
    MARCOT_RETURN_IF_ERROR(number.status());
    name_ = name.With(*number, limits_.max_name_chars);
    hints_.Set(parent(), name, *number);
    return absl::OkStatus();
  }

  // Puts the entry at the target, over what ResolveConflict found there.
  absl::StatusOr<Placed> PlaceAtTarget(const Entry& entry, const RecursiveTotals& weight) {
    const std::string slot = core::Slot(SlotKind(entry), name_);
    if (slots_ == TreeWriter::Slots::kVacant) {
      writer_.Attach(parent(), slot, entry);
    } else {
      MARCOT_RETURN_IF_ERROR(Replace(parent(), slot, entry));
    }
    core::Change change = core::Plus(weight);
    if (overwritten_.has_value()) {
      change.bytes -= static_cast<int64_t>(overwritten_->size);
      change.files -= 1;
    } else {
      MARCOT_RETURN_IF_ERROR(writer_.CountChild(parent(), entry.is_directory(), +1));
    }
    MARCOT_RETURN_IF_ERROR(writer_.Charge(target_, change));
    return Answer(entry.id);
  }

  absl::Status Replace(DirId dir, const std::string& slot, const Entry& entry) {
    MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(dir, slot));
    if (old.found && !old.preserved) MARCOT_RETURN_IF_ERROR(writer_.Drop(old.entry));
    writer_.Attach(dir, slot, entry);
    return absl::OkStatus();
  }

  // An overwritten file is the object it was, with other content.
  void StayTheSameObject(Entry* file) const {
    file->id = overwritten_->id;
    file->creation_time_ms = overwritten_->creation_time_ms;
    file->creator = overwritten_->creator;
  }

  Placed Answer(const ObjectId& id) const {
    Placed placed;
    placed.path = op_.path;
    placed.renamed = !op_.path.empty() && name_ != op_.path.back();
    if (!op_.path.empty()) placed.path.back() = name_;
    placed.id = id;
    placed.overwritten = overwritten_.has_value();
    placed.seq = txn_.seq();
    return placed;
  }

  // ---- the source of a copy or move ----------------------------------------------------------

  absl::Status FindSource() {
    if (op_.from_root != op_.root) MARCOT_RETURN_IF_ERROR(CheckRoot(txn_, op_.from_root));
    const char first =
        op_.only == Operation::Only::kDirectory ? core::kDirectorySlot : core::kFileSlot;
    MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, op_.from_root, op_.from, first));
    if (found.outcome != Resolved::Outcome::kFound) return SourceMissing();
    source_ = found.entry;
    if (op_.only == Operation::Only::kDirectory && !source_.is_directory()) {
      return MakeError(Code::kInvalidSourceDirectory,
                       absl::StrCat(JoinPath(op_.from), " is a file; copy or move it as one"));
    }
    if (op_.only == Operation::Only::kFile && source_.is_directory()) {
      return MakeError(Code::kInvalidSourceFile,
                       absl::StrCat(JoinPath(op_.from), " is a directory; use that operation"));
    }
    if (source_.is_directory() && op_.strategy == Strategy::kOverwrite) {
      return BadStrategy(op_.path);
    }
    return absl::OkStatus();
  }

  absl::Status SourceMissing() const {
    const Code code = op_.only == Operation::Only::kDirectory ? Code::kSourceDirectoryNotFound
                      : op_.only == Operation::Only::kFile    ? Code::kSourceFileNotFound
                                                              : Code::kPathNotFound;
    return MakeError(code, absl::StrCat(JoinPath(op_.from), " does not exist"));
  }

  EntryType SourceType() const {
    return source_.is_directory() ? EntryType::kDirectory : EntryType::kFile;
  }

  bool OverwritesItself() const {
    return op_.strategy == Strategy::kOverwrite && op_.from_root == op_.root &&
           op_.from == op_.path;
  }

  // Changes nothing, but has its place in the order of commits.
  absl::StatusOr<Placed> LeaveAsItIs() {
    MARCOT_RETURN_IF_ERROR(writer_.Charge({op_.root}, {}));
    return Answer(source_.id);
  }

  // ---- operations ----------------------------------------------------------------------------

  absl::StatusOr<Placed> MakeDirectory() {
    MARCOT_RETURN_IF_ERROR(WalkToTarget(EntryType::kDirectory));
    MARCOT_RETURN_IF_ERROR(ResolveConflict(EntryType::kDirectory));
    MARCOT_ASSIGN_OR_RETURN(const Entry made, writer_.MakeChild(target_, name_, op_.user));
    return Answer(made.id);
  }

  absl::StatusOr<Placed> PutFile() {
    MARCOT_RETURN_IF_ERROR(WalkToTarget(EntryType::kFile));
    MARCOT_RETURN_IF_ERROR(ResolveConflict(EntryType::kFile));
    Entry file;
    file.kind = EntryKind::kFile;
    file.content = op_.content.id;
    file.size = op_.content.size;
    file.modification_time_ms = txn_.now_ms();
    file.modified = txn_.seq();
    file.attributes = op_.attributes;
    file.id = {2, txn_.seq()};
    file.creation_time_ms = txn_.now_ms();
    file.creator = op_.user;
    if (overwritten_.has_value()) StayTheSameObject(&file);
    MARCOT_RETURN_IF_ERROR(op_.content.host_kept ? HoldHostContent() : HoldBuiltInContent());
    return PlaceAtTarget(file, {file.size, 1, 0});
  }

  absl::Status HoldHostContent() {
    if (op_.content.id.empty() || op_.content.unique_id) return absl::OkStatus();
    std::string key = core::ContentKey(op_.content.id), value;
    MARCOT_ASSIGN_OR_RETURN(const bool released, txn_.Get(Family::kReleased, key, &value));
    if (released && value[0] == core::kContentCondemned) {
      return MakeError(Code::kContentCondemned,
                       absl::StrCat("content ", op_.content.id.Hex(), " of ", JoinPath(op_.path),
                                    " is being deleted; send its bytes again under a new id"));
    }
    if (released) txn_.Delete(Family::kReleased, key);
    MARCOT_ASSIGN_OR_RETURN(const bool counted, txn_.Get(Family::kContents, key, &value));
    if (counted) return writer_.HoldContent(op_.content.id, op_.content.size);
    txn_.Put(Family::kContents, std::move(key),
             core::EncodeContent({.count = 1, .size = op_.content.size, .blob = 0}));
    return absl::OkStatus();
  }

  // Equal bytes are kept once: where the store has them the new ones are not written, or, streamed
  // already, are left to reclaim.
  absl::Status HoldBuiltInContent() {
    const FileContent& content = op_.content;
    if (content.id.empty()) return absl::OkStatus();
    if (content.blob != 0) txn_.Delete(Family::kMeta, core::UploadKey(content.blob));
    std::string key = core::ContentKey(content.id), value;
    MARCOT_ASSIGN_OR_RETURN(const bool kept, txn_.Get(Family::kContents, key, &value));
    core::ContentRow row;
    if (kept) {
      MARCOT_ASSIGN_OR_RETURN(row, core::DecodeContent(value));
    }
    if (row.blob != 0) {
      if (content.blob != 0) {
        txn_.Queue({core::Job::Kind::kBlob, content.blob, core::ChunkCount(content.size), {}});
      }
      return writer_.HoldContent(content.id, content.size);
    }
    // New, or so far only a host's: from now on the store has the bytes.
    MARCOT_ASSIGN_OR_RETURN(const bool released, txn_.Get(Family::kReleased, key, &value));
    if (released) txn_.Delete(Family::kReleased, key);
    const uint64_t blob = content.blob != 0 ? content.blob : txn_.NewId();
    for (uint64_t i = 0; i * core::kChunkBytes < content.bytes.size(); ++i) {
      txn_.Put(Family::kChunks, core::PairKey(blob, i),
               std::string(content.bytes.substr(i * core::kChunkBytes, core::kChunkBytes)));
    }
    txn_.Put(Family::kContents, std::move(key),
             core::EncodeContent({.count = row.count + 1, .size = content.size, .blob = blob}));
    return absl::OkStatus();
  }

  absl::StatusOr<Placed> Copy() {
    MARCOT_RETURN_IF_ERROR(FindSource());
    if (OverwritesItself()) return LeaveAsItIs();
    // The copy is of the source as it is now, before parents are made that may lie inside it.
    MARCOT_ASSIGN_OR_RETURN(Entry copy, source_.is_directory() ? ReferenceToSource() : source_);
    MARCOT_RETURN_IF_ERROR(writer_.Hold(copy));
    MARCOT_ASSIGN_OR_RETURN(const RecursiveTotals weight, core::WeightOf(txn_, copy));
    const ObjectId random = RandomId();
    copy.id = copy.id ^ random;
    if (copy.is_directory()) copy.context = copy.context ^ random;
    copy.creation_time_ms = txn_.now_ms();
    copy.creator = op_.user;
    MARCOT_RETURN_IF_ERROR(WalkToTarget(SourceType()));
    MARCOT_RETURN_IF_ERROR(ResolveConflict(SourceType()));
    if (overwritten_.has_value()) StayTheSameObject(&copy);
    return PlaceAtTarget(copy, weight);
  }

  // A source that did not change since its newest pin needs no other: a template that is copied a
  // million times has one.
  absl::StatusOr<Entry> ReferenceToSource() {
    if (source_.kind == EntryKind::kReference) return source_;
    Entry reference = source_;
    reference.kind = EntryKind::kReference;
    reference.context = {};
    MARCOT_ASSIGN_OR_RETURN(const core::Node node, core::GetNode(txn_, source_.dir));
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn_.GetTotals(source_.dir));
    reference.seq = node.newest_pin >= totals.changed ? node.newest_pin : txn_.seq() - 1;
    return reference;
  }

  absl::StatusOr<Placed> Move() {
    MARCOT_RETURN_IF_ERROR(FindSource());
    if (source_.is_directory() && op_.from_root == op_.root && IsPrefix(op_.from, op_.path) &&
        op_.from.size() < op_.path.size()) {
      return MakeError(Code::kSourceDirectoryIsParentOfDestination,
                       absl::StrCat(JoinPath(op_.from), " cannot be moved into itself, to ",
                                    JoinPath(op_.path)));
    }
    if (OverwritesItself()) return LeaveAsItIs();
    MARCOT_ASSIGN_OR_RETURN(const auto from_walk,
                            writer_.Walk(op_.from_root, ParentOf(op_.from), {}));
    MARCOT_RETURN_IF_ERROR(WalkToTarget(SourceType()));
    MARCOT_RETURN_IF_ERROR(ResolveConflict(SourceType()));
    MARCOT_ASSIGN_OR_RETURN(const RecursiveTotals weight, core::WeightOf(txn_, source_));
    MARCOT_RETURN_IF_ERROR(TakeAway(from_walk.nodes, op_.from.back(), weight, true));
    return PlaceAtTarget(source_, weight);
  }

  // Takes the entry `source_` out of its directory. `moving`: what it owned goes along, and a
  // record that stays behind, in the history or in a base, makes the moved one another holder.
  absl::Status TakeAway(const std::vector<DirId>& nodes, const std::string& name,
                        const RecursiveTotals& weight, bool moving) {
    const DirId dir = nodes.back();
    const std::string slot = core::Slot(SlotKind(source_), name);
    MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(dir, slot));
    const bool loose = old.found && !old.preserved;
    if (moving && !loose) MARCOT_RETURN_IF_ERROR(writer_.Hold(source_));
    if (!moving && loose) MARCOT_RETURN_IF_ERROR(writer_.Drop(old.entry));
    if (!moving && old.preserved && old.entry.kind == EntryKind::kDirectory) {
      writer_.Kill(old.entry.dir);
    }
    MARCOT_RETURN_IF_ERROR(writer_.HideBase(dir, slot));
    MARCOT_RETURN_IF_ERROR(writer_.CountChild(dir, source_.is_directory(), -1));
    return writer_.Charge(nodes, core::Minus(weight));
  }

  absl::StatusOr<Placed> Delete() {
    MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, op_.root, op_.path));
    if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
    MARCOT_ASSIGN_OR_RETURN(const auto walked, writer_.Walk(op_.root, ParentOf(op_.path), {}));
    source_ = found.entry;
    MARCOT_ASSIGN_OR_RETURN(const RecursiveTotals weight, core::WeightOf(txn_, source_));
    MARCOT_RETURN_IF_ERROR(TakeAway(walked.nodes, name_, weight, false));
    return Answer(source_.id);
  }

  absl::StatusOr<Placed> SetAttributes() {
    Entry entry;
    if (!op_.path.empty()) {
      MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, op_.root, op_.path));
      if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
      entry = found.entry;
    }
    const bool directory = op_.path.empty() || entry.is_directory();
    MARCOT_ASSIGN_OR_RETURN(
        const auto walked,
        writer_.Walk(op_.root, directory ? std::span(op_.path) : ParentOf(op_.path), {}));
    const DirId dir = walked.nodes.back();
    MARCOT_RETURN_IF_ERROR(directory ? SetDirectoryAttributes(dir) : SetFileAttributes(dir, entry));
    MARCOT_RETURN_IF_ERROR(writer_.Charge(walked.nodes, {}));
    return Answer(entry.id);
  }

  absl::Status SetDirectoryAttributes(DirId dir) {
    const std::string slot = core::AttributesSlot();
    MARCOT_RETURN_IF_ERROR(writer_.Detach(dir, slot).status());
    if (op_.attributes.empty()) return writer_.HideBase(dir, slot);
    Entry attributes;
    attributes.kind = EntryKind::kAttributes;
    attributes.attributes = op_.attributes;
    writer_.Attach(dir, slot, attributes);
    return absl::OkStatus();
  }

  absl::Status SetFileAttributes(DirId dir, Entry entry) {
    const std::string slot = core::Slot(core::kFileSlot, name_);
    MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(dir, slot));
    if (!old.found || old.preserved) MARCOT_RETURN_IF_ERROR(writer_.Hold(entry));
    entry.attributes = op_.attributes;
    writer_.Attach(dir, slot, entry);
    return absl::OkStatus();
  }

  // A directory whose lists skip too much gets a node of its own, and that node one level.
  absl::StatusOr<Placed> Heal() {
    MARCOT_ASSIGN_OR_RETURN(const auto walked, writer_.Walk(op_.root, op_.path, {}));
    if (walked.missing || walked.file) return PathNotFound(op_.path);
    MARCOT_RETURN_IF_ERROR(core::QueueFlatten(txn_, walked.nodes.back()));
    MARCOT_RETURN_IF_ERROR(writer_.Charge(walked.nodes, {}));
    return Answer({});
  }

  const Operation& op_;
  const Limits& limits_;
  core::Txn& txn_;
  TreeWriter writer_;
  NameHints& hints_;
  std::string name_;           // the target's last name, numbered if need be
  std::vector<DirId> target_;  // the nodes down to the target's parent
  TreeWriter::Slots slots_ = TreeWriter::Slots::kFree;  // of the name that was asked for
  std::optional<Entry> overwritten_;
  Entry source_;
};

}  // namespace

std::string NameHints::KeyOf(DirId dir, const NumberedName& name) {
  return core::IdKey(dir) + name.stem + '/' + name.extension;
}

uint64_t NameHints::Get(DirId dir, const NumberedName& name) const {
  const auto it = numbers_.find(KeyOf(dir, name));
  return it == numbers_.end() ? 0 : it->second;
}

void NameHints::Set(DirId dir, const NumberedName& name, uint64_t number) {
  if (numbers_.size() >= kMaxHints) numbers_.clear();
  numbers_[KeyOf(dir, name)] = number;
}

absl::StatusOr<Placed> Execute(const Operation& operation, const Limits& limits, core::Txn& txn,
                               NameHints& hints) {
  return Runner(operation, limits, txn, hints).Run();
}

absl::Status CheckRoot(core::View& view, DirId root) {
  core::Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool exists, core::FindNode(view, root, &node));
  if (exists && node.live) return absl::OkStatus();
  return MakeError(Code::kSpaceNotFound, "the space was deleted; open another");
}

absl::StatusOr<Resolved> Resolve(core::View& view, DirId root,
                                 const std::vector<std::string>& names, char first) {
  Resolved out;
  out.parent.dir = root;
  for (size_t i = 0; i + 1 < names.size(); ++i) {
    MARCOT_ASSIGN_OR_RETURN(
        const bool found,
        core::Lookup(view, out.parent, core::Slot(core::kDirectorySlot, names[i]), &out.entry));
    if (!found) {
      MARCOT_ASSIGN_OR_RETURN(
          const bool file,
          core::Lookup(view, out.parent, core::Slot(core::kFileSlot, names[i]), &out.entry));
      out.outcome = file ? Resolved::Outcome::kFileInPath : Resolved::Outcome::kMissing;
      return out;
    }
    out.parent = core::PlaceOf(out.entry);
  }
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          core::LookupName(view, out.parent, names.back(), first, &out.entry));
  out.outcome = found ? Resolved::Outcome::kFound : Resolved::Outcome::kMissing;
  return out;
}

absl::Status PathNotFound(const std::vector<std::string>& names) {
  return MakeError(Code::kPathNotFound, absl::StrCat(JoinPath(names), " does not exist"));
}

}  // namespace marcot::operations

#include "operations/operation.h"

#include <algorithm>
#include <optional>
#include <random>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/attributes.h"
#include "base/status_macros.h"
#include "core/lookup.h"
#include "core/reclaim.h"
#include "core/tree_writer.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/runner.h"
#include "operations/spaces.h"

namespace marcot::operations {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
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

bool IsPrefix(const std::vector<std::string>& prefix, const std::vector<std::string>& names) {
  return prefix.size() <= names.size() && std::equal(prefix.begin(), prefix.end(), names.begin());
}

}  // namespace

std::span<const std::string> ParentOf(const std::vector<std::string>& path) {
  return {path.data(), path.size() - 1};
}

// For context and ids of copies: 128 random bits.
ObjectId RandomId() {
  thread_local std::mt19937_64 random{(uint64_t{std::random_device{}()} << 32) ^
                                      std::random_device{}()};
  return {random(), random()};
}

// What the service keeps has names of its own, whatever the host allows for others.
constexpr Limits kHiddenLimits{.max_name_chars = 255, .max_path_bytes = 1u << 20};

Runner::Runner(const Operation& op, const Limits& limits, core::Txn& txn, NameHints& hints)
    : op_(op),
      limits_(op.library == kHiddenLibrary ? kHiddenLimits : limits),
      txn_(txn),
      writer_(txn),
      hints_(hints),
      name_(op.path.empty() ? std::string() : op.path.back()),
      from_root_(op.from_root) {}

absl::StatusOr<Placed> Runner::Run() {
  MARCOT_RETURN_IF_ERROR(CheckRoot(txn_, op_.root));
  absl::StatusOr<Placed> placed = RunKind();
  if (placed.ok()) MARCOT_RETURN_IF_ERROR(writer_.CheckLimits());
  return placed;
}

absl::StatusOr<Placed> Runner::RunKind() {
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
    case Operation::Kind::kSetLimits:
      return SetLimits();
    case Operation::Kind::kHeal:
      return Heal();
    case Operation::Kind::kRestore:
      return Restore();
    case Operation::Kind::kPurge:
      return Purge();
    case Operation::Kind::kEmptyBin:
      return EmptyBin();
    case Operation::Kind::kSetLatestVersion:
      return SetLatestVersion();
    case Operation::Kind::kDeleteVersion:
      return DeleteVersion();
    case Operation::Kind::kTakeSnapshot:
      return TakeSnapshot();
    case Operation::Kind::kDeleteSnapshot:
      return DeleteSnapshot();
    case Operation::Kind::kLoad:
      return Load();
  }
  return MakeError(Code::kParamInvalid, "an unknown operation");
}

absl::StatusOr<core::SpaceRecord> Runner::SpaceOf() {
  return RequireSpace(txn_, op_.library, op_.space);
}

absl::StatusOr<core::LibraryRecord> Runner::LibraryOf() { return FindLibrary(txn_, op_.library); }

// ---- the target ----------------------------------------------------------------------------

absl::Status Runner::WalkToTarget(EntryType type) {
  MARCOT_RETURN_IF_ERROR(CheckNameLengths(op_.path, type, limits_));
  const bool create = op_.create_missing.value_or(type == EntryType::kDirectory);
  const TreeWriter::WalkOptions options{
      .create_missing = create, .creator = op_.user, .made = &made_};
  MARCOT_ASSIGN_OR_RETURN(auto walked, writer_.Walk(op_.root, ParentOf(op_.path), options));
  if (walked.file) return FileInPath(op_.path);
  if (walked.missing) {
    return MakeError(Code::kDirectoryNotFound, absl::StrCat("the directory of ", JoinPath(op_.path),
                                                            " does not exist; make it first"));
  }
  target_ = std::move(walked.nodes);
  return absl::OkStatus();
}

// Settles the target's name: name_ is free afterwards, or overwritten_ is the file to replace.
absl::Status Runner::ResolveConflict(EntryType type) {
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

Strategy Runner::StrategyFor(EntryType type) const {
  if (op_.strategy != Strategy::kDefault) return op_.strategy;
  return type == EntryType::kDirectory ? Strategy::kAsk : Strategy::kRename;
}

absl::Status Runner::Renumber(EntryType type) {
  const NumberedName name = SplitName(name_, type);
  const auto taken = [&](uint64_t number) -> absl::StatusOr<bool> {
    Entry ignored;
    const std::string numbered = name.With(number, limits_.max_name_chars);
    MARCOT_ASSIGN_OR_RETURN(const auto slots, writer_.FindChild(parent(), numbered, &ignored));
    return slots == TreeWriter::Slots::kTaken;
  };
  const auto number = FreeNumber(name, hints_.Get(parent(), name), taken);
  if (CodeOf(number.status()) == Code::kRenameTooManyTimes) {
    return MakeError(Code::kRenameTooManyTimes, absl::StrCat(JoinPath(op_.path),
                                                             ": no number up to 2^31 - 1 is free; "
                                                             "choose another name"));
  }
  MARCOT_RETURN_IF_ERROR(number.status());
  name_ = name.With(*number, limits_.max_name_chars);
  hints_.Set(parent(), name, *number);
  ++txn_.tally().renumbered;
  return absl::OkStatus();
}

// Puts the entry at the target, over what ResolveConflict found there.
absl::Status Runner::PlaceAtTarget(const Entry& entry) {
  const std::string slot = core::Slot(SlotKind(entry), name_);
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn_, entry));
  if (slots_ == TreeWriter::Slots::kVacant) {
    MARCOT_RETURN_IF_ERROR(writer_.Attach(parent(), slot, entry));
  } else {
    MARCOT_RETURN_IF_ERROR(Replace(slot, entry));
  }
  MARCOT_RETURN_IF_ERROR(SayWhere(slot, entry));
  if (overwritten_.has_value()) {
    MARCOT_ASSIGN_OR_RETURN(const core::Weight old, core::WeightOf(txn_, *overwritten_));
    MARCOT_RETURN_IF_ERROR(writer_.Charge(target_, core::Minus(old)));
    return writer_.Charge(target_, core::Plus(weight));
  }
  return writer_.Charge(target_, core::Plus(weight).WithChild(entry.is_directory(), +1));
}

absl::Status Runner::SayWhere(const std::string& slot, const Entry& entry) {
  if (entry.kind == EntryKind::kDirectory) return writer_.SetParent(entry.dir, parent());
  const bool known = overwritten_.has_value() && overwritten_->versions > 0;
  if (entry.versions > 0 && !known) {
    core::PutVersionedFile(txn_, entry.id, {.dir = parent(), .slot = slot});
  }
  return absl::OkStatus();
}

absl::Status Runner::Replace(const std::string& slot, const Entry& entry) {
  MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(parent(), slot));
  // What the record held goes to the version, or is one more time held by it.
  const bool loose = old.found && !old.preserved;
  if (loose && !keeps_old_) MARCOT_RETURN_IF_ERROR(writer_.Drop(old.entry));
  if (!loose && keeps_old_) MARCOT_RETURN_IF_ERROR(writer_.Hold(*overwritten_));
  return writer_.Attach(parent(), slot, entry);
}

// An overwritten file is the object it was, with other content.
void Runner::StayTheSameObject(Entry* file) const {
  file->id = overwritten_->id;
  file->creation_time_ms = overwritten_->creation_time_ms;
  file->creator = overwritten_->creator;
  file->versions = overwritten_->versions;
  file->version_bytes = overwritten_->version_bytes;
}

Placed Runner::Answer(const ObjectId& id) const {
  Placed placed;
  placed.renamed = !op_.path.empty() && name_ != op_.path.back();
  if (placed.renamed) {
    placed.path = op_.path;
    placed.path.back() = name_;
  }
  placed.id = id;
  placed.overwritten = overwritten_.has_value();
  placed.seq = txn_.seq();
  return placed;
}

// ---- the source of a copy or move ----------------------------------------------------------

absl::Status Runner::FindSourceTree() {
  if (from_root_ != op_.root) MARCOT_RETURN_IF_ERROR(CheckRoot(txn_, from_root_));
  from_ = op_.from;
  if (op_.from_tree.named_snapshot.empty()) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const auto found,
                          FindTree(txn_, op_.from_library, op_.from_space, op_.from_tree));
  from_root_ = found.root;
  from_.insert(from_.begin(), found.name);
  return absl::OkStatus();
}

absl::Status Runner::FindSource() {
  MARCOT_RETURN_IF_ERROR(FindSourceTree());
  const char first =
      op_.only == Operation::Only::kDirectory ? core::kDirectorySlot : core::kFileSlot;
  MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, from_root_, from_, first));
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
  MARCOT_RETURN_IF_ERROR(Permitted(SourceType()));
  if (source_.is_directory() && op_.strategy == Strategy::kOverwrite) {
    return BadStrategy(op_.path);
  }
  return absl::OkStatus();
}

absl::Status Runner::SourceMissing() const {
  const Code code = op_.only == Operation::Only::kDirectory ? Code::kSourceDirectoryNotFound
                    : op_.only == Operation::Only::kFile    ? Code::kSourceFileNotFound
                                                            : Code::kPathNotFound;
  return MakeError(code, absl::StrCat(JoinPath(op_.from), " does not exist"));
}

EntryType Runner::SourceType() const { return TypeOf(source_); }

const absl::Status& Runner::Permitted(EntryType type) const {
  return type == EntryType::kDirectory ? op_.if_directory : op_.if_file;
}

bool Runner::OverwritesItself() const {
  return op_.strategy == Strategy::kOverwrite && from_root_ == op_.root && from_ == op_.path;
}

absl::Status Runner::OverwritesVersions() const {
  if (!overwritten_.has_value() || overwritten_->versions == 0) return absl::OkStatus();
  return MakeError(Code::kOverwriteFileNotAllowed,
                   absl::StrCat(JoinPath(op_.path), " has versions, which a copy or move would ",
                                "lose; delete it first, or put the content"));
}

// Changes nothing, but has its place in the order of commits.
absl::StatusOr<Placed> Runner::LeaveAsItIs() {
  MARCOT_RETURN_IF_ERROR(writer_.Charge({op_.root}, {}));
  return Answer(source_.id);
}

// ---- operations ----------------------------------------------------------------------------

absl::StatusOr<Placed> Runner::MakeDirectory() {
  MARCOT_RETURN_IF_ERROR(WalkToTarget(EntryType::kDirectory));
  MARCOT_RETURN_IF_ERROR(ResolveConflict(EntryType::kDirectory));
  MARCOT_ASSIGN_OR_RETURN(const Entry made, writer_.MakeChild(target_, name_, op_.user));
  if (!op_.attributes.empty()) {
    MARCOT_RETURN_IF_ERROR(SetDirectoryAttributes(made.dir, op_.attributes));
  }
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kDirectoryMade, EntryType::kDirectory, made.id));
  return Answer(made.id);
}

absl::Status Runner::TakeContent(Entry* file) {
  if (!op_.from.empty()) {
    MARCOT_RETURN_IF_ERROR(FindSource());
    if (!op_.content.id.empty() && op_.content.id != source_.content) {
      return MakeError(Code::kPathConflict,
                       absl::StrCat(JoinPath(op_.from), " was given another content meanwhile"));
    }
    file->content = source_.content;
    file->size = source_.size;
    return writer_.Hold(source_);
  }
  file->content = op_.content.id;
  file->size = op_.content.size;
  return HoldContent(op_.content, op_.path, txn_, writer_);
}

absl::StatusOr<Placed> Runner::PutFile() {
  MARCOT_RETURN_IF_ERROR(WalkToTarget(EntryType::kFile));
  MARCOT_RETURN_IF_ERROR(ResolveConflict(EntryType::kFile));
  Entry file;
  file.kind = EntryKind::kFile;
  file.modification_time_ms = txn_.now_ms();
  file.modified = txn_.seq();
  file.attributes = op_.attributes;
  file.id = {2, txn_.seq()};
  file.creation_time_ms = txn_.now_ms();
  file.creator = op_.user;
  if (overwritten_.has_value()) {
    StayTheSameObject(&file);
    MARCOT_RETURN_IF_ERROR(KeepOldVersion(&file));
  }
  MARCOT_RETURN_IF_ERROR(TakeContent(&file));
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(file));
  if (keeps_old_) MARCOT_RETURN_IF_ERROR(DropVersionsPastLimit(file));
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kFilePut, EntryType::kFile, file.id));
  return Answer(file.id);
}

absl::StatusOr<Placed> Runner::Copy() {
  MARCOT_RETURN_IF_ERROR(FindSource());
  if (OverwritesItself()) return LeaveAsItIs();
  // The copy is of the source as it is now, before parents are made that may lie inside it.
  MARCOT_ASSIGN_OR_RETURN(Entry copy, source_.is_directory() ? ReferenceToSource() : source_);
  MARCOT_RETURN_IF_ERROR(writer_.Hold(copy));
  const ObjectId random = RandomId();
  copy.id = copy.id ^ random;
  if (copy.is_directory()) copy.context = copy.context ^ random;
  copy.creation_time_ms = txn_.now_ms();
  copy.creator = op_.user;
  copy.versions = copy.version_bytes = 0;
  MARCOT_RETURN_IF_ERROR(WalkToTarget(SourceType()));
  MARCOT_RETURN_IF_ERROR(ResolveConflict(SourceType()));
  MARCOT_RETURN_IF_ERROR(OverwritesVersions());
  if (overwritten_.has_value()) StayTheSameObject(&copy);
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(copy));
  MARCOT_RETURN_IF_ERROR(LogTransfer(ChangeKind::kCopied, copy.id));
  return Answer(copy.id);
}

absl::StatusOr<Entry> Runner::ReferenceToSource() {
  if (source_.kind == EntryKind::kReference) return source_;
  Entry reference = source_;
  reference.kind = EntryKind::kReference;
  reference.context = {};
  MARCOT_ASSIGN_OR_RETURN(reference.seq, writer_.SeqToPin(source_.dir));
  return reference;
}

absl::StatusOr<Placed> Runner::Move() {
  MARCOT_RETURN_IF_ERROR(FindSource());
  if (source_.is_directory() && from_root_ == op_.root && IsPrefix(from_, op_.path) &&
      from_.size() < op_.path.size()) {
    return MakeError(
        Code::kSourceDirectoryIsParentOfDestination,
        absl::StrCat(JoinPath(op_.from), " cannot be moved into itself, to ", JoinPath(op_.path)));
  }
  if (OverwritesItself()) return LeaveAsItIs();
  MARCOT_ASSIGN_OR_RETURN(const auto from_walk, writer_.Walk(from_root_, ParentOf(from_), {}));
  MARCOT_RETURN_IF_ERROR(WalkToTarget(SourceType()));
  MARCOT_RETURN_IF_ERROR(ResolveConflict(SourceType()));
  MARCOT_RETURN_IF_ERROR(OverwritesVersions());
  MARCOT_RETURN_IF_ERROR(BringVersions());
  MARCOT_RETURN_IF_ERROR(TakeAway(from_walk.nodes, from_.back(), true));
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(source_));
  const bool restores = op_.item != 0;
  MARCOT_RETURN_IF_ERROR(restores ? Log(ChangeKind::kRestored, SourceType(), source_.id, op_.item)
                                  : LogTransfer(ChangeKind::kMoved, source_.id));
  return Answer(source_.id);
}

absl::Status Runner::TakeAway(const Nodes& nodes, const std::string& name, bool moving) {
  const DirId dir = nodes.back();
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn_, source_));
  const std::string slot = core::Slot(SlotKind(source_), name);
  MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(dir, slot));
  const bool loose = old.found && !old.preserved;
  if (moving && !loose) MARCOT_RETURN_IF_ERROR(writer_.Hold(source_));
  if (!moving && source_.kind == EntryKind::kDirectory) {
    MARCOT_RETURN_IF_ERROR(writer_.KillTree(source_.dir));
  } else if (!moving && loose) {
    MARCOT_RETURN_IF_ERROR(writer_.Drop(old.entry));
  }
  if (!moving && source_.kind == EntryKind::kFile) core::ForgetFile(txn_, source_);
  MARCOT_RETURN_IF_ERROR(writer_.HideBase(dir, slot));
  return writer_.Charge(nodes, core::Minus(weight).WithChild(source_.is_directory(), -1));
}

absl::StatusOr<Placed> Runner::Delete() {
  MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, op_.root, op_.path));
  if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
  source_ = found.entry;
  const bool other =
      op_.only == (source_.is_directory() ? Operation::Only::kFile : Operation::Only::kDirectory);
  if (other) {
    return MakeError(
        Code::kFileTypeNotMatched,
        absl::StrCat(JoinPath(op_.path), " is a ", source_.is_directory() ? "directory" : "file",
                     "; delete it as one"));
  }
  MARCOT_RETURN_IF_ERROR(Permitted(SourceType()));
  MARCOT_ASSIGN_OR_RETURN(const auto walked, writer_.Walk(op_.root, ParentOf(op_.path), {}));
  if (!op_.permanent) {
    MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord space, SpaceOf());
    MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, LibraryOf());
    if (BinIsOn(space, library)) return Recycle(walked.nodes);
  }
  MARCOT_RETURN_IF_ERROR(TakeAway(walked.nodes, name_, false));
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kDeleted, SourceType(), source_.id));
  return Answer(source_.id);
}

absl::StatusOr<Placed> Runner::SetAttributes() {
  Entry entry;
  entry.id = RootId(op_.root);
  if (!op_.path.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(txn_, op_.root, op_.path));
    if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
    entry = found.entry;
  }
  const bool directory = op_.path.empty() || entry.is_directory();
  const EntryType type = directory ? EntryType::kDirectory : EntryType::kFile;
  MARCOT_RETURN_IF_ERROR(Permitted(type));
  MARCOT_ASSIGN_OR_RETURN(
      const auto walked,
      writer_.Walk(op_.root, directory ? std::span(op_.path) : ParentOf(op_.path), {}));
  const DirId dir = walked.nodes.back();
  MARCOT_RETURN_IF_ERROR(directory ? ChangeDirectoryAttributes(dir)
                                   : SetFileAttributes(dir, entry));
  MARCOT_RETURN_IF_ERROR(writer_.Charge(walked.nodes, {}));
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kAttributesSet, type, entry.id));
  return Answer(entry.id);
}

absl::StatusOr<std::string> Runner::NewAttributes(std::string_view old) const {
  if (op_.changes == nullptr) return op_.attributes;
  PackedAttributes packed;
  AttributePacker().Pack(old, &packed);
  Attributes attributes = packed.Unpack();
  op_.changes->ApplyTo(&attributes);
  std::string encoded = EncodeAttributes(attributes);
  if (encoded.size() <= kMaxAttributeBytes) return encoded;
  return MakeError(Code::kParamInvalid,
                   absl::StrCat(ShownPath(op_.path), ": attributes of ", encoded.size(),
                                " bytes, at most ", kMaxAttributeBytes, " are allowed"));
}

absl::Status Runner::ChangeDirectoryAttributes(DirId dir) {
  Entry old;
  bool has = false;
  if (op_.changes != nullptr) {
    const core::Place place{.dir = dir, .seq = core::kLive};
    MARCOT_ASSIGN_OR_RETURN(has, core::Lookup(txn_, place, core::AttributesSlot(), &old));
  }
  MARCOT_ASSIGN_OR_RETURN(const std::string attributes,
                          NewAttributes(has ? std::string_view(old.attributes) : ""));
  return SetDirectoryAttributes(dir, attributes);
}

absl::Status Runner::SetDirectoryAttributes(DirId dir, const std::string& attributes) {
  const std::string slot = core::AttributesSlot();
  MARCOT_RETURN_IF_ERROR(writer_.Detach(dir, slot).status());
  if (attributes.empty()) return writer_.HideBase(dir, slot);
  Entry entry;
  entry.kind = EntryKind::kAttributes;
  entry.attributes = attributes;
  return writer_.Attach(dir, slot, entry);
}

absl::Status Runner::SetFileAttributes(DirId dir, Entry entry) {
  MARCOT_ASSIGN_OR_RETURN(std::string attributes, NewAttributes(entry.attributes));
  const std::string slot = core::Slot(core::kFileSlot, name_);
  MARCOT_ASSIGN_OR_RETURN(const auto old, writer_.Detach(dir, slot));
  if (!old.found || old.preserved) MARCOT_RETURN_IF_ERROR(writer_.Hold(entry));
  entry.attributes = std::move(attributes);
  return writer_.Attach(dir, slot, entry);
}

absl::StatusOr<Placed> Runner::SetLimits() {
  bool directory = op_.path.empty();
  if (!directory) {
    MARCOT_ASSIGN_OR_RETURN(const Resolved found,
                            Resolve(txn_, op_.root, op_.path, core::kDirectorySlot));
    if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(op_.path);
    directory = found.entry.is_directory();
  }
  if (!directory) {
    return MakeError(Code::kFileTypeNotMatched,
                     absl::StrCat(JoinPath(op_.path), " is a file; a directory has quotas"));
  }
  MARCOT_ASSIGN_OR_RETURN(const auto walked, writer_.Walk(op_.root, op_.path, {}));
  MARCOT_RETURN_IF_ERROR(writer_.Charge(walked.nodes, {}));
  MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn_.MutableTotals(walked.nodes.back()));
  if (!op_.limits.any() && !totals->limits.any()) {
    return MakeError(Code::kQuotaNotFound, absl::StrCat(ShownPath(op_.path), " has no quota"));
  }
  totals->limits = op_.limits;
  return Answer({});
}

// A directory whose lists skip too much gets a node of its own, and that node one level.
absl::StatusOr<Placed> Runner::Heal() {
  MARCOT_ASSIGN_OR_RETURN(const auto walked, writer_.Walk(op_.root, op_.path, {}));
  if (walked.missing || walked.file) return PathNotFound(op_.path);
  MARCOT_RETURN_IF_ERROR(core::QueueFlatten(txn_, walked.nodes.back()));
  MARCOT_RETURN_IF_ERROR(writer_.Charge(walked.nodes, {}));
  return Answer({});
}

// ---- changes ---------------------------------------------------------------------------------

absl::StatusOr<bool> Runner::IsLogged(DirId root) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals* const totals, txn_.PeekTotals(root));
  return totals->logged;
}

void Runner::LogAt(DirId root, Change change) {
  change.user = op_.user;
  change.time_ms = txn_.now_ms();
  txn_.Put(Family::kChanges, core::ChangeKey(root, txn_.seq(), changes_++),
           core::EncodeChange(change));
}

// Of what stands at the target now.
Change Runner::ChangeOf(ChangeKind kind, EntryType type, const ObjectId& id) const {
  Change change;
  change.kind = kind;
  change.type = type;
  change.id = id;
  change.path = op_.path;
  if (!change.path.empty()) change.path.back() = name_;
  change.overwritten = overwritten_.has_value();
  return change;
}

absl::Status Runner::Log(ChangeKind kind, EntryType type, const ObjectId& id, uint64_t item) {
  MARCOT_ASSIGN_OR_RETURN(const bool logged, IsLogged(op_.root));
  if (!logged) return absl::OkStatus();
  LogMade();
  Change change = ChangeOf(kind, type, id);
  change.item = item;
  LogAt(op_.root, std::move(change));
  return absl::OkStatus();
}

// The parents that were made are the last on the way.
void Runner::LogMade() {
  for (size_t i = 0; i < made_.size(); ++i) {
    Change change;
    change.kind = ChangeKind::kDirectoryMade;
    change.type = EntryType::kDirectory;
    change.id = made_[i].id;
    const size_t depth = op_.path.size() - made_.size() + i;
    change.path.assign(op_.path.begin(), op_.path.begin() + static_cast<std::ptrdiff_t>(depth));
    LogAt(op_.root, std::move(change));
  }
}

absl::Status Runner::LogTransfer(ChangeKind kind, const ObjectId& id) {
  const bool elsewhere = op_.from_library != op_.library || op_.from_space != op_.space;
  if (elsewhere && kind == ChangeKind::kMoved) MARCOT_RETURN_IF_ERROR(LogGone(id));
  MARCOT_ASSIGN_OR_RETURN(const bool logged, IsLogged(op_.root));
  if (!logged) return absl::OkStatus();
  LogMade();
  Change change = ChangeOf(kind, SourceType(), id);
  change.from = op_.from;
  if (kind == ChangeKind::kCopied) change.from_id = source_.id;
  if (elsewhere) {
    change.from_library = op_.from_library;
    change.from_space = op_.from_space;
  }
  LogAt(op_.root, std::move(change));
  return absl::OkStatus();
}

// To the space that the source was in it is as if it had been deleted.
absl::Status Runner::LogGone(const ObjectId& id) {
  MARCOT_ASSIGN_OR_RETURN(const bool logged, IsLogged(from_root_));
  if (!logged) return absl::OkStatus();
  Change gone;
  gone.kind = ChangeKind::kDeleted;
  gone.type = SourceType();
  gone.id = id;
  gone.path = op_.from;
  LogAt(from_root_, std::move(gone));
  return absl::OkStatus();
}

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

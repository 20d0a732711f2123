#include "operations/space_builder.h"

#include <span>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/left_behind.h"
#include "operations/runner.h"
#include "operations/spaces.h"

namespace marcot::operations {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::TreeWriter;
using storage::Family;

namespace {

using Nodes = core::DirPath;

std::string TreeName(uint64_t number) { return std::to_string(number); }
std::string TreeSlot(uint64_t number) { return core::Slot(core::kDirectorySlot, TreeName(number)); }

absl::Status RequireNoSpace(core::View& view, const std::string& library,
                            const std::string& space) {
  MARCOT_ASSIGN_OR_RETURN(const auto existing, FindSpace(view, library, space));
  if (!existing.has_value()) return absl::OkStatus();
  return MakeError(Code::kDuplicateSpace, absl::StrCat("the space ", library, "/", space,
                                                       " exists; an import makes a new one"));
}

absl::Status DropImport(core::Txn& txn, DirId root) {
  TreeWriter writer(txn);
  MARCOT_RETURN_IF_ERROR(KillRoot(txn, writer, root));
  txn.Delete(Family::kMeta, core::ImportKey(root));
  return absl::OkStatus();
}

// A tree leaves the root under which it waited; who gets it says where it is then.
absl::StatusOr<Entry> TakeTree(core::Txn& txn, DirId root, uint64_t number) {
  TreeWriter writer(txn);
  MARCOT_ASSIGN_OR_RETURN(const auto old, writer.Detach(root, TreeSlot(number)));
  if (!old.found || old.entry.kind != EntryKind::kDirectory) {
    return MakeError(Code::kStoreDamaged, "a tree that was imported is lost; import it again");
  }
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(txn, old.entry));
  MARCOT_RETURN_IF_ERROR(writer.Charge({root}, core::Minus(weight).WithChild(true, -1)));
  return old.entry;
}

class BeginWork final : public Pipeline::Work {
 public:
  BeginWork(const std::string& library, const std::string& space)
      : library_(library), space_(space) {}

  absl::Status Execute(core::Txn& txn) override {
    MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, FindLibrary(txn, library_));
    MARCOT_RETURN_IF_ERROR(RequireNoSpace(txn, library_, space_));
    MARCOT_ASSIGN_OR_RETURN(root_, NewRoot(txn, library.id));
    txn.Put(Family::kMeta, core::ImportKey(root_), "");
    return absl::OkStatus();
  }

  DirId root() const { return root_; }

 private:
  const std::string &library_, &space_;
  DirId root_ = 0;
};

class DropWork final : public Pipeline::Work {
 public:
  explicit DropWork(DirId root) : root_(root) {}
  absl::Status Execute(core::Txn& txn) override { return DropImport(txn, root_); }

 private:
  const DirId root_;
};

class FinishWork final : public Pipeline::Work {
 public:
  FinishWork(const std::string& library, const std::string& space, DirId root, uint64_t last,
             const StreamSpace& head, const RecursiveTotals& totals)
      : library_(library),
        space_(space),
        root_(root),
        last_(last),
        head_(head),
        expected_(totals) {}

  absl::Status Execute(core::Txn& txn) override {
    MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord library, FindLibrary(txn, library_));
    MARCOT_RETURN_IF_ERROR(RequireNoSpace(txn, library_, space_));
    MARCOT_ASSIGN_OR_RETURN(const Entry top, TakeTree(txn, root_, last_));
    MARCOT_RETURN_IF_ERROR(TreeWriter(txn).SetParent(top.dir, 0));
    MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn.MutableTotals(top.dir));
    if (RecursiveTotals{totals->bytes, totals->files, totals->directories} != expected_) {
      return StreamDamaged("what it holds is not what it says to hold");
    }
    totals->library = library.id;
    record_ = {.root = top.dir, .creation_time_ms = head_.creation_time_ms};
    txn.Put(Family::kSpaces, core::SpaceKey(library_, space_), core::EncodeSpace(record_));
    MARCOT_RETURN_IF_ERROR(SetSpaceWork(library_, space_, top.dir, head_.settings).Execute(txn));
    return DropImport(txn, root_);
  }

  const core::SpaceRecord& record() const { return record_; }

 private:
  const std::string &library_, &space_;
  const DirId root_;
  const uint64_t last_;
  const StreamSpace& head_;
  const RecursiveTotals& expected_;
  core::SpaceRecord record_;
};

}  // namespace

// It may be executed again, after a flatten, so the builder learns of it when it has committed.
class BuildWork final : public Pipeline::Work {
 public:
  BuildWork(const SpaceBuilder& builder, const std::vector<TreePart>& parts)
      : builder_(builder), parts_(parts) {}

  absl::Status Execute(core::Txn& txn) override {
    made_.clear();
    moved_.clear();
    begun_ = false;
    TreeWriter writer(txn);
    txn_ = &txn;
    writer_ = &writer;
    for (const TreePart& part : parts_) MARCOT_RETURN_IF_ERROR(Build(part));
    return absl::OkStatus();
  }

  void Report(std::vector<SpaceBuilder::Tree>* trees) const {
    for (const DirId dir : made_) trees->push_back({.dir = dir});
    for (const uint64_t number : moved_) (*trees)[number - 1].shown = true;
  }

 private:
  uint64_t last() const { return builder_.trees_.size() + made_.size(); }
  DirId DirOf(uint64_t number) const {
    const size_t before = builder_.trees_.size();
    return number <= before ? builder_.trees_[number - 1].dir : made_[number - before - 1];
  }
  bool IsShown(uint64_t number) const {
    return moved_.contains(number) ||
           (number <= builder_.trees_.size() && builder_.trees_[number - 1].shown);
  }
  Nodes Path() const { return {builder_.root_, DirOf(last())}; }

  // Each has its own seq, as in a batch.
  void NextOperation() {
    if (std::exchange(begun_, true)) txn_->BeginOperation();
  }

  absl::Status Build(const TreePart& part) {
    if (part.begins) MARCOT_RETURN_IF_ERROR(Begin(part.tree));
    for (const NameToBuild& name : part.names) {
      NextOperation();
      MARCOT_RETURN_IF_ERROR(Apply(name));
    }
    if (!part.ends) return absl::OkStatus();
    MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn_->MutableTotals(DirOf(last())));
    totals->modification_time_ms = part.tree.modification_time_ms;
    return absl::OkStatus();
  }

  absl::Status Begin(const StreamTree& tree) {
    NextOperation();
    const std::string name = TreeName(last() + 1);
    if (tree.base == 0) {
      MARCOT_ASSIGN_OR_RETURN(const Entry made, writer_->MakeChild({builder_.root_}, name, {}));
      made_.push_back(made.dir);
    } else {
      MARCOT_ASSIGN_OR_RETURN(const Entry copy, CopyOf(tree.base));
      MARCOT_RETURN_IF_ERROR(Place({builder_.root_}, core::Slot(core::kDirectorySlot, name), copy));
      MARCOT_ASSIGN_OR_RETURN(const auto walked,
                              writer_->Walk(builder_.root_, std::span(&name, 1), {}));
      made_.push_back(walked.nodes.back());
    }
    return SetOwnAttributes(made_.back(), tree.attributes);
  }

  absl::Status SetOwnAttributes(DirId dir, const std::string& attributes) {
    Entry own;
    const std::string slot = core::AttributesSlot();
    MARCOT_ASSIGN_OR_RETURN(const bool any, core::Lookup(*txn_, {.dir = dir}, slot, &own));
    if (attributes == (any ? own.attributes : "")) return absl::OkStatus();
    if (attributes.empty()) return writer_->HideBase(dir, slot);
    own = {};
    own.kind = EntryKind::kAttributes;
    own.attributes = attributes;
    return writer_->Attach(dir, slot, own);
  }

  absl::StatusOr<Entry> CopyOf(uint64_t number) {
    const DirId dir = DirOf(number);
    Entry copy;
    copy.kind = EntryKind::kReference;
    copy.dir = dir;
    MARCOT_ASSIGN_OR_RETURN(copy.seq, writer_->SeqToPin(dir));
    copy.context = RandomId();
    copy.id = RootId(dir) ^ copy.context;
    MARCOT_RETURN_IF_ERROR(writer_->Hold(copy));
    return copy;
  }

  absl::Status Apply(const NameToBuild& what) {
    const StreamName& name = what.name;
    if (name.removed) return Remove(name.slot);
    Entry entry;
    if (name.is_directory()) {
      MARCOT_ASSIGN_OR_RETURN(entry, TreeToShow(name.tree));
    } else {
      MARCOT_RETURN_IF_ERROR(Hold(what));
      entry = FileOf(what);
    }
    entry.creation_time_ms = name.creation_time_ms;
    entry.creator = name.creator;
    return Place(Path(), name.slot, entry);
  }

  absl::StatusOr<Entry> TreeToShow(uint64_t number) {
    if (IsShown(number)) return CopyOf(number);
    moved_.insert(number);
    return TakeTree(*txn_, builder_.root_, number);
  }

  Entry FileOf(const NameToBuild& what) const {
    Entry file;
    file.kind = EntryKind::kFile;
    file.id = {2, txn_->seq()};
    file.content = what.content.id;
    file.size = what.content.size;
    file.modified = txn_->seq();
    file.modification_time_ms = what.name.modification_time_ms;
    file.attributes = what.name.attributes;
    return file;
  }

  absl::Status Hold(const NameToBuild& what) {
    const FileContent& content = what.content;
    const bool first = content.blob != 0 || !content.chunks.empty();
    if (content.host_kept && !content.id.empty()) {
      MARCOT_RETURN_IF_ERROR(CheckHostKept(content, what.name.slot.substr(1)));
    }
    if (first || content.host_kept || content.id.empty()) {
      return HoldContent(content, {what.name.slot.substr(1)}, *txn_, *writer_);
    }
    MARCOT_ASSIGN_OR_RETURN(const bool kept, IsBuiltIn(*txn_, content.id));
    if (!kept) return StreamDamaged("the bytes of a file do not come before its name");
    return writer_->HoldContent(content.id, content.size);
  }

  // A stream names contents of a host by their ids alone. It gets none whose bytes the store has
  // itself, nor one that may be held here without a count: the first to let go would release it.
  absl::Status CheckHostKept(const FileContent& content, const std::string& name) {
    std::string value;
    const std::string key = core::ContentKey(content.id);
    MARCOT_ASSIGN_OR_RETURN(const bool counted, txn_->Get(Family::kContents, key, &value));
    if (counted) {
      MARCOT_ASSIGN_OR_RETURN(const core::ContentRow row, core::DecodeContent(value));
      if (row.blob == 0 && row.size == content.size) return absl::OkStatus();
      return StreamDamaged("a content that a host keeps is another one here");
    }
    MARCOT_ASSIGN_OR_RETURN(const bool released, txn_->Get(Family::kReleased, key, &value));
    if (released || !builder_.same_store_) return absl::OkStatus();
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("content ", content.id.Hex(), " of ", name,
                                  " was put as unique in this very store, which does not know who ",
                                  "holds it; copy the directories instead"));
  }

  // What a tree takes away is its base's, or was until a flatten gave it to the tree itself.
  absl::Status Remove(const std::string& slot) {
    const Nodes nodes = Path();
    Entry old;
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            core::Lookup(*txn_, {.dir = nodes.back()}, slot, &old));
    if (!found) return StreamDamaged("a name is taken away that is not there");
    MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(*txn_, old));
    MARCOT_ASSIGN_OR_RETURN(const auto own, writer_->Detach(nodes.back(), slot));
    if (own.found && !own.preserved) MARCOT_RETURN_IF_ERROR(writer_->Drop(own.entry));
    MARCOT_RETURN_IF_ERROR(writer_->HideBase(nodes.back(), slot));
    return writer_->Charge(nodes, core::Minus(weight).WithChild(old.is_directory(), -1));
  }

  // In the last of the nodes; over what the base shows there.
  absl::Status Place(const Nodes& nodes, const std::string& slot, const Entry& entry) {
    const DirId dir = nodes.back();
    Entry old;
    MARCOT_ASSIGN_OR_RETURN(const auto slots, writer_->FindChild(dir, slot.substr(1), &old));
    const bool replaces = slots == TreeWriter::Slots::kTaken;
    if (replaces && SlotKind(old) != slot[0]) return StreamDamaged("a name stands twice");
    if (slots != TreeWriter::Slots::kVacant) {
      MARCOT_ASSIGN_OR_RETURN(const auto own, writer_->Detach(dir, slot));
      // No stream names a slot twice, so this is a whiteout, or what a flatten has put.
      if (own.found && !own.preserved) MARCOT_RETURN_IF_ERROR(writer_->Drop(own.entry));
    }
    if (entry.kind == EntryKind::kDirectory) {
      MARCOT_RETURN_IF_ERROR(writer_->SetParent(entry.dir, dir));
    }
    MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(*txn_, entry));
    MARCOT_RETURN_IF_ERROR(writer_->Attach(dir, slot, entry));
    if (replaces) {
      MARCOT_ASSIGN_OR_RETURN(const core::Weight less, core::WeightOf(*txn_, old));
      MARCOT_RETURN_IF_ERROR(writer_->Charge(nodes, core::Minus(less)));
      return writer_->Charge(nodes, core::Plus(weight));
    }
    return writer_->Charge(nodes, core::Plus(weight).WithChild(entry.is_directory(), +1));
  }

  const SpaceBuilder& builder_;
  const std::vector<TreePart>& parts_;
  std::vector<DirId> made_;              // the nodes of the trees that begin here
  absl::flat_hash_set<uint64_t> moved_;  // the trees that were first shown here
  core::Txn* txn_ = nullptr;
  TreeWriter* writer_ = nullptr;
  bool begun_ = false;
};

SpaceBuilder::~SpaceBuilder() {
  if (root_ == 0) return;
  DropWork work(root_);
  // Where this fails the row stays, and the next open finds it.
  engine_.RunWork(work, Durability::kDefault).IgnoreError();
}

absl::Status SpaceBuilder::Begin(uint64_t origin) {
  same_store_ = origin == OriginOf(engine_.committed().secret());
  BeginWork work(library_, space_);
  MARCOT_RETURN_IF_ERROR(engine_.RunWork(work, Durability::kDefault));
  root_ = work.root();
  return absl::OkStatus();
}

absl::Status SpaceBuilder::Add(const std::vector<TreePart>& parts) {
  BuildWork work(*this, parts);
  MARCOT_RETURN_IF_ERROR(engine_.RunWork(work, Durability::kDefault));
  work.Report(&trees_);
  return absl::OkStatus();
}

absl::StatusOr<core::SpaceRecord> SpaceBuilder::Finish(const StreamSpace& head,
                                                       const RecursiveTotals& totals) {
  FinishWork work(library_, space_, root_, trees_.size(), head, totals);
  MARCOT_RETURN_IF_ERROR(engine_.RunWork(work, Durability::kDefault));
  root_ = 0;
  return work.record();
}

absl::Status DropAbandonedImports(core::Txn& txn) {
  const auto drop = [&](std::string_view key, std::string_view) {
    return DropImport(txn, core::RootOfImportKey(key));
  };
  return ForEachLeftBehind(txn, core::kImportPrefix, drop);
}

}  // namespace marcot::operations

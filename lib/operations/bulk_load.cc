#include "operations/bulk_load.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "marcot/bulk_load.h"
#include "marcot/error.h"
#include "operations/left_behind.h"
#include "operations/path.h"
#include "operations/runner.h"
#include "operations/spaces.h"

namespace marcot::operations {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Seq;
using storage::Family;

namespace {

// A commit of its own sets so many seqs aside.
constexpr uint64_t kSeqsAtATime = 1u << 16;
constexpr uint64_t kMaxBytes = uint64_t{1} << 62;

absl::Status OutOfOrder(std::string_view name, std::string_view why) {
  return MakeError(Code::kParamInvalid,
                   absl::StrCat(std::string(name), ": ", std::string(why),
                                "; a bulk load takes the names of a directory in the order of ",
                                "bytes, subdirectories first"));
}

class ReserveWork final : public Pipeline::Work {
 public:
  ReserveWork(DirId space_root, uint64_t directories)
      : space_root_(space_root), directories_(directories) {}

  absl::Status Execute(core::Txn& txn) override {
    MARCOT_RETURN_IF_ERROR(CheckRoot(txn, space_root_));
    // Without a record there would be no commit.
    MARCOT_RETURN_IF_ERROR(txn.MutableTotals(space_root_).status());
    first_seq = txn.ReserveOperations(kSeqsAtATime);
    first_dir = txn.ReserveIds(directories_);
    now_ms = txn.now_ms();
    return absl::OkStatus();
  }

  Seq first_seq = 0;
  DirId first_dir = 0;
  int64_t now_ms = 0;

 private:
  const DirId space_root_;
  const uint64_t directories_;
};

class AnnounceWork final : public Pipeline::Work {
 public:
  explicit AnnounceWork(DirId dir) : dir_(dir) {}
  absl::Status Execute(core::Txn& txn) override {
    txn.Put(Family::kMeta, core::LoadKey(dir_), "");
    return absl::OkStatus();
  }

 private:
  const DirId dir_;
};

// The load is no longer one that waits: what it holds is counted.
absl::Status CountLoad(core::Txn& txn, DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn.GetTotals(dir));
  txn.counters().file_records += totals.files;
  txn.counters().content_bytes += totals.bytes;
  txn.Delete(Family::kMeta, core::LoadKey(dir));
  return absl::OkStatus();
}

absl::Status DropLoad(core::Txn& txn, DirId dir) {
  core::Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool came, txn.FindNode(dir, &node));
  MARCOT_RETURN_IF_ERROR(CountLoad(txn, dir));
  if (!came) return absl::OkStatus();
  core::TreeWriter writer(txn);
  return KillRoot(txn, writer, dir);
}

class DropWork final : public Pipeline::Work {
 public:
  explicit DropWork(DirId dir) : dir_(dir) {}
  absl::Status Execute(core::Txn& txn) override { return DropLoad(txn, dir_); }

 private:
  const DirId dir_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BulkLoader>> BulkLoader::Begin(Engine& engine, DirId space_root,
                                                              std::string_view user,
                                                              std::string_view attributes) {
  std::unique_ptr<BulkLoader> load(new BulkLoader(engine, space_root));
  MARCOT_RETURN_IF_ERROR(load->Reserve(kMaxLoadDirectories));
  MARCOT_ASSIGN_OR_RETURN(load->created_, load->NextSeq());
  MARCOT_ASSIGN_OR_RETURN(auto ingestion, engine.NewIngestion());
  load->rows_ = std::make_unique<RowWriter>(std::move(ingestion));
  load->entry_.creator = user;
  load->open_.emplace_back().attributes = attributes;
  return load;
}

BulkLoader::~BulkLoader() {
  if (waiting_ == 0 || placed_) return;
  DropWork work(waiting_);
  // Where this fails the row stays, and the next open finds it.
  engine_.RunWork(work, Durability::kDefault).IgnoreError();
}

absl::Status BulkLoader::Reserve(uint64_t directories) {
  ReserveWork work(space_root_, directories);
  MARCOT_RETURN_IF_ERROR(engine_.RunWork(work, Durability::kLogged));
  if (directories > 0) first_dir_ = work.first_dir;
  next_seq_ = work.first_seq;
  end_of_seqs_ = work.first_seq + 2 * kSeqsAtATime;
  now_ms_ = work.now_ms;
  return absl::OkStatus();
}

absl::StatusOr<Seq> BulkLoader::NextSeq() {
  if (next_seq_ == end_of_seqs_) MARCOT_RETURN_IF_ERROR(Lasting(Reserve(0)));
  return std::exchange(next_seq_, next_seq_ + 2);
}

absl::Status BulkLoader::Lasting(absl::Status status) {
  failure_.Update(status);
  return status;
}

absl::Status BulkLoader::CheckOpen() const {
  MARCOT_RETURN_IF_ERROR(failure_);
  if (!ingested_) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, "the bulk load is complete; begin another one");
}

// What both kinds have in common.
absl::Status BulkLoader::CheckNew(std::string_view name, EntryType type) const {
  MARCOT_RETURN_IF_ERROR(CheckOpen());
  MARCOT_RETURN_IF_ERROR(CheckName(name, type, engine_.limits()));
  if (open_.back().path_bytes + name.size() <= engine_.limits().max_path_bytes) {
    return absl::OkStatus();
  }
  return MakeError(Code::kDirectoryLevelExceed,
                   absl::StrCat("a path below the loaded directory has more than the ",
                                engine_.limits().max_path_bytes, " bytes that the store allows"));
}

absl::Status BulkLoader::EnterDirectory(std::string_view name, std::string_view attributes) {
  MARCOT_RETURN_IF_ERROR(CheckNew(name, EntryType::kDirectory));
  const OpenDirectory& parent = open_.back();
  if (parent.dir != 0) return OutOfOrder(name, "a directory comes behind a file");
  if (!parent.children.empty() && name <= parent.children.back().name) {
    return OutOfOrder(name, "it does not come behind " + parent.children.back().name);
  }
  if (parents_.size() + open_.size() >= kMaxLoadDirectories) {
    return MakeError(
        Code::kParamInvalid,
        absl::StrCat("a bulk load makes at most ", kMaxLoadDirectories, " directories; split it"));
  }
  const size_t path_bytes = parent.path_bytes + name.size() + 1;
  OpenDirectory& entered = open_.emplace_back();
  entered.name = name;
  entered.attributes = attributes;
  entered.path_bytes = path_bytes;
  return absl::OkStatus();
}

absl::Status BulkLoader::LeaveDirectory() {
  MARCOT_RETURN_IF_ERROR(CheckOpen());
  if (open_.size() == 1) {
    return MakeError(Code::kParamInvalid,
                     "the loaded directory itself is not left; finish the load");
  }
  MARCOT_RETURN_IF_ERROR(CloseCurrent());
  OpenDirectory left = std::move(open_.back());
  open_.pop_back();
  OpenDirectory& parent = open_.back();
  parent.totals.bytes += left.totals.bytes;
  parent.totals.files += left.totals.files;
  parent.totals.directories += left.totals.directories + 1;
  ++parent.totals.child_directories;
  parent.children.push_back({std::move(left.name), left.dir, left.totals.changed});
  return absl::OkStatus();
}

absl::Status BulkLoader::AddFile(std::string_view name, const ContentRef& content,
                                 std::string_view attributes) {
  MARCOT_RETURN_IF_ERROR(CheckNew(name, EntryType::kFile));
  OpenDirectory& parent = open_.back();
  // No name is empty.
  if (name <= parent.last_file)
    return OutOfOrder(name, "it does not come behind " + parent.last_file);
  size_t before = parent.children_before;
  while (before < parent.children.size() && parent.children[before].name < name) ++before;
  if (before < parent.children.size() && parent.children[before].name == name) {
    return OutOfOrder(name, "a directory has the name");
  }
  if (content.size > kMaxBytes - bytes_) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(std::string(name), ": a bulk load holds at most 2^62 bytes"));
  }
  if (parent.dir == 0) MARCOT_RETURN_IF_ERROR(NumberCurrent());
  MARCOT_ASSIGN_OR_RETURN(const Seq seq, NextSeq());
  entry_.kind = EntryKind::kFile;
  entry_.id = {2, seq};
  entry_.content = content.id;
  entry_.size = content.size;
  entry_.creation_time_ms = entry_.modification_time_ms = now_ms_;
  entry_.modified = seq;
  entry_.attributes = attributes;
  MARCOT_RETURN_IF_ERROR(PutEntry(parent.dir, core::kFileSlot, name, seq));
  parent.children_before = before;
  parent.last_file = name;
  bytes_ += content.size;
  parent.totals.bytes += content.size;
  ++parent.totals.files;
  ++parent.totals.child_files;
  return absl::OkStatus();
}

absl::Status BulkLoader::PutEntry(DirId dir, char kind, std::string_view name, Seq birth) {
  const auto append_key = [&](std::string* out) {
    char parent_and_kind[kFixedBytes + 1];
    *WriteFixed64(parent_and_kind, dir) = kind;
    out->append(parent_and_kind, sizeof parent_and_kind);
    out->append(name);
  };
  const auto append_entry = [&](std::string* out) { core::AppendEntry(entry_, birth, out); };
  return Lasting(rows_->Add(Family::kEntries, append_key, append_entry));
}

absl::Status BulkLoader::AddRow(Family family, DirId dir, std::string_view value) {
  return rows_->Add(
      family, [&](std::string* out) { PutFixed64(out, dir); },
      [&](std::string* out) { out->append(value); });
}

// All of its subdirectories are there: it gets a number, and they rows that name it.
absl::Status BulkLoader::NumberCurrent() {
  OpenDirectory& current = open_.back();
  current.dir = first_dir_ + parents_.size();
  parents_.push_back(0);  // as long as its own parent has no number
  if (!current.attributes.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const Seq seq, NextSeq());
    entry_.kind = EntryKind::kAttributes;
    entry_.attributes = current.attributes;
    MARCOT_RETURN_IF_ERROR(PutEntry(current.dir, core::kAttributesSlot, "", seq));
  }
  entry_.kind = EntryKind::kDirectory;
  entry_.creation_time_ms = now_ms_;
  for (const Child& child : current.children) {
    parents_[child.dir - first_dir_] = current.dir;
    entry_.dir = child.dir;
    entry_.id = RootId(child.dir);
    MARCOT_RETURN_IF_ERROR(PutEntry(current.dir, core::kDirectorySlot, child.name, child.birth));
  }
  return absl::OkStatus();
}

absl::Status BulkLoader::CloseCurrent() {
  OpenDirectory& current = open_.back();
  if (current.dir == 0) MARCOT_RETURN_IF_ERROR(NumberCurrent());
  MARCOT_ASSIGN_OR_RETURN(current.totals.changed, NextSeq());
  current.totals.modified = current.totals.changed;
  current.totals.modification_time_ms = now_ms_;
  return Lasting(AddRow(Family::kTotals, current.dir, core::EncodeTotals(current.totals)));
}

absl::Status BulkLoader::WriteNodes() {
  core::Node node;
  node.created = node.synced = created_;
  for (size_t i = 0; i < parents_.size(); ++i) {
    node.parent = parents_[i];
    MARCOT_RETURN_IF_ERROR(AddRow(Family::kNodes, first_dir_ + i, core::EncodeNode(node)));
  }
  return absl::OkStatus();
}

absl::Status BulkLoader::Ingest() {
  MARCOT_RETURN_IF_ERROR(CloseCurrent());
  MARCOT_RETURN_IF_ERROR(WriteNodes());
  const DirId top = open_.back().dir;
  AnnounceWork work(top);
  // On the disk before the rows are: else a power cut could leave those alone, and their numbers
  // would be given again.
  MARCOT_RETURN_IF_ERROR(engine_.RunWork(work, Durability::kSynced));
  waiting_ = top;
  MARCOT_RETURN_IF_ERROR(rows_->Commit());
  rows_.reset();
  parents_ = {};
  ingested_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Placed> BulkLoader::Finish(Operation&& operation, Durability durability) {
  MARCOT_RETURN_IF_ERROR(failure_);
  if (placed_) return CheckOpen();
  if (open_.size() > 1) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(open_.back().name, " was not left; leave all ", open_.size() - 1,
                                  " directories before the load is finished"));
  }
  if (!ingested_) MARCOT_RETURN_IF_ERROR(Lasting(Ingest()));
  operation.loaded = waiting_;
  auto placed = engine_.RunOperation(std::move(operation), durability);
  placed_ = placed.ok();
  return placed;
}

// The directory is there, and gets its place.
absl::StatusOr<Placed> Runner::Load() {
  MARCOT_RETURN_IF_ERROR(WalkToTarget(EntryType::kDirectory));
  MARCOT_RETURN_IF_ERROR(ResolveConflict(EntryType::kDirectory));
  Entry entry;
  entry.kind = EntryKind::kDirectory;
  entry.dir = op_.loaded;
  entry.id = RootId(op_.loaded);
  entry.creation_time_ms = txn_.now_ms();
  entry.creator = op_.user;
  MARCOT_RETURN_IF_ERROR(PlaceAtTarget(entry));
  MARCOT_RETURN_IF_ERROR(CountLoad(txn_, op_.loaded));
  MARCOT_RETURN_IF_ERROR(Log(ChangeKind::kLoaded, EntryType::kDirectory, entry.id));
  return Answer(entry.id);
}

absl::Status DropAbandonedLoads(core::Txn& txn) {
  const auto drop = [&](std::string_view key, std::string_view) {
    return DropLoad(txn, core::DirOfLoadKey(key));
  };
  return ForEachLeftBehind(txn, core::kLoadPrefix, drop);
}

}  // namespace marcot::operations

#include "marcot/space.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using api::StoreImpl;
using core::ReadView;
using operations::Meter;
using operations::Metered;
using operations::Operation;

ByteSource SourceOf(std::string_view bytes) {
  return [bytes](char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
    const size_t n = std::min(capacity, bytes.size());
    std::memcpy(buffer, bytes.data(), n);
    bytes.remove_prefix(n);
    return n;
  };
}

// Runs `read` on a view of what the options ask for: a snapshot, or the newest commit.
template <typename Read>
auto ReadAs(const Space::State& state, const ReadOptions& options, const Read& read)
    -> decltype(read(std::declval<ReadView&>())) {
  const core::Committed& committed = state.engine->committed();
  if (options.snapshot == nullptr) return core::ReadNewest(committed, read);
  const auto* const snapshot = static_cast<const operations::EngineSnapshot*>(options.snapshot);
  MARCOT_ASSIGN_OR_RETURN(const auto held, snapshot->HoldFor(*state.engine));
  ReadView view = ReadView::OfSnapshot(committed, *held);
  return read(view);
}

using Names = std::vector<std::string>;

// The same of one path, counted: `read` gets the entry that stands there.
template <typename Result, typename Read>
absl::StatusOr<Result> ReadPath(const Space::State& state, OperationKind kind,
                                std::string_view path, const ReadOptions& options,
                                const Read& read) {
  MARCOT_ASSIGN_OR_RETURN(const Names names, operations::ParsePath(path, state.engine->limits()));
  const auto read_entry = [&](ReadView& view) -> absl::StatusOr<Result> {
    MARCOT_ASSIGN_OR_RETURN(const core::Entry entry,
                            api::EntryAt(view, state, options.tree, names));
    return read(view, entry, names);
  };
  return Metered(state.engine->meters(), kind, [&] { return ReadAs(state, options, read_entry); });
}

// The file as an older version of it.
absl::Status GoBack(ReadView& view, const ReadOptions& options, const Names& names,
                    core::Entry* file) {
  uint64_t version = options.version;
  if (options.version_id != 0) {
    MARCOT_ASSIGN_OR_RETURN(version,
                            operations::RequireVersionById(view, *file, options.version_id, names));
  }
  if (version == 0 || version == file->modified) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const core::VersionRecord record,
                          operations::RequireVersion(view, *file, version, names));
  file->content = record.content;
  file->size = record.size;
  file->modified = version;
  file->modification_time_ms = record.modification_time_ms;
  return absl::OkStatus();
}

class OpenedFile final : public FileReader {
 public:
  OpenedFile(operations::Engine& engine, std::shared_ptr<core::HeldSnapshot> held, Stat stat)
      : engine_(engine), held_(std::move(held)), stat_(std::move(stat)) {}

  const Stat& stat() const override { return stat_; }

  absl::StatusOr<std::string> Read(uint64_t offset, uint64_t length) override {
    std::string bytes;
    MARCOT_RETURN_IF_ERROR(Read(offset, length, [&bytes](std::string_view piece) {
      bytes.append(piece);
      return absl::OkStatus();
    }));
    return bytes;
  }

  absl::Status Read(uint64_t offset, uint64_t length, const ByteSink& sink) override {
    return Metered(engine_.meters(), OperationKind::kReadFile,
                   [&] { return ReadBytes(offset, length, sink); });
  }

 private:
  absl::Status ReadBytes(uint64_t offset, uint64_t length, const ByteSink& sink) {
    if (stat_.content.empty() || offset >= stat_.size) return absl::OkStatus();
    length = std::min(length, stat_.size - offset);
    if (engine_.options().content_store != nullptr) return ReadFromHost(offset, length, sink);
    ReadView view = ReadView::OfSnapshot(engine_.committed(), *held_);
    return operations::ReadContent(view, stat_.content, offset, length, sink);
  }

  // What a reader gets is what it asked for, or an error, whatever the host's store does.
  absl::Status ReadFromHost(uint64_t offset, uint64_t length, const ByteSink& sink) {
    uint64_t left = length;
    const auto take = [&](std::string_view piece) {
      if (piece.size() > left) return NotAsAsked("more");
      left -= piece.size();
      return sink(piece);
    };
    MARCOT_RETURN_IF_ERROR(
        engine_.options().content_store->Read(stat_.content, offset, length, take));
    return left == 0 ? absl::OkStatus() : NotAsAsked("less");
  }
  absl::Status NotAsAsked(std::string_view how) const {
    return MakeError(Code::kInternalServerError,
                     absl::StrCat("the content store gave ", std::string(how), " of ",
                                  stat_.content.Hex(), " than it was asked for"));
  }

  operations::Engine& engine_;
  const std::shared_ptr<core::HeldSnapshot> held_;
  const Stat stat_;
};

BatchItem TransferItem(BatchItem::Kind kind, BatchItem::Only only, const Space& space,
                       const Space& from_space, std::string_view from, std::string_view to,
                       const OperationOptions& options) {
  BatchItem item;
  item.kind = kind;
  item.only = only;
  item.space = space;
  item.from_space = from_space;
  item.from = from;
  item.path = to;
  item.options = options;
  return item;
}

// A batch item may leave its source's space out; a call that names one means it.
absl::StatusOr<Placed> RunTransfer(const BatchItem& item) {
  MARCOT_RETURN_IF_ERROR(StoreImpl::StateOf(item.from_space).status());
  return api::RunItem(item);
}

absl::StatusOr<Placed> RunDelete(const Space& space, std::string_view path, BatchItem::Only only,
                                 const DeleteOptions& options) {
  BatchItem item;
  item.kind = BatchItem::Kind::kDelete;
  item.only = only;
  item.space = space;
  item.path = path;
  item.options = options;
  item.permanent = options.permanent;
  return api::RunItem(item);
}

absl::Status PreparePut(const Space& space, std::string_view path, const PutOptions& options,
                        Operation* operation) {
  operation->kind = Operation::Kind::kPut;
  MARCOT_RETURN_IF_ERROR(api::PrepareTarget(space, path, options, operation));
  MARCOT_ASSIGN_OR_RETURN(operation->attributes, api::PrepareAttributes(options.attributes, path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<core::Entry> api::EntryAt(core::View& view, const Space::State& state,
                                         const Tree& tree, const Names& names, char first) {
  if (tree.recycled_item == 0 && tree.named_snapshot.empty()) {
    return operations::EntryOf(view, state.root, names, first);
  }
  // Another space of this name may have come since.
  MARCOT_RETURN_IF_ERROR(operations::CheckRoot(view, state.root.dir));
  MARCOT_ASSIGN_OR_RETURN(const operations::TreeAt at,
                          operations::FindTree(view, state.library, state.name, tree));
  Names below{at.name};
  below.insert(below.end(), names.begin(), names.end());
  auto entry = operations::EntryOf(view, {at.root, 0}, below, first);
  // Not with the name that stands for the tree.
  if (CodeOf(entry.status()) == Code::kPathNotFound) return operations::PathNotFound(names);
  return entry;
}

absl::StatusOr<std::shared_ptr<core::HeldSnapshot>> api::HoldFor(const operations::Engine& engine,
                                                                 const Snapshot* snapshot) {
  if (snapshot == nullptr) {
    return std::shared_ptr<core::HeldSnapshot>(engine.committed().TakeSnapshot());
  }
  return static_cast<const operations::EngineSnapshot*>(snapshot)->HoldFor(engine);
}

const std::string& Space::library() const {
  static const std::string none;
  return state_ == nullptr ? none : state_->library;
}

const std::string& Space::name() const {
  static const std::string none;
  return state_ == nullptr ? none : state_->name;
}

absl::StatusOr<Placed> Space::MakeDirectory(std::string_view path, const OperationOptions& options,
                                            const Attributes& attributes) const {
  BatchItem item;
  item.attributes = attributes;
  item.space = *this;
  item.path = path;
  item.options = options;
  return api::RunItem(item);
}

absl::StatusOr<Placed> Space::Put(std::string_view path, std::string_view bytes,
                                  const PutOptions& options) const {
  Operation operation;
  MARCOT_RETURN_IF_ERROR(PreparePut(*this, path, options, &operation));
  if (bytes.size() > kMaxBatchPutBytes || state_->engine->options().content_store != nullptr) {
    return Put(path, SourceOf(bytes), options);
  }
  operation.content = operations::ContentOf(bytes);
  return state_->engine->RunOperation(std::move(operation), options.durability);
}

absl::StatusOr<Placed> Space::Put(std::string_view path, const ByteSource& source,
                                  const PutOptions& options) const {
  Operation operation;
  MARCOT_RETURN_IF_ERROR(PreparePut(*this, path, options, &operation));
  operations::Engine& engine = *state_->engine;
  if (engine.options().content_store != nullptr) {
    MARCOT_ASSIGN_OR_RETURN(const ContentRef content,
                            engine.options().content_store->Write(source));
    MARCOT_ASSIGN_OR_RETURN(operation.content, api::PrepareReference(content, path));
    return engine.RunOperation(std::move(operation), options.durability);
  }
  operations::Upload upload(engine.pipeline());
  MARCOT_ASSIGN_OR_RETURN(operation.content, upload.Write(source));
  auto placed = engine.RunOperation(std::move(operation), options.durability);
  if (placed.ok()) upload.MarkUsed();
  return placed;
}

absl::StatusOr<Placed> Space::PutReference(std::string_view path, const ContentRef& content,
                                           const PutOptions& options) const {
  Operation operation;
  MARCOT_RETURN_IF_ERROR(PreparePut(*this, path, options, &operation));
  MARCOT_ASSIGN_OR_RETURN(operation.content, api::PrepareReference(content, path));
  return state_->engine->RunOperation(std::move(operation), options.durability);
}

absl::StatusOr<Placed> Space::PutStored(std::string_view path, const ContentRef& content,
                                        const PutOptions& options) const {
  Operation operation;
  MARCOT_RETURN_IF_ERROR(PreparePut(*this, path, options, &operation));
  MARCOT_ASSIGN_OR_RETURN(operation.content, api::PrepareStored(content, path));
  return state_->engine->RunOperation(std::move(operation), options.durability);
}

absl::StatusOr<Placed> Space::CopyDirectory(const Space& from_space, std::string_view from,
                                            std::string_view to,
                                            const OperationOptions& options) const {
  return RunTransfer(TransferItem(BatchItem::Kind::kCopy, BatchItem::Only::kDirectory, *this,
                                  from_space, from, to, options));
}

absl::StatusOr<Placed> Space::CopyFile(const Space& from_space, std::string_view from,
                                       std::string_view to, const OperationOptions& options) const {
  return RunTransfer(TransferItem(BatchItem::Kind::kCopy, BatchItem::Only::kFile, *this, from_space,
                                  from, to, options));
}

absl::StatusOr<Placed> Space::MoveDirectory(const Space& from_space, std::string_view from,
                                            std::string_view to,
                                            const OperationOptions& options) const {
  return RunTransfer(TransferItem(BatchItem::Kind::kMove, BatchItem::Only::kDirectory, *this,
                                  from_space, from, to, options));
}

absl::StatusOr<Placed> Space::MoveFile(const Space& from_space, std::string_view from,
                                       std::string_view to, const OperationOptions& options) const {
  return RunTransfer(TransferItem(BatchItem::Kind::kMove, BatchItem::Only::kFile, *this, from_space,
                                  from, to, options));
}

absl::StatusOr<Placed> Space::Delete(std::string_view path, const DeleteOptions& options) const {
  return RunDelete(*this, path, BatchItem::Only::kEither, options);
}

absl::StatusOr<Placed> Space::DeleteDirectory(std::string_view path,
                                              const DeleteOptions& options) const {
  return RunDelete(*this, path, BatchItem::Only::kDirectory, options);
}

absl::StatusOr<Placed> Space::DeleteFile(std::string_view path,
                                         const DeleteOptions& options) const {
  return RunDelete(*this, path, BatchItem::Only::kFile, options);
}

absl::Status Space::SetAttributes(std::string_view path, const Attributes& attributes,
                                  const OperationOptions& options) const {
  BatchItem item;
  item.kind = BatchItem::Kind::kSetAttributes;
  item.space = *this;
  item.path = path;
  item.attributes = attributes;
  item.options = options;
  return api::RunItem(item).status();
}

absl::Status Space::ChangeAttributes(std::string_view path, const AttributeChanges& changes,
                                     const OperationOptions& options) const {
  BatchItem item;
  item.kind = BatchItem::Kind::kChangeAttributes;
  item.space = *this;
  item.path = path;
  item.changes = std::make_shared<const AttributeChanges>(changes);
  item.options = options;
  return api::RunItem(item).status();
}

absl::StatusOr<Stat> Space::GetStat(std::string_view path, const ReadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  return ReadPath<Stat>(*state, OperationKind::kStat, path, options,
                        [](ReadView& view, const core::Entry& entry, const Names& names) {
                          return operations::StatOf(view, entry, names.empty() ? "" : names.back());
                        });
}

absl::StatusOr<RecursiveTotals> Space::GetTotals(std::string_view path,
                                                 const ReadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  return ReadPath<RecursiveTotals>(
      *state, OperationKind::kTotals, path, options,
      [](ReadView& view, const core::Entry& entry,
         const Names& names) -> absl::StatusOr<RecursiveTotals> {
        MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
        const core::Place place = core::PlaceOf(entry);
        MARCOT_ASSIGN_OR_RETURN(const core::Totals totals,
                                core::TotalsAt(view, place.dir, place.seq));
        return RecursiveTotals{totals.bytes, totals.files, totals.directories};
      });
}

absl::StatusOr<Page> Space::List(std::string_view path, const ListOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_ASSIGN_OR_RETURN(auto names, operations::ParsePath(path, state->engine->limits()));
  Meter meter(state->engine->meters(), OperationKind::kList);
  const auto list = [&](ReadView& view) -> absl::StatusOr<operations::ListedPage> {
    MARCOT_ASSIGN_OR_RETURN(const core::Entry entry,
                            api::EntryAt(view, *state, options.tree, names, core::kDirectorySlot));
    MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
    return operations::ListDirectory(view, entry, options, state->engine->committed().secret());
  };
  MARCOT_ASSIGN_OR_RETURN(operations::ListedPage listed, ReadAs(*state, options, list));
  const bool own_tree = options.tree.recycled_item == 0 && options.tree.named_snapshot.empty();
  if (listed.skipped_much && options.snapshot == nullptr && own_tree) {
    state->engine->SuggestHeal(state->root.dir, std::move(names));
  }
  meter.Succeed();
  return std::move(listed.page);
}

absl::Status Space::Walk(std::string_view path,
                         const std::function<absl::StatusOr<WalkStep>(const WalkEntry&)>& visitor,
                         const ReadOptions& options, const DamageVisitor& on_damage) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_ASSIGN_OR_RETURN(auto names, operations::ParsePath(path, state->engine->limits()));
  Meter meter(state->engine->meters(), OperationKind::kWalk);
  MARCOT_ASSIGN_OR_RETURN(const auto held, api::HoldFor(*state->engine, options.snapshot));
  ReadView view = ReadView::OfSnapshot(state->engine->committed(), *held);
  MARCOT_ASSIGN_OR_RETURN(const core::Entry entry, api::EntryAt(view, *state, options.tree, names));
  MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
  MARCOT_RETURN_IF_ERROR(operations::WalkTree(view, entry, std::move(names), visitor, on_damage));
  meter.Succeed();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FileReader>> Space::OpenFile(std::string_view path,
                                                            const ReadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_ASSIGN_OR_RETURN(const auto names, operations::ParsePath(path, state->engine->limits()));
  Meter meter(state->engine->meters(), OperationKind::kOpenFile);
  MARCOT_ASSIGN_OR_RETURN(auto held, api::HoldFor(*state->engine, options.snapshot));
  ReadView view = ReadView::OfSnapshot(state->engine->committed(), *held);
  MARCOT_ASSIGN_OR_RETURN(
      core::Entry file,
      operations::RequireFile(api::EntryAt(view, *state, options.tree, names), names));
  MARCOT_RETURN_IF_ERROR(GoBack(view, options, names, &file));
  // A recycled file is the root of its tree.
  const std::string name = names.empty() ? std::string() : names.back();
  MARCOT_ASSIGN_OR_RETURN(Stat stat, operations::StatOf(view, file, name));
  meter.Succeed();
  return std::make_unique<OpenedFile>(*state->engine, std::move(held), std::move(stat));
}

absl::StatusOr<std::string> Space::Read(std::string_view path, const ReadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const auto file, OpenFile(path, options));
  return file->Read(0, file->stat().size);
}

}  // namespace marcot

#include "marcot/store.h"

#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "check/checker.h"
#include "marcot/error.h"
#include "operations/page.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using core::ReadView;
using operations::Engine;
using operations::Operation;

constexpr char kDefaultLibrary[] = "default";
constexpr char kSingleSpace[] = "-";

// In one commit, so that a crash never leaves a store without it.
class AddSpaceWork final : public operations::Pipeline::Work {
 public:
  explicit AddSpaceWork(std::string_view library) : library_(library) {}
  absl::Status Execute(core::Txn& txn) override {
    MARCOT_RETURN_IF_ERROR(operations::CreateLibraryWork(library_).Execute(txn));
    return operations::CreateSpaceWork(library_, kSingleSpace).Execute(txn);
  }

 private:
  const std::string_view library_;
};

absl::Status InItem(size_t index, const absl::Status& status) {
  return MakeError(CodeOf(status),
                   absl::StrCat("item ", index, ": ", std::string(status.message())));
}

// One flush serves all, so the strictest wish counts.
Durability DurabilityOf(std::span<const BatchItem> items) {
  Durability durability = Durability::kDefault;
  for (const BatchItem& item : items) durability = std::max(durability, item.options.durability);
  return durability;
}

// Where the host keeps the bytes, its store gets them before the batch begins.
absl::Status PrepareWithContent(const BatchItem& item, const Engine& engine,
                                const api::PreparedItem& before, Operation* operation) {
  MARCOT_RETURN_IF_ERROR(api::PrepareItem(item, operation, before));
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(item.space));
  if (state->engine != &engine) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(item.path, ": the space is of another store; run it there"));
  }
  ContentStore* const host = engine.options().content_store.get();
  if (item.kind != BatchItem::Kind::kPut || host == nullptr) return absl::OkStatus();
  std::string_view left = item.bytes;
  MARCOT_ASSIGN_OR_RETURN(
      const ContentRef content,
      host->Write([&left](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
        const size_t n = left.copy(buffer, capacity);
        left.remove_prefix(n);
        return n;
      }));
  MARCOT_ASSIGN_OR_RETURN(operation->content, api::PrepareReference(content, item.path));
  return absl::OkStatus();
}

// Over all spaces, copies, recycled items and versions counted each by itself.
absl::Status AddLogical(Engine& engine, StoreStats* stats) {
  ReadView view = ReadView::OfNow(engine.committed());
  operations::SpaceName last;
  while (true) {
    MARCOT_ASSIGN_OR_RETURN(const auto spaces, operations::SpacesAfter(view, last));
    for (const operations::SpaceName& space : spaces) {
      for (const core::DirId root : {space.record.root, space.record.bin}) {
        if (root == 0) continue;
        MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(root));
        stats->logical_bytes += totals.bytes + totals.version_bytes;
        stats->logical_files += totals.files + totals.versions;
      }
      last = {space.library, space.space, {}};
    }
    if (spaces.size() < operations::kExpirySlice) return absl::OkStatus();
  }
}

}  // namespace

namespace api {

Space StoreImpl::MakeSpace(std::string_view library, std::string_view name,
                           const core::SpaceRecord& record) {
  Space space;
  space.state_ =
      std::make_shared<const Space::State>(Space::State{engine_.get(),
                                                        std::string(library),
                                                        std::string(name),
                                                        {record.root, record.creation_time_ms},
                                                        nullptr});
  return space;
}

absl::StatusOr<Space> StoreImpl::OpenHiddenSpace() {
  AddSpaceWork work(operations::kHiddenLibrary);
  const absl::Status made = engine_->Run(work, Durability::kSynced);
  if (CodeOf(made) != Code::kDuplicateLibrary) MARCOT_RETURN_IF_ERROR(made);
  ReadView view = ReadView::OfNow(engine_->committed());
  MARCOT_ASSIGN_OR_RETURN(const auto record,
                          operations::RequireSpace(view, operations::kHiddenLibrary, kSingleSpace));
  return MakeSpace(operations::kHiddenLibrary, kSingleSpace, record);
}

Space StoreImpl::ForSession(const Space& space, std::shared_ptr<const SessionRequest> session) {
  Space::State state = *space.state_;
  state.session = std::move(session);
  Space own;
  own.state_ = std::make_shared<const Space::State>(std::move(state));
  return own;
}

absl::StatusOr<SpaceInfo> InfoOf(core::View& view, std::string_view library, std::string_view name,
                                 const core::SpaceRecord& record) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(record.root));
  return SpaceInfo{std::string(library),
                   std::string(name),
                   record.creation_time_ms,
                   {totals.bytes, totals.files, totals.directories}};
}

absl::StatusOr<const Space::State*> StoreImpl::StateOf(const Space& space) {
  if (space.state_ != nullptr) return space.state_.get();
  return MakeError(Code::kSpaceNotFound, "an empty space handle; open a space first");
}

}  // namespace api

Store::Store(std::unique_ptr<api::StoreImpl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& folder,
                                                   const StoreOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(auto engine, Engine::Open(folder, options));
  return api::StoreImpl::Open(std::move(engine));
}

absl::StatusOr<std::unique_ptr<Store>> api::StoreImpl::Open(std::unique_ptr<Engine> engine) {
  if (engine->committed().published() == 0) {
    AddSpaceWork work(kDefaultLibrary);
    work.sync = true;
    MARCOT_RETURN_IF_ERROR(engine->pipeline().Run(work));
  }
  return std::unique_ptr<Store>(new Store(std::make_unique<StoreImpl>(std::move(engine))));
}

absl::Status Store::CreateLibrary(std::string_view library) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  operations::CreateLibraryWork work(library);
  return impl_->engine().Run(work, Durability::kDefault);
}

absl::Status Store::DeleteLibrary(std::string_view library) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  operations::DeleteLibraryWork work(library);
  return impl_->engine().Run(work, Durability::kDefault);
}

absl::StatusOr<std::vector<std::string>> Store::ListLibraries() const {
  std::vector<std::string> libraries;
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  const auto rows = view.NewCursor(storage::Family::kSpaces, {});
  for (rows->Seek(""); rows->Valid();) {
    std::string library(rows->key().substr(0, rows->key().find('\0')));
    rows->Seek(library + '\1');
    if (library != operations::kHiddenLibrary) libraries.push_back(std::move(library));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return libraries;
}

absl::StatusOr<Space> Store::CreateSpace(std::string_view library, std::string_view space) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  operations::CreateSpaceWork work(library, space);
  MARCOT_RETURN_IF_ERROR(impl_->engine().Run(work, Durability::kDefault));
  return impl_->MakeSpace(library, space, work.record());
}

absl::Status Store::DeleteSpace(std::string_view library, std::string_view space, bool force) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  operations::DeleteSpaceWork work(library, space, force);
  return impl_->engine().Run(work, Durability::kDefault);
}

absl::StatusOr<Space> Store::OpenSpace(std::string_view library, std::string_view space) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  MARCOT_RETURN_IF_ERROR(operations::FindLibrary(view, library).status());
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::RequireSpace(view, library, space));
  return impl_->MakeSpace(library, space, record);
}

absl::StatusOr<std::vector<SpaceInfo>> Store::ListSpaces(std::string_view library,
                                                         std::string_view marker,
                                                         size_t limit) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckLimit(limit));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  MARCOT_RETURN_IF_ERROR(operations::FindLibrary(view, library).status());
  std::vector<SpaceInfo> spaces;
  const std::string last = core::SpaceKey(library, marker);
  const std::string end = std::string(library) + '\1';
  const auto rows = view.NewCursor(storage::Family::kSpaces, {last, end});
  for (rows->Seek(last); rows->Valid() && spaces.size() < limit; rows->Next()) {
    if (rows->key() == last) continue;  // the library's own row, or the marker
    MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record, core::DecodeSpace(rows->value()));
    const std::string_view name = rows->key().substr(library.size() + 1);
    MARCOT_ASSIGN_OR_RETURN(SpaceInfo info, api::InfoOf(view, library, name, record));
    spaces.push_back(std::move(info));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  return spaces;
}

absl::StatusOr<LibrarySettings> Store::GetLibrarySettings(std::string_view library) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::FindLibrary(view, library));
  return record.settings;
}

absl::Status Store::SetLibrarySettings(std::string_view library, const LibrarySettings& settings) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSettings(settings));
  operations::SetLibraryWork work(library, settings);
  return impl_->engine().Run(work, Durability::kDefault);
}

absl::StatusOr<uint64_t> Store::ClearHistory(std::string_view library, uint64_t limit) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  return impl_->engine().ClearHistory(library, limit);
}

absl::StatusOr<std::vector<Placed>> Store::RunAtomically(std::span<const BatchItem> items) {
  MARCOT_RETURN_IF_ERROR(api::CheckBatchSize(items.size()));
  std::vector<Operation> operations = impl_->engine().TakeOperations(items.size());
  absl::Status unprepared;
  api::PreparedItem before;
  for (const BatchItem& item : items) {
    unprepared = PrepareWithContent(item, impl_->engine(), before, &operations.emplace_back());
    if (!unprepared.ok()) {
      operations.pop_back();
      break;
    }
    before = {&item, &operations.back()};
  }
  size_t failed = 0;
  auto placed =
      impl_->engine().RunTogether(std::move(operations), unprepared, DurabilityOf(items), &failed);
  if (!placed.ok()) return InItem(std::min(failed, items.size() - 1), placed.status());
  return placed;
}

absl::StatusOr<std::vector<absl::StatusOr<Placed>>> Store::RunEach(
    std::span<const BatchItem> items) {
  MARCOT_RETURN_IF_ERROR(api::CheckBatchSize(items.size()));
  std::vector<absl::StatusOr<Placed>> outcomes;
  std::vector<Operation> operations = impl_->engine().TakeOperations(items.size());
  std::vector<size_t> indexes;
  outcomes.reserve(items.size());
  indexes.reserve(items.size());
  api::PreparedItem before;
  for (const BatchItem& item : items) {
    absl::Status prepared =
        PrepareWithContent(item, impl_->engine(), before, &operations.emplace_back());
    outcomes.emplace_back();  // until it has run
    if (prepared.ok()) {
      indexes.push_back(outcomes.size() - 1);
      before = {&item, &operations.back()};
    } else {
      operations.pop_back();
      outcomes.back() = std::move(prepared);
    }
  }
  auto ran = impl_->engine().RunSideBySide(std::move(operations), DurabilityOf(items));
  for (size_t i = 0; i < ran.size(); ++i) outcomes[indexes[i]] = std::move(ran[i]);
  return outcomes;
}

std::unique_ptr<Snapshot> Store::TakeSnapshot() const { return impl_->engine().TakeSnapshot(); }

absl::Status Store::ReclaimUntilIdle() {
  constexpr size_t kRound = 1024;
  while (true) {
    MARCOT_ASSIGN_OR_RETURN(const bool more, impl_->engine().Reclaim(kRound));
    if (!more) return absl::OkStatus();
  }
}

absl::StatusOr<bool> Store::ReclaimSteps(size_t steps) { return impl_->engine().Reclaim(steps); }

absl::StatusOr<std::vector<ContentId>> Store::ReleasedContents(ContentId after,
                                                               size_t limit) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckLimit(limit));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  return operations::ReleasedAfter(view, after, limit);
}

absl::StatusOr<std::vector<ContentId>> Store::CondemnContents(std::span<const ContentId> ids) {
  operations::CondemnWork work(ids);
  MARCOT_RETURN_IF_ERROR(impl_->engine().Run(work, Durability::kSynced));
  return std::move(work.condemned());
}

absl::Status Store::AcknowledgeContents(std::span<const ContentId> ids) {
  operations::AcknowledgeWork work(ids);
  return impl_->engine().Run(work, Durability::kDefault);
}

void Store::PauseReclaim(bool paused) { impl_->engine().PauseReclaim(paused); }

absl::StatusOr<uint64_t> Store::ExpireDue() { return impl_->engine().ExpireDue(); }

absl::StatusOr<StoreStats> Store::GetStats() const {
  Engine& engine = impl_->engine();
  StoreStats stats;
  const Metrics metrics = engine.GetMetrics();
  stats.seq = metrics.seq;
  stats.commits = metrics.commits;
  stats.operations = metrics.committed_operations;
  stats.reclaim_backlog = metrics.reclaim_queue;
  stats.reclaim_steps = metrics.reclaim_steps;
  stats.reclaim_pending = metrics.reclaim_pending;
  stats.reclaim_done = metrics.reclaim_records;
  stats.reclaim_paused = metrics.reclaim_paused;
  stats.record_cache_hits = metrics.record_cache_hits;
  stats.record_cache_misses = metrics.record_cache_misses;
  stats.disk_bytes = metrics.storage.disk_bytes;
  stats.estimated_records = metrics.storage.estimated_records;
  const core::Counters counters = engine.committed().counters();
  stats.physical_bytes = counters.content_bytes;
  stats.physical_files = counters.file_records;
  MARCOT_RETURN_IF_ERROR(AddLogical(engine, &stats));
  return stats;
}

Metrics Store::GetMetrics() const { return impl_->engine().GetMetrics(); }

absl::StatusOr<std::vector<std::string>> Store::CheckInvariants() const {
  check::Findings findings(false, nullptr);
  const CheckOptions options{.deep = true};
  MARCOT_RETURN_IF_ERROR(
      check::CheckState(impl_->engine().committed().storage(), options, 1, findings).status());
  std::vector<std::string> lines;
  for (const Finding& finding : findings.TakeKept()) {
    lines.push_back(absl::StrCat(finding.code, ": ", finding.where, ": ", finding.detail));
  }
  return lines;
}

}  // namespace marcot

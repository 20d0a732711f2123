// The parts of a space beside its tree: settings, quotas of directories, recycle bin, versions,
// named snapshots, changes.
#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "core/versions.h"
#include "marcot/error.h"
#include "operations/changes.h"
#include "operations/page.h"
#include "operations/quotas.h"
#include "operations/recycle.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using api::StoreImpl;
using core::ReadView;
using operations::Meter;
using operations::Operation;

absl::StatusOr<Placed> RunKind(const Space& space, Operation::Kind kind, std::string_view path,
                               const OperationOptions& options, Operation operation = {}) {
  operation.kind = kind;
  MARCOT_RETURN_IF_ERROR(api::PrepareTarget(space, path, options, &operation));
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(space));
  return state->engine->RunOperation(std::move(operation), options.durability);
}

// The space's record and its library's, as of one commit.
struct Records {
  core::SpaceRecord space;
  core::LibraryRecord library;
};
absl::StatusOr<Records> RecordsOf(core::View& view, const Space::State& state) {
  MARCOT_ASSIGN_OR_RETURN(const auto space,
                          operations::RequireSpace(view, state.library, state.name));
  // Another space of this name may have come since.
  MARCOT_RETURN_IF_ERROR(operations::CheckRoot(view, state.root.dir));
  MARCOT_ASSIGN_OR_RETURN(const auto library, operations::FindLibrary(view, state.library));
  return Records{space, library};
}

ReadView Now(const Space::State& state) { return ReadView::OfNow(state.engine->committed()); }

RecursiveTotals Shown(const core::Totals& totals) {
  return {totals.bytes, totals.files, totals.directories};
}

absl::StatusOr<NamedSnapshot> ShownSnapshot(core::View& view, core::DirId snapshots,
                                            std::string_view name, std::string_view value) {
  MARCOT_ASSIGN_OR_RETURN(const core::SnapshotRecord record, core::DecodeSnapshot(value));
  core::Entry entry;
  MARCOT_ASSIGN_OR_RETURN(
      const bool found,
      core::Lookup(view, {.dir = snapshots}, core::Slot(core::kDirectorySlot, name), &entry));
  if (!found) return MakeError(Code::kStoreDamaged, "a named snapshot lost its directory");
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view, entry.dir, entry.seq));
  return NamedSnapshot{std::string(name), record.path, record.creation_time_ms,
                       record.expiry_time_ms, Shown(totals)};
}

absl::Status CheckSnapshotName(const Space::State& state, std::string_view name) {
  const operations::Limits& limits = state.engine->limits();
  MARCOT_ASSIGN_OR_RETURN(const auto names, operations::ParsePath(name, limits));
  if (names.size() == 1) return operations::CheckNameLengths(names, EntryType::kDirectory, limits);
  return MakeError(Code::kIllegalFileName, "a snapshot has one name, without /");
}

}  // namespace

// ---- settings, usage, quotas of directories --------------------------------------------------

absl::StatusOr<SpaceSettings> Space::GetSettings() const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const Records records, RecordsOf(view, *state));
  return records.space.settings;
}

absl::Status Space::SetSettings(const SpaceSettings& settings) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceAdmin(*state, "the settings"));
  MARCOT_RETURN_IF_ERROR(operations::CheckSettings(settings));
  operations::SetSpaceWork work(state->library, state->name, state->root.dir, settings);
  return state->engine->Run(work, Durability::kDefault);
}

absl::StatusOr<Usage> Space::GetUsage() const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const Records records, RecordsOf(view, *state));
  Usage usage;
  MARCOT_ASSIGN_OR_RETURN(const core::Totals tree, view.GetTotals(records.space.root));
  core::Totals bin;
  if (records.space.bin != 0) {
    MARCOT_ASSIGN_OR_RETURN(bin, view.GetTotals(records.space.bin));
  }
  usage.tree = Shown(tree);
  usage.recycled = Shown(bin);
  usage.versions = tree.versions + bin.versions;
  usage.version_bytes = tree.version_bytes + bin.version_bytes;
  if (records.space.quota == 0) return usage;
  MARCOT_ASSIGN_OR_RETURN(const core::Totals quota, view.GetTotals(records.space.quota));
  usage.capacity = quota.limits.bytes;
  if (!usage.capacity.has_value()) return usage;
  usage.available = *usage.capacity - std::min(*usage.capacity, quota.CountedBytes(quota.limits));
  return usage;
}

absl::Status Space::SetDirectoryQuota(std::string_view path, const QuotaLimits& limits,
                                      const OperationOptions& options) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckQuota(limits));
  Operation operation;
  operation.limits = operations::ToLimits(limits);
  if (!operation.limits.any()) {
    return MakeError(Code::kParamInvalid, "a directory's quota limits bytes, files, or both");
  }
  return RunKind(*this, Operation::Kind::kSetLimits, path, options, std::move(operation)).status();
}

absl::Status Space::RemoveDirectoryQuota(std::string_view path,
                                         const OperationOptions& options) const {
  return RunKind(*this, Operation::Kind::kSetLimits, path, options).status();
}

absl::StatusOr<QuotaInfo> Space::GetDirectoryQuota(std::string_view path) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_ASSIGN_OR_RETURN(const auto names, operations::ParsePath(path, state->engine->limits()));
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const core::Entry entry, operations::EntryOf(view, state->root, names));
  MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
  core::Totals totals;
  if (core::PlaceOf(entry).live()) {
    MARCOT_ASSIGN_OR_RETURN(totals, view.GetTotals(entry.dir));
  }
  if (!totals.limits.any()) {
    return MakeError(Code::kQuotaNotFound,
                     absl::StrCat(operations::ShownPath(names), " has no quota"));
  }
  QuotaInfo info;
  info.limits.bytes = totals.limits.bytes;
  info.limits.files = totals.limits.files;
  info.limits.count_history = totals.limits.count_versions;
  info.used_bytes = totals.CountedBytes(totals.limits);
  info.used_files = totals.files;
  return info;
}

// ---- recycle bin -------------------------------------------------------------------------------

absl::StatusOr<RecycledPage> Space::ListRecycled(const ListRecycledOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  Meter meter(state->engine->meters(), OperationKind::kListRecycled);
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const Records records, RecordsOf(view, *state));
  // Pages go on to their end whatever happens meanwhile.
  if (options.marker.empty()) {
    MARCOT_RETURN_IF_ERROR(operations::CheckBinInUse(view, records.space, records.library));
  }
  auto page = operations::ListBin(view, records.space.bin,
                                  operations::RecycleDays(records.space, records.library), options,
                                  state->engine->committed().secret());
  if (page.ok()) meter.Succeed();
  return page;
}

absl::StatusOr<RecycledItem> Space::GetRecycled(uint64_t item) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const Records records, RecordsOf(view, *state));
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::FindItem(view, records.space.bin, item));
  return operations::ShownItem(item, record,
                               operations::RecycleDays(records.space, records.library));
}

absl::StatusOr<Placed> Space::Restore(uint64_t item, const RestoreOptions& options) const {
  BatchItem request;
  request.kind = BatchItem::Kind::kRestore;
  request.space = *this;
  request.item = item;
  request.path = options.to;
  request.from = options.inside;
  request.missing_parents = options.missing_parents;
  request.options = options;
  return api::RunItem(request);
}

absl::Status Space::PurgeRecycled(uint64_t item, const OperationOptions& options) const {
  BatchItem request;
  request.kind = BatchItem::Kind::kPurge;
  request.space = *this;
  request.item = item;
  request.options = options;
  return api::RunItem(request).status();
}

absl::Status Space::EmptyRecycleBin(const OperationOptions& options) const {
  return RunKind(*this, Operation::Kind::kEmptyBin, {}, options).status();
}

// ---- versions of files -------------------------------------------------------------------------

absl::StatusOr<VersionPage> Space::ListVersions(std::string_view path,
                                                const ListVersionsOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(operations::CheckLimit(options.limit));
  MARCOT_ASSIGN_OR_RETURN(const auto names, operations::ParsePath(path, state->engine->limits()));
  Meter meter(state->engine->meters(), OperationKind::kListVersions);
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(
      const core::Entry file,
      operations::RequireFile(operations::EntryOf(view, state->root, names), names));
  auto page = operations::VersionsOf(view, file, options);
  if (page.ok()) meter.Succeed();
  return page;
}

absl::StatusOr<Placed> Space::SetLatestVersion(std::string_view path, uint64_t version,
                                               const OperationOptions& options) const {
  Operation operation;
  operation.version = version;
  return RunKind(*this, Operation::Kind::kSetLatestVersion, path, options, std::move(operation));
}

absl::Status Space::DeleteVersion(std::string_view path, uint64_t version,
                                  const OperationOptions& options) const {
  Operation operation;
  operation.version = version;
  return RunKind(*this, Operation::Kind::kDeleteVersion, path, options, std::move(operation))
      .status();
}

absl::StatusOr<Placed> Space::SetLatestVersionById(uint64_t id,
                                                   const OperationOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  std::vector<std::string> tried;
  absl::Status failed;
  while (true) {
    MARCOT_ASSIGN_OR_RETURN(const auto held, api::HoldFor(*state->engine, nullptr));
    ReadView view = ReadView::OfSnapshot(state->engine->committed(), *held);
    MARCOT_ASSIGN_OR_RETURN(const operations::VersionAt at,
                            operations::FindVersionById(view, state->root.dir, id));
    if (at.path == tried) return failed;
    Operation operation;
    operation.version = at.version;
    operation.version_id = id;
    auto placed = RunKind(*this, Operation::Kind::kSetLatestVersion, JoinPath(at.path), options,
                          std::move(operation));
    if (placed.ok()) return placed;
    // The file may have been moved meanwhile.
    failed = placed.status();
    tried = at.path;
  }
}

absl::Status Space::DeleteVersionsById(std::span<const uint64_t> ids,
                                       const OperationOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::CheckBatchSize(ids.size()));
  const std::set<uint64_t> once(ids.begin(), ids.end());
  if (once.contains(0)) return MakeError(Code::kVersionNotFound, "no version has the id 0");
  std::vector<Operation> operations(once.size());
  for (size_t i = 0; const uint64_t id : once) {
    operations[i].kind = Operation::Kind::kDeleteVersion;
    operations[i].version_id = id;
    MARCOT_RETURN_IF_ERROR(api::PrepareTarget(*this, {}, options, &operations[i++]));
  }
  size_t failed = 0;
  return state->engine
      ->RunTogether(std::move(operations), absl::OkStatus(), options.durability, &failed)
      .status();
}

// ---- named snapshots ---------------------------------------------------------------------------

absl::StatusOr<NamedSnapshot> Space::CreateSnapshot(std::string_view name, std::string_view path,
                                                    int64_t expiry_time_ms,
                                                    const OperationOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(CheckSnapshotName(*state, name));
  if (expiry_time_ms < 0) {
    return MakeError(Code::kParamInvalid, "a snapshot's expiry is a time since 1970, or 0: never");
  }
  Operation operation;
  operation.snapshot = name;
  operation.expiry_time_ms = expiry_time_ms;
  MARCOT_RETURN_IF_ERROR(
      RunKind(*this, Operation::Kind::kTakeSnapshot, path, options, std::move(operation)).status());
  return GetSnapshot(name);
}

absl::StatusOr<std::vector<NamedSnapshot>> Space::ListSnapshots(std::string_view marker,
                                                                size_t limit) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(operations::CheckLimit(limit));
  Meter meter(state->engine->meters(), OperationKind::kListSnapshots);
  ReadView view = Now(*state);
  MARCOT_ASSIGN_OR_RETURN(const Records records, RecordsOf(view, *state));
  const core::DirId snapshots = records.space.snapshots;
  std::vector<NamedSnapshot> out;
  if (snapshots == 0) {
    meter.Succeed();
    return out;
  }
  const size_t prefix = core::SnapshotKey(snapshots, "").size();
  const std::string last = core::SnapshotKey(snapshots, marker);
  const std::string end = core::SnapshotKey(snapshots + 1, "");
  const auto rows = view.NewCursor(storage::Family::kFacts, {last, end});
  for (rows->Seek(last); rows->Valid() && out.size() < limit; rows->Next()) {
    if (rows->key() == last) continue;
    MARCOT_ASSIGN_OR_RETURN(
        auto shown, ShownSnapshot(view, snapshots, rows->key().substr(prefix), rows->value()));
    out.push_back(std::move(shown));
  }
  MARCOT_RETURN_IF_ERROR(rows->status());
  meter.Succeed();
  return out;
}

absl::StatusOr<NamedSnapshot> Space::GetSnapshot(std::string_view name) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  ReadView view = Now(*state);
  MARCOT_RETURN_IF_ERROR(operations::CheckRoot(view, state->root.dir));
  MARCOT_ASSIGN_OR_RETURN(const auto tree,
                          operations::FindTree(view, state->library, state->name,
                                               {.named_snapshot = std::string(name)}));
  std::string value;
  MARCOT_RETURN_IF_ERROR(
      view.Get(storage::Family::kFacts, core::SnapshotKey(tree.root, name), &value).status());
  return ShownSnapshot(view, tree.root, name, value);
}

absl::Status Space::DeleteSnapshot(std::string_view name, const OperationOptions& options) const {
  Operation operation;
  operation.snapshot = name;
  return RunKind(*this, Operation::Kind::kDeleteSnapshot, {}, options, std::move(operation))
      .status();
}

absl::StatusOr<Placed> Space::CopyFromSnapshot(std::string_view name, std::string_view from,
                                               std::string_view to,
                                               const OperationOptions& options) const {
  if (name.empty()) return MakeError(Code::kSnapshotNotFound, "name a snapshot");
  BatchItem item;
  item.kind = BatchItem::Kind::kCopy;
  item.space = *this;
  item.from = from;
  item.from_tree.named_snapshot = name;
  item.path = to;
  item.options = options;
  return api::RunItem(item);
}

// ---- changes -----------------------------------------------------------------------------------

absl::StatusOr<ChangePage> Space::ReadChanges(std::string_view cursor, size_t limit) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceAdmin(*state, "the changes"));
  Meter meter(state->engine->meters(), OperationKind::kReadChanges);
  // Before the view, which may see a commit that is not published yet: what it would show of that
  // waits for the next page, lest its cursor be ahead of the store.
  const core::Seq newest = state->engine->committed().published();
  ReadView view = Now(*state);
  MARCOT_RETURN_IF_ERROR(operations::CheckRoot(view, state->root.dir));
  auto page = operations::ChangesAfter(view, state->root.dir, newest, cursor, limit);
  if (page.ok()) meter.Succeed();
  return page;
}

absl::StatusOr<std::string> Space::LatestChange() const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  const core::Seq newest = state->engine->committed().published();
  MARCOT_RETURN_IF_ERROR(ReadChanges({}, 1).status());
  return operations::CursorBehind(newest);
}

}  // namespace marcot

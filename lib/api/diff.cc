#include "operations/diff.h"
#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"

namespace marcot {
namespace {

absl::StatusOr<core::Entry> FindDirectory(core::View& view, const operations::Engine& engine,
                                          const DirectoryAt& at) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(at.space));
  if (state->engine != &engine) {
    return MakeError(Code::kParamInvalid, absl::StrCat(at.path, ": its space is of another store"));
  }
  MARCOT_ASSIGN_OR_RETURN(const auto names, operations::ParsePath(at.path, engine.limits()));
  MARCOT_ASSIGN_OR_RETURN(const core::Entry entry, api::EntryAt(view, *state, at.tree, names));
  MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
  return entry;
}

}  // namespace

absl::Status Store::Diff(const DirectoryAt& before, const DirectoryAt& after,
                         const std::function<absl::StatusOr<bool>(const Difference&)>& visitor,
                         const Snapshot* snapshot) const {
  operations::Engine& engine = impl_->engine();
  operations::Meter meter(engine.meters(), OperationKind::kDiff);
  MARCOT_ASSIGN_OR_RETURN(const auto held, api::HoldFor(engine, snapshot));
  core::ReadView view = core::ReadView::OfSnapshot(engine.committed(), *held);
  MARCOT_ASSIGN_OR_RETURN(const core::Entry left, FindDirectory(view, engine, before));
  MARCOT_ASSIGN_OR_RETURN(const core::Entry right, FindDirectory(view, engine, after));
  MARCOT_RETURN_IF_ERROR(operations::DiffDirectories(view, left, right, visitor));
  meter.Succeed();
  return absl::OkStatus();
}

}  // namespace marcot

#include "marcot/space_stream.h"

#include "api/store_impl.h"
#include "base/status_macros.h"
#include "operations/export_space.h"
#include "operations/import_space.h"
#include "operations/space_stream.h"
#include "operations/spaces.h"

namespace marcot {

using api::StoreImpl;
using operations::Metered;

absl::Status ExportSpace(const Space& space, const ByteSink& sink) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(space));
  operations::Engine& engine = *state->engine;
  return Metered(engine.meters(), OperationKind::kExportSpace, [&]() -> absl::Status {
    const auto held = engine.committed().TakeSnapshot();
    core::ReadView view = core::ReadView::OfSnapshot(engine.committed(), *held);
    MARCOT_RETURN_IF_ERROR(operations::CheckRoot(view, state->root.dir));
    MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record,
                            operations::RequireSpace(view, state->library, state->name));
    return operations::ExportSpace(view, record, operations::OriginOf(engine.committed().secret()),
                                   sink);
  });
}

absl::StatusOr<Space> ImportSpace(Store& store, std::string_view library, std::string_view space,
                                  const ByteSource& source) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  StoreImpl& impl = StoreImpl::Of(store);
  MARCOT_ASSIGN_OR_RETURN(const core::SpaceRecord record,
                          Metered(impl.engine().meters(), OperationKind::kImportSpace, [&] {
                            return operations::ImportSpace(impl.engine(), library, space, source);
                          }));
  return impl.MakeSpace(library, space, record);
}

}  // namespace marcot

// A space as a stream.
#pragma once

#include "absl/status/status.h"
#include "core/records.h"
#include "core/view.h"
#include "marcot/content.h"

namespace marcot::operations {

// `origin`: of the store, see StreamSpace.
absl::Status ExportSpace(core::View& view, const core::SpaceRecord& space, uint64_t origin,
                         const ByteSink& sink);

}  // namespace marcot::operations

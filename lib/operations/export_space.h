// A space as a stream.
#pragma once

#include "absl/status/status.h"
#include "core/records.h"
#include "core/view.h"
#include "marcot/content.h"

namespace marcot::operations {

absl::Status ExportSpace(core::View& view, const core::SpaceRecord& space, const ByteSink& sink);

}  // namespace marcot::operations

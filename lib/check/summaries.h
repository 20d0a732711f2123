// The part of the check that looks at summaries of directories.
#pragma once

#include "check/claims.h"
#include "check/state.h"

namespace marcot::check {

// `prove`: each that a reader would believe is compared with all that is in its directory.
void CheckSummaries(const State& state, Claims& claims, bool prove);

}  // namespace marcot::check

// The deep part of the check: the bytes of all contents that the store keeps itself.
#pragma once

#include "absl/status/status.h"
#include "check/claims.h"
#include "check/state.h"

namespace marcot::check {

// After all claims of blobs were made. O(bytes).
absl::Status CheckContents(const State& state, Claims& claims);

}  // namespace marcot::check

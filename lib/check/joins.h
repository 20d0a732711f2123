// The part of the check where the two ends of a claim meet (check/claims.h).
#pragma once

#include "absl/status/status.h"
#include "check/claims.h"
#include "check/state.h"

namespace marcot::check {

// After all claims were made. Each is for one thread; they may run side by side. The status is an
// error of the scratch files.
absl::Status JoinNodes(const State& state, Claims& claims);
absl::Status JoinPins(const State& state, Claims& claims);
absl::Status JoinHistory(const State& state, Claims& claims);
absl::Status JoinBirths(const State& state, Claims& claims);
absl::Status JoinIds(const State& state, Claims& claims);
absl::Status JoinVersions(const State& state, Claims& claims);
// Answers the bytes of all contents, each counted once.
absl::StatusOr<uint64_t> JoinContents(const State& state, Claims& claims);

}  // namespace marcot::check

// The part of the check that looks at what is kept beside the trees, a family each: spaces, bins,
// quotas, named snapshots, ages of versions, changes, the queue, contents' rows and the feed.
#pragma once

#include "check/claims.h"
#include "check/state.h"

namespace marcot::check {

// Each is for one thread; they may run side by side.
void CheckSpaces(const State& state, Claims& claims);
void CheckBins(const State& state, Claims& claims);
void CheckFacts(const State& state, Claims& claims);  // but quotas, which CheckSpaces looks at
void CheckChanges(const State& state, Claims& claims);
void CheckQueue(const State& state, Claims& claims);
void CheckContentRows(const State& state, Claims& claims);
void CheckMeta(const State& state, Claims& claims);

}  // namespace marcot::check

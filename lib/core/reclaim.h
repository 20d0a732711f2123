// Reclaim: letting go of what no path and no pin reaches any more, in small steps. Each step is one
// operation of the pipeline, with its cursor in the same batch, so a crash between steps loses and
// repeats nothing. Also the background rewriting of long chains of bases (flatten), which is a job
// of the same queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/txn.h"

namespace marcot::core {

// What a step may do at the most: a foreground operation in the same group waits for it.
inline constexpr int kStepWrites = 64;
inline constexpr int kStepReads = 512;

// One step of the oldest job. Nothing: the queue is empty. Else how many records it visited.
absl::StatusOr<std::optional<uint64_t>> ReclaimStep(Txn& txn);

// Queues a flatten of the node unless one is queued.
absl::Status QueueFlatten(Txn& txn, DirId dir);

// One step of giving a node one level again; false: done. `cursor` starts empty.
absl::StatusOr<bool> FlattenStep(Txn& txn, DirId dir, std::string* cursor);

}  // namespace marcot::core

// What a task does when it is its turn.
#pragma once

#include "absl/status/statusor.h"
#include "service/shelf.h"

namespace marcot::service {

// One step; answers whether the task goes on. One that was cancelled meanwhile does not, and its
// step did nothing. An error is one of the store's: the task stays as it was.
absl::StatusOr<bool> RunTaskStep(const Shelf& shelf, uint64_t id);

// What ends a task, to be part of a commit: its record, changed by the caller already.
std::vector<BatchItem> EndItems(const Shelf& shelf, uint64_t id, Record record);

}  // namespace marcot::service

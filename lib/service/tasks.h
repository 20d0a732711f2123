// Tasks: submitted, done in steps by a few threads, each step one commit with what became of it.
#pragma once

#include <memory>

#include "marcot/tasks.h"
#include "service/shelf.h"

namespace marcot::service {

// Those that a crash or stop interrupted go on. `threads` 0: by RunStep alone.
absl::StatusOr<std::unique_ptr<Tasks>> MakeTasks(const Shelf& shelf, int threads);

// Forgets those that ended long ago.
absl::Status ExpireTasks(const Shelf& shelf);

}  // namespace marcot::service

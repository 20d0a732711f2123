// Proves the invariants I1..I6 of core/tree_writer.h on a whole store.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/view.h"

namespace marcot::core {

// What is wrong, a line each; empty: sound. Holds the namespace in memory.
absl::StatusOr<std::vector<std::string>> CheckInvariants(View& view);

}  // namespace marcot::core

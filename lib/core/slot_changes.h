// The slots of one node that may differ between two states of it.
//
// Every slot that does had a first change in between. If it had a record before, that record is on
// a deadlist: it was kept for the pin that sees the older state. If it had none, what came has a
// row in births. And a subdirectory that changed below has had a pin pushed to it, which is a row
// of a deadlist too. So nothing that stayed is read.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/keys.h"
#include "core/view.h"

namespace marcot::core {

// Those that changed after the one seq, which a reference is read at, up to the other: in order,
// each once. Nothing: they would take more memory than that. O(changes log changes).
absl::StatusOr<std::optional<std::vector<std::string>>> ChangedSlots(View& view, DirId dir,
                                                                     Seq after, Seq until,
                                                                     size_t max_bytes);

}  // namespace marcot::core

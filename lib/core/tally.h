// What a transaction did that its records do not tell, for the metrics. Rolled back with them, so
// that it counts exactly what was committed.
#pragma once

#include <cstdint>

namespace marcot::core {

struct Tally {
  uint32_t renumbered = 0;  // names
  uint32_t copy_ups = 0;
  uint32_t longest_chain = 0;  // of bases, below what was copied up
  uint32_t flattens_queued = 0, flattens_done = 0;
};

}  // namespace marcot::core

// How a store divides its memory.
#pragma once

#include <algorithm>
#include <cstddef>

#include "marcot/options.h"

namespace marcot::operations {

inline constexpr size_t kMinMemtableBytes = 1u << 20;

struct MemoryShares {
  size_t records = 0;    // what readers and the writer share
  size_t blocks = 0;     // of files; what the memtables have is counted to it
  size_t memtables = 0;  // at the most
};

inline MemoryShares SharesOf(const StoreOptions& options) {
  MemoryShares shares;
  shares.records = options.record_cache_bytes.value_or(options.memory_bytes / 2);
  shares.memtables = options.memtable_bytes.value_or(
      std::max<size_t>(options.memory_bytes / 8, kMinMemtableBytes));
  shares.blocks = options.memory_bytes - std::min(shares.records, options.memory_bytes);
  return shares;
}

}  // namespace marcot::operations

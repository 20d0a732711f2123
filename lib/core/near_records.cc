#include "core/near_records.h"

#include <atomic>
#include <cstring>

#include "base/thread_kept.h"

namespace marcot::core {

// Not in the thread's own memory, which is taken of its stack, by every thread of the process.
NearRecords& NearRecords::OfThread() { return KeptByThread<NearRecords>(); }

size_t NearRecords::NextThread() {
  static std::atomic<size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void NearRecords::Slot::Set(uint64_t of_cache, uint64_t key_hash, std::string_view key,
                            std::string_view value, Seq first, Seq last) {
  cache = of_cache;
  hash = key_hash;
  since = first;
  as_of = last;
  key_bytes = static_cast<uint32_t>(key.size());
  value_bytes = static_cast<uint32_t>(value.size());
  hits = 0;
  std::memcpy(bytes, key.data(), key.size());
  std::memcpy(bytes + key.size(), value.data(), value.size());
}

}  // namespace marcot::core

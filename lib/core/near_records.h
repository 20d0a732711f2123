// What a thread has lately found in record caches, copied to where no other thread writes: readers
// of the same directories would else pass the memory that holds those records' locks back and
// forth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/keys.h"

namespace marcot::core {

// Counted to no store's budget: 24 KiB for each thread that reads. A copy stays until another falls
// onto its slot, whatever became of its cache; no later cache has the same number.
class NearRecords {
 public:
  struct Slot {
    uint64_t cache = 0, hash = 0;  // cache 0: none, the slot is empty
    Seq since = 0, as_of = 0;      // the newest value of the key at each of these commits
    uint32_t key_bytes = 0, value_bytes = 0;
    uint32_t hits = 0;  // not counted yet
    char bytes[148];    // the key, then the value

    bool Holds(uint64_t of_cache, uint64_t key_hash, std::string_view key) const {
      return hash == key_hash && cache == of_cache && std::string_view(bytes, key_bytes) == key;
    }
    std::string_view value() const { return {bytes + key_bytes, value_bytes}; }
    // There must be room for both.
    void Set(uint64_t of_cache, uint64_t key_hash, std::string_view key, std::string_view value,
             Seq first, Seq last);
  };

  // Those of the calling thread.
  static NearRecords& OfThread();
  // Threads are numbered in the order of their first look.
  size_t thread() const { return thread_; }

  Slot& SlotOf(uint64_t cache, uint64_t hash) { return slots_[(cache ^ hash) % kSlots]; }
  static bool HasRoomFor(std::string_view key, std::string_view value) {
    return key.size() + value.size() <= sizeof Slot::bytes;
  }

 private:
  static constexpr size_t kSlots = 128;
  const size_t thread_ = NextThread();
  Slot slots_[kSlots];

  static size_t NextThread();
};

}  // namespace marcot::core

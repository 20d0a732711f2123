// A word that threads sleep on until it changes. Linux; what it has over a condition variable: one
// system call wakes any number of sleepers, and they take no lock on their way out.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <cstdint>

namespace marcot {

class Futex {
 public:
  uint32_t Load() const { return word_.load(std::memory_order_acquire); }
  void Store(uint32_t value) { word_.store(value); }

  // Sleeps unless the word is something else than `seen`; may return early.
  void Wait(uint32_t seen) {
    sleepers_.fetch_add(1);
    Call(FUTEX_WAIT_PRIVATE, seen);
    sleepers_.fetch_sub(1);
  }
  void WakeAll() {
    // Who is about to sleep has counted itself before it looks at the word, and the word is stored.
    if (sleepers_.load() > 0) Call(FUTEX_WAKE_PRIVATE, INT_MAX);
  }

 private:
  void Call(int operation, uint32_t value) {
    static_assert(sizeof word_ == sizeof(uint32_t) && std::atomic<uint32_t>::is_always_lock_free);
    syscall(SYS_futex, &word_, operation, value, nullptr, nullptr, 0);
  }

  std::atomic<uint32_t> word_{0}, sleepers_{0};
};

}  // namespace marcot

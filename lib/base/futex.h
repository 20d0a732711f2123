// A word that a thread sleeps on until it changes. Linux; what it has over a condition variable:
// the word is all there is to it, and who changes it knows whether somebody sleeps.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace marcot {

using FutexWord = std::atomic<uint32_t>;
static_assert(sizeof(FutexWord) == sizeof(uint32_t) && FutexWord::is_always_lock_free);

// Sleeps while the word is `seen`; may return early.
inline void FutexWait(const FutexWord& word, uint32_t seen) {
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, seen, nullptr, nullptr, 0);
}

// Wakes who sleeps on the word. Nothing of it is read or written, so it may be gone.
inline void FutexWake(const FutexWord& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace marcot

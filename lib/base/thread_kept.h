// Objects that each thread keeps, so that what is done millions of times allocates once.
#pragma once

#include <pthread.h>

namespace marcot {

// The thread's T, a type of the one function that asks for it, made when it is first asked for. A
// host's own thread-local objects may use a store in their destructors, and so may statics at exit:
// so it is freed behind the former, and on the main thread not at all.
template <typename T>
T& KeptByThread() {
  static thread_local T* kept = nullptr;
  if (kept == nullptr) {
    // The destructors of keys run last in a thread, again for what those of others have made.
    // Where the process has no key left, it stays until the process ends.
    static pthread_key_t key;
    static const bool has_key = pthread_key_create(&key, [](void* object) {
                                  delete static_cast<T*>(object);
                                  kept = nullptr;
                                }) == 0;
    kept = new T();
    if (has_key) pthread_setspecific(key, kept);
  }
  return *kept;
}

}  // namespace marcot

// Memory for objects that come and go with each read: every thread keeps some of what was given
// back to it.
#pragma once

#include <cstddef>
#include <new>

namespace marcot::storage {

template <typename T>
class SpareMemory {
 public:
  static void* Take() { return (spare_.first == nullptr ? new Block : Pop())->object; }

  // The destructor of the object itself may call it: its bytes are not touched, and stay with this
  // thread until the next call.
  static void Give(void* object) {
    static thread_local AtThreadExit release;
    if (spare_.count == kMaxCount) delete Pop();
    Block* const block =
        reinterpret_cast<Block*>(static_cast<char*>(object) - offsetof(Block, object));
    block->next = spare_.first;
    spare_.first = block;
    ++spare_.count;
  }

 private:
  static constexpr int kMaxCount = 64;
  struct Block {
    Block* next;
    alignas(T) char object[sizeof(T)];
  };
  // Has no destructor, so that what a thread gives back at its very end finds it there.
  struct Spare {
    Block* first;
    int count;
  };
  struct AtThreadExit {
    ~AtThreadExit() {
      while (spare_.first != nullptr) delete Pop();
    }
  };

  static Block* Pop() {
    Block* const block = spare_.first;
    spare_.first = block->next;
    --spare_.count;
    return block;
  }

  static inline thread_local Spare spare_{};
};

}  // namespace marcot::storage

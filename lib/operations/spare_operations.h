// The memory of the last batch, for the next one: up to half a MiB, which would be asked of the
// kernel each time. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "operations/operation.h"

namespace marcot::operations {

class SpareOperations {
 public:
  // An empty vector for so many.
  std::vector<Operation> Take(size_t count) {
    std::unique_lock lock(mutex_);
    std::vector<Operation> operations = std::exchange(spare_, {});
    lock.unlock();
    operations.reserve(count);
    return operations;
  }

  void Give(std::vector<Operation> operations) {
    operations.clear();
    const std::lock_guard lock(mutex_);
    if (operations.capacity() > spare_.capacity()) spare_.swap(operations);
  }

 private:
  std::mutex mutex_;
  std::vector<Operation> spare_;
};

}  // namespace marcot::operations

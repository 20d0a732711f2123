#include "workers.h"

#include <exception>
#include <system_error>
#include <utility>

#include "marcot/error.h"

namespace marcot::tool {

Workers::Workers(size_t threads, Task task) : task_(std::move(task)) {
  threads_.reserve(threads);
  threads_.emplace_back([this] { Work(); });
  try {
    while (threads_.size() < threads) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // Fewer do it too.
  }
}

Workers::~Workers() { Wait().IgnoreError(); }

absl::Status Workers::Wait() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return failure_;
}

absl::Status Workers::Do() {
  try {
    return task_();
  } catch (const std::exception& e) {
    return MakeError(Code::kInternalServerError, e.what());
  }
}

void Workers::Work() {
  absl::Status status = Do();
  const std::lock_guard lock(mutex_);
  failure_.Update(std::move(status));  // keeps the first error
}

}  // namespace marcot::tool

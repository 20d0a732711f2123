#include "worker.h"

#include <utility>

namespace marcot::tool {

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

absl::Status Worker::Run(Task task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return next_ == nullptr; });
  if (!failure_.ok()) return failure_;
  next_ = std::move(task);
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status Worker::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return next_ == nullptr && !busy_; });
  return failure_;
}

void Worker::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return next_ != nullptr || closing_; });
    if (next_ == nullptr) return;
    const Task task = std::exchange(next_, nullptr);
    busy_ = true;
    changed_.notify_all();
    if (failure_.ok()) {
      lock.unlock();
      absl::Status status = task();
      lock.lock();
      failure_ = std::move(status);
    }
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace marcot::tool

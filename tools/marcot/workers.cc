#include "workers.h"

#include <utility>

namespace marcot::tool {

Workers::Workers(size_t threads) {
  while (threads_.size() < threads) threads_.emplace_back([this] { Work(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

absl::Status Workers::Run(Task task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.size() < kMostWaiting; });
  if (!failure_.ok()) return failure_;
  tasks_.push_back(std::move(task));
  changed_.notify_all();
  return absl::OkStatus();
}

absl::Status Workers::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.empty() && running_ == 0; });
  return failure_;
}

void Workers::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !tasks_.empty() || closing_; });
    if (tasks_.empty()) return;
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    ++running_;
    changed_.notify_all();
    if (failure_.ok()) {
      lock.unlock();
      absl::Status status = task();
      lock.lock();
      failure_.Update(std::move(status));  // keeps the first error
    }
    --running_;
    changed_.notify_all();
  }
}

}  // namespace marcot::tool

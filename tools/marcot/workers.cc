#include "workers.h"

#include <exception>
#include <system_error>
#include <utility>

#include "marcot/error.h"

namespace marcot::tool {

Workers::Workers(size_t threads) {
  threads_.reserve(threads);
  threads_.emplace_back([this] { Work(); });
  try {
    while (threads_.size() < threads) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error&) {
    // Fewer do it too.
  }
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

absl::Status Workers::Do(const Task& task) {
  try {
    return task();
  } catch (const std::exception& e) {
    return MakeError(Code::kInternalServerError, e.what());
  }
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
      absl::Status status = Do(task);
      lock.lock();
      failure_.Update(std::move(status));  // keeps the first error
    }
    --running_;
    changed_.notify_all();
  }
}

}  // namespace marcot::tool

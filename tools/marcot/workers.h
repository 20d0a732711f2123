// Threads beside the command's own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace marcot::tool {

// Does tasks on threads of its own, while its owner gets the next ready: they begin in order, and
// run side by side. After one that failed none begins. Used by one thread.
class Workers {
 public:
  using Task = std::function<absl::Status()>;
  static constexpr size_t kMostWaiting = 16;

  explicit Workers(size_t threads);
  ~Workers();  // what was handed over is done before
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Hands a task over; waits while kMostWaiting wait. The error of one that failed.
  absl::Status Run(Task task);
  // Until all are done. The error of the first that failed.
  absl::Status Wait();

 private:
  void Work();
  static absl::Status Do(const Task& task);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  size_t running_ = 0;
  bool closing_ = false;
  absl::Status failure_;
  std::vector<std::thread> threads_;
};

}  // namespace marcot::tool

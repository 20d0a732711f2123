// Threads beside the command's own.
#pragma once

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace marcot::tool {

// Does one task on threads of its own, on all of them at the same time. Used by one thread.
class Workers {
 public:
  using Task = std::function<absl::Status()>;

  // Where there is no memory for so many threads, fewer do it.
  Workers(size_t threads, Task task);
  ~Workers();  // waits
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Until the task has ended on all threads. The error of the first that failed.
  absl::Status Wait();

 private:
  void Work();
  absl::Status Do();

  const Task task_;
  std::mutex mutex_;
  absl::Status failure_;
  std::vector<std::thread> threads_;
};

}  // namespace marcot::tool

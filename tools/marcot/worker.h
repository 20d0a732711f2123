// A thread beside the command's own.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/status/status.h"

namespace marcot::tool {

// Does tasks in order on a thread of its own, while its owner gets the next one ready. After one
// that failed it does none. Used by one thread.
class Worker {
 public:
  using Task = std::function<absl::Status()>;

  Worker() : thread_([this] { Work(); }) {}
  ~Worker();  // what was handed over is done before
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Hands a task over, once the one before it has begun: so two are held at the most. The error of
  // one that failed.
  absl::Status Run(Task task);
  // Until all are done. The error of one that failed.
  absl::Status Wait();

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  Task next_;  // empty: none
  bool busy_ = false, closing_ = false;
  absl::Status failure_;
  std::thread thread_;
};

}  // namespace marcot::tool

// Files on their way from the thread that finds them to those that read them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "host.h"

namespace marcot::tool {

// Thread-safe.
class FileQueue {
 public:
  // Enough of them for a walk to be done while the store is still being opened; some MiB.
  static constexpr size_t kMostWaiting = 1 << 16;

  // Waits while kMostWaiting wait. False: nobody takes any more.
  bool Push(std::vector<HostFile> files);
  // No more will be pushed.
  void Close();
  // Waits for the next few. None: there will be no more.
  std::vector<HostFile> Pop();
  // Nobody takes any more.
  void Stop();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<HostFile> files_;
  bool closed_ = false, stopped_ = false;
};

}  // namespace marcot::tool

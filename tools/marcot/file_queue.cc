#include "file_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace marcot::tool {
namespace {

// So few that threads end at about the same time, though each of the last files is a big one.
constexpr size_t kFewFiles = 8;

}  // namespace

bool FileQueue::Push(std::vector<HostFile> files) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return files_.size() < kMostWaiting || stopped_; });
  std::move(files.begin(), files.end(), std::back_inserter(files_));
  changed_.notify_all();
  return !stopped_;
}

void FileQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::vector<HostFile> FileQueue::Pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !files_.empty() || closed_ || stopped_; });
  if (stopped_) return {};
  const auto end = files_.begin() + static_cast<ptrdiff_t>(std::min(kFewFiles, files_.size()));
  std::vector<HostFile> few(std::move_iterator(files_.begin()), std::move_iterator(end));
  files_.erase(files_.begin(), end);
  changed_.notify_all();
  return few;
}

void FileQueue::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace marcot::tool

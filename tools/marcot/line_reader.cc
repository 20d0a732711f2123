#include "line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "host.h"

namespace marcot::tool {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

LineReader::LineReader(int fd, std::string file, size_t line_bytes_max)
    : fd_(fd), file_(std::move(file)), line_bytes_max_(line_bytes_max) {}

absl::StatusOr<bool> LineReader::Fill() {
  buffer_.erase(0, std::exchange(begin_, 0));
  const size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  ssize_t got;
  do {
    got = read(fd_, buffer_.data() + had, kReadBytes);
  } while (got < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(had + static_cast<size_t>(std::max<ssize_t>(got, 0)));
  errno = error;
  if (got < 0) return HostError(Code::kParamInvalid, "cannot read", file_);
  at_end_ = got == 0;
  return !at_end_;
}

absl::StatusOr<LineReader::Result> LineReader::Next(std::string& line) {
  bool too_long = false;
  size_t searched = begin_;
  size_t end;
  while ((end = buffer_.find('\n', searched)) == std::string::npos && !at_end_) {
    if (buffer_.size() - begin_ > line_bytes_max_) {
      too_long = true;
      begin_ = buffer_.size();
    }
    const size_t had = buffer_.size() - begin_;
    const auto more = Fill();
    if (!more.ok()) return more.status();
    searched = had;
  }
  if (end == std::string::npos) {
    if (begin_ == buffer_.size()) return too_long ? Result::kTooLong : Result::kEnd;
    end = buffer_.size();
  }
  too_long = too_long || end - begin_ > line_bytes_max_;
  line = too_long ? "" : buffer_.substr(begin_, end - begin_);
  begin_ = std::min(end + 1, buffer_.size());
  return too_long ? Result::kTooLong : Result::kLine;
}

bool LineReader::WouldWait() const {
  if (at_end_ || HasLine()) return false;
  struct pollfd poll_fd = {fd_, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 0;
}

}  // namespace marcot::tool

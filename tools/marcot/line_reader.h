// Lines from a file descriptor, in bounded memory.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace marcot::tool {

class LineReader {
 public:
  // `fd` must outlive the reader. `file` is for messages.
  LineReader(int fd, std::string file, size_t line_bytes_max);

  enum class Result { kLine, kTooLong, kEnd };
  // The next line, without its end. Of one that is too long, nothing is given.
  absl::StatusOr<Result> Next(std::string& line);
  // Whether Next would wait for whoever writes the other end. Such a one may itself be waiting for
  // an answer to what it has sent so far.
  bool WouldWait() const;

 private:
  // Answers false at the end of the file.
  absl::StatusOr<bool> Fill();
  bool HasLine() const { return buffer_.find('\n', begin_) != std::string::npos; }

  const int fd_;
  const std::string file_;
  const size_t line_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;  // of what was not given yet
  bool at_end_ = false;
};

}  // namespace marcot::tool

// Files of this machine: reading and writing them, and what of them a store keeps.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"

namespace marcot::tool {

// An open file descriptor.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  // The same, closed by whoever takes it.
  int Release();

 private:
  int fd_;
};

// `what` FILE: what errno says. Code: ParamInvalid where the argument is to blame.
absl::Status HostError(Code code, const std::string& what, const std::string& file);

// Opens a file to read; `-` is standard input.
absl::StatusOr<Fd> OpenInput(const std::string& file);
// `fd` must outlive the source. `file` is for messages.
ByteSource SourceOf(const Fd& fd, const std::string& file);
absl::Status WriteAll(int fd, std::string_view bytes, const std::string& file);

struct HostEntry {
  const std::string& path;      // as the host opens it
  const std::string& relative;  // below the directory that is walked
  const struct stat& stat;      // of the entry itself, if it is a symbolic link
};
// Answers whether to go into the directory (anything else: no matter).
using HostVisitor = std::function<absl::StatusOr<bool>(const HostEntry&)>;
// Every entry below `directory` in order of name, a directory before what is in it. Memory: the
// names of the directories on the way.
absl::Status WalkHost(const std::string& directory, const HostVisitor& visitor);

// What a store keeps of a host entry beside its bytes: its time, its permissions where they are not
// the usual ones, and whether it is a symbolic link (its bytes are the link's target then).
Attributes AttributesOf(const struct stat& stat);
bool IsSymlink(const Attributes& attributes);
// Gives a host file or directory its permissions and time back. Set-id bits are not: the owner they
// were meant for is not kept.
absl::Status RestoreMode(const std::string& path, EntryType type, const Attributes& attributes);
absl::Status RestoreTime(const std::string& path, const Attributes& attributes);

}  // namespace marcot::tool

// Files of this machine: reading and writing them, and what of them a store keeps.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
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

// `name` in `directory`, which may be empty.
std::string JoinNames(const std::string& directory, const std::string& name);

struct HostDirectory {
  std::string path;      // as the host opens it
  std::string relative;  // below the one that is walked; empty: that one
};

// What is no directory. Its type is that of when it was found.
struct HostFile {
  enum class Type { kRegular, kSymlink, kOther };
  std::shared_ptr<const HostDirectory> directory;  // that holds it
  std::string name;
  Type type = Type::kRegular;
  std::string path() const { return directory->path + "/" + name; }
  std::string relative() const { return JoinNames(directory->relative, name); }
};

struct HostVisitor {
  // Answers whether to go into it.
  std::function<absl::StatusOr<bool>(const HostDirectory& directory, const struct stat& stat)>
      directory;
  std::function<absl::Status(HostFile&& file)> file;
};
// Every entry below `directory` in order of name, a directory before what is in it. Files are not
// looked at where their directory tells their type. Memory: the names of the directories on the
// way.
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

#include "host.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace marcot::tool {
namespace {

constexpr char kModeKey[] = "posix-mode";
constexpr char kSymlinkKey[] = "posix-symlink";
constexpr mode_t kAllModeBits = 07777;
constexpr mode_t kRestoredModeBits = 01777;
constexpr mode_t kUsualFileMode = 0644;
constexpr mode_t kUsualDirectoryMode = 0755;
constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

mode_t UsualMode(EntryType type) {
  return type == EntryType::kDirectory ? kUsualDirectoryMode : kUsualFileMode;
}

std::string Octal(mode_t mode) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode));
  return text.data();
}

// Attributes are free-form, so what is there need not be a number.
template <typename Number>
std::optional<Number> ParseNumber(std::string_view text, int base) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || rest != end || text.empty()) return std::nullopt;
  return number;
}

using DirectoryStream = std::unique_ptr<DIR, int (*)(DIR*)>;

absl::Status ListError(const std::string& directory) {
  return HostError(Code::kParamInvalid, "cannot list", directory);
}

absl::StatusOr<DirectoryStream> OpenDirectory(const std::string& path, int flags) {
  Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
  DIR* const stream = fd.get() < 0 ? nullptr : fdopendir(fd.get());
  if (stream == nullptr) return ListError(path);
  fd.Release();
  return DirectoryStream(stream, closedir);
}

struct DirectoryEntry {
  std::string name;
  unsigned char type;  // DT_UNKNOWN where the file system does not tell
};

absl::StatusOr<std::vector<DirectoryEntry>> SortedEntries(DIR* stream, const std::string& path) {
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* const entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0) return ListError(path);
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

HostFile::Type FileType(unsigned char type) {
  if (type == DT_REG) return HostFile::Type::kRegular;
  return type == DT_LNK ? HostFile::Type::kSymlink : HostFile::Type::kOther;
}

class HostWalk {
 public:
  explicit HostWalk(const HostVisitor& visitor) : visitor_(visitor) {}

  absl::Status Below(const std::shared_ptr<const HostDirectory>& directory,
                     DirectoryStream stream) const {
    auto entries = SortedEntries(stream.get(), directory->path);
    if (!entries.ok()) return entries.status();
    stream.reset();  // however deep the walk goes, it has one open
    for (DirectoryEntry& entry : *entries) {
      if (absl::Status status = Visit(directory, &entry); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Visit(const std::shared_ptr<const HostDirectory>& directory,
                     DirectoryEntry* entry) const {
    if (entry->type == DT_UNKNOWN) {
      struct stat stat;
      const std::string path = directory->path + "/" + entry->name;
      if (lstat(path.c_str(), &stat) != 0) {
        return HostError(Code::kParamInvalid, "cannot read", path);
      }
      entry->type = IFTODT(stat.st_mode);
    }
    if (entry->type == DT_DIR) return VisitDirectory(*directory, entry->name);
    return visitor_.file({directory, std::move(entry->name), FileType(entry->type)});
  }

  absl::Status VisitDirectory(const HostDirectory& parent, const std::string& name) const {
    const auto directory = std::make_shared<const HostDirectory>(
        HostDirectory{parent.path + "/" + name, JoinNames(parent.relative, name)});
    auto stream = OpenDirectory(directory->path, O_NOFOLLOW);
    if (!stream.ok()) return stream.status();
    struct stat stat;
    if (fstat(dirfd(stream->get()), &stat) != 0) return ListError(directory->path);
    const auto descend = visitor_.directory(*directory, stat);
    if (!descend.ok()) return descend.status();
    return *descend ? Below(directory, *std::move(stream)) : absl::OkStatus();
  }

  const HostVisitor& visitor_;
};

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (fd_ > STDERR_FILENO) close(fd_);
  fd_ = other.Release();
  return *this;
}

Fd::~Fd() {
  // Standard input is only borrowed.
  if (fd_ > STDERR_FILENO) close(fd_);
}

int Fd::Release() { return std::exchange(fd_, -1); }

absl::Status HostError(Code code, const std::string& what, const std::string& file) {
  return MakeError(code, what + " " + file + ": " + std::strerror(errno));
}

absl::StatusOr<Fd> OpenInput(const std::string& file) {
  if (file == "-") return Fd(STDIN_FILENO);
  Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return HostError(Code::kParamInvalid, "cannot open", file);
  struct stat stat;
  if (fstat(fd.get(), &stat) == 0 && S_ISDIR(stat.st_mode)) {
    return MakeError(Code::kParamInvalid, file + " is a directory");
  }
  return fd;
}

ByteSource SourceOf(const Fd& fd, const std::string& file) {
  return [&fd, file](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
    ssize_t got;
    do {
      got = read(fd.get(), buffer, capacity);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return HostError(Code::kParamInvalid, "cannot read", file);
    return static_cast<size_t>(got);
  };
}

absl::Status WriteAll(int fd, std::string_view bytes, const std::string& file) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return HostError(Code::kInternalServerError, "cannot write", file);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return absl::OkStatus();
}

std::string JoinNames(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

absl::Status WalkHost(const std::string& directory, const HostVisitor& visitor) {
  auto stream = OpenDirectory(directory, 0);
  if (!stream.ok()) return stream.status();
  return HostWalk(visitor).Below(
      std::make_shared<const HostDirectory>(HostDirectory{directory, ""}), *std::move(stream));
}

Attributes AttributesOf(const struct stat& stat) {
  Attributes attributes;
  const int64_t ns = stat.st_mtim.tv_sec * kNanosecondsPerSecond + stat.st_mtim.tv_nsec;
  attributes.local_modification_time = std::to_string(ns);
  if (S_ISLNK(stat.st_mode)) {
    attributes.metadata[kSymlinkKey] = "1";
    return attributes;  // a link has no permissions of its own
  }
  const EntryType type = S_ISDIR(stat.st_mode) ? EntryType::kDirectory : EntryType::kFile;
  const mode_t mode = stat.st_mode & kAllModeBits;
  if (mode != UsualMode(type)) attributes.metadata[kModeKey] = Octal(mode);
  return attributes;
}

bool IsSymlink(const Attributes& attributes) {
  const auto found = attributes.metadata.find(kSymlinkKey);
  return found != attributes.metadata.end() && found->second == "1";
}

absl::Status RestoreMode(const std::string& path, EntryType type, const Attributes& attributes) {
  const auto found = attributes.metadata.find(kModeKey);
  mode_t mode = UsualMode(type);
  if (found != attributes.metadata.end()) {
    mode = ParseNumber<mode_t>(found->second, 8).value_or(mode) & kRestoredModeBits;
  }
  if (chmod(path.c_str(), mode) != 0) {
    return HostError(Code::kInternalServerError, "cannot set the permissions of", path);
  }
  return absl::OkStatus();
}

absl::Status RestoreTime(const std::string& path, const Attributes& attributes) {
  const auto ns = ParseNumber<int64_t>(attributes.local_modification_time, 10);
  if (!ns.has_value()) return absl::OkStatus();
  const int64_t part =
      (*ns % kNanosecondsPerSecond + kNanosecondsPerSecond) % kNanosecondsPerSecond;
  struct timespec times[2];
  times[0].tv_sec = 0;
  times[0].tv_nsec = UTIME_OMIT;
  // Rounds down, also before 1970.
  times[1].tv_sec = *ns / kNanosecondsPerSecond - (*ns < 0 && part != 0 ? 1 : 0);
  times[1].tv_nsec = part;
  if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return HostError(Code::kInternalServerError, "cannot set the time of", path);
  }
  return absl::OkStatus();
}

}  // namespace marcot::tool

#include "import_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"

namespace marcot::tool {
namespace {

// Files up to here travel many to a commit, bigger ones are streamed.
constexpr size_t kSmallFileBytes = kMaxBatchPutBytes;
// One byte more than a small file has tells it from a bigger one.
constexpr size_t kHeadBytes = kSmallFileBytes + 1;
constexpr size_t kBatchBytes = 512 << 10;

absl::Status NoLongerSo(const std::string& path) {
  return MakeError(Code::kParamInvalid, path + " changed while it was read; import it again");
}

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  std::error_code error;
  std::string target = std::filesystem::read_symlink(path, error).native();
  if (!error) return target;
  return MakeError(Code::kParamInvalid, "cannot read " + path + ": " + error.message());
}

class FileImport {
 public:
  FileImport(const std::string& path, ImportTarget& target) : path_(path), target_(target) {}

  absl::Status Run(FileQueue& queue) {
    while (true) {
      const std::vector<HostFile> files = queue.Pop();
      if (files.empty()) return target_.Commit(&batch_);
      for (const HostFile& file : files) {
        if (absl::Status status = AddFile(file); !status.ok()) return status;
      }
    }
  }

 private:
  struct File {
    std::string host_path, path;  // on this machine; in the space
    struct stat stat;
  };

  absl::Status AddFile(const HostFile& found) {
    File file{found.path(), JoinNames(path_, found.relative()), {}};
    return found.type == HostFile::Type::kSymlink ? AddLink(&file) : AddRegular(&file);
  }

  absl::Status AddLink(File* file) {
    if (lstat(file->host_path.c_str(), &file->stat) != 0) {
      return HostError(Code::kParamInvalid, "cannot read", file->host_path);
    }
    if (!S_ISLNK(file->stat.st_mode)) return NoLongerSo(file->host_path);
    auto bytes = ReadLink(file->host_path);
    return bytes.ok() ? AddBytes(file, *std::move(bytes)) : bytes.status();
  }

  absl::Status AddRegular(File* file) {
    // What became a link or a pipe since it was found is neither followed nor waited for.
    const Fd fd(open(file->host_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (fd.get() < 0 && errno == ELOOP) return NoLongerSo(file->host_path);
    if (fd.get() < 0 || fstat(fd.get(), &file->stat) != 0) {
      return HostError(Code::kParamInvalid, "cannot open", file->host_path);
    }
    if (!S_ISREG(file->stat.st_mode)) return NoLongerSo(file->host_path);
    const auto head = ReadHead(fd, *file);
    if (!head.ok()) return head.status();
    if (head->size() > kSmallFileBytes) return Stream(fd, *file, *head);
    return AddBytes(file, std::string(*head));
  }

  absl::Status AddBytes(File* file, std::string bytes) {
    target_.Add(BatchItem::Kind::kPut, std::move(file->host_path), std::move(file->path),
                file->stat, std::move(bytes), &batch_);
    const bool full = batch_.items.size() == kMaxBatchItems || batch_.bytes >= kBatchBytes;
    return full ? target_.Commit(&batch_) : absl::OkStatus();
  }

  // Reads what a small file holds, of a bigger one the first bytes. Valid until the next call.
  absl::StatusOr<std::string_view> ReadHead(const Fd& fd, const File& file) {
    const ByteSource source = SourceOf(fd, file.host_path);
    size_t filled = 0;
    while (filled < kHeadBytes) {
      const auto got = source(head_.get() + filled, kHeadBytes - filled);
      if (!got.ok()) return got.status();
      filled += *got;
      // Sizes are asked of the bytes: files change, and those of /proc have none. One that had room
      // to give more and gave what it should has ended.
      if (*got == 0 || filled == static_cast<size_t>(file.stat.st_size)) break;
    }
    return std::string_view(head_.get(), filled);
  }

  // Puts a file whose first bytes, `head`, were read already.
  absl::Status Stream(const Fd& fd, const File& file, std::string_view head) {
    const ByteSource rest = SourceOf(fd, file.host_path);
    return target_.Put(file.host_path, file.path, file.stat,
                       [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
                         const size_t given = head.copy(buffer, capacity);
                         head.remove_prefix(given);
                         return given > 0 ? given : rest(buffer, capacity);
                       });
  }

  const std::string& path_;
  ImportTarget& target_;
  ImportBatch batch_;
  const std::unique_ptr<char[]> head_{new char[kHeadBytes]};
};

}  // namespace

absl::Status ImportFiles(FileQueue& queue, const std::string& path, ImportTarget& target) {
  const absl::Cleanup stop([&queue] { queue.Stop(); });
  return FileImport(path, target).Run(queue);
}

}  // namespace marcot::tool

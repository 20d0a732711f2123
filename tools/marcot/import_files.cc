#include "import_files.h"

#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace marcot::tool {
namespace {

// Files up to here travel many to a commit, bigger ones are streamed.
constexpr size_t kSmallFileBytes = kMaxBatchPutBytes;
// One byte more than a small file has tells it from a bigger one.
constexpr size_t kHeadBytes = kSmallFileBytes + 1;

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  std::error_code error;
  std::string target = std::filesystem::read_symlink(path, error).native();
  if (!error) return target;
  return MakeError(Code::kParamInvalid, "cannot read " + path + ": " + error.message());
}

class FileImport {
 public:
  explicit FileImport(ImportTarget& target) : target_(target) {}

  absl::Status Run(const std::vector<FileToImport>& files) {
    for (const FileToImport& file : files) {
      if (absl::Status status = AddFile(file); !status.ok()) return status;
    }
    return target_.Commit(&batch_);
  }

 private:
  absl::Status AddFile(const FileToImport& file) {
    if (S_ISLNK(file.stat.st_mode)) {
      auto bytes = ReadLink(file.host_path);
      return bytes.ok() ? AddBytes(file, *std::move(bytes)) : bytes.status();
    }
    auto input = OpenInput(file.host_path);
    if (!input.ok()) return input.status();
    const auto head = ReadHead(*input, file);
    if (!head.ok()) return head.status();
    if (head->size() > kSmallFileBytes) return Stream(*input, file, *head);
    return AddBytes(file, std::string(*head));
  }

  absl::Status AddBytes(const FileToImport& file, std::string bytes) {
    target_.Add(BatchItem::Kind::kPut, file.host_path, file.path, file.stat, std::move(bytes),
                &batch_);
    const bool full = batch_.items.size() == kMaxBatchItems || batch_.bytes >= kImportBatchBytes;
    return full ? target_.Commit(&batch_) : absl::OkStatus();
  }

  // Reads what a small file holds, of a bigger one the first bytes. Valid until the next call.
  absl::StatusOr<std::string_view> ReadHead(const Fd& fd, const FileToImport& file) {
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
  absl::Status Stream(const Fd& fd, const FileToImport& file, std::string_view head) {
    const ByteSource rest = SourceOf(fd, file.host_path);
    return target_.Put(file.host_path, file.path, file.stat,
                       [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
                         const size_t given = head.copy(buffer, capacity);
                         head.remove_prefix(given);
                         return given > 0 ? given : rest(buffer, capacity);
                       });
  }

  ImportTarget& target_;
  ImportBatch batch_;
  const std::unique_ptr<char[]> head_{new char[kHeadBytes]};
};

}  // namespace

absl::Status ImportFiles(const std::vector<FileToImport>& files, ImportTarget& target) {
  return FileImport(target).Run(files);
}

}  // namespace marcot::tool

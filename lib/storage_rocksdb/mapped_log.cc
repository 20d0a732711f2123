#include "storage_rocksdb/mapped_log.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rocksdb/file_system.h"

namespace marcot::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// What is reserved at once, and mapped at a time.
constexpr uint64_t kWindowBytes = 1u << 20;
// Pages are made for so much at a time, since whoever appends waits for them. A multiple of
// RocksDB's block of a log: the zeros at its end must end where one does.
constexpr uint64_t kBlockBytes = 64u << 10;
// For more than this one write() costs less than to make pages of zeros first.
constexpr size_t kMaxMappedBytes = 16u << 10;

IOStatus ErrorOf(const std::string& what, int error) {
  const std::string text = std::strerror(error);
  return error == ENOSPC ? IOStatus::NoSpace(what, text) : IOStatus::IOError(what, text);
}

bool WritesInPlace(int file) {
  struct statfs system;
  return fstatfs(file, &system) == 0 &&
         (system.f_type == EXT4_SUPER_MAGIC || system.f_type == TMPFS_MAGIC);
}

// Used by one thread at a time, but for Sync.
class MappedLog final : public rocksdb::FSWritableFile {
 public:
  // Null where the file system cannot do it; nothing is left behind then but an empty file.
  static std::unique_ptr<MappedLog> Create(const std::string& path, const FileOptions& options) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return nullptr;
    std::unique_ptr<MappedLog> log(new MappedLog(path, file, options));
    return WritesInPlace(file) && log->MakeReady() ? std::move(log) : nullptr;
  }

  ~MappedLog() override {
    if (file_ >= 0) Finish().PermitUncheckedError();
  }

  MappedLog(const MappedLog&) = delete;
  MappedLog& operator=(const MappedLog&) = delete;

  using FSWritableFile::Append;
  IOStatus Append(const rocksdb::Slice& data, const IOOptions&, IODebugContext*) override {
    const std::string_view bytes(data.data(), data.size());
    return bytes.size() > kMaxMappedBytes ? Write(bytes) : Map(bytes);
  }

  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  // Pages that were written through a mapping are synced like others.
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    synced_.store(true, std::memory_order_relaxed);
    return fdatasync(file_) == 0 ? IOStatus::OK() : ErrorOf("sync " + path_, errno);
  }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return fsync(file_) == 0 ? IOStatus::OK() : ErrorOf("sync " + path_, errno);
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions&, IODebugContext*) override {
    const int result = sync_file_range(file_, static_cast<off_t>(offset), static_cast<off_t>(bytes),
                                       SYNC_FILE_RANGE_WRITE);
    return result == 0 ? IOStatus::OK() : ErrorOf("sync " + path_, errno);
  }
  bool IsSyncThreadSafe() const override { return true; }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return Finish(); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

  // It reserves space itself.
  IOStatus Allocate(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  MappedLog(std::string path, int file, const FileOptions& options)
      : FSWritableFile(options), path_(std::move(path)), file_(file) {}

  IOStatus Map(std::string_view bytes) {
    while (!bytes.empty()) {
      // Where there is no space, or no memory for a mapping, this tells, or does it.
      if (size_ >= ready_ && !MakeReady()) return Write(bytes);
      const size_t count = std::min<uint64_t>(bytes.size(), ready_ - size_);
      std::memcpy(window_ + (size_ - window_begin_), bytes.data(), count);
      size_ += count;
      bytes.remove_prefix(count);
    }
    return IOStatus::OK();
  }

  IOStatus Write(std::string_view bytes) {
    IOStatus status = WriteAt(size_, bytes);
    if (status.ok()) size_ += bytes.size();
    return status;
  }

  IOStatus WriteAt(uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrorOf("write " + path_, errno);
      offset += static_cast<uint64_t>(count);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return IOStatus::OK();
  }

  // The block in which the next byte stands. Its zeros are written before it is touched through the
  // mapping: ext4 then makes one large page of it, for a quarter of what it takes to make small
  // ones as they are touched. But each sync writes whole pages: 64 KiB for a commit of 200 bytes
  // instead of 4. So where commits are synced they stay small.
  bool MakeReady() {
    static constexpr char kZeros[kBlockBytes] = {};
    const uint64_t block = size_ / kBlockBytes * kBlockBytes, end = block + kBlockBytes;
    const bool inside = window_ != nullptr && block < window_begin_ + kWindowBytes;
    if (!inside && !MapFrom(block)) return false;
    const bool large = !synced_.load(std::memory_order_relaxed);
    if (large && !WriteAt(size_, {kZeros, end - size_}).ok()) return false;
    char* const pages = window_ + (block - window_begin_);
    if (madvise(pages, kBlockBytes, MADV_POPULATE_WRITE) != 0) return false;
    ready_ = end;
    return true;
  }

  bool MapFrom(uint64_t begin) {
    if (posix_fallocate(file_, static_cast<off_t>(begin), kWindowBytes) != 0) return false;
    void* const next = mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_,
                            static_cast<off_t>(begin));
    if (next == MAP_FAILED) return false;
    Unmap();
    window_ = static_cast<char*>(next);
    window_begin_ = begin;
    return true;
  }

  void Unmap() {
    if (window_ != nullptr) munmap(window_, kWindowBytes);
    window_ = nullptr;
  }

  IOStatus Finish() {
    Unmap();
    const bool cut = ftruncate(file_, static_cast<off_t>(size_)) == 0;
    const int error = errno;
    close(std::exchange(file_, -1));
    return cut ? IOStatus::OK() : ErrorOf("close " + path_, error);
  }

  const std::string path_;
  int file_;
  std::atomic<bool> synced_{false};
  uint64_t size_ = 0;  // what was appended
  char* window_ = nullptr;
  uint64_t window_begin_ = 0;  // in the file
  uint64_t ready_ = 0;         // up to where there are pages, in the file
};

class MappedLogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  static const char* kClassName() { return "marcot.MappedLogFileSystem"; }
  const char* Name() const override { return kClassName(); }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* context) override {
    if (path.ends_with(".log")) {
      *file = MappedLog::Create(path, options);
      if (*file != nullptr) return IOStatus::OK();
    }
    return FileSystemWrapper::NewWritableFile(path, options, file, context);
  }
};

}  // namespace

rocksdb::Env* MappedLogEnv() {
  static rocksdb::Env* const env = rocksdb::NewCompositeEnv(std::make_shared<MappedLogFileSystem>(
                                                                rocksdb::FileSystem::Default()))
                                       .release();
  return env;
}

}  // namespace marcot::storage

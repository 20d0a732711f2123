#include "storage_rocksdb/mapped_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
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
constexpr uint64_t kWindowBytes = 256u << 10;
// For more than this one write() costs less than to make pages of zeros first.
constexpr size_t kMaxMappedBytes = 16u << 10;

IOStatus ErrorOf(const std::string& what, int error) {
  const std::string text = std::strerror(error);
  return error == ENOSPC ? IOStatus::NoSpace(what, text) : IOStatus::IOError(what, text);
}

// Used by one thread at a time, but for Sync.
class MappedLog final : public rocksdb::FSWritableFile {
 public:
  // Null where the file system cannot do it; nothing is left behind then but an empty file.
  static std::unique_ptr<MappedLog> Create(const std::string& path, const FileOptions& options) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return nullptr;
    std::unique_ptr<MappedLog> log(new MappedLog(path, file, options));
    if (!log->MapNext().ok()) return nullptr;
    return log;
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
    return fdatasync(file_) == 0 ? IOStatus::OK() : ErrorOf("sync " + path_, errno);
  }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return fsync(file_) == 0 ? IOStatus::OK() : ErrorOf("sync " + path_, errno);
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
      if (window_ == nullptr || size_ >= window_begin_ + kWindowBytes) {
        if (IOStatus status = MapNext(); !status.ok()) return status;
      }
      const uint64_t at = size_ - window_begin_;
      const size_t count = std::min<uint64_t>(bytes.size(), kWindowBytes - at);
      std::memcpy(window_ + at, bytes.data(), count);
      size_ += count;
      bytes.remove_prefix(count);
    }
    return IOStatus::OK();
  }

  IOStatus Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return ErrorOf("write " + path_, errno);
      size_ += static_cast<uint64_t>(count);
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return IOStatus::OK();
  }

  // The window that begins with the page in which the next byte stands.
  IOStatus MapNext() {
    static const uint64_t page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t begin = size_ / page_bytes * page_bytes;
    const int error = posix_fallocate(file_, static_cast<off_t>(begin), kWindowBytes);
    if (error != 0) return ErrorOf("reserve space for " + path_, error);
    void* const next = mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_,
                            static_cast<off_t>(begin));
    if (next == MAP_FAILED) return ErrorOf("map " + path_, errno);
    if (madvise(next, kWindowBytes, MADV_POPULATE_WRITE) != 0) {
      const int populate_error = errno;
      munmap(next, kWindowBytes);
      return ErrorOf("reserve pages for " + path_, populate_error);
    }
    Unmap();
    window_ = static_cast<char*>(next);
    window_begin_ = begin;
    return IOStatus::OK();
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
  uint64_t size_ = 0;  // what was appended
  char* window_ = nullptr;
  uint64_t window_begin_ = 0;  // in the file
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

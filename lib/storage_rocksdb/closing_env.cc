#include "storage_rocksdb/closing_env.h"

#include <atomic>
#include <string>
#include <utility>

#include "rocksdb/file_system.h"

namespace marcot::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

using Closed = std::shared_ptr<const std::atomic<bool>>;

class ClosingFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  ClosingFile(std::unique_ptr<rocksdb::FSWritableFile> file, Closed closed)
      : FSWritableFileOwnerWrapper(std::move(file)), closed_(std::move(closed)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  IODebugContext* context) override {
    return *closed_ ? Refusal() : FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* context) override {
    return *closed_ ? Refusal()
                    : FSWritableFileOwnerWrapper::Append(data, options, verification, context);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return *closed_ ? Refusal() : FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  // Of any other error RocksDB would wait for a second, to try it again.
  static IOStatus Refusal() {
    return rocksdb::status_to_io_status(rocksdb::Status::ShutdownInProgress());
  }

  const Closed closed_;
};

}  // namespace

class ClosingEnv::Files final : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  static const char* kClassName() { return "marcot.ClosingFileSystem"; }
  const char* Name() const override { return kClassName(); }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext* context) override {
    IOStatus status = FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (status.ok() && (path.ends_with(".sst") || path.ends_with(".blob"))) {
      *file = std::make_unique<ClosingFile>(std::move(*file), closed_);
    }
    return status;
  }

  void Close() { *closed_ = true; }

 private:
  const std::shared_ptr<std::atomic<bool>> closed_ = std::make_shared<std::atomic<bool>>(false);
};

ClosingEnv::ClosingEnv(rocksdb::Env* env)
    : EnvWrapper(env), files_(std::make_shared<Files>(env->GetFileSystem())) {
  // RocksDB asks these, not the functions of Env that do the same.
  file_system_ = files_;
  system_clock_ = env->GetSystemClock();
}

ClosingEnv::~ClosingEnv() = default;

void ClosingEnv::Close() { files_->Close(); }

}  // namespace marcot::storage

#include "support/faulty_file_system.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temp_store.h"

namespace marcot::testing {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

namespace fs = std::filesystem;

namespace {

std::string BytesOfFile(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

}  // namespace

const char* FileOpName(FileOp op) {
  constexpr const char* kNames[kFileOps] = {"read",   "append", "sync",
                                            "create", "rename", "directory sync"};
  return kNames[static_cast<int>(op)];
}

class FaultyReader final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultyReader(FaultyFileSystem& system, std::unique_ptr<rocksdb::FSRandomAccessFile>&& file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), system_(system) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) const override {
    IOStatus status = system_.Begin(FileOp::kRead);
    if (!status.ok()) return status;
    return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    IOStatus status = system_.Begin(FileOp::kRead);
    if (!status.ok()) return status;
    return FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
  }

 private:
  FaultyFileSystem& system_;
};

class FaultySequence final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultySequence(FaultyFileSystem& system, std::unique_ptr<rocksdb::FSSequentialFile>&& file)
      : FSSequentialFileOwnerWrapper(std::move(file)), system_(system) {}
  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    IOStatus status = system_.Begin(FileOp::kRead);
    if (!status.ok()) return status;
    return FSSequentialFileOwnerWrapper::Read(n, options, result, scratch, debug);
  }

 private:
  FaultyFileSystem& system_;
};

class FaultyWriter final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyWriter(FaultyFileSystem& system, std::string name,
               std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system), name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = system_.Begin(FileOp::kAppend);
    const Slice part(data.data(), status.IsNoSpace() ? data.size() / 2 : data.size());
    if (!status.ok() && !status.IsNoSpace()) return status;
    IOStatus done = FSWritableFileOwnerWrapper::Append(part, options, debug);
    if (done.ok()) system_.Appended(name_, part.size());
    return status.ok() ? done : status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = system_.Begin(FileOp::kSync);
    if (!status.ok()) return status;
    status = FSWritableFileOwnerWrapper::Flush(options, debug);
    if (status.ok()) system_.Synced(name_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultyFileSystem& system_;
  const std::string name_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultyDirectory(FaultyFileSystem& system, std::unique_ptr<rocksdb::FSDirectory>&& directory)
      : FSDirectoryWrapper(std::move(directory)), system_(system) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    IOStatus status = system_.Begin(FileOp::kSyncDirectory);
    if (status.ok()) system_.DirectorySynced();
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  FaultyFileSystem& system_;
};

FaultyFileSystem::FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

void FaultyFileSystem::Fail(FileOp op, uint64_t n, bool no_space, bool for_good) {
  const std::lock_guard lock(mutex_);
  const int i = static_cast<int>(op);
  faults_[i] = {counts_[i] + n, no_space, for_good};
}

void FaultyFileSystem::FreezeAfter(uint64_t n) {
  const std::lock_guard lock(mutex_);
  freeze_at_ = changes_ + n;
}

void FaultyFileSystem::Heal() {
  const std::lock_guard lock(mutex_);
  faults_ = {};
  freeze_at_ = ~uint64_t{0};
  failed_ = false;
}

bool FaultyFileSystem::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}
uint64_t FaultyFileSystem::count(FileOp op) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<int>(op)];
}
uint64_t FaultyFileSystem::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void FaultyFileSystem::Block(std::optional<FileOp> op) {
  const std::lock_guard lock(mutex_);
  blocking_ = true;
  blocked_op_ = op;
}

void FaultyFileSystem::Unblock() {
  const std::lock_guard lock(mutex_);
  blocking_ = false;
  unblocked_.notify_all();
}

uint64_t FaultyFileSystem::blocked() const {
  const std::lock_guard lock(mutex_);
  return blocked_;
}

IOStatus FaultyFileSystem::Begin(FileOp op) {
  std::unique_lock lock(mutex_);
  ++blocked_;
  unblocked_.wait(lock, [&] { return !Blocks(op); });
  --blocked_;
  const Fault& fault = faults_[static_cast<int>(op)];
  const uint64_t count = ++counts_[static_cast<int>(op)];
  if (op != FileOp::kRead && ++changes_ > freeze_at_) {
    failed_ = true;
    return IOStatus::IOError("the power is gone");
  }
  if (fault.at == 0 || count < fault.at || (count > fault.at && !fault.for_good)) {
    return IOStatus::OK();
  }
  failed_ = true;
  return fault.no_space ? IOStatus::NoSpace("no space, says the test")
                        : IOStatus::IOError("a fault, says the test");
}

void FaultyFileSystem::Appended(const std::string& name, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  written_[name].size += bytes;
}

void FaultyFileSystem::Synced(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Written& file = written_[name];
  file.synced = file.size;
}

void FaultyFileSystem::DirectorySynced() {
  const std::lock_guard lock(mutex_);
  undo_.clear();
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& name,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                             IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewSequentialFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<FaultySequence>(*this, std::move(*file));
  return status;
}

IOStatus FaultyFileSystem::NewRandomAccessFile(const std::string& name,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                               IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<FaultyReader>(*this, std::move(*file));
  return status;
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& name,
                                           const rocksdb::FileOptions& options,
                                           std::unique_ptr<rocksdb::FSWritableFile>* file,
                                           IODebugContext* debug) {
  IOStatus status = Begin(FileOp::kCreate);
  if (!status.ok()) return status;
  status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<FaultyWriter>(*this, name, std::move(*file));
  const std::lock_guard lock(mutex_);
  written_[name] = {};
  undo_.push_back({.created = name, .target = {}, .bytes = {}, .renamed_from = {}});
  return status;
}

IOStatus FaultyFileSystem::ReuseWritableFile(const std::string&, const std::string&,
                                             const rocksdb::FileOptions&,
                                             std::unique_ptr<rocksdb::FSWritableFile>*,
                                             IODebugContext*) {
  return IOStatus::NotSupported("logs are not recycled");
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                                        IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::NewDirectory(name, options, directory, debug);
  if (status.ok()) *directory = std::make_unique<FaultyDirectory>(*this, std::move(*directory));
  return status;
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& name, const IOOptions& options,
                                      IODebugContext* debug) {
  {
    const std::lock_guard lock(mutex_);
    if (changes_ >= freeze_at_) return IOStatus::IOError("the power is gone");
    written_.erase(name);
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions& options, IODebugContext* debug) {
  IOStatus status = Begin(FileOp::kRename);
  if (!status.ok()) return status;
  const bool replaces = fs::exists(to);
  Undo undo{.created = replaces ? "" : to,
            .target = replaces ? to : "",
            .bytes = replaces ? BytesOfFile(to) : "",
            .renamed_from = from};
  status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  const std::lock_guard lock(mutex_);
  written_[to] = written_[from];
  written_.erase(from);
  undo_.push_back(std::move(undo));
  return status;
}

void FaultyFileSystem::LosePower(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  const size_t kept = undo_.empty() ? 0 : random() % (undo_.size() + 1);
  for (; undo_.size() > kept; undo_.pop_back()) {
    const Undo& undo = undo_.back();
    std::error_code error;
    if (!undo.created.empty()) {
      fs::remove(undo.created, error);
      written_.erase(undo.created);
    } else {
      std::ofstream(undo.target, std::ios::binary) << undo.bytes;
      written_.erase(undo.target);
    }
  }
  undo_.clear();
  for (auto& [name, file] : written_) {
    if (!fs::exists(name) || file.size == file.synced) continue;
    const uint64_t left = file.synced + random() % (file.size - file.synced + 1);
    fs::resize_file(name, left);
    if (left > file.synced && random() % 2 == 0) {
      std::fstream torn(name, std::ios::in | std::ios::out | std::ios::binary);
      torn.seekp(static_cast<std::streamoff>(left - 1));
      torn.put(static_cast<char>(random()));
    }
    file.size = file.synced = left;
  }
}

}  // namespace marcot::testing

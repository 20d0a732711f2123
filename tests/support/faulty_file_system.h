// A file system whose operations fail or hang when a test says so, and that can lose power: what
// was not synced is then gone, in part or whole, as a disk may leave it.
#pragma once

#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "rocksdb/file_system.h"

namespace marcot::testing {

enum class FileOp { kRead, kAppend, kSync, kCreate, kRename, kSyncDirectory };
inline constexpr int kFileOps = 6;
const char* FileOpName(FileOp op);

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem();
  const char* Name() const override { return "marcot.faulty"; }

  // The n-th such operation from now on fails, and all after it if `for_good`. An append that fails
  // for want of space has written a part.
  void Fail(FileOp op, uint64_t n, bool no_space, bool for_good);
  // From the n-th operation that changes something on, none does.
  void FreezeAfter(uint64_t n);
  // Such operations, all if none is named, hang until Unblock.
  void Block(std::optional<FileOp> op = std::nullopt);
  void Unblock();
  uint64_t blocked() const;  // operations that hang
  // All faults are over. Counts of operations go on.
  void Heal();
  bool failed() const;  // a fault has struck since the last Heal
  uint64_t count(FileOp op) const;
  uint64_t changes() const;

  // With no file open. Directories lose their newest changes, files what was not synced; of that a
  // first part may be left, its last byte wrong. Not modelled: holes in what was not synced,
  // deletions that come back, folders that were made and are gone.
  void LosePower(std::mt19937_64& random);

  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  friend class FaultyReader;
  friend class FaultySequence;
  friend class FaultyWriter;
  friend class FaultyDirectory;

  struct Fault {
    uint64_t at = 0;  // 0: none
    bool no_space = false, for_good = false;
  };
  // A change of a directory that is not synced: how to take it back.
  struct Undo {
    std::string created;        // a file that was made
    std::string target, bytes;  // a file that was replaced by a rename, and what it held
    std::string renamed_from;   // the other side of that rename
  };
  struct Written {
    uint64_t size = 0, synced = 0;
  };

  // Counts an operation; its fault, if one is due. Hangs where such operations do.
  rocksdb::IOStatus Begin(FileOp op);
  void Appended(const std::string& name, uint64_t bytes);
  void Synced(const std::string& name);
  void DirectorySynced();

  bool Blocks(FileOp op) const { return blocking_ && blocked_op_.value_or(op) == op; }

  mutable std::mutex mutex_;
  std::condition_variable unblocked_;
  bool blocking_ = false;
  std::optional<FileOp> blocked_op_;
  uint64_t blocked_ = 0;
  std::array<Fault, kFileOps> faults_;
  std::array<uint64_t, kFileOps> counts_{};
  uint64_t changes_ = 0, freeze_at_ = ~uint64_t{0};
  bool failed_ = false;
  std::map<std::string, Written> written_;
  std::vector<Undo> undo_;
};

}  // namespace marcot::testing

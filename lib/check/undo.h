// The undo log of a repair: for each record that it changes, what was there before, on the disk
// before the store is changed.
//
//   "marcot undo 1\n" | store secret (8) | records: length (8) | checksum (8) | body
//   body: family (1) | has a value (1) | key, length-prefixed | hash of what it becomes (8) |
//         the value with its seal
//
// A last record that is not whole is of a batch that was not written.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/storage.h"

namespace marcot::check {

class UndoLog {
 public:
  explicit UndoLog(std::string path) : path_(std::move(path)) {}
  ~UndoLog();

  // ParamInvalid if the file is there already.
  absl::Status Create(std::string_view store);
  // `becomes`: HashOf the value with its seal that is about to be written.
  absl::Status Add(storage::Family family, std::string_view key, bool found,
                   std::string_view sealed, uint64_t becomes);
  absl::Status Flush();
  uint64_t records() const { return records_; }
  const std::string& path() const { return path_; }

  // Gives back all that a log holds, newest first; of the store with this secret. ParamInvalid
  // where a record is not what the repair made of it: the store was used since.
  static absl::Status Apply(const std::string& path, std::string_view store,
                            storage::Storage& storage);

 private:
  const std::string path_;
  FILE* file_ = nullptr;
  uint64_t records_ = 0;
};

// The value with its seal. False: no such record.
absl::StatusOr<bool> GetSealed(const storage::Storage& storage, storage::Family family,
                               std::string_view key, std::string* sealed);

// A storage whose writes put what they replace on an undo log first.
class UndoStorage final : public storage::Storage {
 public:
  UndoStorage(storage::Storage& storage, UndoLog& log) : storage_(storage), log_(log) {}

  absl::StatusOr<bool> Get(storage::Family family, std::string_view key,
                           const storage::Snapshot* snapshot, std::string* value) const override {
    return storage_.Get(family, key, snapshot, value);
  }
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family, const storage::Range& range,
                                             const storage::Snapshot* snapshot) const override {
    return storage_.NewCursor(family, range, snapshot);
  }
  std::unique_ptr<storage::Snapshot> TakeSnapshot() const override {
    return storage_.TakeSnapshot();
  }
  std::unique_ptr<storage::Batch> NewBatch() const override;
  absl::Status Write(storage::Batch& batch, bool sync) override;
  // A repair has no use for one, and the log could not take it back.
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() override {
    return absl::UnimplementedError("not while a repair is logged");
  }
  StorageFigures GetFigures() const override { return storage_.GetFigures(); }
  absl::Status Checkpoint(const std::string& folder) const override {
    return storage_.Checkpoint(folder);
  }
  absl::StatusOr<BackupInfo> Backup(const std::string& backups,
                                    const std::string& owner) const override {
    return storage_.Backup(backups, owner);
  }

 private:
  storage::Storage& storage_;
  UndoLog& log_;
};

}  // namespace marcot::check

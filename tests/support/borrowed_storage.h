#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace marcot::testing {

// Hands all on to a storage that it does not own.
class BorrowedStorage final : public storage::Storage {
 public:
  explicit BorrowedStorage(storage::Storage& below) : below_(below) {}
  absl::StatusOr<bool> Get(storage::Family family, std::string_view key,
                           const storage::Snapshot* snapshot, std::string* value) const override {
    return below_.Get(family, key, snapshot, value);
  }
  std::unique_ptr<storage::Cursor> NewCursor(storage::Family family, const storage::Range& range,
                                             const storage::Snapshot* snapshot) const override {
    return below_.NewCursor(family, range, snapshot);
  }
  std::unique_ptr<storage::Snapshot> TakeSnapshot() const override { return below_.TakeSnapshot(); }
  std::unique_ptr<storage::Batch> NewBatch() const override { return below_.NewBatch(); }
  // Tests pull no plug, so nothing is flushed.
  absl::Status Write(storage::Batch& batch, bool) override { return below_.Write(batch, false); }
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() override {
    return below_.NewIngestion();
  }
  StorageFigures GetFigures() const override { return below_.GetFigures(); }
  absl::Status Checkpoint(const std::string& folder) const override {
    return below_.Checkpoint(folder);
  }
  absl::StatusOr<BackupInfo> Backup(const std::string& backups,
                                    const std::string& owner) const override {
    return below_.Backup(backups, owner);
  }

 private:
  storage::Storage& below_;
};

}  // namespace marcot::testing

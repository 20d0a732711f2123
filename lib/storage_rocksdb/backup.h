// Copies of a whole database while it is open, through RocksDB's own engines.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/backup.h"
#include "rocksdb/db.h"

namespace marcot::storage {

absl::Status Checkpoint(rocksdb::DB* db, const std::string& folder);
absl::StatusOr<BackupInfo> Backup(rocksdb::DB* db, const std::string& backups,
                                  const std::string& owner);

}  // namespace marcot::storage

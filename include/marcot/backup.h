// Backups of a whole store, in a folder beside it: Store::CreateBackup makes them, what is here
// works on the folder alone. Bytes that a host keeps elsewhere (marcot/content.h) are not in them.
//
// A folder holds backups of one store, numbered from 1. What two of them share is kept once, so one
// more costs what the store wrote since. A backup that was cut short is none; the next one clears
// away what it left. One process at a time works on a folder (BackupsInUse). Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace marcot {

struct BackupInfo {
  uint32_t id = 0;
  int64_t creation_time_ms = 0;  // to the second
  uint64_t bytes = 0;            // of all that it needs, what it shares with others included
  uint64_t files = 0;            // RocksDB's
};

inline constexpr uint32_t kNewestBackup = 0;

// All of them, the oldest first. BackupNotFound: there is none.
absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups);

// Reads all of a backup and compares checksums. StoreDamaged names the file; BackupNotFound.
absl::Status VerifyBackup(const std::string& backups, uint32_t id = kNewestBackup);

// Makes a store of it in `folder`, which must be new or empty (FolderNotEmpty). Checksums are
// compared on the way; after an error, or a crash, there is no store in the folder. BackupNotFound,
// StoreDamaged.
absl::Status RestoreBackup(const std::string& backups, const std::string& folder,
                           uint32_t id = kNewestBackup);

// Deletes all but the newest `keep`, at least one. ParamInvalid, BackupNotFound.
absl::Status KeepNewestBackups(const std::string& backups, size_t keep);

}  // namespace marcot

// Backups of a whole store, in a folder beside it: Store::CreateBackup makes them, what is here
// works on the folder alone. Bytes that a host keeps elsewhere (marcot/content.h) are not in them.
//
// A folder holds backups of one store, numbered from 1, and nothing else. What two of them share is
// kept once, so one more writes what the store wrote since; contents of files are read again, for
// their checksums. A backup that was cut short is none; the next one clears away what it left. One
// call at a time works on a folder (BackupsInUse). Thread-safe. A store and a checkpoint of it, or
// what was restored, count as one store: give each a folder of its own.
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
  bool damaged = false;          // what it is made of is not there as it was; the rest is unknown
};

inline constexpr uint32_t kNewestBackup = 0;

// All of them, the oldest first. BackupNotFound: there is none.
//
// Here and below the newest is that with the highest number, damaged or not: no older one is taken
// in its place.
absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups);

// Reads all of a backup and compares checksums. StoreDamaged names the file; BackupNotFound.
absl::Status VerifyBackup(const std::string& backups, uint32_t id = kNewestBackup);

// Makes a store of it in `folder`, which must be new, empty, or left by a restore that was cut
// short (FolderNotEmpty). Checksums are compared on the way; after an error, or a crash, there is
// no store in the folder. BackupNotFound, StoreDamaged.
absl::Status RestoreBackup(const std::string& backups, const std::string& folder,
                           uint32_t id = kNewestBackup);

// Deletes all but the newest `keep`, at least one, that are not damaged. ParamInvalid,
// BackupNotFound.
absl::Status KeepNewestBackups(const std::string& backups, size_t keep);

}  // namespace marcot

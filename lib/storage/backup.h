// Backup folders, as marcot/backup.h has them; what a storage writes to them: Storage::Backup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/backup.h"

namespace marcot::storage {

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups);
absl::Status VerifyBackup(const std::string& backups, uint32_t id);
absl::Status RestoreBackup(const std::string& backups, const std::string& folder, uint32_t id);
absl::Status KeepNewestBackups(const std::string& backups, size_t keep);

}  // namespace marcot::storage

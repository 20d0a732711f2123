#include "marcot/backup.h"

#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "storage/backup.h"
#include "xxhash.h"

namespace marcot {
namespace {

// Tells backups of one store from another's, also after a restore.
std::string OwnerOf(const core::Committed& committed) {
  const uint64_t secret = committed.secret();
  return absl::StrCat("marcot ", absl::Hex(XXH3_64bits(&secret, sizeof(secret))));
}

}  // namespace

absl::Status Store::CreateCheckpoint(const std::string& folder) const {
  return impl_->engine().committed().storage().Checkpoint(folder);
}

absl::StatusOr<BackupInfo> Store::CreateBackup(const std::string& backups) const {
  const core::Committed& committed = impl_->engine().committed();
  return committed.storage().Backup(backups, OwnerOf(committed));
}

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups) {
  return storage::ListBackups(backups);
}

absl::Status VerifyBackup(const std::string& backups, uint32_t id) {
  return storage::VerifyBackup(backups, id);
}

absl::Status RestoreBackup(const std::string& backups, const std::string& folder, uint32_t id) {
  return storage::RestoreBackup(backups, folder, id);
}

absl::Status KeepNewestBackups(const std::string& backups, size_t keep) {
  return storage::KeepNewestBackups(backups, keep);
}

}  // namespace marcot

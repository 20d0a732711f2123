#include "storage_rocksdb/backup.h"

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/utilities/backup_engine.h"
#include "rocksdb/utilities/checkpoint.h"
#include "storage/backup.h"
#include "storage_rocksdb/rocksdb_status.h"

namespace marcot::storage {
namespace {

namespace fs = std::filesystem;

absl::Status NoBackup(const std::string& backups, uint32_t id) {
  const std::string which = id == kNewestBackup ? "a backup" : absl::StrCat("backup ", id);
  return MakeError(Code::kBackupNotFound, absl::StrCat(backups, " does not hold ", which));
}

absl::Status FolderTaken(const std::string& folder) {
  return MakeError(Code::kFolderNotEmpty,
                   absl::StrCat(folder, " is there and not empty; name a new folder"));
}

bool IsTaken(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder, error) &&
         !(fs::is_directory(folder, error) && fs::is_empty(folder, error));
}

absl::Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return MakeError(Code::kInternalServerError,
                   absl::StrCat("cannot make the folder ", folder.string(), ": ", error.message()));
}

// RocksDB takes no care that two processes do not write to one backup folder.
class FolderLock {
 public:
  static absl::StatusOr<FolderLock> Take(const std::string& backups) {
    FolderLock lock;
    const rocksdb::Status status =
        rocksdb::Env::Default()->LockFile((fs::path(backups) / "LOCK").string(), &lock.lock_);
    if (status.ok()) return lock;
    return MakeError(Code::kBackupsInUse,
                     absl::StrCat(backups,
                                  " cannot be locked, wait until the other call on it has "
                                  "ended: ",
                                  status.ToString()));
  }
  FolderLock(FolderLock&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (lock_ != nullptr) rocksdb::Env::Default()->UnlockFile(lock_);
  }

 private:
  FolderLock() = default;
  rocksdb::FileLock* lock_ = nullptr;
};

// An engine on a folder, for as long as it is locked.
struct Opened {
  FolderLock lock;
  std::unique_ptr<rocksdb::BackupEngine> engine;
};

absl::StatusOr<Opened> OpenFolder(const std::string& backups, bool create) {
  if (create) MARCOT_RETURN_IF_ERROR(MakeFolder(backups));
  std::error_code error;
  if (!fs::is_directory(backups, error) ||
      (!create && !fs::exists(fs::path(backups) / "meta", error))) {
    return NoBackup(backups, kNewestBackup);
  }
  MARCOT_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Take(backups));
  rocksdb::BackupEngine* engine = nullptr;
  MARCOT_RETURN_IF_ERROR(ToStatus(rocksdb::BackupEngine::Open(rocksdb::BackupEngineOptions(backups),
                                                              rocksdb::Env::Default(), &engine)));
  return Opened{std::move(lock), std::unique_ptr<rocksdb::BackupEngine>(engine)};
}

BackupInfo ToInfo(const rocksdb::BackupInfo& info) {
  return {info.backup_id, info.timestamp * 1000, info.size, info.number_files};
}

absl::StatusOr<rocksdb::BackupInfo> Find(const rocksdb::BackupEngine& engine,
                                         const std::string& backups, uint32_t id) {
  rocksdb::BackupInfo info;
  const rocksdb::Status status =
      id == kNewestBackup ? engine.GetLatestBackupInfo(&info) : engine.GetBackupInfo(id, &info);
  if (status.IsNotFound()) return NoBackup(backups, id);
  MARCOT_RETURN_IF_ERROR(ToStatus(status));
  return info;
}

absl::Status SyncFolder(const fs::path& folder) {
  std::unique_ptr<rocksdb::Directory> directory;
  MARCOT_RETURN_IF_ERROR(
      ToStatus(rocksdb::Env::Default()->NewDirectory(folder.string(), &directory)));
  return ToStatus(directory->Fsync());
}

// Whole or not at all: into a folder beside it, which then takes its name. The engine's threads may
// write there for a while after an error, so it is gone before the folder is.
absl::Status RestoreInto(std::unique_ptr<rocksdb::BackupEngine> engine, uint32_t id,
                         const fs::path& folder) {
  fs::path unfinished = folder;
  unfinished += ".restoring";
  std::error_code error;
  fs::remove_all(unfinished, error);
  absl::Status status =
      ToStatus(engine->RestoreDBFromBackup(id, unfinished.string(), unfinished.string()));
  engine.reset();
  if (status.ok()) status = SyncFolder(unfinished);
  if (status.ok()) {
    fs::rename(unfinished, folder, error);
    if (!error) return SyncFolder(folder.parent_path());
    status = MakeError(Code::kInternalServerError,
                       absl::StrCat("cannot make ", folder.string(), ": ", error.message()));
  }
  fs::remove_all(unfinished, error);
  return status;
}

}  // namespace

absl::Status Checkpoint(rocksdb::DB* db, const std::string& folder) {
  std::error_code error;
  const fs::path path = fs::absolute(folder, error).lexically_normal();
  if (IsTaken(path)) return FolderTaken(folder);
  MARCOT_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  fs::remove(path, error);  // RocksDB makes it itself
  rocksdb::Checkpoint* made = nullptr;
  MARCOT_RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(db, &made)));
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  return ToStatus(checkpoint->CreateCheckpoint(path.string()));
}

absl::StatusOr<BackupInfo> Backup(rocksdb::DB* db, const std::string& backups,
                                  const std::string& owner) {
  MARCOT_ASSIGN_OR_RETURN(const Opened folder, OpenFolder(backups, true));
  const auto newest = Find(*folder.engine, backups, kNewestBackup);
  if (newest.ok() && newest->app_metadata != owner) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(backups, " holds backups of another store; name a new folder"));
  }
  // Else every backup would copy the log, which a flush turns into files that the next one shares.
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  rocksdb::BackupID id = 0;
  MARCOT_RETURN_IF_ERROR(
      ToStatus(folder.engine->CreateNewBackupWithMetadata(options, db, owner, &id)));
  MARCOT_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, Find(*folder.engine, backups, id));
  return ToInfo(info);
}

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups) {
  MARCOT_ASSIGN_OR_RETURN(const Opened folder, OpenFolder(backups, false));
  std::vector<rocksdb::BackupInfo> infos;
  folder.engine->GetBackupInfo(&infos);
  if (infos.empty()) return NoBackup(backups, kNewestBackup);
  std::vector<BackupInfo> out;
  for (const rocksdb::BackupInfo& info : infos) out.push_back(ToInfo(info));
  return out;
}

absl::Status VerifyBackup(const std::string& backups, uint32_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Opened folder, OpenFolder(backups, false));
  MARCOT_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, Find(*folder.engine, backups, id));
  return ToStatus(folder.engine->VerifyBackup(info.backup_id, true));
}

absl::Status RestoreBackup(const std::string& backups, const std::string& folder, uint32_t id) {
  std::error_code error;
  const fs::path path = fs::absolute(folder, error).lexically_normal();
  if (IsTaken(path)) return FolderTaken(folder);
  MARCOT_ASSIGN_OR_RETURN(Opened opened, OpenFolder(backups, false));
  MARCOT_ASSIGN_OR_RETURN(const rocksdb::BackupInfo info, Find(*opened.engine, backups, id));
  MARCOT_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  return RestoreInto(std::move(opened.engine), info.backup_id, path);
}

absl::Status KeepNewestBackups(const std::string& backups, size_t keep) {
  if (keep == 0 || keep > UINT32_MAX) {
    return MakeError(Code::kParamInvalid, "the number of backups to keep is 1..2^32 - 1");
  }
  MARCOT_ASSIGN_OR_RETURN(const Opened folder, OpenFolder(backups, false));
  MARCOT_RETURN_IF_ERROR(Find(*folder.engine, backups, kNewestBackup).status());
  return ToStatus(folder.engine->PurgeOldBackups(static_cast<uint32_t>(keep)));
}

}  // namespace marcot::storage

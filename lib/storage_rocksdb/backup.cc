#include "storage_rocksdb/backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

absl::Status Damaged(const std::string& backups, uint32_t id) {
  return MakeError(Code::kStoreDamaged,
                   absl::StrCat(backups, ": backup ", id, " is damaged; name an older one"));
}

absl::Status FolderTaken(const std::string& folder) {
  return MakeError(Code::kFolderNotEmpty,
                   absl::StrCat(folder, " is there and not empty; name a new folder"));
}

absl::Status Failed(const std::string& what, const std::error_code& error) {
  return MakeError(Code::kInternalServerError, absl::StrCat(what, ": ", error.message()));
}

std::error_code Errno() { return {errno, std::generic_category()}; }

absl::Status MakeFolder(const fs::path& folder) {
  if (folder.empty()) return MakeError(Code::kParamInvalid, "a folder without a name");
  std::error_code error;
  fs::create_directories(folder, error);
  return error ? Failed(absl::StrCat("cannot make the folder ", folder.string()), error)
               : absl::OkStatus();
}

absl::Status SyncFolder(const fs::path& folder) {
  std::unique_ptr<rocksdb::Directory> directory;
  MARCOT_RETURN_IF_ERROR(
      ToStatus(rocksdb::Env::Default()->NewDirectory(folder.string(), &directory)));
  return ToStatus(directory->Fsync());
}

// By the file and not by its path, within a process too, which RocksDB's own locks are not.
class FileLock {
 public:
  FileLock() = default;
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (fd_ >= 0) close(fd_);
  }

  // Whether nobody else has it.
  absl::StatusOr<bool> Take(const fs::path& file) {
    fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) return Failed(absl::StrCat("cannot open ", file.string()), Errno());
    if (flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return Failed(absl::StrCat("cannot lock ", file.string()), Errno());
  }

 private:
  int fd_ = -1;
};

constexpr char kBackupsLock[] = "BACKUPS.LOCK";

// RocksDB takes no care that two calls do not write to one backup folder.
absl::Status LockBackups(const std::string& backups, FileLock* lock) {
  MARCOT_ASSIGN_OR_RETURN(const bool taken, lock->Take(fs::path(backups) / kBackupsLock));
  if (taken) return absl::OkStatus();
  return MakeError(Code::kBackupsInUse,
                   absl::StrCat(backups, " is in use; wait until the other call on it has ended"));
}

bool HoldsBackups(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "meta", error);
}

// An engine deletes files that it does not know, so it is let loose on nothing but its own. The
// lock is the first file in such a folder, and stays: what is looked at before it may be another
// call's.
absl::Status RequireOwnFolder(const fs::path& folder) {
  std::error_code error;
  const bool empty = fs::is_empty(folder, error);
  if (error) return Failed(absl::StrCat("cannot read ", folder.string()), error);
  const bool ours = empty || fs::exists(folder / kBackupsLock, error) || HoldsBackups(folder);
  return ours ? absl::OkStatus() : FolderTaken(folder.string());
}

// For writing to a folder of backups.
struct Opened {
  FileLock lock;
  std::unique_ptr<rocksdb::BackupEngine> engine;
};
absl::Status OpenFolder(const std::string& backups, Opened* opened) {
  MARCOT_RETURN_IF_ERROR(LockBackups(backups, &opened->lock));
  rocksdb::BackupEngine* engine = nullptr;
  MARCOT_RETURN_IF_ERROR(ToStatus(rocksdb::BackupEngine::Open(rocksdb::BackupEngineOptions(backups),
                                                              rocksdb::Env::Default(), &engine)));
  opened->engine.reset(engine);
  return absl::OkStatus();
}

// For reading it, from a medium that cannot be written to as well.
struct Reading {
  FileLock lock;
  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine;
};
absl::Status OpenFolder(const std::string& backups, Reading* opened) {
  if (!HoldsBackups(backups)) return NoBackup(backups, kNewestBackup);
  const absl::Status locked = LockBackups(backups, &opened->lock);
  if (CodeOf(locked) == Code::kBackupsInUse) return locked;
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  MARCOT_RETURN_IF_ERROR(ToStatus(rocksdb::BackupEngineReadOnly::Open(
      rocksdb::BackupEngineOptions(backups), rocksdb::Env::Default(), &engine)));
  opened->engine.reset(engine);
  return absl::OkStatus();
}

BackupInfo ToInfo(const rocksdb::BackupInfo& info) {
  return {info.backup_id, info.timestamp * 1000, info.size, info.number_files, false};
}

// All of them, damaged ones too, the oldest first.
std::vector<BackupInfo> AllBackups(const rocksdb::BackupEngineReadOnlyBase& engine) {
  std::vector<rocksdb::BackupInfo> whole;
  std::vector<rocksdb::BackupID> damaged;
  engine.GetBackupInfo(&whole);
  engine.GetCorruptedBackups(&damaged);
  std::vector<BackupInfo> out;
  for (const rocksdb::BackupInfo& info : whole) out.push_back(ToInfo(info));
  for (const rocksdb::BackupID id : damaged) out.push_back({.id = id, .damaged = true});
  std::sort(out.begin(), out.end(),
            [](const BackupInfo& a, const BackupInfo& b) { return a.id < b.id; });
  return out;
}

// The id of a whole one.
absl::StatusOr<uint32_t> Find(const rocksdb::BackupEngineReadOnlyBase& engine,
                              const std::string& backups, uint32_t id) {
  const std::vector<BackupInfo> all = AllBackups(engine);
  const auto wanted = [id](const BackupInfo& info) { return info.id == id; };
  auto found = std::find_if(all.begin(), all.end(), wanted);
  if (id == kNewestBackup && !all.empty()) found = std::prev(all.end());
  if (found == all.end()) return NoBackup(backups, id);
  if (found->damaged) return Damaged(backups, found->id);
  return found->id;
}

// ---- making a folder's database ----------------------------------------------------------------

// Stands in a folder while a database is put there, locked. With no CURRENT beside it: whoever put
// it there was cut short, and what is there is of no use.
constexpr char kMarker[] = "MAKING.LOCK";
constexpr char kStage[] = "making";

absl::Status RemoveUnfinished(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator file(folder, error); !error && file != fs::directory_iterator();
       file.increment(error)) {
    if (file->path().filename() != kMarker) fs::remove_all(file->path(), error);
  }
  return error ? Failed(absl::StrCat("cannot clear ", folder.string()), error) : absl::OkStatus();
}

// Takes hold of a folder that is new, empty, or was left unfinished.
absl::Status ClaimFolder(const fs::path& folder, FileLock* lock) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error)) {
    return FolderTaken(folder.string());
  }
  MARCOT_RETURN_IF_ERROR(MakeFolder(folder));
  const bool unfinished =
      fs::exists(folder / kMarker, error) && !fs::exists(folder / "CURRENT", error);
  if (!unfinished && !fs::is_empty(folder, error)) return FolderTaken(folder.string());
  MARCOT_ASSIGN_OR_RETURN(const bool taken, lock->Take(folder / kMarker));
  if (!taken) return FolderTaken(folder.string());
  return RemoveUnfinished(folder);
}

// What makes a database of the files, CURRENT, comes last.
absl::Status MoveUp(const fs::path& stage, const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator file(stage, error); !error && file != fs::directory_iterator();
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (name != "CURRENT") names.push_back(name);
  }
  for (const std::string& name : names) {
    if (!error) fs::rename(stage / name, folder / name, error);
  }
  if (error) return Failed(absl::StrCat("cannot fill ", folder.string()), error);
  MARCOT_RETURN_IF_ERROR(SyncFolder(folder));
  fs::rename(stage / "CURRENT", folder / "CURRENT", error);
  if (error) return Failed(absl::StrCat("cannot fill ", folder.string()), error);
  return SyncFolder(folder);
}

// `make` puts a database into a folder that is not there yet; then it is moved to where it belongs.
// So a database is there whole or not at all, also on a mount point or where a link leads.
template <typename Make>
absl::Status MakeDatabaseIn(const std::string& target, const Make& make) {
  std::error_code error;
  const bool existed = fs::exists(target, error);
  FileLock lock;
  MARCOT_RETURN_IF_ERROR(ClaimFolder(target, &lock));
  const fs::path folder = fs::canonical(target, error);
  if (error) return Failed(absl::StrCat("cannot find ", target), error);
  absl::Status status = make(folder / kStage);
  if (status.ok()) status = MoveUp(folder / kStage, folder);
  if (!status.ok()) RemoveUnfinished(folder).IgnoreError();
  fs::remove_all(folder / kStage, error);
  fs::remove(folder / kMarker, error);
  if (status.ok()) return SyncFolder(folder.parent_path());
  if (!existed) fs::remove(folder, error);
  return status;
}

}  // namespace

absl::Status Checkpoint(rocksdb::DB* db, const std::string& folder) {
  return MakeDatabaseIn(folder, [db](const fs::path& stage) {
    rocksdb::Checkpoint* made = nullptr;
    MARCOT_RETURN_IF_ERROR(ToStatus(rocksdb::Checkpoint::Create(db, &made)));
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    return ToStatus(checkpoint->CreateCheckpoint(stage.string()));
  });
}

absl::StatusOr<BackupInfo> Backup(rocksdb::DB* db, const std::string& backups,
                                  const std::string& owner) {
  MARCOT_RETURN_IF_ERROR(MakeFolder(backups));
  MARCOT_RETURN_IF_ERROR(RequireOwnFolder(backups));
  Opened folder;
  MARCOT_RETURN_IF_ERROR(OpenFolder(backups, &folder));
  std::vector<rocksdb::BackupInfo> whole;
  folder.engine->GetBackupInfo(&whole);
  const std::vector<BackupInfo> all = AllBackups(*folder.engine);
  if (whole.empty() && !all.empty()) return Damaged(backups, all.back().id);
  if (!whole.empty() && whole.back().app_metadata != owner) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(backups, " holds backups of another store; name a new folder"));
  }
  // Else every backup would copy the log, which a flush turns into files that the next one shares.
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  rocksdb::BackupID id = 0;
  MARCOT_RETURN_IF_ERROR(
      ToStatus(folder.engine->CreateNewBackupWithMetadata(options, db, owner, &id)));
  rocksdb::BackupInfo info;
  MARCOT_RETURN_IF_ERROR(ToStatus(folder.engine->GetBackupInfo(id, &info)));
  return ToInfo(info);
}

absl::StatusOr<std::vector<BackupInfo>> ListBackups(const std::string& backups) {
  Reading folder;
  MARCOT_RETURN_IF_ERROR(OpenFolder(backups, &folder));
  std::vector<BackupInfo> all = AllBackups(*folder.engine);
  if (all.empty()) return NoBackup(backups, kNewestBackup);
  return all;
}

absl::Status VerifyBackup(const std::string& backups, uint32_t id) {
  Reading folder;
  MARCOT_RETURN_IF_ERROR(OpenFolder(backups, &folder));
  MARCOT_ASSIGN_OR_RETURN(const uint32_t found, Find(*folder.engine, backups, id));
  return ToStatus(folder.engine->VerifyBackup(found, true));
}

absl::Status RestoreBackup(const std::string& backups, const std::string& folder, uint32_t id) {
  Reading reading;
  MARCOT_RETURN_IF_ERROR(OpenFolder(backups, &reading));
  MARCOT_ASSIGN_OR_RETURN(const uint32_t found, Find(*reading.engine, backups, id));
  return MakeDatabaseIn(folder, [&](const fs::path& stage) {
    const absl::Status status =
        ToStatus(reading.engine->RestoreDBFromBackup(found, stage.string(), stage.string()));
    // After an error the engine's threads may write there for a while; they end with it.
    reading.engine.reset();
    return status;
  });
}

absl::Status KeepNewestBackups(const std::string& backups, size_t keep) {
  if (keep == 0 || keep > UINT32_MAX) {
    return MakeError(Code::kParamInvalid, "the number of backups to keep is 1..2^32 - 1");
  }
  if (!HoldsBackups(backups)) return NoBackup(backups, kNewestBackup);
  Opened folder;
  MARCOT_RETURN_IF_ERROR(OpenFolder(backups, &folder));
  std::vector<rocksdb::BackupInfo> whole;
  folder.engine->GetBackupInfo(&whole);
  if (whole.empty()) return NoBackup(backups, kNewestBackup);
  std::vector<rocksdb::BackupID> damaged;
  folder.engine->GetCorruptedBackups(&damaged);
  for (const rocksdb::BackupID bad : damaged) {
    MARCOT_RETURN_IF_ERROR(ToStatus(folder.engine->DeleteBackup(bad)));
  }
  return ToStatus(folder.engine->PurgeOldBackups(static_cast<uint32_t>(keep)));
}

}  // namespace marcot::storage

#include "marcot/backup.h"

#include "c/handles.h"

namespace marcot::c {

NewOf<marcot_backups> NewResult(std::vector<BackupInfo> backups) {
  auto result = std::make_unique<Result<marcot_backups>>();
  result->SetItems(backups, [](const BackupInfo& backup) {
    return marcot_backup{backup.id, backup.creation_time_ms, backup.bytes, backup.files,
                         backup.damaged};
  });
  return result;
}

extern "C" {

marcot_status* marcot_store_create_checkpoint(marcot_store* store, marcot_bytes folder) {
  return Call([&] { return Of(store).CreateCheckpoint(FileName(folder)); });
}

marcot_status* marcot_store_create_backup(marcot_store* store, marcot_bytes backups,
                                          marcot_backups** made) {
  return CallForOptional(made, [&]() -> absl::StatusOr<std::vector<BackupInfo>> {
    MARCOT_ASSIGN_OR_RETURN(const BackupInfo backup, Of(store).CreateBackup(FileName(backups)));
    return std::vector{backup};
  });
}

marcot_status* marcot_backups_list(marcot_bytes backups, marcot_backups** list) {
  return CallFor(list, [&] { return ListBackups(FileName(backups)); });
}

marcot_status* marcot_backups_verify(marcot_bytes backups, uint32_t id) {
  return Call([&] { return VerifyBackup(FileName(backups), id); });
}

marcot_status* marcot_backups_restore(marcot_bytes backups, uint32_t id, marcot_bytes folder) {
  return Call([&] { return RestoreBackup(FileName(backups), FileName(folder), id); });
}

marcot_status* marcot_backups_keep_newest(marcot_bytes backups, size_t keep) {
  return Call([&] { return KeepNewestBackups(FileName(backups), keep); });
}

void marcot_backups_free(marcot_backups* backups) { Free(backups); }

}  // extern "C"

}  // namespace marcot::c

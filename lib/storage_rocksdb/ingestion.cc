#include "storage_rocksdb/ingestion.h"

#include <array>
#include <mutex>
#include <string>

#include "rocksdb/env.h"
#include "rocksdb/snapshot.h"
#include "rocksdb/sst_file_writer.h"
#include "storage_rocksdb/rocksdb_status.h"
#include "storage_rocksdb/uncounted.h"

namespace marcot::storage {
namespace {

// Where the files are until the database has them: beside its own, so that a link moves them.
std::string FolderOf(rocksdb::DB* db) { return db->GetName() + "/ingestions"; }

class RocksdbIngestion final : public Ingestion {
 public:
  RocksdbIngestion(rocksdb::DB* db, const Handles& handles, uint64_t number, std::mutex& copying)
      : db_(db),
        handles_(handles),
        prefix_(absl::StrCat(FolderOf(db), "/", number, "-")),
        copying_(copying) {}

  // Those that the database has taken are not there any more.
  ~RocksdbIngestion() override {
    for (const auto& files : files_) {
      for (const std::string& file : files) {
        db_->GetEnv()->DeleteFile(file).PermitUncheckedError();
      }
    }
  }

  absl::Status Add(const SortedRows& rows) override {
    rocksdb::ColumnFamilyHandle* const handle = handles_[static_cast<size_t>(rows.family())];
    rocksdb::EnvOptions env_options;
    env_options.bytes_per_sync = 1u << 20;  // what is written goes to the disk meanwhile
    // Else what was just written would be read from the disk.
    constexpr bool kForgetPages = false;
    rocksdb::Options options = db_->GetOptions(handle);
    options.table_properties_collector_factories.clear();  // there are no tombstones to count
    rocksdb::SstFileWriter writer(env_options, options, handle, kForgetPages);
    MARCOT_RETURN_IF_ERROR(ToStatus(writer.Open(NewFile(rows.family()))));
    const Uncounted uncounted;
    MARCOT_RETURN_IF_ERROR(rows.ForEach([&](std::string_view key, std::string_view sealed) {
      return ToStatus(writer.Put(rocksdb::Slice(key.data(), key.size()),
                                 rocksdb::Slice(sealed.data(), sealed.size())));
    }));
    return ToStatus(writer.Finish());
  }

  absl::Status Commit() override {
    std::vector<rocksdb::IngestExternalFileArg> args;
    for (size_t i = 0; i < files_.size(); ++i) {
      if (files_[i].empty()) continue;
      rocksdb::IngestExternalFileArg& arg = args.emplace_back();
      arg.column_family = handles_[i];
      arg.external_files = files_[i];
      arg.options.move_files = true;
      arg.options.write_global_seqno = false;  // no file is written to again
    }
    if (args.empty()) return absl::OkStatus();
    const std::lock_guard lock(copying_);
    // While there is a snapshot the files get a number of their own in the order of writes;
    // without, one that is taken just now would show them later.
    const rocksdb::ManagedSnapshot snapshot(db_);
    return ToStatus(db_->IngestExternalFiles(args));
  }

 private:
  std::string NewFile(Family family) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string>& files = files_[static_cast<size_t>(family)];
    return files.emplace_back(
        absl::StrCat(prefix_, std::string(FamilyName(family)), "-", files.size(), ".sst"));
  }

  rocksdb::DB* const db_;
  const Handles& handles_;
  const std::string prefix_;
  std::mutex& copying_;
  std::mutex mutex_;
  std::array<std::vector<std::string>, kFamilyCount> files_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ingestion>> NewIngestion(rocksdb::DB* db, const Handles& handles,
                                                        uint64_t number, std::mutex& copying) {
  MARCOT_RETURN_IF_ERROR(ToStatus(db->GetEnv()->CreateDirIfMissing(FolderOf(db))));
  return std::make_unique<RocksdbIngestion>(db, handles, number, copying);
}

void RemoveAbandonedIngestions(rocksdb::DB* db) {
  std::vector<std::string> names;
  rocksdb::Env* const env = db->GetEnv();
  const std::string folder = FolderOf(db);
  if (!env->GetChildren(folder, &names).ok()) return;  // there never was one
  for (const std::string& name : names) {
    env->DeleteFile(folder + "/" + name).PermitUncheckedError();
  }
  env->DeleteDir(folder).PermitUncheckedError();
}

}  // namespace marcot::storage

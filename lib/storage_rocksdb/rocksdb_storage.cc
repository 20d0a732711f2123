#include "storage_rocksdb/rocksdb_storage.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdarg>
#include <filesystem>
#include <mutex>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/write_buffer_manager.h"
#include "storage_rocksdb/backup.h"
#include "storage_rocksdb/batch_records.h"
#include "storage_rocksdb/bytes_written.h"
#include "storage_rocksdb/compaction_threads.h"
#include "storage_rocksdb/family_options.h"
#include "storage_rocksdb/ingestion.h"
#include "storage_rocksdb/log_order.h"
#include "storage_rocksdb/options_file.h"
#include "storage_rocksdb/rocksdb_status.h"
#include "storage_rocksdb/uncounted.h"

namespace marcot::storage {
namespace {

rocksdb::Slice ToSlice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view ToView(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

class RocksdbSnapshot final : public Snapshot {
 public:
  explicit RocksdbSnapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}
  ~RocksdbSnapshot() override { db_->ReleaseSnapshot(snapshot_); }
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB* const db_;
  const rocksdb::Snapshot* const snapshot_;
};

const rocksdb::Snapshot* Unwrap(const Snapshot* snapshot) {
  return snapshot == nullptr ? nullptr : static_cast<const RocksdbSnapshot*>(snapshot)->get();
}

class RocksdbCursor final : public Cursor {
 public:
  RocksdbCursor(rocksdb::ColumnFamilyHandle* handle, rocksdb::DB* db, Family family,
                const Range& range, const rocksdb::Snapshot* snapshot)
      : family_(family),
        sealed_(range.sealed),
        lower_(range.lower),
        upper_(range.upper),
        lower_slice_(lower_),
        upper_slice_(upper_) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    options.iterate_lower_bound = &lower_slice_;
    if (!upper_.empty()) options.iterate_upper_bound = &upper_slice_;
    options.total_order_seek = !range.one_group;
    // An iterator of RocksDB 7.8 that minds range deletions passes over a file below level 0 whose
    // first block is damaged, and reports no error (its pull request 11783). None is missed: no
    // cursor of ours reads what was deleted as a range.
    options.ignore_range_deletions = true;
    iterator_.reset(db->NewIterator(options, handle));
  }

  void Seek(std::string_view key) override {
    iterator_->Seek(ToSlice(key));
    Check();
  }
  void SeekForPrev(std::string_view key) override {
    iterator_->SeekForPrev(ToSlice(key));
    Check();
  }
  void Next() override {
    {
      const Uncounted uncounted;
      iterator_->Next();
    }
    Check();
  }
  void Prev() override {
    iterator_->Prev();
    Check();
  }
  bool Valid() const override { return valid_; }
  std::string_view key() const override { return key_; }
  std::string_view value() const override { return value_; }
  absl::Status status() const override { return status_; }

 private:
  void Check() {
    valid_ = iterator_->Valid();
    if (!valid_) {
      status_ = ToStatus(iterator_->status());
      return;
    }
    key_ = ToView(iterator_->key());
    if (sealed_) {
      value_ = ToView(iterator_->value());
      return;
    }
    auto value = CheckSeal(family_, key_, ToView(iterator_->value()));
    if (value.ok()) {
      value_ = *value;
    } else {
      valid_ = false;
      status_ = value.status();
    }
  }

  const Family family_;
  const bool sealed_;
  const std::string lower_, upper_;
  const rocksdb::Slice lower_slice_, upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool valid_ = false;
  std::string_view key_, value_;
  absl::Status status_;
};

class RocksdbBatch final : public Batch {
 public:
  explicit RocksdbBatch(const Handles& handles) {
    for (int i = 0; i < kFamilyCount; ++i) numbers_[i] = handles[i]->GetID();
  }

  void Put(Family family, std::string_view key, std::string_view value) override {
    const Seal seal = SealOf(family, key, value);
    records_.Put(NumberOf(family), key, value, {seal.data(), seal.size()});
  }
  void PutSealed(Family family, std::string_view key, std::string_view sealed) override {
    records_.Put(NumberOf(family), key, sealed, "");
  }
  void Delete(Family family, std::string_view key) override {
    records_.Delete(NumberOf(family), key);
  }
  void DeleteRange(Family family, std::string_view lower, std::string_view upper) override {
    records_.DeleteRange(NumberOf(family), lower, upper);
  }
  void Clear() override { records_.Clear(); }
  rocksdb::WriteBatch TakeRecords() { return rocksdb::WriteBatch(records_.Take()); }

 private:
  uint32_t NumberOf(Family family) const { return numbers_[static_cast<int>(family)]; }

  std::array<uint32_t, kFamilyCount> numbers_;  // RocksDB's, of the families
  BatchRecords records_;
};

// Keeps others out of a folder that is open for reading alone, which RocksDB does not by itself.
class FolderLock {
 public:
  FolderLock() = default;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (lock_ != nullptr) env_->UnlockFile(lock_);
  }
  rocksdb::Status Take(rocksdb::Env* env, const std::string& folder) {
    env_ = env;
    return env->LockFile(folder + "/LOCK", &lock_);
  }

 private:
  rocksdb::Env* env_ = nullptr;
  rocksdb::FileLock* lock_ = nullptr;
};

class RocksdbStorage final : public Storage {
 public:
  RocksdbStorage(rocksdb::DB* db, Handles handles, std::shared_ptr<BytesWritten> written,
                 std::unique_ptr<FolderLock> lock, std::unique_ptr<LogOrder> log_order)
      : lock_(std::move(lock)),
        log_order_(std::move(log_order)),
        written_(std::move(written)),
        db_(db),
        handles_(std::move(handles)) {}

  ~RocksdbStorage() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    db_->Close();
  }

  absl::StatusOr<bool> Get(Family family, std::string_view key, const Snapshot* snapshot,
                           std::string* value) const override {
    rocksdb::ReadOptions options;
    options.snapshot = Unwrap(snapshot);
    rocksdb::PinnableSlice pinned;
    const rocksdb::Status status = db_->Get(options, Handle(family), ToSlice(key), &pinned);
    if (status.IsNotFound()) return false;
    MARCOT_RETURN_IF_ERROR(ToStatus(status));
    MARCOT_ASSIGN_OR_RETURN(const std::string_view bytes, CheckSeal(family, key, ToView(pinned)));
    value->assign(bytes);
    return true;
  }

  std::unique_ptr<Cursor> NewCursor(Family family, const Range& range,
                                    const Snapshot* snapshot) const override {
    return std::make_unique<RocksdbCursor>(Handle(family), db_.get(), family, range,
                                           Unwrap(snapshot));
  }

  std::unique_ptr<Snapshot> TakeSnapshot() const override {
    return std::make_unique<RocksdbSnapshot>(db_.get());
  }

  std::unique_ptr<Batch> NewBatch() const override {
    return std::make_unique<RocksdbBatch>(handles_);
  }

  absl::Status Write(Batch& batch, bool sync) override {
    rocksdb::WriteOptions options;
    options.sync = sync;
    rocksdb::WriteBatch records = static_cast<RocksdbBatch&>(batch).TakeRecords();
    written_->AddLogged(records.GetDataSize());
    MARCOT_RETURN_IF_ERROR(ToStatus(NumberBatch(batches_++, &records)));
    return ToStatus(db_->Write(options, &records));
  }

  absl::StatusOr<std::unique_ptr<Ingestion>> NewIngestion() override {
    return storage::NewIngestion(db_.get(), handles_, ++ingestions_, copying_);
  }

  StorageFigures GetFigures() const override {
    using Of = rocksdb::DB::Properties;
    std::vector<FamilyFigures> families = FiguresOfFamilies();
    uint64_t disk_bytes = 0, estimated_records = 0;
    for (const FamilyFigures& family : families) {
      disk_bytes += family.disk_bytes;
      estimated_records += family.estimated_records;
    }
    return {
        .disk_bytes = disk_bytes,
        .estimated_records = estimated_records,
        .memtable_bytes = Sum(Of::kCurSizeAllMemTables),
        .block_cache_bytes = One(Of::kBlockCacheUsage),
        .block_cache_capacity = One(Of::kBlockCacheCapacity),
        .pending_compaction_bytes = Sum(Of::kEstimatePendingCompactionBytes),
        .running_compactions = One(Of::kNumRunningCompactions),
        .running_flushes = One(Of::kNumRunningFlushes),
        .write_stalled = One(Of::kActualDelayedWriteRate) != 0,
        .write_stopped = One(Of::kIsWriteStopped) != 0,
        .snapshots = One(Of::kNumSnapshots),
        .oldest_snapshot_age = SecondsSince(static_cast<int64_t>(One(Of::kOldestSnapshotTime))),
        .log_bytes = written_->logged(),
        .flushed_bytes = written_->flushed(),
        .compacted_bytes = written_->compacted(),
        .families = std::move(families),
    };
  }

  absl::Status Checkpoint(const std::string& folder) const override {
    const std::lock_guard lock(copying_);
    return storage::Checkpoint(db_.get(), folder);
  }
  absl::StatusOr<BackupInfo> Backup(const std::string& backups,
                                    const std::string& owner) const override {
    const std::lock_guard lock(copying_);
    return storage::Backup(db_.get(), backups, owner);
  }

 private:
  rocksdb::ColumnFamilyHandle* Handle(Family family) const {
    return handles_[static_cast<int>(family)];
  }

  std::vector<FamilyFigures> FiguresOfFamilies() const {
    using Of = rocksdb::DB::Properties;
    std::vector<FamilyFigures> figures;
    figures.reserve(kFamilyCount);
    for (int i = 0; i < kFamilyCount; ++i) {
      const Family family = static_cast<Family>(i);
      figures.push_back({
          .name = FamilyName(family),
          .disk_bytes = One(Of::kTotalSstFilesSize, family) + One(Of::kTotalBlobFileSize, family),
          .estimated_records = One(Of::kEstimateNumKeys, family),
          .unsorted_files = UnsortedFiles(family),
      });
    }
    return figures;
  }

  uint64_t UnsortedFiles(Family family) const {
    std::string files;
    db_->GetProperty(Handle(family), rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &files);
    uint64_t count = 0;
    return absl::SimpleAtoi(files, &count) ? count : 0;
  }

  // A figure of each family, over all of them.
  uint64_t Sum(const std::string& property) const {
    uint64_t value = 0;
    db_->GetAggregatedIntProperty(property, &value);
    return value;
  }
  // A figure of one family. Of the database, or of the cache that all share, any of them answers.
  uint64_t One(const std::string& property, Family family = Family::kMeta) const {
    uint64_t value = 0;
    db_->GetIntProperty(Handle(family), property, &value);
    return value;
  }
  // 0: no such moment.
  uint64_t SecondsSince(int64_t moment) const {
    int64_t now = 0;
    if (moment == 0 || !db_->GetEnv()->GetCurrentTime(&now).ok()) return 0;
    return static_cast<uint64_t>(std::max<int64_t>(0, now - moment));
  }

  const std::unique_ptr<FolderLock> lock_;     // null: the database holds it
  const std::unique_ptr<LogOrder> log_order_;  // the database's options name it
  const std::shared_ptr<BytesWritten> written_;
  mutable std::mutex copying_;  // see ingestion.h
  const std::unique_ptr<rocksdb::DB> db_;
  const Handles handles_;                // those of Family first, in its order
  uint64_t batches_ = 0;                 // written
  std::atomic<uint64_t> ingestions_{0};  // begun so far
};

// RocksDB's own log file: Debian's build asserts, and so aborts the process, when it cannot be
// written on a full disk. What matters of it reaches the caller as a status.
class NoLogger final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// Threads that open table files. RocksDB makes its 16 anew for each family, however few files it
// has, and twice: a third of what it takes to open a small store.
int ThreadsToOpen(const std::string& folder) {
  constexpr int kFilesEach = 64, kMost = 16;
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  int files = 0;
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) ++files;
  return std::clamp(files / kFilesEach, 1, kMost);
}

rocksdb::DBOptions DatabaseOptions(const std::string& folder, const RocksdbOptions& options,
                                   const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions db;
  // One that a caller gives sees all that is written.
  db.env = options.env == rocksdb::Env::Default() ? OwnEnv() : options.env;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.allow_concurrent_memtable_write = false;  // see memtable.h; there is one writer anyway
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.memtable_bytes, cache);
  // A family that is seldom written would keep old logs alive until its memtable fills.
  db.max_total_wal_size = 4 * options.memtable_bytes;
  db.info_log = std::make_shared<NoLogger>();
  db.max_file_opening_threads = ThreadsToOpen(folder);
  return db;
}

constexpr int kOpenFilesToRead = 512;

// Whether all that is in a folder are files that RocksDB makes before its CURRENT: what is left of
// a store whose creation was cut short.
bool IsUnfinished(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const std::string name = file->path().filename().string();
    const bool ours = name == "LOCK" || name == "IDENTITY" || absl::StartsWith(name, "LOG") ||
                      absl::StartsWith(name, "MANIFEST-") || absl::StartsWith(name, "OPTIONS-") ||
                      absl::EndsWith(name, ".dbtmp") || absl::EndsWith(name, ".log");
    if (!ours) return false;
  }
  return !error;
}

absl::Status CheckFolder(const std::string& folder, bool create) {
  std::error_code error;
  const std::filesystem::path path(folder);
  if (std::filesystem::exists(path / "CURRENT", error)) return absl::OkStatus();
  if (std::filesystem::exists(path, error) && !IsUnfinished(path)) {
    return MakeError(Code::kStoreNotFound,
                     absl::StrCat(folder, " holds something else than a store; name a new folder"));
  }
  if (!create) {
    return MakeError(Code::kStoreNotFound,
                     absl::StrCat("no store in ", folder, "; open it with create_if_missing"));
  }
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return MakeError(Code::kInternalServerError,
                   absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
}

absl::Status OpenError(const std::string& folder, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  if (status.IsIOError() && (absl::StrContains(text, "lock ") || absl::StrContains(text, "LOCK"))) {
    return MakeError(Code::kStoreInUse,
                     absl::StrCat(folder, " is open elsewhere; close it there first"));
  }
  return ToStatus(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Storage>> OpenRocksdb(const std::string& folder,
                                                     const RocksdbOptions& options) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (int i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    families.emplace_back(std::string(FamilyName(family)),
                          FamilyOptions(family, options.memtable_bytes, cache));
  }
  rocksdb::DBOptions db_options = DatabaseOptions(folder, options, cache);
  const auto written = std::make_shared<BytesWritten>();
  db_options.listeners.push_back(written);
  if (!options.options_file.empty()) {
    MARCOT_RETURN_IF_ERROR(ApplyOptionsFile(options.options_file, &db_options, &families));
  }
  for (rocksdb::ColumnFamilyDescriptor& family : families) UseMarcotsMemtable(&family.options);
  MARCOT_RETURN_IF_ERROR(CheckFolder(folder, options.create_if_missing));
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  std::vector<std::string> present;
  if (rocksdb::DB::ListColumnFamilies(db_options, folder, &present).ok()) {
    for (const std::string& name : present) {
      const bool known = std::any_of(families.begin(), families.end(),
                                     [&](const auto& family) { return family.name == name; });
      if (!known) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    // One that an older store has not got cannot be made in a store that is only read: RocksDB's
    // own, which holds nothing, stands for it.
    for (rocksdb::ColumnFamilyDescriptor& family : families) {
      const bool missing = std::find(present.begin(), present.end(), family.name) == present.end();
      if (options.read_only && missing) family.name = rocksdb::kDefaultColumnFamilyName;
    }
  }
  auto log_order = std::make_unique<LogOrder>(folder);
  db_options.wal_filter = log_order.get();
  Handles handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  std::unique_ptr<FolderLock> lock;
  if (options.read_only) {
    lock = std::make_unique<FolderLock>();
    status = lock->Take(options.env, folder);
    // Files are opened as they are needed: one that is damaged must not keep the others closed.
    db_options.max_open_files = kOpenFilesToRead;
    db_options.paranoid_checks = false;
    if (status.ok()) {
      status = rocksdb::DB::OpenForReadOnly(db_options, folder, families, &handles, &db);
    }
  } else {
    status = rocksdb::DB::Open(db_options, folder, families, &handles, &db);
  }
  if (!status.ok()) return OpenError(folder, status);
  if (!options.read_only) RemoveAbandonedIngestions(db);
  return std::make_unique<RocksdbStorage>(db, std::move(handles), written, std::move(lock),
                                          std::move(log_order));
}

}  // namespace marcot::storage

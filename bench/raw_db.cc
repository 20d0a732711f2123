#include "raw_db.h"

#include <atomic>

#include "base/attributes.h"
#include "core/records.h"
#include "operations/memory.h"
#include "rocksdb/cache.h"
#include "rocksdb/slice_transform.h"
#include "storage/storage.h"
#include "storage_rocksdb/family_options.h"

namespace marcot::bench {
namespace {

void Must(const rocksdb::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

// Those of lib/storage_rocksdb/rocksdb_storage.cc.
rocksdb::DBOptions DatabaseOptions() {
  const size_t memtable_bytes = operations::SharesOf({}).memtables;
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  options.db_write_buffer_size = memtable_bytes;
  options.max_total_wal_size = 4 * memtable_bytes;
  options.max_background_jobs = 2;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  return options;
}

// Marcot's, but for the memtable and its filter: RocksDB's own, with hints for the names of a
// directory.
rocksdb::ColumnFamilyOptions EntriesOptions(size_t memtable_bytes,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options =
      storage::FamilyOptions(storage::Family::kEntries, memtable_bytes, cache);
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(8));
  return options;
}

core::Entry FileEntry(const Attributes& attributes) {
  constexpr int64_t kTimeMs = 1'700'000'000'000;
  constexpr core::Seq kSeq = 1'000'000;
  const ContentRef content = NewContent();
  core::Entry entry;
  entry.kind = core::EntryKind::kFile;
  entry.birth = entry.modified = kSeq;
  entry.id = {2, kSeq};
  entry.content = content.id;
  entry.size = content.size;
  entry.creation_time_ms = entry.modification_time_ms = kTimeMs;
  if (attributes != Attributes{}) entry.attributes = EncodeAttributes(attributes);
  return entry;
}

}  // namespace

Record FileRecord(uint64_t directory, std::string_view name, const Attributes& attributes) {
  Record record{core::EntryKey(directory, core::Slot(core::kFileSlot, name)),
                core::EncodeEntry(FileEntry(attributes))};
  storage::AppendSeal(storage::Family::kEntries, record.key, &record.value);
  return record;
}

std::vector<Record> FileRecords(uint64_t directory, size_t count, const Attributes& attributes) {
  std::vector<Record> records;
  records.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    records.push_back(FileRecord(directory, Name("file-", i, 6), attributes));
  }
  return records;
}

RawDb::RawDb() : folder_(std::filesystem::temp_directory_path()) { Reopen(); }

RawDb::~RawDb() {
  Must(db_->DestroyColumnFamilyHandle(entries_));
  Must(db_->Close());
}

void RawDb::Reopen() {
  if (db_ != nullptr) {
    Must(db_->DestroyColumnFamilyHandle(entries_));
    Must(db_->Close());
    db_.reset();
  }
  const operations::MemoryShares memory = operations::SharesOf({});
  const auto cache = rocksdb::NewLRUCache(memory.blocks);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, {}},
      {"entries", EntriesOptions(memory.memtables, cache)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  Must(rocksdb::DB::Open(DatabaseOptions(), (folder_.path() / "db").string(), families, &handles,
                         &db));
  db_.reset(db);
  Must(db_->DestroyColumnFamilyHandle(handles[0]));
  entries_ = handles[1];
}

void RawDb::Put(const Record& record) {
  Must(db_->Put(rocksdb::WriteOptions(), entries_, record.key, record.value));
}

uint64_t RawDb::RunningJobs() const {
  uint64_t flushes = 0, compactions = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kNumRunningFlushes, &flushes);
  db_->GetIntProperty(rocksdb::DB::Properties::kNumRunningCompactions, &compactions);
  return flushes + compactions;
}

size_t RawDb::Scan(uint64_t directory) {
  const std::string first = core::IdKey(directory), end = core::IdKey(directory + 1);
  const rocksdb::Slice upper(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options, entries_));
  size_t count = 0;
  for (at->Seek(first); at->Valid(); at->Next()) {
    benchmark::DoNotOptimize(at->key().data());
    benchmark::DoNotOptimize(at->value().data());
    ++count;
  }
  Must(at->status());
  return count;
}

void RunRawPuts(benchmark::State& state, RawDb& db) {
  static std::atomic<uint64_t> last_directory{0};
  const auto records = FileRecords(++last_directory, static_cast<size_t>(state.max_iterations));
  size_t next = 0;
  for (auto _ : state) db.Put(records[next++]);
  state.SetItemsProcessed(state.iterations());
}

}  // namespace marcot::bench

#include "storage_rocksdb/family_options.h"

#include <algorithm>

#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"
#include "storage_rocksdb/memtable.h"

namespace marcot::storage {
namespace {

// A flush is not worth it for less: some dozens of chunks.
constexpr size_t kMinChunksBuffer = 8u << 20;

class AllButSuffix final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "marcot.all_but_last_8"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - kHistorySuffixBytes};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.size() > kHistorySuffixBytes;
  }
};

bool HasPointReads(Family family) {
  switch (family) {
    case Family::kEntries:   // is the name free?
    case Family::kNodes:     // each step of a walk
    case Family::kPins:      // totals of a reference
    case Family::kTotals:    // first touch of a directory
    case Family::kContents:  // are these bytes kept already?
    case Family::kReleased:
    case Family::kVersions:  // where is the file?
    case Family::kSummaries:
      return true;
    default:
      return false;
  }
}

}  // namespace

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, size_t memtable_bytes,
                                           const std::shared_ptr<rocksdb::Cache>& block_cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache;
  // Indexes and filters count to the cache's budget, so memory stays bounded at any size. In
  // partitions, since one of them whole may be larger than a small cache: each look-up would read
  // it.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  options.write_buffer_size = memtable_bytes;
  // The default, an eighth of the buffer, is taken by every family at its first record: a dozen
  // nearly empty memtables would use up the store's budget and be flushed again and again.
  options.arena_block_size = std::clamp<size_t>(memtable_bytes / 256, 4096, 1u << 20);
  options.compression = rocksdb::kLZ4Compression;
  // By itself a file waits until its level is full, so a store that was emptied and then left alone
  // would keep all that was deleted, and whoever walks there would pass over it.
  constexpr double kMostlyTombstones = 0.5;
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(0, 0, kMostlyTombstones));
  if (HasPointReads(family)) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    // Most of these reads ask for keys that do not exist; without this each of them searches the
    // memtable's skip list.
    options.memtable_prefix_bloom_size_ratio = 0.01;
    options.memtable_whole_key_filtering = true;
  }
  if (family == Family::kHistory) {
    options.prefix_extractor = std::make_shared<AllButSuffix>();
    options.memtable_prefix_bloom_size_ratio = 0.01;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.whole_key_filtering = false;
  }
  if (family == Family::kChunks) {
    // Contents of files: written once, deleted once. Outside the tree they do not pass through the
    // cache of blocks either. They come packed where that helps (core/chunks.h).
    options.enable_blob_files = true;
    options.min_blob_size = 1024;
    options.blob_compression_type = rocksdb::kNoCompression;
    options.enable_blob_garbage_collection = true;
    // Parts of the budget, so that one is flushed while the next is filled: one memtable of the
    // whole of it would make the writer wait, and have those of all other families flushed first.
    options.write_buffer_size =
        std::max(memtable_bytes / 4, std::min(memtable_bytes, kMinChunksBuffer));
    options.max_write_buffer_number =
        static_cast<int>(2 * memtable_bytes / options.write_buffer_size);
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

void UseMarcotsMemtable(rocksdb::ColumnFamilyOptions* options) {
  // RocksDB aborts where a memtable is full before its first record.
  constexpr size_t kMinBuffer = 64u << 10;
  options->write_buffer_size = std::max(options->write_buffer_size, kMinBuffer);
  options->arena_block_size = std::min(options->arena_block_size, options->write_buffer_size / 8);
  size_t filter_bytes = 0;
  // A filter of prefixes is asked by cursors too, and stays RocksDB's.
  if (options->memtable_whole_key_filtering && options->prefix_extractor == nullptr) {
    constexpr double kMostOfMemtable = 0.25;  // as RocksDB has it
    const double share = std::min(options->memtable_prefix_bloom_size_ratio, kMostOfMemtable);
    if (share > 0) {  // a host may say anything, not a number too
      filter_bytes = static_cast<size_t>(share * static_cast<double>(options->write_buffer_size));
    }
    options->memtable_prefix_bloom_size_ratio = 0;
  }
  options->memtable_factory = MemtableFactory(filter_bytes);
}

}  // namespace marcot::storage

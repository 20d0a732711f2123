// The options of each column family, with the reason beside each.
#pragma once

#include <memory>

#include "rocksdb/cache.h"
#include "rocksdb/options.h"
#include "storage/storage.h"

namespace marcot::storage {

rocksdb::ColumnFamilyOptions FamilyOptions(Family family, size_t memtable_bytes,
                                           const std::shared_ptr<rocksdb::Cache>& block_cache);

// Marcot's own memtable, and in it a filter of keys in place of RocksDB's. The last change: it goes
// by what the others, a host's too, have made of sizes.
void UseMarcotsMemtable(rocksdb::ColumnFamilyOptions* options);

// The bytes at the end of a history key that its bloom filter leaves out (~birth): a filter over
// the rest answers "this name was never replaced" without reading a block.
inline constexpr size_t kHistorySuffixBytes = 8;

}  // namespace marcot::storage

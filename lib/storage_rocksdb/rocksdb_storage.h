// The storage interface on RocksDB: one database, a column family for each Family.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rocksdb/env.h"
#include "storage/storage.h"

namespace marcot::storage {

struct RocksdbOptions {
  bool create_if_missing = false;
  bool read_only = false;        // nothing is written, and a damaged file fails only reads of it
  size_t block_cache_bytes = 0;  // what the memtables have is counted to it
  size_t memtable_bytes = 0;
  std::string options_file = {};  // overrides options (storage_rocksdb/options_file.h); empty: none
  rocksdb::Env* env = rocksdb::Env::Default();  // outlives the storage
};

// StoreNotFound, StoreInUse, InternalServerError. A folder that holds something else than a RocksDB
// is refused. Families that a newer Marcot added are opened too, so that the caller can read the
// format version and say what is wrong.
absl::StatusOr<std::unique_ptr<Storage>> OpenRocksdb(const std::string& folder,
                                                     const RocksdbOptions& options);

}  // namespace marcot::storage

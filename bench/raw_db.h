// The baseline: a plain RocksDB with the options that a store gives its entries, and records as
// long as Marcot's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "marcot/types.h"
#include "rocksdb/db.h"
#include "support.h"

namespace marcot::bench {

struct Record {
  std::string key, value;
};

// What Marcot stores for a file of this name.
Record FileRecord(uint64_t directory, std::string_view name, const Attributes& attributes = {});
// `count` records of one directory, in the order of their names.
std::vector<Record> FileRecords(uint64_t directory, size_t count,
                                const Attributes& attributes = {});

class RawDb {
 public:
  RawDb();
  ~RawDb();

  void Put(const Record& record);
  // Reads all records of a directory through one iterator; answers their number.
  size_t Scan(uint64_t directory);
  void Reopen();
  uint64_t RunningJobs() const;  // flushes and compactions

 private:
  const TempFolder folder_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* entries_ = nullptr;
};

// The puts of one round; each round writes into a directory of its own.
void RunRawPuts(benchmark::State& state, RawDb& db);

}  // namespace marcot::bench

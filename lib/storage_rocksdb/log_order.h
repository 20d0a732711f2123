// The order of the log. After a power cut what was not synced may have holes, and RocksDB would
// pass over one that looks like the end of a block. So each batch carries its number, and opening
// replays none that stands behind one that is missing: what is left is a state that the store was
// in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "rocksdb/status.h"
#include "rocksdb/wal_filter.h"
#include "rocksdb/write_batch.h"

namespace marcot::storage {

// Numbers count the batches since the database was opened, from 0.
rocksdb::Status NumberBatch(uint64_t number, rocksdb::WriteBatch* batch);

class LogOrder final : public rocksdb::WalFilter {
 public:
  // Of the database in a folder.
  explicit LogOrder(std::string folder) : folder_(std::move(folder)) {}

  static const char* kClassName() { return "marcot.LogOrder"; }
  const char* Name() const override { return kClassName(); }

  void ColumnFamilyLogNumberMap(const std::map<uint32_t, uint64_t>& log_of_family,
                                const std::map<std::string, uint32_t>& families) override;
  WalProcessingOption LogRecordFound(unsigned long long log_number,
                                     const std::string& log_file_name,
                                     const rocksdb::WriteBatch& batch,
                                     rocksdb::WriteBatch* new_batch, bool* batch_changed) override;

 private:
  const std::string folder_;
  bool begins_ = true;  // the first of what is to be replayed is there
  bool unnumbered_ = false;
  std::optional<uint64_t> last_;
};

}  // namespace marcot::storage

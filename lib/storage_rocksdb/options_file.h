// A host's own values for RocksDB's options, from a file.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "rocksdb/db.h"

namespace marcot::storage {

// The format is that of RocksDB's options files; only what differs need be there. The family
// "default", which holds nothing, stands for all of them; what the file says of one by its name
// counts more. ParamInvalid, and nothing is changed.
absl::Status ApplyOptionsFile(const std::string& file, rocksdb::DBOptions* database,
                              std::vector<rocksdb::ColumnFamilyDescriptor>* families);

}  // namespace marcot::storage

// Rows that enter a database as files of its own format.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "storage/storage.h"

namespace marcot::storage {

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

// `handles`: of the families, in their order; they and the database outlive it. `number`: one that
// no other has since the database was opened.
absl::StatusOr<std::unique_ptr<Ingestion>> NewIngestion(rocksdb::DB* db, const Handles& handles,
                                                        uint64_t number);

// The files of those that a crash cut short.
void RemoveAbandonedIngestions(rocksdb::DB* db);

}  // namespace marcot::storage

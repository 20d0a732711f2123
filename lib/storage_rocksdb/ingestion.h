// Rows that enter a database as files of its own format.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "storage/storage.h"

namespace marcot::storage {

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

// `handles`: of the families, in their order; they, the database and the mutex outlive it.
// `number`: one that no other has since the database was opened. `copying`: held by who copies the
// database, and while it takes the files: they are in no log, so a copy whose log is younger than
// its list of files would have what a commit says of them, and not them.
absl::StatusOr<std::unique_ptr<Ingestion>> NewIngestion(rocksdb::DB* db, const Handles& handles,
                                                        uint64_t number, std::mutex& copying);

// The files of those that a crash cut short.
void RemoveAbandonedIngestions(rocksdb::DB* db);

}  // namespace marcot::storage

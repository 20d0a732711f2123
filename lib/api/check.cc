#include "marcot/check.h"

#include "base/status_macros.h"
#include "check/checker.h"
#include "check/undo.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot {
namespace {

using storage::Storage;

constexpr size_t kRepairMemtable = 16 << 20;

absl::StatusOr<std::unique_ptr<Storage>> Open(const std::string& folder,
                                              const CheckOptions& options) {
  return storage::OpenRocksdb(folder, {.read_only = !options.repair,
                                       .block_cache_bytes = options.memory_bytes / 4,
                                       .memtable_bytes = kRepairMemtable});
}

}  // namespace

absl::StatusOr<CheckReport> CheckStore(const std::string& folder, const CheckOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(const auto storage, Open(folder, options));
  CheckOptions named = options;
  if (named.undo_log.empty()) named.undo_log = folder + ".undo";
  return check::CheckStorage(*storage, named);
}

absl::Status UndoRepair(const std::string& folder, const std::string& undo_log) {
  MARCOT_ASSIGN_OR_RETURN(const auto storage, Open(folder, {.repair = true}));
  return check::UndoLog::Apply(undo_log, check::Secret(*storage), *storage);
}

}  // namespace marcot

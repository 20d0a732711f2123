#include "marcot/check.h"

#include "base/status_macros.h"
#include "check/checker.h"
#include "check/undo.h"
#include "marcot/error.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot {
namespace {

using storage::Storage;

constexpr size_t kRepairMemtable = 16 << 20;

absl::StatusOr<std::unique_ptr<Storage>> Open(const std::string& folder, bool read_only,
                                              const CheckOptions& options) {
  return storage::OpenRocksdb(folder, {.read_only = read_only,
                                       .block_cache_bytes = options.memory_bytes / 4,
                                       .memtable_bytes = kRepairMemtable});
}

}  // namespace

absl::StatusOr<CheckReport> CheckStore(const std::string& folder, const CheckOptions& options) {
  CheckOptions named = options;
  auto storage = Open(folder, !options.repair, options);
  if (options.repair && CodeOf(storage.status()) == Code::kStoreDamaged) {
    // Files that keep it closed keep it unrepaired too: what they are is found without a repair.
    named.repair = false;
    storage = Open(folder, true, options);
  }
  MARCOT_RETURN_IF_ERROR(storage.status());
  if (named.undo_log.empty()) {
    // Beside the store, not in it, whether or not its name ends in a slash.
    named.undo_log = folder.substr(0, folder.find_last_not_of('/') + 1) + ".undo";
  }
  return check::CheckStorage(**storage, named);
}

absl::Status UndoRepair(const std::string& folder, const std::string& undo_log) {
  MARCOT_ASSIGN_OR_RETURN(const auto storage, Open(folder, false, {}));
  return check::UndoLog::Apply(undo_log, check::Secret(*storage), *storage);
}

}  // namespace marcot

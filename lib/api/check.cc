#include "marcot/check.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "check/checker.h"
#include "check/repairer.h"
#include "check/rows.h"
#include "check/undo.h"
#include "core/keys.h"
#include "core/records.h"
#include "marcot/error.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot {
namespace {

using check::Findings;
using check::Repairer;
using storage::Family;
using storage::Storage;

// Rounds of a repair; damage that hangs on damage takes one each.
constexpr int kMaxPasses = 40;
constexpr size_t kRepairMemtable = 16 << 20;

absl::StatusOr<std::unique_ptr<Storage>> Open(const std::string& folder,
                                              const CheckOptions& options) {
  return storage::OpenRocksdb(folder, {.read_only = !options.repair,
                                       .block_cache_bytes = options.memory_bytes / 4,
                                       .memtable_bytes = kRepairMemtable});
}

// A record of the store's own, null bytes where it is lost or damaged.
std::string Secret(const Storage& storage) {
  std::string secret;
  const auto found = storage.Get(Family::kMeta, core::kStoreKey, nullptr, &secret);
  if (!found.ok() || !*found || secret.size() != 8) secret.assign(8, '\0');
  return secret;
}

// Errors where this is no store, or of another format; findings where that cannot be read.
absl::Status CheckFormat(const Storage& storage, Findings* findings) {
  const auto damaged = [&](std::string_view key, std::string detail) {
    findings->Add(check::Fault::kFormatDamaged, check::Record(Family::kMeta, key),
                  std::move(detail), [](Repairer& repairer) { return repairer.WriteFormat(); });
  };
  std::string value;
  const auto found = storage.Get(Family::kMeta, core::kFormatKey, nullptr, &value);
  const bool others =
      check::GetSealed(storage, Family::kMeta, core::kFoldedKey, &value).value_or(true);
  if (found.ok() && !*found && !others) {
    return MakeError(Code::kStoreNotFound, "the folder holds a database that is not a store");
  }
  if (!found.ok() || !*found) {
    damaged(core::kFormatKey, "the format is lost or damaged");
  } else {
    MARCOT_RETURN_IF_ERROR(storage.Get(Family::kMeta, core::kFormatKey, nullptr, &value).status());
    const uint64_t format = Decoder(value).Varint();
    if (format != core::kStoreFormat) {
      const Code code =
          format > core::kStoreFormat ? Code::kStoreFormatTooNew : Code::kStoreFormatTooOld;
      return MakeError(code, absl::StrCat("the store has format ", format, ", this check reads ",
                                          core::kStoreFormat, "; use the release that wrote it"));
    }
  }
  if (Secret(storage) == std::string(8, '\0')) damaged(core::kStoreKey, "the secret is lost");
  return absl::OkStatus();
}

class Run {
 public:
  Run(std::string folder, const CheckOptions& options, Storage& storage)
      : options_(options),
        storage_(storage),
        undo_(options.undo_log.empty() ? folder + ".undo" : options.undo_log) {}

  absl::StatusOr<CheckReport> Check() {
    MARCOT_ASSIGN_OR_RETURN(bool more, Pass());
    while (options_.repair && more && report_.passes < kMaxPasses) {
      MARCOT_ASSIGN_OR_RETURN(more, Pass());
    }
    return std::move(report_);
  }

 private:
  // Answers whether it has changed something, so that another one is needed.
  absl::StatusOr<bool> Pass() {
    const bool first = ++report_.passes == 1;
    Findings findings(options_.repair,
                      first ? options_.on_finding : std::function<void(const Finding&)>());
    MARCOT_RETURN_IF_ERROR(CheckFormat(storage_, &findings));
    MARCOT_ASSIGN_OR_RETURN(const uint64_t records,
                            check::CheckState(storage_, options_, report_.passes, findings));
    report_.left = findings.count();
    if (first) {
      report_.found = findings.count();
      report_.records = records;
      report_.findings = findings.TakeKept();
    }
    if (!options_.repair || findings.Has(check::Fault::kFileUnreadable)) return false;
    return Repair(findings);
  }

  absl::StatusOr<bool> Repair(Findings& findings) {
    const int stage = findings.stage();
    const auto fixes = findings.TakeFixes();
    if (fixes.empty()) return false;
    if (report_.undo_log.empty()) {
      MARCOT_RETURN_IF_ERROR(undo_.Create(Secret(storage_)));
      report_.undo_log = undo_.path();
    }
    const uint64_t before = undo_.records();
    Repairer repairer(undo_, storage_, storage_);
    MARCOT_RETURN_IF_ERROR(stage == 0 ? repairer.RunRaw(fixes) : repairer.Run(fixes));
    report_.repaired += undo_.records() - before;
    return true;
  }

  const CheckOptions& options_;
  Storage& storage_;
  check::UndoLog undo_;
  CheckReport report_;
};

}  // namespace

absl::StatusOr<CheckReport> CheckStore(const std::string& folder, const CheckOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(const auto storage, Open(folder, options));
  return Run(folder, options, *storage).Check();
}

absl::Status UndoRepair(const std::string& folder, const std::string& undo_log) {
  MARCOT_ASSIGN_OR_RETURN(const auto storage, Open(folder, {.repair = true}));
  return check::UndoLog::Apply(undo_log, Secret(*storage), *storage);
}

}  // namespace marcot

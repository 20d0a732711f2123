// A check of a whole storage, and the rounds of its repair.
#include <utility>

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

namespace marcot::check {
namespace {

using storage::Family;
using storage::Storage;

// Rounds of a repair; damage that hangs on damage takes one each.
constexpr int kMaxPasses = 40;

// Errors where this is no store, or of another format; findings where that cannot be read.
absl::Status CheckFormat(const Storage& storage, Findings* findings) {
  const auto damaged = [&](std::string_view key, std::string detail) {
    findings->Add(Fault::kFormatDamaged, Record(Family::kMeta, key), std::move(detail),
                  [](Repairer& repairer) { return repairer.WriteFormat(); });
  };
  std::string value;
  const auto found = storage.Get(Family::kMeta, core::kFormatKey, nullptr, &value);
  const bool others = GetSealed(storage, Family::kMeta, core::kFoldedKey, &value).value_or(true);
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
  Run(const CheckOptions& options, Storage& storage)
      : options_(options),
        storage_(storage),
        undo_(options.undo_log),
        repairer_(undo_, storage, storage) {}

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
                            CheckState(storage_, options_, report_.passes, findings));
    report_.left = findings.count();
    if (first) {
      report_.found = findings.count();
      report_.records = records;
      report_.findings = findings.TakeKept();
    }
    // A round that has found what the last one did would mend no more than that.
    const bool stuck = std::exchange(last_, findings.fingerprint()) == findings.fingerprint();
    if (stuck && !first) return false;
    if (!options_.repair || findings.Has(Fault::kFileUnreadable)) return false;
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
    MARCOT_RETURN_IF_ERROR(stage == 0 ? repairer_.RunRaw(fixes) : repairer_.Run(fixes));
    report_.repaired += undo_.records() - before;
    return undo_.records() > before;
  }

  const CheckOptions& options_;
  Storage& storage_;
  UndoLog undo_;
  Repairer repairer_;
  uint64_t last_ = 0;  // what the pass before has found
  CheckReport report_;
};

}  // namespace

std::string Secret(const Storage& storage) {
  std::string secret;
  const auto found = storage.Get(Family::kMeta, core::kStoreKey, nullptr, &secret);
  if (!found.ok() || !*found || secret.size() != 8) secret.assign(8, '\0');
  return secret;
}

absl::StatusOr<CheckReport> CheckStorage(Storage& storage, const CheckOptions& options) {
  return Run(options, storage).Check();
}

}  // namespace marcot::check

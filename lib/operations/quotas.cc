#include "operations/quotas.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/tree_writer.h"
#include "marcot/error.h"
#include "operations/spaces.h"

namespace marcot::operations {
namespace {

using core::DirId;
using core::QuotaRecord;
using core::SpaceRecord;
using storage::Family;

constexpr uint64_t kMaxLimit = uint64_t{1} << 62;

absl::Status SetAccount(core::Txn& txn, DirId root, DirId account) {
  if (root == 0) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(core::Totals* const totals, txn.MutableTotals(root));
  totals->account = account;
  return absl::OkStatus();
}

absl::Status Unlink(core::Txn& txn, std::string_view library, const std::string& space) {
  MARCOT_ASSIGN_OR_RETURN(SpaceRecord record, RequireSpace(txn, library, space));
  MARCOT_RETURN_IF_ERROR(SetAccount(txn, record.root, 0));
  MARCOT_RETURN_IF_ERROR(SetAccount(txn, record.bin, 0));
  record.quota = 0;
  txn.Put(Family::kSpaces, core::SpaceKey(library, space), core::EncodeSpace(record));
  return absl::OkStatus();
}

absl::Status AddBelow(core::Txn& txn, DirId root, core::Totals* sum) {
  if (root == 0) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, txn.GetTotals(root));
  sum->bytes += totals.bytes;
  sum->files += totals.files;
  sum->directories += totals.directories;
  sum->versions += totals.versions;
  sum->version_bytes += totals.version_bytes;
  return absl::OkStatus();
}

absl::Status Link(core::Txn& txn, std::string_view library, const std::string& space,
                  uint64_t quota, bool count_bin, core::Totals* sum) {
  MARCOT_ASSIGN_OR_RETURN(SpaceRecord record, RequireSpace(txn, library, space));
  if (record.quota != 0) {
    return MakeError(Code::kDuplicateQuota,
                     absl::StrCat("the space ", space, " has quota ", record.quota, " already"));
  }
  MARCOT_RETURN_IF_ERROR(SetAccount(txn, record.root, quota));
  MARCOT_RETURN_IF_ERROR(SetAccount(txn, record.bin, count_bin ? quota : 0));
  MARCOT_RETURN_IF_ERROR(AddBelow(txn, record.root, sum));
  if (count_bin) MARCOT_RETURN_IF_ERROR(AddBelow(txn, record.bin, sum));
  record.quota = quota;
  txn.Put(Family::kSpaces, core::SpaceKey(library, space), core::EncodeSpace(record));
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckQuota(const QuotaLimits& limits) {
  if (std::max(limits.bytes.value_or(0), limits.files.value_or(0)) > kMaxLimit) {
    return MakeError(Code::kParamInvalid, "a quota's limits are at most 2^62");
  }
  return absl::OkStatus();
}

core::Limits ToLimits(const QuotaLimits& limits) {
  return {limits.bytes, limits.files, limits.count_history};
}

absl::StatusOr<QuotaRecord> FindQuota(core::View& view, std::string_view library, uint64_t quota) {
  std::string value;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          view.Get(Family::kFacts, core::QuotaKey(library, quota), &value));
  if (found) return core::DecodeQuota(value);
  return MakeError(Code::kQuotaNotFound,
                   absl::StrCat("the library ", std::string(library), " has no quota ", quota));
}

absl::StatusOr<QuotaInfo> QuotaInfoOf(core::View& view, std::string_view library, uint64_t quota) {
  MARCOT_ASSIGN_OR_RETURN(const QuotaRecord record, FindQuota(view, library, quota));
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view.GetTotals(quota));
  return QuotaInfo{quota, record.limits, totals.CountedBytes(totals.limits), totals.files,
                   record.spaces};
}

absl::Status CountBin(core::Txn& txn, std::string_view library, const SpaceRecord& space) {
  MARCOT_ASSIGN_OR_RETURN(const QuotaRecord record, FindQuota(txn, library, space.quota));
  return SetAccount(txn, space.bin, record.limits.count_recycled ? space.quota : 0);
}

absl::Status LeaveQuota(core::Txn& txn, std::string_view library, uint64_t quota,
                        std::string_view space) {
  MARCOT_ASSIGN_OR_RETURN(QuotaRecord record, FindQuota(txn, library, quota));
  std::erase(record.spaces, space);
  txn.Put(Family::kFacts, core::QuotaKey(library, quota), core::EncodeQuota(record));
  return absl::OkStatus();
}

absl::Status QuotaWork::Execute(core::Txn& txn) {
  QuotaRecord record;
  quota_ = request_.quota;
  if (quota_ == 0) {
    quota_ = txn.NewId();
  } else {
    MARCOT_ASSIGN_OR_RETURN(record, FindQuota(txn, request_.library, quota_));
  }
  if (request_.spaces != nullptr && request_.spaces->empty()) {
    return MakeError(Code::kNoItemsProvided, "a quota needs a space");
  }
  MARCOT_RETURN_IF_ERROR(CheckWithin(record.spaces, request_.within));
  for (const std::string& space : record.spaces) {
    MARCOT_RETURN_IF_ERROR(Unlink(txn, request_.library, space));
  }
  if (request_.remove) {
    txn.Delete(Family::kFacts, core::QuotaKey(request_.library, quota_));
    txn.DeleteTotals(quota_);
    return absl::OkStatus();
  }
  if (request_.limits != nullptr) record.limits = *request_.limits;
  if (request_.spaces != nullptr) record.spaces = *request_.spaces;
  core::Totals sum;
  sum.limits = ToLimits(record.limits);
  for (const std::string& space : record.spaces) {
    MARCOT_RETURN_IF_ERROR(
        Link(txn, request_.library, space, quota_, record.limits.count_recycled, &sum));
  }
  txn.PutTotals(quota_, sum);
  txn.Put(Family::kFacts, core::QuotaKey(request_.library, quota_), core::EncodeQuota(record));
  return absl::OkStatus();
}

}  // namespace marcot::operations

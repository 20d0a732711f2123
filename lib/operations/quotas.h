// Quotas over spaces. A quota is a row of totals that the roots of its spaces add to as well
// (core::Totals::account), so an operation checks it at no cost of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/facts.h"
#include "marcot/settings.h"
#include "operations/pipeline.h"

namespace marcot::operations {

absl::Status CheckQuota(const QuotaLimits& limits);  // ParamInvalid
core::Limits ToLimits(const QuotaLimits& limits);

// QuotaNotFound.
absl::StatusOr<core::QuotaRecord> FindQuota(core::View& view, std::string_view library,
                                            uint64_t quota);
absl::StatusOr<QuotaInfo> QuotaInfoOf(core::View& view, std::string_view library, uint64_t quota);

// The space has a new bin: its quota counts it if it counts bins.
absl::Status CountBin(core::Txn& txn, std::string_view library, const core::SpaceRecord& space);
// The space is deleted; its roots add to the quota no more.
absl::Status LeaveQuota(core::Txn& txn, std::string_view library, uint64_t quota,
                        std::string_view space);

// Makes, changes or deletes a quota.
class QuotaWork final : public Pipeline::Work {
 public:
  struct Request {
    std::string_view library;
    uint64_t quota = 0;                                // 0: a new one
    const QuotaLimits* limits = nullptr;               // null: as they are
    const std::vector<std::string>* spaces = nullptr;  // null: as they are
    bool remove = false;
    std::span<const std::string> within = {};  // what it may be over before: see CheckWithin
  };
  explicit QuotaWork(const Request& request) : request_(request) {}
  absl::Status Execute(core::Txn& txn) override;
  uint64_t quota() const { return quota_; }

 private:
  const Request request_;
  uint64_t quota_ = 0;
};

}  // namespace marcot::operations

#include <set>

#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/quotas.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using core::ReadView;
using operations::QuotaWork;

absl::StatusOr<std::vector<std::string>> CheckSpaces(std::span<const std::string> spaces) {
  for (const std::string& space : spaces) {
    MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  }
  const std::set<std::string> unique(spaces.begin(), spaces.end());
  return std::vector<std::string>(unique.begin(), unique.end());
}

absl::StatusOr<uint64_t> RunQuota(operations::Engine& engine, const QuotaWork::Request& request) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(request.library, true));
  QuotaWork work(request);
  MARCOT_RETURN_IF_ERROR(engine.Run(work, Durability::kDefault));
  return work.quota();
}

// 0 names no quota, and is what asks for a new one within.
absl::Status CheckQuotaId(uint64_t quota) {
  if (quota != 0) return absl::OkStatus();
  return MakeError(Code::kQuotaNotFound, "no quota 0; use the id that CreateQuota gave");
}

}  // namespace

absl::StatusOr<uint64_t> Store::CreateQuota(std::string_view library,
                                            std::span<const std::string> spaces,
                                            const QuotaLimits& limits) {
  MARCOT_RETURN_IF_ERROR(operations::CheckQuota(limits));
  MARCOT_ASSIGN_OR_RETURN(const auto unique, CheckSpaces(spaces));
  return RunQuota(impl_->engine(), {.library = library, .limits = &limits, .spaces = &unique});
}

absl::Status Store::SetQuota(std::string_view library, uint64_t quota, const QuotaLimits& limits) {
  MARCOT_RETURN_IF_ERROR(CheckQuotaId(quota));
  MARCOT_RETURN_IF_ERROR(operations::CheckQuota(limits));
  return RunQuota(impl_->engine(), {.library = library, .quota = quota, .limits = &limits})
      .status();
}

absl::Status Store::SetQuotaSpaces(std::string_view library, uint64_t quota,
                                   std::span<const std::string> spaces) {
  MARCOT_RETURN_IF_ERROR(CheckQuotaId(quota));
  MARCOT_ASSIGN_OR_RETURN(const auto unique, CheckSpaces(spaces));
  return RunQuota(impl_->engine(), {.library = library, .quota = quota, .spaces = &unique})
      .status();
}

absl::Status Store::DeleteQuota(std::string_view library, uint64_t quota) {
  MARCOT_RETURN_IF_ERROR(CheckQuotaId(quota));
  return RunQuota(impl_->engine(), {.library = library, .quota = quota, .remove = true}).status();
}

absl::StatusOr<QuotaInfo> Store::GetQuota(std::string_view library, uint64_t quota) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  return operations::QuotaInfoOf(view, library, quota);
}

absl::StatusOr<QuotaInfo> Store::GetQuotaOf(std::string_view library,
                                            std::string_view space) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::RequireSpace(view, library, space));
  if (record.quota == 0) {
    return MakeError(Code::kQuotaNotFound,
                     absl::StrCat("the space ", std::string(library), "/", std::string(space),
                                  " has no quota; create one"));
  }
  return operations::QuotaInfoOf(view, library, record.quota);
}

}  // namespace marcot

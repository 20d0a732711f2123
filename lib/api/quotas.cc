#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/quotas.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using core::ReadView;
using operations::QuotaWork;

// What a host, or a session, asks for.
struct Request {
  std::string_view library;
  std::span<const std::string> within = {};  // the session's spaces; empty: all
  std::optional<uint64_t> quota = {};        // nothing: a new one
  const QuotaLimits* limits = nullptr;
  std::optional<std::span<const std::string>> spaces = {};
  bool remove = false;
};

absl::StatusOr<std::vector<std::string>> CheckSpaces(std::span<const std::string> spaces) {
  for (const std::string& space : spaces) {
    MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  }
  const std::set<std::string> unique(spaces.begin(), spaces.end());
  return std::vector<std::string>(unique.begin(), unique.end());
}

absl::StatusOr<uint64_t> Run(operations::Engine& engine, const Request& request) {
  // 0 names no quota, and is what asks for a new one within.
  if (request.quota == 0u) {
    return MakeError(Code::kQuotaNotFound, "no quota 0; use the id that CreateQuota gave");
  }
  QuotaWork::Request change{.library = request.library,
                            .quota = request.quota.value_or(0),
                            .limits = request.limits,
                            .remove = request.remove,
                            .within = request.within};
  if (request.limits != nullptr) MARCOT_RETURN_IF_ERROR(operations::CheckQuota(*request.limits));
  std::vector<std::string> unique;
  if (request.spaces.has_value()) {
    MARCOT_ASSIGN_OR_RETURN(unique, CheckSpaces(*request.spaces));
    MARCOT_RETURN_IF_ERROR(operations::CheckWithin(unique, request.within));
    change.spaces = &unique;
  }
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(request.library, true));
  QuotaWork work(change);
  MARCOT_RETURN_IF_ERROR(engine.Run(work, Durability::kDefault));
  return work.quota();
}

// The same for a session.
absl::StatusOr<uint64_t> RunFor(const Session& session, Request request) {
  MARCOT_ASSIGN_OR_RETURN(const Session::State* const state, api::StoreImpl::StateOf(session));
  MARCOT_RETURN_IF_ERROR(api::RequireGrant(*state->request, Grant::kAdmin, "a quota"));
  request.library = state->request->library;
  request.within = state->request->spaces;
  return Run(api::StoreImpl::Of(*state->store).engine(), request);
}

}  // namespace

absl::StatusOr<uint64_t> Store::CreateQuota(std::string_view library,
                                            std::span<const std::string> spaces,
                                            const QuotaLimits& limits) {
  return Run(impl_->engine(), {.library = library, .limits = &limits, .spaces = spaces});
}

absl::Status Store::SetQuota(std::string_view library, uint64_t quota, const QuotaLimits& limits) {
  return Run(impl_->engine(), {.library = library, .quota = quota, .limits = &limits}).status();
}

absl::Status Store::SetQuotaSpaces(std::string_view library, uint64_t quota,
                                   std::span<const std::string> spaces) {
  return Run(impl_->engine(), {.library = library, .quota = quota, .spaces = spaces}).status();
}

absl::Status Store::DeleteQuota(std::string_view library, uint64_t quota) {
  return Run(impl_->engine(), {.library = library, .quota = quota, .remove = true}).status();
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

// ---- for sessions ------------------------------------------------------------------------------

absl::StatusOr<uint64_t> Session::CreateQuota(std::span<const std::string> spaces,
                                              const QuotaLimits& limits) const {
  return RunFor(*this, {.limits = &limits, .spaces = spaces});
}

absl::Status Session::SetQuota(uint64_t quota, const QuotaLimits& limits) const {
  return RunFor(*this, {.quota = quota, .limits = &limits}).status();
}

absl::Status Session::SetQuotaSpaces(uint64_t quota, std::span<const std::string> spaces) const {
  return RunFor(*this, {.quota = quota, .spaces = spaces}).status();
}

absl::Status Session::DeleteQuota(uint64_t quota) const {
  return RunFor(*this, {.quota = quota, .remove = true}).status();
}

absl::StatusOr<QuotaInfo> Session::GetQuota(uint64_t quota) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, api::StoreImpl::StateOf(*this));
  MARCOT_ASSIGN_OR_RETURN(QuotaInfo info, state->store->GetQuota(library(), quota));
  MARCOT_RETURN_IF_ERROR(operations::CheckWithin(info.spaces, state->request->spaces));
  return info;
}

absl::StatusOr<QuotaInfo> Session::GetQuotaOf(std::string_view space) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, api::StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceOf(*state, space));
  return state->store->GetQuotaOf(library(), space);
}

}  // namespace marcot

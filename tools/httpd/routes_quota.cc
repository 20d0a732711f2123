// Quotas of spaces (section 9).
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// Deleting what exceeds a quota is not something that a quota does here.
void RefuseRemoval(Fields& body) {
  if (!body.Flag("removeWhenExceed").value_or(false)) return;
  body.Fail(MakeError(Code::kParamInvalid,
                      "a quota is never exceeded, so nothing is removed; send "
                      "`removeWhenExceed` false"));
}

absl::StatusOr<QuotaInfo> OfSpace(const Session& session, const std::string& space) {
  auto quota = session.GetQuotaOf(space);
  if (CodeOf(quota.status()) != Code::kQuotaNotFound) return quota;
  return MakeError(Code::kNoQuota, space + " has no quota; make one");
}

// The quota of a space of this name, else that of this id.
absl::StatusOr<QuotaInfo> Find(const Session& session, const std::string& name) {
  auto quota = OfSpace(session, name);
  const auto id = ParseNumber(name);
  const bool by_id = CodeOf(quota.status()) == Code::kSpaceNotFound && id.has_value();
  return by_id ? session.GetQuota(*id) : quota;
}

absl::StatusOr<Response> Create(Call& call) {
  QuotaLimits limits;
  limits.bytes = call.body.Number("capacity");
  const auto spaces = call.body.Texts("spaces");
  RefuseRemoval(call.body);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  // A single-tenant library has one space.
  const std::vector<std::string> only{"-"};
  HTTPD_ASSIGN_OR_RETURN(const uint64_t id, session.CreateQuota(spaces.value_or(only), limits));
  return Answer(201, {{"quotaId", id}});
}

Json Capacity(const QuotaInfo& quota) {
  return quota.limits.bytes.has_value() ? Json(std::to_string(*quota.limits.bytes)) : Json();
}

absl::StatusOr<Response> Get(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const QuotaInfo quota, Find(session, call.space));
  if (session.GetQuotaOf(call.space).ok()) {
    return Answer(200, {{"id", quota.id}, {"capacity", Capacity(quota)}});
  }
  return Answer(200, {{"spaces", quota.spaces}, {"capacity", Capacity(quota)}});
}

absl::StatusOr<Response> GetOfSpace(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const QuotaInfo quota, OfSpace(session, call.space));
  return Answer(200, {{"id", quota.id}, {"capacity", Capacity(quota)}});
}

absl::StatusOr<Response> Set(Call& call) {
  const auto capacity = call.body.Number("capacity");
  const auto spaces = call.body.Texts("spaces");
  RefuseRemoval(call.body);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  const std::lock_guard lock(call.app.settings);
  HTTPD_ASSIGN_OR_RETURN(const QuotaInfo quota, Find(session, call.space));
  // Spaces first: they may be refused, and limits that a number fits are not.
  if (spaces.has_value()) HTTPD_RETURN_IF_ERROR(session.SetQuotaSpaces(quota.id, *spaces));
  if (capacity.has_value()) {
    QuotaLimits limits = quota.limits;
    limits.bytes = capacity;
    HTTPD_RETURN_IF_ERROR(session.SetQuota(quota.id, limits));
  }
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"POST", "quota/{L}", "", "", Create},
    {"GET", "quota/{L}/{P}", "", "", Get},
    {"GET", "space-quota/{L}/{P}", "", "", GetOfSpace},
    {"PUT", "quota/{L}/{P}", "", "", Set},
};

}  // namespace

std::span<const Route> QuotaRoutes() { return kRoutes; }

}  // namespace marcot::httpd

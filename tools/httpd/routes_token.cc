// Tokens (section 2).
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

Response AnswerToken(const IssuedToken& issued) {
  return Answer(200, {{"accessToken", issued.token}, {"expiresIn", issued.expires_in_s}});
}

absl::StatusOr<Response> Issue(Call& call) {
  TokenRequest request;
  request.library = call.query.Text("library_id");
  request.secret = call.query.Text("library_secret");
  request.spaces = Split(call.query.Text("space_id"), ',');
  request.user = call.query.Text("user_id");
  request.client = call.query.Text("client_id");
  request.session = call.query.Text("session_id");
  const uint64_t period = call.query.Number("period").value_or(kDefaultTokenPeriodS);
  if (period > kMaxTokenPeriodS) {
    return MakeError(Code::kParamInvalid, "a token lives for 315360000 s at the most");
  }
  request.period_s = static_cast<uint32_t>(period);
  HTTPD_ASSIGN_OR_RETURN(request.grants, Grants::Parse(call.query.Text("grant")));
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const IssuedToken issued, call.app.service.tokens().Issue(request));
  return AnswerToken(issued);
}

absl::StatusOr<Response> Renew(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const IssuedToken issued,
                         call.app.service.tokens().Renew(call.library, call.id));
  return AnswerToken(issued);
}

absl::StatusOr<Response> Revoke(Call& call) {
  HTTPD_RETURN_IF_ERROR(call.app.service.tokens().Revoke(call.library, call.id));
  return NoContent();
}

absl::StatusOr<Response> RevokeOfUser(Call& call) {
  HTTPD_RETURN_IF_ERROR(call.app.service.tokens().RevokeOfUser(
      call.library, call.query.Text("library_secret"), call.query.Text("user_id"),
      Split(call.query.Text("client_id"), ','), Split(call.query.Text("session_id"), ',')));
  return NoContent();
}

constexpr Route kRoutes[] = {
    {"GET", "token", "", "", Issue},
    {"POST", "token/{L}/{I}", "", "", Renew},
    {"DELETE", "token/{L}/{I}", "", "", Revoke},
    {"DELETE", "token/{L}", "", "", RevokeOfUser},
};

}  // namespace

std::span<const Route> TokenRoutes() { return kRoutes; }

}  // namespace marcot::httpd

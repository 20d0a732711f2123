#include "call.h"

#include <chrono>

#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {

absl::Status Call::error() const {
  absl::Status error = query.error();
  error.Update(body.error());
  return error;
}

absl::StatusOr<Session> Call::OpenSession() const {
  Tokens& tokens = app.service.tokens();
  const std::string token = query.Text("access_token"), secret = query.Text("library_secret");
  if (token.empty() && !secret.empty()) {
    return tokens.AuthenticateSecret(library, secret, query.Text("user_id"));
  }
  return tokens.Authenticate(library, token, query.Text("user_id"));
}

absl::StatusOr<Space> Call::OpenSpace() const {
  HTTPD_ASSIGN_OR_RETURN(const Session session, OpenSession());
  return session.OpenSpace(space);
}

std::string Call::BaseUrl() const {
  if (!app.public_url.empty()) return app.public_url;
  return "http://" + std::string(request.Header("host"));
}

absl::StatusOr<std::vector<uint64_t>> TakeIds(const Call& call) {
  std::vector<uint64_t> ids;
  for (const Json& element : call.json) {
    Fields field(Json{{"id", element}});
    ids.push_back(field.Number("id").value_or(0));
    HTTPD_RETURN_IF_ERROR(field.error());
    if (ids.back() == 0) return MakeError(Code::kParamInvalid, "an id in the body is null or 0");
  }
  return ids;
}

int64_t NowMs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Response Answer(int status, const Json& json) {
  Response response;
  response.status = status;
  response.headers = {{"content-type", "application/json"}};
  response.body = Dump(json);
  return response;
}

Response NoContent() {
  Response response;
  response.status = 204;
  return response;
}

Response AnswerPlaced(Strategy strategy, const Placed& placed) {
  if (strategy != Strategy::kRename) return NoContent();
  return Answer(200, {{"path", placed.path}});
}

}  // namespace marcot::httpd

#include "marcot/tokens.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

absl::StatusOr<std::unique_ptr<marcot_session>> Opened(marcot_service* service,
                                                       absl::StatusOr<Session> session) {
  MARCOT_RETURN_IF_ERROR(session.status());
  return NewSession(service->store, *std::move(session));
}

}  // namespace

NewOf<marcot_token> NewResult(IssuedToken token) {
  auto result = std::make_unique<Result<marcot_token>>();
  const IssuedToken& held = result->Hold(std::move(token));
  result->token = BytesOf(held.token);
  result->expires_in_s = held.expires_in_s;
  return result;
}

extern "C" {

marcot_status* marcot_tokens_set_secret(marcot_service* service, marcot_bytes library,
                                        marcot_bytes secret) {
  return Call([&] { return Of(service).tokens().SetLibrarySecret(View(library), View(secret)); });
}

marcot_status* marcot_tokens_issue(marcot_service* service, const marcot_session_request* request,
                                   marcot_bytes secret, uint32_t period_s, marcot_token** token) {
  return CallFor(token, [&]() -> absl::StatusOr<IssuedToken> {
    TokenRequest wanted;
    MARCOT_ASSIGN_OR_RETURN(static_cast<SessionRequest&>(wanted), SessionRequestOf(request));
    wanted.secret = String(secret);
    SetUnlessZero(&wanted.period_s, period_s);
    return Of(service).tokens().Issue(wanted);
  });
}

marcot_status* marcot_tokens_renew(marcot_service* service, marcot_bytes library,
                                   marcot_bytes token, marcot_token** renewed) {
  return CallForOptional(renewed,
                         [&] { return Of(service).tokens().Renew(View(library), View(token)); });
}

marcot_status* marcot_tokens_revoke(marcot_service* service, marcot_bytes library,
                                    marcot_bytes token) {
  return Call([&] { return Of(service).tokens().Revoke(View(library), View(token)); });
}

marcot_status* marcot_tokens_revoke_of_user(marcot_service* service, marcot_bytes library,
                                            marcot_bytes secret, marcot_bytes user,
                                            marcot_strings clients, marcot_strings sessions) {
  return Call([&] {
    return Of(service).tokens().RevokeOfUser(View(library), View(secret), View(user),
                                             Strings(clients), Strings(sessions));
  });
}

marcot_status* marcot_tokens_authenticate(marcot_service* service, marcot_bytes library,
                                          marcot_bytes token, marcot_bytes acting_user,
                                          marcot_session** session) {
  return CallFor(session, [&] {
    return Opened(service,
                  Of(service).tokens().Authenticate(View(library), View(token), View(acting_user)));
  });
}

marcot_status* marcot_tokens_authenticate_secret(marcot_service* service, marcot_bytes library,
                                                 marcot_bytes secret, marcot_bytes acting_user,
                                                 marcot_session** session) {
  return CallFor(session, [&] {
    return Opened(service, Of(service).tokens().AuthenticateSecret(View(library), View(secret),
                                                                   View(acting_user)));
  });
}

void marcot_token_free(marcot_token* token) { Free(token); }

}  // extern "C"

}  // namespace marcot::c

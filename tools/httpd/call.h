// One request on its way through a handler: what it asks, on whose behalf, and how it is answered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arguments.h"
#include "http.h"
#include "marcot/marcot.hpp"
#include "url_signer.h"

namespace marcot::httpd {

// What all requests share.
struct App {
  Store& store;
  Service& service;
  const UrlSigner& signer;
  std::string public_url;  // how clients reach the server, http://host:port; empty: as they did
};

class Call {
 public:
  Call(App& app_of, Request& request_of) : app(app_of), request(request_of) {}

  App& app;
  Request& request;
  std::string library, space, path, id;  // of the target; what its pattern has not is empty
  Query query;
  Json json = Json::object();  // the body
  Fields body;                 // the same where it is an object

  // The first argument that was wrong.
  absl::Status error() const;

  // EmptyAccessToken, InvalidAccessToken, WrongLibraryIdOrSecret.
  absl::StatusOr<Session> OpenSession() const;
  // Of the target, on behalf of that session.
  absl::StatusOr<Space> OpenSpace() const;

  // The scheme, host and port by which the client reaches the server.
  std::string BaseUrl() const;
};

// A body that is an array of ids, as numbers or in strings.
absl::StatusOr<std::vector<uint64_t>> TakeIds(const Call& call);

int64_t NowMs();

Response Answer(int status, const Json& json);
Response NoContent();
// As the contract says: the strategy, not whether a clash happened, picks the answer.
Response AnswerPlaced(Strategy strategy, const Placed& placed);

struct Route {
  const char* method;
  // {L} library, {P} space, {I} an id, {F} all that is left, slashes included.
  const char* pattern;
  // Of the routes of one pattern that is taken whose flag the query has, or else whose key the body
  // has, or else the one with neither.
  const char* flag;
  const char* key;
  absl::StatusOr<Response> (*handle)(Call& call);
};

}  // namespace marcot::httpd

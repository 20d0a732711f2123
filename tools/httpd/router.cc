#include "router.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string>

#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kAllowedHeaders =
    "Client-Version, Content-Type, Range, If-Range, If-None-Match, x-smh-meta";
constexpr std::string_view kExposedHeaders =
    "ETag, Content-Length, Content-Range, Content-Disposition, Accept-Ranges, Location, "
    "x-request-id";

std::vector<std::string_view> Segments(std::string_view path) {
  std::vector<std::string_view> segments;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    segments.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return segments;
}

bool Fits(const std::vector<std::string_view>& pattern,
          const std::vector<std::string_view>& segments) {
  const bool takes_rest = pattern.back() == "{F}";
  const size_t fixed = pattern.size() - (takes_rest ? 1 : 0);
  if (takes_rest ? segments.size() < fixed : segments.size() != fixed) return false;
  for (size_t i = 0; i < fixed; ++i) {
    const bool any = pattern[i].starts_with('{');
    if (any ? segments[i].empty() : segments[i] != pattern[i]) return false;
  }
  return true;
}

absl::Status Decode(std::string_view raw, std::string* value) {
  const auto decoded = PercentDecode(raw, false);
  if (!decoded.has_value()) {
    return MakeError(Code::kParamInvalid, "the path has a % without two hexadecimal digits");
  }
  *value = *decoded;
  return absl::OkStatus();
}

// Slashes in {F} are those of the path, escaped or not.
absl::Status Fill(const std::vector<std::string_view>& pattern,
                  const std::vector<std::string_view>& segments, std::string_view path,
                  Call* call) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view segment = i < segments.size() ? segments[i] : std::string_view();
    if (pattern[i] == "{L}") HTTPD_RETURN_IF_ERROR(Decode(segment, &call->library));
    if (pattern[i] == "{P}") HTTPD_RETURN_IF_ERROR(Decode(segment, &call->space));
    if (pattern[i] == "{I}") HTTPD_RETURN_IF_ERROR(Decode(segment, &call->id));
    if (pattern[i] == "{F}" && i < segments.size()) {
      const std::string_view rest = path.substr(static_cast<size_t>(segment.data() - path.data()));
      HTTPD_RETURN_IF_ERROR(Decode(rest, &call->path));
    }
  }
  return absl::OkStatus();
}

absl::Status TooLarge() {
  return MakeError(Code::kRequestEntityTooLarge, "a JSON body may have 1 MiB; send less at once");
}

// Of a body of at most kMaxJsonBytes, however it drips.
constexpr std::chrono::seconds kMaxBodyTime{30};

absl::StatusOr<std::string> ReadBody(BodyReader& body) {
  if (body.length().value_or(0) > kMaxJsonBytes) return TooLarge();
  std::string text(std::min<uint64_t>(body.length().value_or(4096), kMaxJsonBytes) + 1, '\0');
  size_t size = 0;
  const auto until = std::chrono::steady_clock::now() + kMaxBodyTime;
  while (true) {
    HTTPD_ASSIGN_OR_RETURN(const size_t n, body.Read(text.data() + size, text.size() - size));
    if (n == 0) break;
    if (std::chrono::steady_clock::now() > until) {
      return MakeError(Code::kParamInvalid, "the body of the request came too slowly");
    }
    size += n;
    if (size > kMaxJsonBytes) return TooLarge();
    if (size == text.size()) text.resize(std::min(size * 2, kMaxJsonBytes + 1));
  }
  text.resize(size);
  return text;
}

absl::Status ParseBody(Call* call) {
  HTTPD_ASSIGN_OR_RETURN(const std::string text, ReadBody(*call->request.body));
  if (text.empty()) return absl::OkStatus();
  auto json = ParseJson(text);
  if (!json.has_value()) {
    return MakeError(Code::kParamInvalid,
                     "the body is not JSON in valid UTF-8, or is nested too deep");
  }
  call->json = *std::move(json);
  if (call->json.is_object()) call->body = Fields(call->json);
  return absl::OkStatus();
}

// The one whose flag the query has, or else whose key the body has, or else that asks for neither.
const Route* Choose(const std::vector<const Route*>& routes, const Call& call) {
  const Route *of_key = nullptr, *of_none = nullptr;
  for (const Route* const route : routes) {
    const std::string flag(route->flag), key(route->key);
    if (!flag.empty() && call.query.Has(flag)) return route;
    if (!flag.empty()) continue;
    const bool any = key.empty() || key == kArrayBody;
    if (any && of_none == nullptr) of_none = route;
    if (!any && of_key == nullptr && call.body.Has(key)) of_key = route;
  }
  return of_key != nullptr ? of_key : of_none;
}

absl::Status CheckShape(const Route& route, const Call& call) {
  const bool array = route.key == std::string_view(kArrayBody);
  if (array ? call.json.is_array() : call.json.is_object()) return absl::OkStatus();
  return MakeError(Code::kParamInvalid,
                   array ? "a JSON array is needed here" : "a JSON object is needed here");
}

absl::Status NoRoute(const Request& request) {
  return MakeError(Code::kRouteNotFound,
                   request.method + " has nothing at this address; see the list of routes");
}

Response ErrorAnswer(const absl::Status& status, const Request& request) {
  const Code code = CodeOf(status);
  return Answer(CodeHttpStatus(code), {{"code", std::string(CodeName(code))},
                                       {"message", std::string(status.message())},
                                       {"requestId", request.id}});
}

Response Preflight() {
  Response response = NoContent();
  response.headers = {{"access-control-allow-methods", "GET, HEAD, PUT, POST, DELETE, OPTIONS"},
                      {"access-control-allow-headers", std::string(kAllowedHeaders)},
                      {"access-control-max-age", "86400"}};
  return response;
}

}  // namespace

Router::Router(App& app) : app_(app) {
  for (const auto routes : ApiRoutes()) Add(routes, &api_);
  for (const auto routes : ByteRoutes()) Add(routes, &bytes_);
}

void Router::Add(std::span<const Route> routes, std::vector<Candidate>* to) {
  for (const Route& route : routes) to->push_back({&route, Segments(route.pattern)});
}

absl::StatusOr<std::vector<const Route*>> Router::Match(const std::vector<Candidate>& candidates,
                                                        std::string_view path, Call* call) const {
  const std::vector<std::string_view> segments = Segments(path);
  std::vector<const Route*> routes;
  std::string_view pattern;
  for (const Candidate& candidate : candidates) {
    const Route& route = *candidate.route;
    if (call->request.method != route.method || !Fits(candidate.pattern, segments)) continue;
    if (routes.empty()) {
      pattern = route.pattern;
      HTTPD_RETURN_IF_ERROR(Fill(candidate.pattern, segments, path, call));
    }
    if (route.pattern == pattern) routes.push_back(&route);
  }
  if (routes.empty()) return NoRoute(call->request);
  return routes;
}

absl::StatusOr<Response> Router::Find(Request& request) const {
  Call call(app_, request);
  const std::string_view target = request.target;
  const size_t question = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, question);
  if (!path.starts_with('/')) return NoRoute(request);
  if (!call.query.Parse(target.substr(std::min(question + 1, target.size())))) {
    return MakeError(Code::kParamInvalid, "the query has a % without two hexadecimal digits");
  }
  const bool api = path.starts_with(kApi);
  HTTPD_ASSIGN_OR_RETURN(const auto routes, api ? Match(api_, path.substr(kApi.size()), &call)
                                                : Match(bytes_, path.substr(1), &call));
  if (api) HTTPD_RETURN_IF_ERROR(ParseBody(&call));
  const Route* const route = Choose(routes, call);
  if (route == nullptr) return NoRoute(request);
  if (api) HTTPD_RETURN_IF_ERROR(CheckShape(*route, call));
  return route->handle(call);
}

Response Router::Handle(Request& request) const {
  Response response;
  if (request.method == "OPTIONS") {
    response = Preflight();
  } else {
    absl::StatusOr<Response> found;
    try {
      found = Find(request);
    } catch (const std::exception& error) {
      found = MakeError(Code::kInternalServerError, error.what());
    }
    response = found.ok() ? *std::move(found) : ErrorAnswer(found.status(), request);
  }
  response.headers.emplace_back("x-request-id", request.id);
  response.headers.emplace_back("access-control-allow-origin", "*");
  response.headers.emplace_back("access-control-expose-headers", kExposedHeaders);
  return response;
}

}  // namespace marcot::httpd

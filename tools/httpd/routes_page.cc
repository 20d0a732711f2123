// The web page: a client of the other routes that the server has along.
#include <algorithm>

#include "marcot/error.h"
#include "page_files.h"
#include "ranges.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// Nothing but the page's own files runs or is asked, and nobody frames it.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

absl::StatusOr<Response> Serve(Call& call, std::string_view name) {
  const auto files = PageFiles();
  const auto file = std::ranges::find(files, name, &PageFile::name);
  if (file == files.end()) {
    return MakeError(Code::kRouteNotFound,
                     "the page has no file " + std::string(name) + "; open / for the page");
  }
  Response response;
  response.headers = {{"etag", std::string(file->etag)},
                      {"cache-control", "no-cache"},  // kept, but asked for each time
                      {"content-security-policy", kPolicy},
                      {"x-content-type-options", "nosniff"},
                      {"referrer-policy", "no-referrer"}};
  if (ClientHas(call.request, file->etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("content-type", ContentTypeOf(file->name) + "; charset=utf-8");
  response.body = file->bytes;
  return response;
}

absl::StatusOr<Response> Index(Call& call) { return Serve(call, "index.html"); }
absl::StatusOr<Response> File(Call& call) { return Serve(call, call.id); }

constexpr Route kRoutes[] = {
    {"GET", "", "", "", Index},
    {"HEAD", "", "", "", Index},
    {"GET", "page/{I}", "", "", File},
    {"HEAD", "page/{I}", "", "", File},
};

}  // namespace

std::span<const Route> PageRoutes() { return kRoutes; }

}  // namespace marcot::httpd

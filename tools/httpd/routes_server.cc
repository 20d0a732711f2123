// What watches the server asks.
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

absl::StatusOr<Response> Metrics(Call& call) {
  Response response;
  response.headers = {{"content-type", "text/plain; version=0.0.4"}};
  response.body = PrometheusText(call.app.store.GetMetrics());
  return response;
}

// Well while the store takes writes.
absl::StatusOr<Response> Health(Call& call) {
  const bool read_only = call.app.store.GetMetrics().read_only;
  return Answer(read_only ? 503 : 200, {{"status", read_only ? "read-only" : "ok"}});
}

constexpr Route kRoutes[] = {
    {"GET", "metrics", "", "", Metrics},
    {"GET", "healthz", "", "", Health},
    {"HEAD", "healthz", "", "", Health},
};

}  // namespace

std::span<const Route> ServerRoutes() { return kRoutes; }

}  // namespace marcot::httpd

// A server of HTTP/1.1: a thread for each connection, up to a bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "connection.h"
#include "http.h"

namespace marcot::httpd {

struct ServerOptions {
  std::string host = "127.0.0.1";  // an IPv4 address
  uint16_t port = 0;               // 0: a free one
  size_t max_connections = 256;    // those past it are answered 429
  Limits limits;
  // When asked to stop: how long requests under way may take before they are cut off.
  std::chrono::milliseconds stop_timeout{10'000};
};

class Server {
 public:
  // InternalServerError: the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const ServerOptions& options, Handle handle,
                                                        AccessLog log);
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  // Serves until Stop is called and what was under way has ended.
  virtual void Run() = 0;
  // From any thread, and from signal handlers.
  virtual void Stop() = 0;
};

}  // namespace marcot::httpd

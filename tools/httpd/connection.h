// One connection: reads requests, has them handled, writes the answers, one after the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "http.h"

namespace marcot::httpd {

struct Limits {
  uint32_t header_bytes = 64u << 10;  // the request line included
  size_t target_bytes = 52u << 10;    // a path of 16 KiB, each byte as %XX, and a query
  std::chrono::milliseconds header_timeout{30'000};  // for all of it
  std::chrono::milliseconds idle_timeout{60'000};    // until the next request begins
  std::chrono::milliseconds io_timeout{30'000};      // for each piece read or written
};

// Told of each answer.
using AccessLog =
    std::function<void(const Request&, int status, uint64_t bytes, std::chrono::microseconds took)>;

// What a connection asks the server that it belongs to.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Whether the connection may wait for another request; while it does, it can be closed.
  virtual bool BeginIdle(int fd) = 0;
  // Whether to keep the connection open behind the answer to this request.
  virtual bool EndIdle(int fd) = 0;
};

// Returns once the connection has ended; the caller closes it.
void ServeConnection(int fd, const std::string& peer, const Limits& limits, const Handle& handle,
                     const AccessLog& log, ConnectionOwner& owner);

// An answer to a client that is not served at all, with the code and message of the contract.
std::string RefusalText(int status, const std::string& code, const std::string& message);

}  // namespace marcot::httpd

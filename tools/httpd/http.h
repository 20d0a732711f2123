// HTTP as the handlers see it; the server (server.h) and its library are behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/content.h"

namespace marcot::httpd {

// The body of a request, read as it comes.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Bytes that the client announced; nothing: it did not say.
  virtual std::optional<uint64_t> length() const = 0;
  // Fills up to `capacity` bytes; 0 is the end. UploadIncomplete where the client went away, waited
  // too long or broke the protocol.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t capacity) = 0;
};

struct Request {
  std::string_view Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : found->second;
  }

  std::string id;                              // in logs and answers
  std::string peer;                            // address of the client
  std::string method;                          // GET
  std::string target;                          // as it was sent: path and query, not decoded
  std::map<std::string, std::string> headers;  // by name in lower case
  BodyReader* body = nullptr;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // In place of a body: gives `length` bytes piece by piece.
  std::function<absl::Status(const ByteSink&)> stream;
  uint64_t length = 0;
};

using Handle = std::function<Response(Request&)>;

}  // namespace marcot::httpd

#include "connection.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <ctime>
#include <optional>
#include <random>

#include "boost/asio/error.hpp"
#include "boost/beast/core/flat_buffer.hpp"
#include "boost/beast/http.hpp"
#include "marcot/error.h"
#include "socket_stream.h"

namespace marcot::httpd {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Parser = http::request_parser<http::buffer_body>;

// What is left unread of a body is read away up to here, so that the connection can go on.
constexpr uint64_t kMaxSkippedBytes = 64u << 10;

std::string NewRequestId() {
  static const uint64_t start = std::random_device()() | (uint64_t{std::random_device()()} << 32);
  static std::atomic<uint64_t> count{0};
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%016llx-%llx", static_cast<unsigned long long>(start),
                static_cast<unsigned long long>(++count));
  return text.data();
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text;
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

std::string StatusLine(int status) {
  std::string line = "HTTP/1.1 " + std::to_string(status) + " ";
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  line.append(reason.data(), reason.size());
  return line + "\r\n";
}

void AddHeader(std::string* text, const std::string& name, std::string value) {
  // No value of ours has them; one that did would begin another header.
  std::erase_if(value, [](char c) { return c == '\r' || c == '\n'; });
  *text += name + ": " + value + "\r\n";
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

struct Refusal {
  int status;
  const char *code, *message;
};

Refusal RefusalOf(const ErrorCode& error) {
  if (error == http::error::header_limit) {
    return {431, "ParamInvalid", "the header of the request is too large"};
  }
  if (error == boost::asio::error::timed_out) {
    return {408, "ParamInvalid", "the header of the request did not come in time"};
  }
  return {400, "ParamInvalid", "the request is not HTTP/1.1"};
}

class Connection final : public BodyReader {
 public:
  Connection(int fd, const std::string& peer, const Limits& limits, const Handle& handle,
             const AccessLog& log, ConnectionOwner& owner)
      : fd_(fd), stream_(fd), limits_(limits), handle_(handle), log_(log), owner_(owner) {
    request_.peer = peer;
    request_.body = this;
  }

  void Serve() {
    while (AwaitRequest() && ReadHeader() && ServeRequest()) {
    }
    stream_.Linger();
  }

  std::optional<uint64_t> length() const override {
    const auto length = parser_->content_length();
    if (length.has_value()) return *length;
    if (parser_->chunked()) return std::nullopt;
    return 0;
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override;

 private:
  bool AwaitRequest();
  bool ReadHeader();
  bool Refuse(const Refusal& refusal);
  bool ServeRequest();
  bool SkipBody();
  bool Send(const Response& response);

  const int fd_;
  SocketStream stream_;
  const Limits& limits_;
  const Handle& handle_;
  const AccessLog& log_;
  ConnectionOwner& owner_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the request under way
  bool expects_continue_ = false;
  bool body_failed_ = false;
  bool keep_alive_ = false;
  uint64_t sent_ = 0;  // bytes of the body of this answer
  Request request_;
};

bool Connection::AwaitRequest() {
  if (!owner_.BeginIdle(fd_)) return false;
  stream_.SetTimeout(limits_.idle_timeout);
  const bool come = buffer_.size() > 0 || stream_.WaitReadable();
  keep_alive_ = owner_.EndIdle(fd_);
  return come;
}

bool Connection::ReadHeader() {
  parser_.emplace();
  parser_->header_limit(limits_.header_bytes);
  parser_->body_limit(UINT64_MAX);  // what takes the body knows how long it may be
  body_failed_ = false;
  sent_ = 0;
  request_.id = NewRequestId();
  request_.method.clear();
  request_.target.clear();
  request_.headers.clear();
  stream_.SetTimeout(limits_.header_timeout);
  ErrorCode error;
  http::read_header(stream_, buffer_, *parser_, error);
  if (error == http::error::end_of_stream) return false;
  if (error) return Refuse(RefusalOf(error));
  const auto& head = parser_->get();
  request_.method = std::string(head.method_string());
  request_.target = std::string(head.target());
  for (const auto& field : head) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    request_.headers.try_emplace(std::move(name), std::string(field.value()));
  }
  keep_alive_ = keep_alive_ && head.keep_alive();
  expects_continue_ = boost::beast::iequals(head[http::field::expect], "100-continue");
  if (request_.target.size() <= limits_.target_bytes) return true;
  return Refuse({414, "ParamInvalid", "the path and query of the request are too long"});
}

bool Connection::Refuse(const Refusal& refusal) {
  stream_.SetTimeout(limits_.io_timeout);
  stream_.Write(RefusalText(refusal.status, refusal.code, refusal.message));
  log_(request_, refusal.status, 0, {});
  return false;
}

absl::StatusOr<size_t> Connection::Read(char* buffer, size_t capacity) {
  if (expects_continue_) {
    expects_continue_ = false;
    stream_.SetTimeout(limits_.io_timeout);
    body_failed_ = !stream_.Write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  ErrorCode error;
  while (!parser_->is_done() && !body_failed_) {
    auto& body = parser_->get().body();
    body.data = buffer;
    body.size = capacity;
    body.more = true;
    stream_.SetTimeout(limits_.io_timeout);
    http::read_some(stream_, buffer_, *parser_, error);
    if (error == http::error::need_buffer) error = {};
    body_failed_ = static_cast<bool>(error);
    const size_t got = capacity - body.size;
    if (got > 0 && !body_failed_) return got;
  }
  if (!body_failed_) return 0;
  return MakeError(Code::kUploadIncomplete,
                   "the body of the request is not whole; send it again: " + error.message());
}

bool Connection::SkipBody() {
  if (parser_->is_done()) return true;
  const auto left = parser_->content_length_remaining();
  if (body_failed_ || expects_continue_ || !left.has_value() || *left > kMaxSkippedBytes) {
    return false;
  }
  std::array<char, 4096> dropped;
  const auto until = SocketStream::Clock::now() + limits_.io_timeout;
  while (!parser_->is_done()) {
    if (SocketStream::Clock::now() > until) return false;
    if (!Read(dropped.data(), dropped.size()).ok()) return false;
  }
  return true;
}

bool Connection::ServeRequest() {
  const auto start = SocketStream::Clock::now();
  const Response response = handle_(request_);
  if (!SkipBody()) keep_alive_ = false;
  const bool sent = Send(response);
  const auto took = SocketStream::Clock::now() - start;
  log_(request_, response.status, sent_,
       std::chrono::duration_cast<std::chrono::microseconds>(took));
  return sent && keep_alive_;
}

bool Connection::Send(const Response& response) {
  const bool streamed = response.stream != nullptr;
  std::string text = StatusLine(response.status);
  for (const auto& [name, value] : response.headers) AddHeader(&text, name, value);
  AddHeader(&text, "date", HttpDate());
  if (HasBody(response.status)) {
    AddHeader(&text, "content-length",
              std::to_string(streamed ? response.length : response.body.size()));
  }
  AddHeader(&text, "connection", keep_alive_ ? "keep-alive" : "close");
  text += "\r\n";
  const bool with_body = HasBody(response.status) && request_.method != "HEAD";
  if (with_body && !streamed) {
    text += response.body;
    sent_ = response.body.size();
  }
  stream_.SetTimeout(limits_.io_timeout);
  if (!stream_.Write(text)) return false;
  if (!with_body || !streamed) return true;
  const absl::Status status = response.stream([this](std::string_view piece) {
    stream_.SetTimeout(limits_.io_timeout);
    sent_ += piece.size();
    return stream_.Write(piece) ? absl::OkStatus() : absl::AbortedError("the client went away");
  });
  return status.ok() && sent_ == response.length;
}

}  // namespace

std::string RefusalText(int status, const std::string& code, const std::string& message) {
  const std::string id = NewRequestId();
  const std::string body =
      "{\"code\":\"" + code + "\",\"message\":\"" + message + "\",\"requestId\":\"" + id + "\"}";
  std::string text = StatusLine(status);
  AddHeader(&text, "content-type", "application/json");
  AddHeader(&text, "access-control-allow-origin", "*");
  AddHeader(&text, "x-request-id", id);
  AddHeader(&text, "content-length", std::to_string(body.size()));
  AddHeader(&text, "connection", "close");
  return text + "\r\n" + body;
}

void ServeConnection(int fd, const std::string& peer, const Limits& limits, const Handle& handle,
                     const AccessLog& log, ConnectionOwner& owner) {
  Connection(fd, peer, limits, handle, log, owner).Serve();
}

}  // namespace marcot::httpd

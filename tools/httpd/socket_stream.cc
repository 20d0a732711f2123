#include "socket_stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "boost/asio/error.hpp"

namespace marcot::httpd {
namespace {

// A client that is refused while it sends a part, or a small file, should come to read the answer.
constexpr std::chrono::seconds kLinger{5};
constexpr size_t kMaxLingerBytes = 40u << 20;

boost::system::error_code SystemError() { return {errno, boost::system::system_category()}; }

}  // namespace

bool SocketStream::Wait(short events) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{fd_, events, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 1'000'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SocketStream::WaitReadable() { return Wait(POLLIN); }

size_t SocketStream::Read(char* buffer, size_t capacity, boost::system::error_code& error) {
  error = {};
  while (true) {
    const ssize_t n = recv(fd_, buffer, capacity, MSG_DONTWAIT);
    if (n > 0) return static_cast<size_t>(n);
    if (n == 0) {
      error = boost::asio::error::eof;
    } else if (errno == EINTR) {
      continue;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (WaitReadable()) continue;
      error = boost::asio::error::timed_out;
    } else {
      error = SystemError();
    }
    return 0;
  }
}

bool SocketStream::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!Wait(POLLOUT)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

void SocketStream::Linger() {
  shutdown(fd_, SHUT_WR);
  SetTimeout(kLinger);
  std::array<char, 16384> dropped;
  boost::system::error_code error;
  for (size_t total = 0; total < kMaxLingerBytes;) {
    total += Read(dropped.data(), dropped.size(), error);
    if (error) return;
  }
}

}  // namespace marcot::httpd

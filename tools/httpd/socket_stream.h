// A connected socket whose reads and writes give up at a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "boost/asio/buffer.hpp"
#include "boost/system/error_code.hpp"
#include "boost/system/system_error.hpp"

namespace marcot::httpd {

// Boost.Beast reads from it (its SyncReadStream). Not thread-safe.
class SocketStream {
 public:
  using Clock = std::chrono::steady_clock;

  explicit SocketStream(int fd) : fd_(fd) {}  // does not own it

  // Of all that follows, until the next call.
  void SetTimeout(Clock::duration timeout) { deadline_ = Clock::now() + timeout; }

  // Whether bytes, or the end, can be read before the deadline.
  bool WaitReadable();
  // Bytes read; 0 with an error: asio's eof, timed_out, or the system's.
  size_t Read(char* buffer, size_t capacity, boost::system::error_code& error);
  // False: not all of it could be written.
  bool Write(std::string_view bytes);
  // Says that no more comes, and reads away for a moment what the client still sends: closing a
  // socket that has bytes unread would take the answer back.
  void Linger();

  template <class Buffers>
  size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    for (auto at = boost::asio::buffer_sequence_begin(buffers);
         at != boost::asio::buffer_sequence_end(buffers); ++at) {
      const boost::asio::mutable_buffer buffer = *at;
      if (buffer.size() == 0) continue;
      return Read(static_cast<char*>(buffer.data()), buffer.size(), error);
    }
    error = {};
    return 0;
  }
  template <class Buffers>
  size_t read_some(const Buffers& buffers) {
    boost::system::error_code error;
    const size_t n = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return n;
  }

 private:
  bool Wait(short events);

  const int fd_;
  Clock::time_point deadline_;
};

}  // namespace marcot::httpd

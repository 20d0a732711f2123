#include "server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "marcot/error.h"

namespace marcot::httpd {
namespace {

using Clock = std::chrono::steady_clock;

// Sockets that were refused, and are open a moment longer so that the client reads why.
constexpr size_t kMaxRefused = 64;
constexpr std::chrono::milliseconds kRefusedStay{500};
// How long accepting rests when the process has no descriptor or thread left.
constexpr std::chrono::milliseconds kRest{50};

absl::Status SystemFailure(const std::string& what) {
  return MakeError(Code::kInternalServerError, what + ": " + std::strerror(errno));
}

// A descriptor that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void Reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

class ServerImpl final : public Server, private ConnectionOwner {
 public:
  ServerImpl(const ServerOptions& options, Handle handle, AccessLog log)
      : options_(options),
        handle_(std::move(handle)),
        log_(std::move(log)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  absl::Status Open();
  uint16_t port() const override { return port_; }
  void Run() override;
  void Stop() override {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof one);
  }

 private:
  struct Refused {
    int fd;
    Clock::time_point until;
  };

  bool BeginIdle(int fd) override;
  bool EndIdle(int fd) override;

  void Accept();
  void Begin(int fd, const std::string& peer);
  void End(int fd);
  void Refuse(int fd);
  void CloseRefused();
  void Drain();

  const ServerOptions options_;
  const Handle handle_;
  const AccessLog log_;
  Descriptor listener_;
  const Descriptor stop_;
  uint16_t port_ = 0;
  std::deque<Refused> refused_;  // of the accepting thread

  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<int, bool> connections_;  // by descriptor: whether it waits for a request
  bool stopping_ = false;
};

absl::Status ServerImpl::Open() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.port);
  if (inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) {
    return MakeError(Code::kParamInvalid,
                     options_.host + " is no IPv4 address; listen on 127.0.0.1:PORT, say");
  }
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  const bool ok = listener_.get() >= 0 && stop_.get() >= 0 &&
                  bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  listen(listener_.get(), SOMAXCONN) == 0 &&
                  getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!ok) return SystemFailure("listening on " + options_.host);
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

void ServerImpl::Run() {
  std::array<pollfd, 2> wait{{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
  while (true) {
    const int timeout = refused_.empty() ? -1 : static_cast<int>(kRefusedStay.count());
    const int ready = poll(wait.data(), wait.size(), timeout);
    if (ready > 0 && wait[0].revents != 0) break;
    if (ready > 0 && wait[1].revents != 0) Accept();
    CloseRefused();
  }
  listener_.Reset();
  Drain();
}

void ServerImpl::Accept() {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  const int fd =
      accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) std::this_thread::sleep_for(kRest);
    return;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
  Begin(fd, text.data());
}

void ServerImpl::Begin(int fd, const std::string& peer) {
  {
    const std::lock_guard lock(mutex_);
    if (connections_.size() < options_.max_connections) connections_[fd] = false;
    if (connections_.count(fd) == 0) return Refuse(fd);
  }
  try {
    std::thread([this, fd, peer] {
      try {
        ServeConnection(fd, peer, options_.limits, handle_, log_, *this);
      } catch (const std::exception&) {
        // Out of memory for the connection's own needs: it ends, the others go on.
      }
      End(fd);
    }).detach();
  } catch (const std::system_error&) {
    End(fd);
    std::this_thread::sleep_for(kRest);
  }
}

void ServerImpl::End(int fd) {
  const std::lock_guard lock(mutex_);
  connections_.erase(fd);
  close(fd);
  ended_.notify_all();
}

void ServerImpl::Refuse(int fd) {
  if (refused_.size() >= kMaxRefused) {
    close(fd);
    return;
  }
  const std::string text = RefusalText(429, "RateLimitExceeded",
                                       "the server has as many connections as it takes; try later");
  [[maybe_unused]] const ssize_t sent =
      send(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  refused_.push_back({fd, Clock::now() + kRefusedStay});
}

void ServerImpl::CloseRefused() {
  while (!refused_.empty() && refused_.front().until <= Clock::now()) {
    close(refused_.front().fd);
    refused_.pop_front();
  }
}

bool ServerImpl::BeginIdle(int fd) {
  const std::lock_guard lock(mutex_);
  connections_[fd] = true;
  return !stopping_;
}

bool ServerImpl::EndIdle(int fd) {
  const std::lock_guard lock(mutex_);
  connections_[fd] = false;
  return !stopping_;
}

void ServerImpl::Drain() {
  for (const Refused& refused : refused_) close(refused.fd);
  std::unique_lock lock(mutex_);
  stopping_ = true;
  for (const auto& [fd, idle] : connections_) {
    if (idle) shutdown(fd, SHUT_RD);
  }
  const auto none = [this] { return connections_.empty(); };
  if (ended_.wait_for(lock, options_.stop_timeout, none)) return;
  for (const auto& [fd, idle] : connections_) shutdown(fd, SHUT_RDWR);
  ended_.wait(lock, none);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(const ServerOptions& options, Handle handle,
                                                       AccessLog log) {
  auto server = std::make_unique<ServerImpl>(options, std::move(handle), std::move(log));
  if (absl::Status status = server->Open(); !status.ok()) return status;
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace marcot::httpd

// marcot-httpd: the service's REST routes over a store.
//
//   marcot-httpd --store DIR --listen 127.0.0.1:PORT --library ID --secret S
//
// Prints `listening on HOST:PORT` once it serves. SIGTERM and SIGINT stop it: requests under way
// end, the store closes. Exit 0: stopped. Exit 1: it could not start, with one line `CODE: message`
// on standard error. Exit 2: wrong usage.
#include <cctype>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string>

#include "CLI/CLI.hpp"
#include "marcot/error.h"
#include "marcot/marcot.hpp"
#include "router.h"
#include "server.h"
#include "status_macros.h"
#include "text.h"

namespace marcot::httpd {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::string store, listen = "127.0.0.1:0", library, secret;
  std::string public_url, access_log = "-";
  size_t max_connections = ServerOptions().max_connections;
  uint32_t idle_seconds = 60, io_seconds = 30, stop_seconds = 10;
};

void AddOptions(CLI::App& app, Options& options) {
  app.description("Serves a store of Marcot over HTTP.");
  app.add_option("--store", options.store, "Folder of the store; made if it is missing")
      ->required();
  app.add_option("--listen", options.listen, "HOST:PORT to listen on; port 0: a free one")
      ->capture_default_str();
  app.add_option("--library", options.library, "Library to serve; made if it is missing")
      ->required();
  app.add_option("--secret", options.secret, "Secret of the library, from which tokens are issued")
      ->required()
      ->envname("MARCOT_SECRET");
  app.add_option("--public-url", options.public_url,
                 "How clients reach the server, http://HOST:PORT; unless given, as they did");
  app.add_option("--access-log", options.access_log,
                 "File that gets a line for each request; -: standard output")
      ->capture_default_str();
  app.add_option("--max-connections", options.max_connections,
                 "Connections at once; those past it are answered 429")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  app.add_option("--idle-timeout", options.idle_seconds, "Seconds that a connection may be idle")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_option("--io-timeout", options.io_seconds,
                 "Seconds that a client may stay silent, and take for a header")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app.add_option("--stop-timeout", options.stop_seconds,
                 "Seconds that requests under way get when the server is stopped")
      ->check(CLI::Range(0, 86400))
      ->capture_default_str();
}

// ---- access log

// The path and the names in the query: their values may be secret, as is what stands for a token in
// a path.
std::string Loggable(const std::string& target) {
  const size_t question = std::min(target.find('?'), target.size());
  std::string out = target.substr(0, question);
  for (const char* const secret : {"/api/v1/token/", "/upload/"}) {
    if (out.starts_with(secret)) out = std::string(secret) + "..";
  }
  // A confirm key lets who knows it send the bytes.
  constexpr size_t kKeyChars = 48;
  const size_t last = out.rfind('/') + 1;
  if (out.size() - last == kKeyChars &&
      out.find_first_not_of("0123456789abcdef", last) == std::string::npos) {
    out.replace(last, kKeyChars, "..");
  }
  char separator = '?';
  for (const std::string& pair : Split(std::string_view(target).substr(question), '&')) {
    out += separator;
    const size_t begin = separator == '?' ? 1 : 0;
    out += pair.substr(begin, pair.find('=') - begin);
    separator = '&';
  }
  for (char& c : out) {
    if (std::isprint(static_cast<unsigned char>(c)) == 0) c = '?';
  }
  return out;
}

class LogFile {
 public:
  absl::Status Open(const std::string& name) {
    if (name == "-") return absl::OkStatus();
    file_ = std::fopen(name.c_str(), "ae");
    if (file_ != nullptr) return absl::OkStatus();
    return MakeError(Code::kParamInvalid, name + " cannot be written; name another access log");
  }
  ~LogFile() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }

  void Write(const Request& request, int status, uint64_t bytes, std::chrono::microseconds took) {
    const std::string target = Loggable(request.target);
    const std::lock_guard lock(mutex_);
    std::fprintf(file_, "%s %s %s %s %d %llu %lldus %s\n", IsoTime(NowMs()).c_str(),
                 request.peer.c_str(), request.method.empty() ? "-" : request.method.c_str(),
                 target.empty() ? "-" : target.c_str(), status,
                 static_cast<unsigned long long>(bytes), static_cast<long long>(took.count()),
                 request.id.c_str());
    std::fflush(file_);
  }

 private:
  std::mutex mutex_;
  std::FILE* file_ = stdout;
};

// ---- serving

absl::Status ParseListen(const std::string& text, ServerOptions* options) {
  const size_t colon = text.rfind(':');
  const auto port = ParseNumber(colon == std::string::npos ? "" : text.substr(colon + 1));
  if (!port.has_value() || *port > 65535) {
    return MakeError(Code::kParamInvalid, text + " is not HOST:PORT; 127.0.0.1:8080, say");
  }
  options->host = text.substr(0, colon);
  options->port = static_cast<uint16_t>(*port);
  return absl::OkStatus();
}

absl::Status PrepareLibrary(Store& store, Service& service, const Options& options) {
  const absl::Status made = store.CreateLibrary(options.library);
  const Code code = CodeOf(made);
  if (!made.ok() && code != Code::kDuplicateLibrary) return made;
  const auto space = store.CreateSpace(options.library, "-");
  if (!space.ok() && CodeOf(space.status()) != Code::kDuplicateSpace) return space.status();
  return service.tokens().SetLibrarySecret(options.library, options.secret);
}

Server* running = nullptr;  // for the signal handlers

void StopRunning(int) { running->Stop(); }

absl::Status Serve(const Options& options) {
  ServerOptions server_options;
  HTTPD_RETURN_IF_ERROR(ParseListen(options.listen, &server_options));
  server_options.max_connections = options.max_connections;
  server_options.limits.idle_timeout = std::chrono::seconds(options.idle_seconds);
  server_options.limits.io_timeout = std::chrono::seconds(options.io_seconds);
  server_options.limits.header_timeout = server_options.limits.io_timeout;
  server_options.stop_timeout = std::chrono::seconds(options.stop_seconds);
  LogFile log;
  HTTPD_RETURN_IF_ERROR(log.Open(options.access_log));

  StoreOptions store_options;
  store_options.create_if_missing = true;
  HTTPD_ASSIGN_OR_RETURN(const auto store, Store::Open(options.store, store_options));
  HTTPD_ASSIGN_OR_RETURN(const auto service, Service::Open(*store));
  HTTPD_RETURN_IF_ERROR(PrepareLibrary(*store, *service, options));
  const UrlSigner signer(options.secret);
  App app{*store, *service, signer, options.public_url};
  const Router router(app);
  HTTPD_ASSIGN_OR_RETURN(
      const auto server,
      Server::Listen(
          server_options, [&router](Request& request) { return router.Handle(request); },
          [&log](const Request& request, int status, uint64_t bytes,
                 std::chrono::microseconds took) { log.Write(request, status, bytes, took); }));
  running = server.get();
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go
  std::signal(SIGTERM, StopRunning);
  std::signal(SIGINT, StopRunning);
  std::printf("listening on %s:%d\n", server_options.host.c_str(), server->port());
  std::fflush(stdout);
  server->Run();
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  return absl::OkStatus();
}

int Run(int argc, char** argv) {
  Options options;
  CLI::App app;
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const absl::Status status = Serve(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(CodeName(CodeOf(status))).c_str(),
               std::string(status.message()).c_str());
  return kExitFailure;
}

}  // namespace
}  // namespace marcot::httpd

int main(int argc, char** argv) {
  // Marcot throws nothing; what the libraries beside it throw must not end in an abort.
  try {
    return marcot::httpd::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "InternalServerError: %s\n", error.what());
    return 1;
  }
}

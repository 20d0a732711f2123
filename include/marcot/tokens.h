// Access tokens: what a client shows a server in place of the library's secret. A token stands for
// a session (marcot/access.h). It lives for its period, and each use begins the period anew.
//
// Neither tokens nor secrets are stored, only their hashes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/access.h"

namespace marcot {

inline constexpr uint32_t kDefaultTokenPeriodS = 86'400;
inline constexpr uint32_t kMinTokenPeriodS = 300;
inline constexpr uint32_t kMaxTokenPeriodS = 315'360'000;
inline constexpr size_t kMaxTokenSpaces = 1000;
inline constexpr size_t kMaxRevokedIds = 100;

// What a token is issued for; the session that it will stand for.
struct TokenRequest : SessionRequest {
  std::string secret;  // of the library
  uint32_t period_s = kDefaultTokenPeriodS;
};

struct IssuedToken {
  std::string token;  // URL-safe
  uint32_t expires_in_s = 0;
};

// Thread-safe. A token that is used, renewed and revoked at once is one or the other.
class Tokens {
 public:
  virtual ~Tokens() = default;

  // Takes the place of the one before; tokens that were issued stay. A library without one issues
  // none. 1..1024 bytes: ParamInvalid; choose it long and at random. LibraryNotFound.
  virtual absl::Status SetLibrarySecret(std::string_view library, std::string_view secret) = 0;

  // WrongLibraryIdOrSecret; ParamInvalid for a period out of range or more than kMaxTokenSpaces;
  // what Store::OpenSession answers. O(1), whatever a user has of them.
  virtual absl::StatusOr<IssuedToken> Issue(const TokenRequest& request) = 0;
  // The same token for its period more, as any use.
  virtual absl::StatusOr<IssuedToken> Renew(std::string_view library, std::string_view token) = 0;
  // Sessions that it opened are not closed: open one for each request.
  virtual absl::Status Revoke(std::string_view library, std::string_view token) = 0;
  // All tokens of a user (ParamInvalid: none is named), or those of these clients, of these
  // sessions, or of both; empty: of any. TooManyItems past kMaxRevokedIds of each. O(tokens of the
  // user) where clients or sessions are named, else O(1).
  virtual absl::Status RevokeOfUser(std::string_view library, std::string_view secret,
                                    std::string_view user, std::span<const std::string> clients,
                                    std::span<const std::string> sessions) = 0;

  // The session that a token stands for. EmptyAccessToken; InvalidAccessToken: it was never issued
  // by this library, was revoked, or has expired. `acting_user` becomes the session's user where
  // the token has `admin` and no user; else it is not looked at.
  //
  // Some microseconds, and a write once in an eighth of the period. A restart forgets the uses
  // since that write but counts them all: a token never expires early by it, and at most an eighth
  // of its period late.
  virtual absl::StatusOr<Session> Authenticate(std::string_view library, std::string_view token,
                                               std::string_view acting_user = {}) = 0;
  // A session of a backend, with `admin`. WrongLibraryIdOrSecret.
  virtual absl::StatusOr<Session> AuthenticateSecret(std::string_view library,
                                                     std::string_view secret,
                                                     std::string_view acting_user = {}) = 0;
};

}  // namespace marcot

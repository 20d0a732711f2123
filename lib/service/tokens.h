// Tokens on the shelf.
//
//   secrets/LIBRARY       salt and hash of a library's secret
//   tokens/USER/TOKEN     hash of a token, what it is for, and a time before which it may be used
//
// LIBRARY is the library's number: one of the same name that comes later is another. A token begins
// with USER, a hash of library and user, so what it shows is where it lies; TOKEN is part of its
// own hash.
//
// The time that is stored is at least that at which the token expires, and a use writes only where
// that would be no longer so: then an eighth of the period ahead. Memory has the exact time of
// those that were used last.
#pragma once

#include <shared_mutex>
#include <string>
#include <string_view>

#include "marcot/tokens.h"
#include "service/expiries.h"
#include "service/shelf.h"

namespace marcot::service {

class TokensImpl final : public Tokens {
 public:
  explicit TokensImpl(const Shelf& shelf) : shelf_(shelf) {}

  absl::Status SetLibrarySecret(std::string_view library, std::string_view secret) override;
  absl::StatusOr<IssuedToken> Issue(const TokenRequest& request) override;
  absl::StatusOr<IssuedToken> Renew(std::string_view library, std::string_view token) override;
  absl::Status Revoke(std::string_view library, std::string_view token) override;
  absl::Status RevokeOfUser(std::string_view library, std::string_view secret,
                            std::string_view user, std::span<const std::string> clients,
                            std::span<const std::string> sessions) override;
  absl::StatusOr<Session> Authenticate(std::string_view library, std::string_view token,
                                       std::string_view acting_user) override;
  absl::StatusOr<Session> AuthenticateSecret(std::string_view library, std::string_view secret,
                                             std::string_view acting_user) override;

  // Drops tokens that have expired, and secrets of libraries that are gone. O(tokens).
  absl::Status ExpireDue();

 private:
  struct Token {
    std::string path;
    Record record;
  };

  // The library's number. WrongLibraryIdOrSecret.
  absl::StatusOr<std::string> CheckSecret(std::string_view library, std::string_view secret) const;
  // A token that was issued by the library and is stored.
  absl::StatusOr<Token> Find(std::string_view library, std::string_view token) const;
  // InvalidAccessToken where it has expired; else it begins its period anew.
  absl::Status Use(Token& token);
  // Stores that it may be used before `expiry_ms`, and a little longer.
  absl::Status StoreExpiry(Token& token, int64_t expiry_ms);
  absl::StatusOr<Session> OpenSession(std::string_view library, const Record& record,
                                      std::string_view acting_user) const;
  absl::Status DeleteThose(const std::string& user, std::span<const std::string> clients,
                           std::span<const std::string> sessions) const;
  absl::StatusOr<std::vector<Stat>> TokensOf(const std::string& user,
                                             const std::string& after) const;
  absl::Status ExpireSecrets() const;
  absl::Status ExpireTokensOf(const std::string& user);
  absl::Status DropIfExpired(const std::string& path);
  absl::Status DropIfEmpty(const std::string& user);

  const Shelf& shelf_;
  Expiries expiries_;
  // Held alone by what looks whether something may go and lets it go, shared by what keeps it.
  std::shared_mutex keeping_;
};

}  // namespace marcot::service

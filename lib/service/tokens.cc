#include "service/tokens.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "service/random.h"
#include "service/secrets.h"

namespace marcot::service {
namespace {

constexpr size_t kUserChars = 16;                // of ShortHashOf
constexpr size_t kTokenChars = kUserChars + 64;  // and 256 random bits
constexpr size_t kMaxSecretBytes = 1024;
constexpr size_t kPage = 256;

absl::Status InvalidToken(std::string_view why) {
  return MakeError(Code::kInvalidAccessToken,
                   absl::StrCat("the access token ", std::string(why), "; ask for another"));
}

absl::Status WrongSecret(std::string_view library) {
  return MakeError(Code::kWrongLibraryIdOrSecret,
                   absl::StrCat("no library ", std::string(library),
                                " with this secret; SetLibrarySecret gives it one"));
}

// Also that it can be part of a path.
bool HasForm(std::string_view token) {
  return token.size() == kTokenChars && std::all_of(token.begin(), token.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

std::string FolderOf(const std::string& user) { return "tokens/" + user; }

absl::StatusOr<std::string> PathOf(std::string_view token) {
  MARCOT_ASSIGN_OR_RETURN(const std::string name, ShortHashOf(token));
  return absl::StrCat(FolderOf(std::string(token.substr(0, kUserChars))), "/", name);
}

// Where the tokens of a user of a library are.
absl::StatusOr<std::string> UserOf(const std::string& library, std::string_view user) {
  return ShortHashOf(absl::StrCat(library, "/", std::string(user)));
}

std::string SecretPath(const std::string& library) { return "secrets/" + library; }

int64_t PeriodMs(const Record& record) {
  return static_cast<int64_t>(NumberOf(record, "period_s")) * 1000;
}
int64_t ExpiryMs(const Record& record) {
  return static_cast<int64_t>(NumberOf(record, "expiry_ms"));
}

bool IsNamed(std::span<const std::string> ids, const std::string& id) {
  return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
}

absl::Status CheckRequest(const TokenRequest& request) {
  if (request.period_s < kMinTokenPeriodS || request.period_s > kMaxTokenPeriodS) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("a period of ", request.period_s, " s; ", kMinTokenPeriodS,
                                  " to ", kMaxTokenPeriodS, " is allowed"));
  }
  if (request.spaces.size() <= kMaxTokenSpaces) return absl::OkStatus();
  return MakeError(Code::kParamInvalid,
                   absl::StrCat("a token for ", request.spaces.size(), " spaces; at most ",
                                kMaxTokenSpaces, ", or none for all of the library"));
}

DeleteOptions ForGood() {
  DeleteOptions options;
  options.permanent = true;
  // What was revoked stays so, over a power cut too.
  options.durability = Durability::kSynced;
  return options;
}

}  // namespace

// ---- secrets -----------------------------------------------------------------------------------

absl::Status TokensImpl::SetLibrarySecret(std::string_view library, std::string_view secret) {
  MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf_.KeyOfLibrary(library));
  if (secret.empty() || secret.size() > kMaxSecretBytes) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("a library's secret is 1 to ", kMaxSecretBytes, " bytes"));
  }
  MARCOT_ASSIGN_OR_RETURN(const std::string salt, RandomKey());
  MARCOT_ASSIGN_OR_RETURN(const std::string hash, HashOf(absl::StrCat(salt, std::string(secret))));
  return shelf_.RunAll({shelf_.PutItem(SecretPath(key), {{"salt", salt}, {"hash", hash}})},
                       Durability::kSynced);
}

absl::StatusOr<std::string> TokensImpl::CheckSecret(std::string_view library,
                                                    std::string_view secret) const {
  const auto key = shelf_.KeyOfLibrary(library);
  if (!key.ok() && CodeHttpStatus(CodeOf(key.status())) < 500) return WrongSecret(library);
  MARCOT_RETURN_IF_ERROR(key.status());
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(SecretPath(*key)));
  if (!record.has_value()) return WrongSecret(library);
  MARCOT_ASSIGN_OR_RETURN(const std::string hash,
                          HashOf(absl::StrCat(TextOf(*record, "salt"), std::string(secret))));
  if (!IsSame(hash, TextOf(*record, "hash"))) return WrongSecret(library);
  return *key;
}

absl::StatusOr<Session> TokensImpl::AuthenticateSecret(std::string_view library,
                                                       std::string_view secret,
                                                       std::string_view acting_user) {
  MARCOT_RETURN_IF_ERROR(CheckSecret(library, secret).status());
  return shelf_.store().OpenSession({.library = std::string(library),
                                     .user = std::string(acting_user),
                                     .grants = {Grant::kAdmin}});
}

// ---- issue and revoke --------------------------------------------------------------------------

absl::StatusOr<IssuedToken> TokensImpl::Issue(const TokenRequest& request) {
  MARCOT_ASSIGN_OR_RETURN(const std::string library, CheckSecret(request.library, request.secret));
  MARCOT_RETURN_IF_ERROR(CheckRequest(request));
  MARCOT_RETURN_IF_ERROR(shelf_.store().OpenSession(request).status());
  MARCOT_ASSIGN_OR_RETURN(std::string token, UserOf(library, request.user));
  for (int i = 0; i < 2; ++i) {
    MARCOT_ASSIGN_OR_RETURN(const std::string random, RandomKey());
    token += random;
  }
  MARCOT_ASSIGN_OR_RETURN(const std::string path, PathOf(token));
  MARCOT_ASSIGN_OR_RETURN(const std::string hash, HashOf(token));
  const int64_t period_ms = int64_t{request.period_s} * 1000;
  const int64_t expiry_ms = shelf_.now_ms() + period_ms;
  const Record record{{"library", library},
                      {"hash", hash},
                      {"spaces", absl::StrJoin(request.spaces, ",")},
                      {"user", request.user},
                      {"client", request.client},
                      {"session", request.session},
                      {"grants", request.grants.ToString()},
                      {"period_s", absl::StrCat(request.period_s)},
                      {"expiry_ms", absl::StrCat(expiry_ms + period_ms / 8)}};
  {
    const std::shared_lock keeping(keeping_);
    MARCOT_RETURN_IF_ERROR(shelf_.RunAll({shelf_.PutItem(path, record)}));
  }
  expiries_.Raise(path, expiry_ms);
  return IssuedToken{std::move(token), request.period_s};
}

absl::Status TokensImpl::Revoke(std::string_view library, std::string_view token) {
  MARCOT_ASSIGN_OR_RETURN(const Token found, Find(library, token));
  const absl::Status deleted = shelf_.space().Delete(found.path, ForGood()).status();
  return CodeOf(deleted) == Code::kPathNotFound ? InvalidToken("was revoked") : deleted;
}

absl::Status TokensImpl::RevokeOfUser(std::string_view library, std::string_view secret,
                                      std::string_view user, std::span<const std::string> clients,
                                      std::span<const std::string> sessions) {
  MARCOT_ASSIGN_OR_RETURN(const std::string key, CheckSecret(library, secret));
  if (user.empty()) return MakeError(Code::kParamInvalid, "name the user whose tokens shall go");
  if (std::max(clients.size(), sessions.size()) > kMaxRevokedIds) {
    return MakeError(Code::kTooManyItems,
                     absl::StrCat("at most ", kMaxRevokedIds, " clients or sessions; split them"));
  }
  MARCOT_ASSIGN_OR_RETURN(const std::string folder, UserOf(key, user));
  if (!clients.empty() || !sessions.empty()) return DeleteThose(folder, clients, sessions);
  const absl::Status deleted = shelf_.space().Delete(FolderOf(folder), ForGood()).status();
  return CodeOf(deleted) == Code::kPathNotFound ? absl::OkStatus() : deleted;
}

absl::Status TokensImpl::DeleteThose(const std::string& user, std::span<const std::string> clients,
                                     std::span<const std::string> sessions) const {
  std::vector<Stat> tokens;
  do {
    MARCOT_ASSIGN_OR_RETURN(tokens, TokensOf(user, tokens.empty() ? "" : tokens.back().name));
    std::vector<BatchItem> items;
    for (const Stat& token : tokens) {
      const Record record = token.attributes.Unpack().metadata;
      if (!IsNamed(clients, TextOf(record, "client"))) continue;
      if (!IsNamed(sessions, TextOf(record, "session"))) continue;
      items.push_back(shelf_.DeleteItem(absl::StrCat(FolderOf(user), "/", token.name)));
      items.back().options.durability = Durability::kSynced;
    }
    if (items.empty()) continue;
    MARCOT_ASSIGN_OR_RETURN(const auto outcomes, shelf_.store().RunEach(items));
    for (const auto& outcome : outcomes) {
      if (CodeOf(outcome.status()) == Code::kPathNotFound) continue;
      MARCOT_RETURN_IF_ERROR(outcome.status());
    }
  } while (tokens.size() == kPage);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Stat>> TokensImpl::TokensOf(const std::string& user,
                                                       const std::string& after) const {
  ListOptions options;
  options.order = ListOrder::kName;
  options.start_after = after;
  options.limit = kPage;
  auto page = shelf_.space().List(FolderOf(user), options);
  if (CodeOf(page.status()) == Code::kPathNotFound) return std::vector<Stat>();
  MARCOT_RETURN_IF_ERROR(page.status());
  return std::move(page->entries);
}

// ---- use ---------------------------------------------------------------------------------------

absl::StatusOr<TokensImpl::Token> TokensImpl::Find(std::string_view library,
                                                   std::string_view token) const {
  if (token.empty()) return MakeError(Code::kEmptyAccessToken, "an access token is needed");
  const auto key = shelf_.KeyOfLibrary(library);
  if (!key.ok() && CodeHttpStatus(CodeOf(key.status())) < 500) {
    return InvalidToken("is of another library");
  }
  MARCOT_RETURN_IF_ERROR(key.status());
  if (!HasForm(token)) return InvalidToken("is none");
  MARCOT_ASSIGN_OR_RETURN(std::string path, PathOf(token));
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(path));
  if (!record.has_value()) return InvalidToken("was revoked, has expired, or is none");
  MARCOT_ASSIGN_OR_RETURN(const std::string hash, HashOf(token));
  if (!IsSame(hash, TextOf(*record, "hash"))) return InvalidToken("is none");
  if (TextOf(*record, "library") != *key) return InvalidToken("is of another library");
  return Token{std::move(path), *std::move(record)};
}

absl::Status TokensImpl::Use(Token& token) {
  const int64_t now_ms = shelf_.now_ms();
  const int64_t stored_ms = ExpiryMs(token.record);
  const int64_t expiry_ms = std::min(expiries_.Find(token.path).value_or(stored_ms), stored_ms);
  if (now_ms >= expiry_ms) return InvalidToken("has expired");
  // A clock that was set back takes nothing from it.
  const int64_t wanted_ms = std::max(expiry_ms, now_ms + PeriodMs(token.record));
  if (wanted_ms > stored_ms) MARCOT_RETURN_IF_ERROR(StoreExpiry(token, wanted_ms));
  expiries_.Raise(token.path, std::min(wanted_ms, ExpiryMs(token.record)));
  return absl::OkStatus();
}

absl::Status TokensImpl::StoreExpiry(Token& token, int64_t expiry_ms) {
  Record record = token.record;
  record["expiry_ms"] = absl::StrCat(expiry_ms + PeriodMs(record) / 8);
  const std::shared_lock keeping(keeping_);
  const absl::Status stored = shelf_.RunAll({shelf_.SetItem(token.path, record)});
  if (CodeOf(stored) == Code::kPathNotFound) return InvalidToken("was revoked");
  // A store that does not take writes is still read with the tokens there are, to the end that they
  // have.
  if (stored.ok()) token.record = std::move(record);
  return absl::OkStatus();
}

absl::StatusOr<Session> TokensImpl::OpenSession(std::string_view library, const Record& record,
                                                std::string_view acting_user) const {
  SessionRequest request;
  request.library = library;
  if (const std::string spaces = TextOf(record, "spaces"); !spaces.empty()) {
    request.spaces = absl::StrSplit(spaces, ',');
  }
  request.user = TextOf(record, "user");
  request.client = TextOf(record, "client");
  request.session = TextOf(record, "session");
  MARCOT_ASSIGN_OR_RETURN(request.grants, Grants::Parse(TextOf(record, "grants")));
  if (request.user.empty() && request.grants.Has(Grant::kAdmin)) request.user = acting_user;
  return shelf_.store().OpenSession(request);
}

absl::StatusOr<Session> TokensImpl::Authenticate(std::string_view library, std::string_view token,
                                                 std::string_view acting_user) {
  MARCOT_ASSIGN_OR_RETURN(Token found, Find(library, token));
  MARCOT_RETURN_IF_ERROR(Use(found));
  return OpenSession(library, found.record, acting_user);
}

absl::StatusOr<IssuedToken> TokensImpl::Renew(std::string_view library, std::string_view token) {
  MARCOT_ASSIGN_OR_RETURN(Token found, Find(library, token));
  MARCOT_RETURN_IF_ERROR(Use(found));
  return IssuedToken{std::string(token), static_cast<uint32_t>(NumberOf(found.record, "period_s"))};
}

// ---- expiry ------------------------------------------------------------------------------------

absl::Status TokensImpl::ExpireDue() {
  MARCOT_RETURN_IF_ERROR(ExpireSecrets());
  std::vector<std::string> users;
  do {
    MARCOT_ASSIGN_OR_RETURN(users,
                            shelf_.Names("tokens", users.empty() ? "" : users.back(), kPage));
    for (const std::string& user : users) MARCOT_RETURN_IF_ERROR(ExpireTokensOf(user));
  } while (users.size() == kPage);
  return absl::OkStatus();
}

// Libraries are looked at after the secrets: one that is not there then is gone.
absl::Status TokensImpl::ExpireSecrets() const {
  std::vector<std::string> keys;
  do {
    MARCOT_ASSIGN_OR_RETURN(keys, shelf_.Names("secrets", keys.empty() ? "" : keys.back(), kPage));
    std::set<std::string> there;
    MARCOT_ASSIGN_OR_RETURN(const auto libraries, shelf_.store().ListLibraries());
    for (const std::string& library : libraries) {
      const auto key = shelf_.KeyOfLibrary(library);
      if (CodeOf(key.status()) == Code::kLibraryNotFound) continue;
      MARCOT_RETURN_IF_ERROR(key.status());
      there.insert(*key);
    }
    for (const std::string& key : keys) {
      if (there.contains(key)) continue;
      MARCOT_RETURN_IF_ERROR(shelf_.Delete(SecretPath(key)).status());
    }
  } while (keys.size() == kPage);
  return absl::OkStatus();
}

absl::Status TokensImpl::ExpireTokensOf(const std::string& user) {
  std::vector<Stat> tokens;
  do {
    MARCOT_ASSIGN_OR_RETURN(tokens, TokensOf(user, tokens.empty() ? "" : tokens.back().name));
    for (const Stat& token : tokens) {
      if (shelf_.now_ms() < ExpiryMs(token.attributes.Unpack().metadata)) continue;
      MARCOT_RETURN_IF_ERROR(DropIfExpired(absl::StrCat(FolderOf(user), "/", token.name)));
    }
  } while (tokens.size() == kPage);
  return DropIfEmpty(user);
}

absl::Status TokensImpl::DropIfExpired(const std::string& path) {
  const std::lock_guard alone(keeping_);
  MARCOT_ASSIGN_OR_RETURN(const auto record, shelf_.Find(path));
  if (!record.has_value() || shelf_.now_ms() < ExpiryMs(*record)) return absl::OkStatus();
  return shelf_.Delete(path).status();
}

absl::Status TokensImpl::DropIfEmpty(const std::string& user) {
  const std::lock_guard alone(keeping_);
  MARCOT_ASSIGN_OR_RETURN(const auto tokens, TokensOf(user, ""));
  if (!tokens.empty()) return absl::OkStatus();
  return shelf_.Delete(FolderOf(user)).status();
}

}  // namespace marcot::service

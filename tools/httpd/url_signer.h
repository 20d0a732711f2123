// Signs targets, so that who holds one may fetch it until it expires, without a token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace marcot::httpd {

inline constexpr int64_t kUrlLifeMs = 2LL * 3600 * 1000;

// Thread-safe.
class UrlSigner {
 public:
  explicit UrlSigner(std::string_view secret);
  // The target with `expires` and `signature` behind its query, which it must have.
  std::string Sign(const std::string& target, int64_t expiry_ms) const;
  // Whether Sign gave this target and it has not expired.
  bool Allows(std::string_view target, int64_t now_ms) const;

 private:
  std::string SignatureOf(std::string_view target) const;

  std::string key_;
};

}  // namespace marcot::httpd

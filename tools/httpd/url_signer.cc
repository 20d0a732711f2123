#include "url_signer.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "absl/strings/escaping.h"
#include "text.h"

namespace marcot::httpd {
namespace {

constexpr std::string_view kPurpose = "marcot-httpd content URLs";
constexpr std::string_view kExpires = "&expires=";
constexpr std::string_view kSignature = "&signature=";

// HMAC-SHA256.
std::string Hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return std::string(reinterpret_cast<const char*>(out.data()), size);
}

}  // namespace

UrlSigner::UrlSigner(std::string_view secret) : key_(Hmac(secret, kPurpose)) {}

std::string UrlSigner::SignatureOf(std::string_view target) const {
  return absl::BytesToHexString(Hmac(key_, target));
}

std::string UrlSigner::Sign(const std::string& target, int64_t expiry_ms) const {
  const std::string signed_part = target + std::string(kExpires) + std::to_string(expiry_ms);
  return signed_part + std::string(kSignature) + SignatureOf(signed_part);
}

bool UrlSigner::Allows(std::string_view target, int64_t now_ms) const {
  const size_t at = target.rfind(kSignature);
  const size_t expires = target.rfind(kExpires, at);
  if (at == std::string_view::npos || expires == std::string_view::npos) return false;
  const std::string_view signed_part = target.substr(0, at);
  const std::string_view given = target.substr(at + kSignature.size());
  const std::string right = SignatureOf(signed_part);
  if (given.size() != right.size() ||
      CRYPTO_memcmp(given.data(), right.data(), right.size()) != 0) {
    return false;
  }
  const auto expiry = ParseNumber(signed_part.substr(expires + kExpires.size()));
  return expiry.has_value() && now_ms < static_cast<int64_t>(*expiry);
}

}  // namespace marcot::httpd

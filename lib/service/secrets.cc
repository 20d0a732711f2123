#include "service/secrets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "absl/strings/escaping.h"
#include "base/status_macros.h"
#include "marcot/error.h"

namespace marcot::service {
namespace {

constexpr size_t kHashBytes = 32;
constexpr size_t kShortHashBytes = 12;

absl::StatusOr<std::string> Sha256(std::string_view bytes) {
  std::string hash(kHashBytes, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(hash.data());
  if (EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_sha256(), nullptr) == 1) return hash;
  return MakeError(Code::kInternalServerError, "libcrypto has no SHA-256; look at its settings");
}

}  // namespace

absl::StatusOr<std::string> HashOf(std::string_view bytes) {
  MARCOT_ASSIGN_OR_RETURN(const std::string hash, Sha256(bytes));
  return absl::BytesToHexString(hash);
}

absl::StatusOr<std::string> ShortHashOf(std::string_view bytes) {
  MARCOT_ASSIGN_OR_RETURN(const std::string hash, Sha256(bytes));
  return absl::WebSafeBase64Escape(hash.substr(0, kShortHashBytes));
}

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace marcot::service

#include "service/random.h"

#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "marcot/error.h"

namespace marcot::service {

absl::StatusOr<std::string> RandomKey() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) {
    return MakeError(Code::kInternalServerError, "the system has no random numbers to give");
  }
  return absl::BytesToHexString({reinterpret_cast<const char*>(bytes), sizeof bytes});
}

}  // namespace marcot::service

#include "operations/page.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "marcot/error.h"
#include "xxhash.h"

namespace marcot::operations {
namespace {

constexpr size_t kMaxLimit = 1000;

uint64_t SealOf(std::string_view position, std::string_view listing, uint64_t secret) {
  std::string sealed(position);
  sealed += listing;
  return XXH3_64bits_withSeed(sealed.data(), sealed.size(), secret);
}

}  // namespace

absl::Status CheckLimit(size_t limit) {
  if (limit >= 1 && limit <= kMaxLimit) return absl::OkStatus();
  return MakeError(Code::kParamInvalid,
                   absl::StrCat("a limit of ", limit, "; 1 to ", kMaxLimit, " is allowed"));
}

std::string SealMarker(std::string_view position, std::string_view listing, uint64_t secret) {
  std::string marker;
  PutFixed64(&marker, SealOf(position, listing, secret));
  marker += position;
  return absl::WebSafeBase64Escape(marker);
}

absl::StatusOr<std::string> OpenMarker(std::string_view marker, std::string_view listing,
                                       uint64_t secret) {
  std::string bytes;
  if (absl::WebSafeBase64Unescape(absl::string_view(marker.data(), marker.size()), &bytes)) {
    Decoder in(bytes);
    const uint64_t seal = in.Fixed64();
    const std::string_view position = in.Rest();
    if (in.ok() && seal == SealOf(position, listing, secret)) return std::string(position);
  }
  return MakeError(Code::kMarkerNotFound,
                   "the marker was not given by this listing; begin with an empty one");
}

}  // namespace marcot::operations

// Markers of pages: none but those that a listing gave are taken, and those are taken back whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "operations/page.h"

namespace {

using namespace marcot::operations;

constexpr uint64_t kSecret = 0x9e3779b97f4a7c15;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string marker = SealMarker(bytes, "a listing", kSecret);
  const auto position = OpenMarker(marker, "a listing", kSecret);
  Require(position.ok() && *position == bytes);
  Require(!OpenMarker(marker, "another", kSecret).ok());
  Require(!OpenMarker(marker, "a listing", kSecret + 1).ok());
  // Forged: of 2^64 seals one is right.
  Require(!OpenMarker(bytes, "a listing", kSecret).ok());
  return 0;
}

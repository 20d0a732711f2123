// What the pages of every listing share: how long one may be, and where the next one begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace marcot::operations {

// ParamInvalid unless 1..1000.
absl::Status CheckLimit(size_t limit);

// A marker says where a page ended. Its seal covers the `listing` too, that is all that the marker
// is good for, so that no other listing takes it.
std::string SealMarker(std::string_view position, std::string_view listing, uint64_t secret);
// The position. MarkerNotFound.
absl::StatusOr<std::string> OpenMarker(std::string_view marker, std::string_view listing,
                                       uint64_t secret);

}  // namespace marcot::operations

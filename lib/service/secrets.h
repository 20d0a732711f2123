// What is kept of tokens and secrets: their hashes.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace marcot::service {

// SHA-256, as 64 lower-case hexadecimal digits.
absl::StatusOr<std::string> HashOf(std::string_view bytes);
// 96 bits of it, as 16 characters that can stand in a path.
absl::StatusOr<std::string> ShortHashOf(std::string_view bytes);

// Takes the same time wherever they differ.
bool IsSame(std::string_view a, std::string_view b);

}  // namespace marcot::service

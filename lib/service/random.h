// Keys that nobody guesses.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace marcot::service {

// 128 random bits, as 32 lower-case hexadecimal digits.
absl::StatusOr<std::string> RandomKey();

}  // namespace marcot::service

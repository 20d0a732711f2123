// Object ids as they travel.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "marcot/types.h"

namespace marcot::httpd {

// ParamInvalid for what no entry was shown with.
absl::StatusOr<ObjectId> ParseInode(std::string_view text);

}  // namespace marcot::httpd

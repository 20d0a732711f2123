// What a client searches for (section 11).
#pragma once

#include "absl/status/statusor.h"
#include "arguments.h"
#include "marcot/search.h"

namespace marcot::httpd {

// All but the order and the page. ParamInvalid, InvalidTimeFormat.
absl::StatusOr<SearchQuery> TakeSearchQuery(Fields& body);

}  // namespace marcot::httpd

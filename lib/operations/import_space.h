// A space of a stream.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "core/records.h"
#include "marcot/content.h"
#include "operations/engine.h"

namespace marcot::operations {

absl::StatusOr<core::SpaceRecord> ImportSpace(Engine& engine, std::string_view library,
                                              std::string_view space, const ByteSource& source);

}  // namespace marcot::operations

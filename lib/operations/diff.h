// What differs between two directories with all below them.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "core/view.h"
#include "marcot/history.h"

namespace marcot::operations {

using DifferenceVisitor = std::function<absl::StatusOr<bool>(const Difference&)>;

// Of two entries that are directories.
absl::Status DiffDirectories(core::View& view, const core::Entry& before, const core::Entry& after,
                             const DifferenceVisitor& visitor);

}  // namespace marcot::operations

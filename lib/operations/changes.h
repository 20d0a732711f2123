// Reading a space's changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/facts.h"
#include "core/view.h"
#include "marcot/history.h"

namespace marcot::operations {

// Behind all changes up to a commit.
std::string CursorBehind(core::Seq seq);
// ChangeFeedNotEnabled, ChangesExpired, MarkerNotFound, ParamInvalid. `newest`: the last commit to
// show.
absl::StatusOr<ChangePage> ChangesAfter(core::View& view, core::DirId root, core::Seq newest,
                                        std::string_view cursor, size_t limit);
// The seq behind which changes are kept.
absl::StatusOr<core::Seq> ChangesSince(core::View& view, core::DirId root);

}  // namespace marcot::operations

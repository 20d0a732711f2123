// Symbolic links. To the store a link is an empty file whose metadata has the id of another object
// of its space: so it follows that object where it moves, a copy of it names the same object, and
// deleting either leaves the other.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "call.h"

namespace marcot::httpd {

inline constexpr char kSymlink[] = "symlink";

Attributes LinkTo(const ObjectId& target, Attributes attributes);
// What a link names, whether it is there or not; nothing: the entry is no link.
std::optional<ObjectId> LinkOf(const Stat& stat);
// Where links lead; what is none leads to itself. FileNotFound: nowhere any more, or too far.
absl::StatusOr<Found> Follow(const Space& space, Found found);

// A handle that can put links and no more, if the session has the grant for them: create_symlink,
// or create_symlink_force where they overwrite.
absl::StatusOr<Space> OpenForLinks(const Call& call, Strategy strategy);

}  // namespace marcot::httpd

// Where a command reads: in the tree of the space, or beside it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"

namespace marcot::tool {

struct Location {
  Tree tree;
  std::string path;   // in the tree, as the API takes it
  std::string shown;  // for people and messages; never empty
};

// PATH, snapshot:NAME[/PATH] or trash:ID[/PATH]. No name holds a colon, so that none is taken for
// these.
absl::StatusOr<Location> ParseLocation(std::string_view text);

// How many names the path has.
size_t Depth(const Location& location);

}  // namespace marcot::tool

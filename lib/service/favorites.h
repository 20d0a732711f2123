// Favourites on the shelf. USER is the SHA-256 of a user's name, ID an object's.
//
//   favorites/SPACE/USER/ids/ID          when it was marked, and the path it had when last seen
//   favorites/SPACE/USER/times/TIME-ID   (empty) the same in order of time
#pragma once

#include <memory>

#include "marcot/favorites.h"
#include "service/shelf.h"

namespace marcot::service {

std::unique_ptr<Favorites> MakeFavorites(const Shelf& shelf);

// Forgets those of spaces that are gone.
absl::Status ExpireFavorites(const Shelf& shelf);

}  // namespace marcot::service

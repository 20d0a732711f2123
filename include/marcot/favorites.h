// What users marked, by the id of the object: so it is followed where it is moved.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/search.h"
#include "marcot/space.h"

namespace marcot {

struct Favorite {
  Found entry;  // as it is now
  int64_t time_ms = 0;
};

struct ListFavoritesOptions {
  bool descending = true;  // by time
  size_t limit = 20;       // 1..1000
  std::string marker;      // FavoritesPage::marker of the page before; empty: the first page
};

// Up to `limit` of them: what is gone is left out and forgotten, so a page may be short, even
// empty; only an empty marker is the end.
struct FavoritesPage {
  std::vector<Favorite> favorites;
  std::string marker;
};

// Thread-safe. Each user of a space has his own. A session's handle stands for its user; with the
// host's own, and in an admin session without a user, it is `user`.
class Favorites {
 public:
  virtual ~Favorites() = default;

  // PathNotFound; DuplicateFavoriteRecord. Both O(d), the second where the object is looked up by
  // Space::FindObject.
  virtual absl::StatusOr<ObjectId> Add(const Space& space, std::string_view user,
                                       std::string_view path) = 0;
  virtual absl::StatusOr<ObjectId> AddObject(const Space& space, std::string_view user,
                                             const ObjectId& id) = 0;
  // FavoriteNotFound.
  virtual absl::Status Remove(const Space& space, std::string_view user, const ObjectId& id) = 0;

  // O(limit), and Space::FindObject for each that was moved since it was last listed.
  // MarkerNotFound.
  virtual absl::StatusOr<FavoritesPage> List(const Space& space, std::string_view user,
                                             const ListFavoritesOptions& options = {}) = 0;
  // Whether each of the objects is one, in their order. O(1) for each.
  virtual absl::StatusOr<std::vector<bool>> Have(const Space& space, std::string_view user,
                                                 std::span<const ObjectId> ids) = 0;
};

}  // namespace marcot

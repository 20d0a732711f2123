// Favourites of the user (section 12).
#include <algorithm>

#include "entry_json.h"
#include "inode.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr uint64_t kMaxLimit = 1000;

// What the body names: by its inode, which wins, or by its path.
absl::StatusOr<ObjectId> TakeObject(Call& call, const Space& space) {
  const auto inode = call.body.Text("inode"), path = call.body.Text("path");
  HTTPD_RETURN_IF_ERROR(call.error());
  if (inode.has_value()) return ParseInode(*inode);
  if (!path.has_value()) return MakeError(Code::kParamInvalid, "`path` or `inode` is needed");
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(*path));
  return stat.id;
}

absl::StatusOr<Response> Add(Call& call) {
  const auto inode = call.body.Text("inode"), path = call.body.Text("path");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  Favorites& favorites = call.app.service.favorites();
  if (!inode.has_value() && path.has_value()) {
    HTTPD_ASSIGN_OR_RETURN(const ObjectId id, favorites.Add(space, "", *path));
    return Answer(200, {{"inode", id.Hex()}});
  }
  HTTPD_ASSIGN_OR_RETURN(const ObjectId id, TakeObject(call, space));
  HTTPD_RETURN_IF_ERROR(favorites.AddObject(space, "", id).status());
  return Answer(200, {{"inode", id.Hex()}});
}

absl::StatusOr<Response> Cancel(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const ObjectId id, TakeObject(call, space));
  HTTPD_RETURN_IF_ERROR(call.app.service.favorites().Remove(space, "", id));
  return NoContent();
}

// The page that the query asks for, by marker or by number.
absl::StatusOr<FavoritesPage> Page(Call& call, const Space& space, ListFavoritesOptions options,
                                   uint64_t skip) {
  Favorites& favorites = call.app.service.favorites();
  const uint64_t wanted = options.limit;
  FavoritesPage out;
  do {
    options.limit = std::min(skip + wanted - out.favorites.size(), kMaxLimit);
    HTTPD_ASSIGN_OR_RETURN(FavoritesPage page, favorites.List(space, "", options));
    options.marker = page.marker;
    const uint64_t skipped = std::min<uint64_t>(skip, page.favorites.size());
    skip -= skipped;
    std::move(page.favorites.begin() + static_cast<ptrdiff_t>(skipped), page.favorites.end(),
              std::back_inserter(out.favorites));
  } while (!options.marker.empty() && out.favorites.size() < wanted);
  out.marker = options.marker;
  return out;
}

absl::StatusOr<Response> List(Call& call) {
  const EntryWriter writer(call);
  const bool by_page = call.query.Has("page") || call.query.Has("page_size");
  const Paging paging = TakePaging(call.query);
  ListFavoritesOptions options;
  options.limit = by_page ? paging.size : call.query.Number("limit").value_or(options.limit);
  options.marker = by_page ? "" : call.query.Text("marker");
  const bool with_path = call.query.Flag("with_path");
  const std::string order = call.query.Text("order_by");
  HTTPD_RETURN_IF_ERROR(call.error());
  if (options.limit < 1 || options.limit > kMaxLimit) {
    return MakeError(Code::kParamInvalid, "a page is 1 to 1000 favourites");
  }
  if (!order.empty() && order != "favoriteTime") {
    return MakeError(Code::kParamInvalid, "`order_by` must be favoriteTime");
  }
  HTTPD_ASSIGN_OR_RETURN(options.descending, IsDescending(call.query, true));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const FavoritesPage page,
                         Page(call, space, options, by_page ? paging.skip() : 0));
  Json json = Json::object();
  if (!page.marker.empty() && !by_page) json["nextMarker"] = page.marker;
  Json contents = Json::array();
  for (const Favorite& favorite : page.favorites) {
    Json entry = writer.Entry(favorite.entry.stat, with_path ? &favorite.entry.path : nullptr);
    entry["spaceId"] = call.space;
    entry["favoriteTime"] = IsoTime(favorite.time_ms);
    contents.push_back(std::move(entry));
  }
  json["contents"] = std::move(contents);
  return Answer(200, json);
}

constexpr Route kRoutes[] = {
    {"POST", "favorite/{L}/{P}", "", "", Add},
    {"POST", "favorite/{L}/{P}", "cancel", "", Cancel},
    {"GET", "favorite/{L}/{P}/list", "", "", List},
};

}  // namespace

std::span<const Route> FavoriteRoutes() { return kRoutes; }

}  // namespace marcot::httpd

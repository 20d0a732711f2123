#include "service/favorites.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/access.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "service/secrets.h"

namespace marcot::service {
namespace {

constexpr char kFavoritesFolder[] = "favorites";
constexpr size_t kTimeChars = 16;

// The id at the end of a name in order of time.
bool ParseTimeName(const std::string& name, ObjectId* id) {
  const auto part = [&](size_t at) { return absl::string_view(name).substr(at, 16); };
  return name.size() == kTimeChars + 33 && absl::SimpleHexAtoi(part(kTimeChars + 1), &id->hi) &&
         absl::SimpleHexAtoi(part(kTimeChars + 17), &id->lo);
}

absl::Status NotTheRoot() {
  return MakeError(Code::kRootDirectoryNotAllowed, "a space's root is nobody's favourite");
}

// What one user has marked in one space.
class Drawer {
 public:
  static absl::StatusOr<Drawer> Of(const Shelf& shelf, const Space& space, std::string_view user) {
    MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
    MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf.KeyOf(space));
    MARCOT_ASSIGN_OR_RETURN(const std::string whose,
                            HashOf(api::OperatorOf(*state, std::string(user))));
    return Drawer(shelf, absl::StrCat(kFavoritesFolder, "/", key, "/", whose));
  }

  std::string times() const { return folder_ + "/times"; }
  std::string IdPath(const ObjectId& id) const { return absl::StrCat(folder_, "/ids/", id.Hex()); }
  std::string TimePath(const Record& record, const ObjectId& id) const {
    return absl::StrFormat("%s/%016d-%s", times(), NumberOf(record, "time"), id.Hex());
  }

  absl::StatusOr<std::optional<Record>> Find(const ObjectId& id) const {
    return shelf_->Find(IdPath(id));
  }

  absl::Status Add(const Found& found) const {
    const ObjectId& id = found.stat.id;
    const Record record{{"time", absl::StrCat(shelf_->now_ms())}, {"path", JoinPath(found.path)}};
    BatchItem new_row = shelf_->PutItem(IdPath(id), record);
    new_row.options.strategy = Strategy::kAsk;
    const absl::Status added =
        shelf_->RunAll({std::move(new_row), shelf_->PutItem(TimePath(record, id), {})});
    if (CodeOf(added) != Code::kSameNameDirectoryOrFileExists) return added;
    return MakeError(Code::kDuplicateFavoriteRecord,
                     absl::StrCat(JoinPath(found.path), " is a favourite already"));
  }

  absl::Status SetPath(const ObjectId& id, Record record, const std::string& path) const {
    record["path"] = path;
    return shelf_->RunAll({shelf_->SetItem(IdPath(id), record)});
  }

  // PathNotFound: somebody else has removed it.
  absl::Status Remove(const ObjectId& id, const Record& record) const {
    return shelf_->RunAll(
        {shelf_->DeleteItem(IdPath(id)), shelf_->DeleteItem(TimePath(record, id))});
  }

 private:
  Drawer(const Shelf& shelf, std::string folder) : shelf_(&shelf), folder_(std::move(folder)) {}

  const Shelf* shelf_;
  std::string folder_;
};

class FavoritesImpl final : public Favorites {
 public:
  explicit FavoritesImpl(const Shelf& shelf) : shelf_(shelf) {}

  absl::StatusOr<ObjectId> Add(const Space& space, std::string_view user,
                               std::string_view path) override;
  absl::StatusOr<ObjectId> AddObject(const Space& space, std::string_view user,
                                     const ObjectId& id) override;
  absl::Status Remove(const Space& space, std::string_view user, const ObjectId& id) override;
  absl::StatusOr<FavoritesPage> List(const Space& space, std::string_view user,
                                     const ListFavoritesOptions& options) override;
  absl::StatusOr<std::vector<bool>> Have(const Space& space, std::string_view user,
                                         std::span<const ObjectId> ids) override;

 private:
  absl::StatusOr<std::optional<Favorite>> Resolve(const Space& space, const Drawer& drawer,
                                                  const ObjectId& id) const;

  const Shelf& shelf_;
};

absl::StatusOr<ObjectId> FavoritesImpl::Add(const Space& space, std::string_view user,
                                            std::string_view path) {
  MARCOT_ASSIGN_OR_RETURN(const Drawer drawer, Drawer::Of(shelf_, space, user));
  MARCOT_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(path));
  if (path.empty()) return NotTheRoot();
  MARCOT_RETURN_IF_ERROR(drawer.Add({SplitPath(std::string(path)), stat}));
  return stat.id;
}

absl::StatusOr<ObjectId> FavoritesImpl::AddObject(const Space& space, std::string_view user,
                                                  const ObjectId& id) {
  MARCOT_ASSIGN_OR_RETURN(const Drawer drawer, Drawer::Of(shelf_, space, user));
  MARCOT_ASSIGN_OR_RETURN(const Found found, space.FindObject(id));
  if (found.path.empty()) return NotTheRoot();
  MARCOT_RETURN_IF_ERROR(drawer.Add(found));
  return id;
}

absl::Status FavoritesImpl::Remove(const Space& space, std::string_view user, const ObjectId& id) {
  MARCOT_ASSIGN_OR_RETURN(const Drawer drawer, Drawer::Of(shelf_, space, user));
  MARCOT_ASSIGN_OR_RETURN(const auto record, drawer.Find(id));
  const absl::Status removed =
      record.has_value() ? drawer.Remove(id, *record) : MakeError(Code::kPathNotFound, "");
  if (CodeOf(removed) != Code::kPathNotFound) return removed;
  return MakeError(Code::kFavoriteNotFound,
                   absl::StrCat("the object ", id.Hex(), " is no favourite; list them"));
}

absl::StatusOr<std::vector<bool>> FavoritesImpl::Have(const Space& space, std::string_view user,
                                                      std::span<const ObjectId> ids) {
  MARCOT_ASSIGN_OR_RETURN(const Drawer drawer, Drawer::Of(shelf_, space, user));
  std::vector<bool> marked;
  marked.reserve(ids.size());
  for (const ObjectId& id : ids) {
    MARCOT_ASSIGN_OR_RETURN(const auto record, drawer.Find(id));
    marked.push_back(record.has_value());
  }
  return marked;
}

// Nothing: the object is gone, or somebody has removed the mark.
absl::StatusOr<std::optional<Favorite>> FavoritesImpl::Resolve(const Space& space,
                                                               const Drawer& drawer,
                                                               const ObjectId& id) const {
  MARCOT_ASSIGN_OR_RETURN(const auto record, drawer.Find(id));
  if (!record.has_value()) return std::nullopt;
  const auto time_ms = static_cast<int64_t>(NumberOf(*record, "time"));
  const std::string path = TextOf(*record, "path");
  auto stat = space.GetStat(path);
  if (stat.ok() && stat->id == id) return Favorite{{SplitPath(path), *std::move(stat)}, time_ms};
  auto found = space.FindObject(id);
  if (CodeOf(found.status()) == Code::kPathNotFound) {
    const absl::Status removed = drawer.Remove(id, *record);
    if (CodeOf(removed) != Code::kPathNotFound) MARCOT_RETURN_IF_ERROR(removed);
    return std::nullopt;
  }
  MARCOT_RETURN_IF_ERROR(found.status());
  const absl::Status noted = drawer.SetPath(id, *record, JoinPath(found->path));
  if (CodeOf(noted) != Code::kPathNotFound) MARCOT_RETURN_IF_ERROR(noted);
  return Favorite{*std::move(found), time_ms};
}

absl::StatusOr<FavoritesPage> FavoritesImpl::List(const Space& space, std::string_view user,
                                                  const ListFavoritesOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(const Drawer drawer, Drawer::Of(shelf_, space, user));
  ListOptions times;
  times.order = ListOrder::kName;
  times.descending = options.descending;
  times.limit = options.limit;
  times.marker = options.marker;
  FavoritesPage page;
  const auto listed = shelf_.space().List(drawer.times(), times);
  if (CodeOf(listed.status()) == Code::kPathNotFound) return page;  // never had any
  MARCOT_RETURN_IF_ERROR(listed.status());
  page.marker = listed->marker;
  for (const Stat& entry : listed->entries) {
    ObjectId id;
    if (!ParseTimeName(entry.name, &id)) continue;
    MARCOT_ASSIGN_OR_RETURN(auto favorite, Resolve(space, drawer, id));
    if (favorite.has_value()) page.favorites.push_back(*std::move(favorite));
  }
  return page;
}

}  // namespace

std::unique_ptr<Favorites> MakeFavorites(const Shelf& shelf) {
  return std::make_unique<FavoritesImpl>(shelf);
}

absl::Status ExpireFavorites(const Shelf& shelf) {
  return shelf.ForEachSpace(kFavoritesFolder, [](const std::string&) { return absl::OkStatus(); });
}

}  // namespace marcot::service

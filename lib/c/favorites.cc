#include "marcot/favorites.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

ListFavoritesOptions ListOptionsOf(const marcot_list_favorites_options* options) {
  const marcot_list_favorites_options given = Sized(options, "options");
  ListFavoritesOptions out;
  out.descending = !given.ascending;
  SetUnlessZero(&out.limit, given.limit);
  out.marker = String(given.marker);
  return out;
}

}  // namespace

NewOf<marcot_entries> NewResult(FavoritesPage page) {
  auto result = std::make_unique<Result<marcot_entries>>();
  const FavoritesPage& held = result->Hold(std::move(page));
  result->SetItems(held.favorites, [&](const Favorite& favorite) {
    return EntryOf(favorite.entry.stat, result->NewPath(favorite.entry.path));
  });
  int64_t* const times = result->NewArray<int64_t>(held.favorites.size());
  for (size_t i = 0; i < held.favorites.size(); ++i) times[i] = held.favorites[i].time_ms;
  result->marked_times_ms = times;
  result->marker = BytesOf(held.marker);
  return result;
}

extern "C" {

marcot_status* marcot_favorites_add(marcot_service* service, const marcot_space* space,
                                    marcot_bytes user, marcot_bytes path, marcot_id* id) {
  if (id != nullptr) *id = {};
  return Call([&]() -> absl::Status {
    MARCOT_ASSIGN_OR_RETURN(const ObjectId added,
                            Of(service).favorites().Add(Of(space), View(user), View(path)));
    if (id != nullptr) *id = IdOf(added);
    return absl::OkStatus();
  });
}

marcot_status* marcot_favorites_add_object(marcot_service* service, const marcot_space* space,
                                           marcot_bytes user, marcot_id id) {
  return Call([&] {
    return Of(service).favorites().AddObject(Of(space), View(user), ObjectIdOf(id)).status();
  });
}

marcot_status* marcot_favorites_remove(marcot_service* service, const marcot_space* space,
                                       marcot_bytes user, marcot_id id) {
  return Call(
      [&] { return Of(service).favorites().Remove(Of(space), View(user), ObjectIdOf(id)); });
}

marcot_status* marcot_favorites_list(marcot_service* service, const marcot_space* space,
                                     marcot_bytes user,
                                     const marcot_list_favorites_options* options,
                                     marcot_entries** page) {
  return CallFor(page, [&] {
    return Of(service).favorites().List(Of(space), View(user), ListOptionsOf(options));
  });
}

marcot_status* marcot_favorites_has(marcot_service* service, const marcot_space* space,
                                    marcot_bytes user, marcot_id id, bool* has) {
  return CallForValue(
      has, [&] { return Of(service).favorites().Has(Of(space), View(user), ObjectIdOf(id)); });
}

}  // extern "C"

}  // namespace marcot::c

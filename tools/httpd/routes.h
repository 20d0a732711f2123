// The tables of routes, a section of the wire contract each.
#pragma once

#include <span>
#include <vector>

#include "call.h"

namespace marcot::httpd {

// As Route::key: the body is an array.
inline constexpr char kArrayBody[] = "[]";

std::span<const Route> TokenRoutes();
std::span<const Route> SpaceRoutes();
std::span<const Route> DirectoryRoutes();
std::span<const Route> FileRoutes();
std::span<const Route> UploadRoutes();
std::span<const Route> RecycledRoutes();
std::span<const Route> QuotaRoutes();
std::span<const Route> BatchRoutes();
std::span<const Route> TaskRoutes();
std::span<const Route> HistoryRoutes();
std::span<const Route> SearchRoutes();
std::span<const Route> FavoriteRoutes();
// Not of the contract's API: the bytes of files, the server itself, the web page.
std::span<const Route> ContentRoutes();
std::span<const Route> ServerRoutes();
std::span<const Route> PageRoutes();

inline std::vector<std::span<const Route>> ApiRoutes() {
  return {TokenRoutes(), SpaceRoutes(),    DirectoryRoutes(), UploadRoutes(),
          FileRoutes(),  RecycledRoutes(), QuotaRoutes(),     BatchRoutes(),
          TaskRoutes(),  HistoryRoutes(),  SearchRoutes(),    FavoriteRoutes()};
}
inline std::vector<std::span<const Route>> ByteRoutes() {
  return {ContentRoutes(), ServerRoutes(), PageRoutes()};
}

}  // namespace marcot::httpd

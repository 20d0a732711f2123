// Search, everything in a space as one list, and what an inode names (sections 3, 5, 11).
#include <chrono>

#include "aggregations.h"
#include "entry_json.h"
#include "inode.h"
#include "marcot/error.h"
#include "routes.h"
#include "search_query.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kMaxLimit = 100;       // of a search
constexpr uint64_t kMaxViewLimit = 1000;  // of all that is there
// For one request; each call of the core is bounded by itself.
constexpr std::chrono::seconds kMaxTime{5};
constexpr int kMaxPages = 200;  // for statistics, of kMaxViewLimit entries each

absl::StatusOr<SearchOrder> OrderOf(const std::string& name) {
  if (name.empty()) return SearchOrder::kPath;
  if (name == "name") return SearchOrder::kName;
  if (name == "modificationTime") return SearchOrder::kModificationTime;
  if (name == "size") return SearchOrder::kSize;
  if (name == "creationTime") return SearchOrder::kCreationTime;
  return MakeError(Code::kParamInvalid,
                   "the order must be name, modificationTime, size or creationTime");
}

absl::Status TakeLimit(Call& call, uint64_t most, SearchQuery* query) {
  query->limit = call.query.Number("limit").value_or(query->limit);
  if (query->limit >= 1 && query->limit <= most) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, "`limit` must be 1 to " + std::to_string(most));
}

// A call of the core may end before it has found anything; a client wants something or the end,
// but not at any price.
absl::StatusOr<SearchPage> Find(const Space& space, SearchQuery query) {
  SearchPage page;
  const auto until = Clock::now() + kMaxTime;
  do {
    HTTPD_ASSIGN_OR_RETURN(page, space.Search(query));
    if (!page.entries.empty() || page.marker.empty()) break;
    query.marker = page.marker;
  } while (Clock::now() < until);
  return page;
}

absl::StatusOr<Json> PageOf(const EntryWriter& writer, const Space& space, const SearchPage& page,
                            bool with_path) {
  Json json = Json::object();
  if (!page.marker.empty()) json["nextMarker"] = page.marker;
  Json contents = Json::array();
  std::vector<ObjectId> ids;
  for (const Found& found : page.entries) {
    contents.push_back(writer.Entry(found.stat, with_path ? &found.path : nullptr));
    ids.push_back(found.stat.id);
  }
  HTTPD_RETURN_IF_ERROR(writer.AddFavoriteStatus(space, ids, &contents));
  json["contents"] = std::move(contents);
  return json;
}

absl::StatusOr<Response> Search(Call& call) {
  const EntryWriter writer(call);
  HTTPD_ASSIGN_OR_RETURN(SearchQuery query, TakeSearchQuery(call.body));
  query.marker = call.body.Text("marker").value_or(call.query.Text("marker"));
  const std::string order = call.body.Text("orderBy").value_or("");
  const std::string direction = call.body.Text("orderByType").value_or("asc");
  HTTPD_RETURN_IF_ERROR(TakeLimit(call, kMaxLimit, &query));
  HTTPD_RETURN_IF_ERROR(call.error());
  if (direction != "asc" && direction != "desc") {
    return MakeError(Code::kParamInvalid, "`orderByType` must be asc or desc");
  }
  query.descending = direction == "desc";
  HTTPD_ASSIGN_OR_RETURN(query.order, OrderOf(order));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const SearchPage page, Find(space, query));
  HTTPD_ASSIGN_OR_RETURN(const Json json, PageOf(writer, space, page, true));
  return Answer(200, json);
}

// Takes up what matches. Answers whether that was all: a client waits for some seconds, not more.
absl::StatusOr<bool> AddAll(const Space& space, SearchQuery query, Aggregations* aggregations) {
  const auto until = Clock::now() + kMaxTime;
  for (int i = 0; i < kMaxPages && Clock::now() < until; ++i) {
    HTTPD_ASSIGN_OR_RETURN(const SearchPage page, space.Search(query));
    for (const Found& found : page.entries) {
      if (aggregations->full()) return false;
      aggregations->Add(found.stat);
    }
    if (page.marker.empty()) return true;
    query.marker = page.marker;
  }
  return false;
}

absl::StatusOr<Response> Stats(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(SearchQuery query, TakeSearchQuery(call.body));
  HTTPD_ASSIGN_OR_RETURN(Aggregations aggregations,
                         Aggregations::Parse(call.body.json().value("aggregations", Json())));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  const auto snapshot = call.app.store.TakeSnapshot();
  query.snapshot = snapshot.get();
  query.limit = kMaxViewLimit;
  HTTPD_ASSIGN_OR_RETURN(const bool all, AddAll(space, query, &aggregations));
  return Answer(200, {{"isTruncated", !all}, {"aggregations", aggregations.ToJson()}});
}

absl::StatusOr<Response> View(Call& call) {
  const EntryWriter writer(call);
  SearchQuery query;
  const std::string filter = call.query.Text("filter"), category = call.query.Text("category");
  const bool with_path = call.query.Flag("with_path");
  query.directories = filter == "onlyDir";
  query.files = filter == "onlyFile";
  query.marker = call.query.Text("marker");
  if (!category.empty()) query.categories = {category};
  HTTPD_RETURN_IF_ERROR(TakeLimit(call, kMaxViewLimit, &query));
  HTTPD_RETURN_IF_ERROR(call.error());
  if (!query.directories && !query.files) {
    return MakeError(Code::kParamInvalid, "`filter` must be onlyDir or onlyFile");
  }
  HTTPD_ASSIGN_OR_RETURN(query.order, OrderOf(call.query.Text("order_by")));
  HTTPD_ASSIGN_OR_RETURN(query.descending, IsDescending(call.query, false));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const SearchPage page, Find(space, query));
  HTTPD_ASSIGN_OR_RETURN(const Json json, PageOf(writer, space, page, with_path));
  return Answer(200, json);
}

absl::StatusOr<Response> LookUp(Call& call) {
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const ObjectId id, ParseInode(call.id));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Found found, space.FindObject(id));
  return Answer(200, writer.Entry(found.stat, &found.path));
}

constexpr Route kRoutes[] = {
    {"POST", "search/{L}/{P}/search-fs", "", "", Search},
    {"POST", "search/{L}/{P}/search-fs-stats", "", "", Stats},
    {"GET", "space/{L}/{P}/contents-view", "", "", View},
    {"GET", "inode/{L}/{P}/{I}", "", "", LookUp},
};

}  // namespace

std::span<const Route> SearchRoutes() { return kRoutes; }

}  // namespace marcot::httpd

// Versions of files (section 13).
#include <algorithm>

#include "entry_json.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// All that a file can have, and the latest.
constexpr size_t kMaxVersions = 1000;

absl::StatusOr<Response> GetSettings(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const LibrarySettings settings, session.GetLibrarySettings());
  return Answer(200, {{"enableFileHistory", settings.history},
                      {"fileHistoryCount", settings.history_versions},
                      {"fileHistoryExpireDay", settings.history_days},
                      {"mergeInterval", settings.history_merge_seconds}});
}

void TakeSmall(Fields& body, const char* name, uint32_t* value) {
  const auto number = body.Number(name);
  if (!number.has_value()) return;
  // What is past every range is refused by the library as well as what it is cut to.
  *value = static_cast<uint32_t>(std::min<uint64_t>(*number, UINT32_MAX));
}

absl::StatusOr<Response> SetSettings(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  const std::lock_guard lock(call.app.settings);
  HTTPD_ASSIGN_OR_RETURN(LibrarySettings settings, session.GetLibrarySettings());
  settings.history = call.body.Flag("enableFileHistory").value_or(settings.history);
  TakeSmall(call.body, "fileHistoryCount", &settings.history_versions);
  TakeSmall(call.body, "fileHistoryExpireDay", &settings.history_days);
  TakeSmall(call.body, "mergeInterval", &settings.history_merge_seconds);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_RETURN_IF_ERROR(session.SetLibrarySettings(settings));
  return NoContent();
}

Json VersionJson(const Call& call, const Stat& file, const FileVersion& version) {
  const bool latest = version.replaced_time_ms == 0;
  Json json = Json::object();
  if (!latest) json["id"] = version.id;
  json["version"] = version.version;
  json["isLatestVersion"] = latest;
  json["name"] = file.name;
  json["size"] = version.size;
  const auto crc64 = call.app.service.uploads().FindCrc64(version.content);
  if (crc64.ok() && crc64->has_value()) json["crc64"] = std::to_string(**crc64);
  json["contentType"] = ContentTypeOf(file, file.attributes.Unpack());
  json["creationTime"] = IsoTime(version.modification_time_ms);
  json["creationWay"] = 0;
  return json;
}

// Where the page begins among the versions in their order.
absl::StatusOr<size_t> BeginOf(Call& call, const Paging& paging, size_t versions) {
  if (call.query.Has("page")) return std::min<size_t>(paging.skip(), versions);
  const uint64_t marker = call.query.Number("marker").value_or(0);
  HTTPD_RETURN_IF_ERROR(call.error());
  return std::min<size_t>(marker, versions);
}

absl::StatusOr<Response> List(Call& call) {
  const Paging paging = TakePaging(call.query);
  const uint64_t limit =
      call.query.Has("page") ? paging.size : call.query.Number("limit").value_or(paging.size);
  const std::string order = call.query.Text("order_by");
  HTTPD_ASSIGN_OR_RETURN(const bool descending, IsDescending(call.query, true));
  if ((!order.empty() && order != "id" && order != "creationTime") || limit == 0) {
    return MakeError(Code::kParamInvalid,
                     "`order_by` must be id or creationTime, and `limit` not 0");
  }
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Stat file, space.GetStat(call.path));
  ListVersionsOptions options;
  options.limit = kMaxVersions;
  HTTPD_ASSIGN_OR_RETURN(VersionPage all, space.ListVersions(call.path, options));
  if (!descending) std::reverse(all.versions.begin(), all.versions.end());
  const size_t total = all.versions.size();
  HTTPD_ASSIGN_OR_RETURN(const size_t begin, BeginOf(call, paging, total));
  const size_t end = begin + std::min<size_t>(limit, total - begin);
  Json json{{"totalNum", total}, {"hasMore", end < total}};
  if (end < total) json["nextMarker"] = std::to_string(end);
  json["contents"] = Json::array();
  for (size_t i = begin; i < end; ++i) {
    json["contents"].push_back(VersionJson(call, file, all.versions[i]));
  }
  return Answer(200, json);
}

absl::StatusOr<Response> Clear(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  TaskRequest request;
  request.kind = TaskRequest::Kind::kClearHistory;
  request.label = "clearLibraryHistory";
  HTTPD_ASSIGN_OR_RETURN(const uint64_t id,
                         call.app.service.tasks().SubmitOfLibrary(session, request));
  return Answer(202, {{"taskId", id}});
}

absl::StatusOr<Response> SetLatest(Call& call) {
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  const auto id = ParseNumber(call.id);
  if (!id.has_value()) {
    return MakeError(Code::kParamInvalid, "`" + call.id + "` is no id of a version");
  }
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.SetLatestVersionById(*id));
  HTTPD_ASSIGN_OR_RETURN(const Stat file, space.GetStat(JoinPath(placed.path)));
  Json json = writer.Entry(file, &placed.path);
  json["size"] = file.size;  // a number here
  json["setLatestTime"] = json["modificationTime"];
  return Answer(200, json);
}

// All of them or none.
absl::StatusOr<Response> DeleteSome(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const auto ids, TakeIds(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_RETURN_IF_ERROR(space.DeleteVersionsById(ids));
  return NoContent();
}

constexpr char kLibrary[] = "directory-history/{L}/library-history";

constexpr Route kRoutes[] = {
    {"GET", kLibrary, "", "", GetSettings},
    {"POST", kLibrary, "", "", SetSettings},
    {"DELETE", kLibrary, "", "", Clear},
    {"GET", "directory-history/{L}/{P}/history-list/{F}", "", "", List},
    {"POST", "directory-history/{L}/{P}/latest-version/{I}", "", "", SetLatest},
    {"POST", "directory-history/{L}/{P}/delete", "", kArrayBody, DeleteSome},
};

}  // namespace

std::span<const Route> HistoryRoutes() { return kRoutes; }

}  // namespace marcot::httpd

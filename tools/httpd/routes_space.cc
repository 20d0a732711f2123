// Spaces and usage (section 3).
#include <array>
#include <cstdio>
#include <random>

#include "marcot/error.h"
#include "routes.h"
#include "space_extension.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr size_t kPage = 1000;

std::string NewSpaceId() {
  std::random_device random;
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "space%08x%08x", random(), random());
  return text.data();
}

// All that takes room: the tree, the recycle bin, versions.
uint64_t SizeOf(const Usage& usage) {
  return usage.tree.bytes + usage.recycled.bytes + usage.version_bytes;
}

// ---- the library

absl::StatusOr<Response> Create(Call& call) {
  const AttributeChanges extension = TakeExtension(call.body);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  const std::string given = call.query.Text("space_id");
  const std::string name = given.empty() ? NewSpaceId() : given;
  HTTPD_RETURN_IF_ERROR(session.CreateSpace(name).status());
  // Who may make a space may say what it is like.
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.app.store.OpenSpace(call.library, name));
  HTTPD_RETURN_IF_ERROR(space.ChangeAttributes("", extension));
  return Answer(201, {{"spaceId", name}});
}

// The list begins at a prefix: behind the last name that is before all that have it. Ids have no
// character that is after `~`.
std::string Before(std::string prefix) {
  prefix.back() = static_cast<char>(prefix.back() - 1);
  return prefix + '~';
}

absl::StatusOr<Response> List(Call& call) {
  const uint64_t limit = call.query.Number("limit").value_or(kPage);
  const bool ordered = call.query.Flag("ordered");
  const std::string prefix = ordered ? call.query.Text("prefix") : "";
  std::string marker = call.query.Text("marker");
  if (marker.empty() && ordered) marker = call.query.Text("start_name");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  if (!prefix.empty()) marker = std::max(marker, Before(prefix));
  HTTPD_ASSIGN_OR_RETURN(const auto spaces, session.ListSpaces(marker, limit));
  Json list = Json::array();
  bool more = spaces.size() == limit;
  for (const SpaceInfo& space : spaces) {
    more = more && space.name.starts_with(prefix);
    if (!space.name.starts_with(prefix)) break;
    list.push_back({{"spaceId", space.name},
                    {"userId", ""},
                    {"creationTime", IsoTime(space.creation_time_ms)}});
  }
  Json json{{"list", std::move(list)}};
  if (more) json["marker"] = spaces.back().name;
  return Answer(200, json);
}

absl::StatusOr<std::vector<std::string>> AllSpaces(const Session& session) {
  std::vector<std::string> names;
  size_t before = 0;
  do {
    before = names.size();
    HTTPD_ASSIGN_OR_RETURN(const auto spaces,
                           session.ListSpaces(names.empty() ? "" : names.back(), kPage));
    for (const SpaceInfo& space : spaces) names.push_back(space.name);
  } while (names.size() - before == kPage);
  return names;
}

absl::StatusOr<Response> Count(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const auto names, AllSpaces(session));
  return Answer(200, {{"total", names.size()}});
}

absl::StatusOr<Response> LibraryUsage(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const auto names, AllSpaces(session));
  uint64_t total = 0;
  for (const std::string& name : names) {
    const auto space = session.OpenSpace(name);
    const auto usage = space.ok() ? space->GetUsage() : space.status();
    if (CodeOf(usage.status()) == Code::kSpaceNotFound) continue;  // deleted meanwhile
    HTTPD_RETURN_IF_ERROR(usage.status());
    total += SizeOf(*usage);
  }
  return Answer(200, {{"totalFileSize", std::to_string(total)}});
}

Json Bound(const std::optional<uint64_t>& bytes) {
  return bytes.has_value() ? Json(std::to_string(*bytes)) : Json();
}

absl::StatusOr<Response> SpacesUsage(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  Json json = Json::array();
  for (const std::string& name : Split(call.space, ',')) {
    HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(name));
    HTTPD_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
    json.push_back({{"spaceId", name},
                    {"capacity", Bound(usage.capacity)},
                    {"availableSpace", Bound(usage.available)},
                    {"size", std::to_string(SizeOf(usage))}});
  }
  return Answer(200, json);
}

// ---- one space

absl::StatusOr<Response> Delete(Call& call) {
  const bool force = call.query.Flag("force");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_RETURN_IF_ERROR(session.DeleteSpace(call.space, force));
  return NoContent();
}

absl::StatusOr<Response> GetExtension(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Stat root, space.GetStat(""));
  return Answer(200, ExtensionOf(root));
}

absl::StatusOr<Response> SetExtension(Call& call) {
  const AttributeChanges extension = TakeExtension(call.body);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(call.space));
  if (!session.grants().Allow(Grant::kSpaceAdmin)) {
    return MakeError(Code::kNoPermission,
                     call.space + ": what a space is like needs the grant space_admin");
  }
  HTTPD_RETURN_IF_ERROR(space.ChangeAttributes("", extension));
  return NoContent();
}

absl::StatusOr<Response> Size(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
  return Answer(200, {{"size", std::to_string(SizeOf(usage))}});
}

absl::StatusOr<Response> FileCount(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
  return Answer(200, {{"fileNum", std::to_string(usage.tree.files)},
                      {"dirNum", std::to_string(usage.tree.directories)},
                      {"recycledFileNum", std::to_string(usage.recycled.files)},
                      {"recycledDirNum", std::to_string(usage.recycled.directories)},
                      {"historyFileNum", std::to_string(usage.versions)}});
}

constexpr Route kRoutes[] = {
    {"POST", "space/{L}", "", "", Create},
    {"GET", "space/{L}/list", "", "", List},
    {"GET", "space/{L}/count", "", "", Count},
    {"GET", "space/{L}/{P}/extension", "", "", GetExtension},
    {"POST", "space/{L}/{P}/extension", "", "", SetExtension},
    {"GET", "space/{L}/{P}/size", "", "", Size},
    {"GET", "space/{L}/{P}/file-count", "", "", FileCount},
    {"DELETE", "space/{L}/{P}", "", "", Delete},
    {"GET", "usage/{L}", "", "", LibraryUsage},
    {"GET", "usage/{L}/{P}", "", "", SpacesUsage},
};

}  // namespace

std::span<const Route> SpaceRoutes() { return kRoutes; }

}  // namespace marcot::httpd

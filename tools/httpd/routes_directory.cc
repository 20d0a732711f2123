// Directories (section 4).
#include <algorithm>
#include <iterator>

#include "entry_json.h"
#include "links.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr char kStrategy[] = "conflict_resolution_strategy";

OperationOptions TakeOptions(Call& call) {
  OperationOptions options;
  options.strategy = call.query.StrategyOf(kStrategy);
  return options;
}

// ---- changes

absl::StatusOr<Response> Make(Call& call) {
  const OperationOptions options = TakeOptions(call);
  Attributes attributes;
  TakeAttributes(call.body).ApplyTo(&attributes);
  const bool with_inode = call.query.Flag("with_inode");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.MakeDirectory(call.path, options, attributes));
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(JoinPath(placed.path)));
  Json json{{"path", placed.path}, {"creationTime", IsoTime(stat.creation_time_ms)}};
  if (with_inode) json["inode"] = placed.id.Hex();
  AddAttributes(&json, attributes);
  return Answer(201, json);
}

absl::StatusOr<Response> Copy(Call& call) {
  const OperationOptions options = TakeOptions(call);
  const std::string from = call.body.Required("copyFrom");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.CopyDirectory(from, call.path, options));
  return AnswerPlaced(options.strategy, placed);
}

absl::StatusOr<Response> Move(Call& call) {
  const OperationOptions options = TakeOptions(call);
  const std::string from = call.body.Required("from");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.MoveDirectory(from, call.path, options));
  return AnswerPlaced(options.strategy, placed);
}

absl::StatusOr<Response> CopyAcross(Call& call) {
  const OperationOptions options = TakeOptions(call);
  const std::string from = call.body.Required("copyFrom");
  const std::string from_space = call.body.Required("copyFromSpaceId");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(call.space));
  HTTPD_ASSIGN_OR_RETURN(const Space source, session.OpenSpace(from_space));
  HTTPD_ASSIGN_OR_RETURN(const Placed placed,
                         space.CopyDirectory(source, from, call.path, options));
  return AnswerPlaced(options.strategy, placed);
}

absl::StatusOr<Response> MoveAcross(Call& call) {
  const OperationOptions options = TakeOptions(call);
  const std::string from = call.body.Required("from");
  const std::string from_space = call.body.Required("fromSpaceId");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(call.space));
  HTTPD_ASSIGN_OR_RETURN(const Space source, session.OpenSpace(from_space));
  HTTPD_ASSIGN_OR_RETURN(const Placed placed,
                         space.MoveDirectory(source, from, call.path, options));
  return AnswerPlaced(options.strategy, placed);
}

// To replace the metadata leaves what is the frontend's own.
absl::Status KeepOwnKeys(const Space& space, const std::string& path, AttributeChanges* changes) {
  if (!changes->replace_metadata) return absl::OkStatus();
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(path));
  for (const auto& [key, value] : stat.attributes.Unpack().metadata) {
    if (key.starts_with(kOwnKeys)) changes->metadata[key] = value;
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> Update(Call& call) {
  AttributeChanges changes = TakeAttributes(call.body);
  const std::string directive = call.body.Text("metaDataDirective").value_or("merge");
  changes.replace_metadata = directive == "replace" && call.body.Has("metaData");
  const auto size = call.body.Number("size");
  HTTPD_RETURN_IF_ERROR(call.error());
  if (directive != "merge" && directive != "replace") {
    return MakeError(Code::kParamInvalid, "`metaDataDirective` must be merge or replace");
  }
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  if (size.has_value()) {
    HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(call.path));
    if (*size != stat.size) {
      return MakeError(Code::kParamInvalid, "the size of a file is that of its bytes; upload it");
    }
  }
  HTTPD_RETURN_IF_ERROR(KeepOwnKeys(space, call.path, &changes));
  HTTPD_RETURN_IF_ERROR(space.ChangeAttributes(call.path, changes));
  return NoContent();
}

absl::StatusOr<Response> Delete(Call& call) {
  DeleteOptions options;
  options.permanent = call.query.Flag("permanent");
  const bool directory_only = call.query.Flag("directory_only");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, directory_only
                                                  ? space.DeleteDirectory(call.path, options)
                                                  : space.Delete(call.path, options));
  if (placed.recycled_item == 0) return NoContent();
  return Answer(200, {{"recycledItemId", placed.recycled_item}});
}

// ---- reads

absl::StatusOr<ListOrder> OrderOf(const std::string& name, bool mixed) {
  if (name.empty() || name == "name") {
    return mixed ? ListOrder::kName : ListOrder::kDirectoriesFirst;
  }
  if (name == "modificationTime") return ListOrder::kModificationTime;
  if (name == "size") return ListOrder::kSize;
  if (name == "creationTime") return ListOrder::kCreationTime;
  if (name == "localCreationTime") return ListOrder::kLocalCreationTime;
  return MakeError(Code::kParamInvalid,
                   "`order_by` must be name, modificationTime, size, creationTime or "
                   "localCreationTime");
}

absl::StatusOr<ListFilter> FilterOf(const std::string& name) {
  if (name.empty()) return ListFilter::kAll;
  if (name == "onlyDir") return ListFilter::kOnlyDirectories;
  if (name == "onlyFile") return ListFilter::kOnlyFiles;
  return MakeError(Code::kParamInvalid, "`filter` must be onlyDir or onlyFile");
}

absl::StatusOr<ListOptions> TakeListOptions(Call& call) {
  ListOptions options;
  const std::string sort = call.query.Text("sort_type");
  if (!sort.empty() && sort != "union") {
    return MakeError(Code::kParamInvalid, "`sort_type` must be union");
  }
  HTTPD_ASSIGN_OR_RETURN(options.order, OrderOf(call.query.Text("order_by"), !sort.empty()));
  HTTPD_ASSIGN_OR_RETURN(options.filter, FilterOf(call.query.Text("filter")));
  HTTPD_ASSIGN_OR_RETURN(options.descending, IsDescending(call.query, false));
  options.directories_first = sort.empty();
  return options;
}

absl::StatusOr<Json> ContentsOf(const EntryWriter& writer, const Space& space,
                                std::span<const Stat> entries) {
  Json contents = Json::array();
  std::vector<ObjectId> ids;
  for (const Stat& stat : entries) {
    contents.push_back(writer.Entry(stat));
    ids.push_back(stat.id);
  }
  HTTPD_RETURN_IF_ERROR(writer.AddFavoriteStatus(space, ids, &contents));
  return contents;
}

absl::StatusOr<Response> ListByMarker(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(ListOptions options, TakeListOptions(call));
  options.prefix = call.query.Text("prefix");
  options.start_after = call.query.Text("start_name");
  options.marker = call.query.Text("marker");
  options.limit = call.query.Number("limit").value_or(options.limit);
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Page page, space.List(call.path, options));
  Json json{{"path", Split(call.path, '/')}};
  if (!page.marker.empty()) json["nextMarker"] = page.marker;
  HTTPD_ASSIGN_OR_RETURN(json["contents"], ContentsOf(writer, space, page.entries));
  return Answer(200, json);
}

absl::StatusOr<Response> ListByPage(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(ListOptions options, TakeListOptions(call));
  const Paging paging = TakePaging(call.query);
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  const auto snapshot = call.app.store.TakeSnapshot();
  options.snapshot = snapshot.get();
  std::vector<Stat> entries;
  Page page;
  uint64_t skip = paging.skip();
  do {
    options.limit = std::min<uint64_t>(skip + paging.size - entries.size(), 1000);
    HTTPD_ASSIGN_OR_RETURN(page, space.List(call.path, options));
    options.marker = page.marker;
    const uint64_t skipped = std::min<uint64_t>(skip, page.entries.size());
    skip -= skipped;
    std::move(page.entries.begin() + static_cast<ptrdiff_t>(skipped), page.entries.end(),
              std::back_inserter(entries));
  } while (!page.marker.empty() && entries.size() < paging.size);
  HTTPD_ASSIGN_OR_RETURN(Json contents, ContentsOf(writer, space, entries));
  const uint64_t files = options.filter == ListFilter::kOnlyDirectories ? 0 : page.total_files;
  const uint64_t directories =
      options.filter == ListFilter::kOnlyFiles ? 0 : page.total_directories;
  return Answer(200, {{"path", Split(call.path, '/')},
                      {"fileCount", page.total_files},
                      {"subDirCount", page.total_directories},
                      {"totalNum", files + directories},
                      {"contents", std::move(contents)}});
}

absl::StatusOr<Response> Info(Call& call) {
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(call.path));
  const std::vector<std::string> path = Split(call.path, '/');
  HTTPD_ASSIGN_OR_RETURN(Json json, writer.MarkedEntry(space, stat, &path));
  if (!stat.creator.empty()) json["userId"] = stat.creator;
  const auto target = LinkOf(stat);
  if (target.has_value()) json["linkTo"] = target->Hex();
  return Answer(200, json);
}

absl::StatusOr<Response> Exists(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Stat stat, space.GetStat(call.path));
  if (stat.type == EntryType::kDirectory) return Response{};
  return MakeError(Code::kDirectoryNotFound, call.path + " is a file");
}

absl::StatusOr<RecursiveTotals> RecycledTotals(Call& call, const Space& space,
                                               std::optional<uint64_t> item) {
  if (item.has_value()) {
    ReadOptions options;
    options.tree.recycled_item = *item;
    return space.GetTotals(call.path, options);
  }
  if (!call.path.empty()) {
    return MakeError(Code::kParamInvalid, "`recycled_id` says in which recycled item the path is");
  }
  HTTPD_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
  return usage.recycled;
}

absl::StatusOr<RecursiveTotals> HistoryTotals(Call& call, const Space& space) {
  if (!call.path.empty()) {
    return MakeError(Code::kParamInvalid, "history is counted for a whole space; use its root");
  }
  HTTPD_ASSIGN_OR_RETURN(const Usage usage, space.GetUsage());
  return RecursiveTotals{.bytes = usage.version_bytes, .files = usage.versions};
}

absl::StatusOr<Response> Stats(Call& call) {
  const std::string type = call.query.Text("stats_type");
  const auto item = call.query.Number("recycled_id");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  absl::StatusOr<RecursiveTotals> totals =
      MakeError(Code::kParamInvalid, "`stats_type` must be normal, recycle or history");
  if (type == "normal") totals = space.GetTotals(call.path);
  if (type == "recycle") totals = RecycledTotals(call, space, item);
  if (type == "history") totals = HistoryTotals(call, space);
  HTTPD_RETURN_IF_ERROR(totals.status());
  return Answer(200, {{"statsType", type},
                      {"storage", totals->bytes},
                      {"fileCount", totals->files},
                      {"dirCount", totals->directories}});
}

constexpr char kDirectory[] = "directory/{L}/{P}/{F}";

constexpr Route kRoutes[] = {
    {"PUT", kDirectory, "", "copyFrom", Copy},
    {"PUT", kDirectory, "", "from", Move},
    {"PUT", kDirectory, "", "", Make},
    {"GET", kDirectory, "by-marker", "", ListByMarker},
    {"GET", kDirectory, "by-page", "", ListByPage},
    {"GET", kDirectory, "info", "", Info},
    {"GET", kDirectory, "stats", "", Stats},
    {"HEAD", kDirectory, "", "", Exists},
    {"POST", kDirectory, "update", "", Update},
    {"DELETE", kDirectory, "", "", Delete},
    {"PUT", "cross-space/directory/{L}/{P}/copy/{F}", "", "", CopyAcross},
    {"PUT", "cross-space/directory/{L}/{P}/move/{F}", "", "", MoveAcross},
};

}  // namespace

std::span<const Route> DirectoryRoutes() { return kRoutes; }

}  // namespace marcot::httpd

// The recycle bin (section 8).
#include <algorithm>

#include "batch_json.h"
#include "content_url.h"
#include "entry_json.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr uint64_t kMaxLimit = 100;
constexpr int64_t kDayMs = 86'400'000;

absl::StatusOr<Stat> StatOf(const Space& space, uint64_t item) {
  ReadOptions options;
  options.tree.recycled_item = item;
  return space.GetStat("", options);
}

absl::StatusOr<Json> RecordOf(const Call& call, const Space& space, const RecycledItem& item) {
  HTTPD_ASSIGN_OR_RETURN(Stat stat, StatOf(space, item.id));
  stat.name = item.path.empty() ? "" : item.path.back();
  const int64_t left = std::max<int64_t>(item.expiry_time_ms - NowMs(), 0);
  return Json{{"recycledItemId", item.id},
              {"originalPath", item.path},
              {"spaceId", call.space},
              {"name", stat.name},
              {"type", TypeOf(stat, stat.attributes.Unpack())},
              {"size", std::to_string(item.size)},
              {"creationTime", IsoTime(stat.creation_time_ms)},
              {"modificationTime", IsoTime(stat.modification_time_ms)},
              {"removalTime", IsoTime(item.removal_time_ms)},
              {"remainingTime", (left + kDayMs - 1) / kDayMs}};
}

absl::StatusOr<RecycledOrder> OrderOf(const std::string& name) {
  if (name.empty() || name == "removalTime") return RecycledOrder::kRemovalTime;
  if (name == "remainingTime") return RecycledOrder::kRemainingTime;
  if (name == "name") return RecycledOrder::kName;
  if (name == "size") return RecycledOrder::kSize;
  if (name == "modificationTime") return RecycledOrder::kModificationTime;
  return MakeError(Code::kParamInvalid,
                   "`order_by` must be name, modificationTime, size, removalTime or remainingTime");
}

absl::StatusOr<ListRecycledOptions> TakeOptions(Call& call) {
  ListRecycledOptions options;
  HTTPD_ASSIGN_OR_RETURN(options.order, OrderOf(call.query.Text("order_by")));
  HTTPD_ASSIGN_OR_RETURN(options.descending, IsDescending(call.query, false));
  return options;
}

// An item that went between the list and a look at it is left out.
absl::Status AddRecord(const Call& call, const Space& space, const RecycledItem& item,
                       Json* contents) {
  const auto record = RecordOf(call, space, item);
  if (CodeOf(record.status()) == Code::kRecycledItemNotFound) return absl::OkStatus();
  HTTPD_RETURN_IF_ERROR(record.status());
  contents->push_back(*record);
  return absl::OkStatus();
}

absl::StatusOr<Response> ListByMarker(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(ListRecycledOptions options, TakeOptions(call));
  options.marker = call.query.Text("marker");
  options.limit = call.query.Number("limit").value_or(options.limit);
  HTTPD_RETURN_IF_ERROR(call.error());
  if (options.limit > kMaxLimit) {
    return MakeError(Code::kParamInvalid, "`limit` must be 1 to 100");
  }
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const RecycledPage page, space.ListRecycled(options));
  Json json = Json::object();
  if (!page.marker.empty()) json["nextMarker"] = page.marker;
  Json contents = Json::array();
  for (const RecycledItem& item : page.items) {
    HTTPD_RETURN_IF_ERROR(AddRecord(call, space, item, &contents));
  }
  json["contents"] = std::move(contents);
  return Answer(200, json);
}

absl::StatusOr<Response> ListByPage(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(ListRecycledOptions options, TakeOptions(call));
  const Paging paging = TakePaging(call.query);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  Json contents = Json::array();
  RecycledPage page;
  uint64_t skip = paging.skip(), left = paging.size;
  do {
    options.limit = std::min<uint64_t>(skip + left, 1000);
    HTTPD_ASSIGN_OR_RETURN(page, space.ListRecycled(options));
    options.marker = page.marker;
    const uint64_t skipped = std::min<uint64_t>(skip, page.items.size());
    skip -= skipped;
    left -= page.items.size() - skipped;
    for (size_t i = skipped; i < page.items.size(); ++i) {
      HTTPD_RETURN_IF_ERROR(AddRecord(call, space, page.items[i], &contents));
    }
  } while (!page.marker.empty() && left > 0);
  return Answer(200, {{"totalNum", page.total_items}, {"contents", std::move(contents)}});
}

absl::StatusOr<uint64_t> TakeItem(const Call& call) {
  const auto item = ParseNumber(call.id);
  if (item.has_value() && *item != 0) return *item;
  return MakeError(Code::kParamInvalid, "`" + call.id + "` is no id of a recycled item");
}

absl::StatusOr<Response> Info(Call& call) {
  const EntryWriter writer(call);
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const uint64_t id, TakeItem(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const RecycledItem item, space.GetRecycled(id));
  HTTPD_ASSIGN_OR_RETURN(Stat stat, StatOf(space, id));
  stat.name = item.path.empty() ? "" : item.path.back();
  Json json = Json::object();
  if (stat.type == EntryType::kFile) {
    const int64_t expiry = NowMs() + kUrlLifeMs;
    ContentTarget target{call.library, call.space, "", stat.version, id};
    json["cosUrl"] = ContentUrl(call, target, expiry);
    json["cosUrlExpiration"] = IsoTime(expiry);
  }
  json.update(writer.Entry(stat));
  return Answer(200, json);
}

absl::StatusOr<MissingParents> TakeMissingParents(const Call& call) {
  const std::string name = call.query.Text("restore_path_strategy");
  if (name.empty() || name == "originalPath") return MissingParents::kFail;
  if (name == "fallbackToRoot") return MissingParents::kUseRoot;
  return MakeError(Code::kParamInvalid,
                   "`restore_path_strategy` must be originalPath or fallbackToRoot");
}

absl::StatusOr<Response> Restore(Call& call) {
  RestoreOptions options;
  options.strategy = call.query.StrategyOf("conflict_resolution_strategy");
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(options.missing_parents, TakeMissingParents(call));
  HTTPD_ASSIGN_OR_RETURN(const uint64_t item, TakeItem(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_ASSIGN_OR_RETURN(const Placed placed, space.Restore(item, options));
  return Answer(200, {{"path", placed.path}});
}

// The same to do with each of the items.
std::vector<BatchItem> ForEachOf(const std::vector<uint64_t>& ids, const BatchItem& item) {
  std::vector<BatchItem> items(ids.size(), item);
  for (size_t i = 0; i < ids.size(); ++i) items[i].item = ids[i];
  return items;
}

absl::StatusOr<Response> RestoreSome(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const MissingParents missing_parents, TakeMissingParents(call));
  HTTPD_ASSIGN_OR_RETURN(const auto ids, TakeIds(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  BatchItem restore;
  restore.kind = BatchItem::Kind::kRestore;
  restore.space = space;
  restore.missing_parents = missing_parents;
  restore.options.strategy = Strategy::kRename;
  const std::vector<BatchItem> items = ForEachOf(ids, restore);
  return RunBatch(call, space, items, std::vector<absl::Status>(items.size()), kBatchRestore);
}

absl::StatusOr<Response> Purge(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const uint64_t item, TakeItem(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_RETURN_IF_ERROR(space.PurgeRecycled(item));
  return NoContent();
}

// All of them or none.
absl::StatusOr<Response> PurgeSome(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const auto ids, TakeIds(call));
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  BatchItem purge;
  purge.kind = BatchItem::Kind::kPurge;
  purge.space = space;
  HTTPD_RETURN_IF_ERROR(call.app.store.RunAtomically(ForEachOf(ids, purge)).status());
  return NoContent();
}

absl::StatusOr<Response> Empty(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  HTTPD_RETURN_IF_ERROR(space.EmptyRecycleBin());
  return NoContent();
}

absl::StatusOr<Response> SetLifecycle(Call& call) {
  const auto days = call.body.Number("retentionDays");
  if (!days.has_value() || *days > UINT32_MAX) {
    call.body.Fail(MakeError(Code::kParamInvalid, "`retentionDays` must be 1 to 10000"));
  }
  HTTPD_RETURN_IF_ERROR(call.error());
  HTTPD_ASSIGN_OR_RETURN(const Space space, call.OpenSpace());
  const std::lock_guard lock(call.app.settings);
  HTTPD_ASSIGN_OR_RETURN(SpaceSettings settings, space.GetSettings());
  settings.recycle_days = static_cast<uint32_t>(*days);
  HTTPD_RETURN_IF_ERROR(space.SetSettings(settings));
  return NoContent();
}

constexpr char kBin[] = "recycled/{L}/{P}", kItem[] = "recycled/{L}/{P}/{I}";

constexpr Route kRoutes[] = {
    {"GET", kBin, "by-marker", "", ListByMarker},
    {"GET", kBin, "by-page", "", ListByPage},
    {"GET", kItem, "info", "", Info},
    {"POST", kItem, "restore", "", Restore},
    {"POST", kBin, "restore", kArrayBody, RestoreSome},
    {"DELETE", kItem, "", "", Purge},
    {"POST", kBin, "delete", kArrayBody, PurgeSome},
    {"DELETE", kBin, "", "", Empty},
    {"POST", kBin, "lifecycle", "", SetLifecycle},
};

}  // namespace

std::span<const Route> RecycledRoutes() { return kRoutes; }

}  // namespace marcot::httpd

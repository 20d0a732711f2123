#include "service/task_records.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/access.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "marcot/error.h"

namespace marcot::service {
namespace {

// Of one item, and of the path of its outcome: both fit the record.
constexpr size_t kMaxItemBytes = 36 * 1024;
constexpr size_t kMaxPlacedBytes = 20 * 1024;
constexpr size_t kDigits = 16;

std::string Padded(uint64_t number) { return absl::StrFormat("%016d", number); }

bool IsForTasks(BatchItem::Kind kind) {
  switch (kind) {
    case BatchItem::Kind::kMakeDirectory:
    case BatchItem::Kind::kCopy:
    case BatchItem::Kind::kMove:
    case BatchItem::Kind::kDelete:
    case BatchItem::Kind::kRestore:
    case BatchItem::Kind::kPurge:
      return true;
    default:
      return false;
  }
}

absl::Status AddHandle(const Space& space, const std::string& prefix, const Shelf& shelf,
                       Record* record) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  MARCOT_ASSIGN_OR_RETURN((*record)[prefix + "key"], shelf.KeyOf(space));
  (*record)[prefix + "library"] = state->library;
  (*record)[prefix + "space"] = state->name;
  if (state->session == nullptr) return absl::OkStatus();
  (*record)[prefix + "session"] = "1";
  (*record)[prefix + "grants"] = state->session->grants.ToString();
  (*record)[prefix + "user"] = state->session->user;
  return absl::OkStatus();
}

Space HandleOf(const Record& record, const std::string& prefix, const Shelf& shelf) {
  const std::string library = TextOf(record, prefix + "library");
  const auto space = shelf.store().OpenSpace(library, TextOf(record, prefix + "space"));
  if (!space.ok()) return {};
  const auto key = shelf.KeyOf(*space);
  if (!key.ok() || *key != TextOf(record, prefix + "key")) return {};
  if (NumberOf(record, prefix + "session") == 0) return *space;
  auto session = std::make_shared<SessionRequest>();
  session->library = library;
  session->user = TextOf(record, prefix + "user");
  const auto grants = Grants::Parse(TextOf(record, prefix + "grants"));
  if (grants.ok()) session->grants = *grants;
  return api::StoreImpl::ForSession(*space, std::move(session));
}

}  // namespace

std::string TaskFolder(uint64_t id) { return absl::StrCat(kTasksFolder, "/", Padded(id)); }
std::string TaskPath(uint64_t id) { return TaskFolder(id) + "/task"; }
std::string ItemsFolder(uint64_t id) { return TaskFolder(id) + "/items"; }
std::string ItemPath(uint64_t id, size_t index) {
  return absl::StrFormat("%s/%04d", ItemsFolder(id), index);
}
std::string OpenPath(uint64_t id) { return absl::StrCat(kOpenFolder, "/", Padded(id)); }
std::string EndedPath(int64_t time_ms, uint64_t id) {
  return absl::StrCat(kEndedFolder, "/", Padded(static_cast<uint64_t>(time_ms)), "-", Padded(id));
}

uint64_t IdOfName(const std::string& name) {
  uint64_t id = 0;
  return absl::SimpleAtoi(name, &id) ? id : 0;
}
uint64_t IdOfEndedName(const std::string& name) {
  return name.size() == 2 * kDigits + 1 ? IdOfName(name.substr(kDigits + 1)) : 0;
}
int64_t TimeOfEndedName(const std::string& name) {
  return static_cast<int64_t>(IdOfName(name.substr(0, kDigits)));
}

TaskInfo TaskOf(uint64_t id, const Record& record) {
  TaskInfo info;
  info.id = id;
  info.kind = static_cast<TaskRequest::Kind>(NumberOf(record, "kind"));
  info.label = TextOf(record, "label");
  info.library = TextOf(record, "library");
  info.space = TextOf(record, "space");
  info.user = TextOf(record, "user");
  info.state = static_cast<TaskState>(NumberOf(record, "state"));
  info.status = StatusOf(record);
  info.done = NumberOf(record, "done");
  info.total = NumberOf(record, "total");
  info.cleared = NumberOf(record, "cleared");
  info.creation_time_ms = static_cast<int64_t>(NumberOf(record, "created"));
  info.end_time_ms = static_cast<int64_t>(NumberOf(record, "ended"));
  return info;
}

absl::StatusOr<Record> RecordOfItem(const BatchItem& item, const Shelf& shelf) {
  if (!IsForTasks(item.kind)) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(item.path,
                                  ": a task makes directories, copies, moves, deletes, restores "
                                  "and purges"));
  }
  if (item.attributes != Attributes{}) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat(item.path, ": a task makes directories without attributes"));
  }
  Record record{{"kind", absl::StrCat(static_cast<int>(item.kind))},
                {"snapshot", item.from_tree.named_snapshot},
                {"item", absl::StrCat(item.item)},
                {"parents", absl::StrCat(static_cast<int>(item.missing_parents))},
                {"permanent", item.permanent ? "1" : "0"},
                {"only", absl::StrCat(static_cast<int>(item.only))},
                {"strategy", absl::StrCat(static_cast<int>(item.options.strategy))},
                {"durability", absl::StrCat(static_cast<int>(item.options.durability))},
                {"operator", item.options.user}};
  MARCOT_RETURN_IF_ERROR(AddHandle(item.space, "to_", shelf, &record));
  if (item.from_space.valid()) {
    MARCOT_RETURN_IF_ERROR(AddHandle(item.from_space, "from_", shelf, &record));
  }
  operations::Operation unused;
  const absl::Status ready = api::PrepareItem(item, &unused);
  if (!ready.ok()) AddOutcome(ready, &record);
  if (CountCodePoints(item.path)) record["path"] = item.path;
  if (CountCodePoints(item.from)) record["from"] = item.from;
  if (SizeOf(record) <= kMaxItemBytes) return record;
  return MakeError(Code::kParamInvalid,
                   "an item of a task that takes more than 36 KiB; shorten its paths");
}

size_t SizeOf(const Record& record) {
  constexpr size_t kOfField = 8;
  size_t size = 0;
  for (const auto& [field, text] : record) size += field.size() + text.size() + kOfField;
  return size;
}

BatchItem ItemOf(const Record& record, const Shelf& shelf) {
  BatchItem item;
  item.kind = static_cast<BatchItem::Kind>(NumberOf(record, "kind"));
  item.path = TextOf(record, "path");
  item.from = TextOf(record, "from");
  item.from_tree.named_snapshot = TextOf(record, "snapshot");
  item.item = NumberOf(record, "item");
  item.missing_parents = static_cast<MissingParents>(NumberOf(record, "parents"));
  item.permanent = NumberOf(record, "permanent") != 0;
  item.only = static_cast<BatchItem::Only>(NumberOf(record, "only"));
  item.options.strategy = static_cast<Strategy>(NumberOf(record, "strategy"));
  item.options.durability = static_cast<Durability>(NumberOf(record, "durability"));
  item.options.user = TextOf(record, "operator");
  item.space = HandleOf(record, "to_", shelf);
  if (record.contains("from_key")) item.from_space = HandleOf(record, "from_", shelf);
  // Without a handle of its own the source would be looked for in the target's space.
  const bool source_is_gone = record.contains("from_key") && !item.from_space.valid();
  if (source_is_gone) item.space = {};
  return item;
}

void AddOutcome(const absl::StatusOr<Placed>& placed, Record* item) {
  (*item)["outcome"] = "1";
  if (!placed.ok()) return AddStatus(placed.status(), item);
  Placed kept = *placed;
  if (JoinPath(kept.path).size() > kMaxPlacedBytes) kept.path.clear();
  AddPlaced(kept, item);
}

bool HasOutcome(const Record& item) { return item.contains("outcome"); }

TaskItem OutcomeOf(const Record& item) {
  TaskItem out;
  out.kind = static_cast<BatchItem::Kind>(NumberOf(item, "kind"));
  out.from = TextOf(item, "from");
  out.path = TextOf(item, "path");
  out.recycled_item = NumberOf(item, "item");
  const absl::Status status = StatusOf(item);
  if (status.ok()) {
    out.placed = PlacedOf(item);
  } else {
    out.placed = status;
  }
  return out;
}

}  // namespace marcot::service

// Tasks (section 10), in both of their shapes.
#include <algorithm>

#include "batch_json.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

struct Task {
  TaskInfo info;
  std::vector<Outcome> outcomes;  // of one that is done
};

// Of a space, or of the library where the address names no space.
absl::StatusOr<Task> Find(Call& call, uint64_t id) {
  Tasks& tasks = call.app.service.tasks();
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  Task task;
  std::vector<TaskItem> items;
  if (call.space.empty()) {
    HTTPD_ASSIGN_OR_RETURN(task.info, tasks.GetOfLibrary(session.library(), id));
  } else {
    HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(call.space));
    HTTPD_ASSIGN_OR_RETURN(task.info, tasks.Get(space, id));
  }
  if (task.info.space.empty()) {
    const bool whole = session.request().spaces.empty() && session.grants().Allow(Grant::kAdmin);
    if (!whole) return MakeError(Code::kNoPermission, "the task is for an admin of the library");
    return task;
  }
  // What happened in a space is for those whose session is for it.
  HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(task.info.space));
  const bool batch = task.info.kind == TaskRequest::Kind::kBatch;
  if (task.info.state != TaskState::kDone || !batch) return task;
  HTTPD_ASSIGN_OR_RETURN(items, tasks.GetItems(space, id));
  for (TaskItem& item : items) {
    task.outcomes.push_back(
        {item.kind, item.from, item.path, item.recycled_item, std::move(item.placed)});
  }
  return task;
}

bool HasResult(const Task& task) {
  return !task.outcomes.empty() || task.info.kind == TaskRequest::Kind::kClearHistory;
}

int StatusOf(const Task& task) {
  switch (task.info.state) {
    case TaskState::kRunning:
      return 202;
    case TaskState::kDone:
      return HasResult(task) ? 200 : 204;
    case TaskState::kFailed:
    case TaskState::kCancelled:
      break;
  }
  return 500;
}

Json ClearedJson(const TaskInfo& task) {
  Json json{{"status", task.status.ok() ? 200 : CodeHttpStatus(CodeOf(task.status))}};
  if (!task.status.ok()) json["code"] = std::string(CodeName(CodeOf(task.status)));
  json["deleteCount"] = task.cleared;
  return json;
}

Json TaskJson(const Task& task) {
  Json json{{"id", task.info.id}, {"taskId", task.info.id}, {"status", StatusOf(task)}};
  if (task.info.kind == TaskRequest::Kind::kClearHistory) {
    if (task.info.state != TaskState::kRunning) json["result"] = ClearedJson(task.info);
  } else if (!task.outcomes.empty()) {
    json["result"] = {{"result", OutcomesJson(task.outcomes)}};
  }
  return json;
}

absl::StatusOr<std::vector<uint64_t>> TakeIds(const std::string& text) {
  std::vector<uint64_t> ids;
  for (const std::string& one : Split(text, ',')) {
    const auto id = ParseNumber(one);
    if (!id.has_value()) {
      return MakeError(Code::kParamInvalid, "`" + one + "` is no id of a task");
    }
    if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  }
  return ids;
}

// Those that are not known are left out.
absl::StatusOr<Response> GetSome(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const auto ids, TakeIds(call.id));
  constexpr size_t kMaxTasks = 100;
  if (ids.size() > kMaxTasks) {
    return MakeError(Code::kTooManyItems, "100 tasks at once at the most");
  }
  Json json = Json::array();
  for (const uint64_t id : ids) {
    const auto task = Find(call, id);
    if (CodeOf(task.status()) == Code::kTaskNotFound) continue;
    HTTPD_RETURN_IF_ERROR(task.status());
    json.push_back(TaskJson(*task));
  }
  return Answer(200, json);
}

int ResultStatusOf(const Task& task) {
  if (task.info.state == TaskState::kRunning) return 202;
  if (task.info.state != TaskState::kDone) return 500;
  const auto failed = std::count_if(task.outcomes.begin(), task.outcomes.end(),
                                    [](const Outcome& one) { return !one.placed.ok(); });
  if (failed == 0) return 200;
  return static_cast<size_t>(failed) == task.outcomes.size() ? 400 : 207;
}

absl::StatusOr<Response> GetResult(Call& call) {
  HTTPD_ASSIGN_OR_RETURN(const auto ids, TakeIds(call.id));
  if (ids.size() != 1) return MakeError(Code::kParamInvalid, "one id of a task is needed here");
  HTTPD_ASSIGN_OR_RETURN(const Task task, Find(call, ids[0]));
  Json json{{"taskId", std::to_string(task.info.id)},
            {"taskType", task.info.label},
            {"status", ResultStatusOf(task)}};
  if (!task.outcomes.empty()) json[task.info.label + "Results"] = OutcomesJson(task.outcomes);
  if (task.info.kind == TaskRequest::Kind::kClearHistory &&
      task.info.state != TaskState::kRunning) {
    json[task.info.label + "Result"] = ClearedJson(task.info);
  }
  return Answer(200, json);
}

constexpr Route kRoutes[] = {
    {"GET", "task/{L}/{I}", "", "", GetSome},
    {"GET", "task/{L}/{P}/{I}", "", "", GetSome},
    {"GET", "task-result/{L}/{I}", "", "", GetResult},
    {"GET", "task-result/{L}/{P}/{I}", "", "", GetResult},
};

}  // namespace

std::span<const Route> TaskRoutes() { return kRoutes; }

}  // namespace marcot::httpd

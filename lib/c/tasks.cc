#include "marcot/tasks.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

TaskRequest TaskRequestOf(const marcot_task_request* request) {
  const marcot_task_request given = Sized(&Need(request, "request"), "request");
  TaskRequest out;
  out.kind =
      EnumOf<TaskRequest::Kind::kClearHistory, MARCOT_TASK_CLEAR_HISTORY>(given.kind, "kind");
  out.label = String(given.label);
  if (given.batch != nullptr) out.items = given.batch->items;
  out.atomic = given.atomic;
  out.import_space = String(given.import_space);
  out.import_file = FileName(given.import_file);
  return out;
}

// What the host holds itself is an admin's session here.
absl::StatusOr<Session> SessionOf(const marcot_session& session) {
  if (session.session) return *session.session;
  return session.store->OpenSession({.library = session.library, .grants = {Grant::kAdmin}});
}

}  // namespace

NewOf<marcot_task> NewResult(TaskInfo task) {
  static_assert(MARCOT_TASK_CANCELLED == static_cast<int>(TaskState::kCancelled));
  auto result = std::make_unique<Result<marcot_task>>();
  const TaskInfo& held = result->Hold(std::move(task));
  result->id = held.id;
  result->kind = static_cast<int>(held.kind);
  result->state = static_cast<int>(held.state);
  result->label = BytesOf(held.label);
  result->library = BytesOf(held.library);
  result->space = BytesOf(held.space);
  result->user = BytesOf(held.user);
  if (!held.status.ok()) result->status = result->NewStatus(held.status);
  result->done = held.done;
  result->total = held.total;
  result->cleared = held.cleared;
  result->creation_time_ms = held.creation_time_ms;
  result->end_time_ms = held.end_time_ms;
  return result;
}

NewOf<marcot_task_items> NewResult(std::vector<TaskItem> items) {
  auto result = std::make_unique<Result<marcot_task_items>>();
  result->SetItems(result->Hold(std::move(items)), [&](const TaskItem& item) {
    const marcot_outcome outcome = OutcomeOf(result.get(), item.placed);
    return marcot_task_item{.kind = static_cast<int>(item.kind),
                            .from = BytesOf(item.from),
                            .path = BytesOf(item.path),
                            .recycled_item = item.recycled_item,
                            .placed = outcome.placed,
                            .status = outcome.status};
  });
  return result;
}

extern "C" {

marcot_status* marcot_tasks_submit(marcot_service* service, const marcot_space* space,
                                   const marcot_task_request* request, uint64_t* id) {
  return CallForValue(
      id, [&] { return Of(service).tasks().Submit(Of(space), TaskRequestOf(request)); });
}

marcot_status* marcot_tasks_submit_of_library(marcot_service* service, marcot_session* session,
                                              const marcot_task_request* request, uint64_t* id) {
  return CallForValue(id, [&]() -> absl::StatusOr<uint64_t> {
    MARCOT_ASSIGN_OR_RETURN(const Session given, SessionOf(Need(session, "session")));
    return Of(service).tasks().SubmitOfLibrary(given, TaskRequestOf(request));
  });
}

marcot_status* marcot_tasks_get(marcot_service* service, const marcot_space* space, uint64_t id,
                                marcot_task** task) {
  return CallFor(task, [&] { return Of(service).tasks().Get(Of(space), id); });
}

marcot_status* marcot_tasks_get_of_library(marcot_service* service, marcot_bytes library,
                                           uint64_t id, marcot_task** task) {
  return CallFor(task, [&] { return Of(service).tasks().GetOfLibrary(View(library), id); });
}

marcot_status* marcot_tasks_get_items(marcot_service* service, const marcot_space* space,
                                      uint64_t id, marcot_task_items** items) {
  return CallFor(items, [&] { return Of(service).tasks().GetItems(Of(space), id); });
}

marcot_status* marcot_tasks_get_items_of_library(marcot_service* service, marcot_bytes library,
                                                 uint64_t id, marcot_task_items** items) {
  return CallFor(items, [&] { return Of(service).tasks().GetItemsOfLibrary(View(library), id); });
}

marcot_status* marcot_tasks_wait(marcot_service* service, const marcot_space* space, uint64_t id,
                                 uint64_t longest_ms, marcot_task** task) {
  const std::chrono::milliseconds longest(std::min(longest_ms, static_cast<uint64_t>(kTaskKeptMs)));
  return CallFor(task, [&] { return Of(service).tasks().Wait(Of(space), id, longest); });
}

marcot_status* marcot_tasks_cancel(marcot_service* service, const marcot_space* space,
                                   uint64_t id) {
  return Call([&] { return Of(service).tasks().Cancel(Of(space), id); });
}

marcot_status* marcot_tasks_cancel_of_library(marcot_service* service, marcot_session* session,
                                              uint64_t id) {
  return Call([&]() -> absl::Status {
    MARCOT_ASSIGN_OR_RETURN(const Session given, SessionOf(Need(session, "session")));
    return Of(service).tasks().CancelOfLibrary(given, id);
  });
}

marcot_status* marcot_tasks_run_step(marcot_service* service, bool* work_left) {
  return CallForValue(work_left, [&] { return Of(service).tasks().RunStep(); });
}

void marcot_task_free(marcot_task* task) { Free(task); }
void marcot_task_items_free(marcot_task_items* items) { Free(items); }

}  // extern "C"

}  // namespace marcot::c

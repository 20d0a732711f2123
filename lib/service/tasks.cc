#include "service/tasks.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "service/task_records.h"
#include "service/task_steps.h"

namespace marcot::service {
namespace {

constexpr size_t kMaxLabelBytes = 64;
constexpr size_t kMaxTaskBytes = 4u << 20;
constexpr size_t kPage = 256;
// A step that the storage refused is tried again after so long.
constexpr std::chrono::seconds kPatience{1};

absl::Status NoSuchTask(uint64_t id) {
  return MakeError(Code::kTaskNotFound,
                   absl::StrCat("no task ", id, " here; tasks are kept for 30 days"));
}

class TasksImpl final : public Tasks {
 public:
  explicit TasksImpl(const Shelf& shelf) : shelf_(shelf) {}
  ~TasksImpl() override;

  absl::Status Start(int threads);

  absl::StatusOr<uint64_t> Submit(const Space& space, const TaskRequest& request) override;
  absl::StatusOr<uint64_t> SubmitOfLibrary(const Session& session,
                                           const TaskRequest& request) override;
  absl::StatusOr<TaskInfo> Get(const Space& space, uint64_t id) override;
  absl::StatusOr<TaskInfo> GetOfLibrary(std::string_view library, uint64_t id) override;
  absl::StatusOr<std::vector<TaskItem>> GetItems(const Space& space, uint64_t id) override;
  absl::StatusOr<std::vector<TaskItem>> GetItemsOfLibrary(std::string_view library,
                                                          uint64_t id) override;
  absl::StatusOr<TaskInfo> Wait(const Space& space, uint64_t id,
                                std::chrono::milliseconds longest) override;
  absl::Status Cancel(const Space& space, uint64_t id) override;
  absl::Status CancelOfLibrary(const Session& session, uint64_t id) override;
  absl::StatusOr<bool> RunStep() override;

 private:
  uint64_t NewId();
  absl::StatusOr<Record> Find(const Space& space, uint64_t id) const;
  absl::StatusOr<Record> FindOfLibrary(std::string_view library, uint64_t id) const;
  absl::StatusOr<std::vector<TaskItem>> ItemsOf(uint64_t id, const Record& record) const;

  absl::Status End(uint64_t id, Record record);
  void Enqueue(uint64_t id);
  void SayEnded();
  std::optional<uint64_t> Take();
  absl::StatusOr<bool> RunOne(uint64_t id);
  void Work();

  const Shelf& shelf_;
  std::mutex mutex_;
  std::condition_variable submitted_, ended_, stops_;
  uint64_t ends_ = 0;  // of tasks, since it was opened
  uint64_t last_id_ = 0;
  std::deque<uint64_t> queue_;  // each task once, but for those that a thread has in its hands
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// ---- submitting --------------------------------------------------------------------------------

absl::Status CheckImport(const Shelf& shelf, const Space& space, const TaskRequest& request) {
  const absl::Status there =
      shelf.store().OpenSpace(space.library(), request.import_space).status();
  if (CodeOf(there) == Code::kSpaceNotFound) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(there);
  return MakeError(Code::kDuplicateSpace, absl::StrCat("the space ", space.library(), "/",
                                                       request.import_space, " exists"));
}

absl::Status CheckLabel(const TaskRequest& request) {
  if (request.label.size() <= kMaxLabelBytes) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, "the label of a task is at most 64 bytes");
}

absl::Status CheckRequest(const Shelf& shelf, const Space& space, const TaskRequest& request) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  MARCOT_RETURN_IF_ERROR(CheckLabel(request));
  if (request.kind == TaskRequest::Kind::kBatch) {
    if (request.items.empty()) return MakeError(Code::kNoItemsProvided, "a task without items");
    if (request.items.size() <= kMaxBatchItems) return absl::OkStatus();
    return MakeError(Code::kTooManyItems,
                     absl::StrCat("a task of ", request.items.size(), " items, at most ",
                                  kMaxBatchItems, " are allowed; split it"));
  }
  if (request.kind == TaskRequest::Kind::kClearHistory) {
    return MakeError(Code::kParamInvalid, "this task is of a library: SubmitOfLibrary");
  }
  if (state->session != nullptr) {
    return MakeError(Code::kNoPermission, "this task is for a handle of the host's own");
  }
  return request.kind == TaskRequest::Kind::kImportSpace ? CheckImport(shelf, space, request)
                                                         : absl::OkStatus();
}

// Of a task of the library, to which one of a space adds which.
absl::StatusOr<Record> RecordOf(const Shelf& shelf, const std::string& library,
                                const SessionRequest& session, const TaskRequest& request) {
  MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf.KeyOfLibrary(library));
  const bool batch = request.kind == TaskRequest::Kind::kBatch;
  return Record{{"kind", absl::StrCat(static_cast<int>(request.kind))},
                {"label", request.label},
                {"library", library},
                {"library_key", key},
                {"user", session.user},
                {"client", session.client},
                {"session", session.session},
                {"state", absl::StrCat(static_cast<int>(TaskState::kRunning))},
                {"created", absl::StrCat(shelf.now_ms())},
                {"done", "0"},
                {"total", absl::StrCat(batch ? request.items.size() : 1)},
                {"atomic", request.atomic ? "1" : "0"},
                {"import_space", request.import_space},
                {"file", request.import_file}};
}

absl::StatusOr<Record> RecordOf(const Shelf& shelf, const Space& space,
                                const TaskRequest& request) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  const SessionRequest session = state->session == nullptr ? SessionRequest{} : *state->session;
  MARCOT_ASSIGN_OR_RETURN(Record record, RecordOf(shelf, state->library, session, request));
  record["space"] = state->name;
  MARCOT_ASSIGN_OR_RETURN(record["space_key"], shelf.KeyOf(space));
  return record;
}

uint64_t TasksImpl::NewId() {
  const std::lock_guard lock(mutex_);
  last_id_ = std::max(last_id_ + 1, static_cast<uint64_t>(shelf_.now_ms()));
  return last_id_;
}

absl::StatusOr<uint64_t> TasksImpl::Submit(const Space& space, const TaskRequest& request) {
  MARCOT_RETURN_IF_ERROR(CheckRequest(shelf_, space, request));
  const uint64_t id = NewId();
  MARCOT_ASSIGN_OR_RETURN(const Record record, RecordOf(shelf_, space, request));
  std::vector<BatchItem> notes{shelf_.PutItem(TaskPath(id), record),
                               shelf_.PutItem(OpenPath(id), {})};
  size_t bytes = 0, refused = 0;
  for (const BatchItem& item : request.items) {
    MARCOT_ASSIGN_OR_RETURN(const Record of_item, RecordOfItem(item, shelf_));
    bytes += SizeOf(of_item);
    refused += CodeOf(StatusOf(of_item)) == Code::kNoPermission;
    notes.push_back(shelf_.PutItem(ItemPath(id, notes.size() - 2), of_item));
  }
  if (bytes > kMaxTaskBytes) {
    return MakeError(Code::kParamInvalid, "the items of a task take at most 4 MiB; split it");
  }
  if (refused > 0 && refused == request.items.size()) {
    return MakeError(Code::kNoPermission, "the session may do none of the items; see its grants");
  }
  MARCOT_RETURN_IF_ERROR(shelf_.RunAll(std::move(notes)));
  Enqueue(id);
  return id;
}

absl::Status CheckLibraryTask(const Shelf& shelf, const Session& session, std::string_view what) {
  MARCOT_ASSIGN_OR_RETURN(const Session::State* const state, api::StoreImpl::StateOf(session));
  if (state->store != &shelf.store()) {
    return MakeError(Code::kParamInvalid, "the session is of another store");
  }
  return api::RequireLibraryAdmin(*state, what);
}

absl::StatusOr<uint64_t> TasksImpl::SubmitOfLibrary(const Session& session,
                                                    const TaskRequest& request) {
  MARCOT_RETURN_IF_ERROR(CheckLabel(request));
  if (request.kind != TaskRequest::Kind::kClearHistory) {
    return MakeError(Code::kParamInvalid, "this task is of a space: Submit");
  }
  MARCOT_RETURN_IF_ERROR(CheckLibraryTask(shelf_, session, "the history"));
  MARCOT_RETURN_IF_ERROR(session.ClearHistory(0).status());
  const uint64_t id = NewId();
  MARCOT_ASSIGN_OR_RETURN(const Record record,
                          RecordOf(shelf_, session.library(), session.request(), request));
  MARCOT_RETURN_IF_ERROR(
      shelf_.RunAll({shelf_.PutItem(TaskPath(id), record), shelf_.PutItem(OpenPath(id), {})}));
  Enqueue(id);
  return id;
}

// ---- reading -----------------------------------------------------------------------------------

absl::StatusOr<Record> TasksImpl::Find(const Space& space, uint64_t id) const {
  MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf_.KeyOf(space));
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(TaskPath(id)));
  if (!record.has_value() || TextOf(*record, "space_key") != key) return NoSuchTask(id);
  return *std::move(record);
}

absl::StatusOr<Record> TasksImpl::FindOfLibrary(std::string_view library, uint64_t id) const {
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(TaskPath(id)));
  MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf_.KeyOfLibrary(library));
  if (!record.has_value() || TextOf(*record, "library_key") != key) return NoSuchTask(id);
  return *std::move(record);
}

absl::StatusOr<TaskInfo> TasksImpl::Get(const Space& space, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Find(space, id));
  return TaskOf(id, record);
}

absl::StatusOr<TaskInfo> TasksImpl::GetOfLibrary(std::string_view library, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, FindOfLibrary(library, id));
  return TaskOf(id, record);
}

absl::StatusOr<std::vector<TaskItem>> TasksImpl::ItemsOf(uint64_t id, const Record& record) const {
  const TaskInfo task = TaskOf(id, record);
  std::vector<TaskItem> items;
  if (task.kind != TaskRequest::Kind::kBatch) return items;
  const uint64_t end = task.state == TaskState::kCancelled ? task.total : task.done;
  for (uint64_t i = 0; i < end; ++i) {
    MARCOT_ASSIGN_OR_RETURN(const auto item, shelf_.Find(ItemPath(id, i)));
    if (!item.has_value()) return NoSuchTask(id);  // forgotten meanwhile
    items.push_back(OutcomeOf(*item));
    if (HasOutcome(*item)) continue;
    items.back().placed = MakeError(Code::kTaskCancelled, "cancelled before its turn");
  }
  return items;
}

absl::StatusOr<std::vector<TaskItem>> TasksImpl::GetItems(const Space& space, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, Find(space, id));
  return ItemsOf(id, record);
}

absl::StatusOr<std::vector<TaskItem>> TasksImpl::GetItemsOfLibrary(std::string_view library,
                                                                   uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(const Record record, FindOfLibrary(library, id));
  return ItemsOf(id, record);
}

absl::StatusOr<TaskInfo> TasksImpl::Wait(const Space& space, uint64_t id,
                                         std::chrono::milliseconds longest) {
  constexpr std::chrono::milliseconds kDay{86'400'000};  // a sum with more could overflow
  const auto until = std::chrono::steady_clock::now() + std::min(longest, kDay);
  std::unique_lock lock(mutex_);
  while (true) {
    const uint64_t ends = ends_;
    lock.unlock();
    auto info = Get(space, id);
    if (!info.ok() || info->state != TaskState::kRunning) return info;
    if (std::chrono::steady_clock::now() >= until) return info;
    lock.lock();
    ended_.wait_until(lock, until, [&] { return ends_ != ends; });
  }
}

void TasksImpl::SayEnded() {
  const std::lock_guard lock(mutex_);
  ++ends_;
  ended_.notify_all();
}

// Who may end it: its submitter and the administrator of its space.
absl::Status CheckMayCancel(const Space& space, const Record& record) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  if (state->session == nullptr) return absl::OkStatus();
  const SessionRequest& session = *state->session;
  const bool own = !session.user.empty() && session.user == TextOf(record, "user") &&
                   session.client == TextOf(record, "client") &&
                   session.session == TextOf(record, "session");
  return own ? absl::OkStatus() : api::RequireSpaceAdmin(*state, "cancelling a task");
}

absl::Status TasksImpl::Cancel(const Space& space, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(Record record, Find(space, id));
  MARCOT_RETURN_IF_ERROR(CheckMayCancel(space, record));
  return End(id, std::move(record));
}

absl::Status TasksImpl::CancelOfLibrary(const Session& session, uint64_t id) {
  MARCOT_RETURN_IF_ERROR(CheckLibraryTask(shelf_, session, "cancelling a task"));
  MARCOT_ASSIGN_OR_RETURN(Record record, FindOfLibrary(session.library(), id));
  if (!TextOf(record, "space").empty()) return NoSuchTask(id);
  return End(id, std::move(record));
}

absl::Status TasksImpl::End(uint64_t id, Record record) {
  while (TaskOf(id, record).state == TaskState::kRunning) {
    record["state"] = absl::StrCat(static_cast<int>(TaskState::kCancelled));
    // The record may be that of before a step which came first; then `done` lags, which only
    // says less of what was done than the items do.
    const absl::Status ended = shelf_.RunAll(EndItems(shelf_, id, record));
    if (ended.ok()) SayEnded();
    if (CodeOf(ended) != Code::kPathNotFound) return ended;
    MARCOT_ASSIGN_OR_RETURN(auto now, shelf_.Find(TaskPath(id)));
    if (!now.has_value()) return NoSuchTask(id);
    record = *std::move(now);
  }
  return absl::OkStatus();
}

// ---- running -----------------------------------------------------------------------------------

void TasksImpl::Enqueue(uint64_t id) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(id);
  submitted_.notify_one();
}

std::optional<uint64_t> TasksImpl::Take() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty()) return std::nullopt;
  const uint64_t id = queue_.front();
  queue_.pop_front();
  return id;
}

absl::StatusOr<bool> TasksImpl::RunOne(uint64_t id) {
  const auto more = RunTaskStep(shelf_, id);
  if (!more.ok() || *more) {
    Enqueue(id);
  } else {
    SayEnded();
  }
  return more;
}

absl::StatusOr<bool> TasksImpl::RunStep() {
  const auto id = Take();
  if (!id.has_value()) return false;
  MARCOT_RETURN_IF_ERROR(RunOne(*id).status());
  const std::lock_guard lock(mutex_);
  return !queue_.empty();
}

void TasksImpl::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    submitted_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const uint64_t id = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const bool refused = !RunOne(id).ok();
    lock.lock();
    if (refused) stops_.wait_for(lock, kPatience, [this] { return stopping_; });
  }
}

absl::Status TasksImpl::Start(int threads) {
  std::vector<std::string> names;
  do {
    MARCOT_ASSIGN_OR_RETURN(
        names, shelf_.Names(kOpenFolder, names.empty() ? std::string() : names.back(), kPage));
    for (const std::string& name : names) queue_.push_back(IdOfName(name));
  } while (names.size() == kPage);
  MARCOT_ASSIGN_OR_RETURN(const std::string last, shelf_.LastName(kTasksFolder));
  last_id_ = IdOfName(last);
  try {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  } catch (const std::system_error& error) {
    return MakeError(Code::kInternalServerError, error.what());
  }
  return absl::OkStatus();
}

TasksImpl::~TasksImpl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  submitted_.notify_all();
  stops_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tasks>> MakeTasks(const Shelf& shelf, int threads) {
  auto tasks = std::make_unique<TasksImpl>(shelf);
  MARCOT_RETURN_IF_ERROR(tasks->Start(threads));
  return tasks;
}

absl::Status ExpireTasks(const Shelf& shelf) {
  std::vector<std::string> names;
  do {
    MARCOT_ASSIGN_OR_RETURN(names, shelf.Names(kEndedFolder, "", kPage));
    for (const std::string& name : names) {
      if (TimeOfEndedName(name) + kTaskKeptMs > shelf.now_ms()) return absl::OkStatus();
      MARCOT_RETURN_IF_ERROR(shelf.Delete(TaskFolder(IdOfEndedName(name))).status());
      MARCOT_RETURN_IF_ERROR(shelf.Delete(absl::StrCat(kEndedFolder, "/", name)).status());
    }
  } while (names.size() == kPage);
  return absl::OkStatus();
}

}  // namespace marcot::service

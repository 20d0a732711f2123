// Tasks on the shelf. ID is 16 decimal digits.
//
//   tasks/ID/task       the record of the task
//   tasks/ID/items/N    an item, and its outcome once it has one
//   open/ID             (empty) a task that has not ended
//   ended/TIME-ID       (empty) one that has, for its expiry
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "marcot/tasks.h"
#include "service/shelf.h"

namespace marcot::service {

std::string TaskFolder(uint64_t id);
std::string TaskPath(uint64_t id);
std::string ItemsFolder(uint64_t id);
std::string ItemPath(uint64_t id, size_t index);
std::string OpenPath(uint64_t id);
std::string EndedPath(int64_t time_ms, uint64_t id);
inline constexpr char kTasksFolder[] = "tasks";
inline constexpr char kOpenFolder[] = "open";
inline constexpr char kEndedFolder[] = "ended";
uint64_t IdOfName(const std::string& name);       // in both of the first
uint64_t IdOfEndedName(const std::string& name);  // 0: it is none
int64_t TimeOfEndedName(const std::string& name);

TaskInfo TaskOf(uint64_t id, const Record& record);

// ParamInvalid for what no task does. One that can be seen to fail has its outcome already.
absl::StatusOr<Record> RecordOfItem(const BatchItem& item, const Shelf& shelf);
// With handles that may do what those of the item might. A space that is gone: the item has an
// empty handle.
BatchItem ItemOf(const Record& record, const Shelf& shelf);

void AddOutcome(const absl::StatusOr<Placed>& placed, Record* item);
bool HasOutcome(const Record& item);
// Of all fields, as an upper bound of what the record takes.
size_t SizeOf(const Record& record);
TaskItem OutcomeOf(const Record& item);

}  // namespace marcot::service

// Work that goes on after the call that asked for it: durable, so a crash interrupts it and no
// more; what became of it can be read for 30 days.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/store.h"

namespace marcot {

inline constexpr int64_t kTaskKeptMs = 30LL * 86400 * 1000;  // after its end

struct TaskRequest {
  enum class Kind {
    kBatch,         // the items
    kReclaim,       // what Store::ReclaimUntilIdle does
    kImportSpace,   // makes `import_space` of the stream in `import_file`
    kClearHistory,  // what Store::ClearHistory does; a task of a library
  };
  Kind kind = Kind::kBatch;
  std::string label;  // the host's own word for it; at most 64 bytes of UTF-8

  // At most kMaxBatchItems that make a directory, copy, move, delete, restore or purge; of 4 MiB
  // together. Each goes with what its handles may do now.
  std::vector<BatchItem> items;
  bool atomic = false;  // all of them in one commit, or none

  std::string import_space;  // in the library of the task's space; must not exist
  std::string import_file;   // on this machine; written by ExportSpace
};

enum class TaskState {
  kRunning,    // or waiting for its turn
  kDone,       // each item has its outcome
  kFailed,     // as a whole, from `TaskInfo::done` on: its status says why
  kCancelled,  // items that were done stay done
};

struct TaskItem {
  BatchItem::Kind kind = BatchItem::Kind::kMakeDirectory;
  std::string from, path;      // as they were asked for
  uint64_t recycled_item = 0;  // restore, purge: as asked for
  // TaskCancelled: it was not its turn yet. A final path of more than 20 KiB is left out.
  absl::StatusOr<Placed> placed;
};

struct TaskInfo {
  uint64_t id = 0;
  TaskRequest::Kind kind = TaskRequest::Kind::kBatch;
  std::string label, library, space, user;  // no space: a task of the library
  TaskState state = TaskState::kRunning;
  absl::Status status;           // kFailed: why
  uint64_t done = 0, total = 0;  // items; all other kinds: the whole is one
  uint64_t cleared = 0;  // versions; what was let go of just before a crash may not be counted
  int64_t creation_time_ms = 0, end_time_ms = 0;
};

// Thread-safe. A task is of the space that it was submitted for. TaskNotFound: that space has no
// such task, or has forgotten it.
class Tasks {
 public:
  virtual ~Tasks() = default;

  // Ids grow. Nothing was done if this fails: NoItemsProvided, TooManyItems, ParamInvalid (an item
  // of another kind, one that takes more than 36 KiB), NoPermission (none of the items is allowed;
  // reclaim and import are for a host's own handle). O(items).
  virtual absl::StatusOr<uint64_t> Submit(const Space& space, const TaskRequest& request) = 0;
  // Of the library: kClearHistory alone. HistoryInUse; NoPermission and AccessTokenNotMatchSpace
  // unless the session is for the whole library, with `admin`.
  virtual absl::StatusOr<uint64_t> SubmitOfLibrary(const Session& session,
                                                   const TaskRequest& request) = 0;

  virtual absl::StatusOr<TaskInfo> Get(const Space& space, uint64_t id) = 0;
  // Of any space of a library, or of the library itself.
  virtual absl::StatusOr<TaskInfo> GetOfLibrary(std::string_view library, uint64_t id) = 0;
  // The outcomes of a task that has ended, in the order of its items; of one that runs, those of
  // the items that are done; of one that failed as a whole, none. O(items).
  virtual absl::StatusOr<std::vector<TaskItem>> GetItems(const Space& space, uint64_t id) = 0;
  virtual absl::StatusOr<std::vector<TaskItem>> GetItemsOfLibrary(std::string_view library,
                                                                  uint64_t id) = 0;
  // Waits for its end, this long at the most; answers as Get does.
  virtual absl::StatusOr<TaskInfo> Wait(const Space& space, uint64_t id,
                                        std::chrono::milliseconds longest) = 0;
  // No further item is begun; an import whose last commit is under way still makes its space. Does
  // nothing to a task that has ended. NoPermission: for who administers the space, and for the
  // session's user who submitted it.
  virtual absl::Status Cancel(const Space& space, uint64_t id) = 0;
  // A task of the library; for who may submit it.
  virtual absl::Status CancelOfLibrary(const Session& session, uint64_t id) = 0;

  // Does a step of one task, in turn; answers whether any is left to do. For hosts without a
  // background (ServiceOptions).
  virtual absl::StatusOr<bool> RunStep() = 0;
};

}  // namespace marcot

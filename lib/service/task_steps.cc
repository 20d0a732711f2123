#include "service/task_steps.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "marcot/space_stream.h"
#include "service/task_records.h"

namespace marcot::service {
namespace {

// Operations of one commit of a batch; steps of reclaim in one turn.
constexpr size_t kItemsAtOnce = 16;
constexpr size_t kReclaimAtOnce = 64;

void SetState(TaskState state, Record* record) {
  (*record)["state"] = absl::StrCat(static_cast<int>(state));
}

// One turn of one task.
class Step {
 public:
  Step(const Shelf& shelf, uint64_t id, Record record)
      : shelf_(shelf), id_(id), record_(std::move(record)), task_(TaskOf(id, record_)) {}

  absl::StatusOr<bool> Run() {
    switch (task_.kind) {
      case TaskRequest::Kind::kBatch:
        return NumberOf(record_, "atomic") != 0 ? RunTogether() : RunSome();
      case TaskRequest::Kind::kReclaim:
        return Reclaim();
      case TaskRequest::Kind::kImportSpace:
        return Import();
    }
    return Fail(MakeError(Code::kInternalServerError, "a task of an unknown kind"));
  }

 private:
  using Outcomes = std::span<const absl::StatusOr<Placed>>;

  absl::Status Load(size_t count) {
    for (uint64_t i = task_.done; i < task_.total && records_.size() < count; ++i) {
      MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(ItemPath(id_, i)));
      if (!record.has_value()) return MakeError(Code::kInternalServerError, "a task lost an item");
      items_.push_back(ItemOf(*record, shelf_));
      records_.push_back(*std::move(record));
    }
    return absl::OkStatus();
  }

  // What is noted with the outcomes of the items that were loaded.
  std::vector<BatchItem> Note(Outcomes outcomes) {
    std::vector<BatchItem> notes;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      Record record = records_[i];
      AddOutcome(outcomes[i], &record);
      notes.push_back(shelf_.SetItem(ItemPath(id_, task_.done + i), record));
    }
    return AddProgress(task_.done + outcomes.size(), std::move(notes));
  }

  std::vector<BatchItem> AddProgress(uint64_t done, std::vector<BatchItem> notes) {
    Record record = record_;
    record["done"] = absl::StrCat(done);
    std::vector<BatchItem> more;
    if (done == task_.total) {
      SetState(TaskState::kDone, &record);
      more = EndItems(shelf_, id_, std::move(record));
    } else {
      // Fails where the task was cancelled, and all of the commit with it.
      more = {shelf_.SetItem(OpenPath(id_), {}), shelf_.SetItem(TaskPath(id_), record)};
    }
    notes.insert(notes.end(), more.begin(), more.end());
    return notes;
  }

  absl::StatusOr<bool> RunSome() {
    MARCOT_RETURN_IF_ERROR(Load(kItemsAtOnce));
    const auto note = [&](Outcomes outcomes) -> absl::StatusOr<std::vector<BatchItem>> {
      return Note(outcomes);
    };
    MARCOT_RETURN_IF_ERROR(shelf_.Run(items_, note).status());
    return task_.done + items_.size() < task_.total;
  }

  absl::StatusOr<bool> RunTogether() {
    MARCOT_RETURN_IF_ERROR(Load(task_.total));
    absl::Status failed;
    const auto note = [&](Outcomes outcomes) -> absl::StatusOr<std::vector<BatchItem>> {
      failed = absl::OkStatus();
      for (size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i].ok()) continue;
        failed =
            MakeError(CodeOf(outcomes[i].status()),
                      absl::StrCat("item ", i, ": ", std::string(outcomes[i].status().message())));
        return failed;
      }
      return Note(outcomes);
    };
    const absl::Status ran = shelf_.Run(items_, note).status();
    if (!failed.ok()) return Fail(failed);
    MARCOT_RETURN_IF_ERROR(ran);
    return false;
  }

  absl::StatusOr<bool> Reclaim() {
    MARCOT_ASSIGN_OR_RETURN(const bool more, shelf_.store().ReclaimSteps(kReclaimAtOnce));
    if (more) return true;
    return Finish();
  }

  absl::StatusOr<bool> Import() {
    std::ifstream file(TextOf(record_, "file"), std::ios::binary);
    if (!file) {
      return Fail(
          MakeError(Code::kPathNotFound,
                    absl::StrCat(TextOf(record_, "file"), " cannot be opened on this machine")));
    }
    const bool begun_before = NumberOf(record_, "begun") != 0;
    record_["begun"] = "1";
    MARCOT_RETURN_IF_ERROR(
        shelf_.RunAll({shelf_.SetItem(OpenPath(id_), {}), shelf_.SetItem(TaskPath(id_), record_)}));
    const auto source = [&file](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
      file.read(buffer, static_cast<std::streamsize>(capacity));
      return static_cast<size_t>(file.gcount());
    };
    const absl::Status imported =
        ImportSpace(shelf_.store(), task_.library, TextOf(record_, "import_space"), source)
            .status();
    // It did not exist when the task began: a turn that was cut short had made it.
    const bool made_before = CodeOf(imported) == Code::kDuplicateSpace && begun_before;
    if (!imported.ok() && !made_before) return Fail(imported);
    return Finish();
  }

  absl::StatusOr<bool> Finish() {
    MARCOT_RETURN_IF_ERROR(shelf_.RunAll(AddProgress(task_.total, {})));
    return false;
  }

  absl::StatusOr<bool> Fail(const absl::Status& why) {
    SetState(TaskState::kFailed, &record_);
    AddStatus(why, &record_);
    MARCOT_RETURN_IF_ERROR(shelf_.RunAll(EndItems(shelf_, id_, record_)));
    return false;
  }

  const Shelf& shelf_;
  const uint64_t id_;
  Record record_;
  const TaskInfo task_;
  std::vector<Record> records_;
  std::vector<BatchItem> items_;
};

}  // namespace

std::vector<BatchItem> EndItems(const Shelf& shelf, uint64_t id, Record record) {
  const int64_t now_ms = shelf.now_ms();
  record["ended"] = absl::StrCat(now_ms);
  return {shelf.DeleteItem(OpenPath(id)), shelf.SetItem(TaskPath(id), record),
          shelf.PutItem(EndedPath(now_ms, id), {})};
}

absl::StatusOr<bool> RunTaskStep(const Shelf& shelf, uint64_t id) {
  MARCOT_ASSIGN_OR_RETURN(auto record, shelf.Find(TaskPath(id)));
  const bool runs = record.has_value() && TaskOf(id, *record).state == TaskState::kRunning;
  if (!runs) return false;
  auto more = Step(shelf, id, *std::move(record)).Run();
  if (more.ok()) return more;
  MARCOT_ASSIGN_OR_RETURN(const auto open, shelf.Find(OpenPath(id)));
  if (!open.has_value()) return false;  // cancelled in the middle of the step
  return more;
}

}  // namespace marcot::service

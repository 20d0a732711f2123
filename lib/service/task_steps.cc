#include "service/task_steps.h"

#include <algorithm>
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
constexpr uint64_t kVersionsAtOnce = 1024;

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
      case TaskRequest::Kind::kClearHistory:
        return ClearHistory();
    }
    return Fail(MakeError(Code::kInternalServerError, "a task of an unknown kind"));
  }

  // Ends the task.
  absl::StatusOr<bool> Fail(const absl::Status& why) {
    SetState(TaskState::kFailed, &record_);
    AddStatus(why, &record_);
    MARCOT_RETURN_IF_ERROR(shelf_.RunAll(EndItems(shelf_, id_, record_)));
    return false;
  }

 private:
  using Outcomes = std::span<const absl::StatusOr<Placed>>;

  absl::Status Load(size_t count) {
    for (uint64_t i = task_.done; i < task_.total && records_.size() < count; ++i) {
      MARCOT_ASSIGN_OR_RETURN(auto record, shelf_.Find(ItemPath(id_, i)));
      if (!record.has_value()) return MakeError(Code::kInternalServerError, "a task lost an item");
      // What could be seen to fail when it was submitted is not tried.
      if (!HasOutcome(*record)) {
        items_.push_back(ItemOf(*record, shelf_));
        indexes_.push_back(records_.size());
      }
      records_.push_back(*std::move(record));
    }
    return absl::OkStatus();
  }

  // What is noted with the outcomes of the items that were loaded.
  std::vector<BatchItem> Note(Outcomes outcomes) {
    std::vector<BatchItem> notes;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      Record record = records_[indexes_[i]];
      AddOutcome(outcomes[i], &record);
      notes.push_back(shelf_.SetItem(ItemPath(id_, task_.done + indexes_[i]), record));
    }
    return AddProgress(task_.done + records_.size(), std::move(notes));
  }

  // One flush serves all, so the strictest wish counts.
  Durability WantedDurability() const {
    Durability durability = Durability::kDefault;
    for (const BatchItem& item : items_) durability = std::max(durability, item.options.durability);
    return durability;
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
    MARCOT_RETURN_IF_ERROR(shelf_.Run(items_, note, WantedDurability()).status());
    return task_.done + records_.size() < task_.total;
  }

  static absl::Status InItem(size_t index, const absl::Status& status) {
    return MakeError(CodeOf(status),
                     absl::StrCat("item ", index, ": ", std::string(status.message())));
  }

  absl::StatusOr<bool> RunTogether() {
    MARCOT_RETURN_IF_ERROR(Load(task_.total));
    for (size_t i = 0; i < records_.size(); ++i) {
      if (HasOutcome(records_[i])) return Fail(InItem(i, StatusOf(records_[i])));
    }
    absl::Status failed;
    const auto note = [&](Outcomes outcomes) -> absl::StatusOr<std::vector<BatchItem>> {
      failed = absl::OkStatus();
      for (size_t i = 0; i < outcomes.size(); ++i) {
        if (outcomes[i].ok()) continue;
        failed = InItem(i, outcomes[i].status());
        return failed;
      }
      return Note(outcomes);
    };
    const absl::Status ran = shelf_.Run(items_, note, WantedDurability()).status();
    if (!failed.ok()) return Fail(failed);
    MARCOT_RETURN_IF_ERROR(ran);
    return false;
  }

  absl::StatusOr<bool> Reclaim() {
    MARCOT_ASSIGN_OR_RETURN(const bool more, shelf_.store().ReclaimSteps(kReclaimAtOnce));
    if (more) return true;
    return Finish();
  }

  absl::StatusOr<bool> ClearHistory() {
    MARCOT_ASSIGN_OR_RETURN(const std::string key, shelf_.KeyOfLibrary(task_.library));
    if (key != TextOf(record_, "library_key")) {
      return Fail(MakeError(Code::kLibraryNotFound, "the library was deleted"));
    }
    MARCOT_ASSIGN_OR_RETURN(const uint64_t cleared,
                            shelf_.store().ClearHistory(task_.library, kVersionsAtOnce));
    record_["cleared"] = absl::StrCat(task_.cleared + cleared);
    if (cleared == 0) return Finish();
    MARCOT_RETURN_IF_ERROR(SaveRecord());
    return true;
  }

  // Fails where the task was cancelled.
  absl::Status SaveRecord() {
    return shelf_.RunAll(
        {shelf_.SetItem(OpenPath(id_), {}), shelf_.SetItem(TaskPath(id_), record_)});
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
    MARCOT_RETURN_IF_ERROR(SaveRecord());
    const auto source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
      MARCOT_ASSIGN_OR_RETURN(const auto open, shelf_.Find(OpenPath(id_)));
      if (!open.has_value()) return MakeError(Code::kTaskCancelled, "the import was cancelled");
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

  const Shelf& shelf_;
  const uint64_t id_;
  Record record_;
  const TaskInfo task_;
  std::vector<Record> records_;   // of the items that were loaded
  std::vector<BatchItem> items_;  // those of them that are tried,
  std::vector<size_t> indexes_;   // and which they are
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
  if (!record.has_value() || TaskOf(id, *record).state != TaskState::kRunning) return false;
  auto more = Step(shelf, id, *record).Run();
  if (more.ok()) return more;
  MARCOT_ASSIGN_OR_RETURN(const auto open, shelf.Find(OpenPath(id)));
  if (!open.has_value()) return false;  // cancelled in the middle of the step
  // What the store refuses today it will refuse tomorrow; what it could not do may be tried again.
  if (CodeHttpStatus(CodeOf(more.status())) >= 500) return more;
  return Step(shelf, id, *std::move(record)).Fail(more.status());
}

}  // namespace marcot::service

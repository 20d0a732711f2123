#include "check/checker.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/beside.h"
#include "check/claims.h"
#include "check/contents.h"
#include "check/directories.h"
#include "check/joins.h"
#include "check/repairer.h"
#include "check/state.h"
#include "check/summaries.h"

namespace marcot::check {
namespace {

// A thread takes a range of directories when it is done with one.
constexpr uint64_t kRanges = 256;
// Fewer directories are not worth a thread.
constexpr uint64_t kWorthThreads = 1000;
constexpr int kSorters = 8;

std::string ScratchFolder(const CheckOptions& options) {
  if (!options.scratch_folder.empty()) return options.scratch_folder;
  std::error_code error;
  const auto folder = std::filesystem::temp_directory_path(error);
  return error ? "/tmp" : folder.string();
}

class Pass {
 public:
  Pass(const storage::Storage& storage, const CheckOptions& options, int pass, Findings& findings)
      : options_(options),
        pass_(pass),
        findings_(findings),
        state_(storage, findings),
        // A full buffer is sorted beside the next one that fills, with 16 bytes a record.
        claims_(ScratchFolder(options), options.memory_bytes / (4 * kSorters)),
        estimated_(storage.GetFigures().estimated_records) {}

  absl::StatusOr<uint64_t> Run() {
    if (!state_.Load()) return claims_.records.load();
    MARCOT_RETURN_IF_ERROR(Scan());
    MARCOT_RETURN_IF_ERROR(Join());
    if (options_.deep) {
      phase_ = "contents";
      MARCOT_RETURN_IF_ERROR(CheckContents(state_, claims_));
      Report();
    }
    CheckCounters();
    return claims_.records.load();
  }

 private:
  using Task = std::function<absl::Status()>;

  // Tasks that may run side by side.
  absl::Status RunTasks(const std::vector<Task>& tasks) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    absl::Status status;
    const auto work = [&] {
      for (size_t i = next++; i < tasks.size(); i = next++) {
        const absl::Status one = tasks[i]();
        const std::lock_guard lock(mutex);
        status.Update(one);
        Report();
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < ThreadCount(); ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    return status;
  }

  int ThreadCount() const {
    if (state_.newest().counters.next_id < kWorthThreads) return 1;
    if (options_.threads > 0) return options_.threads;
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }

  absl::Status Scan() {
    phase_ = "records";
    std::vector<Task> tasks;
    for (const auto part : {CheckQueue, CheckMeta, CheckSpaces, CheckBins, CheckFacts, CheckChanges,
                            CheckContentRows}) {
      tasks.push_back([this, part] {
        part(state_, claims_);
        return absl::OkStatus();
      });
    }
    // What a repair changes without a change of its own is no longer as a summary says.
    tasks.push_back([this] {
      CheckSummaries(state_, claims_, options_.deep || options_.repair);
      return absl::OkStatus();
    });
    const uint64_t numbers = state_.newest().counters.next_id;
    const uint64_t step = std::max(kWorthThreads, numbers / kRanges + 1);
    for (uint64_t first = 0; first < numbers; first += step) {
      const uint64_t end = first + step < numbers ? first + step : 0;
      tasks.push_back([this, first, end] {
        DirectoryScan(state_, claims_, first, end).Run();
        return absl::OkStatus();
      });
    }
    MARCOT_RETURN_IF_ERROR(RunTasks(tasks));
    CheckLoggedTotals();
    return absl::OkStatus();
  }

  // Totals that only the log has yet, and no node.
  void CheckLoggedTotals() {
    const auto view = state_.NewView();
    Claimer claimer(claims_);
    state_.ForEachLogged([&](core::DirId dir) {
      core::Node node;
      const auto found = core::FindNode(*view, dir, &node);
      if (found.ok() && !*found) claimer.nodes.Add(core::IdKey(dir) + 't');
    });
  }

  absl::Status Join() {
    phase_ = "joins";
    return RunTasks({[this]() -> absl::Status {
                       MARCOT_RETURN_IF_ERROR(JoinVersions(state_, claims_));
                       MARCOT_ASSIGN_OR_RETURN(content_bytes_, JoinContents(state_, claims_));
                       return absl::OkStatus();
                     },
                     [this] { return JoinNodes(state_, claims_); },
                     [this] { return JoinIds(state_, claims_); },
                     [this] { return JoinPins(state_, claims_); },
                     [this] { return JoinHistory(state_, claims_); },
                     [this] { return JoinBirths(state_, claims_); }});
  }

  void CheckCounters() {
    const core::LogRow& newest = state_.newest();
    const uint64_t seq = claims_.greatest_seq, id = claims_.greatest_id;
    if (newest.seq < seq || newest.counters.next_id <= id) {
      findings_.Add(Fault::kCountersDamaged, "the store",
                    absl::StrCat("says seq ", newest.seq, ", next number ", newest.counters.next_id,
                                 "; met ", seq, " and ", id),
                    [seq, id](Repairer& repairer) { return repairer.CountAnewFrom(seq, id); });
    }
    CheckCounter("jobs", newest.counters.queued, claims_.jobs, &core::Counters::queued);
    const core::Counters& uncounted = state_.uncounted();
    CheckCounter("records of files", newest.counters.file_records,
                 claims_.file_records - uncounted.file_records, &core::Counters::file_records);
    CheckCounter("bytes of contents", newest.counters.content_bytes,
                 content_bytes_ - uncounted.content_bytes, &core::Counters::content_bytes);
  }

  void CheckCounter(const char* what, uint64_t said, uint64_t is, uint64_t core::Counters::*field) {
    if (said == is) return;
    findings_.Add(Fault::kCounterWrong, what, absl::StrCat("says ", said, ", is ", is),
                  [is, field](Repairer& repairer) {
                    repairer.txn().counters().*field = is;
                    return absl::OkStatus();
                  });
  }

  void Report() {
    if (options_.on_progress == nullptr) return;
    findings_.Between([this](uint64_t count) {
      options_.on_progress({.pass = pass_,
                            .phase = phase_,
                            .records = claims_.records.load(),
                            .estimated_records = estimated_,
                            .findings = count});
    });
  }

  const CheckOptions& options_;
  const int pass_;
  Findings& findings_;
  State state_;
  Claims claims_;
  const uint64_t estimated_;
  std::string_view phase_;
  uint64_t content_bytes_ = 0;
};

}  // namespace

absl::StatusOr<uint64_t> CheckState(const storage::Storage& storage, const CheckOptions& options,
                                    int pass, Findings& findings) {
  return Pass(storage, options, pass, findings).Run();
}

}  // namespace marcot::check

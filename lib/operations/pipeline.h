// The commit pipeline: every change of a store goes through here, one group at a time.
//
// A caller queues its work; one of those in the queue becomes the leader, executes all that is
// queued, in order, in one transaction, commits that as one batch and answers everybody. A lone
// caller leads itself, without any hand-off. So operations are serialisable by construction, and
// callers that wait together share one write, and one flush where any of them asked for it.
//
// Where several callers keep coming, a group gathers before it is led: those who have just been
// answered are about to be back, and a write costs the same for one and for ten. It is led by who
// completes it, who is awake; by the last leader, if it is complete by then; or by its first, when
// it has waited long enough.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "base/futex.h"
#include "core/committed.h"
#include "core/txn.h"
#include "operations/events.h"
#include "operations/meters.h"

namespace marcot::operations {

class Pipeline {
 public:
  // One element of the queue. After an error of Execute the transaction is rolled back to where it
  // was before.
  class Work {
   public:
    virtual ~Work() = default;
    virtual absl::Status Execute(core::Txn& txn) = 0;
    // Reads what Execute will read, on the caller's own thread, while it has to wait anyway.
    virtual void Warm() {}
    // Set when Execute failed since a node has to be flattened first.
    core::DirId flatten_first = 0;
    bool sync = false;

   private:
    friend class Pipeline;
    uint32_t group_ = 0;  // the number of the group that it is in
    bool first_ = false;  // of that group
    absl::Status status_;
  };

  Pipeline(core::Committed& committed, std::function<int64_t()> clock_ms, Meters& meters,
           const Events& events)
      : committed_(committed), clock_ms_(std::move(clock_ms)), meters_(meters), events_(events) {}

  // Executes and commits; blocks until that is done. Thread-safe.
  absl::Status Run(Work& work);

  int64_t now_ms() const { return clock_ms_(); }

 private:
  using Group = std::vector<Work*>;
  using Clock = std::chrono::steady_clock;
  // Where those who wait for one group sleep. Two are enough: one group is executed, one gathers.
  struct Beds {
    Futex first, rest;
  };

  bool Join(Work& work);
  bool Await(const Work& work);
  bool EndGathering(uint32_t group, bool patient);
  void Lead();
  uint32_t TakeGroup();
  void Commit(const Group& group, Clock::time_point begin);
  void Report(const core::Txn& txn, const CommitEvent& commit);
  void ReportFailure();
  bool Answer(uint32_t group, Clock::time_point begin);
  Beds& BedsOf(uint32_t group) { return beds_[group % 2]; }

  core::Committed& committed_;
  const std::function<int64_t()> clock_ms_;
  Meters& meters_;
  const Events& events_;
  std::mutex mutex_;
  Group queue_;             // the group that gathers
  uint32_t group_ = 1;      // its number
  bool led_ = false;        // somebody leads a group, or the first in the queue will
  bool gathering_ = false;  // nobody leads one, but somebody will
  size_t wanted_ = 1;       // how many make a complete group
  size_t last_size_ = 1;
  Beds beds_[2];
  Group taken_;                    // the group that is led
  bool failure_reported_ = false;  // the leader's
  std::atomic<bool> cold_{false};  // the last group read nodes from the storage
};

}  // namespace marcot::operations

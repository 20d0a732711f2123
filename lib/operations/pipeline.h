// The commit pipeline: every change of a store goes through here, one group at a time.
//
// A caller queues its work. If nobody leads, it may become the leader: it executes all that is
// queued, in order, in one transaction, commits that as one batch and answers everybody. A lone
// caller leads itself, without any hand-off. So operations are serialisable by construction, and
// callers that wait together share one write, and one flush where any of them asked for it.
//
// Who has led one group returns to its own work. That it goes on with what was queued meanwhile was
// measured: callers that it answered then wait for the core that it keeps, and the store is slower.
// The next leader is one on the same processor, if any is about to come there: what a group needs
// of the store's memory is in that processor's caches.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

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
    // Reads what Execute will read, on the caller's own thread, while it has to wait anyway. What
    // it throws is for Execute to meet.
    virtual void Warm() {}
    // Set when Execute failed since a node has to be flattened first.
    core::DirId flatten_first = 0;
    bool sync = false;

   private:
    friend class Pipeline;
    enum State : uint32_t {
      kQueued,
      kAsleep,  // queued; its caller sleeps on the state
      kCalled,  // queued; its caller stays awake to lead
      kDone,
    };
    FutexWord state_{kQueued};
    std::atomic<bool> warming_{false};  // its caller is in Warm, and leads only after it
    Work* next_ = nullptr;  // in the queue the one before it, in a group the one behind it
    absl::Status status_;
  };

  Pipeline(core::Committed& committed, std::function<int64_t()> clock_ms, Meters& meters,
           const Events& events)
      : committed_(committed), clock_ms_(std::move(clock_ms)), meters_(meters), events_(events) {}

  // Executes and commits; blocks until that is done. Thread-safe.
  absl::Status Run(Work& work);

  int64_t now_ms() const { return clock_ms_(); }

 private:
  using Clock = std::chrono::steady_clock;

  bool Join(Work& work);
  static void Warm(Work& work);
  void Await(Work& work);
  void Sleep(Work& work);
  bool IsLedHere() const;
  bool TryToLead();
  void Lead();
  void Gather() const;
  void ExpectBack(const Work* group, Clock::duration flush_time);
  void StopLeading();
  Work* TakeGroup();
  void Commit(Work* group);
  void FailAll(Work* group);
  void Report(const core::Txn& txn, const CommitEvent& commit);
  void ReportFailure();
  static void Answer(Work* group);
  static Work& ToCall(Work& newest);
  static void Tell(Work& work, Work::State state);

  core::Committed& committed_;
  const std::function<int64_t()> clock_ms_;
  Meters& meters_;
  const Events& events_;
  // The newest of what is queued. Works are added by anybody, and taken, all at once, by the
  // leader.
  alignas(64) std::atomic<Work*> queue_{nullptr};
  alignas(64) std::atomic<bool> led_{false};  // somebody leads
  std::atomic<int> processor_{0};             // of the last leader
  bool failure_reported_ = false;             // the leader's
  // The leader's: the callers that its next group may have, if the last one was flushed, and how
  // long that took.
  size_t callers_ = 0;
  Clock::duration flush_time_{};
  std::atomic<bool> cold_{false};  // the last group read nodes from the storage
};

}  // namespace marcot::operations

// The commit pipeline: every change of a store goes through here, one group at a time.
//
// A caller queues its work; the one at the head of the queue becomes the leader, executes all that
// is queued, in order, in one transaction, commits that as one batch and answers everybody. A lone
// caller leads itself, without any hand-off. So operations are serialisable by construction, and
// callers that wait together share one write, and one flush where any of them asked for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "core/committed.h"
#include "core/txn.h"

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
    // Makes a work that was answered ready to be run again.
    void Rearm() { state_ = kWaiting; }

   private:
    friend class Pipeline;
    enum State { kWaiting, kLeader, kDone };
    void Wake(State state);
    State Await();
    // Not std::atomic::wait: that yields for a while first, which on few cores is what the leader
    // needs the time for.
    std::mutex mutex_;
    std::condition_variable wakes_;
    State state_ = kWaiting;
    absl::Status status_;
  };

  Pipeline(core::Committed& committed, std::function<int64_t()> clock_ms)
      : committed_(committed), clock_ms_(std::move(clock_ms)) {}

  // Executes and commits; blocks until that is done. Thread-safe.
  absl::Status Run(Work& work);

  int64_t now_ms() const { return clock_ms_(); }
  uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  uint64_t operations() const { return operations_.load(std::memory_order_relaxed); }

 private:
  using Group = std::vector<Work*>;
  void Lead();
  Group TakeGroup();
  void Commit(const Group& group);
  void HandOver(const Group& group);

  core::Committed& committed_;
  const std::function<int64_t()> clock_ms_;
  std::mutex mutex_;
  std::deque<Work*> queue_;
  bool led_ = false;  // somebody leads, or is about to
  std::atomic<uint64_t> commits_{0}, operations_{0};
};

}  // namespace marcot::operations

#include "operations/pipeline.h"

#include <algorithm>
#include <exception>

namespace marcot::operations {
namespace {

// Bounds what a caller can come to wait for beside its own work.
constexpr size_t kMaxGroup = 256;

}  // namespace

void Pipeline::Work::Wake(State state) {
  // Under the lock: the work may be gone as soon as its caller sees the state.
  const std::lock_guard lock(mutex_);
  state_ = state;
  wakes_.notify_one();
}

Pipeline::Work::State Pipeline::Work::Await() {
  std::unique_lock lock(mutex_);
  wakes_.wait(lock, [this] { return state_ != kWaiting; });
  return state_;
}

absl::Status Pipeline::Run(Work& work) {
  bool leads;
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&work);
    leads = !led_;
    led_ = true;
  }
  if (!leads) {
    work.Warm();
    leads = work.Await() == Work::kLeader;
  }
  if (leads) Lead();
  return work.status_;
}

// The leader's own work is the first of its group.
void Pipeline::Lead() {
  const Group group = TakeGroup();
  try {
    Commit(group);
  } catch (const std::exception& e) {
    // Memory that ran out, wherever that was. Nobody may wait for ever, or build on half a commit.
    committed_.Fail(e.what());
    for (Work* const work : group) work->status_ = committed_.failure();
  }
  HandOver(group);
}

Pipeline::Group Pipeline::TakeGroup() {
  const std::lock_guard lock(mutex_);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxGroup));
  Group group(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return group;
}

void Pipeline::Commit(const Group& group) {
  if (!committed_.failure().ok()) {
    // The caches hold what could not be written: nothing may be built on it.
    for (Work* const work : group) work->status_ = committed_.failure();
    return;
  }
  core::Txn txn(committed_, clock_ms_());
  bool sync = false;
  for (Work* const work : group) {
    const core::Txn::Savepoint before = txn.Mark();
    txn.BeginOperation();
    work->status_ = work->Execute(txn);
    if (work->status_.ok()) {
      sync |= work->sync;
    } else {
      work->flatten_first = txn.TakeFlattenRequest();
      txn.RollBack(before);
    }
  }
  if (txn.empty()) return;
  const absl::Status committed = committed_.Commit(txn, sync);
  commits_.fetch_add(1, std::memory_order_relaxed);
  operations_.fetch_add(group.size(), std::memory_order_relaxed);
  if (committed.ok()) return;
  for (Work* const work : group) {
    if (work->status_.ok()) work->status_ = committed;
  }
}

void Pipeline::HandOver(const Group& group) {
  Work* next = nullptr;
  {
    const std::lock_guard lock(mutex_);
    led_ = !queue_.empty();
    if (led_) next = queue_.front();
  }
  // The leader's own work, the first, is nobody's to wake. The next leader comes last, so that
  // those who are answered can queue again before it takes its group.
  std::for_each(group.begin() + 1, group.end(), [](Work* work) { work->Wake(Work::kDone); });
  if (next != nullptr) next->Wake(Work::kLeader);
}

}  // namespace marcot::operations

#include "operations/pipeline.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace marcot::operations {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kYieldTime{100};

// Group numbers wrap around.
bool Reached(uint32_t value, uint32_t goal) { return static_cast<int32_t>(value - goal) >= 0; }

}  // namespace

absl::Status Pipeline::Run(Work& work) {
  bool leads = Join(work);
  if (!leads) {
    work.Warm();
    leads = work.first_ ? AwaitAsFirst(work) : Await(work);
  }
  if (leads) Lead(work);
  return work.status_;
}

// Queues the work; answers whether its caller is to lead.
bool Pipeline::Join(Work& work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(&work);
  work.group_ = group_;
  work.first_ = queue_.size() == 1;
  if (!led_) led_ = gathering_ = true;
  if (!gathering_ || queue_.size() < wanted_) return false;
  gathering_ = false;
  return true;
}

bool Pipeline::Await(const Work& work) {
  Futex& bed = BedsOf(work.group_).rest;
  const Clock::time_point begin = Clock::now();
  while (true) {
    const uint32_t seen = bed.Load();
    if (Reached(seen, work.group_)) return false;
    if (Clock::now() - begin < kYieldTime) {
      std::this_thread::yield();
    } else {
      bed.Wait(seen);
    }
  }
}

bool Pipeline::AwaitAsFirst(const Work& work) {
  Futex& bed = BedsOf(work.group_).first;
  const uint32_t lead = 2 * work.group_;
  const Clock::time_point begin = Clock::now();
  while (true) {
    const uint32_t seen = bed.Load();
    if (Reached(seen, lead)) return seen == lead;
    if (Clock::now() - begin < kYieldTime) {
      std::this_thread::yield();
    } else if (StopGathering(work)) {
      return true;
    } else {
      bed.Wait(seen);
    }
  }
}

// Time is over: the first leads those who are there.
bool Pipeline::StopGathering(const Work& first) {
  const std::lock_guard lock(mutex_);
  return first.group_ == group_ && std::exchange(gathering_, false);
}

void Pipeline::Lead(const Work& work) {
  TakeGroup();
  try {
    Commit(taken_);
  } catch (const std::exception& e) {
    // Memory that ran out, wherever that was. Nobody may wait for ever, or build on half a commit.
    committed_.Fail(e.what());
    for (Work* const each : taken_) each->status_ = committed_.failure();
  }
  HandOver(work);
}

void Pipeline::TakeGroup() {
  taken_.clear();
  const std::lock_guard lock(mutex_);
  taken_.swap(queue_);
  ++group_;
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
      txn.Settle();
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

// As soon as it is stored that they are done, the works of the others may be gone.
void Pipeline::HandOver(const Work& leader) {
  const size_t size = taken_.size();
  Beds& beds = BedsOf(leader.group_);
  beds.first.Store(2 * leader.group_ + 1);
  beds.rest.Store(leader.group_);
  uint32_t next;
  bool led;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = (size + queue_.size() + 1) / 2;
    led = led_ = !queue_.empty();
    next = group_;
  }
  if (!leader.first_) beds.first.WakeAll();
  if (size > (leader.first_ ? 1 : 2)) beds.rest.WakeAll();
  if (!led) return;
  BedsOf(next).first.Store(2 * next);
  BedsOf(next).first.WakeAll();
}

}  // namespace marcot::operations

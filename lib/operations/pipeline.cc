#include "operations/pipeline.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace marcot::operations {
namespace {

// How long a caller yields before it sleeps. A thread that sleeps costs several times what a thread
// that yields does, and a group takes less than this where nothing is flushed.
constexpr std::chrono::microseconds kYieldTime{100};
// A leader goes on with the next group for so long while its own caller waits.
constexpr std::chrono::microseconds kLeadTime{100};

// What the beds of a group say; it grows from group to group. Numbers wrap around.
uint32_t Gathers(uint32_t group) { return 2 * group; }  // nobody leads; the first shall see to it
uint32_t Done(uint32_t group) { return 2 * group + 1; }
bool Reached(uint32_t value, uint32_t goal) { return static_cast<int32_t>(value - goal) >= 0; }

}  // namespace

absl::Status Pipeline::Run(Work& work) {
  bool leads = Join(work);
  if (!leads) {
    if (cold_.load(std::memory_order_relaxed)) work.Warm();
    leads = Await(work);
  }
  if (leads) Lead();
  return work.status_;
}

// Queues the work; answers whether its caller is to lead.
bool Pipeline::Join(Work& work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(&work);
  work.group_ = group_;
  work.first_ = queue_.size() == 1;
  if (!led_) {
    led_ = gathering_ = true;
    BedsOf(group_).first.Store(Gathers(group_));
  }
  if (!gathering_ || queue_.size() < wanted_) return false;
  gathering_ = false;
  return true;
}

// Until the work is done, or its caller has to lead.
bool Pipeline::Await(const Work& work) {
  const uint32_t group = work.group_;
  Futex& bed = work.first_ ? BedsOf(group).first : BedsOf(group).rest;
  const Clock::time_point begin = Clock::now();
  while (true) {
    const uint32_t seen = bed.Load();
    if (Reached(seen, Done(group))) return false;
    const bool patient = Clock::now() - begin < kYieldTime;
    if (seen == Gathers(group) && EndGathering(group, patient)) return true;
    if (patient) {
      std::this_thread::yield();
    } else {
      bed.Wait(seen);
    }
  }
}

// Whether the first of the group leads it now; not before it is complete if `patient`.
bool Pipeline::EndGathering(uint32_t group, bool patient) {
  const std::lock_guard lock(mutex_);
  if (group != group_ || !gathering_) return false;
  if (patient && queue_.size() < wanted_) return false;
  gathering_ = false;
  return true;
}

void Pipeline::Lead() {
  const Clock::time_point begin = Clock::now();
  Clock::time_point group_begin = begin;
  while (true) {
    const uint32_t group = TakeGroup();
    try {
      Commit(taken_, group_begin);
    } catch (const std::exception& e) {
      // Memory that ran out, wherever that was. Nobody may wait for ever, or build on half a
      // commit.
      committed_.Fail(e.what());
      for (Work* const each : taken_) each->status_ = committed_.failure();
    }
    ReportFailure();
    if (!Answer(group, begin)) return;
    group_begin = Clock::now();
  }
}

// Answers its number.
uint32_t Pipeline::TakeGroup() {
  taken_.clear();
  const std::lock_guard lock(mutex_);
  taken_.swap(queue_);
  return group_++;
}

void Pipeline::Commit(const Group& group, Clock::time_point begin) {
  if (!committed_.failure().ok()) {
    // The caches hold what could not be written: nothing may be built on it.
    for (Work* const work : group) work->status_ = committed_.failure();
    return;
  }
  core::Txn txn(committed_, clock_ms_());
  bool sync = false;
  uint64_t executed = 0;
  for (Work* const work : group) {
    const core::Txn::Savepoint before = txn.Mark();
    txn.BeginOperation();
    work->status_ = work->Execute(txn);
    if (work->status_.ok()) {
      sync |= work->sync;
      ++executed;
      txn.Settle();
    } else {
      work->flatten_first = txn.TakeFlattenRequest();
      txn.RollBack(before);
    }
  }
  cold_.store(txn.read_nodes(), std::memory_order_relaxed);
  if (txn.empty()) return;
  const absl::Status committed = committed_.Commit(txn, sync);
  if (committed.ok()) {
    return Report(txn, {txn.seq(), executed, sync, Clock::now() - begin});
  }
  for (Work* const work : group) {
    if (work->status_.ok()) work->status_ = committed;
  }
}

void Pipeline::Report(const core::Txn& txn, const CommitEvent& commit) {
  const core::Tally& tally = txn.tally();
  meters_.AddCommit(commit, tally);
  events_.Notify([&](EventListener& listener) { listener.OnCommit(commit); });
  if (tally.flattens_queued == 0 && tally.flattens_done == 0) return;
  events_.Notify([&](EventListener& listener) {
    listener.OnFlattens(tally.flattens_queued, tally.flattens_done);
  });
}

void Pipeline::ReportFailure() {
  if (failure_reported_ || committed_.failure().ok()) return;
  failure_reported_ = true;
  meters_.SetReadOnly();
  events_.Notify([&](EventListener& listener) { listener.OnReadOnly(committed_.failure()); });
}

// Tells the callers of the group; answers whether this leader goes on with the next one. From the
// first store on, the works may be gone.
bool Pipeline::Answer(uint32_t group, Clock::time_point begin) {
  const size_t size = taken_.size();
  Beds& beds = BedsOf(group);
  beds.first.Store(Done(group));
  beds.rest.Store(Done(group));
  Futex* left = nullptr;  // to the first of the next group
  bool goes_on;
  {
    const std::lock_guard lock(mutex_);
    // Half of those who are here, or as many as came lately: some may be kept from running.
    wanted_ = std::max((size + queue_.size() + 1) / 2, (size + last_size_) / 2);
    last_size_ = size;
    led_ = !queue_.empty();
    gathering_ = led_ && (queue_.size() < wanted_ || Clock::now() - begin > kLeadTime);
    if (gathering_) {
      left = &BedsOf(group_).first;
      left->Store(Gathers(group_));
    }
    goes_on = led_ && !gathering_;
  }
  beds.first.WakeAll();
  beds.rest.WakeAll();
  if (left != nullptr) left->WakeAll();
  return goes_on;
}

}  // namespace marcot::operations

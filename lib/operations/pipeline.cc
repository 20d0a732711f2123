#include "operations/pipeline.h"

#include <sched.h>

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
// So often a caller looks for a leader before it leads on another processor than the last one.
constexpr int kLooksElsewhere = 2;
// So long a caller leads groups in a row where others wait, before those of its processor have a
// turn: some groups of creates, one of first writes in a copy. Answered callers wait for its core.
constexpr std::chrono::microseconds kTurn{20};
// Before a flush its leader waits for so much of the time that the last one took, and no longer.
constexpr int kGatherShare = 8;
constexpr std::chrono::milliseconds kGatherTime{1};

}  // namespace

absl::Status Pipeline::Run(Work& work) {
  const bool cold = cold_.load(std::memory_order_relaxed);
  work.warming_.store(cold, std::memory_order_relaxed);
  const bool alone = Join(work);
  static thread_local Clock::duration led_for{};  // beside others, of whatever stores
  const bool gives_way = !alone && led_for >= kTurn;
  if (!gives_way && (alone || IsLedHere()) && TryToLead()) {
    const Clock::time_point begin = alone ? Clock::time_point() : Clock::now();
    Lead();
    if (!alone) led_for += Clock::now() - begin;
  } else {
    led_for = {};
    if (gives_way) std::this_thread::yield();
    if (cold) Warm(work);
    Await(work);
  }
  return work.status_;
}

// The work is queued: whatever happens, its caller must stay until it is done.
void Pipeline::Warm(Work& work) {
  try {
    work.Warm();
  } catch (const std::exception&) {
  }
  work.warming_.store(false, std::memory_order_relaxed);
}

// Whether nobody else is queued. Once it is queued, a leader may take it.
bool Pipeline::Join(Work& work) {
  work.state_.store(Work::kQueued, std::memory_order_relaxed);
  Work* before = queue_.load(std::memory_order_relaxed);
  do {
    work.next_ = before;
  } while (!queue_.compare_exchange_weak(before, &work));
  return before == nullptr;
}

bool Pipeline::IsLedHere() const {
  return sched_getcpu() == processor_.load(std::memory_order_relaxed);
}

bool Pipeline::TryToLead() { return !led_.load(std::memory_order_relaxed) && !led_.exchange(true); }

// Until the work is done, by another leader or by this caller as one.
void Pipeline::Await(Work& work) {
  const Clock::time_point begin = Clock::now();
  int looks = 0;
  while (work.state_.load(std::memory_order_acquire) != Work::kDone) {
    const bool led = led_.load(std::memory_order_relaxed);
    if (!led && (IsLedHere() || ++looks > kLooksElsewhere) && TryToLead()) {
      Lead();
      return;
    }
    if (Clock::now() - begin < kYieldTime) {
      std::this_thread::yield();
    } else {
      Sleep(work);
    }
  }
}

// Who sleeps is woken when the work is done, or when it is to lead. That somebody leads is looked
// at again once the state says so: a leader that stops calls one of the queue, or finds it empty.
void Pipeline::Sleep(Work& work) {
  uint32_t state = Work::kQueued;
  if (!work.state_.compare_exchange_strong(state, Work::kAsleep)) return std::this_thread::yield();
  if (led_.load()) FutexWait(work.state_, Work::kAsleep);
  state = Work::kAsleep;
  work.state_.compare_exchange_strong(state, Work::kQueued);
}

void Pipeline::Lead() {
  processor_.store(sched_getcpu(), std::memory_order_relaxed);
  Gather();
  Work* const group = TakeGroup();
  try {
    Commit(group);
  } catch (const std::exception& e) {
    // Memory that ran out, wherever that was. Nobody may wait for ever, or build on half a commit.
    committed_.Fail(e.what());
    FailAll(group);
  }
  ReportFailure();
  Answer(group);
  StopLeading();
}

// Who misses a flush waits for two. So the callers that the last one answered, and who came while
// it ran, get time to come with their next operations.
void Pipeline::Gather() const {
  if (callers_ <= 1) return;
  const Clock::time_point end =
      Clock::now() + std::min<Clock::duration>(flush_time_ / kGatherShare, kGatherTime);
  bool sync = false;
  do {
    size_t queued = 0;
    // They stay there: only a leader takes them.
    for (const Work* work = queue_.load(std::memory_order_acquire); work != nullptr;
         work = work->next_) {
      sync |= work->sync;
      ++queued;
    }
    if (!sync || queued >= callers_) return;
    std::this_thread::yield();
  } while (Clock::now() < end);
}

// `group` was flushed; null: the last one was not.
void Pipeline::ExpectBack(const Work* group, Clock::duration flush_time) {
  flush_time_ = flush_time;
  callers_ = 0;
  if (group == nullptr) return;
  for (const Work* const first : {group, static_cast<const Work*>(queue_.load())}) {
    for (const Work* work = first; work != nullptr; work = work->next_) ++callers_;
  }
}

// Somebody who looks leads from now on. That it is not left to callers who sleep, one that is
// queued is kept awake; works stay where they are for as long as this caller leads.
void Pipeline::StopLeading() {
  while (true) {
    Work* const next = queue_.load();
    if (next != nullptr) Tell(ToCall(*next), Work::kCalled);
    led_.store(false);
    // One that was queued meanwhile may have gone to sleep since somebody led.
    if (next != nullptr || queue_.load() == nullptr || led_.exchange(true)) return;
  }
}

// One that reads from the disk may be long about it, and others may be ready.
Pipeline::Work& Pipeline::ToCall(Work& newest) {
  Work* work = &newest;
  while (work != nullptr && work->warming_.load(std::memory_order_relaxed)) work = work->next_;
  return work != nullptr ? *work : newest;
}

// All that is queued, in order; answers the first, or null.
Pipeline::Work* Pipeline::TakeGroup() {
  Work* group = nullptr;
  for (Work* work = queue_.exchange(nullptr); work != nullptr;) {
    // Whoever was called need not stay awake any more.
    if (work->state_.load(std::memory_order_relaxed) == Work::kCalled) {
      work->state_.store(Work::kQueued, std::memory_order_relaxed);
    }
    Work* const before = std::exchange(work->next_, group);
    group = std::exchange(work, before);
  }
  return group;
}

void Pipeline::FailAll(Work* group) {
  for (Work* work = group; work != nullptr; work = work->next_) {
    work->status_ = committed_.failure();
  }
}

void Pipeline::Commit(Work* group) {
  const Clock::time_point begin = Clock::now();
  // The caches hold what could not be written: nothing may be built on it.
  if (!committed_.failure().ok()) return FailAll(group);
  core::Txn txn(committed_, clock_ms_());
  bool sync = false;
  uint64_t executed = 0;
  for (Work* work = group; work != nullptr; work = work->next_) {
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
    const Clock::duration took = Clock::now() - begin;
    ExpectBack(sync ? group : nullptr, took);
    return Report(txn, {txn.seq(), executed, sync, took});
  }
  for (Work* work = group; work != nullptr; work = work->next_) {
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

void Pipeline::Answer(Work* group) {
  while (group != nullptr) Tell(*std::exchange(group, group->next_), Work::kDone);
}

// Once it is told that it is done, the work may be gone.
void Pipeline::Tell(Work& work, Work::State state) {
  if (work.state_.exchange(state) == Work::kAsleep) FutexWake(work.state_);
}

}  // namespace marcot::operations

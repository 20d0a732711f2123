// The counters behind Metrics. Nobody takes a lock: what callers count stands on lines of memory
// that few threads share, what the pipeline's leader counts is the leader's alone.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "core/tally.h"
#include "marcot/metrics.h"
#include "operations/operation.h"

namespace marcot::operations {

OperationKind KindOf(const Operation& operation);

// Added to by one thread at a time, read by any: no locked instruction.
class OwnedCounter {
 public:
  void Add(uint64_t n) { value_.store(value() + n, std::memory_order_relaxed); }
  void RaiseTo(uint64_t n) {
    if (n > value()) value_.store(n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class LatencyCounters {
 public:
  // `n` operations that took so long, each.
  void Add(std::chrono::nanoseconds took, uint64_t n);
  void AddTo(LatencyHistogram* histogram) const;

 private:
  std::array<std::atomic<uint64_t>, LatencyHistogram::kBuckets> counts_{};
  std::atomic<uint64_t> sum_ns_{0};
};

class Meters {
 public:
  // ---- any thread
  // Answers whether the operation is to be timed.
  bool Begin(OperationKind kind);
  void Fail(OperationKind kind);
  void AddTime(OperationClass of, std::chrono::nanoseconds took, uint64_t operations);
  void AddFlattenWait() { flatten_waits_.fetch_add(1, std::memory_order_relaxed); }
  void AddReclaimStep(uint64_t records);

  // ---- the leader
  void AddCommit(const CommitEvent& commit, const core::Tally& tally);
  void SetReadOnly() { read_only_.store(true, std::memory_order_relaxed); }

  void Read(Metrics* metrics) const;

 private:
  struct alignas(64) Stripe {
    std::array<std::atomic<uint64_t>, kOperationKinds> begun{}, failed{};
    std::array<LatencyCounters, kOperationClasses> latencies;
  };
  static constexpr size_t kStripes = 16;
  Stripe& MyStripe();

  std::array<Stripe, kStripes> stripes_;
  std::atomic<uint64_t> flatten_waits_{0}, reclaim_steps_{0}, reclaim_records_{0};

  OwnedCounter commits_, committed_operations_, synced_commits_;
  OwnedCounter renumbered_, copy_ups_, longest_chain_, flattens_queued_, flattens_done_;
  LatencyCounters commit_latency_;
  std::atomic<bool> read_only_{false};
};

// One operation from its beginning to its end; it failed unless somebody says that it succeeded.
class Meter {
 public:
  Meter(Meters& meters, OperationKind kind) : meters_(meters), kind_(kind) {
    if (meters.Begin(kind)) begin_ = Clock::now();
  }
  ~Meter() {
    if (begin_ != Clock::time_point()) meters_.AddTime(ClassOf(kind_), Clock::now() - begin_, 1);
    if (!succeeded_) meters_.Fail(kind_);
  }
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  void Succeed() { succeeded_ = true; }

 private:
  using Clock = std::chrono::steady_clock;
  Meters& meters_;
  const OperationKind kind_;
  Clock::time_point begin_;  // unset: not timed
  bool succeeded_ = false;
};

// Counts what `run`, which answers a Status or a StatusOr, does.
template <typename Run>
auto Metered(Meters& meters, OperationKind kind, const Run& run) {
  Meter meter(meters, kind);
  auto result = run();
  if (result.ok()) meter.Succeed();
  return result;
}

}  // namespace marcot::operations

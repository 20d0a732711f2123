#include "operations/meters.h"

namespace marcot::operations {
namespace {

// Which stripe a thread counts on: threads in the order of their first operation.
size_t ThreadNumber() {
  static std::atomic<size_t> last{0};
  thread_local size_t number = 0;  // not yet
  if (number == 0) number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

uint64_t Load(const std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

void LatencyCounters::Add(std::chrono::nanoseconds took, uint64_t n) {
  const auto ns = static_cast<uint64_t>(took.count());
  counts_[LatencyHistogram::BucketOf(ns)].fetch_add(n, std::memory_order_relaxed);
  sum_ns_.fetch_add(n * ns, std::memory_order_relaxed);
}

void LatencyCounters::AddTo(LatencyHistogram* histogram) const {
  for (size_t i = 0; i < LatencyHistogram::kBuckets; ++i) histogram->counts[i] += Load(counts_[i]);
  histogram->sum_ns += Load(sum_ns_);
}

OperationKind KindOf(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kMakeDirectory:
      return OperationKind::kMakeDirectory;
    case Operation::Kind::kPut:
      return OperationKind::kPut;
    case Operation::Kind::kCopy:
      return OperationKind::kCopy;
    case Operation::Kind::kMove:
      return OperationKind::kMove;
    case Operation::Kind::kDelete:
      return OperationKind::kDelete;
    case Operation::Kind::kSetAttributes:
      return OperationKind::kSetAttributes;
    case Operation::Kind::kSetLimits:
      return OperationKind::kSetDirectoryQuota;
    case Operation::Kind::kRestore:
      return OperationKind::kRestore;
    case Operation::Kind::kPurge:
      return OperationKind::kPurge;
    case Operation::Kind::kEmptyBin:
      return OperationKind::kEmptyRecycleBin;
    case Operation::Kind::kSetLatestVersion:
      return OperationKind::kSetLatestVersion;
    case Operation::Kind::kDeleteVersion:
      return OperationKind::kDeleteVersion;
    case Operation::Kind::kTakeSnapshot:
      return OperationKind::kCreateSnapshot;
    case Operation::Kind::kDeleteSnapshot:
      return OperationKind::kDeleteSnapshot;
    case Operation::Kind::kLoad:
      return OperationKind::kBulkLoad;
    case Operation::Kind::kHeal:  // of the background, which is not counted
      break;
  }
  return OperationKind::kAdminister;
}

Meters::Stripe& Meters::MyStripe() { return stripes_[ThreadNumber() % kStripes]; }

bool Meters::Begin(OperationKind kind) {
  const uint64_t before =
      MyStripe().begun[static_cast<size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  return ClassOf(kind) != OperationClass::kStat || before % kStatsPerTime == 0;
}

void Meters::Fail(OperationKind kind) {
  MyStripe().failed[static_cast<size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
}

void Meters::AddTime(OperationClass of, std::chrono::nanoseconds took, uint64_t operations) {
  MyStripe().latencies[static_cast<size_t>(of)].Add(took, operations);
}

void Meters::AddReclaimStep(uint64_t records) {
  reclaim_steps_.fetch_add(1, std::memory_order_relaxed);
  reclaim_records_.fetch_add(records, std::memory_order_relaxed);
}

void Meters::AddCommit(const CommitEvent& commit, const core::Tally& tally) {
  commits_.Add(1);
  committed_operations_.Add(commit.operations);
  synced_commits_.Add(commit.synced);
  renumbered_.Add(tally.renumbered);
  copy_ups_.Add(tally.copy_ups);
  longest_chain_.RaiseTo(tally.longest_chain);
  flattens_queued_.Add(tally.flattens_queued);
  flattens_done_.Add(tally.flattens_done);
  commit_latency_.Add(commit.took, 1);
}

void Meters::Read(Metrics* metrics) const {
  for (const Stripe& stripe : stripes_) {
    for (size_t i = 0; i < kOperationKinds; ++i) {
      metrics->operations[i].begun += Load(stripe.begun[i]);
      metrics->operations[i].failed += Load(stripe.failed[i]);
    }
    for (size_t i = 0; i < kOperationClasses; ++i) {
      stripe.latencies[i].AddTo(&metrics->latencies[i]);
    }
  }
  metrics->commits = commits_.value();
  metrics->committed_operations = committed_operations_.value();
  metrics->synced_commits = synced_commits_.value();
  commit_latency_.AddTo(&metrics->commit_latency);
  metrics->read_only = read_only_.load(std::memory_order_relaxed);
  metrics->renumbered = renumbered_.value();
  metrics->flatten_waits = Load(flatten_waits_);
  metrics->copy_ups = copy_ups_.value();
  metrics->longest_chain = longest_chain_.value();
  metrics->flattens_queued = flattens_queued_.value();
  metrics->flattens_done = flattens_done_.value();
  metrics->reclaim_steps = Load(reclaim_steps_);
  metrics->reclaim_records = Load(reclaim_records_);
}

}  // namespace marcot::operations

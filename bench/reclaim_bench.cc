// Reclaim: what it does to the latency of the foreground, and whether its queue stays fast.
#include "groups.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr int kPuts = 20'000;
constexpr int kSteps = 200;
constexpr uint64_t kGarbage = 1'000'000;
constexpr uint64_t kDoneJobs = 1'000'000;
constexpr double kTail = 0.99;

// ---- the foreground meanwhile ------------------------------------------------------------------

// A store with a million files to let go of.
struct GarbageData {
  GarbageData() {
    store.store().PauseReclaim(true);
    BuildTree(store, TreeShape("garbage", kGarbage));
    Must(store.space().Delete("garbage", {.permanent = true}).status());
  }

  BenchStore store;
  uint64_t directories = 0;
};

void PutWithReclaim(benchmark::State& state, bool reclaims) {
  auto& data = GroupData::Get<GarbageData>();
  Store& store = data.store.store();
  const std::string directory = Name("day-", ++data.directories, 6);
  Must(data.store.space().MakeDirectory(directory).status());
  std::vector<std::string> paths;
  for (int i = 0; i < kPuts; ++i) paths.push_back(directory + Name("/file-", paths.size(), 6));
  store.PauseReclaim(!reclaims);
  const uint64_t before = Must(store.GetStats()).reclaim_done;
  Samples samples;
  size_t next = 0;
  for (auto _ : state) {
    samples.Measure(state, [&] {
      Must(data.store.space().PutReference(paths[next++], NewContent()).status());
    });
  }
  store.PauseReclaim(true);
  const StoreStats stats = Must(store.GetStats());
  state.counters["reclaimed"] = static_cast<double>(stats.reclaim_done - before);
  if (stats.reclaim_backlog == 0) Die("reclaim was done before its effect was measured");
  samples.Report(state, kTail);
}

void PutIdle(benchmark::State& state) { PutWithReclaim(state, false); }
void PutMeanwhile(benchmark::State& state) { PutWithReclaim(state, true); }

// ---- the queue ---------------------------------------------------------------------------------

void QueueJobs(BenchStore& store, uint64_t jobs) {
  std::vector<BatchItem> items;
  for (uint64_t i = 0; i < jobs; ++i) {
    BatchItem item;
    item.space = store.space();
    item.path = Name("gone-", i, 8);
    items.push_back(item);
    item.kind = BatchItem::Kind::kDelete;
    item.permanent = true;
    items.push_back(std::move(item));
    if (items.size() < kMaxBatchItems && i + 1 < jobs) continue;
    Must(store.store().RunAtomically(items).status());
    items.clear();
  }
}

struct QueueData {
  QueueData() {
    for (BenchStore* const store : {&fresh, &used}) store->store().PauseReclaim(true);
    QueueJobs(used, kDoneJobs);
    Must(used.store().ReclaimUntilIdle());
  }

  BenchStore fresh, used;
};

void Step(benchmark::State& state, BenchStore& store) {
  Samples samples;
  for (auto _ : state) {
    QueueJobs(store, 1);
    samples.Measure(state, [&] { Must(store.store().ReclaimSteps(1).status()); });
  }
  samples.Report(state);
}

void StepFresh(benchmark::State& state) { Step(state, GroupData::Get<QueueData>().fresh); }
void StepUsed(benchmark::State& state) { Step(state, GroupData::Get<QueueData>().used); }

void Register(const char* name, void (*body)(benchmark::State&), int iterations) {
  benchmark::RegisterBenchmark(name, body)->Iterations(iterations)->UseManualTime();
}

}  // namespace

void RegisterReclaim() {
  RunByTurns({
      [] { Register("reclaim/put_idle", PutIdle, kPuts); },
      [] { Register("reclaim/put_meanwhile", PutMeanwhile, kPuts); },
  });
}

void RegisterQueue() {
  RunByTurns({
      [] { Register("queue/step_fresh", StepFresh, kSteps); },
      [] { Register("queue/step_used", StepUsed, kSteps); },
  });
}

}  // namespace marcot::bench

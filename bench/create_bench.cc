// Creation of files at depth 6, beside raw puts.
#include <atomic>

#include "groups.h"
#include "raw_db.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr int kIterations = 16'000;
constexpr int kCallers = 16;
constexpr int kBatches = 20;

struct Data {
  Data() : with_feed(Must(store.store().CreateSpace("default", "with-feed"))) {
    Must(with_feed.SetSettings({.change_feed_days = 1}));
  }

  BenchStore store;
  const Space with_feed;
  RawDb raw;
};

// A new directory at depth 5.
std::string NewDirectory(const Space& space) {
  static std::atomic<uint64_t> last{0};
  const std::string path = "tenant/project/year/month/" + Name("day-", ++last, 6);
  Must(space.MakeDirectory(path).status());
  return path;
}

void RawPut(benchmark::State& state) { RunRawPuts(state, GroupData::Get<Data>().raw); }

void CreateIn(benchmark::State& state, const Space& space) {
  const std::string directory = NewDirectory(space);
  const auto count = static_cast<size_t>(state.max_iterations);
  std::vector<std::string> paths;
  for (size_t i = 0; i < count; ++i) paths.push_back(directory + Name("/file-", i, 6));
  size_t next = 0;
  for (auto _ : state) Must(space.PutReference(paths[next++], NewContent()).status());
  state.SetItemsProcessed(state.iterations());
}

void Create(benchmark::State& state) { CreateIn(state, GroupData::Get<Data>().store.space()); }
void CreateWithFeed(benchmark::State& state) { CreateIn(state, GroupData::Get<Data>().with_feed); }

std::vector<BatchItem> NewBatch(const Space& space, const std::string& directory, size_t first) {
  std::vector<BatchItem> items(kMaxBatchItems);
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].kind = BatchItem::Kind::kPutReference;
    items[i].space = space;
    items[i].path = directory + Name("/file-", first + i, 6);
    items[i].content = NewContent();
  }
  return items;
}

// `run` is Store::RunAtomically or Store::RunEach.
template <typename Run>
void CreateInBatches(benchmark::State& state, const Run& run) {
  BenchStore& store = GroupData::Get<Data>().store;
  const std::string directory = NewDirectory(store.space());
  std::vector<std::vector<BatchItem>> batches;
  for (benchmark::IterationCount i = 0; i < state.max_iterations; ++i) {
    batches.push_back(NewBatch(store.space(), directory, batches.size() * kMaxBatchItems));
  }
  size_t next = 0;
  for (auto _ : state) run(store.store(), batches[next++]);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kMaxBatchItems));
}

void CreateAtomically(benchmark::State& state) {
  CreateInBatches(state, [](Store& store, const std::vector<BatchItem>& items) {
    Must(store.RunAtomically(items).status());
  });
}

void CreateEach(benchmark::State& state) {
  CreateInBatches(state, [](Store& store, const std::vector<BatchItem>& items) {
    for (const auto& outcome : Must(store.RunEach(items))) Must(outcome.status());
  });
}

void Register(const char* name, void (*body)(benchmark::State&), int iterations, int threads = 1) {
  benchmark::RegisterBenchmark(name, body)
      ->Iterations(iterations / threads)
      ->Threads(threads)
      ->UseRealTime();
}

}  // namespace

void RegisterCreate() {
  RunByTurns({
      [] { Register("create/raw_put", RawPut, kIterations); },
      [] { Register("create/1_caller", Create, kIterations); },
      [] { Register("create/with_feed", CreateWithFeed, kIterations); },
      [] { Register("create/16_callers", Create, kIterations, kCallers); },
      [] { Register("create/raw_put_16_callers", RawPut, kIterations, kCallers); },
      [] { Register("create/batch_atomic", CreateAtomically, kBatches); },
      [] { Register("create/batch_each", CreateEach, kBatches); },
  });
}

}  // namespace marcot::bench

// Stat of warm files beside the kernel's, listing beside a raw iterator, reading through copies.
#include <algorithm>
#include <random>

#include "groups.h"
#include "host_tree.h"
#include "raw_db.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr size_t kFiles = 100'000;
constexpr int kStats = 100'000;
constexpr int kListings = 1;
constexpr int kStackedListings = 100;
constexpr int kStack = 100;

void RegisterTimed(const std::string& name, void (*body)(benchmark::State&), int iterations) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Iterations(iterations)->UseRealTime();
}

// ---- stat --------------------------------------------------------------------------------------

std::vector<std::string> ShuffledPaths(const TreeShape& shape) {
  std::vector<std::string> paths;
  for (uint64_t i = 0; i < shape.files(); ++i) paths.push_back(shape.FilePath(i));
  std::shuffle(paths.begin(), paths.end(), std::mt19937_64(1));
  return paths;
}

struct StatData {
  StatData() {
    const TreeShape shape("tenant/project/year", kFiles);
    BuildTree(store, shape);
    host.Build(shape);
    paths = ShuffledPaths(shape);
    for (const std::string& path : paths) {
      Must(store.space().GetStat(path).status());
      host.Stat(path);
    }
  }

  BenchStore store;
  HostTree host;
  std::vector<std::string> paths;
};

void StatMarcot(benchmark::State& state) {
  const StatData& data = GroupData::Get<StatData>();
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Must(data.store.space().GetStat(data.paths[next])));
    next = next + 1 == kFiles ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void StatKernel(benchmark::State& state) {
  const StatData& data = GroupData::Get<StatData>();
  size_t next = 0;
  for (auto _ : state) {
    data.host.Stat(data.paths[next]);
    next = next + 1 == kFiles ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

// ---- listing -----------------------------------------------------------------------------------

Attributes SomeAttributes() {
  Attributes attributes;
  attributes.metadata = {{"camera", "hand-held"}, {"project", "harbour"}};
  attributes.labels = {"keep"};
  attributes.content_type = "image/jpeg";
  return attributes;
}

// Two directories, of files without and with attributes of their own, in both databases.
struct ListData {
  static constexpr uint64_t kPlain = 1, kAttributed = 2;

  ListData() {
    Fill("plain", kPlain, {});
    Fill("attributed", kAttributed, SomeAttributes());
    store.Reopen();
    raw.Reopen();
  }

  void Fill(const std::string& directory, uint64_t id, const Attributes& attributes) {
    Batcher batcher(store);
    batcher.MakeDirectory(directory);
    for (size_t i = 0; i < kFiles; ++i) {
      batcher.PutFile(directory + Name("/file-", i, 6), attributes);
    }
    for (const Record& record : FileRecords(id, kFiles, attributes)) raw.Put(record);
  }

  BenchStore store;
  RawDb raw;
};

size_t ListAll(const Space& space, const std::string& directory) {
  ListOptions options;
  options.limit = 1000;
  size_t count = 0;
  do {
    Page page = Must(space.List(directory, options));
    count += page.entries.size();
    options.marker = std::move(page.marker);
  } while (!options.marker.empty());
  return count;
}

// `list` answers how many it saw.
template <typename List>
void RunListings(benchmark::State& state, const List& list) {
  ListData& data = GroupData::Get<ListData>();
  for (auto _ : state) {
    if (list(data) != kFiles) Die("a listing is not complete");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kFiles));
}

void ListMarcot(benchmark::State& state) {
  RunListings(state, [](ListData& data) { return ListAll(data.store.space(), "plain"); });
}
void ListRaw(benchmark::State& state) {
  RunListings(state, [](ListData& data) { return data.raw.Scan(ListData::kPlain); });
}
void ListMarcotAttributed(benchmark::State& state) {
  RunListings(state, [](ListData& data) { return ListAll(data.store.space(), "attributed"); });
}
void ListRawAttributed(benchmark::State& state) {
  RunListings(state, [](ListData& data) { return data.raw.Scan(ListData::kAttributed); });
}

// ---- through copies ----------------------------------------------------------------------------

// Copy 1 is a copy of copy 0, the original; and so on. Each but the original is modified at depth
// 3, where the files are.
struct StackedData {
  StackedData() {
    Batcher batcher(store);
    batcher.MakeDirectory(Directory(0));
    for (size_t i = 0; i < kFilesEach; ++i) batcher.PutFile(File(0, i));
    batcher.Flush();
    for (int copy = 1; copy <= kStack; ++copy) {
      Must(store.space().CopyDirectory(Root(copy - 1), Root(copy)).status());
      Must(store.space()
               .PutReference(Directory(copy) + Name("/new-", copy, 3), NewContent())
               .status());
    }
  }

  static constexpr size_t kFilesEach = 1000;
  static std::string Root(int64_t copy) { return Name("copy-", static_cast<uint64_t>(copy), 3); }
  static std::string Directory(int64_t copy) { return Root(copy) + "/a/b"; }
  static std::string File(int64_t copy, size_t i) { return Directory(copy) + Name("/file-", i, 4); }

  BenchStore store;
};

void StatStacked(benchmark::State& state) {
  const Space& space = GroupData::Get<StackedData>().store.space();
  std::vector<std::string> paths;
  for (size_t i = 0; i < StackedData::kFilesEach; ++i) {
    paths.push_back(StackedData::File(state.range(0), i));
    Must(space.GetStat(paths.back()).status());
  }
  size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(Must(space.GetStat(paths[next++ % paths.size()])));
  state.SetItemsProcessed(state.iterations());
}

void ListStacked(benchmark::State& state) {
  const Space& space = GroupData::Get<StackedData>().store.space();
  const std::string directory = StackedData::Directory(state.range(0));
  size_t entries = ListAll(space, directory);
  if (entries < StackedData::kFilesEach) Die("a listing is not complete");
  for (auto _ : state) benchmark::DoNotOptimize(ListAll(space, directory));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(entries));
}

void RegisterStackedOf(int64_t copies) {
  benchmark::RegisterBenchmark("stacked", StatStacked)
      ->Arg(copies)
      ->Iterations(kStats)
      ->UseRealTime();
}

void RegisterListStackedOf(int64_t copies) {
  benchmark::RegisterBenchmark("stacked/list", ListStacked)
      ->Arg(copies)
      ->Iterations(kStackedListings)
      ->UseRealTime();
}

}  // namespace

void RegisterStat() {
  RunByTurns({
      [] { RegisterTimed("stat/kernel", StatKernel, kStats); },
      [] { RegisterTimed("stat/marcot", StatMarcot, kStats); },
  });
}

void RegisterList() {
  RunByTurns({
      [] { RegisterTimed("list/raw_iterator", ListRaw, kListings); },
      [] { RegisterTimed("list/marcot", ListMarcot, kListings); },
      [] { RegisterTimed("list_attributed/raw_iterator", ListRawAttributed, kListings); },
      [] { RegisterTimed("list_attributed/marcot", ListMarcotAttributed, kListings); },
  });
}

void RegisterStacked() {
  RunByTurns({
      [] { RegisterStackedOf(0); },
      [] { RegisterStackedOf(1); },
      [] { RegisterStackedOf(10); },
      [] { RegisterStackedOf(kStack); },
      [] { RegisterListStackedOf(0); },
      [] { RegisterListStackedOf(1); },
      [] { RegisterListStackedOf(10); },
  });
}

}  // namespace marcot::bench

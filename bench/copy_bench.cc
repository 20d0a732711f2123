// Copies of directories: by the size of the source, what they make the next write cost, and under
// one name again and again.
#include <atomic>

#include "groups.h"
#include "host_tree.h"
#include "raw_db.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr int kRawPuts = 8'000;
constexpr int kCopies = 1'500;
constexpr int kHostCopies = 2;
constexpr int kSamples = 100;
constexpr int kManyCopies = 10'000;

std::string NewName(std::string_view prefix) {
  static std::atomic<uint64_t> last{0};
  return Name(prefix, ++last, 8);
}

void RegisterSamples(const char* name, void (*body)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, body)->Iterations(kSamples)->UseManualTime();
}

// ---- by size ---------------------------------------------------------------------------------

std::string SourceRoot(int64_t files) { return "sources/" + std::to_string(files); }

TreeShape Source(int64_t files) {
  return TreeShape(SourceRoot(files), static_cast<uint64_t>(files));
}

struct CopyData {
  CopyData() {
    for (const int64_t files : {1, 10, 1'000, 1'000'000}) BuildTree(store, Source(files));
    for (const int64_t files : {10, 1'000}) host.Build(Source(files));
  }

  BenchStore store;
  RawDb raw;
  HostTree host;
};

void CopyRawPut(benchmark::State& state) { RunRawPuts(state, GroupData::Get<CopyData>().raw); }

void Copy(benchmark::State& state) {
  const Space& space = GroupData::Get<CopyData>().store.space();
  const std::string source = SourceRoot(state.range(0));
  const std::string parent = NewName("copies-");
  Must(space.MakeDirectory(parent).status());
  std::vector<std::string> targets;
  for (benchmark::IterationCount i = 0; i < state.max_iterations; ++i) {
    targets.push_back(parent + Name("/copy-", targets.size(), 6));
  }
  size_t next = 0;
  for (auto _ : state) Must(space.CopyDirectory(source, targets[next++]).status());
  state.SetItemsProcessed(state.iterations());
}

void HostCopy(benchmark::State& state) {
  const HostTree& host = GroupData::Get<CopyData>().host;
  Samples samples;
  for (auto _ : state) {
    const std::string target = NewName("copy-");
    samples.Measure(state, [&] { host.Copy(SourceRoot(state.range(0)), target); });
    host.Remove(target);
  }
  samples.Report(state);
}

void RegisterCopyOf(int64_t files) {
  benchmark::RegisterBenchmark("copy", Copy)->Arg(files)->Iterations(kCopies)->UseRealTime();
}

void RegisterHostCopyOf(int64_t files) {
  benchmark::RegisterBenchmark("copy/cp_a", HostCopy)
      ->Arg(files)
      ->Iterations(kHostCopies)
      ->UseManualTime();
}

// ---- the first write in a copy ----------------------------------------------------------------

// A source of 100 files at depth 3; writes go to depth 3 too.
std::string NewSource(BenchStore& store) {
  const std::string source = NewName("source-");
  BuildTree(store, TreeShape(source + "/a/b", TreeShape::kFanout));
  return source;
}

std::string CopyOf(const Space& space, const std::string& source) {
  const std::string copy = NewName("copy-");
  Must(space.CopyDirectory(source, copy).status());
  return copy;
}

void WriteIn(const Space& space, const std::string& directory) {
  Must(space.PutReference(directory + "/a/b/new", NewContent()).status());
}

void MakeModifiedCopy(const Space& space, const std::string& source) {
  WriteIn(space, CopyOf(space, source));
}

struct FirstWriteData {
  FirstWriteData() : source(NewSource(store)) {
    for (int i = 0; i < kManyCopies; ++i) MakeModifiedCopy(store.space(), source);
  }

  BenchStore store;
  RawDb raw;
  const std::string source;  // of 10,000 modified copies
};

void FirstWriteRawPut(benchmark::State& state) {
  RunRawPuts(state, GroupData::Get<FirstWriteData>().raw);
}

void FirstWriteAfterOne(benchmark::State& state) {
  BenchStore& store = GroupData::Get<FirstWriteData>().store;
  Samples samples;
  for (auto _ : state) {
    const std::string source = NewSource(store);
    MakeModifiedCopy(store.space(), source);
    const std::string copy = CopyOf(store.space(), source);
    samples.Measure(state, [&] { WriteIn(store.space(), copy); });
  }
  samples.Report(state);
}

void FirstWriteAfterMany(benchmark::State& state) {
  const FirstWriteData& data = GroupData::Get<FirstWriteData>();
  Samples samples;
  for (auto _ : state) {
    const std::string copy = CopyOf(data.store.space(), data.source);
    samples.Measure(state, [&] { WriteIn(data.store.space(), copy); });
  }
  samples.Report(state);
}

// ---- one name again and again ------------------------------------------------------------------

struct RenameData {
  RenameData() : source(NewSource(store)) {}
  BenchStore store;
  const std::string source;
};

void CopyOnto(const RenameData& data, const std::string& name) {
  Must(data.store.space()
           .CopyDirectory(data.source, name, {.strategy = Strategy::kRename})
           .status());
}

// A directory whose one name was copied onto `copies` times; answers the name.
std::string CopiedOnto(const RenameData& data, int copies) {
  std::string name = NewName("target-") + "/name";
  for (int i = 0; i <= copies; ++i) CopyOnto(data, name);
  return name;
}

// The nth copy, each sample in a directory of its own.
void RenameNth(benchmark::State& state) {
  const RenameData& data = GroupData::Get<RenameData>();
  Samples samples;
  for (auto _ : state) {
    const std::string name = CopiedOnto(data, static_cast<int>(state.range(0)) - 1);
    samples.Measure(state, [&] { CopyOnto(data, name); });
  }
  samples.Report(state);
}

// The nth copy and those after it, all in one directory.
void RenameFromNth(benchmark::State& state) {
  const RenameData& data = GroupData::Get<RenameData>();
  const std::string name = CopiedOnto(data, static_cast<int>(state.range(0)) - 1);
  Samples samples;
  for (auto _ : state) samples.Measure(state, [&] { CopyOnto(data, name); });
  samples.Report(state);
}

void RegisterRenameCopy(void (*body)(benchmark::State&), int64_t nth) {
  benchmark::RegisterBenchmark("rename_copy", body)
      ->Arg(nth)
      ->Iterations(kSamples)
      ->UseManualTime();
}

}  // namespace

void RegisterCopy() {
  RunByTurns({
      [] {
        benchmark::RegisterBenchmark("copy/raw_put", CopyRawPut)
            ->Iterations(kRawPuts)
            ->UseRealTime();
      },
      [] { RegisterCopyOf(1); },
      [] { RegisterCopyOf(10); },
      [] { RegisterCopyOf(1'000'000); },
      [] { RegisterCopyOf(1'000); },
      [] { RegisterHostCopyOf(10); },
      [] { RegisterHostCopyOf(1'000); },
  });
}

void RegisterFirstWrite() {
  RunByTurns({
      [] {
        benchmark::RegisterBenchmark("first_write/raw_put", FirstWriteRawPut)
            ->Iterations(kRawPuts)
            ->UseRealTime();
      },
      [] { RegisterSamples("first_write/after_1", FirstWriteAfterOne); },
      [] { RegisterSamples("first_write/after_10000", FirstWriteAfterMany); },
  });
}

void RegisterRename() {
  RunByTurns({
      [] { RegisterRenameCopy(RenameNth, 1); },
      [] { RegisterRenameCopy(RenameNth, 100); },
      [] { RegisterRenameCopy(RenameFromNth, kManyCopies); },
  });
}

}  // namespace marcot::bench

// Opening a store: what it holds must not matter.
#include "groups.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr uint64_t kFew = 10;
constexpr uint64_t kMany = 10'000'000;

struct OpenData {
  OpenData() {
    BuildTree(few, TreeShape("tree", kFew));
    BuildTree(many, TreeShape("tree", kMany));
  }

  BenchStore few, many;
};

// Closes, which is not timed, and opens.
void Open(benchmark::State& state, BenchStore& store) {
  Samples samples;
  for (auto _ : state) {
    store.Close();
    samples.Measure(state, [&] { store.Open(); });
  }
  samples.Report(state);
}

void OpenFew(benchmark::State& state) { Open(state, GroupData::Get<OpenData>().few); }
void OpenMany(benchmark::State& state) { Open(state, GroupData::Get<OpenData>().many); }

void Register(const char* name, void (*body)(benchmark::State&)) {
  benchmark::RegisterBenchmark(name, body)->Iterations(1)->UseManualTime();
}

}  // namespace

void RegisterOpen() {
  RunByTurns({
      [] { Register("open/few", OpenFew); },
      [] { Register("open/many", OpenMany); },
  });
}

}  // namespace marcot::bench

// Search: one file that is not like the others, by its name, beside a walk of everything.
#include <map>

#include "groups.h"
#include "support.h"

namespace marcot::bench {
namespace {

constexpr uint64_t kSizes[] = {1'000, 100'000, 1'000'000};

SearchQuery ForNeedle() {
  SearchQuery query;
  query.keywords = {"needle"};
  return query;
}

// A store each, with a tree of 100 entries a directory, one file more, and its summaries.
struct SearchData {
  SearchData() {
    for (const uint64_t files : kSizes) {
      auto store = std::make_unique<BenchStore>();
      const TreeShape shape("tree", files);
      BuildTree(*store, shape);
      Must(store->space()
               .PutReference(shape.DirectoryOf(files / 2) + "/needle.txt", NewContent())
               .status());
      Must(store->space().Search(ForNeedle()).status());
      Must(store->store().ReclaimUntilIdle());
      stores[files] = std::move(store);
    }
  }

  std::map<uint64_t, std::unique_ptr<BenchStore>> stores;
};

const Space& SpaceOf(const benchmark::State& state) {
  const auto files = static_cast<uint64_t>(state.range(0));
  return GroupData::Get<SearchData>().stores.at(files)->space();
}

void Search(benchmark::State& state) {
  const Space& space = SpaceOf(state);
  Samples samples;
  for (auto _ : state) {
    samples.Measure(state, [&] {
      const SearchPage page = Must(space.Search(ForNeedle()));
      if (page.entries.size() != 1 || !page.marker.empty()) Die("the search is not complete");
    });
  }
  samples.Report(state);
}

void Walk(benchmark::State& state) {
  const Space& space = SpaceOf(state);
  Samples samples;
  for (auto _ : state) {
    samples.Measure(state, [&] {
      size_t found = 0;
      const auto visit = [&found](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
        found += entry.stat.name.find("needle") != std::string::npos ? 1 : 0;
        return WalkStep::kGoOn;
      };
      Must(space.Walk("", visit));
      if (found != 1) Die("the walk is not complete");
    });
  }
  samples.Report(state);
}

void Register(const char* name, void (*body)(benchmark::State&), uint64_t files,
              int64_t iterations) {
  benchmark::RegisterBenchmark(name, body)
      ->Arg(static_cast<int64_t>(files))
      ->Iterations(iterations)
      ->UseManualTime();
}

}  // namespace

void RegisterSearch() {
  constexpr int64_t kSearches = 20;
  RunByTurns({
      [] { Register("search", Search, 1'000, kSearches); },
      [] { Register("search", Search, 100'000, kSearches); },
      [] { Register("search", Search, 1'000'000, kSearches); },
      [] { Register("search/walk", Walk, 1'000, 1); },
      [] { Register("search/walk", Walk, 100'000, 1); },
      [] { Register("search/walk", Walk, 1'000'000, 1); },
  });
}

}  // namespace marcot::bench

// What others do meanwhile: reads from two threads and beside a writer, copies of a directory that
// others write in, writes beside compaction.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "groups.h"
#include "support.h"

namespace marcot::bench {
namespace {

std::string FileIn(const std::string& directory, uint64_t number) {
  return directory + Name("/file-", number, 6);
}

std::string NewDirectory(const Space& space, const std::string& parent) {
  static std::atomic<uint64_t> last{0};
  const std::string path = parent + Name("/written-", ++last, 6);
  Must(space.MakeDirectory(path).status());
  return path;
}

// Threads that create files for as long as the object lives, each in a directory of its own, a
// commit a file.
class Writers {
 public:
  Writers(const Space& space, const std::vector<std::string>& directories) {
    for (const std::string& directory : directories) {
      threads_.emplace_back([this, space, directory] { Write(space, directory); });
    }
    while (running_ < directories.size()) std::this_thread::yield();
  }
  ~Writers() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  uint64_t written() const { return written_; }

 private:
  void Write(const Space& space, const std::string& directory) {
    for (uint64_t number = 0; !stopped_; ++number) {
      Must(space.PutReference(FileIn(directory, number), NewContent()).status());
      ++written_;
      if (number == 0) ++running_;
    }
  }

  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> running_{0}, written_{0};
  std::vector<std::thread> threads_;
};

// ---- readers -----------------------------------------------------------------------------------

constexpr uint64_t kFiles = 100'000;
constexpr int kStats = 200'000;
constexpr int kLists = 4'000;

constexpr char kProject[] = "tenant/project";

struct ReadersData {
  ReadersData() {
    const TreeShape shape(std::string(kProject) + "/year", kFiles);
    BuildTree(store, shape);
    for (uint64_t i = 0; i < kFiles; ++i) {
      files.push_back(shape.FilePath(i));
      if (i % TreeShape::kFanout == 0) directories.push_back(shape.DirectoryOf(i));
    }
    std::shuffle(files.begin(), files.end(), std::mt19937_64(1));
    std::shuffle(directories.begin(), directories.end(), std::mt19937_64(1));
    for (const std::string& path : files) Must(store.space().GetStat(path).status());
  }

  BenchStore store;
  std::vector<std::string> files, directories;
};

// Warm reads, each thread from another place on.
template <typename Read>
void RunReads(benchmark::State& state, const std::vector<std::string>& paths, const Read& read) {
  size_t next = paths.size() / static_cast<size_t>(state.threads()) *
                static_cast<size_t>(state.thread_index());
  for (auto _ : state) {
    read(paths[next]);
    next = next + 1 == paths.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void ReadStats(benchmark::State& state) {
  const auto& data = GroupData::Get<ReadersData>();
  RunReads(state, data.files, [&](const std::string& path) {
    benchmark::DoNotOptimize(Must(data.store.space().GetStat(path)));
  });
}

void ReadLists(benchmark::State& state) {
  const auto& data = GroupData::Get<ReadersData>();
  ListOptions options;
  options.limit = TreeShape::kFanout;
  RunReads(state, data.directories, [&](const std::string& path) {
    const Page page = Must(data.store.space().List(path, options));
    if (page.entries.size() != TreeShape::kFanout) Die("a listing is not complete");
  });
}

// The writer makes files beside the tree that is read, below the same directories.
template <void (*kReads)(benchmark::State&)>
void BesideWriter(benchmark::State& state) {
  const Space& space = GroupData::Get<ReadersData>().store.space();
  const Writers writer(space, {NewDirectory(space, kProject)});
  kReads(state);
  if (writer.written() < 2) Die("the writer did not write meanwhile");
}

void RegisterReadsOf(const char* name, void (*body)(benchmark::State&), int iterations,
                     int threads = 1) {
  benchmark::RegisterBenchmark(name, body)
      ->Iterations(iterations / threads)
      ->Threads(threads)
      ->UseRealTime();
}

// ---- copies of what is written in --------------------------------------------------------------

constexpr uint64_t kSourceFiles = 10'000;
constexpr int kCopies = 2'000;
constexpr uint64_t kWriters = 4;
constexpr double kCopyTail = 0.99;

constexpr char kSource[] = "tenant/source";

struct CopiesData {
  CopiesData() { BuildTree(store, TreeShape(kSource, kSourceFiles)); }
  BenchStore store;
};

void CopySource(benchmark::State& state) {
  const Space& space = GroupData::Get<CopiesData>().store.space();
  const std::string parent = NewDirectory(space, "copies");
  Samples samples;
  uint64_t number = 0;
  for (auto _ : state) {
    const std::string target = parent + Name("/copy-", ++number, 6);
    samples.Measure(state, [&] { Must(space.CopyDirectory(kSource, target).status()); });
  }
  samples.Report(state, kCopyTail);
}

void CopyIdle(benchmark::State& state) { CopySource(state); }

void CopyBesideWriters(benchmark::State& state) {
  const Space& space = GroupData::Get<CopiesData>().store.space();
  const TreeShape source(kSource, kSourceFiles);
  std::vector<std::string> directories;
  for (uint64_t i = 0; i < kWriters; ++i) {
    directories.push_back(NewDirectory(space, source.DirectoryOf(i * TreeShape::kFanout)));
  }
  const Writers writers(space, directories);
  const uint64_t before = writers.written();
  CopySource(state);
  state.counters["written"] = static_cast<double>(writers.written() - before);
}

// ---- writes beside compaction ------------------------------------------------------------------

constexpr int kPuts = 20'000;
constexpr double kPutTail = 0.999;
// A small part of the default: files come as quickly, and are compacted as often, as those of a
// store with a greater load.
constexpr size_t kMemtableBytes = 4 << 20;
constexpr uint64_t kPutsALook = 100;

// Whether compaction runs. Whoever puts looks itself, from time to time between two puts: a thread
// that looks meanwhile takes the database's lock some dozens of times, and puts would wait for it.
class CompactionWatch {
 public:
  explicit CompactionWatch(const Store& store) : store_(store) {}

  bool compacts() {
    if (asked_++ % kPutsALook == 0) {
      compacts_ = store_.GetMetrics().storage.running_compactions > 0;
    }
    return compacts_;
  }

 private:
  const Store& store_;
  uint64_t asked_ = 0;
  bool compacts_ = false;
};

struct CompactionData {
  CompactionData() : store({.memtable_bytes = kMemtableBytes}) {}
  BenchStore store;
};

// Puts, of which those count that begin while compaction runs.
void PutBesideCompaction(benchmark::State& state, double quantile) {
  BenchStore& store = GroupData::Get<CompactionData>().store;
  const std::string directory = NewDirectory(store.space(), "compacted");
  CompactionWatch watch(store.store());
  uint64_t number = 0;
  const auto put = [&] {
    Must(store.space().PutReference(FileIn(directory, number++), NewContent()).status());
  };
  Samples samples;
  for (auto _ : state) {
    while (!watch.compacts()) put();
    samples.Measure(state, put);
  }
  samples.Report(state, quantile);
}

void PutMedian(benchmark::State& state) { PutBesideCompaction(state, 0.5); }
void PutTail(benchmark::State& state) { PutBesideCompaction(state, kPutTail); }

void RegisterSamples(const char* name, void (*body)(benchmark::State&), int iterations) {
  benchmark::RegisterBenchmark(name, body)->Iterations(iterations)->UseManualTime();
}

}  // namespace

void RegisterReaders() {
  RunByTurns({
      [] { RegisterReadsOf("readers/stat", ReadStats, kStats); },
      [] { RegisterReadsOf("readers/stat_by_2", ReadStats, kStats, 2); },
      [] { RegisterReadsOf("readers/stat_beside_writer", BesideWriter<ReadStats>, kStats); },
      [] { RegisterReadsOf("readers/list", ReadLists, kLists); },
      [] { RegisterReadsOf("readers/list_by_2", ReadLists, kLists, 2); },
      [] { RegisterReadsOf("readers/list_beside_writer", BesideWriter<ReadLists>, kLists); },
  });
}

void RegisterCopyBesideWriters() {
  RunByTurns({
      [] { RegisterSamples("copy_beside/idle", CopyIdle, kCopies); },
      [] { RegisterSamples("copy_beside/4_writers", CopyBesideWriters, kCopies); },
  });
}

void RegisterCompaction() {
  RunByTurns({
      [] { RegisterSamples("compaction/put_median", PutMedian, kPuts); },
      [] { RegisterSamples("compaction/put_tail", PutTail, kPuts); },
  });
}

}  // namespace marcot::bench

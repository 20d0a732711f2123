// One run of a workload on stores that are opened with an options file, for bench/tuning: prints as
// JSON what each phase cost.
//
//     marcot_tuning [OPTIONS_FILE]
//
// Two stores, since options matter in different ways to them: one with the default memory, which
// holds all that it is asked for, and one that is a hundred times larger than its caches.
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "support.h"

namespace marcot::bench {
namespace {

using Random = std::mt19937_64;

uint64_t Nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// By this process, to any file: flushes, compactions. The log is mapped.
uint64_t WrittenBytes() {
  std::ifstream in("/proc/self/io");
  std::string name;
  for (uint64_t value = 0; in >> name >> value;) {
    if (name == "wchar:") return value;
  }
  Die("/proc/self/io does not tell what was written");
}

uint64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// What a phase costs; the background's part is in `all_ns` and `written_bytes` alone.
struct Cost {
  uint64_t caller_ns = 0, all_ns = 0;  // of processors; the second with the background's
  uint64_t written_bytes = 0;
  uint64_t comparisons = 0;   // of keys
  uint64_t blocks_read = 0;   // from files
  uint64_t bytes_read = 0;    // in those
  uint64_t blocks_found = 0;  // in the cache
  uint64_t filtered = 0;      // look-ups in a file that a filter saved

  static Cost Now() {
    const rocksdb::PerfContext& counted = *rocksdb::get_perf_context();
    return {Nanoseconds(CLOCK_THREAD_CPUTIME_ID),
            Nanoseconds(CLOCK_PROCESS_CPUTIME_ID),
            WrittenBytes(),
            counted.user_key_comparison_count,
            counted.block_read_count,
            counted.block_read_byte,
            counted.block_cache_hit_count,
            counted.bloom_sst_miss_count};
  }
  Cost operator-(const Cost& before) const {
    return {caller_ns - before.caller_ns,         all_ns - before.all_ns,
            written_bytes - before.written_bytes, comparisons - before.comparisons,
            blocks_read - before.blocks_read,     bytes_read - before.bytes_read,
            blocks_found - before.blocks_found,   filtered - before.filtered};
  }
};

// A line of JSON for each phase.
class Report {
 public:
  void Add(const char* phase, uint64_t operations, const Cost& cost) {
    std::printf(
        "%s\"%s\": {\"operations\": %lu, \"caller_ns\": %lu, \"all_ns\": %lu, "
        "\"written_bytes\": %lu, \"comparisons\": %lu, \"blocks_read\": %lu, \"bytes_read\": %lu, "
        "\"blocks_found\": %lu, \"filtered\": %lu}",
        first_ ? "{" : ",\n", phase, operations, cost.caller_ns, cost.all_ns, cost.written_bytes,
        cost.comparisons, cost.blocks_read, cost.bytes_read, cost.blocks_found, cost.filtered);
    first_ = false;
  }
  void End(uint64_t disk_bytes, uint64_t memtable_bytes) {
    std::printf(
        ",\n\"store\": {\"disk_bytes\": %lu, \"memtable_bytes\": %lu, \"resident\": %lu}}\n",
        disk_bytes, memtable_bytes, ResidentBytes());
  }

 private:
  bool first_ = true;
};

// So often a phase lets them finish, so that what reads find does not hang on who was quicker.
constexpr uint64_t kSettleEvery = 1'000;

class Workload {
 public:
  Workload(const StoreOptions& options, Report* report) : store_(options), report_(report) {}

  // `operations`: what the costs are divided by.
  void Measure(const char* phase, uint64_t operations, const std::function<void()>& run) {
    const Cost before = Cost::Now();
    run();
    AwaitCompaction(store_.store());
    report_->Add(phase, operations, Cost::Now() - before);
  }
  // What was written is in files afterwards, and nothing is under way.
  void Reopen() {
    store_.Reopen();
    AwaitCompaction(store_.store());
  }
  void SettleAfter(uint64_t operations) {
    if (operations % kSettleEvery == 0) AwaitCompaction(store_.store());
  }
  const Space& space() const { return store_.space(); }
  BenchStore& store() { return store_; }

 private:
  BenchStore store_;
  Report* const report_;
};

uint64_t ListAll(const Space& space, const std::string& directory) {
  ListOptions options;
  options.limit = 1000;
  uint64_t count = 0;
  do {
    const Page page = Must(space.List(directory, options));
    count += page.entries.size();
    options.marker = page.marker;
  } while (!options.marker.empty());
  return count;
}

// ---- all in memory -----------------------------------------------------------------------------

void CreateOneByOne(Workload& work) {
  constexpr uint64_t kFiles = 30'000, kFanout = 1000;
  work.Measure("create", kFiles, [&] {
    std::string directory;
    for (uint64_t i = 0; i < kFiles; ++i) {
      if (i % kFanout == 0) {
        directory = Name("singles/a/b/c/day-", i / kFanout, 4);
        Must(work.space().MakeDirectory(directory).status());
      }
      Must(work.space().PutReference(directory + Name("/file-", i, 6), NewContent()).status());
    }
  });
}

void CreateInBatchesAndList(Workload& work) {
  constexpr uint64_t kFiles = 100'000;
  Must(work.space().MakeDirectory("batches").status());
  work.Measure("batch", kFiles, [&] {
    Batcher batcher(work.store());
    for (uint64_t i = 0; i < kFiles; ++i) batcher.PutFile(Name("batches/file-", i, 6));
  });
  work.Reopen();
  ListAll(work.space(), "batches");
  work.Measure("list", 2 * kFiles, [&] {
    for (int i = 0; i < 2; ++i) ListAll(work.space(), "batches");
  });
}

void WriteFirstInCopies(Workload& work) {
  constexpr uint64_t kCopies = 2'000;
  const TreeShape shape("source/a/b", 1'000);
  BuildTree(work.store(), shape);
  Must(work.space().MakeDirectory("copies").status());
  work.Measure("first write", kCopies, [&] {
    for (uint64_t i = 0; i < kCopies; ++i) {
      const std::string copy = Name("copies/copy-", i, 5);
      Must(work.space().CopyDirectory("source", copy).status());
      Must(work.space().PutReference(copy + "/a/b/dir-03/own", NewContent()).status());
    }
  });
}

// ---- from files --------------------------------------------------------------------------------

// Directories that fill up in turns, so that each flush has something of all of them.
class Forest {
 public:
  explicit Forest(Workload& work) : work_(work), order_(kDirectories) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  void Build() {
    work_.Measure("build", kFiles, [&] {
      Batcher batcher(work_.store());
      for (uint64_t i = 0; i < kDirectories; ++i) batcher.MakeDirectory(Directory(i));
      for (uint64_t turn = 0; turn < kTurns; ++turn) {
        std::shuffle(order_.begin(), order_.end(), random_);
        for (size_t i = 0; i < order_.size(); ++i) {
          for (uint64_t k = 0; k < kPerTurn; ++k) {
            batcher.PutFile(File(order_[i], k * kTurns + turn));
          }
          work_.SettleAfter(i * kPerTurn);
        }
      }
    });
    work_.Reopen();
  }

  void Read() {
    constexpr uint64_t kStats = 10'000, kLists = 300;
    work_.Measure("cold stat", kStats, [&] {
      for (uint64_t i = 0; i < kStats; ++i) Must(work_.space().GetStat(AnyFile()).status());
    });
    work_.Measure("absent name", kStats, [&] {
      for (uint64_t i = 0; i < kStats; ++i) {
        if (work_.space().GetStat(AnyFile() + "-no").ok()) Die("found what is not there");
      }
    });
    work_.Measure("cold list", kLists * kPerDirectory, [&] {
      for (uint64_t i = 0; i < kLists; ++i) ListAll(work_.space(), AnyDirectory());
    });
  }

  // What is written anywhere in a large store: each name is looked for in files first.
  void Write() {
    constexpr uint64_t kPuts = 10'000;
    work_.Measure("scattered create", kPuts, [&] {
      for (uint64_t i = 0; i < kPuts; ++i) {
        const std::string path = AnyDirectory() + Name("/late-", i, 6);
        Must(work_.space().PutReference(path, NewContent()).status());
        work_.SettleAfter(i);
      }
    });
  }

  // A copy whose source changes: what it sees is history.
  void ReadThroughCopy() {
    constexpr uint64_t kStats = 10'000, kChanges = 20'000;
    Must(work_.space().CopyDirectory("forest", "copy").status());
    work_.Measure("overwrite", kChanges, [&] {
      Batcher batcher(work_.store());
      for (uint64_t i = 0; i < kChanges; ++i) {
        batcher.PutFile(AnyFile(), {}, Strategy::kOverwrite);
        work_.SettleAfter(i);
      }
    });
    std::vector<std::string> later;  // in the copy's source, not in the copy
    {
      Batcher batcher(work_.store());
      for (uint64_t i = 0; i < kStats; ++i) {
        later.push_back(AnyDirectory() + Name("/later-", i, 6));
        batcher.PutFile(later.back());
      }
    }
    work_.Reopen();
    work_.Measure("stat in a copy", kStats, [&] {
      for (uint64_t i = 0; i < kStats; ++i) Must(work_.space().GetStat(InCopy(AnyFile())).status());
    });
    work_.Measure("absent in a copy", kStats, [&] {
      for (const std::string& path : later) {
        if (work_.space().GetStat(InCopy(path)).ok()) Die("found what is not there");
      }
    });
  }

  void Reclaim() {
    constexpr uint64_t kTrees = kDirectories / kPerTop / 4;
    Must(work_.space().Delete("copy").status());
    work_.Measure("reclaim", kTrees * kPerTop * kPerDirectory, [&] {
      for (uint64_t i = 0; i < kTrees; ++i) {
        Must(work_.space().Delete(Name("forest/top-", i, 3)).status());
      }
      Must(work_.store().store().ReclaimUntilIdle());
    });
  }

 private:
  static constexpr uint64_t kDirectories = 2'000, kPerTop = 50, kPerDirectory = 100;
  static constexpr uint64_t kTurns = 4, kPerTurn = kPerDirectory / kTurns;
  static constexpr uint64_t kFiles = kDirectories * kPerDirectory;

  static std::string InCopy(const std::string& path) {
    return "copy" + path.substr(path.find('/'));
  }
  static std::string Directory(uint64_t i) {
    return Name("forest/top-", i / kPerTop, 3) + Name("/dir-", i, 5);
  }
  static std::string File(uint64_t directory, uint64_t i) {
    return Directory(directory) + Name("/file-", i, 3);
  }
  std::string AnyDirectory() { return Directory(random_() % kDirectories); }
  std::string AnyFile() { return File(random_() % kDirectories, random_() % kPerDirectory); }

  Workload& work_;
  Random random_{1};
  std::vector<uint64_t> order_;
};

// ---- contents ----------------------------------------------------------------------------------

// Compresses as text does.
std::string SomeBytes(Random& random, size_t size) {
  constexpr const char* kWords[] = {"a ",     "an ",    "copy ", "directory ", "file ",  "of ",
                                    "reads ", "space ", "store", "the ",       "tree. ", "write "};
  std::string bytes;
  while (bytes.size() < size) bytes += kWords[random() % std::size(kWords)];
  bytes.resize(size);
  return bytes;
}

void KeepContents(Workload& work) {
  constexpr uint64_t kFiles = 2'000;
  constexpr size_t kSizes[] = {300, 2'000, 6'000, 40'000};
  Random random{2};
  std::vector<std::string> contents;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < kFiles; ++i) {
    contents.push_back(SomeBytes(random, kSizes[i % std::size(kSizes)]));
    bytes += contents.back().size();
  }
  const auto path = [](uint64_t i) { return Name("contents/file-", i, 5); };
  Must(work.space().MakeDirectory("contents").status());
  work.Measure("put (KiB)", bytes / 1024, [&] {
    for (uint64_t i = 0; i < kFiles; ++i) {
      Must(work.space().Put(path(i), contents[i]).status());
      work.SettleAfter(i * 10);
    }
  });
  work.Reopen();
  work.Measure("read (KiB)", bytes / 1024, [&] {
    for (uint64_t i = 0; i < kFiles; ++i) Must(work.space().Read(path(i)).status());
  });
  work.Measure("drop (KiB)", bytes / 1024, [&] {
    for (uint64_t i = 0; i < kFiles; i += 2) Must(work.space().Delete(path(i)).status());
    for (uint64_t i = 0; i < kFiles / 2; ++i) {
      Must(work.space().Put(path(i) + "-more", SomeBytes(random, 3'000)).status());
    }
    Must(work.store().store().ReclaimUntilIdle());
  });
}

StoreOptions OptionsOf(const std::string& file) {
  StoreOptions options;
  options.background_reclaim = false;
  options.rocksdb_options_file = file;
  return options;
}

void Run(const std::string& file) {
  // At the default level the steps of cursors are not counted.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
  Report report;
  {
    Workload roomy(OptionsOf(file), &report);
    CreateOneByOne(roomy);
    CreateInBatchesAndList(roomy);
    WriteFirstInCopies(roomy);
  }
  StoreOptions small = OptionsOf(file);
  small.memory_bytes = 6u << 20;
  small.record_cache_bytes = 1u << 20;
  small.memtable_bytes = 2u << 20;
  Workload tight(small, &report);
  Forest forest(tight);
  forest.Build();
  forest.Read();
  forest.Write();
  forest.ReadThroughCopy();
  forest.Reclaim();
  KeepContents(tight);
  const StorageFigures figures = tight.store().store().GetMetrics().storage;
  report.End(figures.disk_bytes, figures.memtable_bytes);
}

}  // namespace
}  // namespace marcot::bench

int main(int argc, char** argv) { marcot::bench::Run(argc > 1 ? argv[1] : ""); }

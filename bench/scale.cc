// Everything a store does, at one size: built, opened, listed, copied, modified, checked, let go
// of. After each phase, what it took and how the store stands, as JSON. bench/scale runs it.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <random>
#include <thread>

#include "scale_figures.h"
#include "support.h"

namespace marcot::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kStats = 100'000;
constexpr uint64_t kCopiesPerDirectory = 1000;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// One line of JSON for each phase and each shape of the files, so that a run that is cut short has
// told what it knows.
class Report {
 public:
  void Add(const std::string& key, const std::string& text) {
    Begin(key);
    line_ += '"' + text + '"';
  }
  void Add(const std::string& key, double number) {
    Begin(key);
    char text[32];
    std::snprintf(text, sizeof(text), "%.9g", number);
    line_ += text;
  }
  void Add(const std::string& key, uint64_t number) {
    Begin(key);
    line_ += std::to_string(number);
  }
  void End() {
    std::cout << '{' << line_ << '}' << std::endl;
    line_.clear();
  }

 private:
  void Begin(const std::string& key) {
    if (!line_.empty()) line_ += ',';
    line_ += '"' + key + "\":";
  }
  std::string line_;
};

class ScaleRun {
 public:
  ScaleRun(uint64_t files, uint64_t copies) : shape_("tree", files), copies_(copies) {}

  void Run() {
    store().PauseReclaim(true);  // it is timed by itself
    Phase("built, in batches of 1,000", shape_.files(), [&] { BuildTree(store_, shape_); });
    Phase("compaction has settled", 1, [&] { Settle(); });
    Phase("opened, its log to be read", 1, [&] { Reopen(); });
    Phase("opened, nothing in the log", 1, [&] { Reopen(); });
    Shapes("built");
    Phase("stat at random, cold", kStats, [&] { StatAtRandom(); });
    Phase("the same again", kStats, [&] { StatAtRandom(); });
    Phase("listed whole", shape_.files(), [&] { List(); });
    Phase("totals of the root", kStats, [&] { ReadTotals(); });
    Phase("copied, a commit each", copies_, [&] { Copy(); });
    Phase("a first write in each copy", copies_, [&] { WriteIntoCopies(); });
    Phase("a write in the source, each", copies_, [&] { WriteIntoSource(); });
    Phase("stat at random in the copies", kStats, [&] { StatInCopies(); });
    Phase("compaction has settled", 1, [&] { Settle(); });
    Phase("checked", 1, [&] { Check(); });
    Phase("opened, its log to be read", 1, [&] { Reopen(); });
    Phase("opened, nothing in the log", 1, [&] { Reopen(); });
    Shapes("copied and modified");
    Phase("the copies deleted, a commit each", copies_, [&] { DeleteCopies(); });
    Reclaim("the copies reclaimed", copies_);
    Phase("the tree deleted", 1,
          [&] { Must(space().Delete("tree", {.permanent = true}).status()); });
    Reclaim("the tree reclaimed", shape_.files() + copies_);
    Phase("released contents acknowledged", shape_.files() + 2 * copies_, [&] { Acknowledge(); });
    Phase("compaction has settled", 1, [&] { Settle(); });
    Phase("checked", 1, [&] { Check(); });
    Phase("opened, its log to be read", 1, [&] { Reopen(); });
    Phase("opened, nothing in the log", 1, [&] { Reopen(); });
    Shapes("empty again");
  }

 private:
  Store& store() { return store_.store(); }
  const Space& space() const { return store_.space(); }

  template <typename Work>
  void Phase(const std::string& name, uint64_t operations, const Work& work) {
    ForgetPeakMemory();
    const StorageFigures before = store().GetMetrics().storage;
    const double processor = ProcessorSeconds();
    const Clock::time_point begin = Clock::now();
    work();
    report_.Add("phase", name);
    report_.Add("operations", operations);
    report_.Add("seconds", SecondsSince(begin));
    report_.Add("processor_seconds", ProcessorSeconds() - processor);
    Stand(before);
    report_.End();
  }

  // A store that was reopened has counted from then on.
  static uint64_t Since(uint64_t before, uint64_t now) { return now < before ? now : now - before; }

  void Stand(const StorageFigures& before) {
    const Metrics metrics = store().GetMetrics();
    const StorageFigures& now = metrics.storage;
    const ProcessMemory memory = MemoryOfProcess();
    report_.Add("disk_bytes", now.disk_bytes);
    report_.Add("memory_bytes", memory.now);
    report_.Add("peak_memory_bytes", memory.peak);
    report_.Add("allocated_bytes", memory.allocated);
    report_.Add("memtable_bytes", now.memtable_bytes);
    report_.Add("block_cache_bytes", now.block_cache_bytes);
    report_.Add("pending_compaction_bytes", now.pending_compaction_bytes);
    report_.Add("log_bytes", Since(before.log_bytes, now.log_bytes));
    report_.Add("flushed_bytes", Since(before.flushed_bytes, now.flushed_bytes));
    report_.Add("compacted_bytes", Since(before.compacted_bytes, now.compacted_bytes));
    report_.Add("queue", metrics.reclaim_queue);
    uint64_t unsorted = 0;
    for (const FamilyFigures& family : now.families) unsorted += family.unsorted_files;
    report_.Add("unsorted_files", unsorted);
  }

  void Reopen() {
    store_.Close();
    DropFromCache(store_.folder());
    const Clock::time_point begin = Clock::now();
    store_.Open();
    report_.Add("opening_seconds", SecondsSince(begin));
    store().PauseReclaim(true);
  }

  void Shapes(const std::string& when) {
    store_.Close();
    for (const auto& [family, shape] : ShapesOf(store_.folder())) {
      report_.Add("shape", when);
      report_.Add("family", family);
      report_.Add("records", shape.records);
      report_.Add("tombstones", shape.tombstones);
      report_.Add("key_bytes", shape.keys);
      report_.Add("value_bytes", shape.values);
      report_.Add("disk_bytes", shape.disk);
      report_.Add("index_bytes", shape.indexes);
      report_.Add("filter_bytes", shape.filters);
      report_.Add("files", shape.files);
      report_.Add("files_of_levels", shape.files_of_levels);
      report_.End();
    }
    DropFromCache(store_.folder());
    store_.Open();
    store().PauseReclaim(true);
  }

  // RocksDB may pause between a flush and the compaction that follows.
  void Settle() {
    constexpr int kCalm = 10;
    for (int calm = 0; calm < kCalm; ++calm) {
      const StorageFigures now = store().GetMetrics().storage;
      if (now.running_compactions + now.running_flushes + now.pending_compaction_bytes > 0) {
        calm = -1;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  uint64_t AnyFile() { return random_() % shape_.files(); }

  void StatAtRandom() {
    for (uint64_t i = 0; i < kStats; ++i) {
      Must(space().GetStat(shape_.FilePath(AnyFile())).status());
    }
  }

  void List() {
    uint64_t found = 0;
    const auto visit = [&found](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      found += entry.stat.type == EntryType::kFile ? 1 : 0;
      return WalkStep::kGoOn;
    };
    Must(space().Walk("", visit));
    if (found != shape_.files()) Die("the list is not complete");
  }

  void ReadTotals() {
    for (uint64_t i = 0; i < kStats; ++i) {
      if (Must(space().GetTotals("")).files != shape_.files()) Die("the totals are wrong");
    }
  }

  static std::string PathOfCopy(uint64_t copy) {
    return "copies" + Name("/part-", copy / kCopiesPerDirectory, 3) +
           Name("/copy-", copy % kCopiesPerDirectory, 3);
  }

  void Copy() {
    for (uint64_t i = 0; i < copies_; ++i) {
      Must(space().CopyDirectory("tree", PathOfCopy(i)).status());
    }
  }

  void WriteInto(const std::string& top, const std::string& name) {
    const TreeShape shape(top, shape_.files());
    Must(space().PutReference(shape.DirectoryOf(AnyFile()) + "/" + name, NewContent()).status());
  }
  void WriteIntoCopies() {
    for (uint64_t i = 0; i < copies_; ++i) WriteInto(PathOfCopy(i), "new");
  }
  void WriteIntoSource() {
    for (uint64_t i = 0; i < copies_; ++i) WriteInto("tree", Name("new-", i, 8));
  }

  void StatInCopies() {
    for (uint64_t i = 0; i < kStats; ++i) {
      const TreeShape shape(PathOfCopy(random_() % copies_), shape_.files());
      Must(space().GetStat(shape.FilePath(AnyFile())).status());
    }
  }

  void Check() {
    if (!Must(store().CheckInvariants()).empty()) Die("the check found something");
  }

  void DeleteCopies() {
    for (uint64_t i = 0; i < copies_; ++i) {
      Must(space().Delete(PathOfCopy(i), {.permanent = true}).status());
    }
  }

  // As the host does that keeps them.
  void Acknowledge() {
    std::vector<ContentId> released = Must(store().ReleasedContents());
    while (!released.empty()) {
      Must(store().CondemnContents(released).status());
      Must(store().AcknowledgeContents(released));
      released = Must(store().ReleasedContents(released.back()));
    }
  }

  // By single steps, for the longest of them: it is what an operation may have to wait for.
  void Reclaim(const std::string& name, uint64_t operations) {
    Phase(name, operations, [&] {
      double longest = 0;
      bool more = true;
      while (more) {
        const Clock::time_point begin = Clock::now();
        more = Must(store().ReclaimSteps(1));
        longest = std::max(longest, SecondsSince(begin));
      }
      report_.Add("longest_step_seconds", longest);
    });
  }

  BenchStore store_;
  const TreeShape shape_;
  const uint64_t copies_;
  std::mt19937_64 random_{1};
  Report report_;
};

}  // namespace
}  // namespace marcot::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "marcot_scale FILES COPIES" << std::endl;
    return 2;
  }
  marcot::bench::ScaleRun(std::stoull(argv[1]), std::stoull(argv[2])).Run();
}

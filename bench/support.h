// What the benchmarks stand on: stores in folders of their own, trees, samples, rounds.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marcot/marcot.hpp"

namespace marcot::bench {

[[noreturn]] void Die(const std::string& what);
inline void Must(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}
template <typename T>
T Must(absl::StatusOr<T> result) {
  Must(result.status());
  return *std::move(result);
}

// A new folder below `parent`, gone with the object.
class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& parent);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A store below TMPDIR, with the default options where no others are given, and its first space.
class BenchStore {
 public:
  explicit BenchStore(const StoreOptions& options = {});

  Store& store() { return *store_; }
  const Space& space() const { return space_; }
  std::filesystem::path folder() const { return folder_.path() / "store"; }
  // What was written is in sorted files afterwards, no longer in memtables.
  void Reopen();
  void Close();
  void Open();

 private:
  const TempFolder folder_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
  Space space_;
};

// Until nothing is flushed or compacted: what that has to do is part of what caused it. `running`
// answers how many of both there are.
void AwaitCompaction(const std::function<uint64_t()>& running);
void AwaitCompaction(const Store& store);

// A content that no entry holds yet.
ContentRef NewContent();

// Runs what is added in atomic batches of 1,000.
class Batcher {
 public:
  explicit Batcher(BenchStore& store) : store_(store) {}
  ~Batcher() { Flush(); }

  void MakeDirectory(std::string path);
  void PutFile(std::string path, Attributes attributes = {},
               Strategy strategy = Strategy::kDefault);
  void Flush();

 private:
  void Add(BatchItem item);

  BenchStore& store_;
  std::vector<BatchItem> items_;
};

// "<prefix><number>", zero-padded so that the order of names is that of numbers.
std::string Name(std::string_view prefix, uint64_t number, int digits);

// Where the files of a tree stand: at most 100 entries a directory, `levels` names below `root`.
class TreeShape {
 public:
  static constexpr uint64_t kFanout = 100;

  TreeShape(std::string root, uint64_t files);

  uint64_t files() const { return files_; }
  std::string FilePath(uint64_t number) const;
  std::string DirectoryOf(uint64_t number) const;  // of the file

 private:
  const std::string root_;
  const uint64_t files_;
  int levels_ = 1;
};

void BuildTree(BenchStore& store, const TreeShape& shape);

// The times of single operations that each need preparing. What a round answers is a quantile of
// them, mostly the median: one preemption is longer than all of them together.
class Samples {
 public:
  void Measure(benchmark::State& state, const std::function<void()>& operation);
  void Report(benchmark::State& state, double quantile = 0.5);

 private:
  std::vector<double> seconds_;
};

// The data of the group of benchmarks that runs now, made when it is first asked for. The data of
// the group before goes away, and its background work with it.
class GroupData {
 public:
  template <typename T>
  static T& Get() {
    return *static_cast<T*>(Slot(&kTag<T>, [] { return std::make_shared<T>(); }));
  }
  static void Clear();

 private:
  template <typename T>
  static inline const char kTag = 0;
  static void* Slot(const void* tag, const std::function<std::shared_ptr<void>()>& make);
};

// Registers benchmarks so that they run by turns, a few rounds each: what disturbs the machine
// meets all of them alike. bench/run compares within a round and takes the median of the rounds.
inline constexpr int kRounds = 15;
using Registration = std::function<void()>;
void RunByTurns(std::initializer_list<Registration> benchmarks);

}  // namespace marcot::bench

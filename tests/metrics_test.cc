// What is counted is what was done: each counter by example, the listener, and the text for
// Prometheus.
#include "pch/test_pch.h"

#include <random>
#include <regex>

#include "marcot/metrics.h"
#include "operations/engine.h"
#include "operations/spaces.h"
#include "storage_rocksdb/rocksdb_storage.h"
#include "support/faulty_file_system.h"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

using Counts = std::map<std::string, uint64_t>;

// The kinds of operations that were begun, and of those that failed.
Counts Begun(const Metrics& metrics) {
  Counts counts;
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const uint64_t begun = metrics.operations[i].begun;
    if (begun > 0) counts[std::string(OperationName(static_cast<OperationKind>(i)))] = begun;
  }
  return counts;
}
Counts Failed(const Metrics& metrics) {
  Counts counts;
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const uint64_t failed = metrics.operations[i].failed;
    if (failed > 0) counts[std::string(OperationName(static_cast<OperationKind>(i)))] = failed;
  }
  return counts;
}

uint64_t BegunIn(const Metrics& metrics, OperationClass in) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kOperationKinds; ++i) {
    if (ClassOf(static_cast<OperationKind>(i)) == in) sum += metrics.operations[i].begun;
  }
  return sum;
}

// Times are counted as often as operations, but for those that are sampled.
void ExpectTimesOfAll(const Metrics& metrics) {
  for (const auto in : {OperationClass::kWrite, OperationClass::kList, OperationClass::kRead,
                        OperationClass::kTraverse}) {
    EXPECT_EQ(metrics.of(in).count(), BegunIn(metrics, in)) << ClassName(in);
    EXPECT_EQ(metrics.of(in).sum_ns > 0, BegunIn(metrics, in) > 0) << ClassName(in);
  }
}

class MetricsTest : public ::testing::Test {
 protected:
  Metrics Get() { return store_->GetMetrics(); }

  BatchItem PutItem(const std::string& path) const {
    BatchItem item;
    item.kind = BatchItem::Kind::kPut;
    item.space = space_;
    item.path = path;
    item.bytes = path;
    return item;
  }

  TempStore store_;
  Space space_ = store_.OpenSpace();
};

// ---- operations ----------------------------------------------------------------------------

TEST_F(MetricsTest, ANewStoreHasCountedNothingButItsOwnCommit) {
  const Metrics metrics = Get();
  EXPECT_EQ(Begun(metrics), Counts());
  EXPECT_EQ(metrics.commits, 1u);
  EXPECT_EQ(metrics.synced_commits, 1u);
  store_.Reopen();
  EXPECT_EQ(Get().commits, 0u);
  EXPECT_EQ(Get().seq, metrics.seq);
}

TEST_F(MetricsTest, EachWriteCountsOnceAsItsKind) {
  ASSERT_OK(store_->SetLibrarySettings("default", {.recycle_bin = true, .history = true}));
  ASSERT_OK(space_.MakeDirectory("d"));
  ASSERT_OK(space_.Put("d/f", "one"));
  PutOptions overwrite;
  overwrite.strategy = Strategy::kOverwrite;
  ASSERT_OK(space_.Put("d/f", "two", overwrite));
  ASSERT_OK(space_.Put("d/g", [](char*, size_t) { return size_t{0}; }));
  const auto versions = space_.ListVersions("d/f");
  ASSERT_OK(versions);
  ASSERT_EQ(versions->versions.size(), 2u);
  ASSERT_OK(space_.SetLatestVersion("d/f", versions->versions[1].version));
  ASSERT_OK(space_.DeleteVersion("d/f", versions->versions[0].version));
  ASSERT_OK(space_.CopyDirectory("d", "e"));
  ASSERT_OK(space_.MoveFile("e/f", "e/h"));
  ASSERT_OK(space_.SetAttributes("d", {.category = "c"}));
  ASSERT_OK(space_.SetDirectoryQuota("d", {.files = 10}));
  ASSERT_OK(space_.RemoveDirectoryQuota("d"));
  const auto deleted = space_.Delete("e");
  ASSERT_OK(deleted);
  ASSERT_OK(space_.Restore(deleted->recycled_item));
  const auto again = space_.Delete("e");
  ASSERT_OK(again);
  ASSERT_OK(space_.PurgeRecycled(again->recycled_item));
  ASSERT_OK(space_.EmptyRecycleBin());
  ASSERT_OK(space_.CreateSnapshot("s", "d"));
  ASSERT_OK(space_.DeleteSnapshot("s"));

  const Counts expected = {{"administer", 1},
                           {"make_directory", 1},
                           {"put", 3},
                           {"list_versions", 1},
                           {"set_latest_version", 1},
                           {"delete_version", 1},
                           {"copy", 1},
                           {"move", 1},
                           {"set_attributes", 1},
                           {"set_directory_quota", 2},
                           {"delete", 2},
                           {"restore", 1},
                           {"purge", 1},
                           {"empty_recycle_bin", 1},
                           {"create_snapshot", 1},
                           {"delete_snapshot", 1}};
  EXPECT_EQ(Begun(Get()), expected);
  EXPECT_EQ(Failed(Get()), Counts());
  ExpectTimesOfAll(Get());
}

TEST_F(MetricsTest, EachReadCountsOnceAsItsKind) {
  ASSERT_OK(space_.SetSettings({.recycle_bin = true, .change_feed_days = 1}));
  ASSERT_OK(space_.Put("f", "bytes"));
  ASSERT_OK(space_.GetStat("f"));
  ASSERT_OK(space_.GetTotals(""));
  ASSERT_OK(space_.List(""));
  ASSERT_OK(space_.ListRecycled());
  ASSERT_OK(space_.ListVersions("f"));
  ASSERT_OK(space_.ListSnapshots());
  ASSERT_OK(space_.ReadChanges({}, 10));
  ASSERT_OK(space_.Search({}));
  ASSERT_OK(space_.FindObject(space_.GetStat("f")->id));
  ASSERT_OK(space_.Walk("", [](const WalkEntry&) { return WalkStep::kGoOn; }));
  ASSERT_OK(store_->Diff({space_, ""}, {space_, ""}, [](const Difference&) { return true; }));
  const auto file = space_.OpenFile("f");
  ASSERT_OK(file);
  ASSERT_OK((*file)->Read(0, 2));
  ASSERT_OK((*file)->Read(2, 3));
  ASSERT_OK(space_.Read("f"));

  const Counts expected = {{"administer", 1},   {"put", 1},           {"stat", 2},
                           {"search", 1},       {"find_object", 1},   {"totals", 1},
                           {"list", 1},         {"list_recycled", 1}, {"list_versions", 1},
                           {"read_changes", 1}, {"walk", 1},          {"list_snapshots", 1},
                           {"diff", 1},         {"open_file", 2},     {"read_file", 3}};
  EXPECT_EQ(Begun(Get()), expected);
  EXPECT_EQ(Failed(Get()), Counts());
  ExpectTimesOfAll(Get());
}

TEST_F(MetricsTest, WhatAnswersAnErrorHasFailed) {
  const auto stop = [](const WalkEntry&) -> absl::StatusOr<WalkStep> {
    return MakeError(Code::kParamInvalid, "stop");
  };
  ASSERT_OK(space_.Put("f", ""));
  EXPECT_CODE(PathNotFound, space_.Delete("none"));
  EXPECT_CODE(PathNotFound, space_.GetStat("none"));
  EXPECT_CODE(PathNotFound, space_.List("none"));
  EXPECT_CODE(FileNotFound, space_.Read("none"));
  EXPECT_CODE(FileNotFound, space_.ListVersions("none"));
  EXPECT_CODE(ParamInvalid, space_.Walk("", stop));
  EXPECT_CODE(DuplicateSpace, store_->CreateSpace("default", "-"));
  const Counts expected = {{"administer", 1}, {"delete", 1},        {"stat", 1}, {"list", 1},
                           {"open_file", 1},  {"list_versions", 1}, {"walk", 1}};
  EXPECT_EQ(Failed(Get()), expected);
  ExpectTimesOfAll(Get());
}

TEST_F(MetricsTest, AMalformedPathIsNoOperation) {
  EXPECT_FALSE(space_.GetStat("a//b").ok());
  EXPECT_FALSE(space_.Put("a//b", "").ok());
  EXPECT_EQ(Begun(Get()), Counts());
}

TEST_F(MetricsTest, OfStatsOneIn64IsTimed) {
  for (uint64_t i = 0; i < kStatsPerTime; ++i) ASSERT_OK(space_.GetStat(""));
  EXPECT_EQ(Get().of(OperationClass::kStat).count(), 1u);
  ASSERT_OK(space_.GetStat(""));
  EXPECT_EQ(Get().of(OperationClass::kStat).count(), 2u);
  EXPECT_EQ(Get().of(OperationKind::kStat).begun, kStatsPerTime + 1);
}

TEST_F(MetricsTest, EachItemOfABatchCounts) {
  const std::vector<BatchItem> good = {PutItem("a"), PutItem("b"), PutItem("c")};
  ASSERT_OK(store_->RunAtomically(good));
  EXPECT_EQ(Begun(Get()), (Counts{{"put", 3}}));
  EXPECT_EQ(Get().commits, 2u);  // the first is the store's own
  EXPECT_EQ(Get().committed_operations, 2u);

  const std::vector<BatchItem> bad = {PutItem("d"), PutItem("none/e")};
  EXPECT_CODE(DirectoryNotFound, store_->RunAtomically(bad));
  EXPECT_EQ(Failed(Get()), (Counts{{"put", 2}})) << "none of them was done";
  EXPECT_EQ(Get().commits, 2u);

  ASSERT_OK(store_->RunEach(bad));
  EXPECT_EQ(Begun(Get()), (Counts{{"put", 7}}));
  EXPECT_EQ(Failed(Get()), (Counts{{"put", 3}}));
  EXPECT_EQ(Get().commits, 3u);
  ExpectTimesOfAll(Get());
}

TEST(BackgroundMetricsTest, WhatExpiresIsNoOperationOfAHost) {
  ManualClock clock;
  StoreOptions options = TestOptions();
  options.clock_ms = clock.function();
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(store->SetLibrarySettings("default", {.recycle_bin = true, .recycle_days = 1}));
  ASSERT_OK(space.Put("f", "bytes"));
  ASSERT_OK(space.Delete("f"));
  clock.Advance(2 * 86'400'000);
  const uint64_t commits = store->GetMetrics().commits;
  ASSERT_EQ(*store->ExpireDue(), 1u);
  EXPECT_EQ(Begun(store->GetMetrics()), (Counts{{"administer", 1}, {"put", 1}, {"delete", 1}}));
  EXPECT_EQ(store->GetMetrics().commits, commits + 1);
}

// ---- commits, conflicts, copies --------------------------------------------------------------

TEST_F(MetricsTest, CommitsOfALoneCaller) {
  PutOptions synced;
  synced.durability = Durability::kSynced;
  ASSERT_OK(space_.Put("a", ""));
  ASSERT_OK(space_.Put("b", "", synced));
  EXPECT_CODE(PathNotFound, space_.Delete("none"));
  const Metrics metrics = Get();
  EXPECT_EQ(metrics.commits, 3u);  // with the store's own
  EXPECT_EQ(metrics.committed_operations, 3u);
  EXPECT_EQ(metrics.synced_commits, 2u);
  EXPECT_EQ(metrics.commit_latency.count(), metrics.commits);
  EXPECT_FALSE(metrics.read_only);
  const auto stats = store_->GetStats();
  ASSERT_OK(stats);
  EXPECT_EQ(stats->commits, metrics.commits);
  EXPECT_EQ(stats->operations, metrics.committed_operations);
}

TEST_F(MetricsTest, RenumberedNames) {
  ASSERT_OK(space_.Put("f", ""));
  EXPECT_EQ(Get().renumbered, 0u);
  ASSERT_OK(space_.Put("f", ""));
  ASSERT_OK(space_.Put("f", ""));
  EXPECT_EQ(Get().renumbered, 2u);
  const std::vector<BatchItem> rolled_back = {PutItem("f"), PutItem("none/e")};
  EXPECT_FALSE(store_->RunAtomically(rolled_back).ok());
  EXPECT_EQ(Get().renumbered, 2u);
  ASSERT_OK(store_->RunEach(rolled_back));
  EXPECT_EQ(Get().renumbered, 3u);
}

// Copies of copies, each written to: the chain grows until the next one has to wait for a flatten.
TEST_F(MetricsTest, ChainsAndFlattens) {
  ASSERT_OK(space_.MakeDirectory("0"));
  uint64_t last = 0;
  const auto copy_on = [&] {
    const std::string from = std::to_string(last), to = std::to_string(++last);
    ASSERT_OK(space_.CopyDirectory(from, to));
    ASSERT_OK(space_.Put(to + "/f", to));
  };
  while (last < 8) copy_on();
  EXPECT_EQ(Get().copy_ups, 8u);
  EXPECT_EQ(Get().longest_chain, 8u);
  EXPECT_EQ(Get().flattens_queued, 0u);
  while (last < 32) copy_on();
  EXPECT_EQ(Get().copy_ups, 32u);
  EXPECT_EQ(Get().longest_chain, 32u);
  EXPECT_EQ(Get().flattens_queued, 24u);
  EXPECT_EQ(Get().flattens_done, 0u);
  EXPECT_EQ(Get().flatten_waits, 0u);
  copy_on();
  EXPECT_EQ(Get().copy_ups, 33u);
  EXPECT_EQ(Get().longest_chain, 32u);
  EXPECT_EQ(Get().flatten_waits, 1u);
  EXPECT_EQ(Get().flattens_done, 1u);
  EXPECT_EQ(Get().of(OperationKind::kPut).begun, 33u) << "a retry is no operation of its own";
  ASSERT_OK(store_->ReclaimUntilIdle());
  EXPECT_EQ(Get().flattens_done, 25u);
}

// ---- reclaim, caches, the database -----------------------------------------------------------

TEST_F(MetricsTest, Reclaim) {
  ASSERT_OK(space_.Put("f", "bytes"));
  const Metrics before = Get();
  EXPECT_EQ(before.reclaim_queue, 0u);
  ASSERT_OK(space_.Delete("f"));
  EXPECT_GT(Get().reclaim_queue, 0u);
  uint64_t steps = 0;
  while (*store_->ReclaimSteps(1)) ++steps;
  ++steps;  // the last one left nothing
  EXPECT_EQ(Get().reclaim_steps, steps);
  EXPECT_GT(Get().reclaim_records, 0u);
  EXPECT_EQ(Get().reclaim_queue, 0u);
  EXPECT_EQ(Get().reclaim_pending, 0u);
  EXPECT_FALSE(Get().reclaim_paused);
  store_->PauseReclaim(true);
  EXPECT_TRUE(Get().reclaim_paused);
}

TEST_F(MetricsTest, RecordCache) {
  ASSERT_OK(space_.Put("f", "bytes"));
  ASSERT_OK(space_.GetStat("f"));
  const Metrics cold = Get();
  constexpr uint64_t kLooks = 100;  // a thread does not count each at once
  for (uint64_t i = 0; i < kLooks; ++i) ASSERT_OK(space_.GetStat("f"));
  const Metrics warm = Get();
  EXPECT_GT(warm.record_cache_hits, cold.record_cache_hits + kLooks);
  EXPECT_EQ(warm.record_cache_misses, cold.record_cache_misses);
}

TEST_F(MetricsTest, TheDatabase) {
  const StorageFigures before = Get().storage;
  const StoreOptions& options = store_.options();
  EXPECT_EQ(before.block_cache_capacity, options.memory_bytes - *options.record_cache_bytes);
  std::mt19937_64 random(1);  // no packing makes it shorter
  std::string noise(1u << 20, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  ASSERT_OK(space_.Put("f", noise));
  EXPECT_GE(Get().storage.memtable_bytes, before.memtable_bytes + (1u << 20));
  EXPECT_GT(Get().storage.estimated_records, before.estimated_records);
  store_.Reopen();
  // Opening writes the log that it finds into files.
  EXPECT_GT(Get().storage.disk_bytes, before.disk_bytes);
  EXPECT_FALSE(Get().storage.write_stalled);
  EXPECT_FALSE(Get().storage.write_stopped);
}

TEST_F(MetricsTest, BytesWrittenAndFamilies) {
  constexpr size_t kBytes = 1u << 20;
  std::mt19937_64 random(1);
  std::string bytes_of_file(kBytes, '\0');  // of which a compressor makes no fewer
  for (char& c : bytes_of_file) c = static_cast<char>(random());
  const uint64_t before = Get().storage.log_bytes;
  ASSERT_OK(space_.Put("f", bytes_of_file));
  EXPECT_GE(Get().storage.log_bytes, before + kBytes);
  EXPECT_EQ(Get().storage.flushed_bytes, 0u);
  store_.Reopen();
  const StorageFigures now = Get().storage;
  EXPECT_EQ(now.log_bytes, 0u);
  EXPECT_GE(now.flushed_bytes, kBytes);
  EXPECT_EQ(now.compacted_bytes, 0u);
  uint64_t bytes = 0, records = 0;
  for (const FamilyFigures& family : now.families) {
    bytes += family.disk_bytes;
    records += family.estimated_records;
    EXPECT_EQ(family.unsorted_files > 0, family.disk_bytes > 0) << family.name;
    if (family.name == "chunks") {
      EXPECT_GE(family.disk_bytes, kBytes);
    }
  }
  EXPECT_EQ(bytes, now.disk_bytes);
  EXPECT_EQ(records, now.estimated_records);
}

TEST_F(MetricsTest, OpenSnapshots) {
  EXPECT_EQ(Get().storage.snapshots, 0u);
  EXPECT_EQ(Get().storage.oldest_snapshot_age, 0u);
  auto snapshot = store_->TakeSnapshot();
  EXPECT_EQ(Get().storage.snapshots, 1u);
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));
  const uint64_t age = Get().storage.oldest_snapshot_age;
  EXPECT_GE(age, 2u);
  EXPECT_LT(age, 60u);
  snapshot.reset();
  EXPECT_EQ(Get().storage.snapshots, 0u);
  EXPECT_EQ(Get().storage.oldest_snapshot_age, 0u);
}

// ---- many threads ----------------------------------------------------------------------------

TEST_F(MetricsTest, ManyThreadsLoseNoCount) {
  constexpr int kThreads = 4, kRounds = 250;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    uint64_t commits = 0;
    while (!done) {
      const Metrics metrics = Get();
      EXPECT_GE(metrics.commits, commits);
      commits = metrics.commits;
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string path = std::to_string(t) + "-" + std::to_string(i);
        EXPECT_OK(space_.Put(path, ""));
        EXPECT_OK(space_.GetStat(path));
        EXPECT_CODE(PathNotFound, space_.Delete("none"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  constexpr uint64_t kAll = kThreads * kRounds;
  const Metrics metrics = Get();
  EXPECT_EQ(Begun(metrics), (Counts{{"put", kAll}, {"stat", kAll}, {"delete", kAll}}));
  EXPECT_EQ(Failed(metrics), (Counts{{"delete", kAll}}));
  EXPECT_EQ(metrics.committed_operations, kAll + 1);
  EXPECT_LE(metrics.commits, kAll + 1);
  EXPECT_EQ(metrics.commit_latency.count(), metrics.commits);
  ExpectTimesOfAll(metrics);
  const uint64_t timed = metrics.of(OperationClass::kStat).count();
  EXPECT_GE(timed, kAll / kStatsPerTime);
  EXPECT_LE(timed, kAll / kStatsPerTime + kThreads);
}

// ---- the listener ----------------------------------------------------------------------------

class Recorder : public EventListener {
 public:
  void OnCommit(const CommitEvent& commit) override {
    const std::lock_guard lock(mutex_);
    EXPECT_GT(commit.took.count(), 0);
    EXPECT_TRUE(commits_.empty() || commit.seq > commits_.back().seq);
    commits_.push_back(commit);
  }
  void OnFlattens(uint64_t queued, uint64_t finished) override {
    const std::lock_guard lock(mutex_);
    EXPECT_GT(queued + finished, 0u);
    queued_ += queued;
    finished_ += finished;
  }
  void OnReclaimStep(const ReclaimEvent& step) override {
    const std::lock_guard lock(mutex_);
    steps_.push_back(step);
  }
  void OnReadOnly(const absl::Status& why) override {
    const std::lock_guard lock(mutex_);
    failures_.push_back(why);
  }

  // All that it was told is what was counted.
  void ExpectAll(const Metrics& metrics) {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(commits_.size(), metrics.commits);
    uint64_t operations = 0, synced = 0, records = 0;
    for (const CommitEvent& commit : commits_) operations += commit.operations;
    for (const CommitEvent& commit : commits_) synced += commit.synced;
    for (const ReclaimEvent& step : steps_) records += step.records;
    EXPECT_EQ(operations, metrics.committed_operations);
    EXPECT_EQ(synced, metrics.synced_commits);
    EXPECT_EQ(commits_.back().seq, metrics.seq);
    EXPECT_EQ(steps_.size(), metrics.reclaim_steps);
    EXPECT_EQ(records, metrics.reclaim_records);
    EXPECT_EQ(queued_, metrics.flattens_queued);
    EXPECT_EQ(finished_, metrics.flattens_done);
    EXPECT_EQ(failures_.empty(), !metrics.read_only);
  }
  const std::vector<ReclaimEvent>& steps() const { return steps_; }
  const std::vector<absl::Status>& failures() const { return failures_; }

 private:
  std::mutex mutex_;
  std::vector<CommitEvent> commits_;
  std::vector<ReclaimEvent> steps_;
  std::vector<absl::Status> failures_;
  uint64_t queued_ = 0, finished_ = 0;
};

TEST(ListenerTest, IsToldOfEachCommitAndStepOnce) {
  const auto recorder = std::make_shared<Recorder>();
  StoreOptions options = TestOptions();
  options.listener = recorder;
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(space.MakeDirectory("0"));
  for (int i = 0; i < 12; ++i) {
    ASSERT_OK(space.CopyDirectory(std::to_string(i), std::to_string(i + 1)));
    ASSERT_OK(space.Put(std::to_string(i + 1) + "/f", "bytes"));
  }
  std::vector<std::thread> threads;
  for (const std::string name : {"x", "y", "z"}) {
    threads.emplace_back([&space, name] {
      for (int i = 0; i < 100; ++i) EXPECT_OK(space.Put(name + std::to_string(i), ""));
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_OK(space.Delete("3"));
  ASSERT_OK(store->ReclaimUntilIdle());

  const Metrics metrics = store->GetMetrics();
  EXPECT_EQ(metrics.flattens_queued, 4u);
  EXPECT_GT(metrics.reclaim_steps, 4u);
  recorder->ExpectAll(metrics);
  EXPECT_EQ(recorder->steps().back().queue, 0u);
  store.Close();  // the recorder outlives what it recorded
}

class Thrower : public EventListener {
 public:
  void OnCommit(const CommitEvent&) override {
    ++told;
    throw std::runtime_error("the host's own");
  }
  int told = 0;
};

TEST(ListenerTest, WhatItThrowsIsDropped) {
  const auto thrower = std::make_shared<Thrower>();
  StoreOptions options = TestOptions();
  options.listener = thrower;
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(space.Put("a", ""));
  ASSERT_OK(space.Put("b", ""));
  EXPECT_EQ(thrower->told, 3);
  EXPECT_FALSE(store->GetMetrics().read_only);
}

TEST(ListenerTest, IsToldOnceThatTheStoreIsReadOnly) {
  const TempFolder folder;
  const auto system = std::make_shared<FaultyFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(system);
  auto rocksdb = storage::OpenRocksdb(folder.path().string(), {.create_if_missing = true,
                                                               .block_cache_bytes = 1u << 20,
                                                               .memtable_bytes = 1u << 20,
                                                               .env = env.get()});
  ASSERT_OK(rocksdb);
  const auto recorder = std::make_shared<Recorder>();
  StoreOptions options = TestOptions();
  options.listener = recorder;
  const auto engine = operations::Engine::Start(*std::move(rocksdb), options);
  ASSERT_OK(engine);
  const auto make = [&](std::string_view name) {
    operations::CreateLibraryWork work(name);
    return (*engine)->Run(work, Durability::kLogged);
  };
  ASSERT_OK(make("first"));
  recorder->ExpectAll((*engine)->GetMetrics());
  system->Fail(FileOp::kAppend, 1, false, true);
  EXPECT_CODE(InternalServerError, make("second"));
  EXPECT_CODE(StoreReadOnly, make("third"));
  const Metrics metrics = (*engine)->GetMetrics();
  EXPECT_TRUE(metrics.read_only);
  EXPECT_EQ(metrics.commits, 1u);
  EXPECT_EQ(Begun(metrics), (Counts{{"administer", 3}}));
  EXPECT_EQ(Failed(metrics), (Counts{{"administer", 2}}));
  recorder->ExpectAll(metrics);
  ASSERT_EQ(recorder->failures().size(), 1u);
  EXPECT_CODE(StoreReadOnly, recorder->failures()[0]);
}

// ---- histograms and the text for Prometheus --------------------------------------------------

TEST(HistogramTest, ABucketEndsAtItsBound) {
  constexpr size_t kLast = LatencyHistogram::kBuckets - 1;
  EXPECT_EQ(LatencyHistogram::BucketOf(0), 0u);
  for (size_t i = 0; i < kLast; ++i) {
    const uint64_t bound_ns = LatencyHistogram::UpperBoundUs(i) * 1000;
    EXPECT_EQ(LatencyHistogram::BucketOf(bound_ns), i);
    EXPECT_EQ(LatencyHistogram::BucketOf(bound_ns + 1), i + 1);
  }
  EXPECT_EQ(LatencyHistogram::BucketOf(~uint64_t{0}), kLast);
}

// Its samples by name and labels, in order of lines; each line must be one of the format's three.
struct Exposed {
  std::map<std::string, std::string> types;  // by family
  std::vector<std::pair<std::string, double>> samples;
  double at(const std::string& name) const {
    for (const auto& [sample, value] : samples) {
      if (sample == name) return value;
    }
    ADD_FAILURE() << name << " is missing";
    return -1;
  }
};

// The family of a sample: its name without labels, and of a histogram without its ending.
std::string FamilyOf(const std::string& sample, const std::map<std::string, std::string>& types) {
  const std::string name = sample.substr(0, sample.find('{'));
  for (const std::string ending : {"_bucket", "_sum", "_count"}) {
    if (name.size() <= ending.size()) continue;
    const size_t at = name.size() - ending.size();
    const auto family = types.find(name.substr(0, at));
    if (name.substr(at) == ending && family != types.end() && family->second == "histogram") {
      return family->first;
    }
  }
  return name;
}

Exposed Parse(const std::string& text) {
  static const std::regex kHelp("# HELP (marcot_[a-z_]+) [^\\\\]+\\.");
  static const std::regex kType("# TYPE (marcot_[a-z_]+) (counter|gauge|histogram)");
  static const std::regex kSample(
      "(marcot_[a-z_]+(?:\\{[a-z]+=\"[^\"\\\\]+\"(?:,[a-z]+=\"[^\"\\\\]+\")*\\})?) "
      "([0-9]+(?:\\.[0-9]+)?)");
  Exposed out;
  std::set<std::string> seen;
  std::string helped, family;
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, kHelp)) {
      helped = match[1];
    } else if (std::regex_match(line, match, kType)) {
      family = match[1];
      EXPECT_EQ(helped, family) << "help stands before the type";
      EXPECT_TRUE(out.types.emplace(family, match[2]).second) << family << " twice";
    } else if (std::regex_match(line, match, kSample)) {
      EXPECT_TRUE(seen.insert(match[1]).second) << line << " twice";
      EXPECT_EQ(FamilyOf(match[1], out.types), family) << "samples stand below their type";
      out.samples.emplace_back(match[1], std::stod(match[2]));
    } else {
      ADD_FAILURE() << "not of the format: " << line;
    }
  }
  return out;
}

// The buckets of a histogram: bounds and counts grow, the last is all and equals its _count.
void ExpectCumulative(const Exposed& exposed, const std::string& name, const std::string& label) {
  const std::string prefix = name + "_bucket{" + (label.empty() ? "" : label + ",") + "le=\"";
  double bound = 0, count = 0;
  std::vector<std::string> bounds;
  for (const auto& [sample, value] : exposed.samples) {
    if (sample.rfind(prefix, 0) != 0) continue;
    bounds.push_back(sample.substr(prefix.size(), sample.size() - prefix.size() - 2));
    if (bounds.back() == "+Inf") continue;
    EXPECT_GT(std::stod(bounds.back()), bound) << sample;
    EXPECT_GE(value, count) << sample;
    bound = std::stod(bounds.back());
    count = value;
  }
  ASSERT_EQ(bounds.size(), LatencyHistogram::kBuckets) << prefix;
  EXPECT_EQ(bounds.back(), "+Inf");
  const double all = exposed.at(prefix + "+Inf\"}");
  EXPECT_GE(all, count);
  EXPECT_EQ(all, exposed.at(name + "_count" + (label.empty() ? "" : "{" + label + "}")));
}

void ExpectCumulativeHistograms(const Exposed& exposed) {
  for (const std::string in : {"write", "stat", "list", "read", "traverse"}) {
    ExpectCumulative(exposed, "marcot_operation_duration_seconds", "class=\"" + in + "\"");
  }
  ExpectCumulative(exposed, "marcot_commit_duration_seconds", "");
}

TEST(PrometheusTest, OfAnEmptyStoreIsWellFormed) {
  const Exposed exposed = Parse(PrometheusText({}));
  ExpectCumulativeHistograms(exposed);
  EXPECT_GT(exposed.types.size(), 30u);
  for (const auto& [family, type] : exposed.types) {
    const bool total = family.size() > 6 && family.substr(family.size() - 6) == "_total";
    EXPECT_EQ(total, type == "counter") << family;
  }
}

TEST(PrometheusTest, ShowsWhatWasCounted) {
  Metrics metrics;
  metrics.of(OperationKind::kPut) = {.begun = 7, .failed = 2};
  LatencyHistogram& writes = metrics.latencies[static_cast<size_t>(OperationClass::kWrite)];
  writes.counts[0] = 1;
  writes.counts[3] = 4;
  writes.counts.back() = 2;
  writes.sum_ns = 12'000'034'500;
  metrics.commit_latency.counts[10] = 3;
  metrics.commit_latency.sum_ns = 2'000'000'000;
  metrics.commits = 3;
  metrics.longest_chain = 5;
  metrics.storage.write_stalled = true;
  metrics.storage.disk_bytes = uint64_t{1} << 40;
  metrics.storage.compacted_bytes = 11;
  metrics.storage.families = {{.name = "entries", .disk_bytes = 12, .unsorted_files = 2}};
  const Exposed exposed = Parse(PrometheusText(metrics));
  ExpectCumulativeHistograms(exposed);
  EXPECT_EQ(exposed.at("marcot_operations_total{operation=\"put\"}"), 7);
  EXPECT_EQ(exposed.at("marcot_operation_failures_total{operation=\"put\"}"), 2);
  EXPECT_EQ(exposed.at("marcot_operations_total{operation=\"copy\"}"), 0);
  const std::string writes_at = "marcot_operation_duration_seconds_bucket{class=\"write\",le=\"";
  EXPECT_EQ(exposed.at(writes_at + "0.000001\"}"), 1);
  EXPECT_EQ(exposed.at(writes_at + "0.000004\"}"), 1);
  EXPECT_EQ(exposed.at(writes_at + "0.000008\"}"), 5);
  EXPECT_EQ(exposed.at(writes_at + "8.388608\"}"), 5);
  EXPECT_EQ(exposed.at(writes_at + "+Inf\"}"), 7);
  EXPECT_EQ(exposed.at("marcot_operation_duration_seconds_sum{class=\"write\"}"), 12.0000345);
  EXPECT_EQ(exposed.at("marcot_commit_duration_seconds_sum"), 2);
  EXPECT_EQ(exposed.at("marcot_commit_duration_seconds_count"), 3);
  EXPECT_EQ(exposed.at("marcot_commits_total"), 3);
  EXPECT_EQ(exposed.at("marcot_longest_chain"), 5);
  EXPECT_EQ(exposed.at("marcot_write_stalled"), 1);
  EXPECT_EQ(exposed.at("marcot_write_stopped"), 0);
  EXPECT_EQ(exposed.at("marcot_disk_bytes"), 1099511627776.0);
  EXPECT_EQ(exposed.at("marcot_compacted_bytes_total"), 11);
  EXPECT_EQ(exposed.at("marcot_family_disk_bytes{family=\"entries\"}"), 12);
  EXPECT_EQ(exposed.at("marcot_family_unsorted_files{family=\"entries\"}"), 2);
}

}  // namespace
}  // namespace marcot::testing

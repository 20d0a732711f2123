// Nothing waits for ever: not behind a disk that hangs, not behind a reader who never goes on, not
// for work that is under way when a store is closed. A test that hangs ends the program; no clock
// decides that one passes. MARCOT_TEST_SCALE (a factor) makes them shorter or longer.
#include <condition_variable>
#include <future>
#include <latch>

#include "absl/strings/str_cat.h"
#include "pch/test_pch.h"
#include "rocksdb/env.h"
#include "support/faulty_file_system.h"
#include "support/open_store.h"
#include "support/status_testing.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

// What is still running at the end of it hangs.
class TimeLimit {
 public:
  TimeLimit()
      : watch_([this] {
          std::unique_lock lock(mutex_);
          const auto ended = [this] { return ended_; };
          if (!wakes_.wait_for(lock, std::chrono::seconds(60), ended)) Die("the test hangs");
        }) {}
  ~TimeLimit() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    wakes_.notify_all();
    watch_.join();
  }
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool ended_ = false;
  std::thread watch_;
};

// Opens for good.
class Gate {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  // Says that somebody is there, and waits.
  void Pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    reached_cv_.notify_all();
    opened_.wait(lock, [this] { return open_; });
  }
  void AwaitSomebody() {
    std::unique_lock lock(mutex_);
    reached_cv_.wait(lock, [this] { return reached_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_, reached_cv_;
  bool open_ = false, reached_ = false;
};

void ExpectSound(const Store& store) { EXPECT_EQ(CheckSound(store, "now"), ""); }

// Puts so many files, a thousand in a commit.
absl::Status PutMany(Store& store, const Space& space, const std::string& prefix, int count) {
  std::vector<BatchItem> items;
  for (int i = 0; i < count; ++i) {
    BatchItem& item = items.emplace_back();
    item.kind = BatchItem::Kind::kPut;
    item.space = space;
    item.path = absl::StrCat(prefix, i);
    item.bytes = "bytes";
    if (items.size() < kMaxBatchItems && i + 1 < count) continue;
    if (const absl::Status status = store.RunAtomically(items).status(); !status.ok()) {
      return status;
    }
    items.clear();
  }
  return absl::OkStatus();
}

// ---- closing -----------------------------------------------------------------------------------

// A client of its own directory, who knows what must be there.
class Client {
 public:
  Client(const Space& space, int number) : space_(space), home_(absl::StrCat("client", number)) {}

  // One round of changes; what is wrong.
  std::string Run() {
    if (round_ == 0) {
      if (std::string wrong = Must(space_.MakeDirectory(home_ + "/live")); !wrong.empty()) {
        return wrong;
      }
    }
    const int n = round_++;
    std::string wrong = Must(space_.Put(absl::StrCat(home_, "/live/", n), "bytes"));
    wrong += Must(space_.CopyDirectory(home_ + "/live", absl::StrCat(home_, "/copy", n)));
    wrong += Must(space_.Put(absl::StrCat(home_, "/copy", n, "/own"), "more"));
    if (n >= kKept) wrong += Must(space_.Delete(absl::StrCat(home_, "/copy", n - kKept)));
    wrong += Must(space_.List(home_));
    return wrong;
  }

  // All that was answered is there, and no more.
  void Check(const Space& space) const {
    const auto live = space.GetStat(home_ + "/live");
    ASSERT_OK(live);
    EXPECT_EQ(live->child_files, static_cast<uint64_t>(round_));
    EXPECT_EQ(space.GetStat(home_)->child_directories,
              static_cast<uint64_t>(1 + std::min(round_, kKept)));
    for (int n = std::max(0, round_ - kKept); n < round_; ++n) {
      const auto copy = space.GetStat(absl::StrCat(home_, "/copy", n));
      ASSERT_OK(copy);
      EXPECT_EQ(copy->child_files, static_cast<uint64_t>(n + 2));
    }
  }

  // Changes that a feed has of it.
  uint64_t changes() const {
    return static_cast<uint64_t>(2 + 3 * round_ + std::max(0, round_ - kKept));
  }

 private:
  static constexpr int kKept = 3;

  template <typename T>
  static std::string Must(const absl::StatusOr<T>& result) {
    return result.ok() ? "" : Text(result.status());
  }

  const Space space_;
  const std::string home_;
  int round_ = 0;
};

// Follows a feed; counts.
struct Follower {
  std::string cursor;
  uint64_t seen = 0;

  std::string ReadOn(const Space& space) {
    const auto page = space.ReadChanges(cursor, 100);
    if (!page.ok()) return Text(page.status());
    cursor = page->cursor;
    seen += page->changes.size();
    return "";
  }
};

class ClosingTest : public ::testing::Test {
 protected:
  // Clients and a follower work until each client has done so many rounds.
  void Work(const Space& space, std::vector<Client>* clients, Follower* follower, int rounds) {
    std::vector<std::string> wrongs(clients->size() + 1);
    std::atomic<size_t> working = clients->size();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < clients->size(); ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < rounds && wrongs[i].empty(); ++n) wrongs[i] = (*clients)[i].Run();
        --working;
      });
    }
    threads.emplace_back([&] {
      while (working > 0 && wrongs.back().empty()) wrongs.back() = follower->ReadOn(space);
    });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& wrong : wrongs) EXPECT_EQ(wrong, "");
  }
};

// The store is closed as soon as the last call has returned, while reclaim is at work and much of
// it waits; all that was answered is there when it is opened again, and reclaim goes on.
TEST_F(ClosingTest, UnderLoadLosesNothingAndWaitsForNothing) {
  const TimeLimit limit;
  StoreOptions options = TestOptions();
  options.background_reclaim = true;
  options.memtable_bytes = 1u << 20;  // flushes at all times
  TempStore store(options);
  Space space = store.OpenSpace();
  ASSERT_OK(space.SetSettings({.change_feed_days = 10}));
  const std::string start = *space.LatestChange();
  std::vector<Client> clients;
  Follower follower{.cursor = start};
  uint64_t others = 0;
  for (int i = 0; i < Scaled(6); ++i) {
    // By turns at full speed, and at a pace that leaves nearly all of it for later.
    const bool slow = i % 2 == 0;
    store.options().reclaim_percent = 100;
    store.options().reclaim_steps_per_second = slow ? 1 : 0;
    store.Reopen();
    space = store.OpenSpace();
    clients.clear();
    for (int c = 0; c < 3; ++c) clients.emplace_back(space, 10 * i + c);
    ASSERT_OK(space.MakeDirectory("big"));
    ASSERT_OK(PutMany(*store, space, "big/", 2000));
    ASSERT_OK(space.Delete("big"));
    others += 2002;
    Work(space, &clients, &follower, 40);
    if (slow) {
      EXPECT_GT(store->GetStats()->reclaim_backlog, 0u);
    }
    store.Close();
    store.options().background_reclaim = false;
    store.Reopen();
    store.options().background_reclaim = true;
    space = store.OpenSpace();
    ExpectSound(*store);
    for (const Client& client : clients) {
      client.Check(space);
      others += client.changes();
    }
    while (follower.seen < others) ASSERT_EQ(follower.ReadOn(space), "");
    EXPECT_EQ(follower.seen, others);
    if (slow) {
      EXPECT_GT(store->GetStats()->reclaim_backlog, 0u);
    }
    ASSERT_OK(store->ReclaimUntilIdle());
    ExpectSound(*store);
  }
}

// ---- a disk that hangs -------------------------------------------------------------------------

class HangingDisk {
 public:
  HangingDisk() : system_(std::make_shared<FaultyFileSystem>()) {
    env_ = rocksdb::NewCompositeEnv(system_);
    options_ = TestOptions();
    options_.durability = Durability::kSynced;
    options_.background_reclaim = true;
    options_.reclaim_percent = 100;
    options_.memtable_bytes = 1u << 20;
    // What is not in the record cache is read from files.
    options_.memory_bytes = *options_.record_cache_bytes + *options_.memtable_bytes;
    Open();
  }

  void Open() {
    store_.reset();
    auto store = OpenStoreOn(env_.get(), (folder_.path() / "store").string(), options_);
    if (!store.ok()) Die("open: " + Text(store.status()));
    store_ = *std::move(store);
  }
  void Close() { store_.reset(); }

  void AwaitBlocked() const {
    while (system_->blocked() == 0) std::this_thread::yield();
  }

  FaultyFileSystem& system() { return *system_; }
  Store& store() { return *store_; }
  Space space() const { return *store_->OpenSpace("default", "-"); }

 private:
  std::shared_ptr<FaultyFileSystem> system_;
  std::unique_ptr<rocksdb::Env> env_;
  StoreOptions options_;
  TempFolder folder_;
  std::unique_ptr<Store> store_;
};

class HangingDiskTest : public ::testing::TestWithParam<std::optional<FileOp>> {};

// Whatever it is that hangs: what the caches hold is read meanwhile, and when the disk comes back
// everybody is answered, with success.
TEST_P(HangingDiskTest, StopsNobodyForGood) {
  constexpr int kFiles = 150, kWriters = 3;
  const TimeLimit limit;
  HangingDisk disk;
  const std::string bytes = BytesOf(1, 30'000);
  ASSERT_OK(disk.space().MakeDirectory("kept"));
  for (int i = 0; i < kFiles; ++i) ASSERT_OK(disk.space().Put(absl::StrCat("kept/", i), bytes));
  disk.Open();  // from files now
  const Space space = disk.space();
  for (int i = 0; i < kFiles; ++i) ASSERT_OK(space.GetStat(absl::StrCat("kept/", i)));

  std::atomic<bool> stop{false};
  std::array<int, kWriters> answered{};
  std::vector<std::future<absl::Status>> calls;
  const auto call = [&](auto piece) {
    calls.push_back(std::async(std::launch::async, [&stop, piece]() mutable {
      absl::Status status;
      for (int i = 0; !stop && status.ok(); ++i) status = piece(i);
      return status;
    }));
  };
  disk.system().Block(GetParam());
  for (int w = 0; w < kWriters; ++w) {
    call([&, w](int i) {
      const absl::Status status = space.Put(absl::StrCat("new", w, "-", i), bytes).status();
      if (status.ok()) ++answered[w];
      return status;
    });
  }
  call([&](int i) { return space.Read(absl::StrCat("kept/", i % kFiles)).status(); });
  call([&](int) { return disk.store().ReclaimUntilIdle(); });
  disk.AwaitBlocked();
  for (int i = 0; i < kFiles; ++i) EXPECT_OK(space.GetStat(absl::StrCat("kept/", i)));
  EXPECT_GT(disk.store().GetMetrics().seq, 0u);
  EXPECT_GT(disk.store().TakeSnapshot()->seq(), 0u);
  EXPECT_GT(disk.system().blocked(), 0u);

  disk.system().Unblock();
  stop = true;
  for (auto& each : calls) EXPECT_OK(each.get());
  ExpectSound(disk.store());
  disk.Open();
  ExpectSound(disk.store());
  for (int w = 0; w < kWriters; ++w) {
    for (int i = 0; i < answered[w]; ++i) {
      EXPECT_OK(disk.space().GetStat(absl::StrCat("new", w, "-", i)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HangingDiskTest,
                         ::testing::Values(std::nullopt, FileOp::kRead, FileOp::kAppend,
                                           FileOp::kSync, FileOp::kCreate, FileOp::kSyncDirectory),
                         [](const auto& info) {
                           std::string name =
                               info.param.has_value() ? FileOpName(*info.param) : "everything";
                           std::erase(name, ' ');
                           return name;
                         });

// A step of the background hangs: closing waits for it, and for no more.
TEST(HangingDiskClosingTest, EndsWithTheStepUnderWay) {
  const TimeLimit limit;
  HangingDisk disk;
  disk.store().PauseReclaim(true);
  ASSERT_OK(disk.space().MakeDirectory("big"));
  ASSERT_OK(PutMany(disk.store(), disk.space(), "big/", 2000));
  ASSERT_OK(disk.space().Delete("big"));
  disk.system().Block(FileOp::kAppend);
  disk.store().PauseReclaim(false);
  disk.AwaitBlocked();
  std::future<void> closed = std::async(std::launch::async, [&] { disk.Close(); });
  EXPECT_EQ(closed.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  disk.system().Unblock();
  closed.get();
  disk.Open();
  ExpectSound(disk.store());
  EXPECT_CODE(PathNotFound, disk.space().GetStat("big"));
  ASSERT_OK(disk.store().ReclaimUntilIdle());
  ExpectSound(disk.store());
}

// ---- readers that do not go on -----------------------------------------------------------------

class SlowReaderTest : public ::testing::Test {
 protected:
  static constexpr int kFiles = 300;

  SlowReaderTest() : store_(Options()), space_(store_.OpenSpace()) {
    EXPECT_OK(space_.SetSettings({.recycle_bin = true, .recycle_days = 1, .change_feed_days = 1}));
    EXPECT_OK(space_.MakeDirectory("d"));
    EXPECT_OK(PutMany(*store_, space_, "d/", kFiles));
    EXPECT_OK(space_.Put("file", BytesOf(1, 3'000'000)));
    EXPECT_OK(space_.CopyDirectory("d", "other"));
    EXPECT_OK(space_.Put("other/own", "bytes"));
  }

  StoreOptions Options() const {
    StoreOptions options = TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }

  // Every kind of work, none of which waits for a reader: all that was there goes.
  void WorkOn() {
    for (int i = 0; i < kFiles; ++i) {
      ASSERT_OK(space_.Put(absl::StrCat("new", i), "bytes"));
      if (i % 10 == 0) {
        ASSERT_OK(space_.CopyDirectory("d", absl::StrCat("copy", i)));
      }
    }
    for (const char* const path : {"d", "file", "other"}) ASSERT_OK(space_.Delete(path));
    clock_.Advance(10LL * 86'400'000);
    const auto expired = store_->ExpireDue();
    ASSERT_OK(expired);
    EXPECT_GT(*expired, 3u);
    ASSERT_OK(store_->ReclaimUntilIdle());
    EXPECT_EQ(store_->GetStats()->reclaim_backlog, 0u);
    ExpectSound(*store_);
  }

  // The reader gets as far as the gate, the work is done, and then the reader goes on.
  void WorkWhileItWaits(const std::function<absl::Status(Gate&)>& read) {
    const TimeLimit limit;
    Gate gate;
    auto reader = std::async(std::launch::async, [&] { return read(gate); });
    gate.AwaitSomebody();
    WorkOn();
    gate.Open();
    EXPECT_OK(reader.get());
  }

  ManualClock clock_;
  TempStore store_;
  Space space_;
};

TEST_F(SlowReaderTest, Pages) {
  WorkWhileItWaits([&](Gate& gate) {
    const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
    ListOptions options;
    options.snapshot = snapshot.get();
    options.limit = 7;
    int seen = 0;
    do {
      const absl::StatusOr<Page> page = space_.List("d", options);
      if (!page.ok()) return page.status();
      if (seen == 0) gate.Pass();
      seen += static_cast<int>(page->entries.size());
      options.marker = page->marker;
    } while (!options.marker.empty());
    EXPECT_EQ(seen, kFiles);
    return absl::OkStatus();
  });
}

TEST_F(SlowReaderTest, Walk) {
  WorkWhileItWaits([&](Gate& gate) {
    int seen = 0;
    const absl::Status status = space_.Walk("d", [&](const WalkEntry&) {
      if (seen++ == 5) gate.Pass();
      return WalkStep::kGoOn;
    });
    EXPECT_EQ(seen, kFiles);
    return status;
  });
}

TEST_F(SlowReaderTest, Diff) {
  WorkWhileItWaits([&](Gate& gate) {
    int seen = 0;
    const auto visit = [&](const marcot::Difference&) {
      if (seen++ == 0) gate.Pass();
      return true;
    };
    const absl::Status status = store_->Diff({space_, "d"}, {space_, "other"}, visit);
    EXPECT_EQ(seen, 1);
    return status;
  });
}

TEST_F(SlowReaderTest, OpenFile) {
  WorkWhileItWaits([&](Gate& gate) {
    const auto file = space_.OpenFile("file");
    if (!file.ok()) return file.status();
    std::string bytes;
    const absl::Status status = (*file)->Read(0, 3'000'000, [&](std::string_view piece) {
      if (bytes.empty()) gate.Pass();
      bytes += piece;
      return absl::OkStatus();
    });
    EXPECT_EQ(bytes, BytesOf(1, 3'000'000));
    return status;
  });
}

// Who uploads slowly is no reader, but holds a place in a queue as little.
TEST_F(SlowReaderTest, Upload) {
  WorkWhileItWaits([&](Gate& gate) {
    int pieces = 0;
    const auto source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
      if (++pieces > 8) return 0;
      if (pieces == 4) gate.Pass();
      std::fill_n(buffer, capacity, 'x');
      return capacity;
    };
    return space_.Put("uploaded", source).status();
  });
}

// A follower reads on where it was, or is told that it was too slow.
TEST_F(SlowReaderTest, Follower) {
  WorkWhileItWaits([&](Gate& gate) -> absl::Status {
    const auto page = space_.ReadChanges({}, 10);
    if (!page.ok()) return page.status();
    gate.Pass();
    EXPECT_CODE(ChangesExpired, space_.ReadChanges(page->cursor));
    return space_.ReadChanges().status();
  });
}

// The background lets go of what a snapshot holds at its time limit, whoever still has it.
TEST(SnapshotLimitTest, FreesWhatAReaderNeverLetsGo) {
  const TimeLimit limit;
  StoreOptions options = TestOptions();
  options.background_reclaim = true;
  options.max_snapshot_age = std::chrono::seconds(1);
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(space.Put("f", "bytes"));
  const std::unique_ptr<Snapshot> snapshot = store->TakeSnapshot();
  while (store->GetMetrics().storage.snapshots > 0) std::this_thread::yield();
  ReadOptions options_of_read;
  options_of_read.snapshot = snapshot.get();
  EXPECT_CODE(SnapshotExpired, space.GetStat("f", options_of_read));
  EXPECT_OK(space.GetStat("f"));
}

}  // namespace
}  // namespace marcot::testing

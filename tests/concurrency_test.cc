// Threads on one store: every reader sees one commit, the order of commits explains every answer,
// and nobody waits for a reader; whatever the caches hold. Each test takes a second or so, a third
// of it with each size of the caches; MARCOT_TEST_SCALE (a factor, such as 0.2 or 10) makes all of
// them shorter or longer.
#include "pch/test_pch.h"

#include <cstdlib>
#include <latch>

#include "model/namespace_model.h"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

using Seconds = std::chrono::duration<double>;

struct Caches {
  const char* name;
  size_t record_bytes;
};
constexpr Caches kCaches[] = {{"Ample", 8u << 20}, {"Tiny", 64u << 10}, {"None", 0}};

double Scale() {
  const char* scale = std::getenv("MARCOT_TEST_SCALE");
  return (scale == nullptr ? 1.0 : std::atof(scale)) / std::size(kCaches);
}
Seconds TestTime() { return Seconds(1.0 * Scale()); }
int Scaled(int count) { return std::max(1, static_cast<int>(count * Scale())); }

// Threads that run until the time is over, or until one of them finds something wrong.
class Crew {
 public:
  // `work` does one small piece and says what is wrong; empty: nothing.
  void Add(std::function<std::string()> work) {
    threads_.emplace_back([this, work = std::move(work)] {
      while (!stop_) {
        std::string wrong = work();
        if (!wrong.empty()) Complain(std::move(wrong));
        ++pieces_;
      }
    });
  }
  // The first complaint.
  std::string RunFor(Seconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!stop_ && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Join();
  }
  std::string Join() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return complaint_;
  }
  ~Crew() { Join(); }
  uint64_t pieces() const { return pieces_; }

 private:
  void Complain(std::string wrong) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (complaint_.empty()) complaint_ = std::move(wrong);
    stop_ = true;
  }

  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> pieces_{0};
  std::mutex mutex_;
  std::string complaint_;
  std::vector<std::thread> threads_;
};

std::string Wrong(const absl::Status& status) { return status.ok() ? "" : status.ToString(); }

BatchItem Item(BatchItem::Kind kind, const Space& space, const std::string& path,
               const std::string& from = "") {
  BatchItem item;
  item.kind = kind;
  item.space = space;
  item.path = path;
  item.from = from;
  return item;
}

BatchItem PutItem(const Space& space, const std::string& path, const std::string& bytes) {
  BatchItem item = Item(BatchItem::Kind::kPut, space, path);
  item.bytes = bytes;
  item.options.strategy = Strategy::kOverwrite;
  return item;
}

OperationOptions With(Strategy strategy) {
  OperationOptions options;
  options.strategy = strategy;
  return options;
}

class ConcurrencyTest : public ::testing::TestWithParam<Caches> {
 protected:
  ConcurrencyTest() : store_(Options()), space_(store_.OpenSpace()) {}

  static StoreOptions Options() {
    StoreOptions options = TestOptions();
    options.background_reclaim = true;
    options.record_cache_bytes = GetParam().record_bytes;
    return options;
  }
  void Drain() {
    ASSERT_OK(store_->ReclaimUntilIdle());
    const absl::StatusOr<std::vector<std::string>> broken = store_->CheckInvariants();
    ASSERT_OK(broken);
    EXPECT_EQ(*broken, std::vector<std::string>());
  }
  std::string ReclaimSome() {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    return Wrong(store_->ReclaimSteps(5).status());
  }

  TempStore store_;
  Space space_;
};

// ---- every reader sees one commit --------------------------------------------------------------

TEST_P(ConcurrencyTest, AMovedFileIsSeenOnce) {
  for (const char* path : {"left/deep", "right/deep"}) ASSERT_OK(space_.MakeDirectory(path));
  ASSERT_OK(space_.Put("left/deep/f", "bytes"));
  const auto count = [&](const Snapshot* snapshot, size_t* found) {
    *found = 0;
    const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      *found += entry.stat.type == EntryType::kFile ? 1 : 0;
      return WalkStep::kGoOn;
    };
    return Wrong(space_.Walk("", visit, ReadOptions{snapshot}));
  };
  Crew crew;
  crew.Add([&, at_left = true]() mutable {
    const char* paths[] = {"left/deep/f", "right/deep/f"};
    const auto placed = space_.MoveFile(paths[at_left ? 0 : 1], paths[at_left ? 1 : 0]);
    at_left = !at_left;
    return Wrong(placed.status());
  });
  crew.Add([&] {
    size_t found = 0;
    std::string wrong = count(nullptr, &found);
    return wrong.empty() && found != 1 ? "a walk saw " + std::to_string(found) : wrong;
  });
  crew.Add([&]() -> std::string {
    const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
    const ReadOptions then{snapshot.get()};
    const bool left = space_.GetStat("left/deep/f", then).ok();
    const bool right = space_.GetStat("right/deep/f", then).ok();
    return left == right ? "a snapshot saw it in both or neither" : "";
  });
  crew.Add([&]() -> std::string {
    const absl::StatusOr<RecursiveTotals> totals = space_.GetTotals("");
    if (!totals.ok()) return Wrong(totals.status());
    return *totals == RecursiveTotals{5, 1, 4} ? "" : "the totals saw half a move";
  });
  crew.Add([&] { return ReclaimSome(); });
  EXPECT_EQ(crew.RunFor(TestTime()), "");
  Drain();
}

TEST_P(ConcurrencyTest, BatchesAreSeenWhole) {
  ASSERT_OK(space_.MakeDirectory("one"));
  ASSERT_OK(space_.MakeDirectory("two"));
  ASSERT_OK(space_.Put("one/f", "0"));
  ASSERT_OK(space_.Put("two/f", "0"));
  Crew crew;
  for (int writer = 0; writer < 2; ++writer) {
    crew.Add([&, value = writer]() mutable {
      const std::string bytes = std::to_string(value += 2);
      const std::vector<BatchItem> items = {PutItem(space_, "one/f", bytes),
                                            PutItem(space_, "two/f", bytes)};
      return Wrong(store_->RunAtomically(items).status());
    });
  }
  crew.Add([&]() -> std::string {
    const std::vector<BatchItem> failing = {PutItem(space_, "one/f", "half"),
                                            Item(BatchItem::Kind::kDelete, space_, "not there")};
    const Code code = CodeOf(store_->RunAtomically(failing).status());
    return code == Code::kPathNotFound ? "" : "a failing batch answered otherwise";
  });
  for (int reader = 0; reader < 2; ++reader) {
    crew.Add([&]() -> std::string {
      const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
      const absl::StatusOr<std::string> one = space_.Read("one/f", {snapshot.get()});
      const absl::StatusOr<std::string> two = space_.Read("two/f", {snapshot.get()});
      if (!one.ok() || !two.ok()) return "a file is not there";
      return *one == *two && *one != "half" ? "" : "saw " + *one + " and " + *two;
    });
  }
  EXPECT_EQ(crew.RunFor(TestTime()), "");
  Drain();
}

// The two directories change places all the time; each keeps its own file of its own size.
TEST_P(ConcurrencyTest, OnePathIsReadFromOneCommit) {
  ASSERT_OK(space_.MakeDirectory("a/x"));
  ASSERT_OK(space_.MakeDirectory("a/y"));
  ASSERT_OK(space_.Put("a/x/f", "in x"));
  ASSERT_OK(space_.Put("a/y/g", "inside y"));
  Crew crew;
  crew.Add([&] {
    const auto move = [&](const char* from, const char* to) {
      return Item(BatchItem::Kind::kMove, space_, to, from);
    };
    // First x is y's directory; then it is its own again.
    const std::vector<BatchItem> swap = {move("a/x", "a/z"), move("a/y", "a/x"),
                                         move("a/z", "a/y")};
    return Wrong(store_->RunAtomically(swap).status());
  });
  const auto read = [&](const std::string& directory) -> std::string {
    // With f or with g: never neither, were it read at once. One after the other proves nothing,
    // so a single list must show exactly one, with the size that belongs to it.
    const absl::StatusOr<Page> page = space_.List(directory);
    if (!page.ok()) return Wrong(page.status());
    if (page->entries.size() != 1) return "a list saw half a swap";
    const Stat& stat = page->entries[0];
    return stat.size == (stat.name == "f" ? 4u : 8u) ? "" : "a list mixed two files";
  };
  const auto stat = [&](const std::string& directory) -> std::string {
    const absl::StatusOr<Stat> f = space_.GetStat(directory + "/f");
    if (f.ok()) return f->size == 4 ? "" : "a stat mixed two files";
    return CodeOf(f.status()) == Code::kPathNotFound ? "" : Wrong(f.status());
  };
  for (const char* directory : {"a/x", "a/y"}) {
    crew.Add([&read, directory] { return read(directory); });
    crew.Add([&stat, directory] { return stat(directory); });
  }
  crew.Add([&]() -> std::string {
    const absl::StatusOr<Stat> z = space_.GetStat("a/z");
    return CodeOf(z.status()) == Code::kPathNotFound ? "" : "saw the middle of a batch";
  });
  crew.Add([&]() -> std::string {
    const absl::StatusOr<Stat> x = space_.GetStat("a/x");
    if (!x.ok()) return "a/x was gone: " + Wrong(x.status());
    const uint64_t bytes = x->totals.bytes;
    return x->child_files == 1 && (bytes == 4 || bytes == 8) ? "" : "a stat mixed two directories";
  });
  EXPECT_EQ(crew.RunFor(TestTime()), "");
  Drain();
}

// Of the two files that a batch writes into a directory a copy has both or neither.
TEST_P(ConcurrencyTest, ACopyHoldsOneCommit) {
  ASSERT_OK(space_.MakeDirectory("source/one"));
  ASSERT_OK(space_.MakeDirectory("source/two"));
  ASSERT_OK(space_.MakeDirectory("copies"));
  std::atomic<int> copies{0};
  Crew crew;
  crew.Add([&, value = 0]() mutable {
    const std::string bytes = std::to_string(++value);
    const std::vector<BatchItem> items = {PutItem(space_, "source/one/f", bytes),
                                          PutItem(space_, "source/two/f", bytes)};
    return Wrong(store_->RunAtomically(items).status());
  });
  for (int copier = 0; copier < 2; ++copier) {
    crew.Add([&]() -> std::string {
      const std::string copy = "copies/" + std::to_string(++copies);
      const auto placed = space_.CopyDirectory("source", copy);
      if (!placed.ok()) return Wrong(placed.status());
      const absl::StatusOr<std::string> one = space_.Read(copy + "/one/f");
      const absl::StatusOr<std::string> two = space_.Read(copy + "/two/f");
      if (one.ok() != two.ok() || (one.ok() && *one != *two)) return copy + " mixes two commits";
      if (copies % 3 != 0) return Wrong(space_.Delete(copy).status());
      return Wrong(space_.Put(copy + "/one/own", "changes the copy").status());
    });
  }
  crew.Add([&] { return ReclaimSome(); });
  EXPECT_EQ(crew.RunFor(TestTime()), "");
  Drain();
}

// ---- names -------------------------------------------------------------------------------------

TEST_P(ConcurrencyTest, RenamesOntoOneNameGetDifferentNames) {
  constexpr int kThreads = 8;
  const int renames = Scaled(100);
  ASSERT_OK(space_.MakeDirectory("bar/below"));
  std::vector<std::vector<std::string>> names(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < renames; ++k) {
        const auto placed = space_.CopyDirectory("bar", "bar", With(Strategy::kRename));
        names[i].push_back(placed.ok() ? placed->path.back() : Wrong(placed.status()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all, expected;
  for (const auto& of_thread : names) all.insert(of_thread.begin(), of_thread.end());
  for (int n = 1; n <= kThreads * renames; ++n) expected.insert("bar (" + std::to_string(n) + ")");
  EXPECT_EQ(all, expected);
  EXPECT_EQ(space_.GetStat("").value().child_directories, kThreads * renames + 1u);
  Drain();
}

TEST_P(ConcurrencyTest, OneOfManyGetsAName) {
  constexpr int kThreads = 8;
  for (int round = 0; round < Scaled(50); ++round) {
    const std::string name = "round " + std::to_string(round);
    std::atomic<int> made{0}, refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const auto placed = space_.MakeDirectory(name);
        made += placed.ok() ? 1 : 0;
        refused += CodeOf(placed.status()) == Code::kSameNameDirectoryOrFileExists ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(refused, kThreads - 1);
  }
}

// Whatever adds to a space, one of each, with room for one.
class LastByte {
 public:
  LastByte(Store& store, const std::string& name)
      : space_(store.CreateSpace("default", name).value()),
        other_(store.OpenSpace("default", "-").value()) {
    for (const char* directory : {"d", "e"}) EXPECT_OK(space_.MakeDirectory(directory));
    for (const char* file : {"d/1", "e/1", "binned"}) EXPECT_OK(space_.Put(file, "1"));
    EXPECT_OK(space_.Put("versioned", "22"));
    old_ = space_.GetStat("versioned")->version;
    PutOptions overwrite;
    overwrite.strategy = Strategy::kOverwrite;
    EXPECT_OK(space_.Put("versioned", "1", overwrite));
    binned_ = space_.Delete("binned")->recycled_item;
    EXPECT_OK(other_.MakeDirectory(name));
    for (const char* file : {"/moved", "/copied"}) EXPECT_OK(other_.Put(name + file, "1"));
    const QuotaLimits limits{.bytes = kUsed + 1, .count_recycled = false, .count_history = false};
    EXPECT_OK(store.CreateQuota("default", std::vector<std::string>{name}, limits));
  }

  // Lets all of them go at once; answers how each fared. Who comes last to the start is often the
  // first to go, so that `turn` says who that is.
  std::vector<Code> Race(size_t turn) {
    const std::string from = space_.name();
    const std::vector<std::function<absl::Status()>> takers = {
        [&] { return space_.Put("put", "1").status(); },
        [&] { return space_.CopyFile("d/1", "copy of a file").status(); },
        [&] { return space_.CopyDirectory("d", "copy of a directory").status(); },
        [&] { return space_.Restore(binned_).status(); },
        [&] { return space_.SetLatestVersion("versioned", old_).status(); },
        [&] { return space_.MoveFile(other_, from + "/moved", "moved").status(); },
        [&] { return space_.CopyFile(other_, from + "/copied", "copied").status(); },
    };
    std::vector<Code> codes(takers.size());
    std::vector<std::thread> threads;
    std::latch start(static_cast<ptrdiff_t>(takers.size()));
    for (size_t i = 0; i < takers.size(); ++i) {
      threads.emplace_back([&, taker = (turn + i) % takers.size()] {
        start.arrive_and_wait();
        codes[taker] = CodeOf(takers[taker]());
      });
    }
    for (std::thread& thread : threads) thread.join();
    return codes;
  }
  uint64_t used() const { return space_.GetUsage()->tree.bytes; }

  static constexpr uint64_t kUsed = 3;

 private:
  Space space_, other_;
  uint64_t binned_ = 0, old_ = 0;
};

TEST_P(ConcurrencyTest, OneOfManyGetsTheLastByte) {
  ASSERT_OK(store_->SetLibrarySettings("default", {.recycle_bin = true, .history = true}));
  for (int round = 0; round < Scaled(40); ++round) {
    LastByte race(*store_, "round-" + std::to_string(round));
    const std::vector<Code> codes = race.Race(static_cast<size_t>(round));
    EXPECT_EQ(std::count(codes.begin(), codes.end(), Code::kOk), 1);
    EXPECT_EQ(std::count(codes.begin(), codes.end(), Code::kQuotaLimitReached),
              static_cast<ptrdiff_t>(codes.size()) - 1);
    EXPECT_EQ(race.used(), LastByte::kUsed + 1);
  }
  Drain();
}

// ---- readers stop nobody -----------------------------------------------------------------------

TEST_P(ConcurrencyTest, AHeldListStopsNobody) {
  constexpr uint64_t kFiles = 300;
  ASSERT_OK(space_.MakeDirectory("d"));
  for (uint64_t i = 0; i < kFiles; ++i) ASSERT_OK(space_.Put("d/f" + std::to_string(i), "old"));
  const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
  ListOptions options;
  options.snapshot = snapshot.get();
  options.limit = 30;
  std::set<std::string> seen;
  Crew crew;
  crew.Add([&, i = 0]() mutable {
    return Wrong(space_.Put("d/new" + std::to_string(++i % 500), "new").status());
  });
  crew.Add([&, i = 0]() mutable {
    const Code code = CodeOf(space_.Delete("d/f" + std::to_string(i++ % kFiles)).status());
    return code == Code::kOk || code == Code::kPathNotFound ? "" : "a delete failed";
  });
  crew.Add([&] { return ReclaimSome(); });
  const Seconds pause = TestTime() / 10;
  do {
    const uint64_t before = crew.pieces();
    const absl::StatusOr<Page> page = space_.List("d", options);
    ASSERT_OK(page);
    for (const Stat& stat : page->entries) EXPECT_TRUE(seen.insert(stat.name).second) << stat.name;
    EXPECT_EQ(page->total_files, kFiles);
    options.marker = page->marker;
    // Longer where other processes have the cores.
    for (int pauses = 0; pauses == 0 || (crew.pieces() == before && pauses < 100); ++pauses) {
      std::this_thread::sleep_for(pause);
    }
    EXPECT_GT(crew.pieces(), before) << "writers wait for the reader";
  } while (!options.marker.empty());
  EXPECT_EQ(seen.size(), kFiles);
  EXPECT_EQ(crew.Join(), "");
}

// ---- the order of commits explains every answer ------------------------------------------------

// What one thread did and was told, and the store's newest commits before and after.
struct Done {
  Request request;
  absl::StatusOr<Placed> answer;
  uint64_t before = 0, after = 0;
};

class ReplayTest : public ConcurrencyTest {
 protected:
  Request AnyRequest(std::mt19937_64* random) {
    const auto below = [&](uint64_t end) { return (*random)() % end; };
    const auto path = [&] {
      std::string text(1, static_cast<char>('a' + below(3)));
      for (uint64_t more = below(3); more > 0; --more) {
        text += std::string("/") + static_cast<char>('a' + below(3));
      }
      return text;
    };
    Request request;
    request.kind = static_cast<Request::Kind>(below(7));
    request.path = path();
    request.from = path();
    const bool file = below(2) == 0;
    request.only = file ? BatchItem::Only::kFile : BatchItem::Only::kDirectory;
    if (request.kind == Request::Kind::kPutReference) request.kind = Request::Kind::kPut;
    const bool puts = request.kind == Request::Kind::kPut;
    if (puts) request.content = ContentOfBytes(std::to_string(below(20)));
    if (request.kind == Request::Kind::kSetAttributes) {
      request.attributes.category = std::to_string(below(5));
    } else if (request.kind != Request::Kind::kDelete) {
      // A numbered name of a directory in use would make the tree grow without an end.
      request.strategy = below(8) == 0 ? Strategy::kRename : Strategy::kAsk;
      if (puts && below(2) == 0) request.strategy = Strategy::kOverwrite;
    }
    return request;
  }
  BatchItem ToItem(const Request& request) const {
    BatchItem item =
        Item(static_cast<BatchItem::Kind>(request.kind), space_, request.path, request.from);
    item.only = request.only;
    if (request.content.bytes) item.bytes = *request.content.bytes;
    item.attributes = request.attributes;
    item.options.strategy = request.strategy;
    return item;
  }
  // As a batch of one, so that a delete too answers its place in the order.
  Done RunOne(const Request& request) {
    const std::vector<BatchItem> items = {ToItem(request)};
    const uint64_t before = store_->TakeSnapshot()->seq();
    const absl::StatusOr<std::vector<Placed>> placed = store_->RunAtomically(items);
    const uint64_t after = store_->TakeSnapshot()->seq();
    if (!placed.ok()) return {request, placed.status(), before, after};
    return {request, (*placed)[0], before, after};
  }
  std::vector<Done> RunThreads(uint64_t seed, int threads, int operations) {
    std::vector<std::vector<Done>> done(threads);
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        std::mt19937_64 random(seed * 100 + i);
        for (int k = 0; k < operations; ++k) done[i].push_back(RunOne(AnyRequest(&random)));
      });
    }
    for (std::thread& thread : running) thread.join();
    std::vector<Done> all;
    for (const auto& of_thread : done) all.insert(all.end(), of_thread.begin(), of_thread.end());
    return all;
  }
  // Plays what succeeded in the order of commits; what failed must fail so in some state of its
  // time. Times are not compared: the clock ran.
  void Replay(std::vector<Done> all) {
    const auto failed_from =
        std::partition(all.begin(), all.end(), [](const Done& done) { return done.answer.ok(); });
    std::vector<Done> failed(failed_from, all.end());
    all.erase(failed_from, all.end());
    std::sort(all.begin(), all.end(),
              [](const Done& a, const Done& b) { return a.answer->seq < b.answer->seq; });
    NamespaceModel model(1, store_.options());
    for (size_t i = 0; i <= all.size(); ++i) {
      const uint64_t from = i == 0 ? 0 : all[i - 1].answer->seq;
      const uint64_t to = i == all.size() ? UINT64_MAX : all[i].answer->seq;
      ASSERT_LT(from, to) << "two operations have one place in the order";
      DropExplained(model, from, to, &failed);
      if (i < all.size()) ReplayOne(all[i], &model);
      if (HasFatalFailure()) return;
    }
    for (const Done& done : failed) {
      ADD_FAILURE() << "the order does not explain why " << done.request.path << " failed with "
                    << done.answer.status();
    }
    EXPECT_EQ(Shape(model.root(0), ""), ShapeOfStore());
  }
  void ReplayOne(const Done& done, NamespaceModel* model) {
    const Outcome outcome = model->Apply(done.request, 0, &*done.answer);
    ASSERT_TRUE(outcome.ok()) << "the order does not explain why " << done.request.path
                              << " succeeded, it should be " << CodeName(outcome.errors[0]);
    ASSERT_EQ(JoinPath(outcome.path), JoinPath(done.answer->path));
    ASSERT_EQ(outcome.complaint, "") << done.request.path;
  }
  // Takes out the failures that this state explains; it was the newest from commit `from` until
  // before `to`.
  static void DropExplained(const NamespaceModel& state, uint64_t from, uint64_t to,
                            std::vector<Done>* failed) {
    std::erase_if(*failed, [&](const Done& done) {
      if (done.after < from || done.before >= to) return false;
      const Outcome outcome = NamespaceModel(state).Apply(done.request, 0, nullptr);
      return std::find(outcome.errors.begin(), outcome.errors.end(),
                       CodeOf(done.answer.status())) != outcome.errors.end();
    });
  }
  static std::string Shape(const Node& node, const std::string& path) {
    std::string text;
    for (const auto& [name, child] : node.children) {
      const std::string below = path + "/" + name;
      text += below + "=" + (child->is_file() ? *child->content.bytes : "") + "#" +
              child->attributes.category + "\n" + Shape(*child, below);
    }
    return text;
  }
  // The same from the store, by lists, so that both are in the order of names.
  std::string ShapeOfStore(const std::string& path = "") {
    ListOptions options;
    options.order = ListOrder::kName;
    options.limit = 1000;
    std::string text;
    do {
      const absl::StatusOr<Page> page = space_.List(path, options);
      if (!page.ok()) return page.status().ToString();
      for (const Stat& stat : page->entries) {
        const std::string below = (path.empty() ? "" : path + "/") + stat.name;
        const bool file = stat.type == EntryType::kFile;
        text += "/" + below + "=" + (file ? space_.Read(below).value() : "") + "#" +
                stat.attributes.Unpack().category + "\n" + (file ? "" : ShapeOfStore(below));
      }
      options.marker = page->marker;
    } while (!options.marker.empty());
    return text;
  }
  void Clear() {
    ListOptions options;
    options.limit = 1000;
    const absl::StatusOr<Page> page = space_.List("", options);
    ASSERT_OK(page);
    for (const Stat& stat : page->entries) ASSERT_OK(space_.Delete(stat.name));
  }
};

TEST_P(ReplayTest, SmallCases) {
  for (int seed = 1; seed <= Scaled(40); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replay(RunThreads(seed, 4, 40));
    if (HasFatalFailure()) return;
    Clear();
  }
  Drain();
}

// ---- everything at once ------------------------------------------------------------------------

using Random = std::mt19937_64;

// What a space has beside its tree, changed at random.
class SpaceAside {
 public:
  SpaceAside(Store& store, const Space& space) : store_(store), space_(space) {}

  absl::Status ChangeOne(Random* random, const std::string& path) {
    const std::string name = "s" + std::to_string((*random)() % 3);
    switch ((*random)() % 10) {
      case 0:
        return space_.CreateSnapshot(name, path).status();
      case 1:
        return space_.DeleteSnapshot(name);
      case 2:
        return space_.CopyFromSnapshot(name, "", path).status();
      case 3:
        return space_.SetDirectoryQuota(path, {.bytes = (*random)() % 2000});
      case 4:
        return space_.RemoveDirectoryQuota(path);
      case 5:
        return store_.ExpireDue().status();
      case 6:
        return GoBack(path);
      default:
        return TakeOutOfBin(random);
    }
  }

  // Changes of one operation have one seq, and none is given twice.
  std::string FollowChanges() {
    const absl::StatusOr<ChangePage> page = space_.ReadChanges(cursor_, 20);
    if (!page.ok()) return Wrong(page.status());
    for (const Change& change : page->changes) {
      if (change.seq < last_seq_) return "a change came late";
      last_seq_ = change.seq;
    }
    cursor_ = page->cursor;
    return "";
  }
  uint64_t last_seq() const { return last_seq_; }

 private:
  absl::Status GoBack(const std::string& path) {
    const absl::StatusOr<VersionPage> page = space_.ListVersions(path);
    if (!page.ok()) return page.status();
    return space_.SetLatestVersion(path, page->versions.back().version).status();
  }

  absl::Status TakeOutOfBin(Random* random) {
    const absl::StatusOr<RecycledPage> page = space_.ListRecycled();
    if (!page.ok() || page->items.empty()) return page.status();
    const uint64_t item = page->items[(*random)() % page->items.size()].id;
    if ((*random)() % 2 == 0) return space_.PurgeRecycled(item);
    if ((*random)() % 20 == 0) return space_.EmptyRecycleBin();
    RestoreOptions options;
    options.missing_parents = MissingParents::kCreate;
    return space_.Restore(item, options).status();
  }

  Store& store_;
  const Space space_;
  std::string cursor_;
  uint64_t last_seq_ = 0;
};

TEST_P(ConcurrencyTest, InvariantsHoldAfterACrowd) {
  ASSERT_OK(store_->SetLibrarySettings(
      "default", {.recycle_bin = true, .history = true, .history_versions = 3}));
  const Space other = store_->CreateSpace("default", "other").value();
  ASSERT_OK(space_.SetSettings({.change_feed_days = 1}));
  SpaceAside aside(*store_, space_);
  const auto name = [](Random* random) {
    return std::string(1, static_cast<char>('a' + (*random)() % 6));
  };
  const auto path = [&](Random* random) {
    return name(random) + "/" + name(random) + ((*random)() % 2 == 0 ? "/" + name(random) : "");
  };
  // Losing against another thread is fine; a failure of the store is not.
  const auto judge = [](const absl::Status& status) {
    return CodeHttpStatus(CodeOf(status)) >= 500 ? Wrong(status) : "";
  };
  Crew crew;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    crew.Add([&, random = Random(seed)]() mutable -> std::string {
      const Space& target = random() % 4 == 0 ? other : space_;
      const std::string from = path(&random), to = path(&random);
      PutOptions put;
      put.strategy = random() % 2 == 0 ? Strategy::kOverwrite : Strategy::kDefault;
      switch (random() % 10) {
        case 0:
          return judge(target.MakeDirectory(to).status());
        case 1:
        case 2:
          return judge(target.Put(to, from, put).status());
        case 3:
          return judge(target.CopyDirectory(space_, from, to).status());
        case 4:
          return judge(target.MoveDirectory(space_, from, to).status());
        case 5:
          return judge(target.MoveFile(space_, from, to).status());
        case 6:
        case 7:
          return judge(aside.ChangeOne(&random, to));
        default:
          return judge(target.Delete(random() % 3 == 0 ? name(&random) : to).status());
      }
    });
  }
  crew.Add([&] { return aside.FollowChanges(); });
  crew.Add([&, random = Random(7)]() mutable -> std::string {
    const DirectoryAt before{space_, path(&random)}, after{space_, path(&random)};
    return judge(store_->Diff(before, after, [](const Difference&) { return true; }));
  });
  crew.Add([&]() -> std::string {
    uint64_t bytes = 0;
    const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
    const ReadOptions then{snapshot.get()};
    const absl::StatusOr<RecursiveTotals> totals = space_.GetTotals("", then);
    const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      bytes += entry.stat.size;
      return WalkStep::kGoOn;
    };
    const std::string wrong = Wrong(space_.Walk("", visit, then));
    if (!wrong.empty() || !totals.ok()) return wrong + Wrong(totals.status());
    return totals->bytes == bytes ? "" : "totals and walk differ in one snapshot";
  });
  crew.Add([&] { return ReclaimSome(); });
  EXPECT_EQ(crew.RunFor(2 * TestTime()), "");
  EXPECT_GT(aside.last_seq(), 0u);
  Drain();
  space_ = store_.OpenSpace();
  EXPECT_OK(space_.GetStat(""));
}

constexpr auto kNameOfCaches = [](const ::testing::TestParamInfo<Caches>& info) {
  return std::string(info.param.name);
};
INSTANTIATE_TEST_SUITE_P(Caches, ConcurrencyTest, ::testing::ValuesIn(kCaches), kNameOfCaches);
INSTANTIATE_TEST_SUITE_P(Caches, ReplayTest, ::testing::ValuesIn(kCaches), kNameOfCaches);

}  // namespace
}  // namespace marcot::testing

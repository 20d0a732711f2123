// Kills at named points (kill_points/points.h): every path that takes several steps is played once
// to learn the points on it, then killed at each of them, from a copy of the same store each time.
// What is found afterwards is what was acknowledged, and all or nothing of the step under way; it
// is sound; and playing on from there ends where a store that was never killed does.
//
// This process opens no store (support/child.h). MARCOT_TEST_SCALE (a factor) makes for more kills
// at later passages of the points, 8 for more than 2,000; MARCOT_TEST_SEED picks others.
#include <signal.h>

#include "kill_points/paths.h"
#include "kill_points/points.h"
#include "pch/test_pch.h"
#include "support/child.h"
#include "support/open_store.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

namespace fs = std::filesystem;

void WriteFile(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes << std::flush;
  if (!file) Die("cannot write " + path.string());
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Die("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

// Whoever is killed leaves what the system was told, on any file system: one in memory, where there
// is one with some room, saves thousands of flushes.
fs::path QuickParent() {
  const fs::path memory = "/dev/shm";
  std::error_code error;
  const fs::space_info space = fs::space(memory, error);
  const bool has_room = !error && space.available >= uint64_t{1} << 30;
  return has_room ? memory : TempFolder::DefaultParent();
}

// ---- what a store holds ------------------------------------------------------------------------

std::string TextOf(const RecursiveTotals& totals) {
  return std::to_string(totals.bytes) + " " + std::to_string(totals.files) + " " +
         std::to_string(totals.directories);
}

// What stands in the trees of the spaces.
std::string TreesOf(const Store& store) {
  std::string text;
  const std::vector<SpaceInfo> spaces = *store.ListSpaces("default");
  for (const SpaceInfo& info : spaces) {
    Contents contents;
    const std::string wrong = Collect(*store.OpenSpace("default", info.name), &contents);
    text += "space " + info.name + "\n" + wrong;
    for (const auto& [path, line] : contents.entries) text += path + ": " + line + "\n";
  }
  return text;
}

// What is beside the trees: the bins, versions, named snapshots, changes.
std::string FactsOf(const Store& store) {
  std::string text;
  const std::vector<SpaceInfo> spaces = *store.ListSpaces("default");
  for (const SpaceInfo& info : spaces) {
    const Space space = *store.OpenSpace("default", info.name);
    text += "space " + info.name + "\n";
    const absl::StatusOr<RecycledPage> bin = space.ListRecycled({.limit = 1000});
    if (bin.ok()) {
      for (const RecycledItem& item : bin->items) {
        text += "item " + JoinPath(item.path) + " " + TextOf(item.totals) + "\n";
      }
    }
    const std::vector<NamedSnapshot> snapshots = *space.ListSnapshots();
    for (const NamedSnapshot& snapshot : snapshots) {
      text += "snapshot " + snapshot.name + " " + TextOf(snapshot.totals) + "\n";
    }
    const Usage usage = *space.GetUsage();
    text += "versions " + std::to_string(usage.versions) + " " +
            std::to_string(usage.version_bytes) + "\n";
    const absl::StatusOr<ChangePage> changes = space.ReadChanges();
    if (changes.ok()) text += "changes " + std::to_string(changes->changes.size()) + "\n";
  }
  return text;
}

// What it needs for that when nothing is left to reclaim.
std::string FiguresOf(const Store& store) {
  const StoreStats stats = *store.GetStats();
  return "backlog " + std::to_string(stats.reclaim_backlog) + ", bytes " +
         std::to_string(stats.physical_bytes) + ", files " + std::to_string(stats.physical_files);
}

std::string FirstDifference(const std::string& is, const std::string& expected) {
  size_t at = 0;
  while (at < is.size() && at < expected.size() && is[at] == expected[at]) ++at;
  at = at == 0 ? 0 : is.rfind('\n', at - 1) + 1;
  return "'" + is.substr(at, 80) + "', should be '" + expected.substr(at, 80) + "'";
}

// ---- playing a path ----------------------------------------------------------------------------

class KillPointTest : public ::testing::TestWithParam<Path> {
 protected:
  fs::path Template() const { return folder_.path() / "template"; }
  fs::path Work() const { return folder_.path() / "work"; }
  fs::path Learnt(const std::string& what) const { return folder_.path() / what; }

  std::string Open(Place* place) const {
    place->folder = Work();
    StoreOptions options = TestOptions();
    options.memtable_bytes = 1u << 20;  // flushes often
    options.durability = Durability::kSynced;
    options.clock_ms = place->clock.function();
    const bool named = GetParam().of_batches;
    auto store = OpenStoreOn(rocksdb::Env::Default(), place->Folder("store"), options,
                             named ? StorageWithKillPoints : WrapStorage());
    if (!store.ok()) return "open: " + Text(store.status());
    place->store = *std::move(store);
    return "";
  }

  // The steps from `done` on.
  std::string Play(Place& place, const std::function<void(size_t)>& after = {}) {
    const std::vector<Step>& steps = GetParam().steps;
    for (size_t i = shared_->done; i < steps.size(); ++i) {
      const absl::Status status = steps[i].run(place);
      if (!status.ok()) return "step " + std::to_string(i) + ": " + Text(status);
      shared_->done = i + 1;
      if (after) after(i + 1);
    }
    return "";
  }

  void Begin() {
    fs::remove_all(Work());
    fs::copy(Template(), Work(), fs::copy_options::recursive);
    shared_->done = 0;
  }

  void Prepare() {
    fs::create_directory(Template());
    if (!GetParam().prepare) return;
    const auto prepare = [&]() -> std::string {
      Place place;
      place.folder = Template();
      StoreOptions options = TestOptions();
      options.memtable_bytes = 1u << 20;  // flushes often
      options.clock_ms = place.clock.function();
      place.store = *Store::Open(place.Folder("store"), options);
      const absl::Status status = GetParam().prepare(place);
      return status.ok() ? "" : Text(status);
    };
    bool was_killed;
    ASSERT_EQ(EndOf(StartChild(*shared_, prepare), *shared_, &was_killed), "");
  }

  // Plays it all; keeps what the store held after each step and how often each point was passed.
  void Learn() {
    Begin();
    const auto learn = [&]() -> std::string {
      Place place;
      if (std::string wrong = Open(&place); !wrong.empty()) return wrong;
      const auto keep = [&](size_t done) {
        WriteFile(Learnt("trees" + std::to_string(done)), TreesOf(*place.store));
        WriteFile(Learnt("facts" + std::to_string(done)), FactsOf(*place.store));
      };
      keep(0);
      if (std::string wrong = Play(place, keep); !wrong.empty()) return wrong;
      std::string passed;
      for (const std::string& name : PassedPoints()) passed += name + "\n";
      WriteFile(Learnt("points"), passed);
      if (!place.store->ReclaimUntilIdle().ok()) return "reclaim failed";
      WriteFile(Learnt("figures"), FiguresOf(*place.store));
      return CheckSound(*place.store, "never killed");
    };
    ASSERT_EQ(RunInChild(*shared_, learn), "");
    std::istringstream passed(ReadFile(Learnt("points")));
    for (std::string name; std::getline(passed, name);) ++points_[name];
  }

  // Plays until it is killed there; whether it was.
  bool Kill(const KillPoint& point) {
    Begin();
    const auto work = [&]() -> std::string {
      DieAt(point);
      Place place;
      std::string wrong = Open(&place);
      return wrong.empty() ? Play(place) : wrong;
    };
    bool was_killed;
    EXPECT_EQ(EndOf(StartChild(*shared_, work), *shared_, &was_killed), "");
    return was_killed;
  }

  // What is wrong with what the kill left. Plays on from there.
  std::string CheckLeft() {
    Place place;
    if (std::string wrong = Open(&place); !wrong.empty()) return "reopened, " + wrong;
    if (std::string wrong = CheckSound(*place.store, "reopened"); !wrong.empty()) return wrong;
    if (std::string wrong = FindStep(*place.store); !wrong.empty()) return wrong;
    if (std::string wrong = Play(place); !wrong.empty()) return "played on, " + wrong;
    if (!place.store->ReclaimUntilIdle().ok()) return "reclaim failed";
    if (std::string wrong = CheckSound(*place.store, "drained"); !wrong.empty()) return wrong;
    const std::string end = std::to_string(GetParam().steps.size());
    const std::pair<std::string, std::string> all[] = {
        {TreesOf(*place.store), "trees" + end},
        {FactsOf(*place.store), "facts" + end},
        {FiguresOf(*place.store), "figures"},
    };
    for (const auto& [is, learnt] : all) {
      const std::string expected = ReadFile(Learnt(learnt));
      if (is != expected) return "at the end: " + FirstDifference(is, expected);
    }
    return "";
  }

 private:
  // All that was acknowledged is there, and all or nothing of the step under way: which of both
  // decides where to go on.
  std::string FindStep(const Store& store) {
    const size_t done = shared_->done;
    const bool whole = done == GetParam().steps.size() || GetParam().steps[done].whole;
    const auto expected = [&](size_t step) {
      return ReadFile(Learnt("trees" + std::to_string(step))) +
             (whole ? ReadFile(Learnt("facts" + std::to_string(step))) : "");
    };
    const std::string is = TreesOf(store) + (whole ? FactsOf(store) : "");
    if (is == expected(done)) return "";
    if (done < GetParam().steps.size() && is == expected(done + 1)) {
      ++shared_->done;
      return "";
    }
    return "after " + std::to_string(done) + " steps: " + FirstDifference(is, expected(done));
  }

 protected:
  TempFolder folder_{QuickParent()};
  SharedMemory shared_;
  std::map<std::string, uint64_t> points_;  // how often each is passed
};

std::vector<Moment> MomentsOf(const Path& path, const std::string& point) {
  if (path.of_batches) return {Moment::kBefore, Moment::kAmid, Moment::kAfter};
  if (point.starts_with("write ")) return {Moment::kBefore, Moment::kAmid};
  return {Moment::kBefore};
}

TEST_P(KillPointTest, LosesNothing) {
  const Path& path = GetParam();
  ASSERT_NO_FATAL_FAILURE(Prepare());
  ASSERT_NO_FATAL_FAILURE(Learn());
  for (const auto& [name, times] : path.points) {
    ASSERT_TRUE(points_.contains(name))
        << name << " is not in " << ::testing::PrintToString(points_);
    ASSERT_GE(points_[name], times) << name;
  }
  Random random(BaseSeed());
  int kills = 0;
  for (const auto& [name, times] : points_) {
    ASSERT_TRUE(!path.of_batches || path.points.contains(name)) << name << " is a new point";
    const std::vector<Moment> moments = MomentsOf(path, name);
    const int kills_here = Scaled(static_cast<int>(moments.size()));
    bool reached = false;
    for (int i = 0; i < kills_here; ++i) {
      // The first kill is at the first passage, which calls of several threads do not change.
      const KillPoint point{name, i == 0 ? 1 : 1 + random() % times,
                            moments[static_cast<size_t>(i) % moments.size()]};
      SCOPED_TRACE(name + ", passage " + std::to_string(point.n) + " of " + std::to_string(times) +
                   ", moment " + std::to_string(static_cast<int>(point.moment)));
      const bool killed = Kill(point);
      if (HasFailure()) return;
      EXPECT_TRUE(killed || !path.of_batches) << "it was not reached";
      reached |= killed;
      kills += killed;
      ASSERT_EQ(RunInChild(*shared_, [&] { return CheckLeft(); }), "");
    }
    // What the threads of RocksDB do beside that may not come again.
    EXPECT_TRUE(reached || !path.points.contains(name)) << name << " was not reached";
  }
  std::cout << kills << " kills at " << points_.size() << " points, seed " << BaseSeed() << "\n";
}

const auto kNameOfPath = [](const ::testing::TestParamInfo<Path>& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Engine, KillPointTest, ::testing::ValuesIn(EnginePaths()), kNameOfPath);
INSTANTIATE_TEST_SUITE_P(Files, KillPointTest, ::testing::ValuesIn(FilePaths()), kNameOfPath);

}  // namespace
}  // namespace marcot::testing

// What a store is like after its process was killed, its disk was full, or a file was damaged.
//
// This process opens no store: whatever does runs in a child (support/child.h). MARCOT_TEST_SCALE
// (a factor) makes the tests shorter or longer; MARCOT_TEST_SEED picks other workloads. Kills at
// named points: kill_point_test.cc.
#include "pch/test_pch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "support/child.h"
#include "support/status_testing.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

namespace fs = std::filesystem;

// ---- killed ------------------------------------------------------------------------------------

// A store that is killed and opened again and again, and a twin that never is: it plays the same
// steps, so what the store must hold is what the twin holds.
class KilledStore {
 public:
  explicit KilledStore(uint64_t seed) : seed_(seed), options_(TestOptions()) {
    if (seed % 2 == 1) options_.memtable_bytes = 1u << 20;  // flushes often
    if (seed % 3 == 1) options_.record_cache_bytes = 64 * 1024;
  }

  // Works, and is killed after about so long.
  std::string Kill(std::chrono::microseconds delay, bool drains_first) {
    shared_->done = next_;
    const pid_t child = StartChild(*shared_, [&] { return WorkUntilKilled(drains_first); });
    for (int i = 0; !shared_->started && shared_->wrong[0] == '\0' && i < 20'000; ++i) usleep(1000);
    usleep(static_cast<useconds_t>(delay.count()));
    kill(child, SIGKILL);
    bool was_killed;
    return EndOf(child, *shared_, &was_killed);
  }

  // Opens it again and compares.
  std::string Check(bool drains) {
    std::string wrong = RunInChild(*shared_, [&] { return CheckReopened(drains); });
    next_ = shared_->done;
    return wrong;
  }

  uint64_t steps() const { return next_; }

 private:
  std::string Folder(const char* name) const { return (folder_.path() / name).string(); }

  std::string WorkUntilKilled(bool drains_first) {
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(Folder("store"), options_);
    if (!store.ok()) return "open: " + Text(store.status());
    shared_->started = true;
    Random random(seed_ + next_);
    if (drains_first) (*store)->ReclaimUntilIdle().IgnoreError();
    Workload workload(**store, seed_);
    constexpr uint64_t kMaxSteps = 3000;  // what a check has to play again
    for (uint64_t n = next_; n < next_ + kMaxSteps; ++n) {
      if (std::string wrong = workload.Step(n); !wrong.empty()) return wrong;
      shared_->done = n + 1;
      if (random() % 8 != 0) continue;
      const absl::Status status = random() % 50 == 0
                                      ? (*store)->ReclaimUntilIdle()
                                      : (*store)->ReclaimSteps(1 + random() % 30).status();
      if (!status.ok()) return "reclaim: " + Text(status);
    }
    while (true) pause();
  }

  std::string CheckReopened(bool drains) {
    auto store = Store::Open(Folder("store"), options_);
    if (!store.ok()) return "reopen: " + Text(store.status());
    auto twin = Store::Open(Folder("twin"), TestOptions());
    if (!twin.ok()) return "twin: " + Text(twin.status());
    if (std::string wrong = CheckSound(**store, "reopened"); !wrong.empty()) return wrong;
    std::string wrong = CompareWithTwin(**store, **twin);
    if (!wrong.empty() || !drains) return wrong;

    if (absl::Status status = (*store)->ReclaimUntilIdle(); !status.ok()) return Text(status);
    const absl::StatusOr<StoreStats> stats = (*store)->GetStats();
    if (!stats.ok() || stats->reclaim_backlog != 0) return "reclaim did not end";
    wrong = CheckSound(**store, "drained");
    return wrong.empty() ? CompareWithTwin(**store, **twin) : wrong;
  }

  // All that was acknowledged, and all or nothing of the step under way.
  std::string CompareWithTwin(Store& store, Store& twin) {
    const Space space = *store.OpenSpace("default", "-"), other = *twin.OpenSpace("default", "-");
    Contents is;
    if (std::string wrong = Collect(space, &is); !wrong.empty()) return wrong;
    if (std::string wrong = CheckHalves(is); !wrong.empty()) return wrong;
    Workload workload(twin, seed_);
    while (next_ < shared_->done) {
      if (std::string wrong = workload.Step(next_++); !wrong.empty()) return "twin: " + wrong;
    }
    std::string wrong;
    for (int more = 0; more < 2; ++more) {
      if (more == 1) workload.Step(next_++);
      Contents expected;
      if (std::string bad = Collect(other, &expected); !bad.empty()) return "twin: " + bad;
      const std::string different = Difference(is, expected);
      if (different.empty()) {
        shared_->done = next_;
        return CheckFiles(space, other, is);
      }
      wrong += (more == 1 ? "; with the next one: " : "") + different;
    }
    return "of " + std::to_string(next_ - 1) + " acknowledged steps: " + wrong;
  }

  const uint64_t seed_;
  StoreOptions options_;
  TempFolder folder_;
  SharedMemory shared_;
  uint64_t next_ = 0;
};

TEST(CrashTest, KilledAtAnyMoment) {
  constexpr int kKills = 4;  // of one store
  const int stores = Scaled(5);
  for (int i = 0; i < stores; ++i) {
    const uint64_t seed = BaseSeed() * 1000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    KilledStore store(seed);
    for (int kill = 0; kill < kKills; ++kill) {
      const std::chrono::microseconds delay(random() % (kill == 0 ? 50'000 : 300'000));
      ASSERT_EQ(store.Kill(delay, random() % 3 == 0), "") << "kill " << kill;
      ASSERT_EQ(store.Check(kill % 2 == 1), "") << "kill " << kill << ", step " << store.steps();
    }
  }
}

// Uploads die half-way: their chunks go when the store is opened again.
TEST(CrashTest, KilledWhileUploading) {
  for (int i = 0; i < Scaled(3); ++i) {
    TempFolder folder;
    SharedMemory shared;
    const std::string path = (folder.path() / "store").string();
    const pid_t child = StartChild(*shared, [&]() -> std::string {
      auto store = Store::Open(path, TestOptions());
      if (!store.ok()) return Text(store.status());
      const Space space = *(*store)->OpenSpace("default", "-");
      uint64_t left = 2'000'000 + static_cast<uint64_t>(i) * 300'000;
      const ByteSource source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
        if (left == 0) shared->started = true;
        while (left == 0) pause();
        const size_t count = std::min<size_t>(capacity, left);
        std::memset(buffer, 'x', count);
        left -= count;
        return count;
      };
      return Text(space.Put("file", source).status());
    });
    for (int wait = 0; !shared->started && wait < 20'000; ++wait) usleep(1000);
    kill(child, SIGKILL);
    bool was_killed;
    ASSERT_EQ(EndOf(child, *shared, &was_killed), "");
    ASSERT_TRUE(shared->started);
    ASSERT_EQ(RunInChild(*shared,
                         [&]() -> std::string {
                           auto store = Store::Open(path, TestOptions());
                           if (!store.ok()) return Text(store.status());
                           if ((*store)->GetStats()->reclaim_backlog != 1) return "no job for it";
                           if (std::string wrong = CheckSound(**store, "opened"); !wrong.empty()) {
                             return wrong;
                           }
                           const absl::Status status = (*store)->ReclaimUntilIdle();
                           if (!status.ok()) return Text(status);
                           const Space space = *(*store)->OpenSpace("default", "-");
                           if (space.GetStat("file").ok()) return "the file is there";
                           return CheckSound(**store, "drained");
                         }),
              "");
  }
}

// A store whose making was cut short is made when it is opened the next time.
TEST(CrashTest, KilledWhileCreating) {
  std::map<std::string, int> wrongs;
  Random random(BaseSeed());
  const int rounds = Scaled(16);
  for (int i = 0; i < rounds; ++i) {
    TempFolder folder;
    SharedMemory shared;
    const std::string path = (folder.path() / "store").string();
    const pid_t child = StartChild(*shared, [&]() -> std::string {
      shared->started = true;
      const auto store = Store::Open(path, TestOptions());
      if (!store.ok()) return Text(store.status());
      while (true) pause();
    });
    while (!shared->started) usleep(10);
    usleep(static_cast<useconds_t>(random() % 40'000));
    kill(child, SIGKILL);
    bool was_killed;
    ASSERT_EQ(EndOf(child, *shared, &was_killed), "");
    const std::string wrong = RunInChild(*shared, [&]() -> std::string {
      const auto store = Store::Open(path, TestOptions());
      if (!store.ok()) return "open: " + std::string(CodeName(CodeOf(store.status())));
      const auto space = (*store)->OpenSpace("default", "-");
      if (!space.ok()) return "space: " + std::string(CodeName(CodeOf(space.status())));
      if (!space->Put("file", "bytes").ok()) return "put failed";
      return CheckSound(**store, "created");
    });
    if (!wrong.empty()) ++wrongs[wrong];
  }
  EXPECT_EQ(wrongs, (std::map<std::string, int>())) << "of " << rounds << " rounds";
}

// ---- a full disk -------------------------------------------------------------------------------

// A small file system of its own, where the process may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size) {
    mounted_ = geteuid() == 0 && mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, size) == 0;
  }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  const fs::path& path() const { return folder_.path(); }

 private:
  TempFolder folder_;
  bool mounted_ = false;
};

bool IsClear(const absl::Status& status) {
  const Code code = CodeOf(status);
  return code == Code::kStoreReadOnly || code == Code::kInternalServerError;
}

std::string FileName(uint64_t n) { return "d/" + std::to_string(n); }
std::string FileBytes(uint64_t n) { return BytesOf(n, n % 5 == 0 ? 300'000 : 3000); }

std::string FillDisk(const std::string& path, Shared& shared) {
  StoreOptions options = TestOptions();
  options.memtable_bytes = 2u << 20;
  auto store = Store::Open(path, options);
  if (!store.ok()) return Text(store.status());
  const Space space = *(*store)->OpenSpace("default", "-");
  if (!space.MakeDirectory("d").ok()) return "mkdir failed";
  absl::Status status;
  for (uint64_t n = 0; n < 100'000; ++n) {
    const std::string bytes = FileBytes(n);
    status = n % 10 == 0 ? space.Put(FileName(n), SourceOf(bytes)).status()
                         : space.Put(FileName(n), bytes).status();
    if (!status.ok()) break;
    shared.done = n + 1;
  }
  if (!IsClear(status)) return "the disk was full: " + Text(status);

  // From here on nothing is changed, and all can be read.
  const absl::Status changes[] = {
      space.MakeDirectory("e").status(),      space.CopyDirectory("d", "e").status(),
      space.MoveDirectory("d", "e").status(), space.Delete("d").status(),
      space.SetAttributes("d", {}),           space.Put("f", SourceOf(FileBytes(0))).status(),
      (*store)->CreateLibrary("other"),       (*store)->CreateSpace("default", "other").status(),
  };
  for (const absl::Status& change : changes) {
    if (CodeOf(change) != Code::kStoreReadOnly) return "a change then: " + Text(change);
  }
  (*store)->ReclaimUntilIdle().IgnoreError();
  const absl::StatusOr<Stat> stat = space.GetStat("d");
  if (!stat.ok() || stat->child_files != shared.done) return "the directory is wrong then";
  for (uint64_t n = 0; n < shared.done; n += 7) {
    const absl::StatusOr<std::string> bytes = space.Read(FileName(n));
    if (!bytes.ok() || *bytes != FileBytes(n)) return FileName(n) + " is wrong then";
  }
  return CheckSound(**store, "full");
}

std::string CheckFreed(const std::string& path, const Shared& shared) {
  auto store = Store::Open(path, TestOptions());
  if (!store.ok()) return "reopen: " + Text(store.status());
  if (std::string wrong = CheckSound(**store, "reopened"); !wrong.empty()) return wrong;
  const Space space = *(*store)->OpenSpace("default", "-");
  for (uint64_t n = 0; n < shared.done; ++n) {
    const absl::StatusOr<std::string> bytes = space.Read(FileName(n));
    if (!bytes.ok()) return FileName(n) + ": " + Text(bytes.status());
    if (*bytes != FileBytes(n)) return FileName(n) + " is wrong";
  }
  const absl::StatusOr<Stat> stat = space.GetStat("d");
  // The put that failed may have reached the disk.
  if (!stat.ok() || stat->child_files < shared.done || stat->child_files > shared.done + 1) {
    return "the directory is wrong";
  }
  if (absl::Status status = space.Delete("d").status(); !status.ok())
    return "delete: " + Text(status);
  if (absl::Status status = (*store)->ReclaimUntilIdle(); !status.ok()) return Text(status);
  return CheckSound(**store, "drained");
}

TEST(CrashTest, AFullDiskMakesItReadOnlyUntilItIsReopened) {
  for (const size_t ballast : {size_t{4} << 20, size_t{9} << 20, size_t{12} << 20}) {
    SmallDisk disk("size=40m");
    if (!disk.mounted()) GTEST_SKIP() << "needs root, and mounts allowed";
    SharedMemory shared;
    const std::string path = (disk.path() / "store").string();
    std::ofstream(disk.path() / "ballast") << std::string(ballast, 'b') << std::flush;
    ASSERT_EQ(RunInChild(*shared, [&] { return FillDisk(path, *shared); }), "")
        << "after " << shared->done << " files";
    EXPECT_GT(shared->done, 50u);
    // Full still: whatever it answers, it does not crash, and nothing is lost by the attempt.
    RunInChild(*shared, [&] { return Store::Open(path, TestOptions()).status().ToString(); });
    fs::remove(disk.path() / "ballast");
    ASSERT_EQ(RunInChild(*shared, [&] { return CheckFreed(path, *shared); }), "")
        << "after " << shared->done << " files";
  }
}

// ---- damage ------------------------------------------------------------------------------------

std::string MakeStore(const std::string& path, const StoreOptions& options, uint64_t steps) {
  auto store = Store::Open(path, options);
  if (!store.ok()) return Text(store.status());
  Workload workload(**store, 7);
  for (uint64_t n = 0; n < steps; ++n) {
    if (std::string wrong = workload.Step(n); !wrong.empty()) return wrong;
    if (n % 100 == 0 && !(*store)->ReclaimSteps(40).ok()) return "reclaim failed";
  }
  return "";
}

// What a store must answer: the same as before it was damaged, or an error.
class DamageReader {
 public:
  // Of the whole store; what is wrong.
  std::string Learn(const std::string& path) {
    const auto store = Store::Open(path, TestOptions());
    if (!store.ok()) return "the whole store: " + Text(store.status());
    const Space space = *(*store)->OpenSpace("default", "-");
    if (std::string wrong = Collect(space, &expected_); !wrong.empty()) return wrong;
    for (const auto& [id, file] : expected_.files) {
      const absl::StatusOr<std::string> bytes = space.Read(file);
      if (!bytes.ok()) return file + ": " + Text(bytes.status());
      bytes_[file] = *bytes;
    }
    return "";
  }

  // Of a damaged copy of it; what is wrong.
  std::string Read(const std::string& path) {
    const auto store = Store::Open(path, TestOptions());
    if (CodeOf(store.status()) == Code::kStoreDamaged) return ReadWhatIsLeft(path);
    if (!store.ok()) return Meet(store.status(), "open");
    const absl::StatusOr<Space> space = (*store)->OpenSpace("default", "-");
    if (!space.ok()) return Meet(space.status(), "space");
    std::string wrong = ReadTree(*space);
    if (wrong.empty()) wrong = SaveTree(*space);
    if (wrong.empty()) wrong = ReadFiles(*space);
    if (!wrong.empty()) return wrong;
    // None of these crash; what they answer of damage is an error or a line.
    (*store)->CheckInvariants().status().IgnoreError();
    (*store)->ReclaimUntilIdle().IgnoreError();
    space->CopyDirectory("t", "copy").status().IgnoreError();
    space->Delete("t").IgnoreError();
    return "";
  }

  int errors() const { return errors_; }
  int opened() const { return opened_; }  // of those that open in no other way than to be read

 private:
  std::string Meet(const absl::Status& status, const std::string& where) {
    ++errors_;
    if (CodeOf(status) == Code::kStoreDamaged || IsClear(status)) return "";
    return where + ": " + Text(status);
  }

  std::string ReadTree(const Space& space) {
    Contents is;
    if (Collect(space, &is).empty()) return Difference(is, expected_);
    for (const auto& [path, line] : is.entries) {  // those before the error
      const auto at = expected_.entries.find(path);
      if (at == expected_.entries.end() || at->second != line) return "'" + path + "' is wrong";
    }
    for (const auto& [path, line] : expected_.entries) {
      const absl::StatusOr<Stat> stat = space.GetStat(path);
      if (stat.ok()) continue;
      if (std::string wrong = Meet(stat.status(), path); !wrong.empty()) return wrong;
    }
    return "";
  }

  std::string ReadWhatIsLeft(const std::string& path) {
    ++errors_;
    StoreOptions options = TestOptions();
    options.create_if_missing = false;
    options.read_damaged = true;
    const auto store = Store::Open(path, options);
    if (!store.ok()) return Meet(store.status(), "open to read");
    const absl::StatusOr<Space> space = (*store)->OpenSpace("default", "-");
    if (!space.ok()) return Meet(space.status(), "space");
    ++opened_;
    std::string wrong = SaveTree(*space);
    if (wrong.empty()) wrong = ReadFiles(*space);
    const absl::Status put = space->Put("new", "new").status();
    if (wrong.empty() && CodeOf(put) != Code::kStoreReadOnly) wrong = "a put: " + Text(put);
    return wrong;
  }

  // What such a walk visits is right, and what it does not is told: its directory, or one above.
  std::string SaveTree(const Space& space) {
    std::map<std::string, EntryType> visited;
    std::set<std::string> told;
    std::string wrong;
    const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      const std::string path = JoinPath(entry.path);
      const bool twice = !visited.emplace(path, entry.stat.type).second;
      const auto right = expected_.entries.find(path);
      if (twice || right == expected_.entries.end()) wrong = "'" + path + "' is visited in vain";
      if (!twice && !told.contains(path) && right != expected_.entries.end() &&
          LineOf(entry.stat) != right->second) {
        wrong = "'" + path + "' is visited as " + LineOf(entry.stat);
      }
      return WalkStep::kGoOn;
    };
    const auto on_damage = [&](const std::vector<std::string>& path, const absl::Status& why) {
      told.insert(JoinPath(path));
      if (wrong.empty()) wrong = Meet(why, JoinPath(path));
    };
    const absl::Status walked = space.Walk("", visit, {}, on_damage);
    if (!walked.ok()) return Meet(walked, "the walk that goes on");
    for (const auto& [path, line] : expected_.entries) {
      if (visited.contains(path) || IsTold(told, path)) continue;
      return "'" + path + "' is neither visited nor told";
    }
    return wrong;
  }

  static bool IsTold(const std::set<std::string>& told, std::string path) {
    while (!path.empty()) {
      path.resize(path.find('/') == path.npos ? 0 : path.rfind('/'));
      if (told.contains(path)) return true;
    }
    return false;
  }

  std::string ReadFiles(const Space& space) {
    for (const auto& [file, right] : bytes_) {
      const absl::StatusOr<std::string> bytes = space.Read(file);
      if (bytes.ok() && *bytes != right) return file + " has wrong bytes";
      if (bytes.ok()) continue;
      if (std::string wrong = Meet(bytes.status(), file); !wrong.empty()) return wrong;
    }
    return "";
  }

  Contents expected_;
  std::map<std::string, std::string> bytes_;
  int errors_ = 0, opened_ = 0;
};

void FlipByte(const fs::path& file, uint64_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(stream.get() ^ 0x40);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(byte);
}

std::string DamageFiles(const fs::path& folder, Shared& shared) {
  const fs::path whole = folder / "whole", damaged = folder / "damaged";
  StoreOptions options = TestOptions();
  options.memtable_bytes = 1u << 20;
  constexpr uint64_t kSteps = 1500;
  if (std::string wrong = MakeStore(whole.string(), options, kSteps); !wrong.empty()) return wrong;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(whole)) {
    const std::string extension = entry.path().extension().string();
    const bool data = extension == ".sst" || extension == ".blob";
    if (data && entry.file_size() > 0) files.push_back(entry.path().filename());
  }
  if (files.size() < 5) return "only " + std::to_string(files.size()) + " files";
  fs::copy(whole, damaged, fs::copy_options::recursive);
  DamageReader reader;
  if (std::string wrong = reader.Learn(damaged.string()); !wrong.empty()) return wrong;

  std::sort(files.begin(), files.end());
  Random random(BaseSeed());
  std::shuffle(files.begin(), files.end(), random);
  files.resize(std::min(files.size(), static_cast<size_t>(Scaled(20))));
  for (const fs::path& file : files) {
    const uint64_t size = fs::file_size(whole / file);
    for (const uint64_t at : {size / 2, random() % size}) {
      fs::remove_all(damaged);
      fs::copy(whole, damaged, fs::copy_options::recursive);
      FlipByte(damaged / file, at);
      const std::string what =
          file.string() + " of " + std::to_string(size) + " bytes, at " + std::to_string(at) + ": ";
      shared.Complain(what + "the reader died");  // unless it comes back
      const std::string wrong = reader.Read(damaged.string());
      if (!wrong.empty()) return what + wrong;
      shared.wrong[0] = '\0';
    }
  }
  if (reader.errors() == 0) return "no damage was met";
  return reader.opened() > 0 ? "" : "all opened, or none";
}

TEST(CrashTest, ADamagedFileIsNeverReadAsRight) {
  TempFolder folder;
  SharedMemory shared;
  ASSERT_EQ(RunInChild(*shared, [&] { return DamageFiles(folder.path(), *shared); }), "");
}

}  // namespace
}  // namespace marcot::testing

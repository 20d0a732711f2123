#include "measure.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "../support.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr uint64_t kCreates = 10'000;
constexpr int kCallers = 16;
constexpr uint64_t kCreatesOfACaller = 1'000;
constexpr uint64_t kSyncedCreates = 200;  // one caller
constexpr uint64_t kSyncedCreatesOfACaller = 100;
constexpr uint64_t kStats = 100'000;
constexpr uint64_t kLists = 1'000;
constexpr size_t kQuickSamples = 100;  // of what costs the same for any tree
constexpr size_t kSlowSamples = 5;     // of what does not
constexpr size_t kFirstWrites = 20;    // into one copy, where copies are dear
constexpr uint64_t kRenameCopies = 10'000;
constexpr double kTurnSeconds = 2;  // what a peer gets for an operation
constexpr double kRenameSeconds = 5;

class Clock {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// The times of single operations, in seconds; at least one, and no new one when time is up.
class Samples {
 public:
  explicit Samples(size_t most) : most_(most) {}
  bool Wanted() const {
    return seconds_.empty() || (seconds_.size() < most_ && clock_.Seconds() < kTurnSeconds);
  }
  template <typename Body>
  void Take(const Body& body) {
    const Clock clock;
    body();
    seconds_.push_back(clock.Seconds());
  }
  uint64_t count() const { return seconds_.size(); }
  double MedianNanoseconds() {
    const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
    std::nth_element(seconds_.begin(), middle, seconds_.end());
    return *middle * 1e9;
  }

 private:
  const size_t most_;
  const Clock clock_;
  std::vector<double> seconds_;
};

std::string TreeName(std::string_view prefix, uint64_t files, int round) {
  return std::string(prefix) + std::to_string(files) + "-" + std::to_string(round);
}

std::vector<uint64_t> Shuffled(uint64_t count, uint64_t most) {
  std::vector<uint64_t> numbers(count);
  for (uint64_t i = 0; i < count; ++i) numbers[i] = i;
  std::shuffle(numbers.begin(), numbers.end(), std::mt19937_64(1));
  numbers.resize(std::min(count, most));
  return numbers;
}

std::vector<std::string> FilePaths(const Tree& tree, const std::string& root) {
  std::vector<std::string> paths;
  for (const uint64_t file : Shuffled(tree.files(), kStats)) {
    paths.push_back(tree.FilePath(root, file));
  }
  return paths;
}

std::vector<std::string> LeafPaths(const Tree& tree, const std::string& root) {
  std::vector<std::string> paths;
  for (const uint64_t leaf : Shuffled(tree.leaves(), kLists)) {
    paths.push_back(tree.LeafPath(root, leaf));
  }
  return paths;
}

// Passes over all paths, the first of which is not timed, until `calls` were made or time is up.
// `call` answers how many things it saw; the answer is of one of them.
template <typename Call>
std::pair<uint64_t, double> Repeat(const std::vector<std::string>& paths, uint64_t calls,
                                   const Call& call) {
  for (const std::string& path : paths) call(path);
  const Clock clock;
  uint64_t made = 0, seen = 0;
  while (made < calls && clock.Seconds() < kTurnSeconds) {
    for (const std::string& path : paths) seen += call(path);
    made += paths.size();
  }
  return {seen, clock.Seconds() * 1e9 / static_cast<double>(seen)};
}

std::pair<uint64_t, double> Stats(Peer& peer, const Tree& tree, const std::string& root) {
  return Repeat(FilePaths(tree, root), kStats, [&](const std::string& path) -> uint64_t {
    const auto file = peer.Stat(path);
    if (!file || file->size == 0) Die("no file " + path);
    return 1;
  });
}

std::pair<uint64_t, double> Lists(Peer& peer, const Tree& tree, const std::string& root) {
  return Repeat(LeafPaths(tree, root), kLists, [&](const std::string& path) {
    const uint64_t entries = peer.List(path).entries;
    if (entries < tree.files_in_leaf()) Die("a list of " + path + " is not complete");
    return entries;
  });
}

void MakeLeaves(Peer& peer, const Tree& tree) {
  for (uint64_t leaf = 0; leaf < tree.leaves(); ++leaf) peer.MakeDirectory(tree.LeafPath(leaf));
}

// Fills a tree whose directories are there; answers how many files it made before time was up.
uint64_t CreateFiles(Peer& peer, const Tree& tree, bool synced) {
  const Clock clock;
  uint64_t made = 0;
  for (; made < tree.files(); ++made) {
    if (made % kFanout == 0 && clock.Seconds() > kTurnSeconds) break;
    const std::string path = tree.FilePath(tree.root(), made);
    if (synced) {
      peer.CreateFileSynced(path, NewFile());
    } else {
      peer.CreateFile(path, NewFile());
    }
  }
  return made;
}

}  // namespace

Created CreateByMany(Peer& peer, const std::string& root, int callers, uint64_t files_each,
                     bool synced) {
  std::vector<Tree> trees;
  for (int i = 0; i < callers; ++i) {
    trees.emplace_back(root + "-" + std::to_string(i), files_each);
    MakeLeaves(peer, trees.back());
  }
  std::atomic<uint64_t> files = 0;
  const Clock clock;
  std::vector<std::thread> threads;
  for (const Tree& tree : trees) {
    threads.emplace_back([&] { files += CreateFiles(peer, tree, synced); });
  }
  for (std::thread& thread : threads) thread.join();
  return {files, clock.Seconds()};
}

Measurer::Measurer(std::vector<Contestant>& contestants, const std::string& disk)
    : contestants_(contestants), disk_(open(disk.c_str(), O_RDONLY | O_DIRECTORY)) {
  if (disk_ < 0) Die("cannot open " + disk);
}

Measurer::~Measurer() { close(disk_); }

void Measurer::Settle(Peer& peer) const {
  peer.Settle();
  if (syncfs(disk_) != 0) Die("cannot sync the disk");
}

template <typename Body>
void Measurer::TakeTurns(Operation operation, uint64_t files, int round, const Body& body) {
  for (size_t i = 0; i < contestants_.size(); ++i) {
    Contestant& contestant = contestants_[(i + static_cast<size_t>(round)) % contestants_.size()];
    if (!contestant.peer->Does(operation)) continue;
    const Measured measured = body(contestant);
    results_.push_back({contestant.name, operation, files, round, measured.operations,
                        measured.nanoseconds, measured.cut});
    Settle(*contestant.peer);
  }
}

void Measurer::MeasureTree(uint64_t files, int round) {
  const Tree tree(TreeName("tree-", files, round), files);
  const auto turns = [&](Operation operation, const auto& body) {
    TakeTurns(operation, files, round, body);
  };
  const auto create = [&](const char* prefix, uint64_t count, bool synced) {
    return [=](const Contestant& at) -> Measured {
      const Tree target(TreeName(prefix, files, round), count);
      MakeLeaves(*at.peer, target);
      const Clock clock;
      const uint64_t made = CreateFiles(*at.peer, target, synced);
      return {made, clock.Seconds() * 1e9 / static_cast<double>(made), made < count};
    };
  };
  const auto create_by_many = [&](const char* prefix, uint64_t each, bool synced) {
    return [=](const Contestant& at) -> Measured {
      const auto [made, seconds] =
          CreateByMany(*at.peer, TreeName(prefix, files, round), kCallers, each, synced);
      return {made, seconds * 1e9 / static_cast<double>(made), made < kCallers * each};
    };
  };

  turns(Operation::kBulk, [&](const Contestant& at) -> Measured {
    const Clock clock;
    at.peer->Build(tree);
    return {files, clock.Seconds() * 1e9 / static_cast<double>(files)};
  });
  turns(Operation::kCreate, create("single-", kCreates, false));
  turns(Operation::kCreateBy16, create_by_many("many-", kCreatesOfACaller, false));
  turns(Operation::kCreateSynced, create("synced-", kSyncedCreates, true));
  turns(Operation::kCreateSyncedBy16,
        create_by_many("synced-many-", kSyncedCreatesOfACaller, true));
  turns(Operation::kStat, [&](const Contestant& at) -> Measured {
    const auto [count, nanoseconds] = Stats(*at.peer, tree, tree.root());
    return {count, nanoseconds};
  });
  turns(Operation::kList, [&](const Contestant& at) -> Measured {
    const auto [count, nanoseconds] = Lists(*at.peer, tree, tree.root());
    return {count, nanoseconds};
  });
  turns(Operation::kSize, [&](const Contestant& at) -> Measured {
    Samples samples(kQuickSamples);
    Totals totals;
    while (samples.Wanted()) samples.Take([&] { totals = at.peer->Size(tree.root()); });
    if (totals.entries != files) Die(at.name + " counts wrongly");
    return {samples.count(), samples.MedianNanoseconds()};
  });
  turns(Operation::kMove, [&](const Contestant& at) -> Measured {
    const std::string moved = tree.root() + "-moved";
    Samples samples(kQuickSamples);
    while (samples.Wanted()) {
      samples.Take([&] { at.peer->Move(tree.root(), moved); });
      samples.Take([&] { at.peer->Move(moved, tree.root()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  turns(Operation::kCopy, [&](Contestant& at) -> Measured {
    Samples samples(at.peer->CopiesAtOnce() ? kQuickSamples : kSlowSamples);
    while (samples.Wanted()) {
      at.copies.push_back(tree.root() + "-copy-" + std::to_string(at.copies.size()));
      samples.Take([&] { at.peer->Copy(tree.root(), at.copies.back()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  turns(Operation::kFirstWrite, [&](const Contestant& at) -> Measured {
    const size_t most = at.peer->CopiesAtOnce() ? at.copies.size() : kFirstWrites;
    Samples samples(most);
    for (size_t i = 0; i < most && samples.Wanted(); ++i) {
      const std::string& copy = at.peer->CopiesAtOnce() ? at.copies[i] : at.copies.front();
      const std::string path = tree.LeafPath(copy, i % tree.leaves()) + "/new-" + std::to_string(i);
      samples.Take([&] { at.peer->CreateFile(path, NewFile()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  turns(Operation::kStatInCopy, [&](const Contestant& at) -> Measured {
    const auto [count, nanoseconds] = Stats(*at.peer, tree, at.copies.front());
    return {count, nanoseconds};
  });
  turns(Operation::kListInCopy, [&](const Contestant& at) -> Measured {
    const auto [count, nanoseconds] = Lists(*at.peer, tree, at.copies.front());
    return {count, nanoseconds};
  });
  turns(Operation::kDeleteCopy, [&](Contestant& at) -> Measured {
    Samples samples(at.copies.size());
    for (const std::string& copy : at.copies) samples.Take([&] { at.peer->Delete(copy); });
    at.copies.clear();
    return {samples.count(), samples.MedianNanoseconds()};
  });
  turns(Operation::kDelete, [&](const Contestant& at) -> Measured {
    const Clock clock;
    at.peer->Delete(tree.root());
    const double deleted = clock.Seconds();
    if (at.peer->Does(Operation::kReclaim)) {
      at.peer->Settle();
      results_.push_back({at.name, Operation::kReclaim, files, round, 1,
                          (clock.Seconds() - deleted) * 1e9, false});
    }
    return {1, deleted * 1e9};
  });
}

void Measurer::MeasureRenameCopies(int round) {
  const Tree source(TreeName("source-", kFanout, round), kFanout, 2);
  const std::string parent = TreeName("into-", kFanout, round);
  TakeTurns(Operation::kRenameCopies, kFanout, round, [&](const Contestant& at) -> Measured {
    at.peer->Build(source);
    at.peer->MakeDirectory(parent);
    const Clock clock;
    uint64_t made = 0;
    for (; made < kRenameCopies && clock.Seconds() < kRenameSeconds; ++made) {
      at.peer->CopyOnto(source.root(), parent + "/name", made);
    }
    return {made, clock.Seconds() * 1e9 / static_cast<double>(made), made < kRenameCopies};
  });
}

}  // namespace marcot::compare

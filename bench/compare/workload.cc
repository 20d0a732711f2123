#include "workload.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "../support.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr uint64_t kStats = 100'000;
constexpr uint64_t kLists = 1'000;

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
Measured Repeat(const std::vector<std::string>& paths, uint64_t calls, const Call& call) {
  for (const std::string& path : paths) call(path);
  const Clock clock;
  uint64_t made = 0, seen = 0;
  while (made < calls && clock.Seconds() < kTurnSeconds) {
    for (const std::string& path : paths) seen += call(path);
    made += paths.size();
  }
  return {seen, clock.Seconds() * 1e9 / static_cast<double>(seen)};
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

double Samples::MedianNanoseconds() {
  const auto middle = seconds_.begin() + static_cast<std::ptrdiff_t>(seconds_.size() / 2);
  std::nth_element(seconds_.begin(), middle, seconds_.end());
  return *middle * 1e9;
}

Measured MeasureStats(Peer& peer, const Tree& tree, const std::string& root) {
  return Repeat(FilePaths(tree, root), kStats, [&](const std::string& path) -> uint64_t {
    const auto file = peer.Stat(path);
    if (!file || file->size == 0) Die("no file " + path);
    return 1;
  });
}

Measured MeasureLists(Peer& peer, const Tree& tree, const std::string& root) {
  return Repeat(LeafPaths(tree, root), kLists, [&](const std::string& path) {
    const uint64_t entries = peer.List(path).entries;
    if (entries < tree.files_in_leaf()) Die("a list of " + path + " is not complete");
    return entries;
  });
}

Measured MeasureCreates(Peer& peer, const Tree& target, bool synced) {
  MakeLeaves(peer, target);
  const Clock clock;
  const uint64_t made = CreateFiles(peer, target, synced);
  return {made, clock.Seconds() * 1e9 / static_cast<double>(made), made < target.files()};
}

Measured MeasureCreatesBy16(Peer& peer, const std::string& root, uint64_t files_each, bool synced) {
  constexpr int kCallers = 16;
  std::vector<Tree> trees;
  for (int i = 0; i < kCallers; ++i) {
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
  return {files, clock.Seconds() * 1e9 / static_cast<double>(files), files < kCallers * files_each};
}

void DeleteSome(Peer& peer, const std::string& prefix) {
  constexpr int kWarmUp = 20;
  for (int i = 0; i < kWarmUp; ++i) peer.Build(Tree(prefix + "-" + std::to_string(i), 1));
  for (int i = 0; i < kWarmUp; ++i) peer.Delete(prefix + "-" + std::to_string(i));
}

}  // namespace marcot::compare

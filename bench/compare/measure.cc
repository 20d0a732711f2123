#include "measure.h"

#include <fcntl.h>
#include <unistd.h>

#include "../support.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr uint64_t kCreates = 10'000;
constexpr uint64_t kCreatesOfACaller = 1'000;
constexpr uint64_t kSyncedCreates = 200;
constexpr uint64_t kSyncedCreatesOfACaller = 100;
constexpr size_t kQuickSamples = 100;  // of what costs the same for any tree
constexpr size_t kSlowSamples = 5;     // of what does not
constexpr size_t kFirstWrites = 20;    // into one copy, where copies are dear
constexpr uint64_t kRenameCopies = 10'000;
constexpr double kRenameSeconds = 5;

std::string TreeName(std::string_view prefix, uint64_t files, int round) {
  return std::string(prefix) + std::to_string(files) + "-" + std::to_string(round);
}

}  // namespace

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
void Measurer::TakeTurns(Operation operation, const Round& round, const Body& body) {
  const size_t count = contestants_.size();
  for (size_t i = 0; i < count; ++i) {
    Contestant& contestant = contestants_[(i + static_cast<size_t>(round.number)) % count];
    if (!contestant.peer->Does(operation)) continue;
    const Measured measured = body(contestant);
    results_.push_back({contestant.name, operation, round.tree.files(), round.number, measured});
    Settle(*contestant.peer);
  }
}

void Measurer::MeasureTree(uint64_t files, int number) {
  const Round round{Tree(TreeName("tree-", files, number), files), number};
  MeasureCreation(round);
  MeasureReading(round);
  MeasureCopies(round);
  MeasureDeletion(round);
}

void Measurer::MeasureCreation(const Round& round) {
  const uint64_t files = round.tree.files();
  const auto by_one = [&](const char* prefix, uint64_t count, bool synced) {
    return [=, &round](const Contestant& at) {
      return MeasureCreates(*at.peer, Tree(TreeName(prefix, files, round.number), count), synced);
    };
  };
  const auto by_16 = [&](const char* prefix, uint64_t each, bool synced) {
    return [=, &round](const Contestant& at) {
      return MeasureCreatesBy16(*at.peer, TreeName(prefix, files, round.number), each, synced);
    };
  };
  TakeTurns(Operation::kBulk, round, [&](const Contestant& at) -> Measured {
    const Clock clock;
    at.peer->Build(round.tree);
    return {files, clock.Seconds() * 1e9 / static_cast<double>(files)};
  });
  TakeTurns(Operation::kLoad, round, [&](const Contestant& at) -> Measured {
    const Tree tree(TreeName("load-", files, round.number), files);
    const Clock clock;
    at.peer->Load(tree);
    const double seconds = clock.Seconds();
    at.peer->Delete(tree.root());
    return {files, seconds * 1e9 / static_cast<double>(files)};
  });
  TakeTurns(Operation::kCreate, round, by_one("single-", kCreates, false));
  TakeTurns(Operation::kCreateBy16, round, by_16("many-", kCreatesOfACaller, false));
  TakeTurns(Operation::kCreateSynced, round, by_one("synced-", kSyncedCreates, true));
  TakeTurns(Operation::kCreateSyncedBy16, round,
            by_16("synced-many-", kSyncedCreatesOfACaller, true));
}

void Measurer::MeasureReading(const Round& round) {
  const Tree& tree = round.tree;
  TakeTurns(Operation::kStat, round,
            [&](const Contestant& at) { return MeasureStats(*at.peer, tree, tree.root()); });
  TakeTurns(Operation::kList, round,
            [&](const Contestant& at) { return MeasureLists(*at.peer, tree, tree.root()); });
  TakeTurns(Operation::kSize, round, [&](const Contestant& at) -> Measured {
    Samples samples(kQuickSamples);
    Totals totals;
    while (samples.Wanted()) samples.Take([&] { totals = at.peer->Size(tree.root()); });
    if (totals.entries != tree.files()) Die(at.name + " counts wrongly");
    return {samples.count(), samples.MedianNanoseconds()};
  });
}

void Measurer::MeasureCopies(const Round& round) {
  const Tree& tree = round.tree;
  TakeTurns(Operation::kMove, round, [&](const Contestant& at) -> Measured {
    const std::string moved = tree.root() + "-moved";
    Samples samples(kQuickSamples);
    while (samples.Wanted()) {
      samples.Take([&] { at.peer->Move(tree.root(), moved); });
      samples.Take([&] { at.peer->Move(moved, tree.root()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  TakeTurns(Operation::kCopy, round, [&](Contestant& at) -> Measured {
    Samples samples(at.peer->CopiesAtOnce() ? kQuickSamples : kSlowSamples);
    while (samples.Wanted()) {
      at.copies.push_back(tree.root() + "-copy-" + std::to_string(at.copies.size()));
      samples.Take([&] { at.peer->Copy(tree.root(), at.copies.back()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  TakeTurns(Operation::kFirstWrite, round, [&](const Contestant& at) -> Measured {
    const size_t most = at.peer->CopiesAtOnce() ? at.copies.size() : kFirstWrites;
    Samples samples(most);
    for (size_t i = 0; i < most && samples.Wanted(); ++i) {
      const std::string& copy = at.peer->CopiesAtOnce() ? at.copies[i] : at.copies.front();
      const std::string path = tree.LeafPath(copy, i % tree.leaves()) + "/new-" + std::to_string(i);
      samples.Take([&] { at.peer->CreateFile(path, NewFile()); });
    }
    return {samples.count(), samples.MedianNanoseconds()};
  });
  TakeTurns(Operation::kStatInCopy, round,
            [&](const Contestant& at) { return MeasureStats(*at.peer, tree, at.copies.front()); });
  TakeTurns(Operation::kListInCopy, round,
            [&](const Contestant& at) { return MeasureLists(*at.peer, tree, at.copies.front()); });
}

void Measurer::MeasureDeletion(const Round& round) {
  const Tree& tree = round.tree;
  TakeTurns(Operation::kDeleteCopy, round, [&](Contestant& at) -> Measured {
    Samples samples(at.copies.size());
    for (const std::string& copy : at.copies) samples.Take([&] { at.peer->Delete(copy); });
    at.copies.clear();
    return {samples.count(), samples.MedianNanoseconds()};
  });
  TakeTurns(Operation::kDelete, round, [&](const Contestant& at) -> Measured {
    DeleteSome(*at.peer, TreeName("doomed-", tree.files(), round.number));
    // Caches are warm in all rows, and this one has a single sample.
    at.peer->List(tree.root());
    const Clock clock;
    at.peer->Delete(tree.root());
    const double deleted = clock.Seconds();
    if (at.peer->Does(Operation::kReclaim)) {
      at.peer->Settle();
      const double reclaimed = clock.Seconds() - deleted;
      results_.push_back(
          {at.name, Operation::kReclaim, tree.files(), round.number, {1, reclaimed * 1e9}});
    }
    return {1, deleted * 1e9};
  });
}

void Measurer::MeasureRenameCopies(int number) {
  const Round round{Tree(TreeName("source-", kFanout, number), kFanout, 2), number};
  const std::string& source = round.tree.root();
  const std::string parent = TreeName("into-", kFanout, number);
  TakeTurns(Operation::kRenameCopies, round, [&](const Contestant& at) -> Measured {
    at.peer->Build(round.tree);
    at.peer->MakeDirectory(parent);
    const Clock clock;
    uint64_t made = 0;
    for (; made < kRenameCopies && clock.Seconds() < kRenameSeconds; ++made) {
      at.peer->CopyOnto(source, parent + "/name", made);
    }
    return {made, clock.Seconds() * 1e9 / static_cast<double>(made), made < kRenameCopies};
  });
}

}  // namespace marcot::compare

// Nothing piles up: what a million operations left behind makes none of those that follow read,
// write or pass over a record more than ten did. By counting, no clock. MARCOT_TEST_SCALE (a
// factor) makes the million smaller or larger.
#include "pch/test_pch.h"

#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/pin_gaps.h"
#include "core/records.h"
#include "core/totals_table.h"
#include "support/counted_engine.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

using operations::Operation;
using Kind = Operation::Kind;
using Costs = std::map<std::string, Cost>;

// In commits of a thousand.
void RunMany(CountedEngine& store, uint64_t count, const std::function<Operation(uint64_t)>& make) {
  std::vector<Operation> operations;
  for (uint64_t i = 0; i < count; ++i) {
    operations.push_back(make(i));
    if (operations.size() < 1000 && i + 1 < count) continue;
    store.Run(std::move(operations));
    operations.clear();
  }
}

Cost CostOfStat(CountedEngine& store, const std::string& path, uint64_t files) {
  return store.CostOf([&] {
    core::ReadView view = store.View();
    const std::vector<std::string> names = Split(path);
    const auto entry = operations::EntryOf(view, store.root(), names);
    ASSERT_TRUE(entry.ok()) << entry.status();
    const auto stat = operations::StatOf(view, *entry, names.empty() ? "" : names.back());
    ASSERT_EQ(stat->totals.files, files) << path;
  });
}

Cost CostOfStep(CountedEngine& store) {
  return store.CostOf([&] { ASSERT_TRUE(store.engine().Reclaim(1).ok()); });
}

void Drain(CountedEngine& store) {
  while (*store.engine().Reclaim(1000)) {
  }
}

uint64_t OwnersOfThePin(CountedEngine& store) {
  core::ReadView view = store.View();
  const auto pins = view.NewCursor(storage::Family::kPins, {});
  pins->Seek("");
  if (!pins->Valid()) return 0;
  const uint64_t owners = core::DecodePin(pins->value())->owners;
  pins->Next();
  EXPECT_FALSE(pins->Valid()) << "more than one pin";
  return owners;
}

// That none of them depends on the number. What RocksDB passes over depends a little on what it has
// merged meanwhile, so that is bounded.
void ExpectTheSame(const Costs& small, const Costs& large) {
  constexpr uint64_t kMost = 40;
  for (const auto& [what, cost] : small) {
    std::cout << what << ": " << cost << "; after many: " << large.at(what) << "\n";
    EXPECT_EQ(cost.counts, large.at(what).counts) << what;
    EXPECT_LE(large.at(what).passed_over, kMost) << what;
    const Counts& c = cost.counts;
    EXPECT_LE(c.gets + c.seeks + c.steps + c.puts + c.deletes, kMost) << what;
  }
}

Costs CostsAfterWrites(uint64_t writes) {
  CountedEngine store;
  Costs costs;
  Fill(store, "top", writes);
  costs["totals of the root"] = CostOfStat(store, "", writes);
  costs["totals of what was written below"] = CostOfStat(store, "top", writes);
  store.Run(store.Put("top/0/0/new"));  // the next one finds what it needs in the writer's memory
  costs["one more write"] = store.CostOf(store.Put("top/0/0/newer"));
  store.FoldNow();
  store.Open();
  costs["totals of the root, reopened"] = CostOfStat(store, "", writes + 2);
  return costs;
}

TEST(PileTest, TotalsAfterManyWritesBelow) {
  ExpectTheSame(CostsAfterWrites(10), CostsAfterWrites(Scaled(1'000'000)));
}

// Totals as of a snapshot are looked for in the log that there was, which is bounded, whatever was
// written since.
TEST(PileTest, TotalsOfASnapshotReadABoundedLog) {
  constexpr uint64_t kLogged = core::kLogRows - 10;
  CountedEngine store;
  const Operation write = store.Make(Kind::kSetAttributes, "top");
  store.Run(store.Make(Kind::kMakeDirectory, "top"));
  store.FoldNow();
  for (uint64_t i = 0; i < kLogged; ++i) store.Run(write);
  const auto held = store.engine().committed().TakeSnapshot();
  for (int i = 0; i < Scaled(100'000); ++i) store.Run(write);
  const Cost cost = store.CostOf([&] {
    core::ReadView view = core::ReadView::OfSnapshot(store.engine().committed(), *held);
    ASSERT_EQ(view.GetTotals(store.root().dir)->directories, 1u);
  });
  std::cout << "totals of a snapshot: " << cost << "\n";
  EXPECT_GE(cost.counts.steps, kLogged);
  EXPECT_LE(cost.counts.steps, core::kLogRows);
}

std::string CopyName(uint64_t i) { return absl::StrCat("copies/", i); }

// Copies of a template share a pin; each copy that is deleted is a job that releases it.
Costs CostsWithCopies(uint64_t copies) {
  CountedEngine store;
  Costs costs;
  Fill(store, "template", 3);
  store.Run(store.Make(Kind::kMakeDirectory, "copies"));
  RunMany(store, copies,
          [&](uint64_t i) { return store.Transfer(Kind::kCopy, "template", CopyName(i)); });
  EXPECT_EQ(OwnersOfThePin(store), copies);

  costs["add an owner"] = store.CostOf(store.Transfer(Kind::kCopy, "template", "copies/more"));
  costs["read through the pin"] = CostOfStat(store, "copies/more", 3);
  costs["queue a job"] = store.CostOf(store.Make(Kind::kDelete, "copies/more"));
  costs["release an owner"] = CostOfStep(store);
  EXPECT_EQ(OwnersOfThePin(store), copies);

  RunMany(store, copies - 1, [&](uint64_t i) { return store.Make(Kind::kDelete, CopyName(i)); });
  EXPECT_EQ(store.engine().committed().queued(), copies - 1);
  costs["queue a job behind many"] = store.CostOf(store.Make(Kind::kDelete, CopyName(copies - 1)));
  costs["take a job of many"] = CostOfStep(store);
  Drain(store);
  EXPECT_EQ(OwnersOfThePin(store), 0u);

  const auto queue_one = [&] {
    store.Run(store.Transfer(Kind::kCopy, "template", "again"));
    store.Run(store.Make(Kind::kDelete, "again"));
  };
  queue_one();
  costs["take the job behind those done"] = CostOfStep(store);
  Drain(store);
  costs["find the queue empty"] = CostOfStep(store);
  queue_one();
  store.Open();
  costs["take it, reopened"] = CostOfStep(store);
  return costs;
}

TEST(PileTest, APinOfManyOwnersAndAQueueOfManyJobs) {
  ExpectTheSame(CostsWithCopies(10), CostsWithCopies(Scaled(1'000'000)));
}

// A directory of which a copy is taken each time that it has changed, and the oldest copy is
// deleted: at any time it has ten pins.
Costs CostsAfterRounds(uint64_t rounds) {
  constexpr uint64_t kKept = 10;
  CountedEngine store;
  Costs costs;
  Fill(store, "source", 3);
  store.Run(store.Make(Kind::kMakeDirectory, "copies"));
  Operation change = store.Put("source/0/0/file0");
  change.strategy = Strategy::kOverwrite;
  const auto copy = [&](uint64_t i) { return store.Transfer(Kind::kCopy, "source", CopyName(i)); };
  const auto drop = [&](uint64_t i) { return store.Make(Kind::kDelete, CopyName(i)); };
  uint64_t next = 0;
  for (; next < kKept + rounds; ++next) {
    store.Run(change);
    store.Run(copy(next));
    if (next < kKept) continue;
    store.Run(drop(next - kKept));
    Drain(store);
  }
  costs["a write in the source"] = store.CostOf(change);
  costs["a copy"] = store.CostOf(copy(next));
  costs["stat of a copy"] = CostOfStat(store, CopyName(next - 1), 3);
  store.Run(drop(next - kKept));
  for (int i = 1; store.engine().committed().queued() > 0; ++i) {
    costs[absl::StrCat("step ", i, " of letting the oldest go")] = CostOfStep(store);
  }
  return costs;
}

TEST(PileTest, CopiesThatComeAndGo) {
  ExpectTheSame(CostsAfterRounds(10), CostsAfterRounds(Scaled(20'000)));
}

// What is known of where there are no pins holds whatever comes and goes.
TEST(PileTest, GapsHoldNoPin) {
  constexpr core::Seq kSeqs = 40;
  constexpr core::DirId kDirs = 3;
  std::mt19937_64 random(BaseSeed());
  std::map<core::DirId, std::set<core::Seq>> pins;
  core::PinGaps gaps;
  // The newest pin up to `seq`; 0: there is none.
  const auto older = [&](core::DirId dir, core::Seq seq) {
    const auto above = pins[dir].upper_bound(seq);
    return above == pins[dir].begin() ? core::Seq{0} : *std::prev(above);
  };
  uint64_t known = 0;
  for (int i = 0; i < 100'000; ++i) {
    const core::DirId dir = 1 + random() % kDirs;
    const core::Seq seq = 1 + random() % kSeqs;
    switch (random() % 3) {
      case 0:
        pins[dir].insert(seq);
        gaps.AddPin(dir, seq);
        break;
      case 1:
        pins[dir].erase(seq);
        break;
      default:
        gaps.Remember(dir, older(dir, seq), seq);
    }
    const core::Seq asked = 1 + random() % kSeqs;
    const core::PinGaps::Gap gap = gaps.At(dir, asked);
    ASSERT_LE(older(dir, gap.end), gap.older) << "after " << i;
    if (gap.end < asked) continue;
    ASSERT_LT(gap.older, asked);
    ++known;
  }
  EXPECT_GT(known, 10'000u);
}

}  // namespace
}  // namespace marcot::testing

// "No" is only said of a name that is not there; of new directories it is said nearly always.
#include "core/name_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>

namespace marcot::core {
namespace {

constexpr size_t kBudget = 4u << 20;

std::string SlotOf(uint64_t number) { return Slot(kFileSlot, "file-" + std::to_string(number)); }

void Add(NameFilter& names, DirId dir, uint64_t number) {
  names.Add(EntryKey(dir, SlotOf(number)));
}

TEST(NameFilterTest, KnowsWhatWasAdded) {
  NameFilter names(kBudget);
  names.Begin(7, true);
  constexpr uint64_t kNames = 50'000;
  size_t taken_for_there = 0;
  for (uint64_t i = 0; i < kNames; ++i) {
    taken_for_there += names.MayHold(7, SlotOf(i));
    Add(names, 7, i);
    ASSERT_TRUE(names.MayHold(7, SlotOf(i)));
  }
  EXPECT_LT(taken_for_there, 10u);
  for (uint64_t i = 0; i < kNames; ++i) ASSERT_TRUE(names.MayHold(7, SlotOf(i))) << i;
}

TEST(NameFilterTest, KindsAreTwoNames) {
  NameFilter names(kBudget);
  names.Begin(7, true);
  names.Add(EntryKey(7, Slot(kFileSlot, "a")));
  EXPECT_TRUE(names.MayHold(7, Slot(kFileSlot, "a")));
  EXPECT_FALSE(names.MayHold(7, Slot(kDirectorySlot, "a")));
}

TEST(NameFilterTest, OfOtherDirectoriesNothingIsKnown) {
  NameFilter names(kBudget);
  EXPECT_TRUE(names.MayHold(7, SlotOf(1)));
  names.Begin(7, true);
  EXPECT_FALSE(names.MayHold(7, SlotOf(1)));
  names.Begin(8, false);
  EXPECT_TRUE(names.MayHold(8, SlotOf(1)));
  EXPECT_FALSE(names.MayHold(7, SlotOf(1)));
  // A number that a rollback gave back.
  Add(names, 7, 1);
  names.Begin(7, true);
  EXPECT_FALSE(names.MayHold(7, SlotOf(1)));
  names.Begin(7, false);
  EXPECT_TRUE(names.MayHold(7, SlotOf(2)));
}

TEST(NameFilterTest, ForgetsThoseMadeElsewhere) {
  NameFilter names(kBudget);
  for (DirId dir = 1; dir <= 10; ++dir) names.Begin(dir, true);
  EXPECT_FALSE(names.MayHold(6, SlotOf(1)));
  names.ForgetFrom(6);
  for (DirId dir = 1; dir <= 10; ++dir) EXPECT_EQ(names.MayHold(dir, SlotOf(1)), dir >= 6);
  Add(names, 6, 1);
  EXPECT_TRUE(names.MayHold(6, SlotOf(2)));
}

// Directories come, go and take turns, and the budget is used up many times.
TEST(NameFilterTest, NeverSaysNoOfWhatIsThere) {
  NameFilter names(20'000);
  std::mt19937_64 random(11);
  std::set<std::pair<DirId, uint64_t>> there;
  size_t noes = 0;
  for (int i = 0; i < 200'000; ++i) {
    const DirId dir = 1 + random() % 20;
    const uint64_t number = random() % 60;
    const auto kind = random() % 500;
    if (kind == 0) {
      const bool empty = random() % 2 == 0;
      if (empty) there.erase(there.lower_bound({dir, 0}), there.lower_bound({dir + 1, 0}));
      names.Begin(dir, empty);
    } else if (kind == 1) {
      names.ForgetFrom(dir);
    } else if (kind < 200) {
      there.emplace(dir, number);
      Add(names, dir, number);
    } else {
      const bool may = names.MayHold(dir, SlotOf(number));
      ASSERT_TRUE(may || !there.contains({dir, number}));
      noes += !may;
    }
  }
  EXPECT_GT(noes, 1'000u);
}

}  // namespace
}  // namespace marcot::core

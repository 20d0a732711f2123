// A table of records beside a map: what it holds is what was set last, and it lets nothing go that
// it has room for.
#include "core/record_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace marcot::core {
namespace {

using Key = RecordTable::Key;

std::string Name(uint64_t number) { return "key " + std::to_string(number); }

TEST(RecordTableTest, NothingGoesWithinTheBudget) {
  constexpr uint64_t kKeys = 20'000;
  RecordTable table(16u << 20);
  std::mt19937_64 random(1);
  std::map<uint64_t, std::string> set;
  for (uint64_t step = 0; step < 4 * kKeys; ++step) {
    const uint64_t key = random() % kKeys;
    set[key] = std::string(random() % 100, static_cast<char>('a' + step % 26));
    table.Set(Key(Name(key)), set[key], step);
    ASSERT_EQ(table.Look(Key(Name(key)))->since, step);
  }
  for (const auto& [key, value] : set) {
    const auto* const found = table.Look(Key(Name(key)));
    ASSERT_NE(found, nullptr) << key;
    EXPECT_EQ(found->key(), Name(key));
    EXPECT_EQ(found->value(), value);
  }
  EXPECT_EQ(table.Look(Key(Name(kKeys))), nullptr);
}

// Every few steps something has to go, from lines that others have passed too.
TEST(RecordTableTest, WhatIsFoundIsWhatWasSetLast) {
  constexpr uint64_t kKeys = 2'000;
  constexpr uint64_t kSteps = 500'000;
  for (const size_t budget : {300, 4'000, 60'000}) {
    RecordTable table(budget);
    std::mt19937_64 random(budget);
    std::map<uint64_t, std::string> set;
    uint64_t found = 0, gone = 0;
    for (uint64_t step = 0; step < kSteps; ++step) {
      const uint64_t key = random() % (random() % 2 == 0 ? 10 : kKeys);
      if (random() % 2 == 0) {
        set[key] = std::string(random() % 40, static_cast<char>('a' + step % 26));
        table.Set(Key(Name(key)), set[key], step);
        ASSERT_NE(table.Look(Key(Name(key))), nullptr) << step;
      } else if (const auto* const record = table.Look(Key(Name(key))); record == nullptr) {
        gone += set.count(key);
      } else {
        ++found;
        ASSERT_EQ(record->value(), set.at(key)) << step;
      }
    }
    EXPECT_GT(found, kSteps / 1'000) << budget;
    EXPECT_GT(gone, kSteps / 1'000) << budget;
  }
}

// Lines stay evenly filled.
TEST(RecordTableTest, ASearchIsShortAfterScans) {
  const auto lines_of = [](RecordTable& table, uint64_t first, uint64_t end) {
    size_t sum = 0;
    for (uint64_t i = first; i < end; ++i) sum += table.LinesOf(Key(Name(i)));
    return static_cast<double>(sum) / static_cast<double>(end - first);
  };
  for (size_t budget = 50'000; budget < 1'000'000; budget += budget / 8) {
    RecordTable table(budget);
    const uint64_t scanned = budget / 4;  // some twenty budgets
    for (uint64_t i = 0; i < scanned; ++i) table.Set(Key(Name(i)), "value", i);
    EXPECT_LE(lines_of(table, scanned, 2 * scanned), 8) << budget;
    EXPECT_LE(lines_of(table, scanned - budget / 200, scanned), 3) << budget;
  }
}

TEST(RecordTableTest, AValueThatIsTooLongGoes) {
  RecordTable table(1'000);
  table.Set(Key("key"), "short", 1);
  table.Set(Key("other"), "short", 1);
  table.Set(Key("key"), std::string(2'000, 'v'), 2);
  EXPECT_EQ(table.Look(Key("key")), nullptr);
  EXPECT_NE(table.Look(Key("other")), nullptr);
}

// A scan of many budgets leaves what is looked up meanwhile.
TEST(RecordTableTest, WhatIsLookedUpStays) {
  RecordTable table(10'000);
  table.Set(Key("key"), "value", 1);
  for (uint64_t i = 0; i < 10'000; ++i) {
    table.Set(Key(Name(i)), "value", 1);
    ASSERT_NE(table.Look(Key("key")), nullptr) << i;
  }
  EXPECT_EQ(table.Look(Key(Name(0))), nullptr);
}

}  // namespace
}  // namespace marcot::core

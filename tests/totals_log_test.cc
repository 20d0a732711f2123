// Rows of the totals log: steps lead where whole totals would, and a row holds no more than it
// must.
#include "core/totals_log.h"

#include <gtest/gtest.h>

#include <random>

#include "core/totals_table.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

Totals RandomTotals(std::mt19937_64& random) {
  Totals totals;
  totals.bytes = random();
  totals.files = random() % 1'000;
  totals.directories = random() % 1'000;
  totals.child_files = random() % 100;
  totals.child_directories = random() % 100;
  totals.changed = random() % 1'000'000;
  totals.modified = random() % 1'000'000;
  totals.modification_time_ms = static_cast<int64_t>(random());
  totals.whiteouts = random() % 3;
  totals.account = random() % 2;
  return totals;
}

// What a commit as of `seq` may make of them.
Totals Changed(Totals totals, Seq seq, std::mt19937_64& random) {
  totals.changed = seq;
  totals.bytes += random() % 100 - 50;
  totals.files += random() % 3 - 1;
  if (random() % 3 == 0) {
    ++totals.child_files;
    totals.modified = seq - random() % 5;
    totals.modification_time_ms = static_cast<int64_t>(random());
  }
  if (random() % 10 == 0) ++totals.whiteouts;
  if (random() % 10 == 0) totals.limits.files = random() % 100;
  return totals;
}

TEST(TotalsLogTest, RowsLeadWhereTheTableIs) {
  std::mt19937_64 random(1);
  TotalsTable table(1 << 20);
  TotalsOfDirs expected, logged;
  std::vector<LoggedChange> changes;
  size_t steps = 0, wholes = 0;
  for (Seq seq = 1; seq <= 5'000; ++seq) {
    std::vector<TotalsChange> commit;
    for (DirId dir = 1 + random() % 3; dir < 40; dir += 1 + random() % 15) {
      std::optional<Totals>& totals = expected[dir];
      totals = random() % 50 == 0   ? std::nullopt
               : totals.has_value() ? std::optional(Changed(*totals, seq, random))
                                    : std::optional(RandomTotals(random));
      commit.emplace_back(dir, totals);
    }
    table.Write(commit, seq, &changes);
    if (seq % 500 == 0) {  // as a fold does: the row itself is not written
      table.Fold(seq);
      logged.clear();
      continue;
    }
    const LogRow row{seq, {.next_id = seq, .queue_head = seq / 2}, changes};
    const auto decoded = DecodeLogRow(EncodeLogRow(row));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->seq, seq);
    EXPECT_EQ(decoded->counters, row.counters);
    ASSERT_TRUE(Apply(*decoded, &logged).ok()) << seq;
    for (const auto& [dir, totals] : commit) ASSERT_EQ(logged.at(dir), totals) << seq;
    for (const LoggedChange& change : changes) {
      steps += std::holds_alternative<TotalsStep>(change.what) ? 1 : 0;
      wholes += std::holds_alternative<Totals>(change.what) ? 1 : 0;
    }
  }
  EXPECT_GT(steps, 5'000u);
  EXPECT_GT(wholes, 1'000u);
}

TEST(TotalsLogTest, WhatDirectoriesHaveInCommonIsWrittenOnce) {
  LogRow row{1'000'000, {.next_id = 1'000'000, .content_bytes = 1u << 30}, {}};
  const TotalsStep::Sums sums{4'096, 1, 0};
  row.changes.push_back(
      {1'000, TotalsStep{sums, row.seq, TotalsStep::Children{1, 0, 100, row.seq}}});
  const size_t one = EncodeLogRow(row).size();
  for (DirId dir = 1'001; dir < 1'006; ++dir) {
    row.changes.push_back({dir, TotalsStep{sums, row.seq, {}}});
  }
  EXPECT_EQ(EncodeLogRow(row).size(), one + 5 * 4);
  EXPECT_LT(EncodeLogRow(row).size(), 64u);
}

// Sums can be counted again, times cannot.
TEST(TotalsLogTest, WhereARowIsLostLaterOnesSayTheTimes) {
  Totals totals{.bytes = 1, .changed = 1, .modified = 1, .modification_time_ms = 1'000};
  TotalsOfDirs logged{{1, totals}};
  for (Seq seq = 2; seq < 5; ++seq) {
    const Totals before = totals;
    totals.bytes += 10;
    ++totals.child_files;
    totals.changed = totals.modified = seq;
    totals.modification_time_ms += 1'000'000;
    const auto step = StepBetween(before, totals);
    ASSERT_TRUE(step.has_value());
    const LogRow row{seq, {}, {{1, *step}}};
    const auto decoded = DecodeLogRow(EncodeLogRow(row));
    ASSERT_TRUE(decoded.ok());
    if (seq == 3) continue;
    ASSERT_TRUE(Apply(*decoded, &logged).ok());
  }
  const std::optional<Totals>& found = logged.at(1);
  EXPECT_EQ(found->modification_time_ms, totals.modification_time_ms);
  EXPECT_EQ(found->modified, totals.modified);
  EXPECT_EQ(found->changed, totals.changed);
  EXPECT_EQ(found->bytes, totals.bytes - 10);
}

TEST(TotalsLogTest, AStepFromNothingIsDamage) {
  TotalsOfDirs totals;
  const LogRow row{7, {}, {{1, TotalsStep{}}, {2, Totals{.bytes = 5}}}};
  EXPECT_EQ(CodeOf(Apply(row, &totals)), Code::kStoreDamaged);
  EXPECT_FALSE(totals.contains(1));
  EXPECT_EQ(totals.at(2), std::optional(Totals{.bytes = 5}));  // the rest of it holds
}

}  // namespace
}  // namespace marcot::core

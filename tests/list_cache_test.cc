// What a reader of one commit gets of a directory that was listed before: all its rows as they are
// at that commit, or nothing.
#include "core/list_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/dir_cursor.h"
#include "support/records_cursor.h"

namespace marcot::core {
namespace {

using storage::Cursor;
using storage::Range;

constexpr size_t kBudget = 4u << 20;
constexpr DirId kDir = 7;

std::string FileKey(DirId dir, const std::string& name) {
  return EntryKey(dir, Slot(kFileSlot, name));
}
std::string Begin(DirId dir) { return EntryKey(dir, SlotsBegin(kDirectorySlot)); }
std::string End(DirId dir) { return EntryKey(dir, SlotsEnd(kFileSlot)); }

Records FilesOf(DirId dir, size_t count, const std::string& value = "value") {
  Records records;
  for (size_t i = 0; i < count; ++i) records[FileKey(dir, "file " + std::to_string(i))] = value;
  return records;
}

Records Walk(Cursor& cursor, std::string_view from) {
  Records seen;
  for (cursor.Seek(from); cursor.Valid(); cursor.Next()) seen.emplace(cursor.key(), cursor.value());
  return seen;
}

void List(ListCache& cache, const Records& records, Seq as_of, DirId dir = kDir) {
  const std::string lower = Begin(dir), upper = End(dir);
  const auto cursor = cache.Kept(std::make_unique<RecordsCursor>(records, lower, upper),
                                 {.lower = lower, .upper = upper, .listed = true}, as_of);
  ASSERT_EQ(Walk(*cursor, lower), Records(records.lower_bound(lower), records.lower_bound(upper)));
}

std::optional<Records> Find(const ListCache& cache, Seq as_of, DirId dir = kDir) {
  const std::string lower = Begin(dir), upper = End(dir);
  const auto cursor = cache.NewCursor({lower, upper}, as_of);
  if (cursor == nullptr) return std::nullopt;
  return Walk(*cursor, lower);
}

TEST(ListCacheTest, AListIsKnownUntilAWrite) {
  const Records before = FilesOf(kDir, 100, "before"), after = FilesOf(kDir, 101, "after");
  ListCache cache(kBudget);
  EXPECT_EQ(Find(cache, 5), std::nullopt);
  List(cache, before, 5);
  for (const Seq as_of : {4, 5, 9}) EXPECT_EQ(Find(cache, as_of), before);
  cache.Write(kDir, 8);
  for (const Seq as_of : {7, 8, 9}) EXPECT_EQ(Find(cache, as_of), std::nullopt) << as_of;
  List(cache, before, 7);  // a slow reader
  for (const Seq as_of : {7, 8}) EXPECT_EQ(Find(cache, as_of), std::nullopt) << as_of;
  List(cache, after, 8);
  List(cache, before, 7);
  EXPECT_EQ(Find(cache, 7), std::nullopt);
  for (const Seq as_of : {8, 9}) EXPECT_EQ(Find(cache, as_of), after);
}

TEST(ListCacheTest, WhatIsWalkedOverOtherwiseIsNotKept) {
  const Records records = FilesOf(kDir, 10);
  const std::string lower = Begin(kDir), upper = End(kDir);
  ListCache cache(kBudget);
  Walk(*cache.Kept(std::make_unique<RecordsCursor>(records, lower, upper), {lower, upper}, 1),
       lower);
  EXPECT_EQ(Find(cache, 1), std::nullopt);
  EXPECT_EQ(cache.GetCounts().misses, 0u);
}

TEST(ListCacheTest, WritesOfOtherDirectoriesAreNothingToIt) {
  constexpr DirId kOthers = 10'000;
  const Records records = FilesOf(kDir, 100);
  ListCache cache(kBudget);
  List(cache, records, 5);
  for (DirId other = kDir + 1; other < kDir + kOthers; ++other) cache.Write(other, 6);
  EXPECT_EQ(Find(cache, 5), records);
  EXPECT_EQ(Find(cache, 6), records);
  EXPECT_EQ(Find(cache, 4), std::nullopt);  // one of them has its mark
}

TEST(ListCacheTest, OnlyWhatWasWalkedOverWhollyIsKept) {
  const Records records = FilesOf(kDir, 10);
  const std::string lower = Begin(kDir), upper = End(kDir), middle = FileKey(kDir, "file 5");
  ListCache cache(kBudget);
  const auto kept = [&](const std::string& from, const std::string& to,
                        absl::Status at_end = absl::OkStatus()) {
    return cache.Kept(std::make_unique<RecordsCursor>(records, from, to, std::move(at_end)),
                      {.lower = from, .upper = to, .listed = true}, 1);
  };
  Walk(*kept(lower, middle), lower);
  Walk(*kept(middle, upper), middle);
  Walk(*kept(lower, upper), middle);
  Walk(*kept(lower, upper, absl::DataLossError("a damaged block")), lower);
  auto cursor = kept(lower, upper);
  cursor->Seek(lower);
  cursor->Next();
  cursor->Prev();
  while (cursor->Valid()) cursor->Next();
  cursor = kept(lower, upper);
  cursor->Seek(lower);
  for (cursor->SeekForPrev(middle); cursor->Valid();) cursor->Next();
  EXPECT_EQ(Find(cache, 1), std::nullopt);
  EXPECT_EQ(Walk(*kept(lower, upper), lower), records);
  EXPECT_EQ(Find(cache, 1), records);
}

TEST(ListCacheTest, RangesOfOtherKindsAreNotAnswered) {
  ListCache cache(kBudget);
  List(cache, FilesOf(kDir, 10), 1);
  const std::string lower = Begin(kDir), upper = End(kDir);
  EXPECT_NE(cache.NewCursor({lower, upper}, 1), nullptr);
  EXPECT_EQ(cache.NewCursor({.lower = lower, .upper = upper, .sealed = true}, 1), nullptr);
  EXPECT_EQ(cache.NewCursor({lower, ""}, 1), nullptr);
  EXPECT_EQ(cache.NewCursor({"", upper}, 1), nullptr);
  EXPECT_EQ(cache.NewCursor({lower, End(kDir + 1)}, 1), nullptr);
  EXPECT_EQ(cache.NewCursor({EntryKey(kDir, AttributesSlot()), upper}, 1), nullptr);
}

TEST(ListCacheTest, ACursorMovesAsTheDatabasesDoes) {
  constexpr int kCursors = 3'000, kMoves = 30;
  std::mt19937_64 random(1);
  Records records;
  const auto slot = [&](uint64_t number) {
    return Slot(number % 2 == 0 ? kDirectorySlot : kFileSlot, std::to_string(number % 40));
  };
  for (uint64_t i = 0; i < 20; ++i) records[EntryKey(kDir, slot(random()))] = std::to_string(i);
  ListCache cache(kBudget);
  List(cache, records, 1);
  for (int i = 0; i < kCursors; ++i) {
    std::string lower = EntryKey(kDir, slot(random())), upper = EntryKey(kDir, slot(random()));
    if (i % 4 == 0) lower = Begin(kDir);
    if (i % 3 == 0) upper = End(kDir);
    if (upper < lower) std::swap(lower, upper);
    RecordsCursor expected(records, lower, upper);
    const auto found = cache.NewCursor({lower, upper}, 1);
    ASSERT_NE(found, nullptr);
    for (int move = 0; move < kMoves; ++move) {
      ASSERT_EQ(found->Valid(), expected.Valid());
      const std::string key = EntryKey(kDir, slot(random()));
      const uint64_t what = random() % 4;
      for (Cursor* const cursor : {static_cast<Cursor*>(&expected), found.get()}) {
        if (what == 0 || !cursor->Valid())
          cursor->Seek(key);
        else if (what == 1)
          cursor->SeekForPrev(key);
        else if (what == 2)
          cursor->Next();
        else
          cursor->Prev();
      }
      if (!expected.Valid()) continue;
      ASSERT_TRUE(found->Valid());
      ASSERT_EQ(found->key(), expected.key());
      ASSERT_EQ(found->value(), expected.value());
    }
  }
}

TEST(ListCacheTest, WhatIsTooLargeIsNotKept) {
  ListCache cache(kBudget), none(0);
  List(cache, FilesOf(kDir, 100'000), 1);
  EXPECT_EQ(Find(cache, 1), std::nullopt);
  List(none, FilesOf(kDir, 1), 1);
  EXPECT_EQ(Find(none, 1), std::nullopt);
}

TEST(ListCacheTest, WhatIsListedAgainStays) {
  constexpr DirId kOthers = 10'000;  // many budgets
  ListCache cache(kBudget);
  const Records records = FilesOf(kDir, 100);
  List(cache, records, 1);
  for (DirId other = kDir + 1; other < kDir + kOthers; ++other) {
    List(cache, FilesOf(other, 100), 1, other);
    ASSERT_EQ(Find(cache, 1), records) << other;
  }
  EXPECT_EQ(Find(cache, 1, kDir + 1), std::nullopt);
  EXPECT_GT(cache.GetCounts().hits, kOthers - 10);
  EXPECT_EQ(cache.GetCounts().misses, kOthers);
}

// A directory that is written and listed by turns takes its own room, not that of others.
TEST(ListCacheTest, WhatIsListedAnewGivesUpItsRoom) {
  constexpr Seq kRounds = 10'000;
  ListCache cache(kBudget);
  const DirId other = kDir + 16;  // of the same shard
  const Records records = FilesOf(other, 100);
  List(cache, records, 1, other);
  for (Seq seq = 2; seq < kRounds; ++seq) {
    cache.Write(kDir, seq);
    List(cache, FilesOf(kDir, 100), seq);
  }
  EXPECT_EQ(Find(cache, kRounds, other), records);
}

// Every other commit writes the directory. A reader that reads the database after it took a commit
// may see a later one.
TEST(ListCacheTest, ReadersSeeTheirOwnCommitBesideAWriter) {
  constexpr uint64_t kHits = 20'000;
  constexpr size_t kFiles = 3;
  const auto rows_of = [](Seq seq) { return FilesOf(kDir, kFiles, std::to_string(seq / 2)); };
  ListCache cache(kBudget);
  std::atomic<Seq> stored{0}, published{0};
  std::atomic<uint64_t> hits{0}, wrong{0};
  const auto read = [&] {
    while (hits < kHits) {
      const Seq as_of = published.load(std::memory_order_acquire);
      if (const auto found = Find(cache, as_of); found.has_value()) {
        ++hits;
        if (*found != rows_of(as_of)) ++wrong;
      } else {
        List(cache, rows_of(stored.load(std::memory_order_acquire)), as_of);
      }
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  for (Seq seq = 1; hits < kHits; ++seq) {
    if (seq % 2 == 0) cache.Write(kDir, seq);
    stored.store(seq, std::memory_order_release);
    published.store(seq, std::memory_order_release);
    std::this_thread::yield();
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace marcot::core

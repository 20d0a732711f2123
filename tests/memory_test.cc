// What a store keeps in memory beside what it may: its caches while a million names pass through,
// its iterators, and the whole of a small store. Counted at malloc, so under a sanitizer, which has
// one of its own, nothing is seen.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/dir_cursor.h"
#include "core/list_cache.h"
#include "core/name_filter.h"
#include "core/record_cache.h"
#include "core/totals_table.h"
#include "storage_rocksdb/rocksdb_storage.h"
#include "support/records_cursor.h"
#include "support/temp_store.h"

namespace marcot {
namespace {

constexpr uint64_t kNames = 1'000'000;
constexpr uint64_t kLookEvery = 1'024;
constexpr size_t kMiB = 1u << 20;
constexpr size_t kBudget = 4 * kMiB;
// A table that grows is there twice for a moment, and how full it is depends on the budget.
constexpr size_t kMost = kBudget + kBudget / 5;

size_t HeapBytes() {
  const struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
}

// The most that was in use, above what was when it was made.
class HighWater {
 public:
  void Look() { most_ = std::max(most_, HeapBytes()); }
  size_t grown() {
    Look();
    return most_ - before_;
  }

 private:
  const size_t before_ = HeapBytes();
  size_t most_ = before_;
};

// ---- the caches --------------------------------------------------------------------------------

TEST(MemoryTest, RecordsKeepWithinTheirBudget) {
  for (const size_t value_bytes : {0, 20, 60, 400}) {
    HighWater memory;
    core::RecordCache cache(kBudget);
    const std::string value(value_bytes, 'v');
    std::string found;
    for (uint64_t i = 0; i < kNames; ++i) {
      const std::string key = core::EntryKey(i / 100, "file-" + std::to_string(i % 100));
      if (i % 2 == 0) {
        cache.Offer(key, value, i);
      } else {
        cache.Write(key, value, i, true);
      }
      cache.Get(core::EntryKey(i / 300, "file-7"), i, &found);
      if (i % kLookEvery == 0) memory.Look();
    }
    EXPECT_LE(memory.grown(), kMost) << value_bytes;
    EXPECT_GT(cache.GetCounts().hits, kNames / 1'000);
  }
}

TEST(MemoryTest, RecordsThatShrinkKeepWithinTheirBudget) {
  HighWater memory;
  core::RecordCache cache(kBudget);
  for (uint64_t i = 0; i < kNames / 10; ++i) {
    const std::string key = core::EntryKey(i, "name");
    for (size_t bytes = 1'000; bytes > 0; bytes /= 2) {
      cache.Write(key, std::string(bytes, 'v'), i, true);
    }
    if (i % kLookEvery == 0) memory.Look();
  }
  EXPECT_LE(memory.grown(), kMost);
}

TEST(MemoryTest, ListsKeepWithinTheirBudget) {
  for (const uint64_t files : {1, 10, 400}) {
    HighWater memory;
    core::ListCache cache(kBudget);
    for (uint64_t dir = 1; dir < kNames / (files * 4); ++dir) {
      const std::string lower = core::EntryKey(dir, core::SlotsBegin(core::kDirectorySlot));
      const std::string upper = core::EntryKey(dir, core::SlotsEnd(core::kFileSlot));
      Records records;
      for (uint64_t i = 0; i < files; ++i) {
        records[core::EntryKey(dir, core::Slot(core::kFileSlot, std::to_string(i)))] = "value";
      }
      auto cursor = cache.Kept(std::make_unique<RecordsCursor>(records, lower, upper),
                               {.lower = lower, .upper = upper, .listed = true}, dir);
      for (cursor->Seek(lower); cursor->Valid();) cursor->Next();
      cursor.reset();
      EXPECT_NE(cache.NewCursor({lower, upper}, dir), nullptr);
      if (dir % 64 == 0) memory.Look();
    }
    EXPECT_LE(memory.grown(), kMost) << files;
  }
}

TEST(MemoryTest, NamesKeepWithinTheirBudget) {
  for (const uint64_t per_directory : {1, 4, 100, 100'000}) {
    HighWater memory;
    core::NameFilter names(kBudget);
    for (uint64_t i = 0; i < kNames; ++i) {
      if (i % per_directory == 0) names.Begin(i / per_directory, true);
      names.Add(core::EntryKey(i / per_directory, std::to_string(i)));
      if (i % kLookEvery == 0) memory.Look();
    }
    EXPECT_LE(memory.grown(), kMost) << per_directory;
  }
}

// Of a store that is only read nothing is folded.
TEST(MemoryTest, TotalsKeepWithinTheirBudget) {
  for (const bool folds : {true, false}) {
    HighWater memory;
    core::TotalsTable table(kBudget);
    for (uint64_t i = 1; i <= kNames; ++i) {
      table.Offer(i, {}, i);
      if (folds && i % core::kLogRows == 0) table.Fold(i);
      if (i % kLookEvery == 0) memory.Look();
    }
    EXPECT_LE(memory.grown(), kMost) << folds;
  }
}

TEST(MemoryTest, ManyChangedTotalsAreFolded) {
  HighWater memory;
  core::TotalsTable table(kBudget);
  std::vector<core::LoggedChange> logged;
  uint64_t folds = 0;
  for (uint64_t i = 1; i <= kNames; ++i) {
    if (table.Write({{i, core::Totals{}}}, i, &logged)) {
      table.Fold(i);
      ++folds;
    }
    if (i % kLookEvery == 0) memory.Look();
  }
  EXPECT_LE(memory.grown(), 2 * kMost);  // those that are folded are counted twice meanwhile
  EXPECT_GT(folds, 0u);
  EXPECT_LT(folds, kNames / core::kLogRows);
}

// ---- iterators ---------------------------------------------------------------------------------

void PutRows(storage::Storage& storage, uint64_t first, uint64_t end) {
  const auto batch = storage.NewBatch();
  for (uint64_t i = first; i < end; ++i) {
    batch->Put(storage::Family::kEntries, core::IdKey(i), std::string(60, 'v') + std::to_string(i));
  }
  ASSERT_TRUE(storage.Write(*batch, false).ok());
}

// Their blocks are the cache's, and of those they stand on there may be more than it holds; beside
// them a cursor has little, and reads nothing ahead.
TEST(MemoryTest, ACursorHoldsItsBlocksAndLittleElse) {
  constexpr uint64_t kRows = 300'000, kCursors = 1'000, kSteps = 200;
  constexpr size_t kBytesPerCursor = 16 * 1024;
  const storage::RocksdbOptions options{
      .create_if_missing = true, .block_cache_bytes = kBudget, .memtable_bytes = kMiB};
  const testing::TempFolder folder;
  const std::string store = (folder.path() / "store").string();
  {
    const auto storage = storage::OpenRocksdb(store, options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    for (uint64_t i = 0; i < kRows; i += 1'000) PutRows(**storage, i, i + 1'000);
  }
  const auto storage = storage::OpenRocksdb(store, options);
  ASSERT_TRUE(storage.ok()) << storage.status();
  HighWater memory;
  std::mt19937_64 random(1);
  std::vector<std::unique_ptr<storage::Cursor>> cursors;
  for (uint64_t i = 0; i < kCursors; ++i) {
    cursors.push_back((*storage)->NewCursor(storage::Family::kEntries, {}, nullptr));
    cursors.back()->Seek(core::IdKey(random() % (kRows - kSteps)));
    for (uint64_t step = 0; step < kSteps; ++step) cursors.back()->Next();
    ASSERT_TRUE(cursors.back()->Valid()) << cursors.back()->status();
    memory.Look();
  }
  EXPECT_LE(memory.grown(), kBudget + kCursors * kBytesPerCursor);
  cursors.clear();
  (*storage)->NewCursor(storage::Family::kEntries, {}, nullptr)->Seek("");
  EXPECT_LE((*storage)->GetFigures().block_cache_bytes, kBudget);
}

// ---- a store -----------------------------------------------------------------------------------

// Directories of nine files, in batches of 1,000 items.
void MakeFiles(Store& store, const Space& space, uint64_t directories, HighWater* memory) {
  std::vector<BatchItem> items;
  for (uint64_t i = 0; i < directories; ++i) {
    const std::string directory = "d" + std::to_string(i);
    items.push_back({.kind = BatchItem::Kind::kMakeDirectory, .space = space, .path = directory});
    for (uint64_t k = 1; k < 10; ++k) {
      items.push_back({.kind = BatchItem::Kind::kPutReference,
                       .space = space,
                       .path = directory + "/f" + std::to_string(k),
                       .content = {{i + 1, k}, 5, true}});
    }
    if (items.size() < kMaxBatchItems) continue;
    ASSERT_TRUE(store.RunAtomically(items).ok());
    items.clear();
    memory->Look();
  }
}

// What does not depend on the budget: walks, nodes and totals of the leader, a batch, RocksDB's
// own.
TEST(MemoryTest, AStoreKeepsWithinItsBudget) {
  constexpr uint64_t kDirectories = 30'000, kReads = 60'000;
  constexpr size_t kBeside = 8 * kMiB;
  StoreOptions options;
  options.create_if_missing = true;
  options.memory_bytes = 16 * kMiB;
  options.background_reclaim = false;
  HighWater memory;
  const testing::TempStore store(options);
  const Space space = store.OpenSpace();
  MakeFiles(*store, space, kDirectories, &memory);
  std::mt19937_64 random(1);
  for (uint64_t i = 0; i < kReads; ++i) {
    const std::string directory = "d" + std::to_string(random() % kDirectories);
    ASSERT_TRUE(space.List(directory).ok());
    ASSERT_TRUE(space.GetStat(directory + "/f" + std::to_string(1 + random() % 9)).ok());
    ASSERT_TRUE(space.GetStat(directory).ok());
    if (i % kLookEvery == 0) memory.Look();
  }
  EXPECT_LE(memory.grown(), options.memory_bytes + kBeside);
}

}  // namespace
}  // namespace marcot

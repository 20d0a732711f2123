// What a reader of one commit gets from a record cache, by the shards or by the copies of its
// thread: the value of that commit, or nothing.
#include "core/record_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace marcot::core {
namespace {

constexpr size_t kBudget = 4u << 20;

std::string KeyOf(uint64_t number) { return EntryKey(number, "name"); }
std::string ValueOf(uint64_t number) { return "value " + std::to_string(number); }

std::optional<std::string> Find(RecordCache& cache, std::string_view key, Seq as_of) {
  std::string value;
  if (!cache.Get(key, as_of, &value)) return std::nullopt;
  return value;
}

// A second look finds the copy that the first one made.
void ExpectTwice(RecordCache& cache, std::string_view key, Seq as_of,
                 const std::optional<std::string>& value) {
  EXPECT_EQ(Find(cache, key, as_of), value) << as_of;
  EXPECT_EQ(Find(cache, key, as_of), value) << as_of;
}

TEST(RecordCacheTest, AWriteIsSeenByReadersOfItsCommitAndHidesWhatWasBefore) {
  RecordCache cache(kBudget);
  cache.Offer("key", "old", 5);
  ExpectTwice(cache, "key", 7, "old");
  ExpectTwice(cache, "key", 4, std::nullopt);
  cache.Write("key", "new", 8, false);
  ExpectTwice(cache, "key", 7, std::nullopt);
  ExpectTwice(cache, "key", 8, "new");
  ExpectTwice(cache, "key", 7, std::nullopt);
  cache.Write("key", "", 9, false);
  ExpectTwice(cache, "key", 8, std::nullopt);
  ExpectTwice(cache, "key", 9, "");
}

TEST(RecordCacheTest, AnotherThreadsWriteIsSeen) {
  RecordCache cache(kBudget);
  cache.Offer("key", "old", 1);
  ExpectTwice(cache, "key", 1, "old");
  std::thread([&] { cache.Write("key", "new", 2, false); }).join();
  ExpectTwice(cache, "key", 2, "new");
}

// A host's object of a thread, made before the thread's first look, is destroyed after its copies.
TEST(RecordCacheTest, AThreadMayLookAtItsVeryEnd) {
  RecordCache cache(kBudget);
  cache.Offer("key", "value", 1);
  std::atomic<int> found{0};
  struct Host {
    RecordCache* cache;
    std::atomic<int>* found;
    ~Host() {
      for (int i = 0; i < 2; ++i) *found += Find(*cache, "key", 1) == "value" ? 1 : 0;
    }
  };
  std::thread([&] {
    static thread_local Host host{&cache, &found};
    ExpectTwice(*host.cache, "key", 1, "value");
  }).join();
  EXPECT_EQ(found, 2);
}

TEST(RecordCacheTest, WhatIsReadBeforeAWriteIsNotOfferedAfterIt) {
  RecordCache cache(kBudget);
  cache.Write("key", "new", 8, false);
  cache.Offer("key", "old", 7);
  ExpectTwice(cache, "key", 8, std::nullopt);
  cache.Offer("key", "new", 8);
  ExpectTwice(cache, "key", 8, "new");
}

// More caches than a thread has slots, one where another was before.
TEST(RecordCacheTest, CachesKnowNothingOfEachOther) {
  constexpr uint64_t kCaches = 300;
  RecordCache first(kBudget);
  first.Offer("key", "first", 1);
  for (uint64_t i = 0; i < kCaches; ++i) {
    RecordCache cache(kBudget);
    ExpectTwice(cache, "key", 1, std::nullopt);
    cache.Offer("key", ValueOf(i), 1);
    ExpectTwice(cache, "key", 1, ValueOf(i));
    ExpectTwice(first, "key", 1, "first");
  }
}

TEST(RecordCacheTest, WithoutABudgetNothingIsKept) {
  RecordCache cache(0);
  cache.Offer("key", "value", 1);
  ExpectTwice(cache, "key", 1, std::nullopt);
  cache.Write("key", "value", 2, true);
  ExpectTwice(cache, "key", 2, std::nullopt);
}

TEST(RecordCacheTest, LongRecordsAndShortOnes) {
  RecordCache cache(kBudget);
  for (size_t bytes = 0; bytes < 400; ++bytes) {
    const std::string key = KeyOf(bytes), value(bytes, 'v');
    cache.Offer(key, value, 1);
    ExpectTwice(cache, key, 1, value);
  }
}

TEST(RecordCacheTest, WhatIsLookedUpAgainStays) {
  constexpr uint64_t kOthers = 50'000;  // many budgets
  const std::string value(400, 'v');    // too long for a copy
  RecordCache cache(kBudget);
  cache.Offer("key", value, 1);
  for (uint64_t i = 0; i < kOthers; ++i) {
    cache.Offer(KeyOf(i), value, 1);
    ASSERT_EQ(Find(cache, "key", 1), value) << i;
  }
  EXPECT_EQ(Find(cache, KeyOf(0), 1), std::nullopt);
}

TEST(RecordCacheTest, AllLooksAreCountedButForTheLatest) {
  constexpr uint64_t kLooks = 1'000, kLatest = 64;
  RecordCache cache(kBudget);
  cache.Offer("key", "value", 1);
  for (uint64_t i = 0; i < kLooks; ++i) {
    Find(cache, "key", 1);
    Find(cache, "absent", 1);
  }
  EXPECT_GT(cache.GetCounts().hits, kLooks - kLatest);
  EXPECT_LE(cache.GetCounts().hits, kLooks);
  EXPECT_EQ(cache.GetCounts().misses, kLooks);
}

// Looks at every commit between its writes, too, and at those before it.
TEST(RecordCacheTest, RandomWritesAndLooks) {
  constexpr uint64_t kKeys = 3'000;  // some share a stripe
  constexpr int kSteps = 300'000;
  std::mt19937_64 random(1);
  RecordCache cache(kBudget);
  std::map<uint64_t, std::map<Seq, std::string>> written;  // by key, of each commit that wrote it
  const auto value_at = [&](uint64_t key, Seq seq) {
    const auto& values = written[key];
    const auto next = values.upper_bound(seq);
    return next == values.begin() ? std::string() : std::prev(next)->second;
  };
  Seq published = 1;
  uint64_t hits = 0;
  for (int step = 0; step < kSteps; ++step) {
    // Half of all looks and writes are at a few keys.
    const uint64_t key = random() % (random() % 2 == 0 ? 20 : kKeys);
    const Seq as_of = published - random() % std::min<Seq>(published, 3);
    switch (random() % 8) {
      case 0:
        written[key][published + 1] = ValueOf(static_cast<uint64_t>(step));
        cache.Write(KeyOf(key), ValueOf(static_cast<uint64_t>(step)), published + 1,
                    random() % 2 == 0);
        break;
      case 1:
        cache.Offer(KeyOf(key), value_at(key, as_of), as_of);
        break;
      case 2:
        if (random() % 4 == 0) ++published;
        break;
      default:
        if (const auto found = Find(cache, KeyOf(key), as_of); found.has_value()) {
          ++hits;
          ASSERT_EQ(*found, value_at(key, as_of)) << "key " << key << " at " << as_of;
        }
    }
  }
  EXPECT_GT(hits, static_cast<uint64_t>(kSteps) / 10);
}

// Each commit writes all keys; a reader that finds one finds the value of its own commit. The
// values are short enough for copies, or too long.
class RecordCacheBesideAWriterTest : public ::testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(ValueBytes, RecordCacheBesideAWriterTest, ::testing::Values(10, 2'000));

TEST_P(RecordCacheBesideAWriterTest, ReadersSeeTheirOwnCommit) {
  constexpr uint64_t kKeys = 8;
  constexpr Seq kCommits = 20'000;
  const auto value_of = [](Seq seq) {
    std::string value;
    while (value.size() < GetParam()) value += std::to_string(seq) + " ";
    return value;
  };
  RecordCache cache(kBudget);
  std::atomic<Seq> published{0};
  std::atomic<uint64_t> hits{0}, wrong{0};
  const auto read = [&] {
    for (Seq as_of = 0; as_of < kCommits;) {
      as_of = published.load(std::memory_order_acquire);
      for (uint64_t key = 0; key < kKeys; ++key) {
        const auto found = Find(cache, KeyOf(key), as_of);
        if (!found.has_value()) continue;
        ++hits;
        if (*found != value_of(as_of)) ++wrong;
      }
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  for (Seq seq = 1; seq <= kCommits; ++seq) {
    const std::string value = value_of(seq);
    for (uint64_t key = 0; key < kKeys; ++key) cache.Write(KeyOf(key), value, seq, true);
    published.store(seq, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(hits, 0u);
}

}  // namespace
}  // namespace marcot::core

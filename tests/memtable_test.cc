// The skip list of the memtable against a sorted set, the filter in front of it, and the readers of
// both beside the writer.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rocksdb/db.h"
#include "storage_rocksdb/key_filter.h"
#include "storage_rocksdb/memtable.h"
#include "storage_rocksdb/skip_list.h"
#include "support/temp_store.h"

namespace marcot::storage {
namespace {

using Node = SkipList::Node;

std::string InternalKeyBytes(std::string_view user_key, uint64_t tag) {
  std::string bytes(user_key);
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(tag >> shift);
  return bytes;
}

std::string Entry(std::string_view user_key, uint64_t tag) {
  const std::string key = InternalKeyBytes(user_key, tag);
  std::string entry;
  size_t size = key.size();
  for (; size >= 0x80; size >>= 7) entry += static_cast<char>((size & 0x7f) | 0x80);
  entry += static_cast<char>(size);
  return entry + key;
}

// User keys up, tags down.
struct Order {
  bool operator()(const std::pair<std::string, uint64_t>& a,
                  const std::pair<std::string, uint64_t>& b) const {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  }
};
using Set = std::set<std::pair<std::string, uint64_t>, Order>;

class List {
 public:
  List() : list_(MakeNode(SkipList::kMaxHeight, 0)) {}

  void Insert(const std::string& user_key, uint64_t tag) {
    const std::string entry = Entry(user_key, tag);
    Node* const node = MakeNode(list_.RandomHeight(), entry.size());
    std::copy(entry.begin(), entry.end(), node->entry());
    list_.Insert(node);
  }
  const SkipList& operator*() const { return list_; }

 private:
  Node* MakeNode(int height, size_t bytes) {
    memory_.push_back(std::make_unique<uint64_t[]>((Node::HeadBytes(height) + bytes + 7) / 8));
    return Node::Make(reinterpret_cast<char*>(memory_.back().get()), height);
  }

  std::deque<std::unique_ptr<uint64_t[]>> memory_;
  SkipList list_;
};

void ExpectAt(const Node* node, Set::const_iterator expected, const Set& set) {
  ASSERT_EQ(node == nullptr, expected == set.end());
  if (node == nullptr) return;
  const std::string entry = Entry(expected->first, expected->second);
  EXPECT_EQ(std::string(node->entry(), entry.size()), entry);
}

void ExpectSame(const List& list, const Set& set) {
  const Node* node = (*list).First();
  for (auto expected = set.begin(); expected != set.end(); ++expected) {
    ExpectAt(node, expected, set);
    ASSERT_FALSE(::testing::Test::HasFailure());
    node = node->next();
  }
  EXPECT_EQ(node, nullptr);
  ExpectAt((*list).Last(), set.empty() ? set.end() : std::prev(set.end()), set);
}

// Keys of all lengths, near each other and far apart, whole keys that others begin with, and
// several versions of one.
std::string RandomKey(std::mt19937_64& random) {
  static constexpr size_t kSizes[] = {0, 1, 7, 8, 9, 20, 118, 119, 120, 300, 20'000};
  std::string key(kSizes[random() % std::size(kSizes)], 'a');
  for (size_t i = 0; i < key.size() && i < 12; ++i) key[i] = static_cast<char>(random() % 3 + 254);
  return key;
}

TEST(SkipListTest, HoldsWhatASortedSetHolds) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    List list;
    Set set;
    ExpectSame(list, set);
    for (uint64_t tag = 1; tag <= 1'000; ++tag) {
      const std::string key = RandomKey(random);
      list.Insert(key, tag);
      set.emplace(key, tag);
      const std::pair<std::string, uint64_t> sought(RandomKey(random), random() % 1'000);
      const std::string bytes = InternalKeyBytes(sought.first, sought.second);
      const auto at = set.lower_bound(sought);
      ExpectAt((*list).FirstNotBefore(InternalKey(bytes)), at, set);
      ExpectAt((*list).LastBefore(InternalKey(bytes)),
               at == set.begin() ? set.end() : std::prev(at), set);
    }
    ExpectSame(list, set);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

std::string Number(uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

// As writers in several directories do, with fingers that are far behind: files of one directory
// rarely, of the one before it often.
TEST(SkipListTest, DirectoriesByTurns) {
  std::mt19937_64 random(1);
  List list;
  Set set;
  uint64_t tag = 0;
  std::vector<uint64_t> files(300);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t directory = random() % 50 == 0 ? random() % files.size() : 100 + random() % 2;
    const std::string key = Number(directory) + Number(++files[directory]);
    list.Insert(key, ++tag);
    set.emplace(key, tag);
  }
  ExpectSame(list, set);
}

// What a reader finds is in order, and all that was there before it began.
TEST(SkipListTest, ReadersBesideTheWriter) {
  constexpr uint64_t kEntries = 30'000;
  List list;
  std::atomic<uint64_t> inserted{0};
  std::vector<std::thread> readers;
  std::atomic<int> failures{0};
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (uint64_t before = 0; before < kEntries;) {
        before = inserted.load(std::memory_order_acquire);
        uint64_t count = 0;
        const Node* last = nullptr;
        for (const Node* at = (*list).First(); at != nullptr; at = at->next(), ++count) {
          const InternalKey key = InternalKey::Of(at->entry());
          if (last != nullptr && !InternalKey::Of(last->entry()).Before(key)) ++failures;
          if (count % 256 == 0 && (*list).FirstNotBefore(key) != at) ++failures;
          if (count % 256 == 0 && (*list).LastBefore(key) == at) ++failures;
          last = at;
        }
        if (count < before) ++failures;
      }
    });
  }
  std::mt19937_64 random(1);
  for (uint64_t tag = 1; tag <= kEntries; ++tag) {
    list.Insert(Number(random() % 100) + Number(tag), tag);
    inserted.store(tag, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failures, 0);
}

class FilterUnderTest {
 public:
  explicit FilterUnderTest(size_t lines) : memory_(lines), filter_(memory_.data(), lines) {}
  KeyFilter& operator*() { return filter_; }

 private:
  std::vector<KeyFilter::Line> memory_;
  KeyFilter filter_;
};

// Hashes all of whose bits are random.
std::vector<uint64_t> Hashes(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> hashes(count);
  for (uint64_t& hash : hashes) hash = random();
  return hashes;
}

// With eight bits a key: those it holds, and few others.
TEST(KeyFilterTest, HoldsWhatWasAdded) {
  constexpr size_t kLines = 1'000, kKeys = 64 * kLines;
  FilterUnderTest filter(kLines);
  const std::vector<uint64_t> held = Hashes(kKeys, 1), others = Hashes(kKeys, 2);
  EXPECT_FALSE((*filter).MayHold(held.front()));
  for (size_t i = 0; i < kKeys; ++i) {
    (*filter).Add(held[i]);
    ASSERT_TRUE((*filter).MayHold(held[i])) << i;
  }
  for (const uint64_t hash : held) ASSERT_TRUE((*filter).MayHold(hash)) << hash;
  size_t wrong = 0;
  for (const uint64_t hash : others) wrong += (*filter).MayHold(hash) ? 1 : 0;
  EXPECT_LT(wrong, kKeys / 20);
}

TEST(KeyFilterTest, OfOneLine) {
  FilterUnderTest filter(1);
  const std::vector<uint64_t> held = Hashes(40, 1), others = Hashes(1'000, 2);
  for (const uint64_t hash : held) (*filter).Add(hash);
  for (const uint64_t hash : held) EXPECT_TRUE((*filter).MayHold(hash));
  size_t wrong = 0;
  for (const uint64_t hash : others) wrong += (*filter).MayHold(hash) ? 1 : 0;
  EXPECT_LT(wrong, others.size() / 2);
}

// A reader looks for what was added last, which moves from the pending ones into the lines.
TEST(KeyFilterTest, ReadersBesideTheWriter) {
  const std::vector<uint64_t> held = Hashes(200'000, 1);
  FilterUnderTest filter(4'000);
  std::atomic<size_t> added = 0, missed = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (size_t count = 0; count < held.size();) {
        count = added.load(std::memory_order_acquire);
        for (size_t back = 1; back <= std::min<size_t>(count, 12); ++back) {
          if (!(*filter).MayHold(held[count - back])) ++missed;
        }
      }
    });
  }
  for (size_t i = 0; i < held.size(); ++i) {
    (*filter).Add(held[i]);
    added.store(i + 1, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(missed, 0);
}

std::unique_ptr<rocksdb::DB> OpenDatabase(const testing::TempFolder& folder, size_t filter_bytes) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.allow_concurrent_memtable_write = false;
  options.memtable_factory = MemtableFactory(filter_bytes);
  rocksdb::DB* db = nullptr;
  const bool ok = rocksdb::DB::Open(options, (folder.path() / "db").string(), &db).ok();
  return std::unique_ptr<rocksdb::DB>(ok ? db : nullptr);
}

// With filters of so many bytes: none, less than a line, one line, and many.
class MemtableOfFilterTest : public ::testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Sizes, MemtableOfFilterTest, ::testing::Values(0, 63, 64, 64 << 10));

// RocksDB reads through it: versions of a key, deletions, both directions, and whoever began
// before.
TEST_P(MemtableOfFilterTest, UnderADatabase) {
  const testing::TempFolder folder;
  const std::unique_ptr<rocksdb::DB> db = OpenDatabase(folder, GetParam());
  ASSERT_NE(db, nullptr);
  std::mt19937_64 random(1);
  std::map<std::string, std::string> expected, held;
  const rocksdb::Snapshot* snapshot = nullptr;
  for (int i = 0; i < 5'000; ++i) {
    const std::string key = Number(random() % 700);
    if (random() % 3 == 0) {
      ASSERT_TRUE(db->Delete({}, key).ok());
      expected.erase(key);
    } else {
      expected[key] = std::to_string(i);
      ASSERT_TRUE(db->Put({}, key, expected[key]).ok());
    }
    if (i == 2'500) {
      snapshot = db->GetSnapshot();
      held = expected;
    }
  }
  const auto expect = [&](const std::map<std::string, std::string>& all,
                          const rocksdb::Snapshot* of) {
    rocksdb::ReadOptions read;
    read.snapshot = of;
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(read));
    std::map<std::string, std::string> up, down, got;
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      up[at->key().ToString()] = at->value().ToString();
    }
    for (at->SeekToLast(); at->Valid(); at->Prev()) {
      down[at->key().ToString()] = at->value().ToString();
    }
    for (uint64_t number = 0; number < 700; ++number) {
      std::string value;
      if (db->Get(read, Number(number), &value).ok()) got[Number(number)] = value;
      at->SeekForPrev(Number(number));
      const auto behind = all.upper_bound(Number(number));
      ASSERT_EQ(at->Valid(), behind != all.begin());
      if (at->Valid()) {
        EXPECT_EQ(at->key().ToString(), std::prev(behind)->first);
      }
    }
    EXPECT_EQ(up, all);
    EXPECT_EQ(down, all);
    EXPECT_EQ(got, all);
  };
  expect(expected, nullptr);
  expect(held, snapshot);
  db->ReleaseSnapshot(snapshot);
  ASSERT_TRUE(db->Flush({}).ok());
  expect(expected, nullptr);
  ASSERT_TRUE(db->Close().ok());
}

// RocksDB's function for it never frees the iterator that it asks for.
TEST(MemtableTest, LookUpsKeepNoMemory) {
  const testing::TempFolder folder;
  const std::unique_ptr<rocksdb::DB> db = OpenDatabase(folder, 64 << 10);
  ASSERT_NE(db, nullptr);
  ASSERT_TRUE(db->Put({}, "key", "value").ok());
  std::string value;
  ASSERT_TRUE(db->Get({}, "key", &value).ok());
  const size_t before = mallinfo2().uordblks;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(db->Get({}, "key", &value).ok());
  EXPECT_LT(mallinfo2().uordblks, before + (64u << 10));
}

}  // namespace
}  // namespace marcot::storage

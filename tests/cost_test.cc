// Cost by counting: the records that an operation reads and writes, and the steps that RocksDB's
// own iterators take inside, do not depend on how much lies below a directory, on how many copies
// there are, or on which page of a list it is. No clock.
#include "pch/test_pch.h"

#include <cstdlib>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "core/dir_diff.h"
#include "operations/diff.h"
#include "operations/engine.h"
#include "operations/read.h"
#include "operations/search.h"
#include "operations/spaces.h"
#include "storage_rocksdb/rocksdb_storage.h"
#include "support/counted_engine.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

using operations::Operation;

// Reads the differences of two directories; answers what that costs.
Cost CostOfDiff(CountedEngine& store, const std::string& before, const std::string& after,
                size_t expected) {
  size_t differences = 0;
  const Cost cost = store.CostOf([&] {
    core::ReadView view = store.View();
    const auto left = operations::EntryOf(view, store.root(), Split(before));
    const auto right = operations::EntryOf(view, store.root(), Split(after));
    const auto count = [&differences](const Difference&) { return ++differences > 0; };
    ASSERT_TRUE(operations::DiffDirectories(view, *left, *right, count).ok());
  });
  EXPECT_EQ(differences, expected) << before << " and " << after;
  return cost;
}

// What each operation of the contract's cost table costs with that many files below.
std::map<std::string, Cost> CostsWith(uint64_t files, bool searched = false) {
  CountedEngine store;
  std::map<std::string, Cost> costs;
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "a/top"));
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "b"));
  Fill(store, "a/top", files);
  if (searched) {
    store.engine().SuggestSummaries(store.root().dir, {});
    while (*store.engine().Reclaim(1000)) {
    }
  }
  using Kind = Operation::Kind;
  costs["1 first copy"] = store.CostOf(store.Transfer(Kind::kCopy, "a/top", "b/copy"));
  costs["2 second copy"] = store.CostOf(store.Transfer(Kind::kCopy, "a/top", "b/copy"));
  costs["3 first write inside the copy"] = store.CostOf(store.Put("b/copy/0/0/new"));
  costs["diff of a modified copy"] = CostOfDiff(store, "a/top", "b/copy", 1);
  costs["4 first write inside the source"] = store.CostOf(store.Put("a/top/0/0/new"));
  costs["diff of a copy and its modified source"] = CostOfDiff(store, "a/top", "b/copy (1)", 1);
  costs["5 copy of a modified copy"] =
      store.CostOf(store.Transfer(Kind::kCopy, "b/copy", "b/again"));
  costs["6 move"] = store.CostOf(store.Transfer(Kind::kMove, "a/top", "b/moved"));
  costs["7 totals"] = store.CostOf([&] {
    core::ReadView view = store.View();
    const auto entry = operations::EntryOf(view, store.root(), {"b", "copy"});
    ASSERT_EQ(operations::StatOf(view, *entry, "copy")->totals.files, files + 1);
  });
  costs["8 delete"] = store.CostOf(store.Make(Kind::kDelete, "b/moved"));
  costs["9 delete of a copy"] = store.CostOf(store.Make(Kind::kDelete, "b/copy"));
  store.TurnBinOn();
  // The first makes the bin, or the tree of the snapshots.
  store.Run(store.Make(Kind::kDelete, "b/copy (1)"));
  store.Run(store.Snapshot("b", "first"));
  costs["recycle"] = store.CostOf(store.Make(Kind::kDelete, "b/again"));
  costs["restore"] = store.CostOf(store.Restore("b/again", store.newest()));
  costs["named snapshot"] = store.CostOf(store.Snapshot("b/again", "second"));
  return costs;
}

TEST(CostTest, IsTheSameForTenAndForAMillionFiles) {
  const auto small = CostsWith(10);
  const auto large = CostsWith(1'000'000);
  for (const auto& [what, cost] : small) {
    EXPECT_EQ(cost, large.at(what)) << what;
    std::cout << what << ": " << cost << "\n";
    EXPECT_LE(cost.counts.puts + cost.counts.deletes, 20u) << what;
  }
}

TEST(CostTest, ADiffPassesOverWhatIsShared) {
  constexpr uint64_t kFiles = 100'000;
  CountedEngine store;
  Fill(store, "source", kFiles);
  store.Run(store.Transfer(Operation::Kind::kCopy, "source", "copy"));
  EXPECT_LE(CostOfDiff(store, "source", "copy", 0).counts.steps, 2u);
  store.Run(store.Put("copy/0/0/new"));
  store.Run(store.Put("source/1/1/new"));
  store.Run(store.Make(Operation::Kind::kDelete, "source/2/2"));
  const Cost cost = CostOfDiff(store, "source", "copy", 3);
  std::cout << "diff of a copy and its source, both changed: " << cost << "\n";
  EXPECT_LE(cost.counts.gets + cost.counts.steps, 200u);
}

// Of a million names in one directory, what came, went, was renamed and was written to since.
TEST(CostTest, ADiffOfADirectoryWithItselfReadsItsChanges) {
  std::vector<Cost> costs;
  for (const int names : {10, 1'000'000}) {
    CountedEngine store;
    std::vector<Operation> operations = {store.Make(Operation::Kind::kMakeDirectory, "flat"),
                                         store.Make(Operation::Kind::kMakeDirectory, "flat/sub")};
    for (int i = 0; i < names; ++i) operations.push_back(store.Put(absl::StrCat("flat/", i)));
    store.Run(operations);
    store.Run(store.Transfer(Operation::Kind::kCopy, "flat", "before"));
    store.Run(store.Put("flat/new"));
    store.Run(store.Put("flat/temporary"));
    store.Run(store.Make(Operation::Kind::kDelete, "flat/temporary"));
    store.Run(store.Make(Operation::Kind::kDelete, "flat/1"));
    store.Run(store.Transfer(Operation::Kind::kMove, "flat/2", "flat/two"));
    store.Run(store.Put("flat/sub/new"));
    store.Run(store.Transfer(Operation::Kind::kCopy, "flat", "between"));
    store.Run(store.Put("flat/later"));
    for (int i = 3; i < 10; ++i)
      store.Run(store.Make(Operation::Kind::kDelete, absl::StrCat("flat/", i)));
    costs.push_back(CostOfDiff(store, "before", "flat", 13));
    costs.push_back(CostOfDiff(store, "before", "between", 5));
  }
  std::cout << "diff of a directory with itself: " << costs[0] << "\n";
  EXPECT_EQ(costs[0], costs[2]);
  EXPECT_EQ(costs[1], costs[3]);
}

// What it finds does not depend on whether the changes fit into memory.
TEST(CostTest, ADiffThatCannotHoldTheChangesReadsThrough) {
  CountedEngine store;
  Fill(store, "flat", 300);
  store.Run(store.Transfer(Operation::Kind::kCopy, "flat", "base"));
  store.Run(store.Put("base/in the copy"));
  store.Run(store.Transfer(Operation::Kind::kCopy, "base", "before"));
  for (const char* name : {"new", "x", "y"}) store.Run(store.Put(absl::StrCat("base/", name)));
  store.Run(store.Make(Operation::Kind::kDelete, "base/0"));
  core::ReadView view = store.View();
  const auto before = operations::EntryOf(view, store.root(), {"before"});
  const auto after = operations::EntryOf(view, store.root(), {"base"});
  std::vector<std::vector<std::string>> found;
  for (const size_t bytes : {size_t{0}, size_t{100}, core::kMaxChangedBytes}) {
    const auto diff =
        core::DirDiff::Open(view, core::PlaceOf(*before), core::PlaceOf(*after), bytes);
    ASSERT_TRUE(diff.ok());
    std::vector<std::string>& slots = found.emplace_back();
    ASSERT_TRUE((*diff)->Seek("").ok());
    while ((*diff)->Valid()) {
      const bool there = (*diff)->before() != nullptr, still = (*diff)->after() != nullptr;
      if (there != still) slots.push_back((there ? "-" : "+") + (*diff)->slot().substr(1));
      ASSERT_TRUE((*diff)->Next().ok());
    }
  }
  EXPECT_EQ(found[0], (std::vector<std::string>{"-0", "+new", "+x", "+y"}));
  EXPECT_EQ(found[1], found[0]);
  EXPECT_EQ(found[2], found[0]);
}

TEST(CostTest, AFileIsOneEntryAndALogRow) {
  CountedEngine store;
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "a/b/c/d/e"));
  const Cost cost = store.CostOf(store.Put("a/b/c/d/e/file"));
  EXPECT_EQ(cost.counts.puts, 2u);
  EXPECT_EQ(cost.counts.deletes, 0u);
  EXPECT_EQ(cost.counts.writes, 1u);
}

// Whatever it holds, copies and garbage too. The log of totals is bounded.
TEST(CostTest, OpeningReadsTheSameOfTenAndOfAMillionFiles) {
  constexpr uint64_t kLogged = 500;
  std::vector<Cost> folded, logged;
  for (const uint64_t files : {10, 1'000'000}) {
    CountedEngine store;
    Fill(store, "top", files);
    store.Run(store.Transfer(Operation::Kind::kCopy, "top", "copy"));
    store.Run(store.Put("copy/0/0/new"));
    store.Run(store.Make(Operation::Kind::kDelete, "top"));
    store.FoldNow();
    folded.push_back(store.CostOfOpening());
    store.FoldNow();
    for (uint64_t i = 0; i < kLogged; ++i) store.Run(store.Put("copy/0/0/new"));
    logged.push_back(store.CostOfOpening());
  }
  std::cout << "opening: " << folded[0] << "; with a log: " << logged[0] << "\n";
  EXPECT_EQ(folded[0], folded[1]);
  EXPECT_EQ(logged[0], logged[1]);
  EXPECT_LE(folded[0].counts.gets + folded[0].counts.seeks + folded[0].counts.steps, 20u);
  EXPECT_LE(logged[0].counts.steps, kLogged + 10);
}

TEST(CostTest, AWriteDoesNotPayForTheCopiesThatWereTaken) {
  CountedEngine store;
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "source/sub"));
  std::vector<Cost> costs;
  for (const int copies : {1, 2000}) {
    for (int i = 0; i < copies; ++i) {
      store.Run(store.Put(absl::StrCat("source/sub/", copies, "-", i)));
      store.Run(store.Transfer(Operation::Kind::kCopy, "source", "copy"));
    }
    costs.push_back(store.CostOf(store.Put(absl::StrCat("source/sub/last", copies))));
  }
  EXPECT_EQ(costs[0], costs[1]);
}

TEST(CostTest, AFreeNumberTakesLogarithmicallyManyProbes) {
  CountedEngine store;
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "bar"));
  std::map<int, uint64_t> gets;
  int copies = 0;
  for (const int wanted : {100, 10'000}) {
    std::vector<Operation> batch;
    for (; copies < wanted; ++copies) {
      batch.push_back(store.Transfer(Operation::Kind::kCopy, "bar", "bar"));
    }
    store.Run(batch);
    const Cost known = store.CostOf(store.Transfer(Operation::Kind::kCopy, "bar", "bar"));
    store.Open();  // forgets the last number
    gets[wanted] = store.CostOf(store.Transfer(Operation::Kind::kCopy, "bar", "bar")).counts.gets;
    EXPECT_LE(known.counts.gets, 30u);
    copies += 2;
  }
  // A probe is a few gets; doubling log k may double them.
  EXPECT_LE(gets[10'000], 2 * gets[100]);
  EXPECT_LE(gets[10'000], 250u);
}

TEST(CostTest, TheThousandthPageCostsWhatTheFirstDoes) {
  CountedEngine store;
  store.Run(store.Make(Operation::Kind::kMakeDirectory, "big"));
  std::vector<Operation> batch;
  for (int i = 0; i < 20'100; ++i) batch.push_back(store.Put(absl::StrCat("big/", 100'000 + i)));
  store.Run(batch);
  ListOptions options;
  options.limit = 20;
  std::vector<Cost> costs;
  for (int page = 1; page <= 1000; ++page) {
    const auto list = [&] {
      core::ReadView view = store.View();
      const auto entry = operations::EntryOf(view, store.root(), {"big"});
      auto listed = operations::ListDirectory(view, *entry, options, 1);
      ASSERT_EQ(listed->page.entries.size(), 20u);
      options.marker = listed->page.marker;
    };
    if (page == 2 || page == 1000) {
      costs.push_back(store.CostOf(list));
    } else {
      list();
    }
  }
  EXPECT_EQ(costs[0], costs[1]);
  EXPECT_LE(costs[1].counts.steps, 30u);
}

TEST(CostTest, AListThatIsAskedForAgainReadsNoEntries) {
  constexpr uint64_t kFiles = 100;
  CountedEngine store(64u << 20);
  Fill(store, "top", kFiles);
  ListOptions options;
  options.limit = 1'000;
  const auto list = [&] {
    core::ReadView view = store.View();
    const auto entry = operations::EntryOf(view, store.root(), {"top", "0", "0"});
    EXPECT_GE(operations::ListDirectory(view, *entry, options, 1)->page.entries.size(), kFiles);
  };
  for (int change = 0; change < 3; ++change) {
    store.Run({store.Put(absl::StrCat("top/0/0/new ", change))});
    EXPECT_GT(store.CostOf(list).counts.steps, kFiles);
    const Counts counts = store.CostOf(list).counts;
    EXPECT_EQ(counts.seeks + counts.steps, 0u) << counts;
  }
}

TEST(CostTest, ATemplateCopiedManyTimesKeepsOnePin) {
  CountedEngine store;
  Fill(store, "template", 500);
  for (int round = 0; round < 100; ++round) {
    std::vector<Operation> batch;
    for (int i = 0; i < 1000; ++i) {
      const std::string to = absl::StrCat("copies/", round, "/", i);
      batch.push_back(store.Transfer(Operation::Kind::kCopy, "template", to));
    }
    store.Run(batch);
  }
  core::ReadView view = store.View();
  const auto pins = view.NewCursor(storage::Family::kPins, {});
  int count = 0;
  for (pins->Seek(""); pins->Valid(); pins->Next()) {
    ++count;
    EXPECT_EQ(core::DecodePin(pins->value())->owners, 100'000u);
  }
  EXPECT_EQ(count, 1);
}

// ---- search ------------------------------------------------------------------------------------

bool IsScaledUp() {
  const char* const scale = std::getenv("MARCOT_TEST_SCALE");
  return scale != nullptr && std::atof(scale) > 1;
}

// One page; `wanted`: how many entries it must hold.
Cost CostOfSearch(CountedEngine& store, SearchQuery* query, size_t wanted) {
  return store.CostOf([&] {
    core::ReadView view = store.View();
    const auto root = operations::EntryOf(view, store.root(), {});
    const auto searched = operations::SearchBelow(view, *root, {}, *query, 1);
    ASSERT_TRUE(searched.ok()) << searched.status();
    EXPECT_EQ(searched->page.entries.size(), wanted);
    query->marker = searched->page.marker;
    if (searched->lacks_summaries) store.engine().SuggestSummaries(store.root().dir, {});
  });
}

void MakeSummaries(CountedEngine& store) {
  while (*store.engine().Reclaim(1000)) {
  }
}

uint64_t Reads(const Cost& cost) {
  return cost.counts.gets + cost.counts.seeks + cost.counts.steps;
}

uint64_t CountSummaries(CountedEngine& store) {
  core::ReadView view = store.View();
  const auto rows = view.NewCursor(storage::Family::kSummaries, {});
  uint64_t count = 0;
  for (rows->Seek(""); rows->Valid(); rows->Next()) ++count;
  return count;
}

TEST(SearchCostTest, ASelectiveSearchReadsFewOfManyFiles) {
  const uint64_t many = IsScaledUp() ? 1'000'000 : 100'000;
  std::map<uint64_t, uint64_t> reads;
  for (const uint64_t files : {uint64_t{10}, uint64_t{1000}, many}) {
    CountedEngine store;
    Fill(store, "top", files);
    store.Run(store.Put("top/0/0/a needle.txt"));
    SearchQuery query{.keywords = {"needle"}, .limit = 1000};
    if (files == many) {
      query.limit = 1;  // by then it has not looked at all
      const Cost before = CostOfSearch(store, &query, 1);
      EXPECT_GT(Reads(before), 50'000u);
      query = {.keywords = {"needle"}, .limit = 1000};
    } else {
      CostOfSearch(store, &query, 1);
    }
    MakeSummaries(store);
    const Cost cost = CostOfSearch(store, &query, 1);
    std::cout << "one of " << files << " files: " << cost << "\n";
    reads[files] = Reads(cost);
    // Nothing has it, as the root's summary says; of fewer than 16 entries there is none.
    query = {.keywords = {"nowhere"}, .limit = 1000};
    EXPECT_LE(Reads(CostOfSearch(store, &query, 0)), files == 10 ? 30u : 10u);
    // A name among many that are like it.
    query = {.keywords = {absl::StrCat("file", files - 1)}, .limit = 1000};
    const Cost one = CostOfSearch(store, &query, 1);
    std::cout << "one of " << files << " like it: " << one << "\n";
    EXPECT_LE(Reads(one), files == many ? 3000u : 1000u);
  }
  // The subdirectories on the way, a few reads each, and the names of one directory.
  EXPECT_LE(reads[1000], 200u);
  EXPECT_LE(reads[many], many == 100'000 ? 700u : 1000u);
}

TEST(SearchCostTest, OfALargeDirectoryTheRunsThatMatchAreRead) {
  const int many = IsScaledUp() ? 1'000'000 : 100'000;
  CountedEngine store;
  std::vector<Operation> operations = {store.Make(Operation::Kind::kMakeDirectory, "flat")};
  for (int i = 0; i < many; ++i) operations.push_back(store.Put(absl::StrCat("flat/", i, ".dat")));
  store.Run(operations);
  store.Run(store.Put("flat/needle.txt"));
  SearchQuery query{.keywords = {"needle"}, .limit = 1000};
  while (query.marker.empty()) CostOfSearch(store, &query, 0);
  MakeSummaries(store);
  query.marker.clear();
  const Cost cost = CostOfSearch(store, &query, 1);
  std::cout << "one of " << many << " files in one directory: " << cost << "\n";
  EXPECT_LE(Reads(cost), static_cast<uint64_t>(many) / 512 + 1200);
  // By its id as well.
  bool lacking = false;
  core::ReadView view = store.View();
  const auto file = operations::EntryOf(view, store.root(), {"flat", "77777.dat"});
  const auto root = operations::EntryOf(view, store.root(), {});
  const Cost found = store.CostOf([&] {
    EXPECT_EQ(operations::FindObjectBelow(view, *root, file->id, &lacking)->path.back(),
              "77777.dat");
  });
  EXPECT_LE(Reads(found), static_cast<uint64_t>(many) / 512 + 1200);
}

TEST(SearchCostTest, AnObjectIsFoundThroughDirectoriesAlone) {
  CountedEngine store;
  Fill(store, "top", 100'000);
  for (int i = 0; i < 20; ++i) store.Run(store.Transfer(Operation::Kind::kCopy, "top", "copy"));
  store.Run(store.Put("copy (3)/1/1/new"));
  SearchQuery query{.keywords = {"nowhere"}, .limit = 1000};
  CostOfSearch(store, &query, 0);
  MakeSummaries(store);
  const std::vector<std::string> paths = {"top/5/5/file50505", "copy (7)/9/99/file99999",
                                          "copy (3)/1/1/new", "copy (3)/1/1/file10101"};
  for (const std::string& path : paths) {
    core::ReadView view = store.View();
    const auto root = operations::EntryOf(view, store.root(), {});
    const auto file = operations::EntryOf(view, store.root(), Split(path));
    ASSERT_TRUE(file.ok()) << path;
    bool lacking = false;
    const Cost cost = store.CostOf([&] {
      const auto found = operations::FindObjectBelow(view, *root, file->id, &lacking);
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(JoinPath(found->path), path);
    });
    std::cout << "the object " << path << ": " << cost << "\n";
    EXPECT_LE(Reads(cost), 5'000u) << path;  // of 2,100,000 entries in 21,000 directories
  }
}

TEST(SearchCostTest, TheThousandthPageCostsWhatTheFirstDoes) {
  CountedEngine store;
  Fill(store, "top", 25'000);
  SearchQuery query{.keywords = {"file"}, .limit = 20};
  CostOfSearch(store, &query, 20);
  MakeSummaries(store);
  query.marker.clear();
  uint64_t first = 0, greatest = 0;
  for (int page = 1; page <= 1000; ++page) {
    const Cost cost = page % 100 == 0 || page < 3 ? CostOfSearch(store, &query, 20) : [&] {
      core::ReadView view = store.View();
      const auto root = operations::EntryOf(view, store.root(), {});
      query.marker = operations::SearchBelow(view, *root, {}, query, 1)->page.marker;
      return Cost{};
    }();
    if (page == 2) first = Reads(cost);
    greatest = std::max(greatest, Reads(cost));
  }
  std::cout << "pages of a search: " << first << " reads, at most " << greatest << "\n";
  EXPECT_LE(greatest, first + 200);  // a page may begin behind one directory and end in the next
}

// What is searched costs nobody more who changes it.
TEST(SearchCostTest, OperationsCostTheSameWithSummaries) {
  const auto plain = CostsWith(1'000), searched = CostsWith(1'000, true);
  for (const auto& [what, cost] : plain) EXPECT_EQ(cost, searched.at(what)) << what;
}

// They go with what they are of, and with what has replaced them; copies share them.
TEST(SearchCostTest, SummariesDoNotPileUp) {
  CountedEngine store;
  Fill(store, "top", 3'000);
  const auto search = [&] {
    SearchQuery query{.keywords = {"nowhere"}, .limit = 1000};
    CostOfSearch(store, &query, 0);
    MakeSummaries(store);
    return CountSummaries(store);
  };
  EXPECT_EQ(search(), 33u);  // the root, top, top/0, and 30 below it
  for (int i = 0; i < 50; ++i) {
    store.Run(store.Transfer(Operation::Kind::kCopy, "top", "copy"));
    search();
  }
  EXPECT_EQ(search(), 33u);
  for (int i = 0; i < 10; ++i) {
    store.Run(store.Put(absl::StrCat("top/0/7/new", i)));
    search();
  }
  EXPECT_EQ(search(), 36u);  // what the copies see of those that changed, and what is there now
  store.Run(store.Make(Operation::Kind::kDelete, "top"));
  EXPECT_EQ(search(), 36u);  // its nodes stay as long as the copies do
  for (int i = 0; i < 50; ++i) {
    const std::string copy = i == 0 ? "copy" : absl::StrCat("copy (", i, ")");
    store.Run(store.Make(Operation::Kind::kDelete, copy));
  }
  EXPECT_LE(search(), 1u);
}

TEST(FormatTest, AnotherFormatIsRefused) {
  TempFolder folder;
  StoreOptions options;
  options.create_if_missing = true;
  ASSERT_TRUE(Store::Open(folder.path().string(), options).ok());
  for (const auto& [format, code] :
       {std::pair("\x7f", Code::kStoreFormatTooNew), std::pair("\x05", Code::kStoreFormatTooOld)}) {
    {
      auto rocksdb = storage::OpenRocksdb(
          folder.path().string(), {.block_cache_bytes = 1u << 20, .memtable_bytes = 1u << 20});
      const auto batch = (*rocksdb)->NewBatch();
      batch->Put(storage::Family::kMeta, "format", format);
      ASSERT_TRUE((*rocksdb)->Write(*batch, true).ok());
    }
    EXPECT_EQ(CodeOf(Store::Open(folder.path().string(), options).status()), code);
  }
}

}  // namespace
}  // namespace marcot::testing

// Search, by example and against a walk that looks at everything: without summaries, with them, and
// where something has changed since they were made.
#include "pch/test_pch.h"

#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

using Paths = std::vector<std::string>;

std::string Lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
  return text;
}

std::string ExtensionOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? "" : Lower(name.substr(dot + 1));
}

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() : store_(Options(&clock_)), space_(store_.OpenSpace()) {}

  static StoreOptions Options(ManualClock* clock) {
    StoreOptions options = TestOptions();
    options.clock_ms = clock->function();
    return options;
  }

  void Put(const std::string& path, const std::string& bytes = "bytes",
           const Attributes& attributes = {}) {
    PutOptions options;
    options.attributes = attributes;
    ASSERT_OK(space_.Put(path, bytes, options));
  }

  // All pages.
  Paths Search(SearchQuery query) {
    Paths paths;
    do {
      const auto page = space_.Search(query);
      EXPECT_OK(page);
      if (!page.ok()) return paths;
      EXPECT_LE(page->entries.size(), query.limit);
      for (const Found& found : page->entries) {
        paths.push_back(JoinPath(found.path));
        EXPECT_EQ(found.stat.name, found.path.back());
      }
      query.marker = page->marker;
    } while (!query.marker.empty());
    return paths;
  }
  static SearchQuery Keyword(const std::string& keyword) {
    SearchQuery query;
    query.keywords = {keyword};
    query.limit = 1000;
    return query;
  }

  // What a walk of everything finds.
  Paths Expected(const SearchQuery& query) {
    Paths paths;
    const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      const bool directory = entry.stat.type == EntryType::kDirectory;
      const std::string name = Lower(entry.stat.name);
      const auto in_name = [&](const std::string& word) {
        return name.find(Lower(word)) != std::string::npos;
      };
      const auto is_extension = [&](const std::string& extension) {
        return !directory && Lower(extension) == ExtensionOf(entry.stat.name);
      };
      const auto& words = query.keywords;
      const bool keyword = words.empty() || std::any_of(words.begin(), words.end(), in_name);
      const auto& extensions = query.extensions;
      const bool extension =
          extensions.empty() || std::any_of(extensions.begin(), extensions.end(), is_extension);
      const bool type = directory ? query.directories : query.files;
      if (keyword && extension && type) paths.push_back(JoinPath(entry.path));
      return WalkStep::kGoOn;
    };
    EXPECT_OK(space_.Walk(query.below, visit));
    return paths;
  }

  void MakeSummaries() { ASSERT_OK(store_->ReclaimUntilIdle()); }
  void CheckSound() {
    const auto wrong = store_->CheckInvariants();
    ASSERT_OK(wrong);
    EXPECT_EQ(*wrong, Paths{});
  }

  // As it is, and once summaries are made.
  void ExpectFound(const SearchQuery& query, const Paths& expected) {
    EXPECT_EQ(Search(query), expected) << "without summaries";
    MakeSummaries();
    EXPECT_EQ(Search(query), expected) << "with summaries";
    CheckSound();
  }

  ManualClock clock_;
  TempStore store_;
  Space space_;
};

TEST_F(SearchTest, FindsByEachThingThatIsKnown) {
  ASSERT_OK(space_.MakeDirectory("Photos/2026"));
  for (int i = 0; i < 20; ++i) Put("Photos/filler " + std::to_string(i) + ".dat");
  Put("Photos/2026/Été.JPG", "12345");
  Put("Photos/2026/.profile", "1");
  clock_.Advance(1000);
  Put("Photos/archive.tar.gz", "1234567890", {.labels = {"red", "blue"}, .category = "backup"});
  Put("notes.txt", "12", {.labels = {"blue"}});
  ASSERT_OK(space_.SetAttributes("Photos/2026", {.labels = {"red"}}));

  ExpectFound(Keyword("été"), {"Photos/2026/Été.JPG"});
  ExpectFound(Keyword("PHOTO"), {"Photos"});
  ExpectFound(Keyword("2026"), {"Photos/2026"});
  ExpectFound(Keyword("no such thing"), {});
  ExpectFound(Keyword("é"), {"Photos/2026/Été.JPG"});  // one code point: no summary helps
  SearchQuery query;
  query.keywords = {"notes", "profile"};
  ExpectFound(query, {"Photos/2026/.profile", "notes.txt"});
  query = {};
  query.extensions = {"jpg", "GZ"};
  ExpectFound(query, {"Photos/2026/Été.JPG", "Photos/archive.tar.gz"});
  query.excluded_extensions = {"Gz"};
  ExpectFound(query, {"Photos/2026/Été.JPG"});
  query = {};
  query.extensions = {"profile"};  // a name that begins with its only dot has none
  ExpectFound(query, {});
  query = {};
  query.excluded_extensions = {"dat", "txt"};
  query.directories = false;
  ExpectFound(query, {"Photos/2026/.profile", "Photos/2026/Été.JPG", "Photos/archive.tar.gz"});
  query = {};
  query.files = false;
  ExpectFound(query, {"Photos", "Photos/2026"});
  query = {};
  query.min_size = 6;
  ExpectFound(query, {"Photos/archive.tar.gz"});
  query.max_size = 9;
  ExpectFound(query, {});
  query = {};
  query.max_size = 1;
  ExpectFound(query, {"Photos/2026/.profile"});
  query = {};
  query.directories = false;
  query.modified_from_ms = clock_.now_ms();
  ExpectFound(query, {"Photos/archive.tar.gz", "notes.txt"});
  query.modified_from_ms.reset();
  query.modified_until_ms = clock_.now_ms() - 1;
  query.excluded_extensions = {"dat"};
  ExpectFound(query, {"Photos/2026/.profile", "Photos/2026/Été.JPG"});
  query = {};
  query.labels = {"red"};
  ExpectFound(query, {"Photos/2026", "Photos/archive.tar.gz"});
  query.also = [](const Stat& stat) { return stat.type == EntryType::kFile; };
  ExpectFound(query, {"Photos/archive.tar.gz"});
  query.also = [](const Stat& stat) { return stat.size == 11; };
  ExpectFound(query, {});
  query.also = nullptr;
  query.categories = {"backup", "other"};
  ExpectFound(query, {"Photos/archive.tar.gz"});
  query = Keyword(".");
  query.below = "Photos/2026";
  ExpectFound(query, {"Photos/2026/.profile", "Photos/2026/Été.JPG"});
}

TEST_F(SearchTest, AFileInADirectoryCopiedAHundredTimesIsFoundAHundredAndOneTimes) {
  ASSERT_OK(space_.MakeDirectory("top/in/here"));
  for (int i = 0; i < 30; ++i) Put("top/in/filler" + std::to_string(i));
  Put("top/in/here/needle.txt");
  for (int i = 0; i < 100; ++i) {
    ASSERT_OK(space_.CopyDirectory("top", "top", {.strategy = Strategy::kRename}));
  }
  ExpectFound(Keyword("needle"), Expected(Keyword("needle")));
  EXPECT_EQ(Search(Keyword("needle")).size(), 101u);
  // In a copy that was changed, and a copy of that.
  Put("top (7)/in/here/needle2.txt");
  ASSERT_OK(space_.Delete("top (7)/in/here/needle.txt", {{}, true}));
  ASSERT_OK(space_.CopyDirectory("top (7)", "again"));
  Put("again/in/here/needle3.txt");
  ExpectFound(Keyword("needle"), Expected(Keyword("needle")));
  EXPECT_EQ(Search(Keyword("needle")).size(), 103u);
}

TEST_F(SearchTest, BadQueriesAreRefused) {
  Put("file.txt");
  EXPECT_CODE(PathNotFound, space_.Search({.below = "nowhere"}));
  EXPECT_CODE(FileTypeNotMatched, space_.Search({.below = "file.txt"}));
  EXPECT_CODE(IllegalFileName, space_.Search({.below = "a\x01"}));
  EXPECT_CODE(ParamInvalid, space_.Search({.keywords = {"\xff"}}));
  EXPECT_CODE(ParamInvalid, space_.Search({.extensions = {"\xff"}}));
  EXPECT_CODE(ParamInvalid, space_.Search({.labels = {"\xff"}}));
  EXPECT_CODE(ParamInvalid, space_.Search({.extensions = {"txt", ""}}));
  EXPECT_CODE(ParamInvalid, space_.Search({.keywords = Paths(101, "a")}));
  EXPECT_OK(space_.Search({.keywords = Paths(100, "a")}));
  EXPECT_CODE(ParamInvalid, space_.Search({.min_size = 2, .max_size = 1}));
  EXPECT_CODE(ParamInvalid, space_.Search({.modified_from_ms = 2, .modified_until_ms = 1}));
  EXPECT_CODE(ParamInvalid, space_.Search({.limit = 0}));
  EXPECT_CODE(ParamInvalid, space_.Search({.limit = 1001}));
  EXPECT_CODE(MarkerNotFound, space_.Search({.marker = "forged"}));
  EXPECT_CODE(RecycledItemNotFound, space_.Search({{.tree = {.recycled_item = 7}}}));
  EXPECT_CODE(SpaceNotFound, Space().Search({}));
  EXPECT_CODE(SpaceNotFound, Space().FindObject({1, 1}));
}

TEST_F(SearchTest, AMarkerIsOfOneQuery) {
  for (const char* name : {"one.txt", "two.txt", "three.txt"}) Put(name);
  SearchQuery query = {.extensions = {"txt"}, .limit = 1};
  query.marker = space_.Search(query)->marker;
  ASSERT_FALSE(query.marker.empty());
  EXPECT_EQ(JoinPath(space_.Search(query)->entries.at(0).path), "three.txt");
  SearchQuery other = query;
  other.keywords = {"t"};
  EXPECT_CODE(MarkerNotFound, space_.Search(other));
  other = query;
  other.max_size = 100;
  EXPECT_CODE(MarkerNotFound, space_.Search(other));
  other = query;
  other.order = SearchOrder::kName;
  EXPECT_CODE(MarkerNotFound, space_.Search(other));
  ASSERT_OK(space_.MakeDirectory("d"));
  other = query;
  other.below = "d";
  EXPECT_CODE(MarkerNotFound, space_.Search(other));
}

// A page says that it is the last one when it is.
TEST_F(SearchTest, AFullLastPageHasNoMarker) {
  for (const char* name : {"1.txt", "2.txt", "3.txt", "4.txt", "zzz"}) Put(name);
  SearchQuery query = {.extensions = {"txt"}, .limit = 2};
  const auto first = space_.Search(query);
  ASSERT_OK(first);
  query.marker = first->marker;
  const auto second = space_.Search(query);
  ASSERT_OK(second);
  EXPECT_EQ(second->entries.size(), 2u);
  EXPECT_EQ(second->marker, "");
}

TEST_F(SearchTest, PagesGoOnWhereTheyEndedWhateverChanges) {
  for (int d = 0; d < 6; ++d) {
    const std::string directory = "d" + std::to_string(d);
    ASSERT_OK(space_.MakeDirectory(directory + "/below"));
    for (int i = 0; i < 10; ++i) Put(directory + "/below/match" + std::to_string(i));
  }
  MakeSummaries();
  SearchQuery query = Keyword("match");
  query.limit = 7;
  Paths found;
  for (int page = 0;; ++page) {
    const auto answer = space_.Search(query);
    ASSERT_OK(answer);
    for (const Found& one : answer->entries) found.push_back(JoinPath(one.path));
    query.marker = answer->marker;
    if (query.marker.empty()) break;
    if (page == 0) {
      ASSERT_OK(space_.Delete("d0", {{}, true}));  // the page ended in it
    } else if (page == 1) {
      ASSERT_OK(space_.MoveDirectory("d1/below", "d1/elsewhere"));
      Put("d3/below/match new");
    } else if (page == 2) {
      ASSERT_OK(space_.MoveDirectory("d5", "d2a"));
    }
  }
  // Before the pages in d0, then d1, of which the rest is under another name behind it, and so on.
  Paths expected;
  const auto add = [&expected](const std::string& directory, int from, int to) {
    for (int i = from; i < to; ++i) expected.push_back(directory + "/match" + std::to_string(i));
  };
  add("d0/below", 0, 7);
  add("d1/below", 0, 7);
  add("d1/elsewhere", 0, 7);
  add("d1/elsewhere", 7, 10);
  add("d2/below", 0, 10);
  add("d2a/below", 0, 10);
  expected.push_back("d3/below/match new");
  add("d3/below", 0, 10);
  add("d4/below", 0, 10);
  EXPECT_EQ(found, expected);
}

TEST_F(SearchTest, OtherOrders) {
  ASSERT_OK(space_.MakeDirectory("sub"));
  const std::vector<std::pair<std::string, size_t>> files = {
      {"sub/match b", 30}, {"match c", 10}, {"sub/match a", 20}, {"match a", 40}};
  for (const auto& [path, size] : files) {
    clock_.Advance(10);
    Put(path, std::string(size, 'x'));
  }
  SearchQuery query = Keyword("match");
  const auto in_order = [&](SearchOrder order, bool descending) {
    query.order = order;
    query.descending = descending;
    query.limit = 1000;
    const Paths whole = Search(query);
    query.limit = 1;
    EXPECT_EQ(Search(query), whole);
    return whole;
  };
  EXPECT_EQ(in_order(SearchOrder::kPath, false),
            (Paths{"sub/match a", "sub/match b", "match a", "match c"}));
  EXPECT_EQ(in_order(SearchOrder::kPath, true),
            (Paths{"match c", "match a", "sub/match b", "sub/match a"}));
  EXPECT_EQ(in_order(SearchOrder::kName, false),
            (Paths{"sub/match a", "match a", "sub/match b", "match c"}));
  EXPECT_EQ(in_order(SearchOrder::kSize, true),
            (Paths{"match a", "sub/match b", "sub/match a", "match c"}));
  EXPECT_EQ(in_order(SearchOrder::kCreationTime, false),
            (Paths{"sub/match b", "match c", "sub/match a", "match a"}));
  EXPECT_EQ(in_order(SearchOrder::kModificationTime, true),
            (Paths{"match a", "sub/match a", "match c", "sub/match b"}));
}

// Of a directory with many entries only some runs are read.
TEST_F(SearchTest, LargeDirectories) {
  std::vector<BatchItem> items;
  const auto flush = [&] {
    ASSERT_OK(store_->RunAtomically(items));
    items.clear();
  };
  const auto add = [&](BatchItem::Kind kind, const std::string& path) {
    items.push_back({.kind = kind, .space = space_, .path = path, .bytes = ""});
    if (items.size() == 1000) flush();
  };
  for (int i = 0; i < 1500; ++i) {
    const std::string directory = "big/dir" + std::to_string(i);
    add(BatchItem::Kind::kMakeDirectory, directory);
    for (int f = 0; f < (i % 500 == 0 ? 20 : 1); ++f) {
      add(BatchItem::Kind::kPut, directory + "/in" + std::to_string(i * 20 + f) + ".txt");
    }
  }
  for (int i = 0; i < 3000; ++i) {
    add(BatchItem::Kind::kPut, "big/file" + std::to_string(i) + (i % 700 == 0 ? ".odd" : ".txt"));
  }
  flush();
  ASSERT_OK(space_.CopyDirectory("big", "copy"));
  std::vector<SearchQuery> queries = {Keyword("file1234"), Keyword("in20000"), Keyword("dir77"),
                                      Keyword("nowhere"), Keyword("2")};
  queries.push_back({.extensions = {"odd"}, .limit = 3});
  queries.push_back({.keywords = {"file29", "in10"}, .limit = 100});
  const auto compare = [&](const char* when) {
    SCOPED_TRACE(when);
    for (const SearchQuery& query : queries) EXPECT_EQ(Search(query), Expected(query));
    const auto one = space_.GetStat("copy/dir1000/in20007.txt");
    ASSERT_OK(one);
    EXPECT_EQ(JoinPath(space_.FindObject(one->id)->path), "copy/dir1000/in20007.txt");
    const auto two = space_.GetStat("big/file2999.txt");
    EXPECT_EQ(JoinPath(space_.FindObject(two->id)->path), "big/file2999.txt");
  };
  compare("without summaries");
  MakeSummaries();
  CheckSound();
  compare("with summaries");
  Put("copy/aaa file1234");
  Put("copy/dir500/new file1234");
  ASSERT_OK(space_.Delete("big/file1234.txt", {{}, true}));
  compare("after a change");
  MakeSummaries();
  CheckSound();
  compare("with new summaries");
  store_.Reopen();
  space_ = store_.OpenSpace();
  compare("when reopened");
}

TEST_F(SearchTest, ObjectsAreFoundByTheirIds) {
  ASSERT_OK(space_.MakeDirectory("a/b"));
  for (int i = 0; i < 40; ++i) Put("a/b/file" + std::to_string(i));
  ASSERT_OK(space_.CopyDirectory("a", "copy"));
  ASSERT_OK(space_.CopyDirectory("copy", "copy of copy"));
  Put("copy of copy/b/late");
  ASSERT_OK(space_.CopyFile("a/b/file1", "copy/single"));
  ASSERT_OK(space_.MoveFile("copy/b/file2", "a/moved here"));
  const auto all_are_found = [&](const char* when) {
    SCOPED_TRACE(when);
    const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      const auto found = space_.FindObject(entry.stat.id);
      EXPECT_OK(found);
      if (found.ok()) {
        EXPECT_EQ(found->path, entry.path);
        EXPECT_EQ(found->stat.name, entry.stat.name);
      }
      return WalkStep::kGoOn;
    };
    ASSERT_OK(space_.Walk("", visit));
    const auto root = space_.GetStat("");
    ASSERT_OK(root);
    EXPECT_EQ(space_.FindObject(root->id)->path, Paths{});
    EXPECT_CODE(PathNotFound, space_.FindObject({2, 999'999}));
    EXPECT_CODE(PathNotFound, space_.FindObject({77, 99}));
  };
  all_are_found("without summaries");
  EXPECT_OK(space_.Search(Keyword("none")));
  MakeSummaries();
  all_are_found("with summaries");
  const auto snapshot = store_->TakeSnapshot();
  const ObjectId id = space_.GetStat("a/b/file7")->id;
  ASSERT_OK(space_.Delete("a/b/file7", {{}, true}));
  EXPECT_CODE(PathNotFound, space_.FindObject(id));
  ReadOptions then;
  then.snapshot = snapshot.get();
  EXPECT_EQ(JoinPath(space_.FindObject(id, then)->path), "a/b/file7");
  MakeSummaries();
  all_are_found("after a change");
  EXPECT_EQ(JoinPath(space_.FindObject(id, then)->path), "a/b/file7");
}

TEST_F(SearchTest, TreesBesideTheSpacesOwnAndSnapshots) {
  ASSERT_OK(space_.MakeDirectory("top/sub"));
  for (int i = 0; i < 20; ++i) Put("top/sub/file" + std::to_string(i));
  EXPECT_EQ(Search(Keyword("file7")), Paths{"top/sub/file7"});
  MakeSummaries();
  ASSERT_OK(space_.CreateSnapshot("monday", "top"));
  const auto before = store_->TakeSnapshot();
  ASSERT_OK(space_.Delete("top/sub/file7", {{}, true}));
  EXPECT_EQ(Search(Keyword("file7")), Paths{});
  MakeSummaries();
  EXPECT_EQ(Search(Keyword("file7")), Paths{});
  SearchQuery query = Keyword("file7");
  query.tree.named_snapshot = "monday";
  EXPECT_EQ(Search(query), Paths{"sub/file7"});
  query = Keyword("file7");
  query.snapshot = before.get();
  EXPECT_EQ(Search(query), Paths{"top/sub/file7"});
  CheckSound();
}

// The background does it by itself, while others write.
TEST(SearchInBackgroundTest, SummariesAreMadeWhileOthersWrite) {
  StoreOptions options = TestOptions();
  options.background_reclaim = true;
  options.reclaim_percent = 100;
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(space.MakeDirectory("top/sub"));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    const OperationOptions rename{.strategy = Strategy::kRename};
    for (int i = 0; !stop; ++i) {
      const std::string copy = "top/copy" + std::to_string(i % 10);
      EXPECT_OK(space.MakeDirectory("top/sub/" + std::to_string(i % 40), rename));
      EXPECT_OK(space.CopyDirectory("top/sub", copy, rename));
      EXPECT_OK(space.MakeDirectory(copy + "/5/new", rename));
      if (i % 10 != 9) continue;
      EXPECT_OK(space.Delete("top/copy1", {{}, true}));
      const bool all = i % 200 == 199;
      EXPECT_OK(space.Delete(all ? "top" : "top/copy2", {{}, true}));
      EXPECT_OK(space.MakeDirectory("top/sub/more", rename));
    }
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  std::string wrong;
  while (std::chrono::steady_clock::now() < deadline && wrong.empty()) {
    const auto snapshot = store->TakeSnapshot();
    ReadOptions then;
    then.snapshot = snapshot.get();
    std::multiset<std::string> expected, found;
    const auto visit = [&expected](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      const bool matches = entry.stat.name.find("new") != std::string::npos;
      if (matches) expected.insert(JoinPath(entry.path));
      return WalkStep::kGoOn;
    };
    if (!space.Walk("", visit, then).ok()) wrong = "the walk failed";
    SearchQuery query;
    query.keywords = {"new"};
    query.snapshot = snapshot.get();
    query.limit = 1000;
    do {
      const auto page = space.Search(query);
      if (!page.ok()) wrong = std::string(page.status().message());
      if (!page.ok()) break;
      for (const Found& one : page->entries) found.insert(JoinPath(one.path));
      query.marker = page->marker;
    } while (!query.marker.empty());
    if (found != expected)
      wrong = "found " + std::to_string(found.size()) + " instead of " +
              std::to_string(expected.size());
  }
  stop = true;
  writer.join();
  EXPECT_EQ(wrong, "");
  const auto broken = store->CheckInvariants();
  ASSERT_OK(broken);
  EXPECT_EQ(*broken, Paths{});
}

}  // namespace
}  // namespace marcot::testing

// Bad input by table: each error of the contract that the API can answer with, and that the store
// holds exactly what it held before.
#include "pch/test_pch.h"

#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

std::string Repeat(std::string_view unit, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += unit;
  return text;
}

// Everything that can be seen of one entry, as a line.
std::string Line(const std::string& path, const Stat& stat) {
  std::string line = path + "|" + stat.id.Hex() + "|" + stat.Etag() + "|" + stat.creator;
  for (const int64_t number :
       {stat.creation_time_ms, stat.modification_time_ms, static_cast<int64_t>(stat.version),
        static_cast<int64_t>(stat.size), static_cast<int64_t>(stat.totals.bytes),
        static_cast<int64_t>(stat.totals.files), static_cast<int64_t>(stat.totals.directories),
        static_cast<int64_t>(stat.child_files), static_cast<int64_t>(stat.child_directories)}) {
    line += "|" + std::to_string(number);
  }
  const Attributes attributes = stat.attributes.Unpack();
  line += "|" + stat.content.Hex() + "|" + attributes.category;
  for (const auto& [key, value] : attributes.metadata) line += "|" + key + "=" + value;
  for (const std::string& label : attributes.labels) line += "|" + label;
  return line + "\n";
}

std::string DumpSpace(const Space& space) {
  const absl::StatusOr<Stat> root = space.GetStat("");
  if (!root.ok()) return root.status().ToString();
  std::string dump = Line(space.library() + "/" + space.name() + ":", *root);
  const absl::Status status =
      space.Walk("", [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
        dump += Line(JoinPath(entry.path), entry.stat);
        if (entry.stat.type == EntryType::kFile) {
          const absl::StatusOr<std::string> bytes = space.Read(JoinPath(entry.path));
          dump += bytes.ok() ? *bytes + "\n" : bytes.status().ToString();
        }
        return WalkStep::kGoOn;
      });
  return status.ok() ? dump : status.ToString();
}

class BadInputTest : public ::testing::Test {
 protected:
  BadInputTest()
      : space_(store_.OpenSpace()), other_(store_->CreateSpace("default", "other").value()) {
    Fill(space_);
    Fill(other_);
    before_ = Dump();
  }
  // Whatever a test asked for, it was refused.
  ~BadInputTest() override {
    EXPECT_EQ(Dump(), before_);
    const absl::StatusOr<std::vector<std::string>> broken = store_->CheckInvariants();
    EXPECT_EQ(broken.value(), std::vector<std::string>());
  }

  static void Fill(const Space& space) {
    PutOptions options;
    options.attributes.metadata = {{"key", "value"}};
    ASSERT_OK(space.MakeDirectory("dir/sub"));
    ASSERT_OK(space.Put("file", "bytes", options));
    ASSERT_OK(space.Put("dir/sub/file", "more bytes"));
    ASSERT_OK(space.Put("x (2147483647)", "the last number"));
    ASSERT_OK(space.CopyDirectory("dir", "copy"));
  }
  std::string Dump() {
    std::string dump;
    const absl::StatusOr<std::vector<std::string>> libraries = store_->ListLibraries();
    if (!libraries.ok()) return libraries.status().ToString();
    for (const std::string& library : *libraries) {
      dump += library + "\n";
      const absl::StatusOr<std::vector<SpaceInfo>> spaces = store_->ListSpaces(library);
      if (!spaces.ok()) return spaces.status().ToString();
      for (const SpaceInfo& info : *spaces) {
        dump += DumpSpace(store_.OpenSpace(info.library, info.name));
      }
    }
    return dump;
  }

  TempStore store_;
  Space space_, other_;
  std::string before_;
};

OperationOptions With(Strategy strategy) {
  OperationOptions options;
  options.strategy = strategy;
  return options;
}

template <typename Result>
void ExpectRefused(Code code, std::string_view path, const Result& result) {
  const absl::Status& status = ToStatus(result);
  EXPECT_EQ(CodeOf(status), code) << "for '" << path << "': " << status.ToString();
  // A name that is not UTF-8 is not given back as it is.
  const bool printable = std::all_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (status.ok() || !printable || path.size() > 100) return;
  EXPECT_NE(std::string(status.message()).find(path), std::string::npos)
      << "the message does not name '" << path << "': " << status.ToString();
}

// ---- names -------------------------------------------------------------------------------------

struct BadPath {
  std::string path;
  Code code;
};

std::vector<BadPath> BadPaths() {
  std::vector<BadPath> paths = {
      {"a//b", Code::kEmptyFileName},
      {"/a", Code::kEmptyFileName},
      {"a/", Code::kEmptyFileName},
      {"/", Code::kEmptyFileName},
      {"//", Code::kEmptyFileName},
      {".", Code::kIllegalFileName},
      {"..", Code::kIllegalFileName},
      {"dir/./a", Code::kIllegalFileName},
      {"dir/../a", Code::kIllegalFileName},
      {"dir/..", Code::kIllegalFileName},
      {"\xff", Code::kIllegalFileName},
      {"a\x80", Code::kIllegalFileName},  // a lone continuation
      {"\xc3", Code::kIllegalFileName},   // cut short
      {"\xe6\x96", Code::kIllegalFileName},
      {"\xc0\xaf", Code::kIllegalFileName},  // overlong '/'
      {"\xe0\x80\xaf", Code::kIllegalFileName},
      {"\xf0\x80\x80\xaf", Code::kIllegalFileName},
      {"\xed\xa0\x80", Code::kIllegalFileName},  // a surrogate
      {"\xed\xbf\xbf", Code::kIllegalFileName},
      {"\xf4\x90\x80\x80", Code::kIllegalFileName},  // past U+10FFFF
      {"\xf8\x88\x80\x80\x80", Code::kIllegalFileName},
      {Repeat("n", 256) + "/a", Code::kDirectoryNameLengthExceed},
      {Repeat("文", 256) + "/a", Code::kDirectoryNameLengthExceed},
      {Repeat("long name/", 1639) + "a", Code::kDirectoryLevelExceed},
  };
  for (const char c : std::string_view("\\:*?\"<>|")) {
    paths.push_back({std::string("a") + c + "b", Code::kIllegalFileName});
    paths.push_back({std::string(1, c), Code::kIllegalFileName});
    paths.push_back({std::string("d") + c + "/a", Code::kIllegalFileName});
  }
  for (char c = 0; c < 0x20; ++c) paths.push_back({std::string("a") + c, Code::kIllegalFileName});
  paths.push_back({"a\x7f", Code::kIllegalFileName});
  return paths;
}

TEST_F(BadInputTest, BadTargets) {
  for (const BadPath& bad : BadPaths()) {
    SCOPED_TRACE(bad.path.substr(0, 50));
    ExpectRefused(bad.code, bad.path, space_.MakeDirectory(bad.path));
    ExpectRefused(bad.code, bad.path, space_.Put(bad.path, "bytes"));
    ExpectRefused(bad.code, bad.path, space_.PutReference(bad.path, {{1, 1}, 1}));
    ExpectRefused(bad.code, bad.path, space_.CopyDirectory("dir", bad.path));
    ExpectRefused(bad.code, bad.path, space_.CopyDirectory(other_, "dir", bad.path));
    ExpectRefused(bad.code, bad.path, space_.MoveDirectory("dir", bad.path));
    ExpectRefused(bad.code, bad.path, space_.CopyFile("file", bad.path));
    ExpectRefused(bad.code, bad.path, space_.MoveFile("file", bad.path));
  }
}

// Nothing can be there: whether it is called bad or missing is not said.
TEST_F(BadInputTest, BadPathsWhereSomethingShouldBe) {
  for (const BadPath& bad : BadPaths()) {
    SCOPED_TRACE(bad.path.substr(0, 50));
    EXPECT_FALSE(space_.CopyDirectory(bad.path, "new").ok());
    EXPECT_FALSE(space_.MoveFile(bad.path, "new").ok());
    EXPECT_FALSE(space_.Delete(bad.path).ok());
    EXPECT_FALSE(space_.SetAttributes(bad.path, {}).ok());
    EXPECT_FALSE(space_.GetStat(bad.path).ok());
    EXPECT_FALSE(space_.List(bad.path).ok());
    EXPECT_FALSE(space_.OpenFile(bad.path).ok());
  }
}

TEST_F(BadInputTest, LastNameTooLong) {
  for (const std::string& name :
       {Repeat("n", 256), Repeat("文", 256), Repeat("\xf0\x9f\x90\x9f", 256)}) {
    ExpectRefused(Code::kDirectoryNameLengthExceed, name, space_.MakeDirectory(name));
    ExpectRefused(Code::kDirectoryNameLengthExceed, name, space_.CopyDirectory("dir", name));
    ExpectRefused(Code::kDirectoryNameLengthExceed, name, space_.MoveDirectory("dir", name));
    ExpectRefused(Code::kFileNameLengthExceed, name, space_.Put(name, "bytes"));
    ExpectRefused(Code::kFileNameLengthExceed, name, space_.CopyFile("file", name));
    ExpectRefused(Code::kFileNameLengthExceed, name, space_.MoveFile("file", name));
  }
}

TEST_F(BadInputTest, LongestNamesAreFine) {
  // "é" as one code point and as two: names are not normalised.
  const std::vector<std::string> names = {Repeat("n", 255),
                                          Repeat("文", 255),
                                          Repeat("\xf0\x9f\x90\x9f", 255),
                                          "\xc3\xa9",
                                          "e\xcc\x81",
                                          "...",
                                          " ",
                                          "a b",
                                          "~",
                                          "A",
                                          "\xef\xbf\xbf",
                                          "\xf4\x8f\xbf\xbf"};
  for (const std::string& name : names) ASSERT_OK(space_.MakeDirectory(name)) << name;
  for (const std::string& name : names) ASSERT_OK(space_.Delete(name)) << name;
  before_ = Dump();  // the root has another eTag
}

TEST_F(BadInputTest, LimitsOfTheStoreAreKept) {
  StoreOptions options = TestOptions();
  options.max_name_chars = 16;
  options.max_path_bytes = 255;
  const TempStore small(options);
  const Space space = small.OpenSpace();
  EXPECT_OK(space.MakeDirectory(Repeat("n", 16)));
  EXPECT_CODE(DirectoryNameLengthExceed, space.MakeDirectory(Repeat("n", 17)));
  EXPECT_CODE(FileNameLengthExceed, space.Put(Repeat("n", 17), "bytes"));
  EXPECT_OK(space.MakeDirectory(Repeat("123456789/", 25) + "12345"));
  EXPECT_CODE(DirectoryLevelExceed, space.MakeDirectory(Repeat("123456789/", 25) + "123456"));
}

// ---- operations --------------------------------------------------------------------------------

TEST_F(BadInputTest, WhatIsNotThere) {
  const auto check = [](Code code, std::string_view path, const auto& result) {
    ExpectRefused(code, path, result);
  };
  check(Code::kSourceDirectoryNotFound, "no", space_.CopyDirectory("no", "new"));
  check(Code::kSourceDirectoryNotFound, "no", space_.MoveDirectory("no", "new"));
  check(Code::kSourceDirectoryNotFound, "file/no", space_.CopyDirectory("file/no", "new"));
  check(Code::kSourceDirectoryNotFound, "no", space_.CopyDirectory(other_, "no", "new"));
  check(Code::kSourceFileNotFound, "dir/no", space_.CopyFile("dir/no", "new"));
  check(Code::kSourceFileNotFound, "dir/no", space_.MoveFile("dir/no", "new"));
  check(Code::kInvalidSourceDirectory, "file", space_.CopyDirectory("file", "new"));
  check(Code::kInvalidSourceDirectory, "file", space_.MoveDirectory("file", "new"));
  check(Code::kInvalidSourceFile, "dir", space_.CopyFile("dir", "new"));
  check(Code::kInvalidSourceFile, "dir", space_.MoveFile("dir", "new"));
  check(Code::kPathNotFound, "dir/no", space_.Delete("dir/no"));
  check(Code::kPathNotFound, "file/no", space_.Delete("file/no"));
  check(Code::kPathNotFound, "dir/no", space_.SetAttributes("dir/no", {}));
  check(Code::kPathNotFound, "dir/no", space_.GetStat("dir/no"));
  check(Code::kPathNotFound, "file/no", space_.GetStat("file/no"));
  check(Code::kPathNotFound, "dir/no", space_.GetTotals("dir/no"));
  check(Code::kPathNotFound, "dir/no", space_.List("dir/no"));
  check(Code::kFileNotFound, "dir/no", space_.OpenFile("dir/no"));
  check(Code::kFileNotFound, "dir/no", space_.Read("dir/no"));
  check(Code::kDirectoryNotFound, "no/new", space_.Put("no/new", "bytes"));
  check(Code::kDirectoryNotFound, "no/new", space_.CopyFile("file", "no/new"));
}

TEST_F(BadInputTest, TheOtherKindOfEntry) {
  ExpectRefused(Code::kFileTypeNotMatched, "file", space_.List("file"));
  ExpectRefused(Code::kFileTypeNotMatched, "file", space_.GetTotals("file"));
  ExpectRefused(Code::kFileTypeNotMatched, "dir", space_.OpenFile("dir"));
  ExpectRefused(Code::kFileTypeNotMatched, "dir", space_.Read("dir"));
  EXPECT_CODE(FileTypeNotMatched, space_.OpenFile(""));
}

TEST_F(BadInputTest, TakenNames) {
  constexpr Code kTaken = Code::kSameNameDirectoryOrFileExists;
  const PutOptions overwrite = [] {
    PutOptions options;
    options.strategy = Strategy::kOverwrite;
    return options;
  }();
  ExpectRefused(kTaken, "dir", space_.MakeDirectory("dir"));
  ExpectRefused(kTaken, "file", space_.MakeDirectory("file"));
  ExpectRefused(kTaken, "file/new", space_.MakeDirectory("file/new"));
  ExpectRefused(kTaken, "file/new", space_.Put("file/new", "bytes"));
  ExpectRefused(kTaken, "dir", space_.Put("dir", "bytes", overwrite));
  ExpectRefused(kTaken, "dir", space_.CopyDirectory("copy", "dir"));
  ExpectRefused(kTaken, "dir", space_.CopyDirectory("dir", "dir"));
  ExpectRefused(kTaken, "file", space_.MoveDirectory("dir", "file"));
  ExpectRefused(kTaken, "dir", space_.CopyFile("file", "dir", With(Strategy::kOverwrite)));
  ExpectRefused(kTaken, "file", space_.MoveFile("file", "file", With(Strategy::kAsk)));
}

TEST_F(BadInputTest, StrategiesThatAreNotTaken) {
  constexpr Code kBad = Code::kInvalidConflictResolutionStrategy;
  const std::vector<Strategy> none_of_these = {Strategy::kOverwrite, static_cast<Strategy>(17)};
  for (const Strategy strategy : none_of_these) {
    EXPECT_EQ(CodeOf(space_.MakeDirectory("new", With(strategy)).status()), kBad);
    EXPECT_EQ(CodeOf(space_.CopyDirectory("dir", "new", With(strategy)).status()), kBad);
    EXPECT_EQ(CodeOf(space_.MoveDirectory("dir", "new", With(strategy)).status()), kBad);
    EXPECT_EQ(CodeOf(space_.CopyDirectory("no", "a:b", With(strategy)).status()), kBad);
  }
  EXPECT_EQ(CodeOf(space_.CopyFile("file", "new", With(static_cast<Strategy>(-1))).status()), kBad);
}

TEST_F(BadInputTest, Roots) {
  EXPECT_CODE(RootDirectoryNotAllowed, space_.CopyDirectory("", "new"));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.CopyDirectory(other_, "", "new"));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.CopyDirectory("dir", ""));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.CopyFile("file", ""));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.MoveDirectory("", "dir/new"));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.MoveFile("file", ""));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.Put("", "bytes"));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.MakeDirectory("", With(Strategy::kRename)));
  EXPECT_CODE(RootDirectoryNotAllowed, space_.Delete(""));
}

TEST_F(BadInputTest, MovesIntoThemselves) {
  constexpr Code kInside = Code::kSourceDirectoryIsParentOfDestination;
  ExpectRefused(kInside, "dir/new", space_.MoveDirectory("dir", "dir/new"));
  ExpectRefused(kInside, "dir/sub/a/b", space_.MoveDirectory("dir", "dir/sub/a/b"));
  ExpectRefused(kInside, "copy/sub/new", space_.MoveDirectory("copy", "copy/sub/new"));
}

TEST_F(BadInputTest, NumbersThatWouldBeTooLarge) {
  const std::string name = "x (2147483647)";
  ExpectRefused(Code::kRenameTooManyTimes, name, space_.Put(name, "bytes"));
  ExpectRefused(Code::kRenameTooManyTimes, name, space_.CopyFile("file", name));
  ExpectRefused(Code::kRenameTooManyTimes, name,
                space_.CopyDirectory("dir", name, With(Strategy::kRename)));
  ExpectRefused(Code::kRenameTooManyTimes, name,
                space_.MakeDirectory(name, With(Strategy::kRename)));
}

// ---- arguments ---------------------------------------------------------------------------------

TEST_F(BadInputTest, AbsurdSizes) {
  EXPECT_CODE(ParamInvalid, space_.PutReference("new", {{1, 1}, kMaxFileBytes + 1}));
  EXPECT_CODE(ParamInvalid, space_.PutReference("new", {{1, 1}, UINT64_MAX}));
  OperationOptions long_user;
  long_user.user = Repeat("u", 256);
  EXPECT_CODE(ParamInvalid, space_.MakeDirectory("new", long_user));
  EXPECT_CODE(ParamInvalid, space_.CopyDirectory("dir", "new", long_user));
}

std::vector<Attributes> BadAttributes() {
  std::vector<Attributes> bad(8);
  bad[0].category = Repeat("c", kMaxAttributeBytes + 1);
  bad[1].labels.assign(kMaxAttributeBytes, "two");
  bad[2].metadata["key"] = Repeat("v", kMaxAttributeBytes + 1);
  bad[3].metadata[Repeat("k", kMaxAttributeBytes + 1)] = "value";
  bad[4].local_creation_time = Repeat("0", kMaxAttributeBytes + 1);
  bad[5].metadata["\xff"] = "value";
  bad[6].metadata["key"] = "\xed\xa0\x80";
  bad[7].labels = {"fine", "\xc0\xaf"};
  return bad;
}

TEST_F(BadInputTest, AttributesOutOfRange) {
  for (const Attributes& attributes : BadAttributes()) {
    PutOptions options;
    options.attributes = attributes;
    EXPECT_CODE(ParamInvalid, space_.Put("new", "bytes", options));
    EXPECT_CODE(ParamInvalid, space_.PutReference("new", {{1, 1}, 1}, options));
    EXPECT_CODE(ParamInvalid, space_.SetAttributes("file", attributes));
    EXPECT_CODE(ParamInvalid, space_.SetAttributes("dir", attributes));
    EXPECT_CODE(ParamInvalid, space_.SetAttributes("", attributes));
  }
}

TEST_F(BadInputTest, ListLimits) {
  for (const size_t limit : {size_t{0}, size_t{1001}, SIZE_MAX}) {
    ListOptions options;
    options.limit = limit;
    EXPECT_CODE(ParamInvalid, space_.List("", options));
    EXPECT_CODE(ParamInvalid, store_->ListSpaces("default", {}, limit));
  }
  ListOptions most;
  most.limit = 1000;
  EXPECT_OK(space_.List("", most));
}

TEST_F(BadInputTest, ForgedMarkers) {
  ListOptions options;
  options.limit = 1;
  const absl::StatusOr<Page> page = space_.List("", options);
  ASSERT_OK(page);
  const std::string good = page->marker;
  ASSERT_FALSE(good.empty());
  const auto refused = [&](const std::string& marker) {
    options.marker = marker;
    EXPECT_CODE(MarkerNotFound, space_.List("", options));
  };
  refused("x");
  refused(good.substr(0, good.size() - 1));
  refused(good.substr(1));
  refused(good + "x");
  refused(Repeat("z", 100'000));
  refused(std::string(64, '\0'));
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] == 'A' ? 'B' : 'A');
    options.marker = changed;
    const absl::StatusOr<Page> answer = space_.List("", options);
    // A change of the name in it may be one that this listing could give.
    EXPECT_TRUE(answer.ok() || CodeOf(answer.status()) == Code::kMarkerNotFound) << i;
  }
  options.marker = good;
  EXPECT_OK(space_.List("", options));
}

TEST_F(BadInputTest, MarkersOfOtherLists) {
  ListOptions options;
  options.limit = 1;
  options.marker = space_.List("", options).value().marker;
  EXPECT_CODE(MarkerNotFound, space_.List("dir", options));
  EXPECT_CODE(MarkerNotFound, space_.List("copy", options));
  EXPECT_CODE(MarkerNotFound, other_.List("", options));
  const auto changed = [&](auto change) {
    ListOptions other = options;
    change(other);
    EXPECT_CODE(MarkerNotFound, space_.List("", other));
  };
  changed([](ListOptions& other) { other.order = ListOrder::kName; });
  changed([](ListOptions& other) { other.order = ListOrder::kSize; });
  changed([](ListOptions& other) { other.filter = ListFilter::kOnlyFiles; });
  changed([](ListOptions& other) { other.prefix = "f"; });
}

// ---- batches -----------------------------------------------------------------------------------

BatchItem MakeItem(const Space& space, const std::string& path) {
  BatchItem item;
  item.space = space;
  item.path = path;
  return item;
}

TEST_F(BadInputTest, BatchSizes) {
  const std::vector<BatchItem> none;
  EXPECT_CODE(NoItemsProvided, store_->RunAtomically(none));
  EXPECT_CODE(NoItemsProvided, store_->RunEach(none));
  const std::vector<BatchItem> many(kMaxBatchItems + 1, MakeItem(space_, "new"));
  EXPECT_CODE(TooManyItems, store_->RunAtomically(many));
  EXPECT_CODE(TooManyItems, store_->RunEach(many));
}

TEST_F(BadInputTest, ABatchThatFailsAtItsEndChangesNothing) {
  std::vector<BatchItem> items;
  for (int i = 0; i < 100; ++i) items.push_back(MakeItem(space_, "new/" + std::to_string(i)));
  BatchItem item = MakeItem(other_, "new");
  item.kind = BatchItem::Kind::kMove;
  item.from_space = space_;
  item.from = "dir";
  items.push_back(item);
  item = MakeItem(space_, "copy");
  item.kind = BatchItem::Kind::kDelete;
  items.push_back(item);
  items.push_back(item);
  const absl::Status status = store_->RunAtomically(items).status();
  EXPECT_CODE(PathNotFound, status);
  EXPECT_EQ(std::string(status.message()).rfind("item 102: ", 0), 0u) << status;
}

TEST_F(BadInputTest, BatchItemsOutOfRange) {
  BatchItem put = MakeItem(space_, "new");
  put.kind = BatchItem::Kind::kPut;
  put.bytes = std::string(kMaxBatchPutBytes + 1, 'x');
  BatchItem nowhere = MakeItem(Space(), "new");
  BatchItem reference = MakeItem(space_, "new");
  reference.kind = BatchItem::Kind::kPutReference;
  reference.content = {{1, 1}, kMaxFileBytes + 1};
  const std::vector<std::pair<BatchItem, Code>> cases = {{put, Code::kParamInvalid},
                                                         {nowhere, Code::kSpaceNotFound},
                                                         {reference, Code::kParamInvalid}};
  for (const auto& [item, code] : cases) {
    const std::vector<BatchItem> items = {MakeItem(space_, "made first"), item};
    EXPECT_EQ(CodeOf(store_->RunAtomically(items).status()), code);
    const auto each = store_->RunEach(std::vector<BatchItem>{item});
    ASSERT_OK(each);
    EXPECT_EQ(CodeOf((*each)[0].status()), code);
  }
}

// ---- beside the tree ---------------------------------------------------------------------------

TEST_F(BadInputTest, RecycledItems) {
  EXPECT_CODE(RecycledItemNotFound, space_.GetRecycled(1));
  EXPECT_CODE(RecycledItemNotFound, space_.Restore(UINT64_MAX));
  EXPECT_CODE(RecycledItemNotFound, space_.PurgeRecycled(0));
  EXPECT_CODE(RecycledItemNotFound, space_.List("", {{.tree = {.recycled_item = 7}}}));
  EXPECT_CODE(RecycleBinNotEnabled, space_.ListRecycled());
  ASSERT_OK(space_.SetSettings({.recycle_bin = true}));
  ListRecycledOptions options;
  options.limit = 0;
  EXPECT_CODE(ParamInvalid, space_.ListRecycled(options));
  options.limit = 1001;
  EXPECT_CODE(ParamInvalid, space_.ListRecycled(options));
  options.limit = 20;
  for (const std::string marker : {"x", "AAAAAAAAAAAAAAAA", "!"}) {
    options.marker = marker;
    EXPECT_CODE(MarkerNotFound, space_.ListRecycled(options));
  }
}

TEST_F(BadInputTest, Settings) {
  for (const LibrarySettings& settings :
       {LibrarySettings{.recycle_days = 0}, LibrarySettings{.recycle_days = 10'001},
        LibrarySettings{.history_versions = 0}, LibrarySettings{.history_versions = 1000},
        LibrarySettings{.history_days = 1000}, LibrarySettings{.history_merge_seconds = 4},
        LibrarySettings{.history_merge_seconds = 601}}) {
    EXPECT_CODE(ParamInvalid, store_->SetLibrarySettings("default", settings));
  }
  EXPECT_CODE(ParamInvalid, space_.SetSettings({.recycle_days = 0}));
  EXPECT_CODE(ParamInvalid, space_.SetSettings({.change_feed_days = 3651}));
  EXPECT_CODE(LibraryNotFound, store_->SetLibrarySettings("none", {}));
}

TEST_F(BadInputTest, Quotas) {
  const std::vector<std::string> spaces = {"-"}, absent = {"absent"}, none;
  EXPECT_CODE(SpaceNotFound, store_->CreateQuota("default", absent, {.bytes = 1}));
  EXPECT_CODE(NoItemsProvided, store_->CreateQuota("default", none, {.bytes = 1}));
  EXPECT_CODE(ParamInvalid, store_->CreateQuota("default", spaces, {.bytes = UINT64_MAX}));
  EXPECT_CODE(QuotaNotFound, store_->GetQuota("default", 99));
  EXPECT_CODE(QuotaNotFound, store_->SetQuota("default", 0, {.bytes = 1}));
  EXPECT_CODE(QuotaNotFound, store_->DeleteQuota("default", 99));
  EXPECT_CODE(QuotaNotFound, store_->GetQuotaOf("default", "-"));
  EXPECT_CODE(ParamInvalid, space_.SetDirectoryQuota("dir", {}));
  EXPECT_CODE(FileTypeNotMatched, space_.SetDirectoryQuota("file", {.bytes = 1}));
  EXPECT_CODE(PathNotFound, space_.SetDirectoryQuota("absent", {.bytes = 1}));
  EXPECT_CODE(QuotaNotFound, space_.RemoveDirectoryQuota("dir"));
  EXPECT_CODE(QuotaNotFound, space_.GetDirectoryQuota("dir"));
}

TEST_F(BadInputTest, VersionsSnapshotsChanges) {
  EXPECT_CODE(FileNotFound, space_.ListVersions("absent"));
  EXPECT_CODE(FileTypeNotMatched, space_.ListVersions("dir"));
  EXPECT_CODE(VersionNotFound, space_.SetLatestVersion("file", 1));
  EXPECT_CODE(VersionNotFound, space_.OpenFile("file", {.version = 1}));
  EXPECT_CODE(VersionNotFound, space_.OpenFile("file", {.version_id = 1}));
  EXPECT_CODE(VersionNotFound, space_.SetLatestVersionById(1));
  const std::vector<uint64_t> ids(kMaxBatchItems + 1, 1);
  EXPECT_CODE(VersionNotFound, space_.DeleteVersionsById({ids.data(), 1}));
  EXPECT_CODE(NoItemsProvided, space_.DeleteVersionsById({}));
  EXPECT_CODE(TooManyItems, space_.DeleteVersionsById(ids));
  EXPECT_CODE(LibraryNotFound, store_->ClearHistory("absent"));
  EXPECT_CODE(SpaceIdInvalid, store_->ClearHistory("no/library"));
  EXPECT_CODE(LatestVersionNotAllowed,
              space_.DeleteVersion("file", space_.GetStat("file")->version));
  EXPECT_CODE(SnapshotNotFound, space_.GetSnapshot("absent"));
  EXPECT_CODE(SnapshotNotFound, space_.DeleteSnapshot("absent"));
  EXPECT_CODE(SnapshotNotFound, space_.CopyFromSnapshot("absent", "", "new"));
  EXPECT_CODE(IllegalFileName, space_.CreateSnapshot("a/b", "dir"));
  EXPECT_CODE(FileTypeNotMatched, space_.CreateSnapshot("s", "file"));
  EXPECT_CODE(PathNotFound, space_.CreateSnapshot("s", "absent"));
  EXPECT_CODE(ParamInvalid, space_.CreateSnapshot("s", "dir", -1));
  EXPECT_CODE(ChangeFeedNotEnabled, space_.ReadChanges());
  EXPECT_CODE(ChangeFeedNotEnabled, space_.LatestChange());
}

// ---- libraries, spaces, stores -----------------------------------------------------------------

TEST_F(BadInputTest, IdsOfSpacesAndLibraries) {
  const std::vector<std::string> bad = {
      "",    "a", "--",  "-a", "a-",  "Ab",   "a_b",           "a b",
      "a/b", "é", "a.b", "..", "a\n", "\xff", Repeat("a", 33), std::string("a\0b", 3)};
  for (const std::string& id : bad) {
    EXPECT_CODE(SpaceIdInvalid, store_->CreateSpace("default", id)) << id;
    EXPECT_CODE(SpaceIdInvalid, store_->CreateLibrary(id)) << id;
  }
  EXPECT_CODE(SpaceIdInvalid, store_->CreateLibrary("-"));
  EXPECT_CODE(DuplicateLibrary, store_->CreateLibrary("default"));
  EXPECT_CODE(DuplicateSpace, store_->CreateSpace("default", "-"));
  EXPECT_CODE(DuplicateSpace, store_->CreateSpace("default", "other"));
  EXPECT_CODE(LibraryNotFound, store_->CreateSpace("missing", "space"));
  EXPECT_CODE(LibraryNotFound, store_->OpenSpace("missing", "space"));
  EXPECT_CODE(LibraryNotFound, store_->DeleteLibrary("missing"));
  EXPECT_CODE(LibraryNotFound, store_->ListSpaces("missing"));
  EXPECT_CODE(SpaceNotFound, store_->OpenSpace("default", "missing"));
  EXPECT_CODE(SpaceNotFound, store_->DeleteSpace("default", "missing", true));
  EXPECT_CODE(SpaceNotEmpty, store_->DeleteSpace("default", "other"));
  EXPECT_CODE(LibraryNotEmpty, store_->DeleteLibrary("default"));
  for (const char* id : {"ab", "a1", "a-b", "0123456789abcdef0123456789abcdef"}) {
    ASSERT_OK(store_->CreateSpace("default", id)) << id;
    ASSERT_OK(store_->DeleteSpace("default", id)) << id;
  }
}

void ExpectSpaceNotFound(const Space& space, const Space& good) {
  EXPECT_CODE(SpaceNotFound, space.MakeDirectory("new"));
  EXPECT_CODE(SpaceNotFound, space.Put("new", "bytes"));
  EXPECT_CODE(SpaceNotFound, space.PutReference("new", {{1, 1}, 1}));
  EXPECT_CODE(SpaceNotFound, space.CopyDirectory(good, "dir", "new"));
  EXPECT_CODE(SpaceNotFound, good.CopyDirectory(space, "dir", "new"));
  EXPECT_CODE(SpaceNotFound, good.MoveFile(space, "file", "new"));
  EXPECT_CODE(SpaceNotFound, space.Delete("file"));
  EXPECT_CODE(SpaceNotFound, space.SetAttributes("file", {}));
  EXPECT_CODE(SpaceNotFound, space.GetStat(""));
  EXPECT_CODE(SpaceNotFound, space.GetTotals(""));
  EXPECT_CODE(SpaceNotFound, space.List(""));
  EXPECT_CODE(SpaceNotFound, space.OpenFile("file"));
  const auto visit = [](const WalkEntry&) -> absl::StatusOr<WalkStep> { return WalkStep::kGoOn; };
  EXPECT_CODE(SpaceNotFound, space.Walk("", visit));
}

TEST_F(BadInputTest, SpacesThatAreNone) {
  ExpectSpaceNotFound(Space(), space_);
  EXPECT_EQ(Space().name(), "");
}

TEST_F(BadInputTest, DeletedSpaces) {
  const Space gone = store_->CreateSpace("default", "gone").value();
  Fill(gone);
  ASSERT_OK(store_->DeleteSpace("default", "gone", true));
  ExpectSpaceNotFound(gone, space_);
  const Space successor = store_->CreateSpace("default", "gone").value();
  ASSERT_OK(successor.CreateSnapshot("s", ""));
  ExpectSpaceNotFound(gone, space_);
  // Not what the successor has under the same names.
  const ReadOptions snapshot{.tree = {.named_snapshot = "s"}};
  EXPECT_CODE(SpaceNotFound, gone.SetSettings({.change_feed_days = 1}));
  EXPECT_CODE(SpaceNotFound, gone.GetStat("", snapshot));
  EXPECT_CODE(SpaceNotFound, gone.CopyFromSnapshot("s", "", "new"));
  BatchItem copy;
  copy.kind = BatchItem::Kind::kCopy;
  copy.space = space_;
  copy.path = "copy";
  copy.from_space = gone;
  copy.from_tree.named_snapshot = "s";
  EXPECT_CODE(SpaceNotFound, store_->RunAtomically({&copy, 1}));
  EXPECT_EQ(*successor.GetSettings(), SpaceSettings());
  ASSERT_OK(store_->DeleteSpace("default", "gone"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  ExpectSpaceNotFound(gone, space_);
  ExpectSpaceNotFound(successor, space_);
}

TEST_F(BadInputTest, DiffsOfWhatIsNoDirectory) {
  TempStore another;
  const struct {
    Code code;
    DirectoryAt at;
  } kCases[] = {
      {Code::kPathNotFound, {space_, "missing"}},
      {Code::kFileTypeNotMatched, {space_, "file"}},
      {Code::kEmptyFileName, {space_, "dir//x"}},
      {Code::kSnapshotNotFound, {space_, "", {.named_snapshot = "missing"}}},
      {Code::kRecycledItemNotFound, {space_, "", {.recycled_item = 7}}},
      {Code::kSpaceNotFound, {Space(), ""}},
      {Code::kParamInvalid, {another.OpenSpace(), ""}},
  };
  const DirectoryAt good{space_, "dir"};
  const auto foreign = another->TakeSnapshot();
  const ReadOptions then{foreign.get()};
  EXPECT_CODE(ParamInvalid, space_.GetStat("dir", then));
  const auto visit = [](const Difference&) { return true; };
  for (const auto& [code, at] : kCases) {
    EXPECT_EQ(CodeOf(store_->Diff(at, good, visit)), code) << at.path;
    EXPECT_EQ(CodeOf(store_->Diff(good, at, visit)), code) << at.path;
  }
  EXPECT_EQ(CodeOf(store_->Diff(good, good, visit, foreign.get())), Code::kParamInvalid);
}

TEST_F(BadInputTest, AStoreIsOpenedOnce) {
  EXPECT_CODE(StoreInUse, Store::Open(store_.folder(), store_.options()));
}

TEST(BadStoreTest, FoldersThatHoldNoStore) {
  const TempFolder folder;
  const std::string missing = (folder.path() / "missing").string();
  EXPECT_CODE(StoreNotFound, Store::Open(missing));
  EXPECT_FALSE(std::filesystem::exists(missing)) << "opening must not leave anything behind";

  StoreOptions create = TestOptions();
  std::ofstream(folder.path() / "letter.txt") << "somebody else's";
  EXPECT_CODE(StoreNotFound, Store::Open(folder.path().string(), create));
  EXPECT_CODE(StoreNotFound, Store::Open((folder.path() / "letter.txt").string(), create));
  size_t entries = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().filename(), "letter.txt");
    ++entries;
  }
  EXPECT_EQ(entries, 1u) << "a foreign folder must stay as it is";
}

TEST(BadStoreTest, OptionsOutOfRange) {
  const TempFolder folder;
  const auto opened = [&](auto change) {
    StoreOptions options = TestOptions();
    change(options);
    return CodeOf(Store::Open((folder.path() / "store").string(), options).status());
  };
  constexpr Code kBad = Code::kParamInvalid;
  EXPECT_EQ(opened([](StoreOptions& options) { options.max_name_chars = 15; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.max_name_chars = 256; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.read_damaged = true; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.max_path_bytes = 254; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.max_path_bytes = (1u << 20) + 1; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.memtable_bytes = (1u << 20) - 1; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.record_cache_bytes = 20u << 20; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.memory_bytes = 0; }), kBad);
  EXPECT_EQ(opened([](StoreOptions& options) { options.rocksdb_options_file = "/absent"; }), kBad);
  const auto least = [](StoreOptions& options) {
    options.memory_bytes = 2u << 20;
    options.record_cache_bytes.reset();
    options.memtable_bytes.reset();
  };
  EXPECT_EQ(opened(least), Code::kOk);
}

// ---- the table of codes ------------------------------------------------------------------------

TEST(ErrorTableTest, EveryCodeSaysWhatItIs) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Code::kStreamFormatTooNew); ++i) {
    const Code code = static_cast<Code>(i);
    EXPECT_TRUE(names.insert(std::string(CodeName(code))).second) << i;
    if (code == Code::kOk) continue;
    EXPECT_FALSE(CodeMeaning(code).empty()) << CodeName(code);
    EXPECT_GE(CodeHttpStatus(code), 400) << CodeName(code);
    EXPECT_EQ(CodeOf(MakeError(code, "message")), code);
  }
  EXPECT_EQ(CodeHttpStatus(Code::kOk), 200);
  EXPECT_EQ(CodeOf(absl::OkStatus()), Code::kOk);
  EXPECT_EQ(CodeOf(absl::NotFoundError("not Marcot's")), Code::kInternalServerError);
}

}  // namespace
}  // namespace marcot::testing

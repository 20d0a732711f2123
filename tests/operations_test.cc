// What the operations do, by example: one test a promise of the contract.
#include "pch/test_pch.h"

#include <cstring>
#include <random>

#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

using Names = std::vector<std::string>;

constexpr uint64_t kMiB = uint64_t{1} << 20;

OperationOptions With(Strategy strategy) {
  OperationOptions options;
  options.strategy = strategy;
  return options;
}

PutOptions PutWith(Strategy strategy) {
  PutOptions options;
  options.strategy = strategy;
  return options;
}

// Bytes that differ from place to place, given piece by piece: no test holds a large file.
char ByteAt(uint64_t offset) { return static_cast<char>((offset * 131 + offset / 4093) & 0xff); }

ByteSource Stream(uint64_t size) {
  return
      [size, done = uint64_t{0}](char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
        const size_t count = std::min<uint64_t>(capacity, size - done);
        for (size_t i = 0; i < count; ++i) buffer[i] = ByteAt(done + i);
        done += count;
        return count;
      };
}

class OperationsTest : public ::testing::Test {
 protected:
  OperationsTest() : space_(Prepare()) {}

  // The final path, or the error's code.
  static std::string Said(const absl::StatusOr<Placed>& placed) {
    if (!placed.ok()) return std::string(CodeName(CodeOf(placed.status())));
    return JoinPath(placed->path);
  }
  std::string MakeDirectory(const std::string& path, Strategy strategy = Strategy::kDefault) {
    return Said(space_.MakeDirectory(path, With(strategy)));
  }
  std::string Put(const std::string& path, const std::string& bytes = "bytes",
                  Strategy strategy = Strategy::kDefault) {
    return Said(space_.Put(path, std::string_view(bytes), PutWith(strategy)));
  }
  std::string Copy(const std::string& from, const std::string& to,
                   Strategy strategy = Strategy::kDefault) {
    return Said(space_.CopyDirectory(from, to, With(strategy)));
  }
  std::string Move(const std::string& from, const std::string& to,
                   Strategy strategy = Strategy::kDefault) {
    return Said(space_.MoveDirectory(from, to, With(strategy)));
  }
  std::string CopyFile(const std::string& from, const std::string& to,
                       Strategy strategy = Strategy::kDefault) {
    return Said(space_.CopyFile(from, to, With(strategy)));
  }
  std::string MoveFile(const std::string& from, const std::string& to,
                       Strategy strategy = Strategy::kDefault) {
    return Said(space_.MoveFile(from, to, With(strategy)));
  }
  std::string Read(const std::string& path) {
    const absl::StatusOr<std::string> bytes = space_.Read(path);
    return bytes.ok() ? *bytes : std::string(CodeName(CodeOf(bytes.status())));
  }
  Stat StatOf(const std::string& path) {
    absl::StatusOr<Stat> stat = space_.GetStat(path);
    EXPECT_OK(stat) << path;
    return stat.ok() ? *stat : Stat{};
  }
  Names Listed(const std::string& path, ListOptions options = {}) {
    Names names;
    do {
      const absl::StatusOr<Page> page = space_.List(path, options);
      EXPECT_OK(page) << path;
      if (!page.ok()) return names;
      for (const Stat& stat : page->entries) names.push_back(stat.name);
      options.marker = page->marker;
    } while (!options.marker.empty());
    return names;
  }
  void Drain() {
    ASSERT_OK(store_->ReclaimUntilIdle());
    const absl::StatusOr<std::vector<std::string>> broken = store_->CheckInvariants();
    ASSERT_OK(broken);
    EXPECT_EQ(*broken, Names());
  }
  void Reopen() {
    space_ = Space();
    store_.Reopen();
    space_ = store_.OpenSpace();
  }

  ManualClock clock_;
  TempStore store_{Options()};
  Space space_;

 private:
  StoreOptions Options() {
    StoreOptions options = TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }
  Space Prepare() { return store_.OpenSpace(); }
};

// ---- the naming rule ---------------------------------------------------------------------------

struct NamingExample {
  const char* name;
  EntryType type;
  const char* renamed;
};

class NamingTest : public OperationsTest, public ::testing::WithParamInterface<NamingExample> {};

TEST_P(NamingTest, TakenNameGetsItsNumber) {
  const NamingExample& example = GetParam();
  if (example.type == EntryType::kDirectory) {
    ASSERT_EQ(MakeDirectory(example.name), example.name);
    EXPECT_EQ(MakeDirectory(example.name, Strategy::kRename), example.renamed);
  } else {
    ASSERT_EQ(Put(example.name), example.name);
    EXPECT_EQ(Put(example.name), example.renamed);
  }
}

constexpr EntryType kDirectory = EntryType::kDirectory, kFile = EntryType::kFile;

INSTANTIATE_TEST_SUITE_P(Contract, NamingTest,
                         ::testing::Values(NamingExample{"bar", kDirectory, "bar (1)"},
                                           NamingExample{"v1.2", kDirectory, "v1.2 (1)"},
                                           NamingExample{"a.tar.gz", kDirectory, "a.tar.gz (1)"},
                                           NamingExample{".config", kDirectory, ".config (1)"},
                                           NamingExample{"bar (1)", kDirectory, "bar (2)"},
                                           NamingExample{"bar (9)", kDirectory, "bar (10)"},
                                           NamingExample{"bar(1)", kDirectory, "bar(1) (1)"},
                                           NamingExample{"bar (x)", kDirectory, "bar (x) (1)"},
                                           NamingExample{"文件", kDirectory, "文件 (1)"},
                                           NamingExample{"file.docx", kFile, "file (1).docx"},
                                           NamingExample{"file", kFile, "file (1)"},
                                           NamingExample{"v1.2", kFile, "v1 (1).2"},
                                           NamingExample{".profile", kFile, ".profile (1)"},
                                           NamingExample{".profile.bak", kFile, ".profile (1).bak"},
                                           NamingExample{"a.tar.gz", kFile, "a (1).tar.gz"},
                                           NamingExample{"a.tar.zst", kFile, "a (1).tar.zst"},
                                           NamingExample{"a.b.c", kFile, "a.b (1).c"},
                                           NamingExample{"file (1).docx", kFile, "file (2).docx"},
                                           NamingExample{"a (3).tar.gz", kFile, "a (4).tar.gz"},
                                           NamingExample{"文件.txt", kFile, "文件 (1).txt"}));

TEST_F(OperationsTest, CountingTakesTheSmallestNumberWithoutGaps) {
  ASSERT_EQ(MakeDirectory("bar"), "bar");
  for (int i = 1; i <= 12; ++i) {
    EXPECT_EQ(MakeDirectory("bar", Strategy::kRename), "bar (" + std::to_string(i) + ")");
  }
  ASSERT_OK(space_.Delete("bar (12)"));
  EXPECT_EQ(MakeDirectory("bar", Strategy::kRename), "bar (12)");
}

TEST_F(OperationsTest, CountingWithGapsTakesSomeFreeNumber) {
  for (const char* name : {"bar", "bar (1)", "bar (2)", "bar (5)"}) {
    ASSERT_EQ(MakeDirectory(name), name);
  }
  const absl::StatusOr<Placed> placed = space_.MakeDirectory("bar", With(Strategy::kRename));
  ASSERT_OK(placed);
  EXPECT_TRUE(placed->renamed);
  EXPECT_EQ(Listed("").size(), 5u);
}

TEST_F(OperationsTest, FilesAndDirectoriesShareTheNumbers) {
  ASSERT_EQ(MakeDirectory("bar"), "bar");
  EXPECT_EQ(Put("bar"), "bar (1)");
  EXPECT_EQ(MakeDirectory("bar", Strategy::kRename), "bar (2)");
}

TEST_F(OperationsTest, LongStemIsCutAtACodePoint) {
  std::string directory, cut;
  for (int i = 0; i < 255; ++i) directory += "文";
  for (int i = 0; i < 251; ++i) cut += "文";
  ASSERT_EQ(MakeDirectory(directory), directory);
  EXPECT_EQ(MakeDirectory(directory, Strategy::kRename), cut + " (1)");
}

TEST_F(OperationsTest, CuttingKeepsTheExtension) {
  const std::string name = std::string(248, 'x') + ".tar.gz";
  ASSERT_EQ(Put(name), name);
  const std::string cut(244, 'x');
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(Put(name), absl::StrCat(cut, " (", i, ").tar.gz"));
  }
  EXPECT_EQ(Put(name), std::string(243, 'x') + " (10).tar.gz");
}

TEST_F(OperationsTest, TenThousandCopiesAreNumberedConsecutively) {
  constexpr int kCopies = 10'000;
  ASSERT_EQ(Put("file.txt"), "file.txt");
  ASSERT_EQ(MakeDirectory("bar/below"), "bar/below");
  for (int i = 1; i <= kCopies; ++i) {
    ASSERT_EQ(Copy("bar", "bar", Strategy::kRename), "bar (" + std::to_string(i) + ")");
  }
  const Stat root = StatOf("");
  EXPECT_EQ(root.child_directories, kCopies + 1u);
  EXPECT_EQ(root.totals.directories, 2 * (kCopies + 1u));
}

// ---- strategies, parents, roots ----------------------------------------------------------------

TEST_F(OperationsTest, MakeDirectoryAsksByDefaultAndMakesParents) {
  EXPECT_EQ(MakeDirectory("a/b/c"), "a/b/c");
  EXPECT_EQ(MakeDirectory("a/b/c"), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(MakeDirectory("a/b", Strategy::kAsk), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(MakeDirectory("a/b", Strategy::kOverwrite), "InvalidConflictResolutionStrategy");
}

TEST_F(OperationsTest, PutRenamesByDefaultAndMakesNoParents) {
  EXPECT_EQ(Put("a/f"), "DirectoryNotFound");
  EXPECT_EQ(Put("f", "one"), "f");
  EXPECT_EQ(Put("f", "two"), "f (1)");
  EXPECT_EQ(Put("f", "three", Strategy::kAsk), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(Put("f", "four", Strategy::kOverwrite), "f");
  EXPECT_EQ(Read("f"), "four");
  EXPECT_EQ(Read("f (1)"), "two");
}

TEST_F(OperationsTest, AFileAsParentIsAClashEvenUnderRename) {
  ASSERT_EQ(Put("f"), "f");
  ASSERT_EQ(MakeDirectory("d"), "d");
  constexpr char kClash[] = "SameNameDirectoryOrFileExists";
  EXPECT_EQ(Put("f/x"), kClash);
  EXPECT_EQ(MakeDirectory("f/x/y", Strategy::kRename), kClash);
  EXPECT_EQ(Copy("d", "f/x", Strategy::kRename), kClash);
  EXPECT_EQ(Move("d", "f/x", Strategy::kRename), kClash);
  EXPECT_EQ(CopyFile("f", "f/x", Strategy::kRename), kClash);
  EXPECT_EQ(MoveFile("f", "f/x", Strategy::kRename), kClash);
}

TEST_F(OperationsTest, OverwriteNeverReplacesADirectory) {
  ASSERT_EQ(MakeDirectory("d/below"), "d/below");
  ASSERT_EQ(Put("f"), "f");
  constexpr char kClash[] = "SameNameDirectoryOrFileExists";
  EXPECT_EQ(Put("d", "bytes", Strategy::kOverwrite), kClash);
  EXPECT_EQ(CopyFile("f", "d", Strategy::kOverwrite), kClash);
  EXPECT_EQ(MoveFile("f", "d", Strategy::kOverwrite), kClash);
  EXPECT_EQ(Listed("d"), Names({"below"}));
}

TEST_F(OperationsTest, OverwritingKeepsTheObject) {
  ASSERT_EQ(Put("f", "one"), "f");
  const Stat before = StatOf("f");
  clock_.Advance(1000);
  const absl::StatusOr<Placed> placed = space_.Put("f", "longer", PutWith(Strategy::kOverwrite));
  ASSERT_OK(placed);
  EXPECT_TRUE(placed->overwritten);
  EXPECT_FALSE(placed->renamed);
  const Stat after = StatOf("f");
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(placed->id, before.id);
  EXPECT_EQ(after.creation_time_ms, before.creation_time_ms);
  EXPECT_EQ(after.modification_time_ms, before.modification_time_ms + 1000);
  EXPECT_NE(after.Etag(), before.Etag());
  EXPECT_GT(after.version, before.version);
  EXPECT_EQ(StatOf("").totals, (RecursiveTotals{6, 1, 0}));
}

TEST_F(OperationsTest, CopiesAndMovesOfDirectoriesMakeParents) {
  ASSERT_EQ(MakeDirectory("a/b"), "a/b");
  EXPECT_EQ(Copy("a", "x/y/z"), "x/y/z");
  EXPECT_EQ(Move("x/y/z", "p/q/r"), "p/q/r");
  EXPECT_EQ(Listed("p/q/r"), Names({"b"}));
  EXPECT_EQ(Listed("x/y"), Names());
}

TEST_F(OperationsTest, CopiesAndMovesOfFilesMakeNoParents) {
  ASSERT_EQ(Put("f"), "f");
  EXPECT_EQ(CopyFile("f", "x/f"), "DirectoryNotFound");
  EXPECT_EQ(MoveFile("f", "x/f"), "DirectoryNotFound");
  EXPECT_EQ(CopyFile("f", "f"), "f (1)");
  EXPECT_EQ(MoveFile("f (1)", "g"), "g");
}

TEST_F(OperationsTest, OntoItself) {
  ASSERT_EQ(MakeDirectory("bar/below"), "bar/below");
  ASSERT_EQ(Put("f", "bytes"), "f");
  EXPECT_EQ(Copy("bar", "bar"), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(Move("bar", "bar"), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(Copy("bar", "bar", Strategy::kRename), "bar (1)");
  EXPECT_EQ(CopyFile("f", "f", Strategy::kOverwrite), "f");
  EXPECT_EQ(MoveFile("f", "f", Strategy::kOverwrite), "f");
  EXPECT_EQ(Read("f"), "bytes");
  EXPECT_EQ(Move("bar (1)", "bar (1)", Strategy::kRename), "bar (2)");
  EXPECT_EQ(Listed(""), Names({"bar", "bar (2)", "f"}));
}

TEST_F(OperationsTest, ACopyMayGoIntoItsSource) {
  ASSERT_EQ(MakeDirectory("a/b"), "a/b");
  ASSERT_EQ(Put("a/f", "bytes"), "a/f");
  EXPECT_EQ(Copy("a", "a/b/copy"), "a/b/copy");
  EXPECT_EQ(Listed("a/b/copy"), Names({"b", "f"}));
  EXPECT_EQ(Listed("a/b/copy/b"), Names()) << "the copy holds the source as it was just before";
  EXPECT_EQ(StatOf("a").totals, (RecursiveTotals{10, 2, 3}));
}

TEST_F(OperationsTest, AMoveMayNotGoIntoItsSource) {
  ASSERT_EQ(MakeDirectory("a/foo/deep"), "a/foo/deep");
  EXPECT_EQ(Move("a/foo", "a/foo/deep/x"), "SourceDirectoryIsParentOfDestination");
  EXPECT_EQ(Move("a", "a/new"), "SourceDirectoryIsParentOfDestination");
  EXPECT_EQ(Move("a/foo", "a/foobar"), "a/foobar") << "only the spelling is alike";
}

TEST_F(OperationsTest, RootsAreNeitherSourceNorTarget) {
  ASSERT_EQ(MakeDirectory("a"), "a");
  constexpr char kRoot[] = "RootDirectoryNotAllowed";
  EXPECT_EQ(Copy("", "b"), kRoot);
  EXPECT_EQ(Copy("a", ""), kRoot);
  EXPECT_EQ(Move("", "b"), kRoot);
  EXPECT_EQ(Move("a", ""), kRoot);
  EXPECT_EQ(MakeDirectory(""), kRoot);
  EXPECT_EQ(Put(""), kRoot);
  EXPECT_CODE(RootDirectoryNotAllowed, space_.Delete(""));
}

// ---- what copies carry -------------------------------------------------------------------------

TEST_F(OperationsTest, ACopySharesNothingWithItsSource) {
  ASSERT_EQ(MakeDirectory("a/sub"), "a/sub");
  ASSERT_EQ(Put("a/sub/f", "old"), "a/sub/f");
  ASSERT_EQ(Copy("a", "copy"), "copy");
  ASSERT_EQ(Put("a/sub/f", "source", Strategy::kOverwrite), "a/sub/f");
  ASSERT_EQ(Put("copy/sub/g", "copy"), "copy/sub/g");
  ASSERT_OK(space_.Delete("copy/sub/f"));
  EXPECT_EQ(Read("a/sub/f"), "source");
  EXPECT_EQ(Listed("a/sub"), Names({"f"}));
  EXPECT_EQ(Listed("copy/sub"), Names({"g"}));
  Drain();
  EXPECT_EQ(Read("a/sub/f"), "source");
  EXPECT_EQ(Read("copy/sub/g"), "copy");
}

// Those of an entry outlive its page, and are what they were wherever the entry goes.
TEST_F(OperationsTest, AttributesOfAnyLength) {
  constexpr size_t kMost = 100;
  const auto of_length = [](size_t length) {
    Attributes attributes;
    attributes.content_type = std::string(length, static_cast<char>('a' + length % 26));
    return attributes;
  };
  ASSERT_OK(space_.MakeDirectory("d"));
  for (size_t i = 0; i < kMost; ++i) {
    PutOptions put;
    put.attributes = of_length(i);
    ASSERT_OK(space_.Put("d/" + std::to_string(100 + i), "bytes", put));
  }
  std::vector<Stat> kept;
  {
    ListOptions options;
    options.limit = kMost;
    const absl::StatusOr<Page> page = space_.List("d", options);
    ASSERT_OK(page);
    kept = page->entries;
  }
  ASSERT_EQ(kept.size(), kMost);
  std::reverse(kept.begin(), kept.end());
  for (size_t i = 0; i < kMost; ++i) {
    const PackedAttributes& packed = kept[kMost - 1 - i].attributes;
    EXPECT_EQ(packed.Unpack(), of_length(i)) << i;
    EXPECT_EQ(packed, StatOf("d/" + std::to_string(100 + i)).attributes) << i;
    EXPECT_EQ(packed, PackedAttributes(of_length(i))) << i;
    EXPECT_NE(packed, PackedAttributes(of_length(i + 1))) << i;
    EXPECT_EQ(packed.empty(), i == 0);
  }
}

TEST_F(OperationsTest, AttributesAreChangedInPart) {
  Attributes made;
  made.metadata = {{"k", "1"}};
  made.labels = {"red"};
  ASSERT_OK(space_.MakeDirectory("a/b", {}, made));
  EXPECT_EQ(StatOf("a/b").attributes.Unpack(), made);
  EXPECT_TRUE(StatOf("a").attributes.empty());
  PutOptions put;
  put.attributes = made;
  ASSERT_OK(space_.Put("a/b/f", "bytes", put));
  ASSERT_OK(space_.CopyDirectory("a", "copy"));

  AttributeChanges changes;
  changes.metadata = {{"l", "2"}};
  changes.category = "album";
  Attributes changed = made;
  changed.metadata = {{"k", "1"}, {"l", "2"}};
  changed.category = "album";
  for (const char* const path : {"a/b", "a/b/f", "copy/b", "copy/b/f"}) {
    ASSERT_OK(space_.ChangeAttributes(path, changes));
    EXPECT_EQ(StatOf(path).attributes.Unpack(), changed) << path;
  }
  changes = {};
  changes.replace_metadata = true;
  changes.labels = std::vector<std::string>();
  ASSERT_OK(space_.ChangeAttributes("a/b", changes));
  changed.metadata = {};
  changed.labels = {};
  EXPECT_EQ(StatOf("a/b").attributes.Unpack(), changed);
  ASSERT_OK(space_.ChangeAttributes("", changes));
  EXPECT_TRUE(StatOf("").attributes.empty());

  // What does not fit beside what is there changes nothing.
  changes = {};
  changes.metadata = {{"long", std::string(kMaxAttributeBytes - 100, 'x')}};
  ASSERT_OK(space_.ChangeAttributes("a/b/f", changes));
  const Attributes full = StatOf("a/b/f").attributes.Unpack();
  changes.metadata = {{"more", std::string(200, 'x')}};
  EXPECT_EQ(CodeOf(space_.ChangeAttributes("a/b/f", changes)), Code::kParamInvalid);
  changes.metadata = {{"\xff", ""}};
  EXPECT_EQ(CodeOf(space_.ChangeAttributes("a/b/f", changes)), Code::kParamInvalid);
  EXPECT_EQ(StatOf("a/b/f").attributes.Unpack(), full);
  EXPECT_EQ(CodeOf(space_.ChangeAttributes("gone", {})), Code::kPathNotFound);
}

TEST_F(OperationsTest, ADeletionMayAskForTheKind) {
  ASSERT_OK(space_.MakeDirectory("d"));
  ASSERT_OK(space_.Put("f", "bytes"));
  EXPECT_EQ(CodeOf(space_.DeleteFile("d").status()), Code::kFileTypeNotMatched);
  EXPECT_EQ(CodeOf(space_.DeleteDirectory("f").status()), Code::kFileTypeNotMatched);
  ASSERT_OK(space_.DeleteFile("f"));
  ASSERT_OK(space_.DeleteDirectory("d"));
  EXPECT_EQ(CodeOf(space_.DeleteFile("f").status()), Code::kPathNotFound);
}

TEST_F(OperationsTest, DirectoriesFirstInTheSortedOrders) {
  ASSERT_OK(space_.Put("small", "1"));
  ASSERT_OK(space_.MakeDirectory("large"));
  ASSERT_OK(space_.Put("large/f", "12345"));
  ASSERT_OK(space_.MakeDirectory("empty"));
  ASSERT_OK(space_.Put("middle", "123"));
  ListOptions options;
  options.order = ListOrder::kSize;
  options.limit = 1;
  const auto names = [&] {
    std::string out;
    options.marker.clear();
    do {
      const auto page = space_.List("", options);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const Stat& stat : page->entries) out += stat.name + " ";
      options.marker = page->marker;
    } while (!options.marker.empty());
    return out;
  };
  EXPECT_EQ(names(), "empty small middle large ");
  options.directories_first = true;
  EXPECT_EQ(names(), "empty large small middle ");
  options.descending = true;
  EXPECT_EQ(names(), "large empty middle small ");
}

TEST_F(OperationsTest, ACopyCarriesAttributesAndModificationTimes) {
  PutOptions put;
  put.user = "ann";
  put.attributes.metadata = {{"camera", "x100"}};
  put.attributes.labels = {"holiday"};
  put.attributes.content_type = "image/jpeg";
  put.attributes.local_creation_time = "2001-02-03";
  OperationOptions by_ann;
  by_ann.user = "ann";
  ASSERT_OK(space_.MakeDirectory("a/empty", by_ann));
  ASSERT_OK(space_.Put("a/f", "bytes", put));
  Attributes of_directory;
  of_directory.category = "album";
  ASSERT_OK(space_.SetAttributes("a", of_directory));
  const Stat source = StatOf("a"), source_file = StatOf("a/f");
  clock_.Advance(5000);
  OperationOptions by_bob;
  by_bob.user = "bob";
  const absl::StatusOr<Placed> placed = space_.CopyDirectory("a", "b", by_bob);
  ASSERT_OK(placed);

  const Stat top = StatOf("b"), file = StatOf("b/f");
  EXPECT_EQ(top.attributes.Unpack(), of_directory);
  EXPECT_EQ(top.modification_time_ms, source.modification_time_ms);
  EXPECT_EQ(top.creation_time_ms, source.creation_time_ms + 5000);
  EXPECT_EQ(top.creator, "bob");
  EXPECT_EQ(top.id, placed->id);
  EXPECT_NE(top.id, source.id);
  EXPECT_EQ(file.attributes.Unpack(), put.attributes);
  EXPECT_EQ(file.modification_time_ms, source_file.modification_time_ms);
  EXPECT_EQ(file.creation_time_ms, source_file.creation_time_ms);
  EXPECT_EQ(file.creator, "ann");
  EXPECT_EQ(file.content, source_file.content);
  EXPECT_NE(file.id, source_file.id);
  EXPECT_EQ(Listed("b"), Names({"empty", "f"}));
}

TEST_F(OperationsTest, AMoveKeepsObjectIdsBelow) {
  ASSERT_EQ(MakeDirectory("a/sub"), "a/sub");
  ASSERT_EQ(Put("a/sub/f"), "a/sub/f");
  const ObjectId top = StatOf("a").id, sub = StatOf("a/sub").id, file = StatOf("a/sub/f").id;
  ASSERT_EQ(Move("a", "x/b"), "x/b");
  EXPECT_EQ(StatOf("x/b").id, top);
  EXPECT_EQ(StatOf("x/b/sub").id, sub);
  EXPECT_EQ(StatOf("x/b/sub/f").id, file);
}

TEST_F(OperationsTest, ADirectoryChangesWithItsDirectChildrenOnly) {
  ASSERT_EQ(MakeDirectory("a/sub"), "a/sub");
  const Stat before = StatOf("a");
  clock_.Advance(10);
  ASSERT_EQ(Put("a/sub/f"), "a/sub/f");
  Attributes attributes;
  attributes.category = "c";
  ASSERT_OK(space_.SetAttributes("a", attributes));
  const Stat deeper = StatOf("a");
  EXPECT_EQ(deeper.Etag(), before.Etag());
  EXPECT_EQ(deeper.modification_time_ms, before.modification_time_ms);
  ASSERT_EQ(MoveFile("a/sub/f", "a/f"), "a/f");
  const Stat added = StatOf("a");
  EXPECT_NE(added.Etag(), before.Etag());
  EXPECT_EQ(added.modification_time_ms, before.modification_time_ms + 10);
  EXPECT_GT(added.version, before.version);
  clock_.Advance(10);
  ASSERT_OK(space_.Delete("a/f"));
  EXPECT_NE(StatOf("a").Etag(), added.Etag());
  EXPECT_EQ(StatOf("a").modification_time_ms, added.modification_time_ms + 10);
}

TEST_F(OperationsTest, CopiesCrossSpacesAndLibraries) {
  ASSERT_OK(store_->CreateLibrary("media"));
  const absl::StatusOr<Space> other = store_->CreateSpace("media", "team-1");
  ASSERT_OK(other);
  ASSERT_EQ(MakeDirectory("a/sub"), "a/sub");
  ASSERT_EQ(Put("a/sub/f", "bytes"), "a/sub/f");
  EXPECT_EQ(Said(other->CopyDirectory(space_, "a", "in/copy")), "in/copy");
  EXPECT_EQ(Said(other->CopyFile(space_, "a/sub/f", "f")), "f");
  EXPECT_EQ(Said(other->MoveDirectory(space_, "a", "moved")), "moved");
  EXPECT_EQ(Listed(""), Names());
  const absl::StatusOr<RecursiveTotals> totals = other->GetTotals("");
  ASSERT_OK(totals);
  EXPECT_EQ(*totals, (RecursiveTotals{15, 3, 5}));
  const absl::StatusOr<std::vector<SpaceInfo>> spaces = store_->ListSpaces("media");
  ASSERT_OK(spaces);
  ASSERT_EQ(spaces->size(), 1u);
  EXPECT_EQ((*spaces)[0].name, "team-1");
  EXPECT_EQ((*spaces)[0].totals, *totals);
}

// Each copy is made from a modified copy, so that it is read through the ones before it.
TEST_F(OperationsTest, AChainOfModifiedCopiesStaysExact) {
  constexpr int kCopies = 200;
  const auto name = [](int i) { return "copy" + std::to_string(i); };
  ASSERT_EQ(MakeDirectory(name(0) + "/sub"), name(0) + "/sub");
  ASSERT_EQ(Put(name(0) + "/sub/shared", "0"), name(0) + "/sub/shared");
  for (int i = 1; i <= kCopies; ++i) {
    ASSERT_EQ(Copy(name(i - 1), name(i)), name(i));
    const std::string own = name(i) + "/sub/own" + std::to_string(i);
    ASSERT_EQ(Put(own, std::to_string(i)), own);
    ASSERT_EQ(Put(name(i) + "/sub/shared", std::to_string(i), Strategy::kOverwrite),
              name(i) + "/sub/shared");
  }
  const auto check = [&] {
    for (int i = 0; i <= kCopies; i += 10) {
      EXPECT_EQ(Read(name(i) + "/sub/shared"), std::to_string(i));
      EXPECT_EQ(StatOf(name(i)).totals.files, i + 1u);
      ListOptions all;
      all.limit = 1000;
      EXPECT_EQ(Listed(name(i) + "/sub", all).size(), i + 1u);
      if (i == 0) continue;
      const std::string inherited = std::to_string(i / 2 + 1);
      EXPECT_EQ(Read(name(i) + "/sub/own" + inherited), inherited);
    }
  };
  check();
  Drain();
  check();
  for (int i = 0; i < kCopies; i += 2) {
    if (i % 10 == 0) continue;
    ASSERT_OK(space_.Delete(name(i)));
  }
  Drain();
  check();
}

// ---- reads -------------------------------------------------------------------------------------

TEST_F(OperationsTest, ASnapshotStandsStill) {
  ASSERT_EQ(MakeDirectory("a"), "a");
  ASSERT_EQ(Put("a/f", "old"), "a/f");
  const std::unique_ptr<Snapshot> snapshot = store_->TakeSnapshot();
  const ReadOptions then{snapshot.get()};
  ASSERT_EQ(Put("a/f", "new", Strategy::kOverwrite), "a/f");
  ASSERT_EQ(Put("a/g"), "a/g");
  ASSERT_EQ(Move("a", "b"), "b");
  ASSERT_OK(store_->ReclaimUntilIdle());
  const absl::StatusOr<std::string> old = space_.Read("a/f", then);
  ASSERT_OK(old);
  EXPECT_EQ(*old, "old");
  EXPECT_CODE(PathNotFound, space_.GetStat("b", then));
  EXPECT_CODE(PathNotFound, space_.GetStat("a"));
  ListOptions list;
  list.snapshot = snapshot.get();
  EXPECT_EQ(Listed("a", list), Names({"f"}));
  EXPECT_EQ(Listed("b"), Names({"f", "g"}));
}

TEST_F(OperationsTest, AnOpenFileKeepsItsBytes) {
  ASSERT_EQ(Put("f", "old bytes"), "f");
  const absl::StatusOr<std::unique_ptr<FileReader>> reader = space_.OpenFile("f");
  ASSERT_OK(reader);
  ASSERT_EQ(Put("f", "new", Strategy::kOverwrite), "f");
  ASSERT_OK(space_.Delete("f"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  EXPECT_EQ((*reader)->stat().size, 9u);
  const absl::StatusOr<std::string> piece = (*reader)->Read(4, 100);
  ASSERT_OK(piece);
  EXPECT_EQ(*piece, "bytes");
  const absl::StatusOr<std::string> past = (*reader)->Read(100, 1);
  ASSERT_OK(past);
  EXPECT_EQ(*past, "");
}

class StreamTest : public OperationsTest, public ::testing::WithParamInterface<uint64_t> {};

TEST_P(StreamTest, ComesOutAsItWentIn) {
  const uint64_t size = GetParam();
  ASSERT_EQ(Said(space_.Put("f", Stream(size))), "f");
  EXPECT_EQ(StatOf("f").size, size);
  const absl::StatusOr<std::unique_ptr<FileReader>> reader = space_.OpenFile("f");
  ASSERT_OK(reader);
  uint64_t offset = 0, wrong = 0;
  const auto check = [&](std::string_view piece) -> absl::Status {
    EXPECT_LE(piece.size(), kMiB);
    for (const char byte : piece) wrong += byte != ByteAt(offset++) ? 1 : 0;
    return absl::OkStatus();
  };
  ASSERT_OK((*reader)->Read(0, size + 10, check));
  EXPECT_EQ(offset, size);
  EXPECT_EQ(wrong, 0u);
  if (size < 2) return;
  const uint64_t middle = size / 2 - 1;
  const absl::StatusOr<std::string> piece = (*reader)->Read(middle, 2);
  ASSERT_OK(piece);
  EXPECT_EQ(*piece, (std::string{ByteAt(middle), ByteAt(middle + 1)}));
}

INSTANTIATE_TEST_SUITE_P(Sizes, StreamTest,
                         ::testing::Values(0, 1, kMiB - 1, kMiB, kMiB + 1, 20 * kMiB));

// Those that are packed, and those that would not get shorter.
TEST_F(OperationsTest, BytesOfAnyKindComeOutAsTheyWentIn) {
  std::mt19937_64 random(1);
  for (const size_t size : {size_t{4'095}, size_t{4'096}, size_t{kMiB} / 4, size_t{kMiB} / 4 + 1}) {
    std::string noise(size, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    for (const std::string& bytes :
         {noise, std::string(size, 'x'), noise + std::string(size, 'y')}) {
      ASSERT_EQ(Put("f", bytes, Strategy::kOverwrite), "f");
      EXPECT_TRUE(Read("f") == bytes) << size;
      const auto reader = space_.OpenFile("f");
      ASSERT_OK(reader);
      const absl::StatusOr<std::string> piece = (*reader)->Read(size - 2, 5);
      ASSERT_OK(piece);
      EXPECT_EQ(*piece, bytes.substr(size - 2, 5));
    }
  }
  Drain();
}

TEST_F(OperationsTest, AFailingStreamLeavesNothing) {
  int pieces = 0;
  const ByteSource source = [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
    if (++pieces == 3) return MakeError(Code::kInternalServerError, "the peer went away");
    std::memset(buffer, 'x', capacity);
    return capacity;
  };
  EXPECT_CODE(InternalServerError, space_.Put("f", source));
  EXPECT_EQ(Listed(""), Names());
  Drain();
}

TEST_F(OperationsTest, EqualBytesAreOneContent) {
  const std::string bytes(100'000, 'q');
  ASSERT_EQ(Put("one", bytes), "one");
  ASSERT_EQ(Put("two", bytes), "two");
  ASSERT_EQ(Put("other", bytes + "!"), "other");
  ASSERT_EQ(Put("empty", ""), "empty");
  EXPECT_EQ(StatOf("one").content, StatOf("two").content);
  EXPECT_NE(StatOf("one").content, StatOf("other").content);
  EXPECT_TRUE(StatOf("empty").content.empty());
  ASSERT_OK(space_.Delete("one"));
  Drain();
  EXPECT_EQ(Read("two"), bytes);
}

// Who puts them finds them in the store, and the same commit deletes them first.
TEST_F(OperationsTest, BytesThatGoMeanwhileAreStoredAgain) {
  BatchItem leave, put;
  leave.kind = BatchItem::Kind::kDelete;
  leave.permanent = true;
  put.kind = BatchItem::Kind::kPut;
  put.bytes = std::string(300'000, 'q') + std::string(300'000, 'r');
  leave.space = put.space = space_;
  put.path = "f";
  ASSERT_OK(store_->RunAtomically(std::vector<BatchItem>{put}));
  leave.path = std::exchange(put.path, "g");
  ASSERT_OK(store_->RunAtomically(std::vector<BatchItem>{leave, put}));
  Drain();
  EXPECT_TRUE(Read("g") == put.bytes);
  leave.path = std::exchange(put.path, "h");
  ASSERT_OK(store_->RunEach(std::vector<BatchItem>{leave, put}));
  Drain();
  EXPECT_TRUE(Read("h") == put.bytes);
}

class ListTest : public OperationsTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(Put("b", "12345"), "b");
    clock_.Advance(1);
    ASSERT_EQ(MakeDirectory("c"), "c");
    clock_.Advance(1);
    ASSERT_EQ(Put("d", "1"), "d");
    clock_.Advance(1);
    ASSERT_EQ(MakeDirectory("a"), "a");
    ASSERT_EQ(Put("a/inner", "123"), "a/inner");
    clock_.Advance(1);
    ASSERT_EQ(Put("b", "54321", Strategy::kOverwrite), "b");
  }
  Names By(ListOrder order, bool descending = false) {
    ListOptions options;
    options.order = order;
    options.descending = descending;
    options.limit = 3;
    return Listed("", options);
  }
};

TEST_F(ListTest, Orders) {
  EXPECT_EQ(By(ListOrder::kDirectoriesFirst), Names({"a", "c", "b", "d"}));
  EXPECT_EQ(By(ListOrder::kDirectoriesFirst, true), Names({"c", "a", "d", "b"}));
  EXPECT_EQ(By(ListOrder::kName), Names({"a", "b", "c", "d"}));
  EXPECT_EQ(By(ListOrder::kName, true), Names({"d", "c", "b", "a"}));
  EXPECT_EQ(By(ListOrder::kSize), Names({"c", "d", "a", "b"}));
  EXPECT_EQ(By(ListOrder::kCreationTime), Names({"b", "c", "d", "a"}));
  EXPECT_EQ(By(ListOrder::kModificationTime), Names({"c", "d", "a", "b"}));
  EXPECT_EQ(By(ListOrder::kModificationTime, true), Names({"b", "a", "d", "c"}));
}

TEST_F(ListTest, ByLocalCreationTime) {
  ASSERT_OK(space_.ChangeAttributes("d", {.local_creation_time = "2020"}));
  ASSERT_OK(space_.ChangeAttributes("a", {.local_creation_time = "2019-01"}));
  EXPECT_EQ(By(ListOrder::kLocalCreationTime), Names({"c", "b", "a", "d"}));
  EXPECT_EQ(By(ListOrder::kLocalCreationTime, true), Names({"d", "a", "c", "b"}));
  // As bytes, and of long ones no more than the beginning, which a marker can hold.
  ASSERT_OK(space_.ChangeAttributes("b", {.local_creation_time = std::string(60'000, '~')}));
  ASSERT_OK(space_.ChangeAttributes("c", {.local_creation_time = std::string(60'000, '~') + "x"}));
  ListOptions options;
  options.order = ListOrder::kLocalCreationTime;
  options.limit = 3;
  const auto page = space_.List("", options);
  ASSERT_OK(page);
  EXPECT_LT(page->marker.size(), 200u);
  EXPECT_EQ(By(ListOrder::kLocalCreationTime), Names({"a", "d", "c", "b"}));
  options.directories_first = true;
  EXPECT_EQ(Listed("", options), Names({"a", "c", "d", "b"}));
}

TEST_F(ListTest, FiltersAndPrefix) {
  ListOptions options;
  options.filter = ListFilter::kOnlyFiles;
  EXPECT_EQ(Listed("", options), Names({"b", "d"}));
  options.filter = ListFilter::kOnlyDirectories;
  EXPECT_EQ(Listed("", options), Names({"a", "c"}));
  options.prefix = "c";
  EXPECT_EQ(Listed("", options), Names({"c"}));
  const absl::StatusOr<Page> page = space_.List("", options);
  ASSERT_OK(page);
  EXPECT_EQ(page->total_files, 2u);
  EXPECT_EQ(page->total_directories, 2u);
}

TEST_F(OperationsTest, PagesSurviveChanges) {
  for (int i = 0; i < 100; ++i) ASSERT_OK(space_.Put("f" + std::to_string(1000 + i), "x"));
  ListOptions options;
  options.limit = 7;
  std::multiset<std::string> seen;
  for (int page_number = 0;; ++page_number) {
    const absl::StatusOr<Page> page = space_.List("", options);
    ASSERT_OK(page);
    for (const Stat& stat : page->entries) seen.insert(stat.name);
    options.marker = page->marker;
    if (options.marker.empty()) break;
    ASSERT_OK(space_.Put("f0" + std::to_string(page_number), "before"));
    ASSERT_OK(space_.Put("f" + std::to_string(1000 + page_number * 3) + "x", "between"));
    if (page->entries.empty()) continue;
    ASSERT_OK(space_.Delete(page->entries.back().name));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(seen.count("f" + std::to_string(1000 + i)), 1u) << i;
  }
}

TEST_F(OperationsTest, WalkGoesDownAndStops) {
  for (const char* path : {"b/x", "b/y", "a"}) ASSERT_EQ(MakeDirectory(path), path);
  for (const char* path : {"f", "b/x/g"}) ASSERT_EQ(Put(path), path);
  Names seen;
  const auto walk = [&](const std::string& skip, const std::string& stop) {
    seen.clear();
    return space_.Walk("", [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
      seen.push_back(JoinPath(entry.path));
      if (seen.back() == stop) return WalkStep::kStop;
      return seen.back() == skip ? WalkStep::kSkip : WalkStep::kGoOn;
    });
  };
  ASSERT_OK(walk("", ""));
  EXPECT_EQ(seen, Names({"a", "b", "b/x", "b/x/g", "b/y", "f"}));
  ASSERT_OK(walk("b", ""));
  EXPECT_EQ(seen, Names({"a", "b", "f"}));
  ASSERT_OK(walk("", "b/x"));
  EXPECT_EQ(seen, Names({"a", "b", "b/x"}));
  const auto fail = [](const WalkEntry&) -> absl::StatusOr<WalkStep> {
    return MakeError(Code::kBadCrc64, "enough");
  };
  EXPECT_CODE(BadCrc64, space_.Walk("", fail));
}

// More changes of one directory than are sorted at a time.
TEST_F(OperationsTest, ADiffOfVeryManyChangesIsWholeAndInOrder) {
  constexpr int kNames = 70'000;
  const auto put_each = [&](int step) {
    std::vector<BatchItem> items;
    for (int i = 0; i < kNames; i += step) {
      BatchItem item;
      item.kind = BatchItem::Kind::kPut;
      item.space = space_;
      item.path = "flat/" + std::to_string(i);
      item.bytes = std::to_string(step);
      item.options.strategy = Strategy::kOverwrite;
      items.push_back(std::move(item));
    }
    for (size_t i = 0; i < items.size(); i += 1000) {
      const size_t count = std::min<size_t>(1000, items.size() - i);
      ASSERT_OK(store_->RunAtomically(std::span(items).subspan(i, count)));
    }
  };
  ASSERT_EQ(MakeDirectory("flat"), "flat");
  ASSERT_OK(space_.CopyDirectory("flat", "before"));
  put_each(1);
  ASSERT_OK(space_.CopyDirectory("flat", "between"));
  put_each(2);
  for (const auto& [from, expected] :
       {std::pair("before", kNames), std::pair("between", kNames / 2)}) {
    Names names;
    ASSERT_OK(store_->Diff({space_, from}, {space_, "flat"}, [&](const Difference& d) {
      names.push_back(d.path.back());
      return true;
    }));
    EXPECT_EQ(names.size(), static_cast<size_t>(expected)) << from;
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end())) << from;
  }
}

TEST_F(OperationsTest, DiffTellsWhatAnOwnerWouldCallAChange) {
  for (const char* path : {"a/sub/deep", "a/gone"}) ASSERT_EQ(MakeDirectory(path), path);
  for (const char* path : {"a/f", "a/g", "a/gone/x", "a/sub/deep/h"}) ASSERT_EQ(Put(path), path);
  ASSERT_OK(space_.CreateSnapshot("before", "a"));
  ASSERT_OK(space_.CopyDirectory("a", "b"));
  Names seen;
  const auto diff = [&](const DirectoryAt& before, const DirectoryAt& after, size_t limit) {
    seen.clear();
    return store_->Diff(before, after, [&](const Difference& d) -> absl::StatusOr<bool> {
      seen.push_back((d.before == nullptr  ? "+"
                      : d.after == nullptr ? "-"
                                           : "*") +
                     JoinPath(d.path));
      return seen.size() < limit;
    });
  };
  const DirectoryAt before{space_, "", {.named_snapshot = "before"}}, a{space_, "a"},
      b{space_, "b"};
  ASSERT_OK(diff(before, a, 99));
  EXPECT_EQ(seen, Names({}));
  ASSERT_OK(diff(a, b, 99));
  EXPECT_EQ(seen, Names({}));

  ASSERT_OK(space_.Delete("b/gone"));
  ASSERT_OK(space_.SetAttributes("b/sub", {.labels = {"red"}}));
  ASSERT_OK(space_.Put("b/sub/deep/new", "1"));
  ASSERT_OK(space_.Delete("b/f"));
  ASSERT_EQ(MakeDirectory("b/f"), "b/f");
  const Names changes = {"+f", "-gone", "*sub", "+sub/deep/new", "-f"};
  ASSERT_OK(diff(a, b, 99));
  EXPECT_EQ(seen, changes);
  ASSERT_OK(diff(before, b, 99));
  EXPECT_EQ(seen, changes);
  ASSERT_OK(diff(a, b, 2));
  EXPECT_EQ(seen, Names({"+f", "-gone"}));
  ASSERT_OK(diff(b, a, 99));
  EXPECT_EQ(seen, Names({"-f", "+gone", "*sub", "-sub/deep/new", "+f"}));
  ASSERT_OK(diff({space_, "a/sub"}, {space_, "b/sub"}, 99));
  EXPECT_EQ(seen, Names({"*", "+deep/new"}));

  const auto fail = [](const Difference&) -> absl::StatusOr<bool> {
    return MakeError(Code::kBadCrc64, "enough");
  };
  EXPECT_CODE(BadCrc64, store_->Diff(a, b, fail));
}

// ---- batches, reopen, host-kept contents -------------------------------------------------------

TEST_F(OperationsTest, ABatchIsAllOrNothing) {
  BatchItem make, put, clash;
  make.space = put.space = clash.space = space_;
  make.path = clash.path = "a/b";
  put.kind = BatchItem::Kind::kPut;
  put.path = "a/b/f";
  put.bytes = "bytes";
  const std::vector<BatchItem> failing = {make, put, clash};
  const absl::StatusOr<std::vector<Placed>> none = store_->RunAtomically(failing);
  EXPECT_CODE(SameNameDirectoryOrFileExists, none);
  EXPECT_EQ(std::string(none.status().message()).rfind("item 2: ", 0), 0u) << none.status();
  EXPECT_EQ(Listed(""), Names());

  const auto each = store_->RunEach(failing);
  ASSERT_OK(each);
  ASSERT_EQ(each->size(), 3u);
  EXPECT_EQ(Said((*each)[0]), "a/b");
  EXPECT_EQ(Said((*each)[1]), "a/b/f");
  EXPECT_EQ(Said((*each)[2]), "SameNameDirectoryOrFileExists");
  EXPECT_EQ(Read("a/b/f"), "bytes");
}

TEST_F(OperationsTest, ABatchCopyTakesEitherKind) {
  ASSERT_EQ(MakeDirectory("d"), "d");
  ASSERT_EQ(Put("f"), "f");
  BatchItem item;
  item.kind = BatchItem::Kind::kCopy;
  item.space = space_;
  const auto copy = [&](const std::string& from, const std::string& to) {
    item.from = from;
    item.path = to;
    const auto placed = store_->RunAtomically(std::vector<BatchItem>{item});
    return placed.ok() ? JoinPath((*placed)[0].path)
                       : std::string(CodeName(CodeOf(placed.status())));
  };
  EXPECT_EQ(copy("f", "f"), "f (1)") << "a file renames by default";
  EXPECT_EQ(copy("d", "d"), "SameNameDirectoryOrFileExists") << "a directory asks by default";
  EXPECT_EQ(copy("missing", "x"), "PathNotFound");
}

TEST_F(OperationsTest, EverythingIsThereAfterReopening) {
  ASSERT_EQ(MakeDirectory("a/b"), "a/b");
  ASSERT_EQ(Put("a/f", "one"), "a/f");
  ASSERT_EQ(Copy("a", "copy"), "copy");
  ASSERT_EQ(Put("copy/g", "two"), "copy/g");
  const Stat before = StatOf("copy/f");
  Reopen();
  EXPECT_EQ(Read("copy/f"), "one");
  EXPECT_EQ(StatOf("copy/f").id, before.id);
  EXPECT_EQ(StatOf("copy/f").version, before.version);
  EXPECT_EQ(StatOf("").totals, (RecursiveTotals{9, 3, 4}));
  Drain();
  EXPECT_EQ(Put("a/f", "three"), "a/f (1)");
  EXPECT_GT(StatOf("a/f (1)").version, before.version);
}

TEST_F(OperationsTest, LifeOfAHostKeptContent) {
  const ContentRef content{{1, 2}, 500, false};
  const std::vector<ContentId> id = {content.id};
  const std::vector<ContentId> nothing;
  const auto released = [&] {
    EXPECT_OK(store_->ReclaimUntilIdle());
    return store_->ReleasedContents().value();
  };
  ASSERT_OK(space_.PutReference("f", content));
  ASSERT_EQ(MakeDirectory("d"), "d");
  ASSERT_EQ(CopyFile("f", "d/f"), "d/f");
  ASSERT_EQ(Copy("d", "e"), "e");
  EXPECT_EQ(StatOf("f").size, 500u);
  for (const char* path : {"f", "d"}) ASSERT_OK(space_.Delete(path));
  EXPECT_EQ(released(), nothing) << "a copy still holds it";
  ASSERT_OK(space_.Delete("e"));
  EXPECT_EQ(released(), id);

  ASSERT_OK(space_.PutReference("f", content));
  EXPECT_EQ(released(), nothing) << "it was put again";
  EXPECT_EQ(store_->CondemnContents(id).value(), nothing);
  ASSERT_OK(space_.Delete("f"));
  EXPECT_EQ(released(), id);

  EXPECT_EQ(store_->CondemnContents(id).value(), id);
  EXPECT_CODE(ContentCondemned, space_.PutReference("f", content));
  ASSERT_OK(store_->AcknowledgeContents(id));
  EXPECT_EQ(released(), nothing);
  EXPECT_OK(space_.PutReference("f", content));
  Drain();
}

TEST_F(OperationsTest, ContentWithAnIdOfItsOwnIsCountedOnceItIsShared) {
  const ContentRef content{{7, 7}, 10, true};
  const std::vector<ContentId> id = {content.id};
  ASSERT_OK(space_.PutReference("f", content));
  ASSERT_EQ(CopyFile("f", "g"), "g");
  ASSERT_OK(space_.Delete("f"));
  Drain();
  EXPECT_EQ(store_->ReleasedContents().value(), std::vector<ContentId>());
  ASSERT_OK(space_.Delete("g"));
  Drain();
  EXPECT_EQ(store_->ReleasedContents().value(), id);
}

TEST_F(OperationsTest, ADeletedSpaceIsReclaimed) {
  const absl::StatusOr<Space> space = store_->CreateSpace("default", "gone");
  ASSERT_OK(space);
  ASSERT_OK(space->Put("f", "bytes"));
  EXPECT_CODE(SpaceNotEmpty, store_->DeleteSpace("default", "gone"));
  ASSERT_OK(store_->DeleteSpace("default", "gone", true));
  EXPECT_CODE(SpaceNotFound, space->GetStat("f"));
  EXPECT_CODE(SpaceNotFound, store_->OpenSpace("default", "gone"));
  const absl::StatusOr<Space> again = store_->CreateSpace("default", "gone");
  ASSERT_OK(again);
  EXPECT_CODE(PathNotFound, again->GetStat("f"));
  Drain();
  EXPECT_EQ(store_->GetStats().value().reclaim_backlog, 0u);
}

}  // namespace
}  // namespace marcot::testing

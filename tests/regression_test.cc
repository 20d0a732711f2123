// A test beside each bug that a review found and the random walk did not, or hardly ever.
#include "pch/test_pch.h"

#include "absl/strings/str_cat.h"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

class RegressionTest : public ::testing::Test {
 protected:
  void ExpectSound() {
    const auto findings = store_->CheckInvariants();
    ASSERT_OK(findings);
    EXPECT_EQ(*findings, std::vector<std::string>());
  }

  // A space of another library.
  Space OpenOther(const LibrarySettings& settings) {
    EXPECT_OK(store_->CreateLibrary("other"));
    EXPECT_OK(store_->CreateSpace("other", "-"));
    EXPECT_OK(store_->SetLibrarySettings("other", settings));
    return store_.OpenSpace("other", "-");
  }

  PutOptions Overwrite() const {
    PutOptions options;
    options.strategy = Strategy::kOverwrite;
    return options;
  }

  TempStore store_;
  Space space_ = store_.OpenSpace();
};

// A pin that was released, with its sweep still queued, is taken again by a push-down.
TEST_F(RegressionTest, ASweepSparesAPinThatCameBack) {
  ASSERT_OK(space_.MakeDirectory("x/y"));
  ASSERT_OK(space_.Put("x/y/f", "1"));
  ASSERT_OK(space_.CopyDirectory("x", "r"));
  ASSERT_OK(space_.CopyDirectory("r/y", "c"));
  ASSERT_OK(space_.Delete("c"));
  ASSERT_OK(store_->ReclaimSteps(1));
  ASSERT_OK(space_.Put("x/y/f", "2", Overwrite()));
  ASSERT_OK(store_->ReclaimUntilIdle());
  const auto bytes = space_.Read("r/y/f");
  ASSERT_OK(bytes);
  EXPECT_EQ(*bytes, "1");
  ExpectSound();
}

// A copy out of a copy takes a pin of a subdirectory that is older than one that was let go of: who
// let go remembers that there was none.
TEST_F(RegressionTest, APinMayComeWhereThereWasNone) {
  ASSERT_OK(space_.MakeDirectory("x/y"));
  ASSERT_OK(space_.Put("x/y/f", "1"));
  ASSERT_OK(space_.CopyDirectory("x", "first"));
  ASSERT_OK(space_.Put("x/other", "1"));
  ASSERT_OK(space_.CopyDirectory("x/y", "short-lived"));
  ASSERT_OK(space_.CopyDirectory("x", "second"));
  ASSERT_OK(space_.Put("x/y/f", "2", Overwrite()));
  ASSERT_OK(space_.Delete("short-lived"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  ASSERT_OK(space_.CopyDirectory("first/y", "late"));
  ASSERT_OK(space_.Delete("first"));
  ASSERT_OK(space_.Delete("second"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  const auto bytes = space_.Read("late/f");
  ASSERT_OK(bytes);
  EXPECT_EQ(*bytes, "1");
  ExpectSound();
}

// A page by name ended on a directory that the copy does not see, before a file of that name.
TEST_F(RegressionTest, AListGoesOnBehindAHole) {
  const auto name = [](int i) { return absl::StrCat("d", 10'000 + i); };
  ASSERT_OK(space_.MakeDirectory("t"));
  ASSERT_OK(space_.Put("t/" + name(4099), "x"));
  ASSERT_OK(space_.CopyDirectory("t", "c"));
  ASSERT_OK(space_.Delete("t/" + name(4099)));
  for (int i = 0; i < 5000; ++i) ASSERT_OK(space_.MakeDirectory("t/" + name(i)));
  ListOptions options;
  options.order = ListOrder::kName;
  options.limit = 1000;
  size_t seen = 0;
  do {
    const auto page = space_.List("c", options);
    ASSERT_OK(page);
    seen += page->entries.size();
    options.marker = page->marker;
  } while (!options.marker.empty());
  EXPECT_EQ(seen, 1u);
}

// More differences than a page of them, in a directory where the copy does not see most entries.
TEST_F(RegressionTest, ADiffGoesOnBehindPagesAndHoles) {
  const auto name = [](int i) { return absl::StrCat("t/f", 10'000 + i); };
  ASSERT_OK(space_.MakeDirectory("t"));
  for (int i = 0; i < 1200; i += 2) ASSERT_OK(space_.Put(name(i), "then"));
  ASSERT_OK(space_.CopyDirectory("t", "c"));
  for (int i = 1; i < 5000; i += 2) ASSERT_OK(space_.Put(name(i), "new"));
  for (int i = 0; i < 600; i += 2) ASSERT_OK(space_.Delete(name(i)));
  for (int i = 600; i < 1200; i += 4) ASSERT_OK(space_.Put(name(i), "now", Overwrite()));
  size_t added = 0, removed = 0, changed = 0;
  ASSERT_OK(store_->Diff({space_, "c"}, {space_, "t"}, [&](const Difference& difference) {
    ++(difference.before == nullptr ? added : difference.after == nullptr ? removed : changed);
    return true;
  }));
  EXPECT_EQ(added, 2500u);
  EXPECT_EQ(removed, 300u);
  EXPECT_EQ(changed, 150u);
}

// A lowered limit takes the oldest version, also where that was made in another library.
TEST_F(RegressionTest, TheOldestVersionGoesWhereverItWasMade) {
  const LibrarySettings two{.history = true, .history_versions = 2};
  const LibrarySettings one{.history = true, .history_versions = 1};
  const Space other = OpenOther(two);
  ASSERT_OK(store_->SetLibrarySettings("default", two));
  ASSERT_OK(other.Put("f", "the oldest"));
  ASSERT_OK(other.Put("f", "a later one", Overwrite()));
  ASSERT_OK(space_.MoveFile(other, "f", "f"));
  ASSERT_OK(space_.Put("f", "newest", Overwrite()));
  ASSERT_OK(store_->SetLibrarySettings("default", one));
  ASSERT_OK(store_->ExpireDue());
  const auto page = space_.ListVersions("f");
  ASSERT_OK(page);
  ASSERT_EQ(page->versions.size(), 2u);
  EXPECT_EQ(page->versions[1].size, std::string("a later one").size());
  ExpectSound();
}

// An id stays with its version wherever the file goes, and is found in the space that it is in.
TEST_F(RegressionTest, AVersionKeepsItsId) {
  const Space other = OpenOther({.recycle_bin = true, .history = true});
  ASSERT_OK(store_->SetLibrarySettings("default", {.recycle_bin = true, .history = true}));
  ASSERT_OK(space_.MakeDirectory("a/b"));
  for (const char* const bytes : {"one", "two", "three"}) {
    ASSERT_OK(space_.Put("a/b/f", bytes, Overwrite()));
  }
  const auto versions = space_.ListVersions("a/b/f")->versions;
  const uint64_t one = versions[2].id, two = versions[1].id;
  ASSERT_NE(one, two);
  EXPECT_EQ(versions[0].id, 0u);
  ASSERT_OK(space_.CopyDirectory("a", "copy"));
  EXPECT_CODE(VersionNotFound, space_.OpenFile("copy/b/f", {.version_id = one}));
  ASSERT_OK(other.MoveDirectory(space_, "a", "moved"));
  EXPECT_EQ(*other.Read("moved/b/f", {.version_id = one}), "one");
  EXPECT_CODE(VersionNotFound, space_.SetLatestVersionById(one));
  const uint64_t item = other.Delete("moved/b")->recycled_item;
  EXPECT_CODE(VersionNotFound, other.SetLatestVersionById(one));
  EXPECT_CODE(VersionNotFound, other.DeleteVersionsById({&two, 1}));
  ASSERT_OK(other.Restore(item));
  const auto placed = other.SetLatestVersionById(one);
  ASSERT_OK(placed);
  EXPECT_EQ(JoinPath(placed->path), "moved/b/f");
  EXPECT_EQ(*other.Read("moved/b/f"), "one");
  EXPECT_CODE(VersionNotFound, other.SetLatestVersionById(one));
  const std::vector<uint64_t> both = {two, one};
  EXPECT_CODE(VersionNotFound, other.DeleteVersionsById(both));
  EXPECT_EQ(other.GetUsage()->versions, 2u);
  EXPECT_OK(other.DeleteVersionsById({&two, 1}));
  EXPECT_EQ(other.GetUsage()->versions, 1u);
  ExpectSound();
}

// Of the files that are in the library now, in its bins too, and of no others.
TEST_F(RegressionTest, AHistoryIsClearedByItself) {
  const LibrarySettings on{.recycle_bin = true, .history = true}, off{.recycle_bin = true};
  const Space other = OpenOther(on);
  ASSERT_OK(store_->SetLibrarySettings("default", on));
  for (const char* const name : {"here", "leaves", "recycled"}) {
    for (int i = 0; i < 100; ++i) ASSERT_OK(space_.Put(name, absl::StrCat(i), Overwrite()));
  }
  for (int i = 0; i < 5; ++i) ASSERT_OK(other.Put("comes", absl::StrCat(i), Overwrite()));
  ASSERT_OK(space_.Delete("recycled"));
  ASSERT_OK(other.MoveFile(space_, "leaves", "leaves"));
  ASSERT_OK(space_.MoveFile(other, "comes", "comes"));
  EXPECT_CODE(HistoryInUse, store_->ClearHistory("default"));
  ASSERT_OK(store_->SetLibrarySettings("default", off));
  EXPECT_EQ(*store_->ClearHistory("default", 3), 3u);
  EXPECT_EQ(*store_->ClearHistory("default"), 2u * 10 + 4 - 3);
  EXPECT_EQ(*store_->ClearHistory("default"), 0u);
  EXPECT_EQ(space_.GetUsage()->versions, 0u);
  EXPECT_EQ(other.GetUsage()->versions, 10u);
  ExpectSound();
}

// While jobs forget the versions of a tree that is gone nothing else lets go of them, or a
// directory that a copy still sees would keep their sums.
TEST_F(RegressionTest, VersionsOfWhatIsGoneAreLeftToItsJobs) {
  ManualClock clock;
  store_.options().clock_ms = clock.function();
  store_.Reopen();
  space_ = store_.OpenSpace();
  DeleteOptions for_good;
  for_good.permanent = true;
  for (int steps = 0; steps < 7; ++steps) {
    for (const bool clears : {true, false}) {
      ASSERT_OK(store_->SetLibrarySettings("default", {.history = true, .history_days = 1}));
      ASSERT_OK(space_.MakeDirectory("D/C/G"));
      ASSERT_OK(space_.Put("D/C/G/f", "12345", Overwrite()));
      ASSERT_OK(space_.Put("D/C/G/f", "1234567", Overwrite()));
      ASSERT_OK(space_.CopyDirectory("D", "E"));
      ASSERT_OK(space_.Delete("D", for_good));
      for (int i = 0; i < steps; ++i) ASSERT_OK(store_->ReclaimSteps(1));
      if (clears) {
        ASSERT_OK(store_->SetLibrarySettings("default", {}));
        ASSERT_OK(store_->ClearHistory("default"));
      } else {
        clock.Advance(5LL * 86'400'000);
        ASSERT_OK(store_->ExpireDue());
      }
      ExpectSound();
      ASSERT_OK(store_->ReclaimUntilIdle());
      ExpectSound();
      ASSERT_OK(space_.Delete("E", for_good));
      ASSERT_OK(store_->ReclaimUntilIdle());
      EXPECT_EQ(space_.GetUsage()->versions, 0u);
    }
  }
}

// A lowered limit is for the files that are in its library now.
TEST_F(RegressionTest, ALimitStopsAtItsLibrary) {
  const LibrarySettings ten{.history = true, .history_versions = 10};
  const Space other = OpenOther(ten);
  ASSERT_OK(store_->SetLibrarySettings("default", ten));
  ASSERT_OK(space_.MakeDirectory("d"));
  for (int i = 0; i < 4; ++i) ASSERT_OK(space_.Put("d/f", absl::StrCat(i), Overwrite()));
  ASSERT_OK(other.MoveDirectory(space_, "d", "d"));
  for (int i = 0; i < 5; ++i) ASSERT_OK(other.Put("d/f", absl::StrCat(i), Overwrite()));
  const auto lower = [&](const std::string& library, uint32_t versions) {
    LibrarySettings settings = ten;
    settings.history_versions = versions;
    ASSERT_OK(store_->SetLibrarySettings(library, settings));
    ASSERT_OK(store_->ExpireDue());
  };
  lower("default", 1);
  EXPECT_EQ(other.GetUsage()->versions, 8u);
  lower("other", 2);
  EXPECT_EQ(other.GetUsage()->versions, 2u);
  ExpectSound();
}

// Bytes of a content that only a host's reference had named so far.
TEST_F(RegressionTest, BytesAreKeptWhereOnlyAReferenceWas) {
  ASSERT_OK(space_.Put("a", "hello"));
  const ContentId id = space_.GetStat("a")->content;
  ASSERT_OK(space_.Delete("a"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  ASSERT_OK(space_.PutReference("reference", {.id = id, .size = 5}));
  ASSERT_OK(space_.Put("bytes", "hello"));
  for (const char* const path : {"reference", "bytes"}) {
    const auto bytes = space_.Read(path);
    ASSERT_OK(bytes);
    EXPECT_EQ(*bytes, "hello");
  }
  ExpectSound();
}

// Copies into itself double a directory each time; its totals must not wrap.
TEST_F(RegressionTest, TotalsStopBeforeTheyWrap) {
  ASSERT_OK(store_->CreateSpace("default", "full"));
  const Space full = store_.OpenSpace("default", "full");
  ASSERT_OK(full.MakeDirectory("a"));
  ASSERT_OK(full.Put("a/f", "precious"));
  absl::Status status;
  int copies = 0;
  for (; status.ok() && copies < 64; ++copies) {
    status = full.CopyDirectory("a", absl::StrCat("a/b", copies)).status();
  }
  EXPECT_EQ(CodeOf(status), Code::kQuotaLimitReached);
  EXPECT_GT(copies, 50);
  EXPECT_GT(full.GetTotals("")->files, uint64_t{1} << 50);
  EXPECT_CODE(SpaceNotEmpty, store_->DeleteSpace("default", "full"));
}

TEST_F(RegressionTest, ASnapshotMayBeMeantToLastForEver) {
  StoreOptions options = TestOptions();
  options.max_snapshot_age = std::chrono::seconds::max();
  TempStore store(options);
  const Space space = store.OpenSpace();
  ASSERT_OK(space.Put("a", "1"));
  const auto snapshot = store->TakeSnapshot();
  ReadOptions read;
  read.snapshot = snapshot.get();
  EXPECT_OK(space.GetStat("a", read));
}

TEST_F(RegressionTest, ASnapshotExpires) {
  StoreOptions options = TestOptions();
  options.max_snapshot_age = std::chrono::seconds(1);
  TempStore store(options);
  const Space space = store.OpenSpace();
  const auto snapshot = store->TakeSnapshot();
  ReadOptions read;
  read.snapshot = snapshot.get();
  EXPECT_OK(space.GetStat("", read));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_CODE(SnapshotExpired, space.GetStat("", read));
}

// A chain of copies longer than the limit, all of it made by one batch.
TEST_F(RegressionTest, ABatchMayStackCopies) {
  ASSERT_OK(space_.MakeDirectory("c0"));
  ASSERT_OK(space_.Put("c0/f", "1"));
  std::vector<BatchItem> batch;
  for (int i = 1; i <= 60; ++i) {
    BatchItem copy, put;
    copy.kind = BatchItem::Kind::kCopy;
    copy.space = put.space = space_;
    copy.from = absl::StrCat("c", i - 1);
    copy.path = absl::StrCat("c", i);
    put.kind = BatchItem::Kind::kPut;
    put.path = absl::StrCat("c", i, "/g", i);
    put.bytes = "z";
    batch.push_back(copy);
    batch.push_back(put);
  }
  ASSERT_OK(store_->RunAtomically(batch));
  EXPECT_EQ(space_.GetTotals("c60")->files, 61u);
  ExpectSound();
  ASSERT_OK(store_->ReclaimUntilIdle());
  EXPECT_EQ(space_.GetTotals("c60")->files, 61u);
  ExpectSound();
}

// What was kept before is dropped when the feed is on again: but not the row that says since when.
TEST_F(RegressionTest, AFeedThatIsOnAgainSaysWhatItLacks) {
  ASSERT_OK(space_.SetSettings({.change_feed_days = 1}));
  ASSERT_OK(space_.Put("a", "1"));
  const auto read = space_.ReadChanges();
  ASSERT_OK(read);
  ASSERT_OK(space_.Put("b", "1"));
  ASSERT_OK(space_.SetSettings({.change_feed_days = 0}));
  ASSERT_OK(space_.SetSettings({.change_feed_days = 1}));
  ASSERT_OK(store_->ReclaimUntilIdle());
  EXPECT_CODE(ChangesExpired, space_.ReadChanges(read->cursor));
  ExpectSound();
}

// What a copy sees of a name that is gone from its source stands behind the name itself.
TEST_F(RegressionTest, AListStartsBehindANameThatIsHistory) {
  ASSERT_OK(space_.MakeDirectory("d"));
  for (const char* path : {"d/a", "d/b"}) ASSERT_OK(space_.Put(path, "1"));
  ASSERT_OK(space_.CopyDirectory("d", "c"));
  ASSERT_OK(space_.Delete("d/a"));
  ListOptions options;
  options.start_after = "a";
  const auto page = space_.List("c", options);
  ASSERT_OK(page);
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0].name, "b");
}

TEST_F(RegressionTest, AClockThatThrowsStopsNobody) {
  StoreOptions options = TestOptions();
  options.clock_ms = []() -> int64_t { throw 1; };
  TempStore store(options);
  EXPECT_OK(store.OpenSpace().Put("a", "1"));
  EXPECT_OK(store.OpenSpace().Put("b", "1"));
}

}  // namespace
}  // namespace marcot::testing

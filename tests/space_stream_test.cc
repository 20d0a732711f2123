// A space as a stream: what comes out is what went in, what is shared travels once, and a stream
// that is not whole, or not ours, changes nothing.
#include "pch/test_pch.h"

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "operations/space_stream.h"
#include "support/status_testing.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

using operations::StreamKind;

std::string Export(const Space& space) {
  std::string stream;
  EXPECT_OK(ExportSpace(space, [&](std::string_view piece) {
    stream += piece;
    return absl::OkStatus();
  }));
  return stream;
}

absl::StatusOr<Space> Import(Store& store, std::string_view stream,
                             std::string_view space = "copy") {
  return ImportSpace(store, "default", space, SourceOf(stream));
}

std::string Shown(const Stat& stat) {
  const Attributes a = stat.attributes.Unpack();
  std::string line = absl::StrCat(static_cast<int>(stat.type), " ", stat.creation_time_ms, " ",
                                  stat.modification_time_ms, " by ", stat.creator, " ", stat.size,
                                  " ", stat.content.Hex(), " below ", stat.totals.bytes);
  for (const uint64_t n :
       {stat.totals.files, stat.totals.directories, stat.child_files, stat.child_directories}) {
    absl::StrAppend(&line, " ", n);
  }
  for (const auto& [key, value] : a.metadata) absl::StrAppend(&line, " ", key, "=", value);
  for (const std::string& label : a.labels) absl::StrAppend(&line, " ", label);
  absl::StrAppend(&line, " ", a.category, " ", a.content_type, " ", a.local_creation_time, " ",
                  a.local_modification_time);
  return line;
}

// All that travels of a tree, the bytes of each content too.
std::map<std::string, std::string> Everything(const Space& space) {
  std::map<std::string, std::string> all;
  std::map<ContentId, std::string> contents;
  const auto root = space.GetStat("");
  EXPECT_OK(root);
  if (root.ok()) all[""] = Shown(*root);
  EXPECT_OK(space.Walk("", [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
    const std::string path = JoinPath(entry.path);
    all[path] = Shown(entry.stat);
    if (entry.stat.type == EntryType::kFile) contents.try_emplace(entry.stat.content, path);
    return WalkStep::kGoOn;
  }));
  for (const auto& [id, path] : contents) {
    const auto bytes = space.Read(path);
    EXPECT_TRUE(IsOk(bytes)) << path;
    if (bytes.ok()) all["bytes of " + id.Hex()] = *bytes;
  }
  return all;
}

void ExpectSame(const Space& is, const Space& expected) {
  const auto a = Everything(is), b = Everything(expected);
  for (const auto& [path, line] : b) {
    const auto at = a.find(path);
    ASSERT_TRUE(at != a.end()) << path << " is missing";
    ASSERT_EQ(at->second, line) << path;
  }
  ASSERT_EQ(a.size(), b.size());
}

uint64_t StoredFiles(TempStore& store) {
  EXPECT_OK(store->ReclaimUntilIdle());
  EXPECT_EQ(CheckSound(*store, "drained"), "");
  const auto stats = store->GetStats();
  EXPECT_OK(stats);
  return stats.ok() ? stats->physical_files : 0;
}

struct Counted {
  std::map<StreamKind, uint64_t> records;
  uint64_t changes = 0;              // trees with a base
  std::vector<size_t> record_begin;  // behind the last: the end
};

Counted CountRecords(const std::string& stream) {
  Counted counted;
  size_t at = 9;
  while (at < stream.size()) {
    counted.record_begin.push_back(at);
    const auto kind = static_cast<StreamKind>(stream[at]);
    ++counted.records[kind];
    const uint64_t length = LoadFixed64(stream.data() + at + 1);
    if (kind == StreamKind::kTree) {
      counted.changes += operations::DecodeStreamTree({&stream[at + 9], length})->base != 0;
    }
    at += 17 + length;
  }
  EXPECT_EQ(at, stream.size());
  counted.record_begin.push_back(at);
  return counted;
}

class SpaceStreamTest : public ::testing::Test {
 protected:
  SpaceStreamTest() : source_(OptionsOf(clock_)), target_(TestOptions()) {}

  static StoreOptions OptionsOf(const ManualClock& clock) {
    StoreOptions options = TestOptions();
    options.clock_ms = clock.function();
    return options;
  }

  void Put(const std::string& path, std::string_view bytes) {
    PutOptions options;
    options.strategy = Strategy::kOverwrite;
    options.user = "user " + std::to_string(++puts_ % 7);
    clock_.Advance(1);
    ASSERT_TRUE(IsOk(space_.Put(path, bytes, options))) << path;
  }
  void Make(const std::string& path) { ASSERT_TRUE(IsOk(space_.MakeDirectory(path))) << path; }
  void Copy(const std::string& from, const std::string& to) {
    clock_.Advance(1);
    OperationOptions options;
    options.user = "copier";
    ASSERT_TRUE(IsOk(space_.CopyDirectory(from, to, options))) << from << " to " << to;
  }
  void Delete(const std::string& path) { ASSERT_TRUE(IsOk(space_.Delete(path))) << path; }

  void Fill(const std::string& directory, int files) {
    Make(directory);
    for (int i = 0; i < files; ++i) {
      Put(absl::StrCat(directory, "/f", i), absl::StrCat(directory, " ", i));
    }
  }

  // To the other store and back to what it was; answers the copy.
  Space RoundTrip() {
    stream_ = Export(space_);
    absl::StatusOr<Space> copy = Import(*target_, stream_);
    EXPECT_OK(copy);
    if (!copy.ok()) return {};
    EXPECT_EQ(CheckSound(*target_, "imported"), "");
    ExpectSame(*copy, space_);
    EXPECT_OK(target_->ReclaimUntilIdle());
    EXPECT_EQ(CheckSound(*target_, "drained"), "");
    ExpectSame(*copy, space_);
    return *copy;
  }

  ManualClock clock_;
  TempStore source_, target_;
  Space space_ = source_.OpenSpace();
  std::string stream_;
  int puts_ = 0;
};

// ---- what comes out ----------------------------------------------------------------------------

TEST_F(SpaceStreamTest, AnEmptySpace) {
  const Space copy = RoundTrip();
  EXPECT_EQ(copy.GetTotals("")->files, 0u);
  EXPECT_LT(stream_.size(), 150u);
}

TEST_F(SpaceStreamTest, AllThatATreeHolds) {
  Attributes attributes;
  attributes.metadata = {{"key", "value"}, {"", ""}};
  attributes.labels = {"b", "a"};
  attributes.category = "photos";
  attributes.content_type = "text/plain";
  attributes.local_creation_time = "then";
  attributes.local_modification_time = "later";
  ASSERT_OK(space_.SetAttributes("", attributes));
  Put("file in the root", "bytes");
  Put("empty", "");
  Make("empty directory/in it");
  Fill("many", 10'000);
  std::string longest;
  for (int i = 0; i < 255; ++i) longest += "\xf0\x9f\x8c\xb3";
  Make(longest);
  Put(longest + "/" + std::string(255, 'x'), "long");
  Put("large", BytesOf(1, 3'000'000));
  Put("large again", BytesOf(1, 3'000'000));
  Put("just small", BytesOf(2, 64 * 1024));
  Put("just large", BytesOf(3, 64 * 1024 + 1));
  attributes.metadata["long"] = std::string(60'000, 'y');
  ASSERT_OK(space_.SetAttributes("empty directory", attributes));
  ASSERT_OK(space_.SetAttributes("large", attributes));
  ASSERT_OK(space_.SetSettings(
      {.recycle_bin = true, .recycle_days = std::nullopt, .change_feed_days = 9}));
  const Space copy = RoundTrip();
  EXPECT_EQ(*copy.GetSettings(), *space_.GetSettings());
  EXPECT_EQ(CountRecords(stream_).records[StreamKind::kContent], 10'000u + 5);
  // It is a space as any other: changes are kept, what is deleted is recycled.
  ASSERT_OK(copy.LatestChange());
  EXPECT_NE(copy.Delete("many")->recycled_item, 0u);
  EXPECT_EQ(copy.ReadChanges()->changes.size(), 1u);
  ASSERT_OK(target_->DeleteSpace("default", "copy", true));
  EXPECT_EQ(StoredFiles(target_), 0u);
}

TEST_F(SpaceStreamTest, ADeepTree) {
  std::string path = "d";
  for (int i = 0; i < 3000; ++i) path += "/d";
  Make(path);
  Put(path + "/f", "deep");
  RoundTrip();
}

// ---- what is shared ----------------------------------------------------------------------------

TEST_F(SpaceStreamTest, AThousandCopiesTravelOnce) {
  Fill("once/below", 3);
  Fill("a/tree", 500);
  Fill("a/tree/below", 100);
  Copy("a", "copies/0");
  const std::string one = Export(space_);
  for (int i = 1; i < 1000; ++i) Copy("a", absl::StrCat("copies/", i));
  const Space copy = RoundTrip();
  EXPECT_LT(stream_.size(), one.size() + 1000 * 40);
  auto with_one = CountRecords(one).records, with_all = CountRecords(stream_).records;
  EXPECT_EQ(with_all[StreamKind::kTree], with_one[StreamKind::kTree]);
  EXPECT_EQ(with_all[StreamKind::kContent], with_one[StreamKind::kContent]);
  EXPECT_LE(with_all[StreamKind::kNames], with_one[StreamKind::kNames] + 4);
  EXPECT_EQ(copy.GetTotals("")->files, 1001u * 600 + 3);
  EXPECT_EQ(StoredFiles(target_), 603u);
  // What a space has once is no copy of anything.
  ASSERT_OK(copy.Put("once/below/f", "new"));
  EXPECT_EQ(target_->GetMetrics().copy_ups, 0u);
  ASSERT_OK(copy.Put("a/tree/below/f", "new"));
  EXPECT_GT(target_->GetMetrics().copy_ups, 0u);
  ASSERT_OK(copy.Delete("copies"));
  EXPECT_EQ(StoredFiles(target_), 605u);
  ASSERT_OK(copy.Delete("a"));
  EXPECT_EQ(StoredFiles(target_), 4u);
}

TEST_F(SpaceStreamTest, ACopyThatWasChangedTravelsAsItsChanges) {
  Fill("source", 5000);
  Fill("source/below", 3);
  const std::string before = Export(space_);
  Copy("source", "copy");
  Copy("source", "z/copy");
  Put("copy/f77", "changed");
  Delete("z/copy/below");  // and the same again, which somebody else has made
  Copy("source/below", "z/copy/below");
  Delete("copy/f78");
  Make("copy/f78");  // a directory now
  Put("z/copy/new", "new");
  Put("source/f5", "changed as well");
  ASSERT_OK(space_.SetAttributes("z/copy", {.category = "c"}));
  Copy("copy", "copy/inside");
  Put("copy/inside/f1", "changed in the copy of the copy");
  const Space copy = RoundTrip();
  EXPECT_LT(stream_.size(), before.size() + 2000);
  EXPECT_EQ(CountRecords(stream_).changes, 4u - 1);  // one of the four is written as it is
  EXPECT_LT(StoredFiles(target_), 5000u + 20);
  ASSERT_OK(copy.Delete("source"));
  ASSERT_OK(copy.Delete("copy/inside"));
  ASSERT_OK(copy.Put("copy/f9", "after"));
  EXPECT_EQ(CheckSound(*target_, "changed"), "");
}

TEST_F(SpaceStreamTest, StatesOfOneDirectoryTravelAsChanges) {
  Fill("d", 1000);
  for (int i = 0; i < 50; ++i) {
    Copy("d", absl::StrCat("then/", (i * 7) % 50));
    Put(absl::StrCat("d/g", i), "one more");
  }
  RoundTrip();
  EXPECT_EQ(CountRecords(stream_).changes, 50u);
  EXPECT_LT(stream_.size(), 1000 * 200u + 50 * 50 * 100);
  EXPECT_LT(StoredFiles(target_), 1000u + 50 * 50);
}

TEST_F(SpaceStreamTest, WhatNoDirectoryShowsDoesNotTravel) {
  Fill("source", 100);
  Put("source/secret name", "secret bytes");
  ASSERT_OK(source_->CreateSpace("default", "other"));
  const Space other = source_.OpenSpace("default", "other");
  ASSERT_OK(other.CopyDirectory(space_, "source", "copy"));
  ASSERT_OK(other.Delete("copy/secret name"));
  ASSERT_OK(other.Put("copy/f3", "changed"));
  const std::string stream = Export(other);
  EXPECT_EQ(stream.find("secret"), stream.npos);
  const auto copy = Import(*target_, stream);
  ASSERT_OK(copy);
  ExpectSame(*copy, other);
}

TEST_F(SpaceStreamTest, RandomSpaces) {
  for (uint64_t seed = BaseSeed(); seed < BaseSeed() + static_cast<uint64_t>(Scaled(12)); ++seed) {
    SCOPED_TRACE(seed);
    TempStore source(OptionsOf(clock_)), target;
    Workload workload(*source, seed);
    for (uint64_t n = 0; n < 300; ++n) {
      ASSERT_EQ(workload.Step(n), "");
      clock_.Advance(1 + static_cast<int64_t>(n % 3));
      const size_t reclaim = n % 11 == 0 ? n % 40 : 0;
      ASSERT_OK(source->ReclaimSteps(reclaim));
    }
    // In place of the space that a workload knows, so that it can go on there.
    ASSERT_OK(target->DeleteSpace("default", "-"));
    const auto copy = Import(*target, Export(source.OpenSpace()), "-");
    ASSERT_OK(copy);
    ASSERT_EQ(CheckSound(*target, "imported"), "");
    ExpectSame(*copy, source.OpenSpace());
    // A copy of the copy too, whose trees are stored otherwise.
    const auto again = Import(*target, Export(*copy), "again");
    ASSERT_OK(again);
    ASSERT_OK(target->ReclaimUntilIdle());
    ASSERT_EQ(CheckSound(*target, "drained"), "");
    ExpectSame(*again, source.OpenSpace());
    Workload more(*target, seed + 1000);
    for (uint64_t n = 1; n < 100; ++n) ASSERT_EQ(more.Step(n), "");
    ASSERT_EQ(CheckSound(*target, "changed"), "");
    ExpectSame(*again, source.OpenSpace());
    for (const char* name : {"-", "again"}) {
      ASSERT_OK(target->DeleteSpace("default", name, true));
    }
    ASSERT_EQ(StoredFiles(target), 0u);
  }
}

TEST_F(SpaceStreamTest, OneStateWhileOthersWrite) {
  std::atomic<bool> stop{false};
  std::string wrong;
  Workload workload(*source_, BaseSeed());
  ASSERT_EQ(workload.Step(0), "");
  std::atomic<uint64_t> steps{1};
  std::thread writer([&] {
    while (!stop && wrong.empty()) wrong = workload.Step(steps++);
  });
  for (int i = 0; i < 15; ++i) {
    const uint64_t begin = steps;
    std::string stream;
    EXPECT_OK(ExportSpace(space_, [&](std::string_view piece) {
      while (steps < begin + 3) std::this_thread::yield();
      stream += piece;
      return absl::OkStatus();
    }));
    const auto copy = Import(*target_, stream, "c" + std::to_string(i));
    EXPECT_OK(copy);
    if (!copy.ok()) break;
    Contents contents;
    EXPECT_EQ(Collect(*copy, &contents), "");
    EXPECT_EQ(CheckHalves(contents), "");
  }
  stop = true;
  writer.join();
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(CheckSound(*target_, "imported"), "");
}

// ---- contents that a host keeps ----------------------------------------------------------------

class MapContentStore final : public ContentStore {
 public:
  absl::StatusOr<ContentRef> Write(const ByteSource& source) override {
    std::string bytes, buffer(1000, '\0');
    while (true) {
      const auto got = source(buffer.data(), buffer.size());
      if (!got.ok()) return got.status();
      if (*got == 0) break;
      bytes.append(buffer, 0, *got);
    }
    const ContentId id{7, ++count_};
    contents_[id] = bytes;
    return ContentRef{.id = id, .size = bytes.size()};
  }
  absl::Status Read(const ContentId& id, uint64_t offset, uint64_t length,
                    const ByteSink& sink) override {
    return sink(std::string_view(contents_.at(id)).substr(offset, length));
  }
  size_t size() const { return contents_.size(); }

 private:
  std::map<ContentId, std::string> contents_;
  uint64_t count_ = 0;
};

TEST_F(SpaceStreamTest, HostKeptContentsTravelAsIds) {
  ASSERT_OK(space_.PutReference("a", {.id = {1, 2}, .size = 5'000'000}));
  ASSERT_OK(space_.PutReference("b", {.id = {1, 2}, .size = 5'000'000}));
  ASSERT_OK(space_.PutReference("c", {.id = {1, 3}, .size = 7, .unique_id = true}));
  const std::string stream = Export(space_);
  EXPECT_LT(stream.size(), 1000u);
  const auto copy = Import(*target_, stream);
  ASSERT_OK(copy);
  EXPECT_EQ(copy->GetStat("b")->content, (ContentId{1, 2}));
  EXPECT_EQ(copy->GetTotals("")->bytes, 10'000'007u);
  EXPECT_EQ(CheckSound(*target_, "imported"), "");
  ASSERT_OK(target_->DeleteSpace("default", "copy", true));
  ASSERT_OK(target_->ReclaimUntilIdle());
  ASSERT_EQ(target_->ReleasedContents()->size(), 2u);
  ASSERT_OK(target_->CondemnContents(std::vector<ContentId>{{1, 2}}));
  EXPECT_CODE(ContentCondemned, Import(*target_, stream));
}

TEST_F(SpaceStreamTest, BytesGoToTheHostThatKeepsThem) {
  Put("a", "some bytes");
  Put("b", "some bytes");
  Put("c", BytesOf(1, 700'000));
  const auto host = std::make_shared<MapContentStore>();
  StoreOptions options = TestOptions();
  options.content_store = host;
  TempStore target(options);
  const auto copy = Import(*target, Export(space_));
  ASSERT_OK(copy);
  EXPECT_EQ(host->size(), 2u);
  EXPECT_EQ(*copy->Read("b"), "some bytes");
  EXPECT_EQ(*copy->Read("c"), BytesOf(1, 700'000));
  EXPECT_EQ(CheckSound(*target, "imported"), "");
}

// ---- streams that are not whole ----------------------------------------------------------------

class BrokenStreamTest : public SpaceStreamTest {
 protected:
  void SetUp() override {
    ASSERT_OK(target_.OpenSpace().Put("kept", "kept"));
    Make("d/e");
    for (int i = 0; i < 5; ++i) Put(absl::StrCat("d/", i), std::string(i, 'x'));
    Copy("d", "c");
    Put("c/0", "changed");
    Delete("c/1");
    Put("large", BytesOf(1, 70'000));
    stream_ = Export(space_);
    ASSERT_EQ(CountRecords(stream_).changes, 1u);
  }

  // Nothing of an import is left, not even in what is stored.
  void ExpectUntouched() {
    EXPECT_EQ(target_->ListSpaces("default")->size(), 1u);
    EXPECT_EQ(StoredFiles(target_), 1u);
    EXPECT_EQ(target_->GetStats()->physical_bytes, 4u);
  }
};

TEST_F(BrokenStreamTest, CutOffAnywhere) {
  std::vector<size_t> cuts = CountRecords(stream_).record_begin;
  cuts.pop_back();
  for (size_t at = 0; at < stream_.size(); at += at < 300 || at > stream_.size() - 700 ? 1 : 997) {
    cuts.push_back(at);
  }
  for (const size_t at : cuts) {
    SCOPED_TRACE(at);
    EXPECT_CODE(StreamDamaged, Import(*target_, stream_.substr(0, at)));
  }
  ExpectUntouched();
  ASSERT_OK(Import(*target_, stream_));
}

TEST_F(BrokenStreamTest, OneByteIsWrong) {
  for (size_t at = 0; at < stream_.size(); at += at < 700 || at > stream_.size() - 700 ? 1 : 499) {
    std::string wrong = stream_;
    wrong[at] ^= static_cast<char>(1 << (at % 8));
    const Code code = CodeOf(Import(*target_, wrong).status());
    ASSERT_TRUE(code == Code::kStreamDamaged || (at == 8 && code == Code::kStreamFormatTooNew))
        << at << ": " << CodeName(code);
  }
  ExpectUntouched();
}

TEST_F(BrokenStreamTest, ARecordIsLeftOutOrComesTwice) {
  const std::vector<size_t> begin = CountRecords(stream_).record_begin;
  for (size_t i = 0; i + 1 < begin.size(); ++i) {
    SCOPED_TRACE(i);
    std::string without = stream_, twice = stream_;
    without.erase(begin[i], begin[i + 1] - begin[i]);
    EXPECT_CODE(StreamDamaged, Import(*target_, without));
    if (i + 2 == begin.size()) continue;  // what is behind the end is not read
    twice.insert(begin[i], stream_, begin[i], begin[i + 1] - begin[i]);
    EXPECT_CODE(StreamDamaged, Import(*target_, twice));
  }
  ExpectUntouched();
}

TEST_F(BrokenStreamTest, SourcesAndSinksThatFail) {
  const auto failing = [](auto&&...) { return MakeError(Code::kBadCrc64, "as asked"); };
  EXPECT_CODE(BadCrc64, ImportSpace(*target_, "default", "copy", failing));
  EXPECT_CODE(BadCrc64, ExportSpace(space_, failing));
  size_t pieces = 0;
  EXPECT_CODE(BadCrc64, ExportSpace(space_, [&](std::string_view) {
                return ++pieces < 5 ? absl::OkStatus() : failing();
              }));
  EXPECT_EQ(pieces, 5u);
  ExpectUntouched();
}

TEST_F(BrokenStreamTest, ItsNeighboursAreLeftAlone) {
  EXPECT_CODE(DuplicateSpace, Import(*target_, stream_, "-"));
  EXPECT_CODE(LibraryNotFound, ImportSpace(*target_, "none", "copy", SourceOf(stream_)));
  EXPECT_CODE(SpaceIdInvalid, Import(*target_, stream_, "No"));
  EXPECT_CODE(SpaceNotFound,
              ExportSpace(Space(), [](std::string_view) { return absl::OkStatus(); }));
  ExpectUntouched();
  // Several streams one behind the other are read one by one.
  const std::string two = stream_ + stream_;
  const ByteSource source = SourceOf(two);
  ASSERT_OK(ImportSpace(*target_, "default", "one", source));
  ASSERT_OK(ImportSpace(*target_, "default", "two", source));
  EXPECT_CODE(StreamDamaged, ImportSpace(*target_, "default", "three", source));
  ExpectSame(target_.OpenSpace("default", "two"), space_);
  // Made by somebody else meanwhile.
  std::string_view rest = stream_;
  EXPECT_CODE(DuplicateSpace,
              ImportSpace(*target_, "default", "late",
                          [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
                            if (rest.size() < 1000) {
                              target_->CreateSpace("default", "late").status().IgnoreError();
                            }
                            const size_t n = rest.copy(buffer, capacity);
                            rest.remove_prefix(n);
                            return n;
                          }));
  EXPECT_EQ(target_.OpenSpace("default", "late").GetTotals("")->files, 0u);
}

TEST_F(BrokenStreamTest, OneThatFailsLateLeavesNothing) {
  Fill("many", 1500);
  stream_ = Export(space_);
  EXPECT_CODE(StreamDamaged, Import(*target_, stream_.substr(0, stream_.size() - 1)));
  EXPECT_EQ(target_->GetStats()->logical_files, 1u);
  EXPECT_GT(target_->GetStats()->physical_files, 1000u);  // until it is reclaimed
  ExpectUntouched();
}

// A checkpoint in the middle is what a crash leaves.
TEST_F(BrokenStreamTest, ACrashLeavesNothing) {
  Fill("many", 1500);
  stream_ = Export(space_);
  const TempFolder folder;
  std::string_view rest = stream_;
  int checkpoints = 0;
  const auto copy = ImportSpace(
      *target_, "default", "copy", [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
        if (rest.size() < stream_.size() / 4 * (3 - checkpoints)) {
          EXPECT_EQ(CheckSound(*target_, "on the way"), "");
          EXPECT_EQ(target_->ListSpaces("default")->size(), 1u);
          EXPECT_OK(
              target_->CreateCheckpoint((folder.path() / std::to_string(checkpoints++)).string()));
        }
        const size_t n = rest.copy(buffer, capacity);
        rest.remove_prefix(n);
        return n;
      });
  ASSERT_OK(copy);
  ASSERT_EQ(checkpoints, 3);
  for (int i = 0; i < checkpoints; ++i) {
    const auto store = Store::Open((folder.path() / std::to_string(i)).string(), TestOptions());
    ASSERT_OK(store);
    EXPECT_EQ(CheckSound(**store, "reopened"), "");
    EXPECT_GT((*store)->GetStats()->physical_files, 1u);
    ASSERT_OK((*store)->ReclaimUntilIdle());
    EXPECT_EQ(CheckSound(**store, "drained"), "");
    EXPECT_EQ((*store)->GetStats()->physical_files, 1u);
    EXPECT_EQ((*store)->GetStats()->physical_bytes, 4u);
    EXPECT_EQ((*store)->ListSpaces("default")->size(), 1u);
  }
}

// ---- streams that are not ours -----------------------------------------------------------------

// Writes what no export would, with checksums that are right.
class Forger {
 public:
  Forger() {
    EXPECT_OK(writer_.Begin());
    Write(StreamKind::kSpace, operations::EncodeStreamSpace({}));
  }
  Forger& Write(StreamKind kind, std::string_view payload) {
    EXPECT_OK(writer_.Write(kind, payload));
    return *this;
  }
  Forger& Tree(uint64_t base = 0, const std::string& attributes = "") {
    ++end_.trees;
    return Write(StreamKind::kTree,
                 operations::EncodeStreamTree({.base = base, .attributes = attributes}));
  }
  Forger& Name(const operations::StreamName& name) {
    ++end_.names;
    std::string payload;
    operations::AppendStreamName(name, &payload);
    return Write(StreamKind::kNames, payload);
  }
  Forger& Directory(const std::string& name, uint64_t tree) {
    return Name({.slot = core::Slot(core::kDirectorySlot, name), .tree = tree});
  }
  Forger& File(const std::string& name, ContentId content = {}, uint64_t size = 0) {
    return Name({.slot = core::Slot(core::kFileSlot, name), .content = content, .size = size});
  }
  Forger& Remove(char kind, const std::string& name) {
    return Name({.slot = core::Slot(kind, name), .removed = true});
  }
  Forger& Content(ContentId id, uint64_t size) {
    ++end_.contents;
    return Write(StreamKind::kContent, operations::EncodeStreamContent({.id = id, .size = size}));
  }
  std::string End(const RecursiveTotals& totals = {}) {
    end_.totals = totals;
    Write(StreamKind::kEnd, operations::EncodeStreamEnd(end_));
    return stream_;
  }

 private:
  std::string stream_;
  const ByteSink sink_ = [this](std::string_view piece) {
    stream_ += piece;
    return absl::OkStatus();
  };
  operations::StreamWriter writer_{sink_};
  operations::StreamEnd end_;
};

class ForgedStreamTest : public BrokenStreamTest {
 protected:
  void TearDown() override {
    if (target_->ListSpaces("default")->size() == 1) ExpectUntouched();
  }
  Code CodeOfImport(const std::string& stream) { return CodeOf(Import(*target_, stream).status()); }
};

TEST_F(ForgedStreamTest, AForgedStreamThatIsRightIsTaken) {
  Forger forger;
  forger.Tree().File("f").Tree(1).File("g").Tree(2).Remove(core::kFileSlot, "f");
  forger.Tree().Directory("a", 1).Directory("b", 2).Directory("c", 3).Directory("d", 3);
  const auto copy = Import(*target_, forger.End({.bytes = 0, .files = 5, .directories = 4}));
  ASSERT_OK(copy);
  EXPECT_CODE(PathNotFound, copy->GetStat("d/f"));
  EXPECT_OK(copy->GetStat("d/g"));
  EXPECT_EQ(CheckSound(*target_, "imported"), "");
}

TEST_F(ForgedStreamTest, TreesAndNames) {
  constexpr char kDirectory = core::kDirectorySlot, kFile = core::kFileSlot;
  const std::vector<std::string> damaged = {
      Forger().End(),
      Forger().File("before the tree").End(),
      Forger().Tree().End({.bytes = 0, .files = 1, .directories = 0}),
      Forger().Tree().File("b").File("a").End({.bytes = 0, .files = 2, .directories = 0}),
      Forger().Tree().File("a").File("a").End({.bytes = 0, .files = 2, .directories = 0}),
      Forger().Tree().File("a").Directory("b", 1).End(),
      Forger().Tree().Directory("itself", 1).End(),
      Forger().Tree().Directory("none", 0).End(),
      Forger().Tree().Directory("later", 2).Tree().End(),
      Forger().Tree().Tree().Directory("a", 1).File("a").End({0, 1, 1}),
      Forger().Tree(1).End(),
      Forger().Tree().Tree(3).Tree().End(),
      Forger().Tree().Remove(kFile, "a").End(),
      Forger().Tree().Tree(1).Remove(kFile, "a").End(),
      Forger().Tree().File("a").Tree(1).Remove(kDirectory, "a").End(),
      Forger().Tree().File("a").Tree(1).File("b").Remove(kFile, "a").End({0, 1, 0}),
      Forger().Tree().File("a").Tree(1).Remove(kFile, "a").Remove(kFile, "a").End(),
      Forger().Tree().File("a").Tree().Tree(1).Directory("a", 2).End({0, 0, 1}),
      Forger().Tree().File("").End({0, 1, 0}),
      Forger().Tree().File("a/b").End({0, 1, 0}),
      Forger().Tree(0, "junk").End(),
      Forger().Tree().Write(StreamKind::kNames, "junk").End(),
      Forger().Tree().Write(StreamKind::kBytes, "junk").End(),
      Forger().Tree().Write(static_cast<StreamKind>(77), "").End(),
      Forger().Tree().Write(StreamKind::kTree, "").End(),
      Forger().Tree().Write(StreamKind::kSpace, operations::EncodeStreamSpace({})).End(),
      Forger().Tree().Write(StreamKind::kEnd, "").End(),
      Forger()
          .Tree()
          .Name({.slot = core::Slot(kFile, "a"), .creator = std::string(256, 'c')})
          .End(),
      Forger().Tree().Name({.slot = core::Slot(kFile, "a"), .attributes = "\1"}).End({0, 1, 0}),
      Forger().Tree().Write(StreamKind::kNames, std::string(600'000, 'x')).End(),
  };
  for (size_t i = 0; i < damaged.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_CODE(StreamDamaged, Import(*target_, damaged[i]));
  }
  EXPECT_CODE(IllegalFileName, Import(*target_, Forger().Tree().File("a:b").End({0, 1, 0})));
  EXPECT_CODE(IllegalFileName, Import(*target_, Forger().Tree().File("..").End({0, 1, 0})));
  EXPECT_CODE(FileNameLengthExceed,
              Import(*target_, Forger().Tree().File(std::string(256, 'n')).End({0, 1, 0})));
}

TEST_F(ForgedStreamTest, Contents) {
  const ContentId id = space_.GetStat("d/3")->content;  // "xxx"
  const ContentId kept = target_.OpenSpace().GetStat("kept")->content;
  const std::vector<std::string> damaged = {
      Forger().Tree().File("a", id, 3).End({3, 1, 0}),
      // The store has these bytes, but the stream has not brought them.
      Forger().Tree().File("a", kept, 4).End({4, 1, 0}),
      Forger().Tree().Content(id, 3).Write(StreamKind::kBytes, "xx").File("a", id, 3).End(),
      Forger().Tree().Content(id, 3).Write(StreamKind::kBytes, "xxxx").File("a", id, 3).End(),
      Forger().Tree().Content(id, 3).Write(StreamKind::kBytes, "xyx").File("a", id, 3).End(),
      Forger().Tree().Content(id, 3).Write(StreamKind::kBytes, "xxx").File("a", id, 2).End(),
      Forger().Tree().Content(id, 3).Write(StreamKind::kBytes, "").End(),
      Forger().Tree().Content(id, 0).End(),
      Forger().Tree().Content({}, 3).Write(StreamKind::kBytes, "xxx").End(),
      Forger().Tree().Content(id, kMaxFileBytes + 1).End(),
      Forger().Tree().File("a", id, 0).End({0, 1, 0}),
      Forger().Tree().File("a", {}, 3).End({3, 1, 0}),
      Forger()
          .Tree()
          .Content(id, 3)
          .Write(StreamKind::kBytes, "xxx")
          .Content(id, 3)
          .Write(StreamKind::kBytes, "xxx")
          .End(),
  };
  for (size_t i = 0; i < damaged.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_CODE(StreamDamaged, Import(*target_, damaged[i]));
  }
}

// Each tree holds the one before twice: 2^64 entries in 64 small records.
TEST_F(ForgedStreamTest, ATreeThatGrowsWithoutEnd) {
  Forger forger;
  forger.Tree().File("f");
  for (uint64_t tree = 1; tree < 70; ++tree) {
    forger.Tree().Directory("a", tree).Directory("b", tree);
  }
  EXPECT_EQ(CodeOfImport(forger.End()), Code::kQuotaLimitReached);
}

// Longer than the engine reads through: it flattens on the way.
TEST_F(ForgedStreamTest, ALongChainOfBases) {
  Forger forger;
  forger.Tree().File("f0");
  for (uint64_t tree = 1; tree < 100; ++tree) {
    forger.Tree(tree).File("f" + std::to_string(tree));
  }
  EXPECT_EQ(CodeOfImport(forger.End({0, 100, 0})), Code::kStreamDamaged);
}

// Many names that are taken away have a tree flattened before it is whole.
TEST_F(ForgedStreamTest, AFlattenBetweenTwoCommits) {
  constexpr int kNames = 1600, kRemoved = 1500;
  const auto name = [](int i) { return "f" + std::to_string(10'000 + i); };
  Forger forger;
  forger.Tree();
  for (int i = 0; i < kNames; ++i) forger.File(name(i));
  forger.Tree(1);
  for (int i = 0; i < kRemoved; ++i) forger.Remove(core::kFileSlot, name(i));
  std::string stream = forger.File(name(kNames - 1)).File("new").End({0, 101, 0});
  std::string_view rest = stream;
  const auto copy = ImportSpace(
      *target_, "default", "copy", [&](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
        EXPECT_OK(target_->ReclaimUntilIdle());
        const size_t n = rest.copy(buffer, std::min<size_t>(capacity, 4096));
        rest.remove_prefix(n);
        return n;
      });
  ASSERT_OK(copy);
  ASSERT_OK(target_->ReclaimUntilIdle());
  EXPECT_EQ(CheckSound(*target_, "imported"), "");
  EXPECT_EQ(copy->GetStat("")->child_files, 101u);
  EXPECT_CODE(PathNotFound, copy->GetStat(name(0)));
  EXPECT_OK(copy->GetStat(name(kNames - 1)));
}

// Ids alone give nobody the bytes of another space, nor a content whose holders are not counted.
TEST_F(SpaceStreamTest, ContentsOfOthersAreNotTaken) {
  ASSERT_OK(space_.PutReference("unique", {.id = {1, 3}, .size = 7, .unique_id = true}));
  EXPECT_CODE(ParamInvalid, Import(*source_, Export(space_)));
  EXPECT_OK(Import(*target_, Export(space_)));

  Put("bytes", "of a space");
  const Stat there = *space_.GetStat("bytes");
  for (const uint64_t size : {there.size, there.size + 1}) {
    Forger forger;
    forger.Tree().Name({.slot = core::Slot(core::kFileSlot, "stolen"),
                        .host_kept = true,
                        .content = there.content,
                        .size = size});
    EXPECT_CODE(StreamDamaged, Import(*source_, forger.End({size, 1, 0})));
  }
  EXPECT_EQ(CheckSound(*source_, "untouched"), "");
}

TEST_F(ForgedStreamTest, HeadsThatAreWrong) {
  EXPECT_EQ(CodeOfImport(""), Code::kStreamDamaged);
  EXPECT_EQ(CodeOfImport("PK\3\4 something else"), Code::kStreamDamaged);
  EXPECT_EQ(CodeOfImport("MARCOTSP\2"), Code::kStreamFormatTooNew);
  std::string stream;
  const ByteSink sink = [&](std::string_view piece) {
    stream += piece;
    return absl::OkStatus();
  };
  operations::StreamWriter writer(sink);
  ASSERT_OK(writer.Begin());
  ASSERT_OK(writer.Write(StreamKind::kSpace,
                         operations::EncodeStreamSpace({.settings = {.recycle_days = 100'000}})));
  EXPECT_EQ(CodeOfImport(stream), Code::kParamInvalid);
  std::string length = Forger().End();
  length.replace(10, 8, "\x7f\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(CodeOfImport(length), Code::kStreamDamaged);
}

}  // namespace
}  // namespace marcot::testing

// Uploads: begun, sent, confirmed; what goes wrong in between, and what is left of it.
#include <gtest/gtest.h>

#include <thread>

#include "marcot/marcot.hpp"
#include "service/digest.h"
#include "support/temp_store.h"

namespace marcot {
namespace {

using testing::TempStore;

constexpr size_t kMiB = 1u << 20;

ByteSource SourceOf(std::string bytes) {
  return [bytes = std::move(bytes), at = size_t{0}](
             char* buffer, size_t capacity) mutable -> absl::StatusOr<size_t> {
    const size_t n = bytes.copy(buffer, capacity, at);
    at += n;
    return n;
  };
}

std::string Pattern(size_t size, unsigned seed) {
  std::string bytes(size, '\0');
  for (char& c : bytes) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return bytes;
}

service::Digest DigestOf(std::string_view bytes) {
  service::Digester digester;
  digester.Add(bytes);
  return digester.Finish();
}

class UploadsTest : public ::testing::Test {
 protected:
  UploadsTest()
      : store_(Options()),
        space_(*store_->OpenSpace("default", "-")),
        service_(*Service::Open(*store_)) {}

  StoreOptions Options() {
    StoreOptions options = testing::TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }

  void Reopen() {
    service_.reset();
    store_.Reopen();
    space_ = *store_->OpenSpace("default", "-");
    service_ = *Service::Open(*store_);
  }

  Uploads& uploads() { return service_->uploads(); }

  UploadInfo Begin(std::string_view path, UploadOptions options = {}) {
    auto info = uploads().Begin(space_, path, options);
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? *info : UploadInfo{};
  }

  Code BeginCode(std::string_view path, const UploadOptions& options = {}) {
    return CodeOf(uploads().Begin(space_, path, options).status());
  }

  Code ConfirmCode(const std::string& key, const ConfirmOptions& options = {}) {
    return CodeOf(uploads().Confirm(space_, key, options).status());
  }

  // What the service keeps is drained and sound, and only the given files are there.
  void ExpectSound() {
    ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
    EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>{});
  }

  testing::ManualClock clock_;
  TempStore store_;
  Space space_;
  std::unique_ptr<Service> service_;
};

TEST(DigestTest, IsWhatClientsCompute) {
  // The check value of CRC-64/XZ, and SHA-256 of nothing.
  EXPECT_EQ(DigestOf("123456789").crc64, 0x995dc9bbdf1939faULL);
  EXPECT_EQ(DigestOf("").full_hash,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(DigestOf("abc").beginning_hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // SHA-256 of (SHA-256 of a MiB of zeros) and abc, by Python's hashlib.
  std::string two(kMiB + 3, '\0');
  two.replace(kMiB, 3, "abc");
  EXPECT_EQ(DigestOf(two).full_hash,
            "200a8a761c2eff4e3de5f7148ebdb2c98ef80b29f80ac97949212c0d42004366");
  const std::string bytes = Pattern(3 * kMiB + 17, 5);
  service::Digester pieces;
  for (size_t at = 0; at < bytes.size(); at += 1000) {
    pieces.Add(std::string_view(bytes).substr(at, 1000));
  }
  const service::Digest digest = pieces.Finish();
  EXPECT_EQ(digest.full_hash, DigestOf(bytes).full_hash);
  EXPECT_EQ(digest.crc64, DigestOf(bytes).crc64);
  EXPECT_EQ(digest.size, bytes.size());
}

TEST_F(UploadsTest, OneThatIsSentWhole) {
  UploadOptions options;
  options.size = 5;
  options.user = "ann";
  options.attributes.labels = {"red"};
  options.attributes.category = "draft";
  const UploadInfo upload = Begin("a.txt", options);
  EXPECT_EQ(CodeOf(space_.GetStat("a.txt").status()), Code::kPathNotFound);
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("hello")).ok());
  EXPECT_EQ(space_.GetUsage()->tree.bytes, 0u);
  EXPECT_EQ(ConfirmCode(upload.key, {.crc64 = 1}), Code::kBadCrc64);
  Reopen();
  ConfirmOptions confirm;
  confirm.crc64 = DigestOf("hello").crc64;
  confirm.changes.category = "final";
  const auto placed = uploads().Confirm(space_, upload.key, confirm);
  ASSERT_TRUE(placed.ok()) << placed.status();
  EXPECT_EQ(JoinPath(placed->path), "a.txt");
  EXPECT_EQ(*space_.Read("a.txt"), "hello");
  const Stat stat = *space_.GetStat("a.txt");
  EXPECT_EQ(stat.creator, "ann");
  EXPECT_EQ(stat.attributes.Unpack().labels, std::vector<std::string>{"red"});
  EXPECT_EQ(stat.attributes.Unpack().category, "final");
  EXPECT_EQ(*uploads().FindCrc64(stat.content), DigestOf("hello").crc64);
  // A client that did not see the answer asks again.
  EXPECT_EQ(uploads().Confirm(space_, upload.key, {})->id, placed->id);
  EXPECT_TRUE(uploads().Get(space_, upload.key)->confirmed);
  EXPECT_EQ(CodeOf(uploads().Send(upload.key, SourceOf("late")).status()), Code::kUploadNotFound);
  EXPECT_EQ(space_.List("")->entries.size(), 1u);
  ExpectSound();
}

TEST_F(UploadsTest, PartsInAnyOrder) {
  UploadOptions options;
  options.parts = true;
  const UploadInfo upload = Begin("film.tar.gz", options);
  const std::string bytes = Pattern(5 * kMiB + 3, 1);
  const auto part = [&](uint32_t number) {
    return bytes.substr((number - 1) * 2 * kMiB, 2 * kMiB);
  };
  EXPECT_EQ(ConfirmCode(upload.key), Code::kMultipartUploadIncomplete);
  ASSERT_TRUE(uploads().SendPart(upload.key, 3, SourceOf(part(3))).ok());
  ASSERT_TRUE(uploads().SendPart(upload.key, 1, SourceOf("wrong")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kMultipartUploadIncomplete);
  ASSERT_TRUE(uploads().SendPart(upload.key, 1, SourceOf(part(1))).ok());
  Reopen();
  ASSERT_TRUE(uploads().Renew(space_, upload.key).ok());
  ASSERT_TRUE(uploads().SendPart(upload.key, 2, SourceOf(part(2))).ok());
  const auto parts = uploads().ListParts(space_, upload.key);
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[2].number, 3u);
  EXPECT_EQ((*parts)[2].size, kMiB + 3);
  EXPECT_FALSE((*parts)[0].etag.empty());
  ASSERT_EQ(ConfirmCode(upload.key, {.crc64 = DigestOf(bytes).crc64}), Code::kOk);
  EXPECT_EQ(*space_.Read("film.tar.gz"), bytes);
  ExpectSound();
  EXPECT_EQ(store_->GetStats()->physical_bytes, bytes.size());
}

TEST_F(UploadsTest, RefusesWhatCannotSucceed) {
  ASSERT_TRUE(space_.MakeDirectory("dir").ok());
  ASSERT_TRUE(space_.Put("file", "x").ok());
  UploadOptions ask;
  ask.strategy = Strategy::kAsk;
  EXPECT_EQ(BeginCode(""), Code::kRootDirectoryNotAllowed);
  EXPECT_EQ(BeginCode("no/file"), Code::kDirectoryNotFound);
  EXPECT_EQ(BeginCode("a|b"), Code::kIllegalFileName);
  EXPECT_EQ(BeginCode(std::string(256, 'x')), Code::kFileNameLengthExceed);
  EXPECT_EQ(BeginCode("file", ask), Code::kSameNameDirectoryOrFileExists);
  EXPECT_EQ(BeginCode("dir", ask), Code::kSameNameDirectoryOrFileExists);
  UploadOptions overwrite;
  overwrite.strategy = Strategy::kOverwrite;
  EXPECT_EQ(BeginCode("dir", overwrite), Code::kSameNameDirectoryOrFileExists);
  EXPECT_EQ(BeginCode("file/below", overwrite), Code::kSameNameDirectoryOrFileExists);
  EXPECT_EQ(BeginCode("file/below/more"), Code::kSameNameDirectoryOrFileExists);
  EXPECT_EQ(BeginCode("dir/no/more"), Code::kDirectoryNotFound);
  const std::string spaces[] = {"-"};
  ASSERT_TRUE(store_->CreateQuota("default", spaces, {.bytes = 10}).ok());
  UploadOptions big;
  big.size = 11;
  EXPECT_EQ(BeginCode("big", big), Code::kQuotaLimitReached);
  // What was not announced is refused when it is to be placed, and the upload waits.
  const UploadInfo upload = Begin("quiet");
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("more than ten bytes")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kQuotaLimitReached);
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("less")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kOk);
  ExpectSound();
}

TEST_F(UploadsTest, HoldsToTheAnnouncedSize) {
  UploadOptions five;
  five.size = 5;
  const UploadInfo upload = Begin("a", five);
  EXPECT_EQ(CodeOf(uploads().Send(upload.key, SourceOf("more than 5")).status()),
            Code::kUploadIncomplete);
  EXPECT_EQ(ConfirmCode(upload.key), Code::kUploadIncomplete);
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("four")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kUploadIncomplete);
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("five!")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kOk);
  five.size = 0;
  const UploadInfo empty = Begin("empty", five);
  ASSERT_TRUE(uploads().Send(empty.key, SourceOf("")).ok());
  EXPECT_EQ(ConfirmCode(empty.key, {.crc64 = 0}), Code::kOk);
  EXPECT_EQ(*space_.Read("empty"), "");
  ExpectSound();
}

TEST_F(UploadsTest, NamesOfItsOwnAreNotTheHosts) {
  service_.reset();
  store_.options().max_name_chars = 16;
  store_.Reopen();
  space_ = *store_->OpenSpace("default", "-");
  service_ = *Service::Open(*store_);
  const UploadInfo upload = Begin("a");
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("bytes")).ok());
  EXPECT_EQ(ConfirmCode(upload.key), Code::kOk);
  EXPECT_EQ(BeginCode(std::string(17, 'x')), Code::kFileNameLengthExceed);
  ASSERT_TRUE(space_.MakeDirectory("d").ok());
  BatchItem copy;
  copy.kind = BatchItem::Kind::kCopy;
  copy.space = space_;
  copy.from = "d";
  copy.path = "e";
  const uint64_t id = *service_->tasks().Submit(space_, {.items = {copy}});
  EXPECT_EQ(service_->tasks().Wait(space_, id, std::chrono::seconds(60))->state, TaskState::kDone);
}

// Two senders of other bytes for one upload, and a client that confirms what it has sent: the file
// and its digest are of the same bytes, and of those that were confirmed.
TEST_F(UploadsTest, SendersAndConfirmsAtOnce) {
  const std::string first(1000, 'a'), second(1000, 'b');
  int confirmed = 0;
  for (int round = 0; round < 60; ++round) {
    const UploadInfo upload = Begin("f");
    ASSERT_TRUE(uploads().Send(upload.key, SourceOf(first)).ok());
    std::thread other([&] { uploads().Send(upload.key, SourceOf(second)).status().IgnoreError(); });
    std::thread more([&] { uploads().Send(upload.key, SourceOf(first)).status().IgnoreError(); });
    const auto placed = uploads().Confirm(space_, upload.key, {.crc64 = DigestOf(first).crc64});
    other.join();
    more.join();
    if (!placed.ok()) {
      const Code code = CodeOf(placed.status());
      ASSERT_TRUE(code == Code::kPathConflict || code == Code::kBadCrc64) << placed.status();
      continue;
    }
    ++confirmed;
    ASSERT_EQ(*space_.Read(JoinPath(placed->path)), first);
    EXPECT_EQ(*uploads().FindCrc64(space_.GetStat(JoinPath(placed->path))->content),
              DigestOf(first).crc64);
  }
  EXPECT_GT(confirmed, 0);
  for (const std::string& bytes : {first, second}) {
    const service::Digest digest = DigestOf(bytes);
    const KnownFile file{digest.beginning_hash, digest.full_hash, digest.size};
    const auto placed = uploads().PutKnown(space_, "known", file, {});
    ASSERT_TRUE(placed.ok()) << placed.status();
    if (!placed->has_value()) continue;
    EXPECT_EQ(*space_.Read(JoinPath((*placed)->path)), bytes);
  }
}

TEST_F(UploadsTest, OneServiceAtATime) {
  EXPECT_EQ(CodeOf(Service::Open(*store_).status()), Code::kStoreInUse);
  service_.reset();
  EXPECT_TRUE(Service::Open(*store_).ok());
}

TEST_F(UploadsTest, KnowsItsOwnKeysOnly) {
  const UploadInfo upload = Begin("a");
  const Space other = *store_->CreateSpace("default", "other");
  EXPECT_EQ(CodeOf(uploads().Confirm(other, upload.key, {}).status()), Code::kConfirmKeyNotFound);
  EXPECT_EQ(CodeOf(uploads().Abort(other, upload.key)), Code::kConfirmKeyNotFound);
  for (const std::string& key : {std::string("x"), std::string(), "../" + upload.key,
                                 std::string(48, '0'), upload.key + "0"}) {
    EXPECT_EQ(ConfirmCode(key), Code::kConfirmKeyNotFound) << key;
    EXPECT_EQ(CodeOf(uploads().Send(key, SourceOf("x")).status()), Code::kUploadNotFound) << key;
  }
  EXPECT_EQ(ConfirmCode(upload.key), Code::kUploadIncomplete);
  EXPECT_EQ(CodeOf(uploads().SendPart(upload.key, 1, SourceOf("x")).status()), Code::kParamInvalid);
  ASSERT_TRUE(uploads().Abort(space_, upload.key).ok());
  EXPECT_EQ(CodeOf(uploads().Abort(space_, upload.key)), Code::kConfirmKeyNotFound);
  EXPECT_EQ(CodeOf(uploads().Get(space_, upload.key).status()), Code::kConfirmKeyNotFound);
}

TEST_F(UploadsTest, AnOverwriteKeepsTheOldVersion) {
  LibrarySettings settings;
  settings.history = true;
  ASSERT_TRUE(store_->SetLibrarySettings("default", settings).ok());
  ASSERT_TRUE(space_.Put("a", "old").ok());
  UploadOptions options;
  options.strategy = Strategy::kOverwrite;
  const UploadInfo upload = Begin("a", options);
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf("new")).ok());
  ASSERT_TRUE(uploads().Confirm(space_, upload.key, {})->overwritten);
  EXPECT_EQ(space_.ListVersions("a")->versions.size(), 2u);
  ExpectSound();
}

TEST_F(UploadsTest, ExpiresAndGoesWithItsSpace) {
  const UploadInfo early = Begin("a");
  ASSERT_TRUE(uploads().Send(early.key, SourceOf("bytes of a")).ok());
  clock_.Advance(kUploadLifeMs / 2);
  const UploadInfo late = Begin("b");
  ASSERT_TRUE(uploads().Send(late.key, SourceOf("bytes of b")).ok());
  clock_.Advance(kUploadLifeMs / 2);
  EXPECT_EQ(ConfirmCode(early.key), Code::kConfirmKeyNotFound);
  EXPECT_EQ(CodeOf(uploads().Send(early.key, SourceOf("x")).status()), Code::kUploadNotFound);
  clock_.Advance(kUploadLifeMs / 4);
  ASSERT_TRUE(uploads().Send(late.key, SourceOf("bytes of b")).ok());  // it waits anew
  clock_.Advance(kUploadLifeMs / 2);
  ASSERT_TRUE(service_->ExpireDue().ok());
  ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
  EXPECT_EQ(store_->GetStats()->physical_bytes, 10u);
  EXPECT_EQ(ConfirmCode(late.key), Code::kOk);
  clock_.Advance(2 * kUploadLifeMs);
  ASSERT_TRUE(service_->ExpireDue().ok());
  EXPECT_EQ(ConfirmCode(late.key), Code::kConfirmKeyNotFound);
  const Space other = *store_->CreateSpace("default", "other");
  const UploadInfo gone = *uploads().Begin(other, "x", {});
  ASSERT_TRUE(uploads().Send(gone.key, SourceOf("more bytes")).ok());
  ASSERT_TRUE(store_->DeleteSpace("default", "other", true).ok());
  ASSERT_TRUE(service_->ExpireDue().ok());
  EXPECT_EQ(CodeOf(uploads().Send(gone.key, SourceOf("x")).status()), Code::kUploadNotFound);
  ExpectSound();
  EXPECT_EQ(store_->GetStats()->physical_bytes, 10u);
}

TEST_F(UploadsTest, KnownContentNeedsNoBytes) {
  const std::string bytes = Pattern(2 * kMiB, 9);
  const service::Digest digest = DigestOf(bytes);
  const KnownFile file{digest.beginning_hash, digest.full_hash, digest.size};
  EXPECT_FALSE(*uploads().MayKnow(space_, file.beginning_hash, file.size));
  EXPECT_EQ(*uploads().PutKnown(space_, "copy", file, {}), std::nullopt);
  const UploadInfo upload = Begin("a");
  ASSERT_TRUE(uploads().Send(upload.key, SourceOf(bytes)).ok());
  ASSERT_EQ(ConfirmCode(upload.key), Code::kOk);
  EXPECT_TRUE(*uploads().MayKnow(space_, file.beginning_hash, file.size));
  EXPECT_FALSE(*uploads().MayKnow(space_, file.beginning_hash, file.size + 1));
  const auto placed = uploads().PutKnown(space_, "a", file, {});
  ASSERT_TRUE(placed.ok() && placed->has_value()) << placed.status();
  EXPECT_EQ(JoinPath((*placed)->path), "a (1)");
  EXPECT_EQ(*space_.Read("a (1)"), bytes);
  EXPECT_EQ(CodeOf(uploads().PutKnown(space_, "x", {"short", digest.full_hash, 1}, {}).status()),
            Code::kParamInvalid);
  // Another library does not learn what this one has.
  ASSERT_TRUE(store_->CreateLibrary("second").ok());
  const Space second = *store_->CreateSpace("second", "-");
  EXPECT_FALSE(*uploads().MayKnow(second, file.beginning_hash, file.size));
  ASSERT_TRUE(space_.Delete("a").ok() && space_.Delete("a (1)").ok());
  ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
  EXPECT_EQ(*uploads().PutKnown(space_, "b", file, {}), std::nullopt);
  EXPECT_FALSE(*uploads().MayKnow(space_, file.beginning_hash, file.size));
  // What is said of bytes that are gone goes too; of an upload that was aborted nothing was kept.
  const UploadInfo aborted = Begin("c");
  ASSERT_TRUE(uploads().Send(aborted.key, SourceOf(bytes)).ok());
  ASSERT_TRUE(uploads().Abort(space_, aborted.key).ok());
  EXPECT_FALSE(*uploads().MayKnow(space_, file.beginning_hash, file.size));
  ExpectSound();
}

TEST_F(UploadsTest, DigestsGoWithTheirContents) {
  for (int i = 0; i < 300; ++i) {
    const UploadInfo upload = Begin("f");
    ASSERT_TRUE(uploads().Send(upload.key, SourceOf("bytes " + std::to_string(i))).ok());
    ASSERT_EQ(ConfirmCode(upload.key), Code::kOk);
  }
  const ContentId kept = space_.GetStat("f")->content, gone = space_.GetStat("f (1)")->content;
  ListOptions all;
  all.limit = 1000;
  const Page page = *space_.List("", all);
  for (const Stat& file : page.entries) {
    if (file.name == "f") continue;
    ASSERT_TRUE(space_.Delete(file.name).ok());
  }
  ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
  EXPECT_TRUE(uploads().FindCrc64(gone)->has_value());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(service_->ExpireDue().ok());
  EXPECT_FALSE(uploads().FindCrc64(gone)->has_value());
  EXPECT_TRUE(uploads().FindCrc64(kept)->has_value());
}

TEST_F(UploadsTest, NeedsItsGrants) {
  const auto with = [&](Grants grants) {
    SessionRequest request;
    request.library = "default";
    request.user = "bob";
    request.grants = grants;
    return *store_->OpenSession(request)->OpenSpace("-");
  };
  const Space reader = with({}), beginner = with({Grant::kBeginUpload}),
              confirmer = with({Grant::kConfirmUpload}), forcer = with({Grant::kBeginUploadForce});
  UploadOptions overwrite;
  overwrite.strategy = Strategy::kOverwrite;
  ASSERT_TRUE(space_.Put("a", "old").ok());
  EXPECT_EQ(CodeOf(uploads().Begin(reader, "a", {}).status()), Code::kNoPermission);
  EXPECT_EQ(CodeOf(uploads().Begin(confirmer, "a", {}).status()), Code::kNoPermission);
  EXPECT_EQ(CodeOf(uploads().Begin(beginner, "a", overwrite).status()), Code::kNoPermission);
  const std::string key = uploads().Begin(forcer, "a", overwrite)->key;
  ASSERT_TRUE(uploads().Send(key, SourceOf("new")).ok());
  EXPECT_EQ(CodeOf(uploads().Confirm(beginner, key, {}).status()), Code::kNoPermission);
  EXPECT_EQ(CodeOf(uploads().Abort(confirmer, key)), Code::kNoPermission);
  EXPECT_EQ(CodeOf(uploads().Renew(confirmer, key).status()), Code::kNoPermission);
  EXPECT_EQ(CodeOf(uploads().Confirm(confirmer, key, {.strategy = Strategy::kOverwrite}).status()),
            Code::kNoPermission);
  ASSERT_TRUE(uploads().Confirm(confirmer, key, {}).ok());
  EXPECT_EQ(*space_.Read("a"), "new");
  const std::string second = uploads().Begin(beginner, "b", {})->key;
  ASSERT_TRUE(uploads().Send(second, SourceOf("b")).ok());
  ASSERT_TRUE(uploads().Confirm(confirmer, second, {}).ok());
  EXPECT_EQ(space_.GetStat("b")->creator, "bob");
  const service::Digest digest = DigestOf("b");
  const KnownFile file{digest.beginning_hash, digest.full_hash, digest.size};
  EXPECT_EQ(CodeOf(uploads().PutKnown(beginner, "c", file, {}).status()), Code::kNoPermission);
  EXPECT_TRUE(uploads().PutKnown(with({Grant::kUploadFile}), "c", file, {}).ok());
  ExpectSound();
}

TEST_F(UploadsTest, ManyConfirmsOfOneMakeOneFile) {
  for (int round = 0; round < 20; ++round) {
    const UploadInfo upload = Begin("a");
    ASSERT_TRUE(uploads().Send(upload.key, SourceOf("bytes")).ok());
    std::vector<std::thread> threads;
    std::vector<absl::StatusOr<Placed>> placed(4);
    for (auto& outcome : placed) {
      threads.emplace_back([&] { outcome = uploads().Confirm(space_, upload.key, {}); });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& outcome : placed) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_EQ(outcome->path, placed[0]->path);
    }
    EXPECT_EQ(space_.GetTotals("")->files, round + 1u);
  }
}

}  // namespace
}  // namespace marcot

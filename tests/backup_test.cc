// Backups and checkpoints of a store that is written to meanwhile, and of damaged ones.
#include "pch/test_pch.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "marcot/marcot.hpp"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

namespace fs = std::filesystem;

class BackupTest : public ::testing::Test {
 protected:
  std::string Folder(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string backups() const { return Folder("backups"); }

  // Opens the store of a folder and proves it sound; calls `look`.
  static void LookInto(const std::string& folder, const std::function<void(Space&)>& look) {
    const auto store = Store::Open(folder, TestOptions());
    ASSERT_OK(store);
    const auto findings = (*store)->CheckInvariants();
    ASSERT_OK(findings);
    EXPECT_EQ(*findings, std::vector<std::string>());
    auto space = (*store)->OpenSpace("default", "-");
    ASSERT_OK(space);
    look(*space);
  }

  TempFolder folder_;
  TempStore store_;
  Space space_ = store_.OpenSpace();
};

uint64_t BytesBelow(const fs::path& folder) {
  uint64_t bytes = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

uint64_t FilesIn(Space& space, const std::string& path) {
  const auto totals = space.GetTotals(path);
  return totals.ok() ? totals->files : 0;
}

// Writers put files in order: what a copy holds must be a prefix of each, and all that was answered
// before it was asked for.
TEST_F(BackupTest, WhileOthersWriteAllThatWasAnsweredIsThere) {
  constexpr int kWriters = 3, kCopies = 6;
  std::atomic<bool> stop{false};
  std::array<std::atomic<uint64_t>, kWriters> answered{};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      Space space = store_.OpenSpace();
      EXPECT_OK(space.MakeDirectory(absl::StrCat("w", w)));
      for (uint64_t i = 0; !stop; ++i) {
        EXPECT_OK(space.Put(absl::StrCat("w", w, "/", i), absl::StrCat(i)));
        if (i % 1024 == 0) {
          EXPECT_OK(space.CopyDirectory(absl::StrCat("w", w), "copies/of",
                                        {.strategy = Strategy::kRename}));
        }
        answered[w] = i + 1;
      }
    });
  }
  std::vector<std::array<uint64_t, kWriters>> before(kCopies);
  for (int i = 0; i < kCopies; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (int w = 0; w < kWriters; ++w) before[i][w] = answered[w];
    if (i % 2 == 0) {
      EXPECT_OK(store_->CreateBackup(backups()));
    } else {
      EXPECT_OK(store_->CreateCheckpoint(Folder(absl::StrCat("copy", i))));
    }
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < kCopies; ++i) {
    const std::string copy = Folder(absl::StrCat("copy", i));
    if (i % 2 == 0) {
      ASSERT_OK(RestoreBackup(backups(), copy, i / 2 + 1));
    }
    LookInto(copy, [&](Space& space) {
      for (int w = 0; w < kWriters; ++w) {
        const std::string path = absl::StrCat("w", w);
        const uint64_t files = FilesIn(space, path);
        EXPECT_GE(files, before[i][w]) << copy;
        if (files > 0) {
          EXPECT_OK(space.GetStat(absl::StrCat(path, "/", files - 1)));
        }
      }
    });
  }
}

TEST_F(BackupTest, WhatTwoBackupsShareIsKeptOnce) {
  std::string bytes(1u << 20, '\0');
  std::mt19937_64 random(1);
  for (int i = 0; i < 8; ++i) {
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_OK(space_.Put(absl::StrCat(i), bytes));
  }
  const auto first = store_->CreateBackup(backups());
  ASSERT_OK(first);
  const uint64_t size = BytesBelow(backups());
  EXPECT_GE(size, 8u << 20);
  EXPECT_GE(first->bytes, 8u << 20);
  EXPECT_GT(first->files, 0u);
  ASSERT_OK(space_.CopyFile("0", "copy"));
  ASSERT_OK(store_->CreateBackup(backups()));
  EXPECT_LT(BytesBelow(backups()) - size, 1u << 20);
  ASSERT_OK(KeepNewestBackups(backups(), 1));
  const auto left = ListBackups(backups());
  ASSERT_OK(left);
  ASSERT_EQ(left->size(), 1u);
  EXPECT_EQ(left->front().id, 2u);
  ASSERT_OK(VerifyBackup(backups()));
}

TEST_F(BackupTest, ACheckpointGoesItsOwnWay) {
  ASSERT_OK(space_.Put("f", std::string(100'000, 'x')));
  const std::string copy = Folder("deep/copy");
  ASSERT_OK(store_->CreateCheckpoint(copy));
  ASSERT_OK(space_.Delete("f"));
  ASSERT_OK(store_->ReclaimUntilIdle());
  LookInto(copy, [](Space& space) {
    const auto bytes = space.Read("f");
    ASSERT_OK(bytes);
    EXPECT_EQ(*bytes, std::string(100'000, 'x'));
    EXPECT_OK(space.Put("g", "only here"));
  });
  EXPECT_CODE(PathNotFound, space_.GetStat("g"));
}

// One byte of each file of a backup in turn.
TEST_F(BackupTest, ADamagedBackupIsNotRestored) {
  ASSERT_OK(space_.Put("small", "bytes"));
  ASSERT_OK(space_.Put("large", std::string(300'000, 'x')));
  ASSERT_OK(store_->CreateBackup(backups()));
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(fs::path(backups()))) {
    if (file.is_regular_file() && file.file_size() > 0) files.push_back(file.path());
  }
  ASSERT_GE(files.size(), 4u);
  const std::string restored = Folder("restored");
  for (const fs::path& path : files) {
    const auto flip = [&path] {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(fs::file_size(path) / 2));
      const char byte = static_cast<char>(file.get() ^ 0x40);
      file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
      file.put(byte);
    };
    flip();
    EXPECT_FALSE(VerifyBackup(backups()).ok()) << path;
    EXPECT_FALSE(RestoreBackup(backups(), restored).ok()) << path;
    EXPECT_FALSE(fs::exists(restored)) << path;
    flip();
  }
  ASSERT_OK(RestoreBackup(backups(), restored));
}

// Nobody is given an older backup in place of the newest without a word.
TEST_F(BackupTest, ADamagedNewestIsSaidToBe) {
  ASSERT_OK(space_.Put("f", "first"));
  ASSERT_OK(store_->CreateBackup(backups()));
  ASSERT_OK(store_->CreateBackup(backups()));
  std::ofstream(fs::path(backups()) / "meta" / "2") << "nonsense";
  EXPECT_CODE(StoreDamaged, VerifyBackup(backups()));
  EXPECT_CODE(StoreDamaged, RestoreBackup(backups(), Folder("restored")));
  EXPECT_FALSE(fs::exists(Folder("restored")));
  const auto all = ListBackups(backups());
  ASSERT_OK(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_FALSE((*all)[0].damaged);
  EXPECT_TRUE((*all)[1].damaged);
  EXPECT_OK(RestoreBackup(backups(), Folder("restored"), 1));
  EXPECT_OK(store_->CreateBackup(backups()));
  EXPECT_OK(VerifyBackup(backups()));
  EXPECT_OK(KeepNewestBackups(backups(), 2));
  EXPECT_EQ(ListBackups(backups())->size(), 2u);
  for (const char* id : {"1", "3"}) std::ofstream(fs::path(backups()) / "meta" / id) << "nonsense";
  EXPECT_CODE(StoreDamaged, store_->CreateBackup(backups()));
}

TEST_F(BackupTest, FoldersAreTakenHoweverTheyAreSpelt) {
  ASSERT_OK(space_.Put("f", "bytes"));
  ASSERT_OK(store_->CreateBackup(backups()));
  ASSERT_OK(store_->CreateBackup(Folder("x/../backups/")));
  EXPECT_EQ(ListBackups(Folder("./backups"))->size(), 2u);
  fs::create_directory(Folder("real"));
  fs::create_symlink(Folder("real"), Folder("link"));
  fs::create_directory(Folder("x"));
  for (const char* name : {"new/", "x/../other/.", "deep/er/", "link"}) {
    ASSERT_OK(RestoreBackup(backups(), Folder(name))) << name;
    LookInto(Folder(name), [](Space& space) { EXPECT_OK(space.Read("f")); });
    EXPECT_CODE(FolderNotEmpty, RestoreBackup(backups(), Folder(name)));
    EXPECT_CODE(FolderNotEmpty, store_->CreateCheckpoint(Folder(name)));
  }
  EXPECT_TRUE(fs::exists(Folder("real/CURRENT")));
  ASSERT_OK(store_->CreateCheckpoint(Folder("copy/")));
  LookInto(Folder("copy"), [](Space& space) { EXPECT_OK(space.Read("f")); });
  EXPECT_CODE(ParamInvalid, RestoreBackup(backups(), ""));
  EXPECT_CODE(ParamInvalid, store_->CreateCheckpoint(""));
  EXPECT_CODE(ParamInvalid, store_->CreateBackup(""));
}

// What an engine does not know it may delete.
TEST_F(BackupTest, AFolderOfSomethingElseIsLeftAlone) {
  fs::create_directories(Folder("home/private/7"));
  std::ofstream(Folder("home/private/7/diary")) << "x";
  EXPECT_CODE(FolderNotEmpty, store_->CreateBackup(Folder("home")));
  EXPECT_CODE(FolderNotEmpty, store_->CreateBackup(store_.folder()));
  EXPECT_CODE(BackupNotFound, KeepNewestBackups(Folder("home"), 1));
  EXPECT_TRUE(fs::exists(Folder("home/private/7/diary")));
}

// What a restore that was killed has left is cleared away by the next one.
TEST_F(BackupTest, AnUnfinishedRestoreIsNoStoreAndIsDoneAgain) {
  ASSERT_OK(space_.Put("f", "bytes"));
  ASSERT_OK(store_->CreateBackup(backups()));
  fs::create_directories(Folder("restored/making"));
  for (const char* name : {"restored/MAKING.LOCK", "restored/making/CURRENT", "restored/1.sst"}) {
    std::ofstream(Folder(name)) << "x";
  }
  EXPECT_CODE(StoreNotFound, Store::Open(Folder("restored"), TestOptions()));
  ASSERT_OK(RestoreBackup(backups(), Folder("restored")));
  LookInto(Folder("restored"), [](Space& space) { EXPECT_OK(space.Read("f")); });
}

TEST_F(BackupTest, BadInputChangesNothing) {
  EXPECT_CODE(BackupNotFound, ListBackups(backups()));
  EXPECT_CODE(BackupNotFound, VerifyBackup(backups()));
  EXPECT_CODE(BackupNotFound, RestoreBackup(backups(), Folder("new")));
  EXPECT_CODE(BackupNotFound, KeepNewestBackups(backups(), 1));
  EXPECT_TRUE(fs::is_empty(folder_.path()));

  ASSERT_OK(store_->CreateBackup(backups()));
  EXPECT_CODE(ParamInvalid, KeepNewestBackups(backups(), 0));
  EXPECT_CODE(BackupNotFound, RestoreBackup(backups(), Folder("new"), 7));
  EXPECT_CODE(BackupNotFound, VerifyBackup(backups(), 7));
  EXPECT_FALSE(fs::exists(Folder("new")));
  for (const std::string& taken : {backups(), store_.folder()}) {
    EXPECT_CODE(FolderNotEmpty, RestoreBackup(backups(), taken));
    EXPECT_CODE(FolderNotEmpty, store_->CreateCheckpoint(taken));
  }
  std::ofstream(Folder("file")) << "x";
  EXPECT_CODE(FolderNotEmpty, RestoreBackup(backups(), Folder("file")));
  EXPECT_CODE(InternalServerError, store_->CreateBackup(Folder("file")));

  TempStore other;
  EXPECT_CODE(ParamInvalid, other->CreateBackup(backups()));
  EXPECT_EQ(ListBackups(backups())->size(), 1u);
  fs::create_directory(Folder("empty"));
  EXPECT_OK(RestoreBackup(backups(), Folder("empty")));
  fs::create_directory(Folder("empty2"));
  EXPECT_OK(store_->CreateCheckpoint(Folder("empty2")));
}

TEST_F(BackupTest, TwoAtATimeTakeTurnsOrAreRefused) {
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        const auto backup = store_->CreateBackup(backups());
        if (backup.ok()) {
          ++made;
        } else {
          EXPECT_CODE(BackupsInUse, backup);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(made.load(), 1);
  EXPECT_EQ(ListBackups(backups())->size(), static_cast<size_t>(made.load()));
}

}  // namespace
}  // namespace marcot::testing

// The storage interface on RocksDB, by itself.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "base/coding.h"
#include "marcot/error.h"
#include "storage_rocksdb/rocksdb_storage.h"
#include "support/temp_store.h"

namespace marcot::storage {
namespace {

namespace fs = std::filesystem;

const RocksdbOptions kSmall = {
    .create_if_missing = true, .block_cache_bytes = 1u << 20, .memtable_bytes = 1u << 20};

std::string Key(uint64_t number) {
  std::string key;
  PutFixed64(&key, number);
  return key;
}

void PutRows(Storage& storage, uint64_t first, uint64_t end) {
  const auto batch = storage.NewBatch();
  for (uint64_t i = first; i < end; ++i) {
    batch->Put(Family::kTotalsLog, Key(i), Key(i * 0x9e3779b97f4a7c15));
  }
  ASSERT_TRUE(storage.Write(*batch, false).ok());
}

// How many rows a cursor shows, if it can read all of them.
absl::StatusOr<uint64_t> CountRows(const fs::path& folder) {
  const auto storage = OpenRocksdb(folder.string(), kSmall);
  if (!storage.ok()) return storage.status();
  const auto rows = (*storage)->NewCursor(Family::kTotalsLog, {}, nullptr);
  uint64_t count = 0;
  for (rows->Seek(""); rows->Valid(); rows->Next()) ++count;
  if (!rows->status().ok()) return rows->status();
  return count;
}

void FlipByte(const fs::path& file, std::streamoff at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(at);
  const char byte = static_cast<char>(stream.get() ^ 0x40);
  stream.seekp(at);
  stream.put(byte);
}

// A cursor meets the first block of a file as it comes from the file before, the others within.
TEST(StorageTest, NoCursorPassesOverADamagedBlock) {
  constexpr uint64_t kRows = 100'000, kStep = 1'000;
  testing::TempFolder folder;
  const fs::path whole = folder.path() / "whole", damaged = folder.path() / "damaged";
  {
    const auto storage = OpenRocksdb(whole.string(), kSmall);
    ASSERT_TRUE(storage.ok()) << storage.status();
    for (uint64_t first = 0; first < kRows; first += kStep)
      PutRows(**storage, first, first + kStep);
  }
  ASSERT_EQ(CountRows(whole).value(), kRows);
  int errors = 0;
  for (const auto& file : fs::directory_iterator(whole)) {
    if (file.path().extension() != ".sst") continue;
    for (const uint64_t at : {uint64_t{0}, file.file_size() / 2}) {
      fs::remove_all(damaged);
      fs::copy(whole, damaged, fs::copy_options::recursive);
      FlipByte(damaged / file.path().filename(), static_cast<std::streamoff>(at));
      const absl::StatusOr<uint64_t> count = CountRows(damaged);
      errors += !count.ok();
      EXPECT_EQ(count.value_or(kRows), kRows) << file.path().filename() << " at " << at;
    }
  }
  EXPECT_GT(errors, 0);
}

// ---- a host's own options ----------------------------------------------------------------------

// Nobody writes to it any more.
TEST(StorageTest, WhatWasDeletedGivesItsSpaceBack) {
  constexpr uint64_t kRows = 10'000;
  constexpr std::chrono::seconds kLongest{60};
  testing::TempFolder folder;
  const auto open = [&] { return OpenRocksdb(folder.path().string(), kSmall).value(); };
  PutRows(*open(), 0, kRows);
  uint64_t full = 0;
  {
    const auto storage = open();  // writes a file of what the log holds
    full = storage->GetFigures().disk_bytes;
    const auto batch = storage->NewBatch();
    for (uint64_t i = 0; i < kRows; ++i) batch->Delete(Family::kTotalsLog, Key(i));
    ASSERT_TRUE(storage->Write(*batch, false).ok());
  }
  EXPECT_GT(full, kRows);
  const auto storage = open();
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  while (storage->GetFigures().disk_bytes > full / 10) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << storage->GetFigures().disk_bytes;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

class OptionsFileTest : public ::testing::Test {
 protected:
  absl::Status Open(const std::string& text) {
    const std::string file = (folder_.path() / "options").string();
    std::ofstream(file) << text;
    RocksdbOptions options = kSmall;
    options.options_file = file;
    return OpenRocksdb(store().string(), options).status();
  }

  // What RocksDB says it runs with, of one section.
  std::string Running(const std::string& section) {
    fs::path newest;
    for (const auto& file : fs::directory_iterator(store())) {
      const std::string name = file.path().filename().string();
      if (name.rfind("OPTIONS-", 0) == 0 && file.path() > newest) newest = file.path();
    }
    std::ifstream in(newest);
    std::string text, line;
    for (bool on = false; std::getline(in, line);) {
      if (!line.empty() && line[0] == '[') on = line == section;
      if (on) text += line + "\n";
    }
    return text;
  }

  fs::path store() const { return folder_.path() / "store"; }

  testing::TempFolder folder_;
};

TEST_F(OptionsFileTest, WhatItSaysIsRun) {
  ASSERT_TRUE(Open("# of a host\n"
                   "[Version]\n  rocksdb_version=7.8.3\n"
                   "[DBOptions]\n  max_background_jobs = 3  # not 2\n"
                   "[CFOptions \"default\"]\n  compression=kNoCompression\n"
                   "[CFOptions \"entries\"]\n  compression=kZSTD\n  target_file_size_base=1234567\n"
                   "[TableOptions/BlockBasedTable \"entries\"]\n  block_size=8192\n")
                  .ok());
  EXPECT_TRUE(absl::StrContains(Running("[DBOptions]"), "max_background_jobs=3\n"));
  const std::string entries = Running("[CFOptions \"entries\"]");
  EXPECT_TRUE(absl::StrContains(entries, "  compression=kZSTD\n"));
  EXPECT_TRUE(absl::StrContains(entries, "target_file_size_base=1234567\n"));
  EXPECT_TRUE(
      absl::StrContains(Running("[CFOptions \"nodes\"]"), "  compression=kNoCompression\n"));
  const std::string table = Running("[TableOptions/BlockBasedTable \"entries\"]");
  EXPECT_TRUE(absl::StrContains(table, "block_size=8192\n"));
  // What it does not say stays Marcot's.
  EXPECT_TRUE(absl::StrContains(table, "cache_index_and_filter_blocks=true\n"));
}

TEST_F(OptionsFileTest, WhatIsWrongIsRefused) {
  for (const char* const text :
       {"max_background_jobs=3\n", "[DBOptions]\nmax_background_jobs\n", "[DBOptions]\nnone=1\n",
        "[DBOptions]\nmax_background_jobs=many\n", "[DBOptions\n", "[Other]\n",
        "[CFOptions]\nwrite_buffer_size=1\n", "[CFOptions \"absent\"]\nwrite_buffer_size=1\n",
        "[CFOptions \"entries\"]\ncomparator=rocksdb.ReverseBytewiseComparator\n",
        "[CFOptions \"entries\"]\ncompaction_style=kCompactionStyleFIFO\n",
        "[DBOptions]\nmanual_wal_flush=true\n", "[DBOptions]\nbest_efforts_recovery=true\n",
        "[DBOptions]\ndb_write_buffer_size=1\n",
        "[CFOptions \"entries\"]\ncomparator.id=rocksdb.ReverseBytewiseComparator\n",
        "[CFOptions \"entries\"]\ntable_factory.id=PlainTable\n",
        "[TableOptions/BlockBasedTable \"entries\"]\nno_such_option=1\n"}) {
    const absl::Status status = Open(text);
    EXPECT_EQ(CodeOf(status), Code::kParamInvalid) << text << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "options file")) << text;
    EXPECT_FALSE(fs::exists(store())) << text;
  }
  RocksdbOptions options = kSmall;
  options.options_file = (folder_.path() / "absent").string();
  EXPECT_EQ(CodeOf(OpenRocksdb(store().string(), options).status()), Code::kParamInvalid);
}

}  // namespace
}  // namespace marcot::storage

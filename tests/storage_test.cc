// The storage interface on RocksDB, by itself.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "base/coding.h"
#include "marcot/error.h"
#include "rocksdb/write_batch.h"
#include "storage_rocksdb/batch_records.h"
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

void PutRows(Storage& storage, uint64_t first, uint64_t end, size_t value_bytes = 8) {
  const auto batch = storage.NewBatch();
  for (uint64_t i = first; i < end; ++i) {
    std::string value = Key(i * 0x9e3779b97f4a7c15);
    value.resize(value_bytes, 'x');
    batch->Put(Family::kTotalsLog, Key(i), value);
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

// What a batch holds, a line a record.
class Lines final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    return Add("put", family, key, value);
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    return Add("delete", family, key, "");
  }
  rocksdb::Status DeleteRangeCF(uint32_t family, const rocksdb::Slice& lower,
                                const rocksdb::Slice& upper) override {
    return Add("delete range", family, lower, upper);
  }

  std::vector<std::string> lines;

 private:
  rocksdb::Status Add(const std::string& what, uint32_t family, const rocksdb::Slice& key,
                      const rocksdb::Slice& value) {
    lines.push_back(what + ' ' + std::to_string(family) + ' ' + key.ToString() + '=' +
                    value.ToString());
    return {};
  }
};

TEST(StorageTest, RocksdbReadsTheRecordsOfABatch) {
  const std::string key(300, 'k'), value(70'000, 'v'), binary("\0\xff", 2);
  storage::BatchRecords records;
  EXPECT_EQ(records.Take(), rocksdb::WriteBatch().Data());
  std::vector<std::string> expected;
  for (const char* const round : {"first", "after it was taken"}) {
    SCOPED_TRACE(round);
    records.Put(0, "a", "", "seal");
    records.Delete(130, key);
    records.Put(20'000, key, value, "");
    records.DeleteRange(7, binary, key);
    expected = {"put 0 a=seal", "delete 130 " + key + "=", "put 20000 " + key + "=" + value,
                "delete range 7 " + binary + "=" + key};
    const rocksdb::WriteBatch batch(records.Take());
    Lines lines;
    ASSERT_TRUE(batch.Iterate(&lines).ok());
    EXPECT_EQ(lines.lines, expected);
    EXPECT_EQ(batch.Count(), 4u);
  }
  records.Delete(1, "a");
  records.Clear();
  EXPECT_EQ(records.Take(), rocksdb::WriteBatch().Data());
}

// Numbers are decoded a word at a time where one is left.
TEST(CodingTest, NumbersOfAllLengthsComeBack) {
  for (int shift = 0; shift < 64; ++shift) {
    for (const uint64_t number :
         {uint64_t{1} << shift, (uint64_t{1} << shift) - 1, 0x9e3779b97f4a7c15 >> shift}) {
      for (size_t behind = 0; behind <= 9; ++behind) {
        std::string bytes;
        PutVarint(&bytes, number);
        const size_t length = bytes.size();
        bytes.append(behind, '\xff');
        Decoder in(bytes);
        EXPECT_EQ(in.Varint(), number);
        EXPECT_EQ(in.Rest().size(), behind);
        Decoder cut(std::string_view(bytes).substr(0, length - 1));
        EXPECT_EQ(cut.Varint(), 0u);
        EXPECT_FALSE(cut.ok());
      }
    }
  }
}

// ---- the log ------------------------------------------------------------------------------------

std::string BytesOf(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path LogIn(const fs::path& store) {
  for (const auto& file : fs::directory_iterator(store)) {
    if (file.path().extension() == ".log" && fs::file_size(file) > 0) return file;
  }
  return {};
}

// A store that is open: what a copy of its folder holds is what a killed process leaves. One commit
// a row, each in a record of 128 bytes: none lies in two blocks of RocksDB's log, of 32 KiB.
class LogTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kRows = 1'000;
  static constexpr size_t kRecordBytes = 128, kValueBytes = 83;

  void SetUp() override {
    auto opened = OpenRocksdb(Store().string(), kSmall);
    ASSERT_TRUE(opened.ok()) << opened.status();
    storage_ = *std::move(opened);
    for (uint64_t i = 0; i < kRows; ++i) PutRows(*storage_, i, i + 1, kValueBytes);
    ASSERT_EQ(BytesOf(LogIn(Store())).find_last_not_of('\0') + 1, kRows * kRecordBytes);
  }

  fs::path Store() const { return folder_.path() / "open"; }

  fs::path Killed() const {
    fs::path copy = folder_.path() / "killed";
    fs::remove_all(copy);
    fs::copy(Store(), copy, fs::copy_options::recursive);
    return copy;
  }

  testing::TempFolder folder_;
  std::unique_ptr<Storage> storage_;
};

TEST_F(LogTest, AKilledProcessLosesNothing) {
  // One commit that is larger than what is written through a mapping.
  PutRows(*storage_, kRows, 3 * kRows);
  PutRows(*storage_, 3 * kRows, 3 * kRows + 1);
  const fs::path killed = Killed();
  const std::string log = BytesOf(LogIn(killed));
  EXPECT_EQ(CountRows(killed).value(), 3 * kRows + 1);
  if (log.back() != '\0') GTEST_SKIP() << "not a file system on which the log is mapped";
  storage_.reset();
  const std::string closed = BytesOf(LogIn(Store()));
  EXPECT_EQ(closed.size(), log.find_last_not_of('\0') + 1) << "a closed log ends with its records";
  EXPECT_EQ(CountRows(Store()).value(), 3 * kRows + 1);
}

// A page that a power cut has lost, at its worst: where a record begins, with one behind it that
// begins a block.
TEST_F(LogTest, NothingIsReplayedBehindAHole) {
  constexpr size_t kPage = 4096;
  for (const uint64_t page : {0, 1, 7, 8, 30}) {
    const fs::path killed = Killed();
    std::fstream log(LogIn(killed), std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(page * kPage));
    log << std::string(kPage, '\0');
    log.close();
    EXPECT_EQ(CountRows(killed).value(), page * kPage / kRecordBytes);
  }
}

// Where an opening has met a torn record, RocksDB begins the next log with a batch of its own.
TEST_F(LogTest, NothingIsReplayedBehindAHoleInALogAfterATornOne) {
  constexpr size_t kOwnBatch = 19, kBlock = 32u << 10;
  const fs::path torn = Killed();
  FlipByte(LogIn(torn), static_cast<std::streamoff>(kRows * kRecordBytes - 10));
  {
    const auto storage = OpenRocksdb(torn.string(), kSmall);
    ASSERT_TRUE(storage.ok()) << storage.status();
    // So that no record lies in two blocks here either.
    PutRows(**storage, kRows, kRows + 1, kValueBytes - kOwnBatch);
    for (uint64_t i = kRows + 1; i < 2 * kRows; ++i) PutRows(**storage, i, i + 1, kValueBytes);
    fs::copy(torn, folder_.path() / "holed", fs::copy_options::recursive);
  }
  const fs::path holed = folder_.path() / "holed";
  std::fstream log(LogIn(holed), std::ios::in | std::ios::out | std::ios::binary);
  log.seekp(kOwnBatch);
  log << std::string(kBlock - kOwnBatch, '\0');
  log.close();
  EXPECT_EQ(CountRows(holed).value(), kRows - 1);
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

// The priorities of the threads that have this name, as the system counts: less goes first.
std::vector<int> PrioritiesOf(const std::string& name) {
  std::vector<int> priorities;
  for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
    std::string comm;
    std::getline(std::ifstream(thread.path() / "comm"), comm);
    const int id = std::stoi(thread.path().filename().string());
    if (comm == name) priorities.push_back(getpriority(PRIO_PROCESS, static_cast<id_t>(id)));
  }
  return priorities;
}

TEST(StorageTest, WhatCompactsGivesWayToOthers) {
  const testing::TempFolder folder;
  const auto storage = OpenRocksdb((folder.path() / "store").string(), kSmall);
  ASSERT_TRUE(storage.ok()) << storage.status();
  constexpr uint64_t kRows = 4000, kMostRounds = 1000;
  uint64_t rounds = 0;
  while ((*storage)->GetFigures().compacted_bytes == 0 && rounds++ < kMostRounds) {
    PutRows(**storage, 0, kRows, 256);
  }
  ASSERT_LT(rounds, kMostRounds) << "nothing was compacted";
  const std::vector<int> priorities = PrioritiesOf("marcot:compact");
  ASSERT_FALSE(priorities.empty());
  constexpr int kLast = 19;
  for (const int priority : priorities) {
    EXPECT_EQ(priority, std::min(kLast, getpriority(PRIO_PROCESS, 0) + 10));
  }
}

class OptionsFileTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Storage>> OpenWith(const std::string& text,
                                                    RocksdbOptions options = kSmall) {
    const std::string file = (folder_.path() / "options").string();
    std::ofstream(file) << text;
    options.options_file = file;
    return OpenRocksdb(store().string(), options);
  }
  absl::Status Open(const std::string& text) { return OpenWith(text).status(); }

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

// A filter of the memtable's keys is a part of the memtable, however small a host makes that.
TEST_F(OptionsFileTest, SmallMemtables) {
  RocksdbOptions options = kSmall;
  options.memtable_bytes = 64u << 20;
  for (const char* const bytes : {"1", "65536", "262144", "1048576"}) {
    for (const char* const share : {"0", "0.01", "1", "-1", "nan"}) {
      const auto storage =
          OpenWith(absl::StrCat("[CFOptions \"default\"]\nwrite_buffer_size=", bytes,
                                "\nmemtable_prefix_bloom_size_ratio=", share, "\n"),
                   options);
      ASSERT_TRUE(storage.ok()) << bytes << " " << share;
      std::string value;
      for (int i = 0; i < 60; ++i) {
        const std::string key = absl::StrCat(i);
        const std::unique_ptr<Batch> batch = (*storage)->NewBatch();
        batch->Put(Family::kEntries, key, std::string(100, 'v'));
        ASSERT_TRUE((*storage)->Write(*batch, false).ok());
        EXPECT_TRUE(*(*storage)->Get(Family::kEntries, key, nullptr, &value)) << key;
        EXPECT_FALSE(*(*storage)->Get(Family::kEntries, key + "-", nullptr, &value)) << key;
      }
    }
  }
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

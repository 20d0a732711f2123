// The storage interface on RocksDB, by itself.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/coding.h"
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

}  // namespace
}  // namespace marcot::storage

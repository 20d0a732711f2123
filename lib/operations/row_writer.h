// Writes sorted rows of several families to an ingestion, on threads of its own: a row costs more
// to be put into a file than to be made.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "storage/storage.h"

namespace marcot::operations {

// For one caller's thread.
class RowWriter {
 public:
  explicit RowWriter(std::unique_ptr<storage::Ingestion> ingestion);
  ~RowWriter();
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  // In the order of keys, within a family; `key` and `value` as SortedRows takes them. The error
  // may be that of a row before.
  template <typename Key, typename Value>
  absl::Status Add(storage::Family family, const Key& key, const Value& value) {
    storage::SortedRows& rows = filling_[static_cast<size_t>(family)];
    if (rows.empty()) rows.Reserve(kFileBytes + kMostRowBytes);
    rows.Add(family, key, value);
    return rows.bytes() < kFileBytes ? absl::OkStatus() : HandOver(&rows);
  }
  // All that was added. Nothing can be added any more.
  absl::Status Commit();

 private:
  // Of rows in one file: half of it or less when they are compressed. Five times as much is in
  // memory, little enough to stay in the processor's caches.
  static constexpr size_t kFileBytes = 4u << 20;
  static constexpr size_t kMostRowBytes = 128u << 10;  // names, attributes and numbers are less
  // Two write files as fast as rows are made; the third, while one of them waits for the disk.
  static constexpr size_t kThreads = 3;

  absl::Status HandOver(storage::SortedRows* rows);
  void Work();
  absl::Status AddToFile(const storage::SortedRows& rows);
  void EndThreads();

  const std::unique_ptr<storage::Ingestion> ingestion_;
  std::array<storage::SortedRows, storage::kFamilyCount> filling_;
  std::mutex mutex_;
  std::condition_variable changed_;
  storage::SortedRows waiting_;             // for a thread; empty: none
  std::vector<storage::SortedRows> spare_;  // for their memory
  absl::Status failure_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace marcot::operations

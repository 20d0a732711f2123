// Counts what RocksDB writes: to its log, into new files, and again when it compacts.
#pragma once

#include <atomic>
#include <cstdint>

#include "rocksdb/listener.h"

namespace marcot::storage {

// Thread-safe.
class BytesWritten final : public rocksdb::EventListener {
 public:
  void AddLogged(uint64_t bytes) { logged_.fetch_add(bytes, std::memory_order_relaxed); }

  uint64_t logged() const { return logged_.load(std::memory_order_relaxed); }
  uint64_t flushed() const { return flushed_.load(std::memory_order_relaxed); }
  uint64_t compacted() const { return compacted_.load(std::memory_order_relaxed); }

  void OnTableFileCreated(const rocksdb::TableFileCreationInfo& file) override {
    const bool again = file.reason == rocksdb::TableFileCreationReason::kCompaction;
    Add(again, file.file_size);
  }
  void OnBlobFileCreated(const rocksdb::BlobFileCreationInfo& file) override {
    const bool again = file.reason == rocksdb::BlobFileCreationReason::kCompaction;
    Add(again, file.total_blob_bytes);
  }

 private:
  void Add(bool again, uint64_t bytes) {
    (again ? compacted_ : flushed_).fetch_add(bytes, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> logged_{0}, flushed_{0}, compacted_{0};
};

}  // namespace marcot::storage

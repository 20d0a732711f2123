// The records of a batch, as rocksdb::WriteBatch holds them and the log does, so that their form
// stays what it is: 8 bytes for their place in the order, their number, and of each its kind,
// family, key and value, with their lengths. To put a record into a WriteBatch itself takes four
// times as long.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/coding.h"

namespace marcot::storage {

class BatchRecords {
 public:
  // `tail`: more bytes of the value.
  void Put(uint32_t family, std::string_view key, std::string_view value, std::string_view tail) {
    const size_t size = value.size() + tail.size();
    char* const end = Begin(kPut, family, key, size);
    End(WriteBytes(WriteBytes(WriteVarint(end, size), value), tail));
  }
  void Delete(uint32_t family, std::string_view key) { End(Begin(kDelete, family, key, 0)); }
  void DeleteRange(uint32_t family, std::string_view lower, std::string_view upper) {
    char* const end = Begin(kDeleteRange, family, lower, upper.size());
    End(WriteBytes(WriteVarint(end, upper.size()), upper));
  }
  void Clear() {
    size_ = 0;
    count_ = 0;
  }

  // Leaves nothing, and keeps no more memory than most batches need.
  std::string Take() {
    constexpr size_t kOfLogData = 32, kMaxKept = 1u << 20;
    std::string all;
    all.reserve(kOrderBytes + sizeof count_ + size_ + kOfLogData);
    all.append(kOrderBytes, '\0');
    all.append(reinterpret_cast<const char*>(&count_), sizeof count_);
    if (size_ > 0) all.append(bytes_.get(), size_);
    Clear();
    if (room_ > kMaxKept) {
      bytes_ = nullptr;
      room_ = 0;
    }
    return all;
  }

 private:
  enum Kind : char { kDelete = 4, kPut = 5, kDeleteRange = 14 };
  static constexpr size_t kOrderBytes = 8;

  // Writes what each kind begins with; there is room for so much behind it, and its length.
  char* Begin(Kind kind, uint32_t family, std::string_view key, size_t behind) {
    const size_t needed = size_ + 1 + 3 * kMaxVarintBytes + key.size() + behind;
    if (needed > room_) Grow(2 * needed);
    char* end = bytes_.get() + size_;
    *end++ = kind;
    end = WriteVarint(WriteVarint(end, family), key.size());
    return WriteBytes(end, key);
  }
  void End(const char* end) {
    size_ = end - bytes_.get();
    ++count_;
  }
  void Grow(size_t room) {
    std::unique_ptr<char[]> grown(new char[room]);
    if (size_ > 0) std::memcpy(grown.get(), bytes_.get(), size_);
    bytes_ = std::move(grown);
    room_ = room;
  }

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0, room_ = 0;
  uint32_t count_ = 0;
};

}  // namespace marcot::storage

// The records of a batch, as rocksdb::WriteBatch holds them and the log does, so that their form
// stays what it is: 8 bytes for their place in the order, their number, and of each its kind,
// family, key and value, with their lengths. To put a record into a WriteBatch itself takes four
// times as long.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/coding.h"

namespace marcot::storage {

class BatchRecords {
 public:
  // `tail`: more bytes of the value.
  void Put(uint32_t family, std::string_view key, std::string_view value, std::string_view tail) {
    char* end = Begin(kPut, family, key, value.size() + tail.size());
    end = WriteBytes(WriteVarint(end, value.size() + tail.size()), value);
    End(WriteBytes(end, tail));
  }
  void Delete(uint32_t family, std::string_view key) { End(Begin(kDelete, family, key, 0)); }
  void DeleteRange(uint32_t family, std::string_view lower, std::string_view upper) {
    char* const end = Begin(kDeleteRange, family, lower, upper.size());
    End(WriteBytes(WriteVarint(end, upper.size()), upper));
  }
  // Keeps its memory.
  void Clear() {
    size_ = kHeaderBytes;
    count_ = 0;
  }

  // With room for a little more.
  std::string Bytes() const {
    constexpr size_t kMore = 32;
    std::string all;
    all.reserve(size_ + kMore);
    all.append(kOrderBytes, '\0');
    all.append(reinterpret_cast<const char*>(&count_), sizeof count_);
    all.append(bytes_, kHeaderBytes, size_ - kHeaderBytes);
    return all;
  }

 private:
  enum Kind : char { kDelete = 4, kPut = 5, kDeleteRange = 14 };
  static constexpr size_t kOrderBytes = 8, kHeaderBytes = kOrderBytes + sizeof(uint32_t);

  // Writes what each kind begins with; there is room for so much behind it, and its length.
  char* Begin(Kind kind, uint32_t family, std::string_view key, size_t behind) {
    Reserve(size_ + 1 + 3 * kMaxVarintBytes + key.size() + behind);
    char* end = bytes_.data() + size_;
    *end++ = kind;
    end = WriteVarint(WriteVarint(end, family), key.size());
    return WriteBytes(end, key);
  }
  void End(const char* end) {
    size_ = end - bytes_.data();
    ++count_;
  }
  void Reserve(size_t bytes) {
    if (bytes > bytes_.size()) bytes_.resize(2 * bytes);
  }

  std::string bytes_ = std::string(kHeaderBytes, '\0');  // with room behind
  size_t size_ = kHeaderBytes;
  uint32_t count_ = 0;
};

}  // namespace marcot::storage

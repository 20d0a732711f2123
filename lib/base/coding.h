// Bytes of keys and values: big-endian integers (they sort), varints, length-prefixed strings.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace marcot {

static_assert(std::endian::native == std::endian::little);
inline constexpr size_t kFixedBytes = 8;
inline constexpr size_t kMaxVarintBytes = 10;

// These write to `out`, which has room for it, and answer the end.
inline char* WriteFixed64(char* out, uint64_t v) {
  v = __builtin_bswap64(v);
  std::memcpy(out, &v, sizeof v);
  return out + sizeof v;
}
inline char* WriteVarint(char* out, uint64_t v) {
  for (; v >= 0x80; v >>= 7) *out++ = static_cast<char>(v | 0x80);
  *out++ = static_cast<char>(v);
  return out;
}
inline char* WriteBytes(char* out, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

inline void PutFixed64(std::string* out, uint64_t v) {
  char b[kFixedBytes];
  out->append(b, WriteFixed64(b, v) - b);
}

inline uint64_t LoadFixed64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return __builtin_bswap64(v);
}

inline void PutVarint(std::string* out, uint64_t v) {
  char b[kMaxVarintBytes];
  out->append(b, WriteVarint(b, v) - b);
}

// Small negative numbers stay short.
inline uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline void PutSignedVarint(std::string* out, int64_t v) { PutVarint(out, ZigZag(v)); }

inline void PutString(std::string* out, std::string_view s) {
  PutVarint(out, s.size());
  out->append(s);
}

// Reads what the functions above wrote. After a read past the end, or of a malformed number, `ok`
// is false and all reads answer zeros, so a decoder checks once at its end.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : p_(in.data()), end_(in.data() + in.size()) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return p_ == end_; }
  bool Done() const { return ok_ && AtEnd(); }
  std::string_view Rest() const { return {p_, static_cast<size_t>(end_ - p_)}; }

  uint8_t Byte() { return Need(1) ? static_cast<uint8_t>(*p_++) : 0; }

  uint64_t Fixed64() {
    if (!Need(8)) return 0;
    p_ += 8;
    return LoadFixed64(p_ - 8);
  }

  uint64_t Varint() {
    if (p_ != end_ && static_cast<uint8_t>(*p_) < 0x80) return static_cast<uint8_t>(*p_++);
    constexpr uint64_t kContinued = 0x8080808080808080;
    if (end_ - p_ >= 8) {
      uint64_t word;
      std::memcpy(&word, p_, sizeof word);
      if (const uint64_t last = ~word & kContinued; last != 0) {
        p_ += std::countr_zero(last) / 8 + 1;
        return Pack(word & (last ^ (last - 1)) & ~kContinued);
      }
    }
    return VarintByByte();
  }

  int64_t SignedVarint() {
    const uint64_t v = Varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }

  std::string_view String() {
    const uint64_t n = Varint();
    if (!Need(n)) return {};
    p_ += n;
    return {p_ - n, n};
  }

 private:
  // The low 7 bits of each byte, one behind the other.
  static uint64_t Pack(uint64_t w) {
    w = (w & 0x007f007f007f007f) | (w & 0x7f007f007f007f00) >> 1;
    w = (w & 0x00003fff00003fff) | (w & 0x3fff00003fff0000) >> 2;
    return (w & 0x000000000fffffff) | (w & 0x0fffffff00000000) >> 4;
  }

  uint64_t VarintByByte() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64 && p_ != end_; shift += 7) {
      const uint64_t byte = static_cast<uint8_t>(*p_++);
      if (shift == 63 && byte > 1) break;
      v |= (byte & 0x7f) << shift;
      if (byte < 0x80) return v;
    }
    Fail();
    return 0;
  }

  bool Need(uint64_t n) {
    if (n <= static_cast<uint64_t>(end_ - p_)) return true;
    Fail();
    return false;
  }
  // Nothing is left to read, so that no read has to ask whether one before it failed.
  void Fail() {
    ok_ = false;
    p_ = end_;
  }

  const char* p_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace marcot

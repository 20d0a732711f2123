#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace marcot {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);

bool IsContinuation(uint8_t c) { return (c & 0xc0) == 0x80; }

uint64_t WordAt(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, kWordBytes);
  return word;
}

bool HasOnlyAscii(uint64_t bytes) { return (bytes & 0x8080808080808080) == 0; }

bool StartsWithAsciiWord(std::string_view s) {
  return s.size() >= kWordBytes && HasOnlyAscii(WordAt(s.data()));
}

// Most strings are short ones, and ASCII: the words at both ends cover them.
bool IsShortAscii(std::string_view s) {
  if (s.empty()) return true;
  if (s.size() < kWordBytes || s.size() > 2 * kWordBytes) return false;
  return HasOnlyAscii(WordAt(s.data()) | WordAt(s.data() + s.size() - kWordBytes));
}

// The length of the code point at the start of `s`; 0 if it is malformed.
size_t CodePointLength(std::string_view s) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(s[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(at(i))) return 0;
  }
  // The second byte alone tells overlong forms, surrogates and what is past U+10FFFF.
  const uint8_t second = at(1);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

std::optional<size_t> CountCodePoints(std::string_view s) {
  if (IsShortAscii(s)) return s.size();
  size_t count = 0;
  while (!s.empty()) {
    if (StartsWithAsciiWord(s)) {
      s.remove_prefix(kWordBytes);
      count += kWordBytes;
      continue;
    }
    const size_t length = CodePointLength(s);
    if (length == 0) return std::nullopt;
    s.remove_prefix(length);
    ++count;
  }
  return count;
}

std::string_view PrefixOfCodePoints(std::string_view s, size_t count) {
  size_t end = 0;
  for (; end < s.size(); ++end) {
    if (!IsContinuation(static_cast<uint8_t>(s[end])) && count-- == 0) break;
  }
  return s.substr(0, end);
}

}  // namespace marcot

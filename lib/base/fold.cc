#include "base/fold.h"

#include <locale.h>
#include <wctype.h>

#include <vector>

#include "xxhash.h"

namespace marcot {
namespace {

// No script with cases lies behind the second plane.
constexpr char32_t kCasesEnd = 0x20000;

char32_t FoldAscii(char32_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; }

char32_t Fold(char32_t c) {
  // Whatever the host's own locale is. A system without this one folds ASCII alone.
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (c < 0x80 || c >= kCasesEnd || locale == nullptr) return FoldAscii(c);
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale));
}

}  // namespace

void FoldCase(std::string_view utf8, std::u32string* folded) {
  folded->clear();
  for (size_t at = 0; at < utf8.size();) {
    const auto lead = static_cast<uint8_t>(utf8[at++]);
    if (lead < 0x80) {
      folded->push_back(FoldAscii(lead));
      continue;
    }
    char32_t c = lead >= 0xf0 ? lead & 0x07 : lead >= 0xe0 ? lead & 0x0f : lead & 0x1f;
    for (; at < utf8.size() && (static_cast<uint8_t>(utf8[at]) & 0xc0) == 0x80; ++at) {
      c = c << 6 | (static_cast<uint8_t>(utf8[at]) & 0x3f);
    }
    folded->push_back(Fold(c));
  }
}

uint32_t FoldTables() {
  static const uint32_t tables = [] {
    std::vector<char32_t> all(kCasesEnd);
    for (char32_t c = 0; c < kCasesEnd; ++c) all[c] = Fold(c);
    return static_cast<uint32_t>(XXH3_64bits(all.data(), all.size() * sizeof(char32_t)));
  }();
  return tables;
}

}  // namespace marcot

// Names without regard to case, for search.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace marcot {

// The code points of valid UTF-8, each in lower case where the C library knows one for it, into
// `*folded`, which keeps its memory.
void FoldCase(std::string_view utf8, std::u32string* folded);

// Tells the C library's tables from those of other releases: what was stored of folded names is
// good for these tables alone.
uint32_t FoldTables();

}  // namespace marcot

// UTF-8 as the naming rules need it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace marcot {

// The number of code points; nothing if the bytes are not valid UTF-8 (RFC 3629: no overlong
// forms, no surrogates, nothing past U+10FFFF).
std::optional<size_t> CountCodePoints(std::string_view s);

// The longest prefix with at most `count` code points of a valid UTF-8 string.
std::string_view PrefixOfCodePoints(std::string_view s, size_t count);

}  // namespace marcot

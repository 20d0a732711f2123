// The stored form of attributes: counts and lengths are varints, the strings follow them.
// Attributes that are all empty are no bytes.
#pragma once

#include <string>
#include <string_view>

#include "marcot/types.h"

namespace marcot {

std::string EncodeAttributes(const Attributes& attributes);

// False, and nothing is taken, where the bytes are none that EncodeAttributes gives. Whoever
// unpacks them later need not ask.
bool TakeEncoded(std::string_view encoded, PackedAttributes* attributes);

}  // namespace marcot

// Where bytes are sent to and fetched from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "call.h"

namespace marcot::httpd {

std::string UploadPath(std::string_view key);

// A content that may be fetched.
struct ContentTarget {
  std::string library, space, path;
  uint64_t version = 0;
  uint64_t recycled_item = 0;
  std::string disposition;  // inline, attachment; empty: it is not said
};

// The absolute URL, signed, that serves this content until then, or until the file is another.
std::string ContentUrl(const Call& call, const ContentTarget& target, int64_t expiry_ms);
ContentTarget ParseContentTarget(Call& call);

// No operation compares contents before it writes: fails where the client asks for that.
void RefuseContentCas(Call& call);

}  // namespace marcot::httpd

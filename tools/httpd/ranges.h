// What a client asks of a body: a part of it, or nothing if it has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http.h"

namespace marcot::httpd {

struct ByteRange {
  uint64_t offset = 0, length = 0;
};

// The part of `size` bytes that the header Range asks for: nothing where it asks for all, for more
// than one part, or in another unit. A range of no bytes cannot be satisfied.
std::optional<ByteRange> ParseRange(std::string_view header, uint64_t size);

// Whether the client has what this tag (quoted) names: If-None-Match.
bool ClientHas(const Request& request, std::string_view etag);
// Whether Range counts: If-Range is not there or names this tag or time.
bool RangeCounts(const Request& request, std::string_view etag, std::string_view last_modified);

}  // namespace marcot::httpd

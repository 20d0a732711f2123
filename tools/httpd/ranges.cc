#include "ranges.h"

#include <algorithm>
#include <string>

#include "text.h"

namespace marcot::httpd {
namespace {

constexpr std::string_view kBytes = "bytes=";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<ByteRange> ParseRange(std::string_view header, uint64_t size) {
  if (!header.starts_with(kBytes) || header.find(',') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view range = Trim(header.substr(kBytes.size()));
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = range.substr(0, dash), last = range.substr(dash + 1);
  const auto from = ParseNumber(first), to = ParseNumber(last);
  if (first.empty()) {
    if (!to.has_value()) return std::nullopt;
    const uint64_t length = std::min(*to, size);
    return ByteRange{size - length, length};
  }
  if (!from.has_value() || (!last.empty() && !to.has_value())) return std::nullopt;
  if (to.has_value() && *to < *from) return std::nullopt;
  if (*from >= size) return ByteRange{};
  const uint64_t end = to.has_value() && *to < size ? *to + 1 : size;
  return ByteRange{*from, end - *from};
}

bool ClientHas(const Request& request, std::string_view etag) {
  const std::string_view header = request.Header("if-none-match");
  for (const std::string& one : Split(header, ',')) {
    std::string_view tag = Trim(one);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

bool RangeCounts(const Request& request, std::string_view etag, std::string_view last_modified) {
  const std::string_view header = request.Header("if-range");
  return header.empty() || header == etag || header == last_modified;
}

}  // namespace marcot::httpd

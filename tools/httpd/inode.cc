#include "inode.h"

#include <charconv>

#include "marcot/error.h"

namespace marcot::httpd {
namespace {

bool ParseHalf(std::string_view text, uint64_t* half) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *half, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

}  // namespace

absl::StatusOr<ObjectId> ParseInode(std::string_view text) {
  ObjectId id;
  if (text.size() == 32 && ParseHalf(text.substr(0, 16), &id.hi) &&
      ParseHalf(text.substr(16), &id.lo)) {
    return id;
  }
  return MakeError(Code::kParamInvalid, "an inode is 32 hexadecimal digits, as entries show it");
}

}  // namespace marcot::httpd

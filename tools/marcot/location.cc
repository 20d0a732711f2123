#include "location.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "text.h"

namespace marcot::tool {
namespace {

bool TakePrefix(std::string_view prefix, std::string_view* text) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::string_view TakeName(std::string_view* text) {
  const std::string_view name = text->substr(0, text->find('/'));
  text->remove_prefix(name.size());
  return name;
}

absl::Status Invalid(std::string_view text, const char* what) {
  return MakeError(Code::kParamInvalid, "`" + std::string(text) + "`: " + what);
}

// 0, which names no item, where it is not an id.
uint64_t ParseId(std::string_view text) {
  uint64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, id);
  return error == std::errc() && rest == end ? id : 0;
}

}  // namespace

absl::StatusOr<Location> ParseLocation(std::string_view text) {
  Location location;
  std::string_view rest = text;
  if (TakePrefix("snapshot:", &rest)) {
    location.tree.named_snapshot = TakeName(&rest);
    if (location.tree.named_snapshot.empty()) return Invalid(text, "name a snapshot");
  } else if (TakePrefix("trash:", &rest)) {
    location.tree.recycled_item = ParseId(TakeName(&rest));
    if (location.tree.recycled_item == 0) return Invalid(text, "give the id that trash ls shows");
  }
  location.path = StripSlashes(rest);
  location.shown = StripSlashes(text);
  if (location.shown.empty()) location.shown = "/";
  return location;
}

size_t Depth(const Location& location) {
  const std::string& path = location.path;
  return path.empty() ? 0 : 1 + std::count(path.begin(), path.end(), '/');
}

}  // namespace marcot::tool

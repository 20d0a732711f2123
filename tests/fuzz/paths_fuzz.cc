// Paths and names: what is taken obeys the rules, and a numbered name is one that would be taken.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "operations/path.h"

namespace {

using namespace marcot;
using namespace marcot::operations;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckNumbering(const std::string& name, EntryType type, uint64_t number) {
  const NumberedName split = SplitName(name, type);
  const std::string made = split.With(number, 255);
  const auto chars = CountCodePoints(made);
  Require(chars.has_value() && *chars <= 255);
  const auto parsed = ParsePath(made, {});
  Require(parsed.ok() && parsed->size() == 1);
  // The number can be read back, unless the extension had to be cut.
  if (made.ends_with(split.extension)) Require(SplitName(made, type).number == number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  const auto names = ParsePath(path, {});
  if (!names.ok()) return 0;
  Require(JoinPath(*names) == path);
  for (const std::string& name : *names) {
    Require(!name.empty() && name.find('/') == name.npos && CountCodePoints(name).has_value());
  }
  for (const EntryType type : {EntryType::kFile, EntryType::kDirectory}) {
    if (names->empty() || !CheckNameLengths(*names, type, {}).ok()) continue;
    for (const uint64_t number : {uint64_t{1}, kMaxNameNumber}) {
      CheckNumbering(names->back(), type, number);
    }
  }
  return 0;
}

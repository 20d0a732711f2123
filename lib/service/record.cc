#include "service/record.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "marcot/error.h"

namespace marcot::service {
namespace {

constexpr size_t kMaxMessageBytes = 1024;

// The code of this name; one that a newer release has is not known.
Code CodeNamed(const std::string& name) {
#define MARCOT_CODE_IF(code, http, meaning) \
  if (name == #code) return Code::k##code;
  MARCOT_ERROR_CODES(MARCOT_CODE_IF)
#undef MARCOT_CODE_IF
  return Code::kInternalServerError;
}

// Not in the middle of a character.
std::string Cut(std::string text) {
  size_t end = std::min(text.size(), kMaxMessageBytes);
  while (end < text.size() && end > 0 && (text[end] & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

std::string TextOf(const Record& record, const std::string& field) {
  const auto it = record.find(field);
  return it == record.end() ? std::string() : it->second;
}

uint64_t NumberOf(const Record& record, const std::string& field) {
  uint64_t number = 0;
  return absl::SimpleAtoi(TextOf(record, field), &number) ? number : 0;
}

void AddPlaced(const Placed& placed, Record* record) {
  (*record)["placed"] = JoinPath(placed.path);
  (*record)["id_hi"] = absl::StrCat(placed.id.hi);
  (*record)["id_lo"] = absl::StrCat(placed.id.lo);
  (*record)["renamed"] = placed.renamed ? "1" : "0";
  (*record)["overwritten"] = placed.overwritten ? "1" : "0";
  (*record)["recycled"] = absl::StrCat(placed.recycled_item);
  (*record)["seq"] = absl::StrCat(placed.seq);
}

Placed PlacedOf(const Record& record) {
  Placed placed;
  placed.path = SplitPath(TextOf(record, "placed"));
  placed.id = {NumberOf(record, "id_hi"), NumberOf(record, "id_lo")};
  placed.renamed = NumberOf(record, "renamed") != 0;
  placed.overwritten = NumberOf(record, "overwritten") != 0;
  placed.recycled_item = NumberOf(record, "recycled");
  placed.seq = NumberOf(record, "seq");
  return placed;
}

void AddStatus(const absl::Status& status, Record* record) {
  (*record)["code"] = CodeName(CodeOf(status));
  (*record)["message"] = Cut(std::string(status.message()));
}

absl::Status StatusOf(const Record& record) {
  const std::string code = TextOf(record, "code");
  return code.empty() ? absl::OkStatus() : MakeError(CodeNamed(code), TextOf(record, "message"));
}

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    names.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace marcot::service

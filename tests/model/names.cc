#include "model/names.h"

#include <algorithm>

namespace marcot::testing {
namespace {

constexpr std::string_view kForbidden = "\\:*?\"<>|";

bool IsControl(uint32_t c) { return c < 0x20 || c == 0x7f; }

bool IsIllegal(std::string_view name) {
  std::vector<uint32_t> points;
  if (name == "." || name == ".." || !DecodeUtf8(name, &points)) return true;
  if (name.find_first_of(kForbidden) != std::string_view::npos) return true;
  return std::any_of(points.begin(), points.end(), IsControl);
}

size_t CountPoints(std::string_view name) {
  std::vector<uint32_t> points;
  return DecodeUtf8(name, &points) ? points.size() : 0;
}

std::string CutToPoints(const std::string& s, size_t count) {
  size_t end = 0, seen = 0;
  while (end < s.size()) {
    const bool starts_point = (static_cast<unsigned char>(s[end]) & 0xc0) != 0x80;
    if (starts_point && ++seen > count) break;
    ++end;
  }
  return s.substr(0, end);
}

// Where a file's extension starts; the size of the name when it has none.
size_t ExtensionStart(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return name.size();
  constexpr std::string_view kTar = ".tar";
  const std::string before = name.substr(0, dot);
  if (before.size() > kTar.size() && before.ends_with(kTar)) return dot - kTar.size();
  return dot;
}

// Takes a trailing " (n)" off `stem`; 0 when there is none.
uint64_t TakeNumber(std::string* stem) {
  const size_t open = stem->rfind(" (");
  if (open == std::string::npos || !stem->ends_with(")")) return 0;
  const std::string digits = stem->substr(open + 2, stem->size() - open - 3);
  const bool plain = !digits.empty() && digits.size() <= 10 && digits[0] != '0' &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  if (!plain) return 0;
  stem->resize(open);
  return std::stoull(digits);
}

}  // namespace

Path SplitPath(std::string_view path) {
  Path names;
  if (path.empty()) return names;
  while (true) {
    const size_t slash = path.find('/');
    names.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return names;
    path.remove_prefix(slash + 1);
  }
}

bool DecodeUtf8(std::string_view s, std::vector<uint32_t>* code_points) {
  for (size_t i = 0; i < s.size();) {
    const auto lead = static_cast<unsigned char>(s[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length == 0 || lead > 0xf7 || i + length > s.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(s[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[length] || point > 0x10ffff) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    code_points->push_back(point);
    i += length;
  }
  return true;
}

std::vector<Code> PathErrors(std::string_view path, bool last_is_file, bool last_is_directory,
                             const StoreOptions& options) {
  std::vector<Code> errors;
  if (path.size() > options.max_path_bytes) errors.push_back(Code::kDirectoryLevelExceed);
  const Path names = SplitPath(path);
  for (size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    if (names[i].empty()) {
      errors.push_back(Code::kEmptyFileName);
    } else if (IsIllegal(names[i])) {
      errors.push_back(Code::kIllegalFileName);
    } else if (CountPoints(names[i]) > options.max_name_chars) {
      if (last && last_is_file) errors.push_back(Code::kFileNameLengthExceed);
      if (!last || last_is_directory) errors.push_back(Code::kDirectoryNameLengthExceed);
    }
  }
  return errors;
}

std::string NumberedName::With(uint64_t number, size_t max_name_chars) const {
  const std::string tail = " (" + std::to_string(number) + ")" + extension;
  const size_t tail_points = CountPoints(tail);
  return CutToPoints(stem, max_name_chars - std::min(tail_points, max_name_chars)) + tail;
}

NumberedName ParseName(const std::string& wanted, EntryType type) {
  NumberedName name;
  const size_t end = type == EntryType::kFile ? ExtensionStart(wanted) : wanted.size();
  name.stem = wanted.substr(0, end);
  name.extension = wanted.substr(end);
  name.first_number = TakeNumber(&name.stem) + 1;
  return name;
}

uint64_t NumberedName::NumberOf(const std::string& name, size_t max_name_chars) const {
  if (name.size() < extension.size() || !name.ends_with(extension)) return 0;
  std::string numbered = name.substr(0, name.size() - extension.size());
  const uint64_t number = TakeNumber(&numbered);
  return number != 0 && With(number, max_name_chars) == name ? number : 0;
}

NumberChoice ChooseNumber(uint64_t first_number, const std::set<uint64_t>& in_use) {
  NumberChoice choice{first_number, false};
  while (in_use.contains(choice.smallest_free)) ++choice.smallest_free;
  choice.gaps = !in_use.empty() && *in_use.rbegin() > choice.smallest_free;
  return choice;
}

}  // namespace marcot::testing

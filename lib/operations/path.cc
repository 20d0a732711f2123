#include "operations/path.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "marcot/error.h"

namespace marcot::operations {
namespace {

// Beside control characters below the space.
constexpr std::string_view kForbiddenBytes = "\\:*?\"<>|\x7f";

// Kinds of bytes; plain ones have none.
constexpr unsigned char kBeyondAscii = 1, kForbidden = 2, kSeparator = 4;

constexpr std::array<unsigned char, 256> MakeKinds() {
  std::array<unsigned char, 256> kinds{};
  for (int c = 0; c < 0x20; ++c) kinds[c] = kForbidden;
  for (const char c : kForbiddenBytes) kinds[c] = kForbidden;
  kinds['/'] = kSeparator;
  for (int c = 0x80; c < 0x100; ++c) kinds[c] = kBeyondAscii;
  return kinds;
}
constexpr std::array<unsigned char, 256> kKinds = MakeKinds();

unsigned char KindsIn(std::string_view name) {
  unsigned char kinds = 0;
  for (const char c : name) kinds |= kKinds[static_cast<unsigned char>(c)];
  return kinds;
}

// Bytes that are compared side by side. A comparison answers as many: of each all bits or none.
using Block = signed char __attribute__((vector_size(16)));
using Word = signed char __attribute__((vector_size(8)));

template <typename Bytes>
Bytes Load(const char* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

// Of fewer bytes than that; behind the end of the path are plain ones.
template <typename Bytes>
Bytes LoadShort(std::string_view path) {
  Bytes bytes = Bytes{} + 'a';
  std::memcpy(&bytes, path.data(), path.size());
  return bytes;
}

// All bits of each byte that is neither a plain one nor a separator.
Block OddIn(Block bytes) {
  Block odd = Block{} + ' ' > bytes;  // what is beyond ASCII is negative
  for (const char c : kForbiddenBytes) odd |= bytes == static_cast<signed char>(c);
  return odd;
}

// Whether all bytes are plain ones or separators.
bool IsPlain(std::string_view path) {
  Block odd{};
  if (path.size() < sizeof(Block)) {
    odd = OddIn(LoadShort<Block>(path));
  } else {
    const char* const last = path.data() + path.size() - sizeof(Block);
    for (const char* at = path.data(); at < last; at += sizeof(Block))
      odd |= OddIn(Load<Block>(at));
    odd |= OddIn(Load<Block>(last));  // some of it for a second time
  }
  return std::bit_cast<std::array<uint64_t, 2>>(odd) == std::array<uint64_t, 2>{};
}

// One bit of each byte that is a separator among the eight from there on.
uint64_t SeparatorsAt(std::string_view path, size_t at) {
  constexpr uint64_t kBitOfEachByte = 0x0101010101010101;
  const auto in = [](Word bytes) { return std::bit_cast<uint64_t>(bytes == '/') & kBitOfEachByte; };
  if (path.size() < sizeof(Word)) return in(LoadShort<Word>(path)) >> (8 * at);
  const size_t last = path.size() - sizeof(Word);
  if (at <= last) return in(Load<Word>(path.data() + at));
  return in(Load<Word>(path.data() + last)) >> (8 * (at - last));
}

// The bytes of the directory of a known path, its last separator too, where the other path is below
// the same.
size_t SharedParent(std::string_view path, std::string_view known) {
  const size_t size = known.rfind('/') + 1;  // 0: it is below the root
  return path.substr(0, size) == known.substr(0, size) ? size : 0;
}

// U+0080..U+009F are control characters too.
bool HasC1Control(std::string_view name) {
  for (size_t i = 0; i + 1 < name.size(); ++i) {
    const auto lead = static_cast<unsigned char>(name[i]);
    const auto next = static_cast<unsigned char>(name[i + 1]);
    if (lead == 0xc2 && next < 0xa0) return true;
  }
  return false;
}

// For messages: bytes that are not text must not reach a terminal.
std::string Quoted(std::string_view path) {
  std::string out = "\"";
  for (const char c : path.substr(0, 512)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  out += path.size() > 512 ? "...\"" : "\"";
  return CountCodePoints(out).has_value() ? out : std::string("(a path that is not UTF-8)");
}

absl::Status CheckName(std::string_view name, std::string_view path) {
  if (name.empty()) {
    return MakeError(Code::kEmptyFileName,
                     absl::StrCat(Quoted(path), " has an empty name; remove the extra '/'"));
  }
  if (name == "." || name == "..") {
    return MakeError(Code::kIllegalFileName,
                     absl::StrCat(Quoted(path), ": . and .. are not names; give the full path"));
  }
  const unsigned char kinds = KindsIn(name);
  if (kinds == 0) return absl::OkStatus();
  if ((kinds & (kForbidden | kSeparator)) != 0 || HasC1Control(name)) {
    return MakeError(Code::kIllegalFileName,
                     absl::StrCat(Quoted(path),
                                  ": a name must not hold \\ / : * ? \" < > | or "
                                  "control characters"));
  }
  if (!CountCodePoints(name).has_value()) {
    return MakeError(Code::kIllegalFileName,
                     absl::StrCat(Quoted(path), ": names must be valid UTF-8"));
  }
  return absl::OkStatus();
}

absl::Status CheckLength(std::string_view name, EntryType type, const Limits& limits,
                         std::string_view path) {
  if (name.size() <= limits.max_name_chars) return absl::OkStatus();
  const size_t chars = CountCodePoints(name).value_or(name.size());
  if (chars <= limits.max_name_chars) return absl::OkStatus();
  return MakeError(
      type == EntryType::kFile ? Code::kFileNameLengthExceed : Code::kDirectoryNameLengthExceed,
      absl::StrCat("a name of ", chars, " characters, at most ", limits.max_name_chars,
                   " are allowed: ", std::string(path)));
}

// Where a file's extension begins: at its last dot, or at the `.tar` before it; npos: it has none.
size_t ExtensionOf(std::string_view name) {
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return dot;
  constexpr std::string_view kTar = ".tar";
  if (dot >= kTar.size() && name.substr(dot - kTar.size(), kTar.size()) == kTar) {
    dot -= kTar.size();
  }
  return dot == 0 ? std::string_view::npos : dot;
}

// The number of a stem that ends in ` (n)`, and where that begins.
std::optional<std::pair<size_t, uint64_t>> NumberOf(std::string_view stem) {
  if (stem.size() < 5 || stem.back() != ')') return std::nullopt;
  const size_t open = stem.rfind(" (");
  if (open == std::string_view::npos || open == 0) return std::nullopt;
  const std::string_view digits = stem.substr(open + 2, stem.size() - open - 3);
  if (digits.empty() || digits.front() == '0') return std::nullopt;
  uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = std::min(number * 10 + static_cast<uint64_t>(c - '0'), kMaxNameNumber + 1);
  }
  return std::pair(open, number);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParsePath(std::string_view path, const Limits& limits,
                                                   const KnownPath& known) {
  std::vector<std::string> names;
  if (path.empty()) return names;
  if (path.size() > limits.max_path_bytes) {
    return MakeError(Code::kDirectoryLevelExceed,
                     absl::StrCat("the path has ", path.size(), " bytes, the store allows ",
                                  limits.max_path_bytes, "; use a shorter one: ", Quoted(path)));
  }
  constexpr size_t kUsualDepth = 8;
  names.reserve(kUsualDepth);
  size_t begin = SharedParent(path, known.path);
  if (begin > 0) names.assign(known.names->begin(), known.names->end() - 1);
  const bool plain = IsPlain(path.substr(begin));
  // Whether it may be none: of plain bytes only "", "." and ".." are.
  const auto end_name = [&](size_t end) {
    const std::string_view name(path.data() + begin, end - begin);
    names.emplace_back(name);
    begin = end + 1;
    return !plain || name.empty() || (name.size() <= 2 && name.front() == '.');
  };
  for (size_t at = begin; at < path.size(); at += sizeof(Word)) {
    for (uint64_t left = SeparatorsAt(path, at); left != 0; left &= left - 1) {
      if (!end_name(at + static_cast<size_t>(std::countr_zero(left)) / 8)) continue;
      MARCOT_RETURN_IF_ERROR(CheckName(names.back(), path));
    }
  }
  if (end_name(path.size())) MARCOT_RETURN_IF_ERROR(CheckName(names.back(), path));
  return names;
}

std::string ShownPath(const std::vector<std::string>& names) {
  return names.empty() ? "the root" : JoinPath(names);
}

absl::Status CheckName(std::string_view name, EntryType type, const Limits& limits) {
  MARCOT_RETURN_IF_ERROR(CheckName(name, name));
  return CheckLength(name, type, limits, name);
}

absl::Status CheckNameLengths(const std::vector<std::string>& names, EntryType last,
                              const Limits& limits) {
  for (const std::string& name : names) {
    if (name.size() <= limits.max_name_chars) continue;
    const EntryType type = &name == &names.back() ? last : EntryType::kDirectory;
    MARCOT_RETURN_IF_ERROR(CheckLength(name, type, limits, JoinPath(names)));
  }
  return absl::OkStatus();
}

std::string NumberedName::With(uint64_t new_number, size_t max_chars) const {
  std::string suffix = absl::StrCat(" (", new_number, ")", extension);
  std::string_view base = stem;
  std::string whole;
  size_t suffix_chars = CountCodePoints(suffix).value_or(suffix.size());
  if (suffix_chars >= max_chars) {
    // An extension that leaves no room for a stem is cut with it.
    whole = stem + extension;
    base = whole;
    suffix = absl::StrCat(" (", new_number, ")");
    suffix_chars = suffix.size();
  }
  return absl::StrCat(std::string(PrefixOfCodePoints(base, max_chars - suffix_chars)), suffix);
}

bool IsUser(std::string_view user) {
  constexpr size_t kMaxUserBytes = 255;
  return user.size() <= kMaxUserBytes && CountCodePoints(user).has_value();
}

NumberedName SplitName(std::string_view name, EntryType type) {
  NumberedName out;
  const size_t dot = type == EntryType::kFile ? ExtensionOf(name) : std::string_view::npos;
  std::string_view stem = name.substr(0, dot);
  if (dot != std::string_view::npos) out.extension = name.substr(dot);
  if (const auto number = NumberOf(stem); number.has_value()) {
    out.number = number->second;
    stem = stem.substr(0, number->first);
  }
  out.stem = stem;
  return out;
}

absl::StatusOr<uint64_t> FreeNumber(const NumberedName& name, uint64_t hint,
                                    const std::function<absl::StatusOr<bool>(uint64_t)>& taken) {
  const auto too_many = [] { return MakeError(Code::kRenameTooManyTimes, "no number is free"); };
  if (name.number >= kMaxNameNumber) return too_many();
  if (hint > name.number && hint < kMaxNameNumber) {
    MARCOT_ASSIGN_OR_RETURN(const bool used, taken(hint));
    MARCOT_ASSIGN_OR_RETURN(const bool next_used, taken(hint + 1));
    if (used && !next_used) return hint + 1;
  }
  // Gallop to a free number, then halve down to where the used ones end.
  uint64_t used = name.number, free = 0;
  for (uint64_t step = 1; free == 0; step *= 2) {
    const uint64_t probe = std::min(name.number + step, kMaxNameNumber);
    MARCOT_ASSIGN_OR_RETURN(const bool is_taken, taken(probe));
    if (!is_taken) {
      free = probe;
    } else if (probe == kMaxNameNumber) {
      return too_many();
    } else {
      used = probe;
    }
  }
  while (free - used > 1) {
    const uint64_t middle = used + (free - used) / 2;
    MARCOT_ASSIGN_OR_RETURN(const bool is_taken, taken(middle));
    (is_taken ? used : free) = middle;
  }
  return free;
}

}  // namespace marcot::operations

// Paths are taken apart many bytes at a time; a rule that looks at one byte after the other says
// the same of each, wherever in a path it stands.
#include "operations/path.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "marcot/error.h"

namespace marcot::operations {
namespace {

// More than two of whatever is looked at side by side.
constexpr size_t kLongest = 40;

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> names(1);
  for (const char c : path) {
    if (c == '/') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

Code RuleFor(const std::string& name) {
  if (name.empty()) return Code::kEmptyFileName;
  if (name == "." || name == "..") return Code::kIllegalFileName;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7f) return Code::kIllegalFileName;
    if (std::string_view("\\:*?\"<>|").find(name[i]) != std::string_view::npos) {
      return Code::kIllegalFileName;
    }
    const auto next = i + 1 < name.size() ? static_cast<unsigned char>(name[i + 1]) : 0xffu;
    if (byte == 0xc2 && next < 0xa0) return Code::kIllegalFileName;
  }
  return CountCodePoints(name).has_value() ? Code::kOk : Code::kIllegalFileName;
}

// The first bad name decides.
Code RuleFor(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const Code code = RuleFor(name); code != Code::kOk) return code;
  }
  return Code::kOk;
}

void ExpectByTheRule(const std::string& path) {
  // Of just these bytes, so that a sanitizer sees one read too many.
  const std::vector<char> bytes(path.begin(), path.end());
  const auto names = ParsePath({bytes.data(), bytes.size()}, {});
  const std::vector<std::string> split = Split(path);
  ASSERT_EQ(CodeOf(names.status()), RuleFor(split)) << testing::PrintToString(path);
  if (names.ok()) {
    ASSERT_EQ(*names, split) << testing::PrintToString(path);
  }
}

TEST(PathTest, TheRootHasNoNames) { EXPECT_TRUE(ParsePath("", {})->empty()); }

TEST(PathTest, EveryByteAtEveryPlace) {
  for (size_t size = 1; size <= kLongest; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 0x100; ++byte) {
        std::string path(size, 'n');
        path[at] = static_cast<char>(byte);
        ASSERT_NO_FATAL_FAILURE(ExpectByTheRule(path));
      }
    }
  }
}

TEST(PathTest, SomeBytesSideBySideAtEveryPlace) {
  // Controls U+0080 to U+009F and what is around them, characters of all lengths, dots, separators.
  std::vector<std::string> parts = {"\xc3\xa9", "\xe6\x96\x87", "\xf0\x9f\x8c\xb3",
                                    "\xe6\x96", "\xed\xa0\x80", "/./",
                                    "/../",     "/.a/",         "/.../",
                                    "/..a",     "//",           "/a/",
                                    "/ab/",     "\xc2/",        "/\x80"};
  for (int second = 0x7f; second <= 0xc0; ++second) {
    parts.push_back(std::string("\xc2") + static_cast<char>(second));
  }
  for (const std::string& part : parts) {
    for (size_t before = 0; before < kLongest; ++before) {
      for (const size_t behind : {0, 1, 7, 20}) {
        const std::string path = std::string(before, 'n') + part + std::string(behind, 'm');
        ASSERT_NO_FATAL_FAILURE(ExpectByTheRule(path));
      }
    }
  }
}

TEST(PathTest, CodePointsAreCountedAtEveryPlace) {
  for (size_t before = 0; before < kLongest; ++before) {
    for (const size_t behind : {0, 1, 7, 20}) {
      const auto count = [&](const std::string& part) {
        return CountCodePoints(std::string(before, 'n') + part + std::string(behind, 'm'));
      };
      EXPECT_EQ(count(""), before + behind);
      for (const char* const one : {"\xc3\xa9", "\xe6\x96\x87", "\xf0\x9f\x8c\xb3"}) {
        EXPECT_EQ(count(one), before + 1 + behind);
      }
      for (const char* const malformed : {"\x80", "\xc3", "\xe6\x96", "\xed\xa0\x80", "\xff"}) {
        EXPECT_EQ(count(malformed), std::nullopt);
      }
    }
  }
}

TEST(PathTest, AnyPath) {
  std::mt19937 random(7);
  const std::string_view mostly = "abcdefgh ~.//", rarely = "\\:*?\"<>|\x7f\x1f\xc2\x85\xc3\xa9";
  for (int i = 0; i < 200'000; ++i) {
    std::string path;
    for (size_t left = 1 + random() % 70; left > 0; --left) {
      const std::string_view from = random() % 200 == 0 ? rarely : mostly;
      path += from[random() % from.size()];
    }
    ASSERT_NO_FATAL_FAILURE(ExpectByTheRule(path));
  }
}

// Beside a path of the same directory, of one whose name begins alike, of any other, and the root.
TEST(PathTest, BesideAKnownPath) {
  std::mt19937 random(7);
  const std::string_view bytes = "aaab./";
  std::string known;
  std::vector<std::string> names;
  for (int i = 0; i < 200'000; ++i) {
    std::string path = known.substr(0, random() % (known.size() + 1));
    for (size_t left = random() % 20; left > 0; --left) path += bytes[random() % bytes.size()];
    const auto beside = ParsePath(path, {}, {known, &names});
    const auto alone = ParsePath(path, {});
    ASSERT_EQ(beside.status(), alone.status()) << known << " " << path;
    if (!alone.ok()) continue;
    ASSERT_EQ(*beside, *alone) << known << " " << path;
    if (path.size() > 100) path.clear();
    known = path;
    names = *ParsePath(known, {});
  }
}

// Names that are short, and as long as a string of its own memory needs.
TEST(PathTest, ManyNames) {
  for (const size_t size : {1, 2, 15, 16, 255}) {
    for (size_t depth = 1; depth <= 60; ++depth) {
      std::string path;
      for (size_t i = 0; i < depth; ++i) {
        path += (i > 0 ? "/" : "") + std::string(size, static_cast<char>('a' + i % 26));
      }
      ASSERT_NO_FATAL_FAILURE(ExpectByTheRule(path));
    }
  }
}

TEST(PathTest, TooLong) {
  const Limits limits{.max_path_bytes = 300};
  EXPECT_EQ(CodeOf(ParsePath(std::string(300, 'n'), limits).status()), Code::kOk);
  EXPECT_EQ(CodeOf(ParsePath(std::string(301, 'n'), limits).status()), Code::kDirectoryLevelExceed);
}

}  // namespace
}  // namespace marcot::operations

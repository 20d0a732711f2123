// The tree that every peer builds, and what a file of it carries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace marcot::compare {

inline constexpr uint64_t kFanout = 100;
inline constexpr int kDepth = 6;
inline constexpr std::string_view kContentType = "image/jpeg";

// What a peer keeps of a file, beside its time of modification and its content type.
struct File {
  uint64_t size = 0;  // bytes
  uint64_t content_hi = 0, content_lo = 0;
  bool operator==(const File&) const = default;
};

// A file whose content no other has.
File NewFile();

// What lies in or below a directory.
struct Totals {
  uint64_t entries = 0, bytes = 0;
  bool operator==(const Totals&) const = default;
};

std::vector<std::string_view> SplitPath(std::string_view path);
// "a/b" and "c" for "a/b/c"; an empty parent is the root.
struct SplitName {
  std::string_view parent, name;
};
SplitName SplitLast(std::string_view path);

std::string DirectoryName(uint64_t number);
std::string FileName(uint64_t number);

// `files` files, `depth` names below the root each, the topmost of which is `root`. Directories
// hold 100 entries from the bottom up; what is left of the depth has one entry each.
class Tree {
 public:
  Tree(std::string root, uint64_t files, int depth = kDepth);

  const std::string& root() const { return root_; }
  // How many directories a directory `level` names below the root holds; the last level: files.
  const std::vector<uint64_t>& fanouts() const { return fanouts_; }
  uint64_t files() const { return files_; }
  uint64_t directories() const;  // below the root
  uint64_t files_in_leaf() const { return fanouts_.back(); }
  uint64_t leaves() const { return files_ / files_in_leaf(); }

  // In the order of their paths, below `root`, which may be that of a copy.
  std::string LeafPath(std::string_view root, uint64_t leaf) const;
  std::string FilePath(std::string_view root, uint64_t file) const;
  std::string LeafPath(uint64_t leaf) const { return LeafPath(root_, leaf); }

 private:
  const std::string root_;
  const uint64_t files_;
  std::vector<uint64_t> fanouts_;
};

}  // namespace marcot::compare

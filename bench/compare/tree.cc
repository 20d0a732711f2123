#include "tree.h"

#include <algorithm>
#include <atomic>

#include "../support.h"

namespace marcot::compare {

File NewFile() {
  static std::atomic<uint64_t> last{0};
  const uint64_t number = ++last;
  return {.size = 4096 + number % 1000,
          .content_hi = number * 0x9e3779b97f4a7c15,
          .content_lo = number};
}

std::vector<std::string_view> SplitPath(std::string_view path) {
  std::vector<std::string_view> names;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    names.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return names;
}

SplitName SplitLast(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string DirectoryName(uint64_t number) { return bench::Name("dir-", number, 2); }
std::string FileName(uint64_t number) { return bench::Name("file-", number, 2); }

Tree::Tree(std::string root, uint64_t files, int depth)
    : root_(std::move(root)), files_(files), fanouts_(static_cast<size_t>(depth - 1), 1) {
  uint64_t left = files;
  for (auto level = fanouts_.rbegin(); level != fanouts_.rend(); ++level) {
    *level = std::min(left, kFanout);
    left /= *level;
  }
  if (left != 1 || leaves() * files_in_leaf() != files) bench::Die("not the size of a full tree");
}

uint64_t Tree::directories() const {
  uint64_t sum = 0, level = 1;
  for (size_t i = 0; i + 1 < fanouts_.size(); ++i) sum += level *= fanouts_[i];
  return sum;
}

std::string Tree::LeafPath(std::string_view root, uint64_t leaf) const {
  std::string path;
  for (size_t level = fanouts_.size() - 1; level-- > 0;) {
    path.insert(0, "/" + DirectoryName(leaf % fanouts_[level]));
    leaf /= fanouts_[level];
  }
  return std::string(root) + path;
}

std::string Tree::FilePath(std::string_view root, uint64_t file) const {
  return LeafPath(root, file / files_in_leaf()) + "/" + FileName(file % files_in_leaf());
}

}  // namespace marcot::compare

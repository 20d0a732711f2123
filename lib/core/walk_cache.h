// The nodes that recent write walks found, so that the next write into the same directory does not
// walk again. Used by the pipeline's leader alone.
//
// What is kept stays true while no directory entry is taken away and no pin is added anywhere: then
// every node on the way is still the live one, and has no pin that its child has not got. Both
// clear the cache; so does a rollback.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/keys.h"

namespace marcot::core {

class WalkCache {
 public:
  // Null: not known.
  const DirPath* Find(DirId root, std::span<const std::string> names) {
    // Writes into one directory come in a row.
    if (last_ != nullptr && root == last_root_ && std::ranges::equal(names, last_names_)) {
      return last_;
    }
    const auto it = walks_.find(KeyOf(root, names));
    if (it == walks_.end()) return nullptr;
    last_root_ = root;
    last_names_.assign(names.begin(), names.end());
    return last_ = &it->second;
  }

  void Remember(DirId root, std::span<const std::string> names, const DirPath& nodes) {
    last_ = nullptr;
    if (walks_.size() >= kMaxWalks) walks_.clear();
    walks_.emplace(KeyOf(root, names), nodes);
  }

  void Clear() {
    last_ = nullptr;
    if (!walks_.empty()) walks_.clear();
  }

 private:
  const std::string& KeyOf(DirId root, std::span<const std::string> names) {
    key_.clear();
    PutFixed64(&key_, root);
    for (const std::string& name : names) {
      key_ += name;
      key_ += '/';
    }
    return key_;
  }

  static constexpr size_t kMaxWalks = 4096;
  absl::flat_hash_map<std::string, DirPath> walks_;
  // What was found last; null: nothing.
  const DirPath* last_ = nullptr;
  DirId last_root_ = 0;
  std::vector<std::string> last_names_;
  std::string key_;  // kept, so that a look-up allocates nothing
};

}  // namespace marcot::core

// Which names may stand in directories that were made since the store was opened. A new file's name
// must be looked up before it is put; of a directory whose every entry went through here, this
// answers without asking the storage. Used by the pipeline's leader alone.
//
// Names are only added, so after a delete or a rollback it may say "perhaps" of a name that is not
// there, never "no" of one that is.
#pragma once

#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/keys.h"
#include "xxhash.h"

namespace marcot::core {

class NameFilter {
 public:
  explicit NameFilter(size_t budget_bytes) : max_names_(budget_bytes / kBytesPerName) {}

  // The node has just been made. `empty`: nothing is seen there; else its names are not known.
  void Begin(DirId dir, bool empty) {
    names_.erase(dir);
    if (empty && Count(kNamesADirectoryCosts)) names_.try_emplace(dir);
  }

  // Nodes from here on are made elsewhere. Some of the numbers may have been a rollback's.
  void ForgetFrom(DirId first) {
    absl::erase_if(names_, [first](const auto& known) { return known.first >= first; });
  }

  void Add(std::string_view entry_key) {
    const auto it = names_.find(LoadFixed64(entry_key.data()));
    if (it == names_.end()) return;
    it->second.insert(HashOf(SlotOfEntryKey(entry_key)));
    Count(1);
  }

  bool MayHold(DirId dir, std::string_view slot) const {
    const auto it = names_.find(dir);
    return it == names_.end() || it->second.contains(HashOf(slot));
  }

 private:
  // In a table that may be half empty. A directory has a slot, and a table of its own.
  static constexpr size_t kBytesPerName = 24, kNamesADirectoryCosts = 6;
  static uint64_t HashOf(std::string_view slot) { return XXH3_64bits(slot.data(), slot.size()); }

  // So many more. All are forgotten where there are too many, those that are gone counted: then
  // false.
  bool Count(size_t more) {
    count_ += more;
    if (count_ <= max_names_) return true;
    names_.clear();
    count_ = 0;
    return false;
  }

  const size_t max_names_;
  absl::flat_hash_map<DirId, absl::flat_hash_set<uint64_t>> names_;
  size_t count_ = 0;
};

}  // namespace marcot::core

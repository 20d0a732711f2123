// Which names may stand in directories that were made since the store was opened. A new file's name
// must be looked up before it is put; of a directory whose every entry went through here, this
// answers without asking the storage. Used by the pipeline's leader alone.
//
// Names are only added, so after a delete or a rollback it may say "perhaps" of a name that is not
// there, never "no" of one that is.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/keys.h"
#include "xxhash.h"

namespace marcot::core {

class NameFilter {
 public:
  explicit NameFilter(size_t budget_bytes) : max_names_(budget_bytes / kBytesPerName) {}

  // The node has just been made. `empty`: nothing is seen there; else its names are not known.
  void Begin(DirId dir, bool empty) {
    last_dir_ = 0;
    names_.erase(dir);
    if (empty && Count(kNamesADirectoryCosts)) names_.try_emplace(dir);
  }

  // Nodes from here on are made elsewhere. Some of the numbers may have been a rollback's.
  void ForgetFrom(DirId first) {
    last_dir_ = 0;
    absl::erase_if(names_, [first](const auto& known) { return known.first >= first; });
  }

  void Add(std::string_view entry_key) {
    HashSet* const names = NamesOf(LoadFixed64(entry_key.data()));
    if (names != nullptr && names->Insert(HashOf(SlotOfEntryKey(entry_key)))) Count(1);
  }

  bool MayHold(DirId dir, std::string_view slot) {
    const HashSet* const names = NamesOf(dir);
    return names == nullptr || names->Contains(HashOf(slot));
  }

 private:
  // Short hashes, each at the first free place from its own on. Two names may share one: "perhaps".
  class HashSet {
   public:
    bool Contains(uint32_t hash) const { return !table_.empty() && table_[PlaceOf(hash)] != 0; }

    bool Insert(uint32_t hash) {
      if (size_ * 2 >= table_.size()) Grow();
      uint32_t& place = table_[PlaceOf(hash)];
      if (place != 0) return false;
      place = hash;
      ++size_;
      return true;
    }

   private:
    static constexpr size_t kFirstPlaces = 4;

    size_t PlaceOf(uint32_t hash) const {
      const size_t mask = table_.size() - 1;
      size_t place = hash & mask;
      while (table_[place] != 0 && table_[place] != hash) place = (place + 1) & mask;
      return place;
    }

    void Grow() {
      std::vector<uint32_t> old(table_.empty() ? kFirstPlaces : table_.size() * 2);
      table_.swap(old);
      for (const uint32_t hash : old) {
        if (hash != 0) table_[PlaceOf(hash)] = hash;
      }
    }

    std::vector<uint32_t> table_;  // a power of two, half full at the most; 0: free
    size_t size_ = 0;
  };

  // In a table that may be a quarter full. A directory has a slot, and a table of its own.
  static constexpr size_t kBytesPerName = 16, kNamesADirectoryCosts = 9;
  static uint32_t HashOf(std::string_view slot) {
    constexpr uint32_t kNotFree = 1u << 31;
    return static_cast<uint32_t>(XXH3_64bits(slot.data(), slot.size())) | kNotFree;
  }

  // Null: they are not known.
  HashSet* NamesOf(DirId dir) {
    // Names of one directory come in a row.
    if (dir == last_dir_) return last_;
    const auto it = names_.find(dir);
    last_dir_ = dir;
    return last_ = it == names_.end() ? nullptr : &it->second;
  }

  // So many more. All are forgotten where there are too many, those that are gone counted: then
  // false.
  bool Count(size_t more) {
    count_ += more;
    if (count_ <= max_names_) return true;
    last_dir_ = 0;
    names_.clear();
    count_ = 0;
    return false;
  }

  const size_t max_names_;
  absl::flat_hash_map<DirId, HashSet> names_;
  // What was asked for last, until directories come or go; 0: nothing was.
  DirId last_dir_ = 0;
  HashSet* last_ = nullptr;
  size_t count_ = 0;
};

}  // namespace marcot::core

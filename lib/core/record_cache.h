// A cache of records by key, shared by the writer and all readers. Each value knows
// since which commit it is the newest; a reader of commit N takes only what was the newest at N and
// still is (see Committed).
//
// Two generations per shard: what is looked up moves to the young one, and when that has its share
// of the budget the old one is dropped. No bookkeeping per hit, and no scan to evict.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "core/keys.h"

namespace marcot::core {

class RecordCache {
 public:
  explicit RecordCache(size_t budget_bytes);

  // The value if it is known to be the newest for every reader of commit >= `as_of`; empty: known
  // not to exist.
  bool Get(std::string_view key, Seq as_of, std::string* value);
  // A value that was read as of commit `as_of` (empty: not there). Ignored if the key may have been
  // written since.
  void Offer(std::string_view key, std::string_view value, Seq as_of);
  // The writer is about to commit this value (empty: a deletion) as of `seq`. Kept if the key is
  // cached already or `insert` says so.
  void Write(std::string_view key, std::string_view value, Seq seq, bool insert);

  struct Counts {
    uint64_t hits = 0, misses = 0;
  };
  Counts GetCounts() const;

 private:
  struct Key {
    uint64_t hash;
    std::string bytes;
  };
  struct KeyView {
    uint64_t hash;
    std::string_view bytes;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Key& key) const { return key.hash; }
    size_t operator()(const KeyView& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return std::string_view(a.bytes) == std::string_view(b.bytes);
    }
  };
  struct Value {
    std::string bytes;
    Seq since = 0;
  };
  using Map = absl::flat_hash_map<Key, Value, Hash, Equal>;
  struct alignas(64) Shard {
    std::mutex mutex;
    Map young, old;
    size_t young_bytes = 0;
    Seq last_write = 0;  // newest commit that wrote a key of this shard
    Counts counts;
  };

  static constexpr size_t kShards = 64;
  static KeyView MakeKey(std::string_view key);
  Shard& ShardOf(const KeyView& key) { return shards_[key.hash >> 58]; }
  Value* Find(Shard& shard, const KeyView& key);
  void Insert(Shard& shard, const KeyView& key, std::string_view bytes, Seq since);

  const size_t generation_bytes_;  // per shard
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace marcot::core

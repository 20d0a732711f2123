// A cache of records by key, shared by the writer and all readers. Each value knows
// since which commit it is the newest; a reader of commit N takes only what was the newest at N and
// still is (see Committed).
//
// Two generations per shard: what is looked up moves to the young one, and when that has its share
// of the budget the old one is dropped. No bookkeeping per hit, and no scan to evict.
//
// Small records that a thread has found it copies (core/near_records.h), and finds again without
// the shard's lock. That lock is one for each lane, of which a thread uses one: who only looks
// takes its own, on a line of memory that few threads write to, and who changes the shard takes
// them all.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "core/keys.h"
#include "core/near_records.h"

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
  // Hits of its copies a thread counts 64 at a time.
  Counts GetCounts() const;

 private:
  // In one piece of memory: this, the key, the value.
  struct Record {
    Seq since = 0;
    uint32_t key_bytes = 0, value_bytes = 0;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
    std::string_view key() const { return {bytes(), key_bytes}; }
    std::string_view value() const { return {bytes() + key_bytes, value_bytes}; }
    void SetValue(std::string_view value, Seq of);  // not longer than the one it was made with
  };
  struct Free {
    void operator()(Record* record) const { ::operator delete(record); }
  };
  struct Slot {
    uint64_t hash;
    std::unique_ptr<Record, Free> record;
  };
  struct KeyView {
    uint64_t hash;
    std::string_view bytes;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Slot& slot) const { return slot.hash; }
    size_t operator()(const KeyView& key) const { return key.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Slot& a, const Slot& b) const {
      return a.hash == b.hash && a.record->key() == b.record->key();
    }
    bool operator()(const Slot& slot, const KeyView& key) const {
      return slot.hash == key.hash && slot.record->key() == key.bytes;
    }
  };
  using Records = absl::flat_hash_set<Slot, Hash, Equal>;
  static constexpr size_t kLanes = 4;
  struct alignas(64) Lane {
    std::mutex mutex;
    Counts counts;
  };
  struct Shard {
    Lane lanes[kLanes];
    Records young, old;
    size_t young_bytes = 0;
  };
  class AllLanes;
  using Near = NearRecords::Slot;

  static constexpr size_t kShards = 64, kStripes = 1024;
  static KeyView MakeKey(std::string_view key);
  Shard& ShardOf(const KeyView& key) { return shards_[key.hash >> 58]; }
  // The newest commit that wrote one of the keys that share this one's stripe.
  std::atomic<Seq>& LastWrite(const KeyView& key) {
    return last_writes_[(key.hash >> 32) % kStripes];
  }
  Lane& LaneOf(const KeyView& key, const NearRecords& mine) {
    return ShardOf(key).lanes[mine.thread() % kLanes];
  }
  bool GetNear(const KeyView& key, Seq as_of, Near& near, Lane& lane, std::string* value);
  bool GetShared(const KeyView& key, Seq as_of, Near& near, Lane& lane, std::string* value);
  // With any lane's lock: the record, in whichever generation. With all: moved to the young one.
  static Record* Look(const Shard& shard, const KeyView& key, bool* is_old);
  static Slot MakeSlot(const KeyView& key, std::string_view value, Seq since);
  static size_t CostOf(std::string_view key, std::string_view value);
  Record* Find(Shard& shard, const KeyView& key);
  void Insert(Shard& shard, Slot slot);

  const size_t generation_bytes_;  // per shard
  const uint64_t id_;              // of no other cache in this process
  const std::unique_ptr<Shard[]> shards_;
  const std::unique_ptr<std::atomic<Seq>[]> last_writes_;
};

}  // namespace marcot::core

// A cache of records by key, shared by the writer and all readers. Each value knows
// since which commit it is the newest; a reader of commit N takes only what was the newest at N and
// still is (see Committed).
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
#include <optional>
#include <string>
#include <string_view>

#include "core/keys.h"
#include "core/near_records.h"
#include "core/record_table.h"

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
  using Key = RecordTable::Key;
  static constexpr size_t kLanes = 4;
  struct alignas(64) Lane {
    std::mutex mutex;
    Counts counts;
  };
  struct Shard {
    Lane lanes[kLanes];
    std::optional<RecordTable> table;
  };
  class AllLanes;
  using Near = NearRecords::Slot;

  static constexpr size_t kShards = 64, kStripes = 1024;
  Shard& ShardOf(const Key& key) { return shards_[key.hash >> 58]; }
  // The newest commit that wrote one of the keys that share this one's stripe.
  std::atomic<Seq>& LastWrite(const Key& key) { return last_writes_[(key.hash >> 32) % kStripes]; }
  Lane& LaneOf(const Key& key, const NearRecords& mine) {
    return ShardOf(key).lanes[mine.thread() % kLanes];
  }
  bool GetNear(const Key& key, Seq as_of, Near& near, Lane& lane, std::string* value);
  bool GetShared(const Key& key, Seq as_of, Near& near, Lane& lane, std::string* value);

  const uint64_t id_;  // of no other cache in this process
  const std::unique_ptr<Shard[]> shards_;
  const std::unique_ptr<std::atomic<Seq>[]> last_writes_;
};

}  // namespace marcot::core

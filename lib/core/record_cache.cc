#include "core/record_cache.h"

#include <utility>

namespace marcot::core {
namespace {

constexpr uint32_t kHitsAtATime = 64;

uint64_t NewId() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

RecordCache::RecordCache(size_t budget_bytes)
    : id_(NewId()), shards_(new Shard[kShards]), last_writes_(new std::atomic<Seq>[kStripes] {}) {
  for (size_t i = 0; i < kShards; ++i) shards_[i].table.emplace(budget_bytes / kShards);
}

// What changes a shard. Everybody takes the lanes in their order.
class RecordCache::AllLanes {
 public:
  explicit AllLanes(Shard& shard) : shard_(shard) {
    for (Lane& lane : shard_.lanes) lane.mutex.lock();
  }
  ~AllLanes() {
    for (Lane& lane : shard_.lanes) lane.mutex.unlock();
  }
  AllLanes(const AllLanes&) = delete;
  AllLanes& operator=(const AllLanes&) = delete;

 private:
  Shard& shard_;
};

bool RecordCache::Get(std::string_view bytes, Seq as_of, std::string* value) {
  const Key key(bytes);
  NearRecords& mine = NearRecords::OfThread();
  Near& near = mine.SlotOf(id_, key.hash);
  Lane& lane = LaneOf(key, mine);
  return GetNear(key, as_of, near, lane, value) || GetShared(key, as_of, near, lane, value);
}

// A copy is the newest value at each commit from `since` to `near.as_of`, and at later ones until
// one writes the key. That one marks the key's stripe with its seq before it is written and
// published, so whoever has taken an N, or a snapshot, that includes it sees the mark. Loads and
// stores of marks may be relaxed: the order is that of `published`, and of the storage's snapshots.
// Where no mark is greater than `near.as_of`, nothing that the reader may see has changed the
// value.
bool RecordCache::GetNear(const Key& key, Seq as_of, Near& near, Lane& lane, std::string* value) {
  if (!near.Holds(id_, key.hash, key.bytes) || near.since > as_of) return false;
  if (LastWrite(key).load(std::memory_order_relaxed) > near.as_of) return false;
  value->assign(near.value());
  if (++near.hits == kHitsAtATime) {
    const std::lock_guard lock(lane.mutex);
    lane.counts.hits += std::exchange(near.hits, 0);
  }
  return true;
}

bool RecordCache::GetShared(const Key& key, Seq as_of, Near& near, Lane& lane, std::string* value) {
  const std::lock_guard lock(lane.mutex);
  const RecordTable::Record* const found = ShardOf(key).table->Look(key);
  if (found == nullptr || found->since > as_of) {
    ++lane.counts.misses;
    return false;
  }
  ++lane.counts.hits;
  value->assign(found->value());
  if (NearRecords::HasRoomFor(key.bytes, *value)) {
    if (near.cache == id_) lane.counts.hits += near.hits;  // of the record that gives way
    near.Set(id_, key.hash, key.bytes, *value, found->since, as_of);
  }
  return true;
}

RecordCache::Counts RecordCache::GetCounts() const {
  Counts sum;
  for (size_t i = 0; i < kShards; ++i) {
    for (Lane& lane : shards_[i].lanes) {
      const std::lock_guard lock(lane.mutex);
      sum.hits += lane.counts.hits;
      sum.misses += lane.counts.misses;
    }
  }
  return sum;
}

void RecordCache::Offer(std::string_view bytes, std::string_view value, Seq as_of) {
  const Key key(bytes);
  Shard& shard = ShardOf(key);
  const AllLanes lock(shard);
  if (LastWrite(key).load(std::memory_order_relaxed) > as_of) return;
  if (shard.table->Look(key) == nullptr) shard.table->Set(key, value, as_of);
}

void RecordCache::Write(std::string_view bytes, std::string_view value, Seq seq, bool insert) {
  const Key key(bytes);
  Shard& shard = ShardOf(key);
  {
    // Most writes are of new files, which change nothing here.
    const std::lock_guard lock(LaneOf(key, NearRecords::OfThread()).mutex);
    LastWrite(key).store(seq, std::memory_order_relaxed);
    if (!insert && shard.table->Look(key) == nullptr) return;
  }
  const AllLanes lock(shard);
  if (insert || shard.table->Look(key) != nullptr) shard.table->Set(key, value, seq);
}

}  // namespace marcot::core

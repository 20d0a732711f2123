#include "core/record_cache.h"

#include <cstring>
#include <new>
#include <utility>

#include "xxhash.h"

namespace marcot::core {
namespace {

// What a record costs beside its key and value: its slot in a table of which a third is empty, its
// head, and what malloc adds.
constexpr size_t kRecordBytes = 72;

constexpr uint32_t kHitsAtATime = 64;

uint64_t NewId() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

RecordCache::RecordCache(size_t budget_bytes)
    : generation_bytes_(budget_bytes / kShards / 2),
      id_(NewId()),
      shards_(new Shard[kShards]),
      last_writes_(new std::atomic<Seq>[kStripes] {}) {}

RecordCache::KeyView RecordCache::MakeKey(std::string_view key) {
  return {XXH3_64bits(key.data(), key.size()), key};
}

void RecordCache::Record::SetValue(std::string_view value, Seq of) {
  since = of;
  value_bytes = static_cast<uint32_t>(value.size());
  std::memcpy(bytes() + key_bytes, value.data(), value.size());
}

size_t RecordCache::CostOf(std::string_view key, std::string_view value) {
  return kRecordBytes + key.size() + value.size();
}

RecordCache::Slot RecordCache::MakeSlot(const KeyView& key, std::string_view value, Seq since) {
  void* const memory = ::operator new(sizeof(Record) + key.bytes.size() + value.size());
  auto* const record = new (memory) Record;
  record->key_bytes = static_cast<uint32_t>(key.bytes.size());
  std::memcpy(record->bytes(), key.bytes.data(), key.bytes.size());
  record->SetValue(value, since);
  return {key.hash, std::unique_ptr<Record, Free>(record)};
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

RecordCache::Record* RecordCache::Look(const Shard& shard, const KeyView& key, bool* is_old) {
  *is_old = false;
  if (const auto it = shard.young.find(key); it != shard.young.end()) return it->record.get();
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return nullptr;
  *is_old = true;
  return it->record.get();
}

RecordCache::Record* RecordCache::Find(Shard& shard, const KeyView& key) {
  bool is_old = false;
  Record* const found = Look(shard, key, &is_old);
  if (is_old) Insert(shard, std::move(shard.old.extract(key).value()));
  return found;
}

void RecordCache::Insert(Shard& shard, Slot slot) {
  const size_t cost = CostOf(slot.record->key(), slot.record->value());
  if (shard.young_bytes + cost > generation_bytes_) {
    shard.old = std::move(shard.young);
    shard.young = Records();
    shard.young_bytes = 0;
  }
  shard.young_bytes += cost;
  shard.young.insert(std::move(slot));
}

bool RecordCache::Get(std::string_view key, Seq as_of, std::string* value) {
  const KeyView view = MakeKey(key);
  NearRecords& mine = NearRecords::OfThread();
  Near& near = mine.SlotOf(id_, view.hash);
  Lane& lane = LaneOf(view, mine);
  return GetNear(view, as_of, near, lane, value) || GetShared(view, as_of, near, lane, value);
}

// A copy is the newest value at each commit from `since` to `near.as_of`, and at later ones until
// one writes the key. That one marks the key's stripe with its seq before it is written and
// published, so whoever has taken an N, or a snapshot, that includes it sees the mark. Loads and
// stores of marks may be relaxed: the order is that of `published`, and of the storage's snapshots.
// Where no mark is greater than `near.as_of`, nothing that the reader may see has changed the
// value.
bool RecordCache::GetNear(const KeyView& key, Seq as_of, Near& near, Lane& lane,
                          std::string* value) {
  if (!near.Holds(id_, key.hash, key.bytes) || near.since > as_of) return false;
  if (LastWrite(key).load(std::memory_order_relaxed) > near.as_of) return false;
  value->assign(near.value());
  if (++near.hits == kHitsAtATime) {
    const std::lock_guard lock(lane.mutex);
    lane.counts.hits += std::exchange(near.hits, 0);
  }
  return true;
}

bool RecordCache::GetShared(const KeyView& key, Seq as_of, Near& near, Lane& lane,
                            std::string* value) {
  Shard& shard = ShardOf(key);
  bool is_old = false;
  {
    const std::lock_guard lock(lane.mutex);
    const Record* const found = Look(shard, key, &is_old);
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
  }
  if (is_old) {
    const AllLanes lock(shard);
    Find(shard, key);
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

void RecordCache::Offer(std::string_view key, std::string_view value, Seq as_of) {
  if (CostOf(key, value) > generation_bytes_) return;
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const AllLanes lock(shard);
  if (LastWrite(view).load(std::memory_order_relaxed) > as_of || Find(shard, view) != nullptr)
    return;
  Insert(shard, MakeSlot(view, value, as_of));
}

void RecordCache::Write(std::string_view key, std::string_view value, Seq seq, bool insert) {
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  {
    // Most writes are of new files, which change nothing here.
    const std::lock_guard lock(LaneOf(view, NearRecords::OfThread()).mutex);
    LastWrite(view).store(seq, std::memory_order_relaxed);
    bool is_old = false;
    if (!insert && Look(shard, view, &is_old) == nullptr) return;
  }
  const AllLanes lock(shard);
  Record* const found = Find(shard, view);
  // In place, unless that would leave much of its memory unused and uncounted.
  if (found != nullptr && value.size() <= found->value_bytes &&
      value.size() >= found->value_bytes / 2) {
    found->SetValue(value, seq);
    return;
  }
  const bool keep = found != nullptr || insert;
  if (found != nullptr) {
    shard.young_bytes -= CostOf(found->key(), found->value());
    shard.young.erase(view);
  }
  if (keep && CostOf(key, value) <= generation_bytes_) Insert(shard, MakeSlot(view, value, seq));
}

}  // namespace marcot::core

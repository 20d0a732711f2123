#include "core/record_cache.h"

#include <cstring>
#include <new>

#include "xxhash.h"

namespace marcot::core {
namespace {

// What a record costs beside its key and value: its slot in a table of which a third is empty, its
// head, and what malloc adds.
constexpr size_t kRecordBytes = 72;

}  // namespace

RecordCache::RecordCache(size_t budget_bytes)
    : generation_bytes_(budget_bytes / kShards / 2), shards_(new Shard[kShards]) {}

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

RecordCache::Record* RecordCache::Find(Shard& shard, const KeyView& key) {
  if (const auto it = shard.young.find(key); it != shard.young.end()) return it->record.get();
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return nullptr;
  Slot slot = std::move(shard.old.extract(it).value());
  Record* const record = slot.record.get();
  Insert(shard, std::move(slot));
  return record;
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
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  Record* const found = Find(shard, view);
  if (found == nullptr || found->since > as_of) {
    ++shard.counts.misses;
    return false;
  }
  ++shard.counts.hits;
  value->assign(found->value());
  return true;
}

RecordCache::Counts RecordCache::GetCounts() const {
  Counts sum;
  for (size_t i = 0; i < kShards; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    sum.hits += shards_[i].counts.hits;
    sum.misses += shards_[i].counts.misses;
  }
  return sum;
}

void RecordCache::Offer(std::string_view key, std::string_view value, Seq as_of) {
  if (CostOf(key, value) > generation_bytes_) return;
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  if (shard.last_write > as_of || Find(shard, view) != nullptr) return;
  Insert(shard, MakeSlot(view, value, as_of));
}

void RecordCache::Write(std::string_view key, std::string_view value, Seq seq, bool insert) {
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  shard.last_write = seq;
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

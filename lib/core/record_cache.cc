#include "core/record_cache.h"

#include "xxhash.h"

namespace marcot::core {
namespace {

// What a map slot costs beside the bytes that do not fit into its strings.
constexpr size_t kSlotBytes = 96;

}  // namespace

RecordCache::RecordCache(size_t budget_bytes)
    : generation_bytes_(budget_bytes / kShards / 2), shards_(new Shard[kShards]) {}

RecordCache::KeyView RecordCache::MakeKey(std::string_view key) {
  return {XXH3_64bits(key.data(), key.size()), key};
}

RecordCache::Value* RecordCache::Find(Shard& shard, const KeyView& key) {
  if (const auto it = shard.young.find(key); it != shard.young.end()) return &it->second;
  const auto it = shard.old.find(key);
  if (it == shard.old.end()) return nullptr;
  Value value = std::move(it->second);
  shard.old.erase(it);
  Insert(shard, key, value.bytes, value.since);
  const auto moved = shard.young.find(key);
  return moved == shard.young.end() ? nullptr : &moved->second;
}

void RecordCache::Insert(Shard& shard, const KeyView& key, std::string_view bytes, Seq since) {
  const size_t cost = kSlotBytes + key.bytes.size() + bytes.size();
  if (cost > generation_bytes_) return;
  if (shard.young_bytes + cost > generation_bytes_) {
    shard.old = std::move(shard.young);
    shard.young = Map();
    shard.young_bytes = 0;
  }
  shard.young_bytes += cost;
  shard.young.insert_or_assign(Key{key.hash, std::string(key.bytes)},
                               Value{std::string(bytes), since});
}

bool RecordCache::Get(std::string_view key, Seq as_of, std::string* value) {
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  const Value* found = Find(shard, view);
  if (found == nullptr || found->since > as_of) {
    ++shard.counts.misses;
    return false;
  }
  ++shard.counts.hits;
  value->assign(found->bytes);
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
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  if (shard.last_write > as_of || Find(shard, view) != nullptr) return;
  Insert(shard, view, value, as_of);
}

void RecordCache::Write(std::string_view key, std::string_view value, Seq seq, bool insert) {
  const KeyView view = MakeKey(key);
  Shard& shard = ShardOf(view);
  const std::lock_guard lock(shard.mutex);
  shard.last_write = seq;
  if (Value* found = Find(shard, view); found != nullptr) {
    if (value.size() > found->bytes.size()) shard.young_bytes += value.size() - found->bytes.size();
    found->bytes.assign(value);
    found->since = seq;
  } else if (insert) {
    Insert(shard, view, value, seq);
  }
}

}  // namespace marcot::core

#include "service/expiries.h"

#include <algorithm>
#include <utility>

namespace marcot::service {

int64_t* Expiries::FindIn(Shard& shard, const std::string& token) {
  if (const auto it = shard.young.find(token); it != shard.young.end()) return &it->second;
  const auto it = shard.old.find(token);
  if (it == shard.old.end()) return nullptr;
  const int64_t expiry_ms = it->second;
  if (shard.young.size() == kGeneration) shard.old = std::exchange(shard.young, {});
  return &(shard.young[token] = expiry_ms);
}

std::optional<int64_t> Expiries::Find(const std::string& token) {
  Shard& shard = ShardOf(token);
  const std::lock_guard lock(shard.mutex);
  const int64_t* const found = FindIn(shard, token);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void Expiries::Raise(const std::string& token, int64_t expiry_ms) {
  Shard& shard = ShardOf(token);
  const std::lock_guard lock(shard.mutex);
  if (int64_t* const found = FindIn(shard, token); found != nullptr) {
    *found = std::max(*found, expiry_ms);
    return;
  }
  if (shard.young.size() == kGeneration) shard.old = std::exchange(shard.young, {});
  shard.young[token] = expiry_ms;
}

}  // namespace marcot::service

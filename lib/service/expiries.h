// When tokens expire, to the millisecond, of those that were used last: bounded, for what it
// forgets can be read again from what is stored, if less exactly.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"

namespace marcot::service {

// Thread-safe.
class Expiries {
 public:
  std::optional<int64_t> Find(const std::string& token);
  // The later of what it was and this.
  void Raise(const std::string& token, int64_t expiry_ms);

 private:
  using Map = absl::flat_hash_map<std::string, int64_t>;
  // What is looked up moves to the young one; when that is full the old one is dropped.
  struct Shard {
    std::mutex mutex;
    Map young, old;
  };
  static constexpr size_t kShards = 16;
  static constexpr size_t kGeneration = 2048;

  Shard& ShardOf(const std::string& token) {
    return shards_[absl::Hash<std::string>()(token) % kShards];
  }
  static int64_t* FindIn(Shard& shard, const std::string& token);

  std::array<Shard, kShards> shards_;
};

}  // namespace marcot::service

// Which keys a memtable may hold, by hashes of them: a Bloom filter whose bits of one key lie in
// one line of the processor's cache. Answers most look-ups of absent keys without the skip list.
//
// Its lines are many and used at random, so nearly every one must be waited for. Therefore a key is
// first kept beside them, while its line is fetched, and added with the eighth key behind it.
// One writer, readers beside it without locks.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace marcot::storage {

class KeyFilter {
 public:
  struct alignas(64) Line {
    std::array<std::atomic<uint64_t>, 8> words{};
  };

  // `memory` for so many lines, at least one, aligned as they are; it stays for as long as this.
  KeyFilter(void* memory, size_t lines) : lines_(new (memory) Line[lines]), count_(lines) {}

  // By the one writer.
  void Add(uint64_t hash) {
    __builtin_prefetch(&LineOf(hash), 1);
    std::atomic<uint64_t>& place = pending_[next_++ % pending_.size()];
    Set(place.load(std::memory_order_relaxed));
    // Who misses it among the pending ones finds its bits.
    place.store(hash, std::memory_order_release);
  }

  // By anyone. Never false of a key whose addition happened before.
  bool MayHold(uint64_t hash) const {
    if (IsSet(hash)) return true;
    for (const std::atomic<uint64_t>& pending : pending_) {
      if (pending.load(std::memory_order_acquire) == hash) return true;
    }
    return IsSet(hash);  // it may have been pending until just now
  }

 private:
  static constexpr int kBitsOfKey = 5;

  Line& LineOf(uint64_t hash) const { return lines_[(hash >> 32) * count_ >> 32]; }

  // Calls with a word of the line and a bit of it, by the lower bits of the hash, until the answer
  // is false.
  template <typename Call>
  bool ForEachBit(uint64_t hash, const Call& call) const {
    Line& line = LineOf(hash);
    for (int i = 0; i < kBitsOfKey; ++i, hash >>= 9) {
      if (!call(line.words[hash >> 6 & 7], uint64_t{1} << (hash & 63))) return false;
    }
    return true;
  }
  void Set(uint64_t hash) {
    ForEachBit(hash, [](std::atomic<uint64_t>& word, uint64_t bit) {
      word.store(word.load(std::memory_order_relaxed) | bit, std::memory_order_relaxed);
      return true;
    });
  }
  bool IsSet(uint64_t hash) const {
    return ForEachBit(hash, [](const std::atomic<uint64_t>& word, uint64_t bit) {
      return (word.load(std::memory_order_relaxed) & bit) != 0;
    });
  }

  Line* const lines_;
  const uint64_t count_;
  size_t next_ = 0;
  // The first are of no key; their bits do no harm.
  std::array<std::atomic<uint64_t>, 8> pending_{};
};

}  // namespace marcot::storage

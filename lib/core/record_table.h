// The records of one shard of a cache (core/record_cache.h): a hash table within a budget of bytes.
//
// It is made of lines of memory, so that a look costs one and the record. A line holds six records
// and 15 bits of each one's hash; what finds its line full goes on by a step of its own, and the
// lines it has passed count it, so that a search ends at the first line that nobody has passed.
//
// What has to go is chosen by a hand that moves over the slots: what was looked up or set again
// since it was there stays for another round. It takes no line's six slots in a row: lines before
// it would be full, and those behind it empty.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/keys.h"

namespace marcot::core {

// Any number may Look at a time; who changes it, alone.
class RecordTable {
 public:
  // In one piece of memory: this, the key, the value.
  struct Record {
    Seq since = 0;
    uint32_t key_bytes = 0, value_bytes = 0;
    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
    std::string_view key() const { return {bytes(), key_bytes}; }
    std::string_view value() const { return {bytes() + key_bytes, value_bytes}; }
  };
  struct Key {
    explicit Key(std::string_view key);
    uint64_t hash;
    std::string_view bytes;
  };

  explicit RecordTable(size_t budget_bytes);

  // Null: not here. Good until the next change.
  const Record* Look(const Key& key) const;
  // Adds the record or gives it another value; one that is too long for the budget goes.
  void Set(const Key& key, std::string_view value, Seq since);
  // Lines that a look for it reads.
  size_t LinesOf(const Key& key) const { return Find(key).lines; }

 private:
  static constexpr size_t kPerLine = 6;
  static constexpr uint8_t kMany = 255;
  struct Free {
    void operator()(Record* record) const { ::operator delete(record); }
  };
  using Owned = std::unique_ptr<Record, Free>;
  struct alignas(64) Line {
    mutable std::atomic<uint8_t> looked{0};  // a bit for each record: it stays
    uint8_t passed = 0;                      // by so many records; kMany: it was that many
    uint16_t tags[kPerLine] = {};            // 0: no record
    Owned records[kPerLine];
  };
  static_assert(sizeof(Line) == 64);
  struct Place {
    size_t line, slot;  // slot kPerLine: not here
    size_t lines = 0;   // read to find that
  };

  static uint16_t TagOf(const Key& key) { return static_cast<uint16_t>(key.hash >> 42 | 1); }
  static size_t CostOf(size_t key_bytes, size_t value_bytes);
  static Owned MakeRecord(const Key& key, std::string_view value, Seq since);
  size_t Wrapped(size_t line) const { return line & (lines_.size() - 1); }
  size_t LineOf(const Key& key) const { return Wrapped(key.hash); }
  // An odd step leads through all lines.
  size_t Next(size_t line, const Key& key) const { return Wrapped(line + (key.hash >> 26 | 1)); }

  Place Find(const Key& key) const;
  bool SetInPlace(const Place& place, std::string_view value, Seq since);
  void Mark(const Place& place) const;
  bool Unmark(const Place& place);
  void Add(const Key& key, std::string_view value, Seq since, bool looked);
  void Put(const Key& key, Owned record, bool looked);
  void Erase(const Place& place);
  void MakeRoom(size_t bytes);
  void Grow();
  void Sweep();

  const size_t budget_bytes_;
  std::vector<Line> lines_;  // a power of two
  size_t bytes_;             // of the lines and the records
  size_t records_ = 0;
  size_t hand_ = 0;  // over the first slot of each line, then over the second ...
};

}  // namespace marcot::core

#include "core/record_table.h"

#include <cstring>
#include <new>
#include <utility>

#include "xxhash.h"

namespace marcot::core {
namespace {

// Malloc adds a head to what is asked for, and rounds both up.
constexpr size_t kMallocHead = 8, kMallocUnit = 16;

// Records for each line: with the first a table grows if its budget has room for that, with the
// second some have to go. A line holds six, so few pass it.
constexpr size_t kGrowAt = 3, kFull = 4;

}  // namespace

RecordTable::Key::Key(std::string_view key)
    : hash(XXH3_64bits(key.data(), key.size())), bytes(key) {}

RecordTable::RecordTable(size_t budget_bytes)
    : budget_bytes_(budget_bytes), lines_(1), bytes_(sizeof(Line)) {}

size_t RecordTable::CostOf(size_t key_bytes, size_t value_bytes) {
  const size_t bytes = kMallocHead + sizeof(Record) + key_bytes + value_bytes;
  return (bytes + kMallocUnit - 1) / kMallocUnit * kMallocUnit;
}

RecordTable::Owned RecordTable::MakeRecord(const Key& key, std::string_view value, Seq since) {
  // With what malloc would add to its end: another value may take that.
  void* const memory = ::operator new(CostOf(key.bytes.size(), value.size()) - kMallocHead);
  Owned record(new (memory) Record{since, static_cast<uint32_t>(key.bytes.size()),
                                   static_cast<uint32_t>(value.size())});
  std::memcpy(record->bytes(), key.bytes.data(), key.bytes.size());
  std::memcpy(record->bytes() + key.bytes.size(), value.data(), value.size());
  return record;
}

// Lines that many have passed may lead to each other all around: a search passes none twice.
RecordTable::Place RecordTable::Find(const Key& key) const {
  const uint16_t tag = TagOf(key);
  size_t at = LineOf(key), lines = 0;
  while (true) {
    const Line& line = lines_[at];
    ++lines;
    for (size_t slot = 0; slot < kPerLine; ++slot) {
      if (line.tags[slot] == tag && line.records[slot]->key() == key.bytes)
        return {at, slot, lines};
    }
    if (line.passed == 0 || lines == lines_.size()) return {at, kPerLine, lines};
    at = Next(at, key);
  }
}

const RecordTable::Record* RecordTable::Look(const Key& key) const {
  const Place place = Find(key);
  if (place.slot == kPerLine) return nullptr;
  Mark(place);
  return lines_[place.line].records[place.slot].get();
}

// Others may do so at the same time; most find it marked.
void RecordTable::Mark(const Place& place) const {
  std::atomic<uint8_t>& looked = lines_[place.line].looked;
  const auto bit = static_cast<uint8_t>(1u << place.slot);
  if ((looked.load(std::memory_order_relaxed) & bit) == 0) {
    looked.fetch_or(bit, std::memory_order_relaxed);
  }
}

// Whether it was marked.
bool RecordTable::Unmark(const Place& place) {
  std::atomic<uint8_t>& looked = lines_[place.line].looked;
  const auto bit = static_cast<uint8_t>(1u << place.slot);
  const uint8_t before = looked.load(std::memory_order_relaxed);
  looked.store(static_cast<uint8_t>(before & ~bit), std::memory_order_relaxed);
  return (before & bit) != 0;
}

void RecordTable::Set(const Key& key, std::string_view value, Seq since) {
  const Place place = Find(key);
  const bool known = place.slot != kPerLine;
  if (known && SetInPlace(place, value, since)) return;
  if (known) Erase(place);
  Add(key, value, since, known);
}

// If the record costs the same then.
bool RecordTable::SetInPlace(const Place& place, std::string_view value, Seq since) {
  Record& record = *lines_[place.line].records[place.slot];
  if (CostOf(record.key_bytes, value.size()) != CostOf(record.key_bytes, record.value_bytes)) {
    return false;
  }
  record.since = since;
  record.value_bytes = static_cast<uint32_t>(value.size());
  std::memcpy(record.bytes() + record.key_bytes, value.data(), value.size());
  Mark(place);
  return true;
}

void RecordTable::Add(const Key& key, std::string_view value, Seq since, bool looked) {
  const size_t cost = CostOf(key.bytes.size(), value.size());
  // One that would take most of the memory is not worth all that would have to go.
  if (lines_.size() * sizeof(Line) + 2 * cost > budget_bytes_) return;
  MakeRoom(cost);
  Put(key, MakeRecord(key, value, since), looked);
  bytes_ += cost;
  ++records_;
}

void RecordTable::Put(const Key& key, Owned record, bool looked) {
  size_t at = LineOf(key);
  for (;; at = Next(at, key)) {
    Line& line = lines_[at];
    for (size_t slot = 0; slot < kPerLine; ++slot) {
      if (line.tags[slot] != 0) continue;
      line.tags[slot] = TagOf(key);
      line.records[slot] = std::move(record);
      if (looked) Mark({at, slot});
      return;
    }
    if (line.passed != kMany) ++line.passed;
  }
}

void RecordTable::Erase(const Place& place) {
  Line& line = lines_[place.line];
  const Owned record = std::move(line.records[place.slot]);
  const Key key(record->key());
  for (size_t at = LineOf(key); at != place.line; at = Next(at, key)) {
    if (lines_[at].passed != kMany) --lines_[at].passed;
  }
  line.tags[place.slot] = 0;
  Unmark(place);
  bytes_ -= CostOf(record->key_bytes, record->value_bytes);
  --records_;
}

void RecordTable::MakeRoom(size_t bytes) {
  if (records_ >= lines_.size() * kGrowAt &&
      bytes_ + lines_.size() * sizeof(Line) + bytes <= budget_bytes_) {
    Grow();
  }
  while (records_ >= lines_.size() * kFull || bytes_ + bytes > budget_bytes_) Sweep();
}

void RecordTable::Grow() {
  std::vector<Line> old(lines_.size() * 2);
  old.swap(lines_);
  bytes_ += old.size() * sizeof(Line);
  for (Line& line : old) {
    const unsigned looked = line.looked.load(std::memory_order_relaxed);
    for (size_t slot = 0; slot < kPerLine; ++slot) {
      if (line.tags[slot] == 0) continue;
      const Key key(line.records[slot]->key());
      Put(key, std::move(line.records[slot]), (looked >> slot & 1) != 0);
    }
  }
}

// Moves the hand over one slot: a record that nobody looked up since the last time goes.
void RecordTable::Sweep() {
  const Place place{hand_ % lines_.size(), hand_ / lines_.size()};
  if (!Unmark(place) && lines_[place.line].tags[place.slot] != 0) Erase(place);
  hand_ = (hand_ + 1) % (lines_.size() * kPerLine);
}

}  // namespace marcot::core

// The storage interface: all that the namespace core asks of a key-value store. Ordered families of
// keys, reads at the newest state or at a snapshot, one atomic batch over all families.
//
// Values are sealed on their way in and checked on their way out: a 32-bit checksum over family,
// key and value, so that a value that was damaged, or that stands under a wrong key, is never
// returned as right (invariant I8).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/backup.h"
#include "marcot/metrics.h"

namespace marcot::storage {

// What each holds and how its keys are made: core/keys.h, core/facts.h, core/summaries.h.
enum class Family : uint8_t {
  kMeta,
  kSpaces,
  kEntries,
  kHistory,
  kNodes,
  kPins,
  kDeadlists,
  kTotals,
  kTotalsLog,
  kContents,
  kReleased,
  kReclaim,
  kChunks,
  kBin,
  kVersions,
  kFacts,
  kChanges,
  kBirths,
  kSummaries,
};
inline constexpr int kFamilyCount = 19;
std::string_view FamilyName(Family family);

// Keys in [lower, upper); an empty upper is no bound.
struct Range {
  std::string_view lower, upper;
  // History alone: the bounds differ in their last 8 bytes only, so a filter over the rest may
  // answer that nothing is there.
  bool one_group = false;
  // Values are shown with their seals, unchecked: for who looks for damage and goes on behind it.
  bool sealed = false;
  // Whoever reads will probably read the same again, so what is seen may stay in memory.
  bool listed = false;
};

class Snapshot {
 public:
  virtual ~Snapshot() = default;
};

// Walks the keys of one family in order, within the bounds it was made with. Starts invalid.
// After a move `Valid` is false at the end and on an error; `status` tells them apart.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void Seek(std::string_view key) = 0;         // the first key >= key
  virtual void SeekForPrev(std::string_view key) = 0;  // the last key <= key
  virtual void Next() = 0;
  virtual void Prev() = 0;
  virtual bool Valid() const = 0;
  virtual std::string_view key() const = 0;    // until the next move
  virtual std::string_view value() const = 0;  // until the next move
  virtual absl::Status status() const = 0;
};

class Batch {
 public:
  virtual ~Batch() = default;
  virtual void Put(Family family, std::string_view key, std::string_view value) = 0;
  // A value with its seal, as a cursor over a `sealed` range showed it.
  virtual void PutSealed(Family family, std::string_view key, std::string_view sealed) = 0;
  virtual void Delete(Family family, std::string_view key) = 0;
  // All keys in [lower, upper). For rows that nobody reads again: cursors may still show them.
  virtual void DeleteRange(Family family, std::string_view lower, std::string_view upper) = 0;
  virtual void Clear() = 0;
};

// Rows of one family in the order of their keys, sealed, in one piece of memory.
class SortedRows {
 public:
  size_t bytes() const { return bytes_.size(); }
  bool empty() const { return sizes_.empty(); }
  Family family() const { return family_; }  // where it is not empty
  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  // The same family until it is cleared. `key` and `value` append theirs to the string that they
  // are given: a row is made where it stays.
  template <typename Key, typename Value>
  void Add(Family family, const Key& key, const Value& value) {
    family_ = family;
    const size_t begin = bytes_.size();
    key(&bytes_);
    const size_t key_bytes = bytes_.size() - begin;
    value(&bytes_);
    Seal(begin, key_bytes);
  }
  // Keeps its memory.
  void Clear() {
    bytes_.clear();
    sizes_.clear();
  }

  // `visit(key, sealed)` answers a status; the first that is not OK is the answer.
  template <typename Visit>
  absl::Status ForEach(const Visit& visit) const {
    std::string_view rest = bytes_;
    for (const auto& [key, sealed] : sizes_) {
      if (absl::Status status = visit(rest.substr(0, key), rest.substr(key, sealed));
          !status.ok()) {
        return status;
      }
      rest.remove_prefix(key + sealed);
    }
    return absl::OkStatus();
  }

 private:
  // The last row, whose value ends where all does.
  void Seal(size_t begin, size_t key_bytes);

  Family family_ = Family::kMeta;
  std::string bytes_;
  std::vector<std::pair<uint32_t, uint32_t>> sizes_;  // of each key, and of its value
};

// Many rows on their way into the database in files of their own, beside the batches. Of one that
// is destroyed before it was committed nothing is left.
class Ingestion {
 public:
  virtual ~Ingestion() = default;
  // A file of rows, between the keys of which no other file has any, and the family neither.
  // Thread-safe.
  virtual absl::Status Add(const SortedRows& rows) = 0;
  // All of the rows or nothing, of all families at once; they are on the disk when this returns.
  // The last call.
  virtual absl::Status Commit() = 0;
};

// Thread-safe, but for Write: one caller at a time.
class Storage {
 public:
  virtual ~Storage() = default;

  // Whether the key exists; its value into `value`. Null snapshot: the newest state.
  virtual absl::StatusOr<bool> Get(Family family, std::string_view key, const Snapshot* snapshot,
                                   std::string* value) const = 0;
  // The cursor holds its own consistent view where `snapshot` is null.
  virtual std::unique_ptr<Cursor> NewCursor(Family family, const Range& range,
                                            const Snapshot* snapshot) const = 0;
  virtual std::unique_ptr<Snapshot> TakeSnapshot() const = 0;

  virtual std::unique_ptr<Batch> NewBatch() const = 0;
  // All of the batch or nothing; `sync`: it is on the disk when this returns. A batch that was
  // written is cleared before it is used again. By one thread at a time. What a power cut leaves of
  // batches that were not synced is none behind one that it lost.
  virtual absl::Status Write(Batch& batch, bool sync) = 0;
  virtual absl::StatusOr<std::unique_ptr<Ingestion>> NewIngestion() = 0;

  virtual StorageFigures GetFigures() const = 0;

  // A database of the same state in a new folder, by links where it can.
  virtual absl::Status Checkpoint(const std::string& folder) const = 0;
  // Adds the state of now to a folder of backups of the same owner (storage/backup.h).
  virtual absl::StatusOr<BackupInfo> Backup(const std::string& backups,
                                            const std::string& owner) const = 0;
};

// The seal: appended to a value as it is written, checked and taken off as it is read.
using Seal = std::array<char, 4>;
Seal SealOf(Family family, std::string_view key, std::string_view value);
void AppendSeal(Family family, std::string_view key, std::string* value);
// The value without its seal; StoreDamaged, naming family and key, if it does not match.
absl::StatusOr<std::string_view> CheckSeal(Family family, std::string_view key,
                                           std::string_view sealed);

}  // namespace marcot::storage

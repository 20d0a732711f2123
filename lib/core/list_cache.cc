#include "core/list_cache.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/dir_cursor.h"

namespace marcot::core {
namespace {

using storage::Cursor;
using storage::Range;

// Some 700 files. A page of a large directory is paid for by its entries, not by its seek.
constexpr size_t kMostBytes = 64u << 10;
// What a directory costs beside its rows: its slot in a table of which a third is empty, two heads,
// and what malloc adds.
constexpr size_t kDirectoryBytes = 160;

std::string FirstKey(DirId dir) { return EntryKey(dir, SlotsBegin(kDirectorySlot)); }
std::string EndKey(DirId dir) { return EntryKey(dir, SlotsEnd(kFileSlot)); }

// The directory of which a range shows files and directories; 0: it may show more than these.
DirId DirOf(const Range& range) {
  if (range.sealed || range.lower.size() < kFixedBytes || range.upper.empty()) return 0;
  const DirId dir = LoadFixed64(range.lower.data());
  return range.lower >= FirstKey(dir) && range.upper <= EndKey(dir) ? dir : 0;
}

}  // namespace

// Directories and files of one directory in the order of their keys.
class ListCache::Rows {
 public:
  size_t size() const { return ends_.size() / 2; }
  std::string_view key(size_t row) const {
    return Piece(row == 0 ? 0 : ends_[2 * row - 1], ends_[2 * row]);
  }
  std::string_view value(size_t row) const { return Piece(ends_[2 * row], ends_[2 * row + 1]); }
  // The first that is not before the key; `size` where there is none.
  size_t LowerBound(std::string_view key) const;
  size_t bytes() const { return bytes_.size() + ends_.size() * sizeof(uint32_t); }

  void Add(std::string_view key, std::string_view value) {
    bytes_ += key;
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
    bytes_ += value;
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
  }

 private:
  std::string_view Piece(size_t begin, size_t end) const {
    return {bytes_.data() + begin, end - begin};
  }

  std::string bytes_;           // a key, its value, and so on
  std::vector<uint32_t> ends_;  // of each of these pieces
};

size_t ListCache::Rows::LowerBound(std::string_view bound) const {
  size_t first = 0;
  for (size_t count = size(); count > 0;) {
    const size_t half = count / 2;
    const bool before = key(first + half) < bound;
    first += before ? half + 1 : 0;
    count = before ? count - half - 1 : half;
  }
  return first;
}

class ListCache::RowsCursor final : public Cursor {
 public:
  RowsCursor(std::shared_ptr<const Rows> rows, const Range& range)
      : rows_(std::move(rows)),
        begin_(rows_->LowerBound(range.lower)),
        end_(std::max(begin_, rows_->LowerBound(range.upper))),
        row_(end_) {}

  void Seek(std::string_view key) override {
    row_ = std::clamp(rows_->LowerBound(key), begin_, end_);
  }
  void SeekForPrev(std::string_view key) override {
    const size_t row = rows_->LowerBound(key);
    row_ = std::min(row < rows_->size() && rows_->key(row) == key ? row + 1 : row, end_);
    Prev();
  }
  void Next() override { ++row_; }
  void Prev() override { row_ = row_ > begin_ ? row_ - 1 : end_; }
  bool Valid() const override { return row_ < end_; }
  std::string_view key() const override { return rows_->key(row_); }
  std::string_view value() const override { return rows_->value(row_); }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<const Rows> rows_;
  const size_t begin_, end_;
  size_t row_;
};

class ListCache::KeepingCursor final : public Cursor {
 public:
  KeepingCursor(ListCache& cache, std::unique_ptr<Cursor> cursor, DirId dir, Seq as_of)
      : cache_(cache), cursor_(std::move(cursor)), dir_(dir), as_of_(as_of) {}

  void Seek(std::string_view key) override {
    cursor_->Seek(key);
    rows_.reset(key <= FirstKey(dir_) ? new (std::nothrow) Rows() : nullptr);
    Keep();
  }
  void SeekForPrev(std::string_view key) override {
    cursor_->SeekForPrev(key);
    rows_ = nullptr;
  }
  void Next() override {
    cursor_->Next();
    Keep();
  }
  void Prev() override {
    cursor_->Prev();
    rows_ = nullptr;
  }
  bool Valid() const override { return cursor_->Valid(); }
  std::string_view key() const override { return cursor_->key(); }
  std::string_view value() const override { return cursor_->value(); }
  absl::Status status() const override { return cursor_->status(); }

 private:
  // A read does not fail since there is no memory to keep what it saw.
  void Keep() {
    if (rows_ == nullptr) return;
    try {
      if (cursor_->Valid()) return KeepRow();
      if (cursor_->status().ok()) cache_.Offer(dir_, std::make_shared<const Rows>(*rows_), as_of_);
    } catch (const std::bad_alloc&) {
    }
    rows_ = nullptr;
  }

  void KeepRow() {
    rows_->Add(cursor_->key(), cursor_->value());
    if (rows_->bytes() <= cache_.most_bytes_) return;
    cache_.Large(dir_).store(dir_, std::memory_order_relaxed);
    rows_ = nullptr;
  }

  ListCache& cache_;
  const std::unique_ptr<Cursor> cursor_;
  const DirId dir_;
  const Seq as_of_;
  std::unique_ptr<Rows> rows_;  // all so far; null: they are not to be kept
};

// Two generations: what is found in the old one moves to the young one, and when that has its share
// of the budget the old one is dropped.
struct alignas(64) ListCache::Shard {
  struct Known {
    Seq as_of;
    std::shared_ptr<const Rows> rows;
  };
  using Directories = absl::flat_hash_map<DirId, Known>;

  Seq& LastWrite(DirId dir) { return last_writes[dir / kShards % kStripes]; }
  static size_t CostOf(const Known& known) { return known.rows->bytes() + kDirectoryBytes; }

  // Null: not known. What was in the old generation moves to the young one.
  const Known* Find(DirId dir, size_t generation_bytes, Directories* dead) {
    if (const auto it = young.find(dir); it != young.end()) return &it->second;
    auto node = old.extract(dir);
    return node.empty() ? nullptr : &Insert(dir, std::move(node.mapped()), generation_bytes, dead);
  }

  // Of a directory that is not known. What has to go is `dead`, to be freed without the lock.
  Known& Insert(DirId dir, Known known, size_t generation_bytes, Directories* dead) {
    const size_t cost = CostOf(known);
    if (young_bytes + cost > generation_bytes) {
      *dead = std::exchange(old, std::exchange(young, {}));
      young_bytes = 0;
    }
    young_bytes += cost;
    return young.emplace(dir, std::move(known)).first->second;
  }

  void Erase(DirId dir) {
    old.erase(dir);
    if (const auto it = young.find(dir); it != young.end()) {
      young_bytes -= CostOf(it->second);
      young.erase(it);
    }
  }

  std::mutex mutex;
  Directories young, old;
  size_t young_bytes = 0;
  Seq last_writes[kStripes] = {};
  Counts counts;
};

ListCache::ListCache(size_t budget_bytes)
    : generation_bytes_(budget_bytes / kShards / 2),
      most_bytes_(std::min(kMostBytes, generation_bytes_ / 4)),
      shards_(new Shard[kShards]),
      large_(new std::atomic<DirId>[kLarge] {}) {}

ListCache::~ListCache() = default;

ListCache::Shard& ListCache::ShardOf(DirId dir) const { return shards_[dir % kShards]; }

std::unique_ptr<Cursor> ListCache::NewCursor(const Range& range, Seq as_of) const {
  const DirId dir = DirOf(range);
  if (dir == 0) return nullptr;
  std::shared_ptr<const Rows> rows = Find(dir, as_of);
  return rows == nullptr ? nullptr : std::make_unique<RowsCursor>(std::move(rows), range);
}

std::unique_ptr<Cursor> ListCache::Kept(std::unique_ptr<Cursor> cursor, const Range& range,
                                        Seq as_of) {
  const DirId dir = DirOf(range);
  const bool whole = dir != 0 && range.lower == FirstKey(dir) && range.upper == EndKey(dir);
  if (!range.listed || !whole) return cursor;
  CountMiss(dir);
  if (Large(dir).load(std::memory_order_relaxed) == dir) return cursor;
  return std::make_unique<KeepingCursor>(*this, std::move(cursor), dir, as_of);
}

void ListCache::CountMiss(DirId dir) {
  Shard& shard = ShardOf(dir);
  const std::lock_guard lock(shard.mutex);
  ++shard.counts.misses;
}

void ListCache::Write(DirId dir, Seq seq) {
  Shard& shard = ShardOf(dir);
  const std::lock_guard lock(shard.mutex);
  shard.LastWrite(dir) = seq;
  shard.Erase(dir);
}

std::shared_ptr<const ListCache::Rows> ListCache::Find(DirId dir, Seq as_of) const {
  Shard::Directories dead;
  Shard& shard = ShardOf(dir);
  const std::lock_guard lock(shard.mutex);
  const Shard::Known* const known = shard.Find(dir, generation_bytes_, &dead);
  if (known == nullptr) return nullptr;
  if (as_of < known->as_of && as_of < shard.LastWrite(dir)) return nullptr;
  ++shard.counts.hits;
  return known->rows;
}

void ListCache::Offer(DirId dir, std::shared_ptr<const Rows> rows, Seq as_of) {
  Shard::Directories dead;
  Shard& shard = ShardOf(dir);
  const std::lock_guard lock(shard.mutex);
  if (as_of < shard.LastWrite(dir)) return;
  shard.Erase(dir);
  shard.Insert(dir, {as_of, std::move(rows)}, generation_bytes_, &dead);
}

ListCache::Counts ListCache::GetCounts() const {
  Counts sum;
  for (size_t i = 0; i < kShards; ++i) {
    const std::lock_guard lock(shards_[i].mutex);
    sum.hits += shards_[i].counts.hits;
    sum.misses += shards_[i].counts.misses;
  }
  return sum;
}

}  // namespace marcot::core

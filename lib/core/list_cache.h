// Entries of small directories that were listed whole, side by side in memory: a list of one seeks
// no iterator and takes no snapshot.
//
// What is kept says as of which commit it was read, and changes no more. The writer marks each
// directory of which it writes an entry, or rather one of some thousand stripes of directories,
// with its seq, before the commit is written and published (core/committed.h). A reader of commit N
// takes what was read as of A where the mark is neither greater than N nor than A: then the
// directory is at N as it was at A. A reader that has N, or a snapshot, of a commit sees that
// commit's marks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/keys.h"
#include "storage/storage.h"

namespace marcot::core {

// Thread-safe.
class ListCache {
 public:
  explicit ListCache(size_t budget_bytes);
  ~ListCache();

  // Over a range of entries as a reader of commit `as_of` sees them; null: not known.
  std::unique_ptr<storage::Cursor> NewCursor(const storage::Range& range, Seq as_of) const;
  // A cursor that moves as `cursor` does, which reads the range as of a commit >= `as_of`. If it
  // walks over a whole directory, from the first row to the end, the rows are kept.
  std::unique_ptr<storage::Cursor> Kept(std::unique_ptr<storage::Cursor> cursor,
                                        const storage::Range& range, Seq as_of);
  // The writer is about to commit a change of this entry as of `seq`.
  void Write(std::string_view key, Seq seq);

  struct Counts {
    uint64_t hits = 0, misses = 0;
  };
  Counts GetCounts() const;

 private:
  class Rows;
  class RowsCursor;
  class KeepingCursor;
  struct Shard;

  static constexpr size_t kShards = 8, kStripes = 1u << 14;
  Shard& ShardOf(DirId dir) const;
  std::atomic<Seq>& LastWrite(DirId dir) const { return last_writes_[dir % kStripes]; }
  std::shared_ptr<const Rows> Find(DirId dir, Seq as_of) const;
  void Offer(DirId dir, const Rows& rows, Seq as_of);

  const size_t generation_bytes_;  // per shard
  const size_t most_bytes_;        // of one directory's rows
  const std::unique_ptr<Shard[]> shards_;
  const std::unique_ptr<std::atomic<Seq>[]> last_writes_;
};

}  // namespace marcot::core

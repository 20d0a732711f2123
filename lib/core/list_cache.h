// Entries of small directories that were listed, side by side in memory: a list of one that is
// known seeks no iterator.
//
// Rows are kept until the writer commits a change of one of them. What is kept says as of which
// commit A it was read. The writer marks the directory's stripe, one of some hundred, with its seq,
// and lets go of the rows, before it writes and publishes the commit (core/committed.h). So where
// rows are found, a reader of a commit N >= A has the right ones; one of an older N has them if the
// stripe's mark is not greater than N; and rows that were read as of A may be kept where the mark
// is not greater than A.
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
  // A cursor that moves as `cursor` does, which reads the range as of a commit >= `as_of`. If that
  // is to be listed and it walks over a whole small directory, the rows are kept.
  std::unique_ptr<storage::Cursor> Kept(std::unique_ptr<storage::Cursor> cursor,
                                        const storage::Range& range, Seq as_of);
  // The writer is about to commit changes of entries of this directory as of `seq`.
  void Write(DirId dir, Seq seq);

  // Of whole directories, large ones too.
  struct Counts {
    uint64_t hits = 0, misses = 0;
  };
  Counts GetCounts() const;

 private:
  class Rows;
  class RowsCursor;
  class KeepingCursor;
  struct Shard;

  static constexpr size_t kShards = 16, kStripes = 32, kLarge = 1'024;
  Shard& ShardOf(DirId dir) const;
  // Of the directories that share a place, the last whose rows were more than are kept: it is not
  // tried again.
  std::atomic<DirId>& Large(DirId dir) const { return large_[dir % kLarge]; }
  void CountMiss(DirId dir);
  std::shared_ptr<const Rows> Find(DirId dir, Seq as_of) const;
  void Offer(DirId dir, std::shared_ptr<const Rows> rows, Seq as_of);

  const size_t generation_bytes_;  // per shard
  const size_t most_bytes_;        // of one directory's rows
  const std::unique_ptr<Shard[]> shards_;
  const std::unique_ptr<std::atomic<DirId>[]> large_;
};

}  // namespace marcot::core

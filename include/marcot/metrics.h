// What an open store counts and how it stands, for monitoring; and a listener to what happens.
//
// Unless a field says "now", it counts since the store was opened. Counters only grow, and are read
// one by one: of operations under way some may show what others do not show yet.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace marcot {

// What is counted by itself. Each item of a batch is an operation of its kind.
enum class OperationKind {
  kMakeDirectory,
  kPut,
  kCopy,
  kMove,
  kDelete,
  kSetAttributes,
  kSetDirectoryQuota,  // or removes it
  kRestore,
  kPurge,
  kEmptyRecycleBin,
  kSetLatestVersion,
  kDeleteVersion,
  kCreateSnapshot,
  kDeleteSnapshot,
  kAdminister,  // libraries, spaces, settings, quotas of spaces, released contents
  kStat,
  kTotals,
  kList,
  kListRecycled,
  kListVersions,
  kListSnapshots,
  kReadChanges,
  kSearch,  // a page
  kOpenFile,
  kReadFile,  // each Read of a FileReader; its time includes the host's sink
  kWalk,      // all of it, the host's visitor included
  kDiff,      // the same
  kFindObject,
  kExportSpace,  // the same, of the sink
  kImportSpace,  // the same, of the source
  kBulkLoad,     // the end of one: its place in the tree
};
inline constexpr size_t kOperationKinds = static_cast<size_t>(OperationKind::kBulkLoad) + 1;
std::string_view OperationName(OperationKind kind);  // make_directory, ..

// Operations whose times are alike share a histogram.
enum class OperationClass {
  kWrite,  // all that changes something; each item of a batch took as long as the batch
  kStat,   // stat, totals: as quick as the clock is read, so the times are of one in kStatsPerTime
  kList,   // one page of anything
  kRead,   // opening a file, reading a piece of it
  kTraverse,  // walk, diff, look-up of an object id, export and import of a space
};
inline constexpr size_t kOperationClasses = static_cast<size_t>(OperationClass::kTraverse) + 1;
inline constexpr uint64_t kStatsPerTime = 64;
std::string_view ClassName(OperationClass of);  // write, ..
OperationClass ClassOf(OperationKind kind);

// How long things took. The buckets end at powers of two of a microsecond.
struct LatencyHistogram {
  static constexpr size_t kBuckets = 25;
  // What bucket `i` holds took longer than the bucket before it and at most this. The last bucket
  // holds all that took longer than the one before it.
  static constexpr uint64_t UpperBoundUs(size_t i) { return uint64_t{1} << i; }
  static size_t BucketOf(uint64_t ns);
  uint64_t count() const;  // in all buckets

  std::array<uint64_t, kBuckets> counts{};
  uint64_t sum_ns = 0;  // nanoseconds
};

// One kind of record: what they are is told in lib/core/keys.h.
struct FamilyFigures {
  std::string_view name;
  uint64_t disk_bytes = 0;  // of its files
  uint64_t estimated_records = 0;
  uint64_t unsorted_files = 0;  // not sorted in by a compaction yet; a look-up asks each
};

// How the database stands now.
struct StorageFigures {
  uint64_t disk_bytes = 0;  // of its files, its logs not counted
  uint64_t estimated_records = 0;
  uint64_t memtable_bytes = 0;  // written, but not in files yet
  uint64_t block_cache_bytes = 0, block_cache_capacity = 0;
  uint64_t pending_compaction_bytes = 0;  // that compaction has to rewrite, estimated
  uint64_t running_compactions = 0, running_flushes = 0;
  bool write_stalled = false;        // writes are slowed until compaction has caught up
  bool write_stopped = false;        // writes wait for it
  uint64_t snapshots = 0;            // hosts', and those of reads under way
  uint64_t oldest_snapshot_age = 0;  // seconds; what was deleted since then is kept on the disk
  // Since the store was opened. What was written in all, over the log's, is how often each byte is
  // written.
  uint64_t log_bytes = 0;        // of all records that were written, as they came
  uint64_t flushed_bytes = 0;    // of them, into new files
  uint64_t compacted_bytes = 0;  // written again, to keep the files in order
  std::vector<FamilyFigures> families;
};

struct Metrics {
  struct Operations {
    uint64_t begun = 0;   // that a host asked for; what a malformed path refuses is not among them
    uint64_t failed = 0;  // of those: answered an error
  };
  Operations& of(OperationKind kind) { return operations[static_cast<size_t>(kind)]; }
  const Operations& of(OperationKind kind) const { return operations[static_cast<size_t>(kind)]; }
  const LatencyHistogram& of(OperationClass c) const { return latencies[static_cast<size_t>(c)]; }

  std::array<Operations, kOperationKinds> operations;         // by OperationKind
  std::array<LatencyHistogram, kOperationClasses> latencies;  // by OperationClass

  // ---- commits
  uint64_t seq = 0;      // of the newest commit; not counted since opening
  uint64_t commits = 0;  // groups of operations, each written as one batch
  // In those groups, the failed left out. A batch is one, and so is a chunk of a streamed content,
  // and a step of background work.
  uint64_t committed_operations = 0;
  uint64_t synced_commits = 0;      // flushed to the disk before they were answered
  LatencyHistogram commit_latency;  // executing a group and writing its batch
  bool read_only = false;           // now: a write failed, nothing can be changed until reopening

  // ---- conflicts, retries, copies
  uint64_t renumbered = 0;       // names that were taken, so that a number was given
  uint64_t flatten_waits = 0;    // times that an operation waited until a chain was flattened
  uint64_t copy_ups = 0;         // directories of copies that got a node of their own to be written
  uint64_t longest_chain = 0;    // of bases, that such a directory was read through
  uint64_t flattens_queued = 0;  // for the background
  uint64_t flattens_done = 0;    // by the background, or while an operation waited

  // ---- reclaim
  uint64_t reclaim_steps = 0;
  uint64_t reclaim_records = 0;  // that those steps visited
  uint64_t reclaim_queue = 0;    // now: jobs that wait
  uint64_t reclaim_pending = 0;  // now: records that they will visit, estimated
  bool reclaim_paused = false;   // now

  // ---- caches
  // Looks for records, and for directories to list. Hits may be some dozens short for each thread
  // and record: they are not counted one by one.
  uint64_t record_cache_hits = 0, record_cache_misses = 0;

  StorageFigures storage;
};

// The text exposition format of Prometheus, version 0.0.4. Names begin with marcot_, times are in
// seconds.
std::string PrometheusText(const Metrics& metrics);

// One group of operations has been written.
struct CommitEvent {
  uint64_t seq = 0;         // of its last operation
  uint64_t operations = 0;  // in it: see Metrics::committed_operations
  bool synced = false;      // it is on the disk
  std::chrono::nanoseconds took{0};
};

struct ReclaimEvent {
  uint64_t records = 0;  // that the step visited
  uint64_t queue = 0;    // jobs that are left
};

// Told what happens; set in StoreOptions. The calls of one store's commits come one at a time, in
// the order of the commits, the first maybe before Open has answered; those of reclaim may come
// beside them. Everybody who writes waits until a call returns, so it must be quick, and it must
// not call the store. What it throws is dropped.
class EventListener {
 public:
  virtual ~EventListener() = default;
  // After a commit, before its callers are answered. On the thread of one of them.
  virtual void OnCommit(const CommitEvent&) {}
  // Flattens that a commit queued or finished, where it did. On the same thread, after OnCommit.
  virtual void OnFlattens(uint64_t /*queued*/, uint64_t /*finished*/) {}
  // After a step of reclaim, on the thread that ran it: the background's, or of one who asked.
  virtual void OnReclaimStep(const ReclaimEvent&) {}
  // Once, when a write has failed: why. On the thread that wrote.
  virtual void OnReadOnly(const absl::Status&) {}
};

}  // namespace marcot

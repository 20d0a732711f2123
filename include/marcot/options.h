// How a store is opened, and what one operation can say.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "marcot/types.h"

namespace marcot {

class ContentStore;
class EventListener;
class Snapshot;
class Space;

enum class Durability {
  kDefault,  // the store's
  // Answered once the operation is in the operating system's hands: it survives the death of the
  // process, however sudden. A power cut may lose the last moments; what is left is a whole prefix
  // of the commits, never half of one.
  kLogged,
  // Answered once the operation is on the disk: it survives a power cut too. Operations that wait
  // at the same time share one flush.
  kSynced,
};

struct StoreOptions {
  bool create_if_missing = false;
  // Opens a store some of whose files cannot be read at all, where it otherwise answers
  // StoreDamaged, for what can be read. Every change answers StoreReadOnly.
  bool read_damaged = false;
  Durability durability = Durability::kLogged;

  size_t max_name_chars = 255;    // Unicode code points in one name; 16..255
  size_t max_path_bytes = 16384;  // of a whole path, separators included; 255..1048576

  // What the store may keep in memory, in bytes: at least 2 MiB, and both of its parts below. The
  // rest is for blocks of files and what iterators hold. Beside it are some MiB that do not grow.
  size_t memory_bytes = 512u << 20;
  // Records that readers and the writer share. Nothing: half of the budget; 0: none.
  std::optional<size_t> record_cache_bytes;
  // What is written but not in files yet, of all families together, at least 1 MiB; opening plays
  // it again after a crash. Nothing: an eighth of the budget.
  std::optional<size_t> memtable_bytes;
  // Overrides options of the storage, in the format of RocksDB's options files: sections
  // [DBOptions], [CFOptions "entries"], [TableOptions/BlockBasedTable "entries"] with the lines
  // that differ; the family "default" stands for all. ParamInvalid for what RocksDB does not know,
  // and for what is not for a host to choose: what a commit promises, say. Empty: none.
  std::string rocksdb_options_file;

  // A snapshot held longer than this answers SnapshotExpired: it keeps garbage on the disk.
  std::chrono::seconds max_snapshot_age{3600};

  // Off: garbage waits until ReclaimUntilIdle is called, and what is due until ExpireDue is.
  bool background_reclaim = true;
  // The share of the pipeline's time that background reclaim takes at the most, in percent; 1..100.
  uint32_t reclaim_percent = 20;
  // How many steps of reclaim, of some 64 records each, the background does a second at the most;
  // 0: as many as its share allows.
  uint32_t reclaim_steps_per_second = 0;

  // Where the bytes of files live; null: in the store itself.
  std::shared_ptr<ContentStore> content_store;
  // Told of commits, reclaim and failure (metrics.h); null: nobody is.
  std::shared_ptr<EventListener> listener;
  // Milliseconds since 1970 UTC; null: the system's clock. Called from any thread.
  std::function<int64_t()> clock_ms;
};

// What each operation can say; all of it may be left as it is.
struct OperationOptions {
  Strategy strategy = Strategy::kDefault;
  std::string user;  // becomes the creator of what is created; at most 255 bytes
  Durability durability = Durability::kDefault;
};

struct PutOptions : OperationOptions {
  Attributes attributes;
};

// Which of a space's trees a path is in. With neither set: the space's own. Else the path is below
// the item or the snapshot, which is the empty path itself.
struct Tree {
  uint64_t recycled_item = 0;       // RecycledItemNotFound
  std::string named_snapshot = {};  // SnapshotNotFound
};

struct DeleteOptions : OperationOptions {
  bool permanent = false;  // not into the recycle bin
};

struct ReadOptions {
  // Null: the newest commit. A read of one path never mixes two commits either way.
  const Snapshot* snapshot = nullptr;
  Tree tree = {};
  // OpenFile, Read: this version of the file; 0: the latest. VersionNotFound.
  uint64_t version = 0;
  uint64_t version_id = 0;  // the same by FileVersion::id
};

enum class ListOrder {
  kDirectoriesFirst,  // by name, the subdirectories before the files
  kName,              // by name, both kinds mixed
  // Those below read the whole directory for each page: O(n) time, O(limit) memory.
  kModificationTime,
  kSize,  // a directory's: its recursive bytes
  kCreationTime,
  // Attributes::local_creation_time, its first 64 bytes as they are: those without one come first.
  kLocalCreationTime,
};

enum class ListFilter { kAll, kOnlyDirectories, kOnlyFiles };

struct ListOptions : ReadOptions {
  ListOrder order = ListOrder::kDirectoriesFirst;
  bool descending = false;  // kDirectoriesFirst: each kind by itself, the directories still first
  bool directories_first = false;  // in the orders by time and size
  ListFilter filter = ListFilter::kAll;
  std::string prefix;  // of the name
  // In the orders by name: what comes behind this name alone; of each kind by itself where the
  // directories come first.
  std::string start_after;
  size_t limit = 20;   // 1..1000
  std::string marker;  // Page::marker of the page before; empty: the first page
};

// What fits into a Page: up to `limit` entries, and fewer (even none) where the directory is full
// of what a snapshot or copy does not see; only an empty marker is the end.
struct Page {
  std::vector<Stat> entries;
  std::string marker;
  uint64_t total_files = 0, total_directories = 0;  // direct children, whatever the filter
};

}  // namespace marcot

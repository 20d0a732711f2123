// What was: versions of files, named snapshots of directories, what differs between two of them,
// the feed of changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "marcot/options.h"
#include "marcot/types.h"

namespace marcot {

// ---- versions of a file ------------------------------------------------------------------------

struct FileVersion {
  uint64_t id = 0;       // names it in its store without its file; grows; 0: the latest has none
  uint64_t version = 0;  // as Stat::version was; grows; a copy of the file may have the same
  uint64_t size = 0;     // bytes
  ContentId content;
  int64_t modification_time_ms = 0;
  int64_t replaced_time_ms = 0;  // 0: it is the latest
};

struct ListVersionsOptions {
  size_t limit = 20;    // 1..1000
  uint64_t before = 0;  // VersionPage::next of the page before; 0: from the latest on
};

struct VersionPage {
  std::vector<FileVersion> versions;  // newest first; the first page begins with the latest
  uint64_t next = 0;                  // 0: the end
};

// ---- named snapshots ---------------------------------------------------------------------------

// A directory as it was when the snapshot was taken. Takes no part in totals and quotas.
struct NamedSnapshot {
  std::string name;
  std::vector<std::string> path;  // of the directory, as it was then
  int64_t creation_time_ms = 0;
  int64_t expiry_time_ms = 0;  // 0: never
  RecursiveTotals totals;      // below the directory
};

// ---- differences -------------------------------------------------------------------------------

// One entry in which two directories differ: by its content, size or attributes, or by being there
// on one side alone. Times, ids and creators are no differences. A directory that is there on one
// side alone stands for all below it; a file in the place of a directory is two differences.
struct Difference {
  const std::vector<std::string>& path;  // below the two directories; empty: they themselves
  const Stat* before;                    // null: it is not there
  const Stat* after;                     // null: it is not there
};

// ---- changes -----------------------------------------------------------------------------------

enum class ChangeKind {
  kDirectoryMade,  // also each parent that an operation made
  kFilePut,        // new, overwritten, or an older version made the latest
  kCopied,         // with all below it; `from` is the source
  kMoved,          // with all below it; `from` is where it was
  kDeleted,        // for good, with all below it; also: moved to another space
  kRecycled,       // with all below it, into the recycle bin; `item` says which
  kRestored,       // with all below it, out of the recycle bin; `item` says from which
  kAttributesSet,
  kLoaded,  // with all below it, by a bulk load
};

// One operation's effect on a space, as of its commit.
struct Change {
  uint64_t seq = 0;  // of the operation; those of one operation have the same
  ChangeKind kind = ChangeKind::kDirectoryMade;
  EntryType type = EntryType::kFile;
  ObjectId id;                           // of what stands (deleted: stood) at `path`
  std::vector<std::string> path;         // the root's: empty
  std::vector<std::string> from;         // kCopied, kMoved
  std::string from_library, from_space;  // empty: this space
  ObjectId from_id;                      // kCopied
  uint64_t item = 0;                     // kRecycled, kRestored
  bool overwritten = false;              // a file that stood at `path` was replaced
  std::string user;
  int64_t time_ms = 0;
};

struct ChangePage {
  std::vector<Change> changes;  // in the order of commits
  std::string cursor;           // where to read on, always set; the end is a page that is not full
};

}  // namespace marcot

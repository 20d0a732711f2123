// The recycle bin of a space: what was deleted, whole as it was, until it is restored, purged, or
// expires (LibrarySettings, SpaceSettings).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "marcot/options.h"
#include "marcot/types.h"

namespace marcot {

// One deletion: a file, or a directory with all below it.
struct RecycledItem {
  uint64_t id = 0;  // the seq of the deletion; unique in the store
  EntryType type = EntryType::kFile;
  std::vector<std::string> path;  // where it was
  std::string user;               // who deleted it
  int64_t removal_time_ms = 0;
  int64_t expiry_time_ms = 0;  // by the settings as they are now
  uint64_t size = 0;           // bytes, of a directory all below it
  RecursiveTotals totals;      // the item itself counted; less what was restored out of it
};

enum class RecycledOrder {
  kRemovalTime,
  kRemainingTime,  // the time left until it expires: of one space, the order of removal
  kName,           // the last name of the path it had
  kSize,
  // Of the file's content, or of the directory's children, what was restored out of it included.
  // Looks at all items for each page: O(items) time, O(limit) memory.
  kModificationTime,
};

struct ListRecycledOptions {
  RecycledOrder order = RecycledOrder::kRemovalTime;
  bool descending = false;
  size_t limit = 20;   // 1..1000
  std::string marker;  // RecycledPage::marker of the page before; empty: the first page
};

struct RecycledPage {
  std::vector<RecycledItem> items;
  std::string marker;  // empty: the end
  uint64_t total_items = 0;
};

// What a restore does where the directory it goes to is gone.
enum class MissingParents {
  kFail,     // DirectoryNotFound
  kCreate,   // makes every level anew
  kUseRoot,  // puts it into the space's root, under its own name
};

struct RestoreOptions : OperationOptions {
  std::string inside;  // a path below the item; empty: the item itself
  std::string to;      // the target's full path; empty: where it was
  MissingParents missing_parents = MissingParents::kFail;
};

}  // namespace marcot

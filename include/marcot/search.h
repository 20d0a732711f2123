// Finding entries by what is known of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "marcot/options.h"
#include "marcot/types.h"

namespace marcot {

enum class SearchOrder {
  kPath,  // as a walk: a directory before what is in it, subdirectories before files
  // Those below look at all that matches for each page: O(matches) time, O(limit) memory.
  kName,
  kModificationTime,
  kSize,  // a directory's: its recursive bytes
  kCreationTime,
};

inline constexpr size_t kMaxKeywords = 100;

// An entry is found if all that is set here is true of it.
struct SearchQuery : ReadOptions {
  std::string below;  // what is below this directory; empty: all of the tree
  // Its name contains one of them, case ignored. Empty: any name.
  std::vector<std::string> keywords;
  // What follows the last dot of a file's name, unless that dot is its first character; given
  // without the dot, case ignored. A directory has none, so it is not found where some are asked
  // for.
  std::vector<std::string> extensions, excluded_extensions;
  bool directories = true, files = true;
  // Of files, inclusive: a directory is not found where one of them is set.
  std::optional<uint64_t> min_size, max_size;                  // bytes
  std::optional<int64_t> modified_from_ms, modified_until_ms;  // inclusive
  std::vector<std::string> labels, categories;                 // one of them, byte for byte
  // What else must be true of what matches otherwise; null: nothing. Quick, and the same for all
  // pages: a marker does not tell whether it is.
  std::function<bool(const Stat&)> also;

  SearchOrder order = SearchOrder::kPath;
  bool descending = false;  // by path: each page costs as in the other orders
  size_t limit = 20;        // 1..1000
  std::string marker;       // SearchPage::marker of the page before; empty: the first page
};

struct Found {
  std::vector<std::string> path;  // from the root of the tree
  Stat stat;
};

// Up to `limit` entries. By path, a call ends when it has looked at some ten thousand records, so a
// page may hold fewer, even none; only an empty marker is the end.
struct SearchPage {
  std::vector<Found> entries;
  std::string marker;
};

}  // namespace marcot

// What an operator sets for a library, a space, a quota; and what a space uses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "marcot/types.h"

namespace marcot {

struct LibrarySettings {
  // Whether a deletion goes to the recycle bin, and how long it stays there; a space may say
  // otherwise.
  bool recycle_bin = false;
  uint32_t recycle_days = 30;  // 1..10000

  // Whether overwriting a file keeps what it held as a version, and for how long. Versions past
  // either bound go in the background.
  bool history = false;
  uint32_t history_versions = 10;      // 1..999 kept per file, the newest not counted
  uint32_t history_days = 0;           // 0..999 since the version was replaced; 0: never expires
  uint32_t history_merge_seconds = 0;  // 0 or 5..600: a content replaced sooner is not kept

  bool operator==(const LibrarySettings&) const = default;
};

struct SpaceSettings {
  std::optional<bool> recycle_bin;       // nothing: as the library says
  std::optional<uint32_t> recycle_days;  // 1..10000; nothing: as the library says
  // How long the space's changes can be read again (Space::ReadChanges); 0..3650, 0: none are kept.
  uint32_t change_feed_days = 0;

  bool operator==(const SpaceSettings&) const = default;
};

// What a quota allows; nothing: no bound. Lowered below what is in use it stops growth, no more.
struct QuotaLimits {
  std::optional<uint64_t> bytes;  // 0..2^62
  std::optional<uint64_t> files;  // 0..2^62
  bool count_recycled = true;     // what lies in the recycle bins counts too
  bool count_history = true;      // the bytes of versions count too

  bool operator==(const QuotaLimits&) const = default;
};

struct QuotaInfo {
  uint64_t id = 0;
  QuotaLimits limits;
  uint64_t used_bytes = 0, used_files = 0;  // what counts to it
  std::vector<std::string> spaces;          // by name; of a directory's quota none
};

// Exact as of one commit.
struct Usage {
  RecursiveTotals tree, recycled;
  uint64_t versions = 0, version_bytes = 0;  // of the files in both
  // The space's quota: its bytes, and those left (0 when over it). Nothing: no bound.
  std::optional<uint64_t> capacity, available;
};

}  // namespace marcot

// The part of the check that proves what is kept beside the trees (core/facts.h):
//
//   I7  What a quota says is used is the sum of the totals of the roots that it counts.
//   I9  Every recycled item has an entry in its bin and a row of each order, and the other way
//   round;
//       every named snapshot an entry and a row.
//   I10 A file's entry knows how many versions it has and their bytes; the rows of its versions
//   lead
//       back to it; totals have their sums. Every live node but a root knows its parent.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/records.h"
#include "core/view.h"

namespace marcot::core {

// What the rest of the check has read.
struct CheckedTrees {
  const std::map<DirId, Node>& nodes;
  const std::map<DirId, std::vector<std::pair<std::string, Entry>>>& entries;  // heads
  const std::set<DirId>& live;  // what can be reached from a root through live entries
  bool idle;                    // no job waits
};

// The contents that records hold, versions of files among them.
struct HeldContents {
  struct Held {
    uint64_t holders = 0, size = 0;
  };
  std::map<ContentId, Held> contents;
  uint64_t records = 0;

  void Add(const ContentId& id, uint64_t size) {
    ++records;
    if (id.empty()) return;
    Held& held = contents[id];
    ++held.holders;
    held.size = size;
  }
};

// Appends what is wrong to `findings`, and what versions hold to `held`.
absl::Status CheckFacts(View& view, const CheckedTrees& trees, std::vector<std::string>* findings,
                        HeldContents* held);

}  // namespace marcot::core

// Reading one name, one node, one directory's totals, live or through references.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "core/records.h"
#include "core/view.h"

namespace marcot::core {

inline constexpr Seq kLive = ~Seq{0};

// A directory as seen by a reader: the node, as of a seq, and what reading here XORs onto ids. A
// live directory is simply one read as of the end of time.
struct Place {
  DirId dir = 0;
  Seq seq = kLive;
  ObjectId context;
  bool live() const { return seq == kLive; }
};

// Where the children of an entry that is a directory are read.
Place PlaceOf(const Entry& entry);
Place PlaceOf(const Base& base, const ObjectId& context);
// What a node read at a place shows where it has nothing of its own; dir 0: nothing. StoreDamaged
// where that is not older, since a ring of bases would never end.
absl::StatusOr<Place> BasePlace(const Node& node, const Place& at);

// Makes of a record what is seen of it from `place`: ids in its context, and a live directory met
// through a reference becomes a reference itself.
void SeeFrom(const Place& place, Entry* record);

inline absl::StatusOr<bool> FindNode(View& view, DirId dir, Node* node) {
  return view.FindNode(dir, node);
}
absl::StatusOr<Node> GetNode(View& view, DirId dir);  // StoreDamaged if it does not exist

// What a reader at `place` sees under the slot; false: nothing. O(c).
absl::StatusOr<bool> Lookup(View& view, const Place& place, std::string_view slot, Entry* entry);

// The entry of that name, whichever kind it is; `first` is the kind to ask for first.
absl::StatusOr<bool> LookupName(View& view, const Place& place, std::string_view name, char first,
                                Entry* entry);

// Totals of a node as of a seq: those frozen in the oldest pin at or after it; none: nothing
// changed since.
absl::StatusOr<Totals> TotalsAt(View& view, DirId dir, Seq seq);

// What an entry adds to the totals of each directory above it, itself counted.
struct Weight : RecursiveTotals {
  uint64_t versions = 0, version_bytes = 0;
};
// What a root's totals add to the quota that counts it.
Weight WeightBelow(const Totals& totals);
absl::StatusOr<Weight> WeightOf(View& view, const Entry& entry);

}  // namespace marcot::core

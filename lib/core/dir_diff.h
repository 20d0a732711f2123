// Two directories side by side: the slots under which they may differ.
//
// Where both read the same node, be it as of two seqs, all that is below it is the same for both,
// and of the node itself only what changed between the seqs is looked at. So of a copy and what it
// was copied from only what was written to either is left, and the number of steps is that of the
// records above the first shared node and of those that came or went in it. A node that has more
// changes than memory is read through.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/dir_cursor.h"
#include "core/lookup.h"
#include "core/view.h"

namespace marcot::core {

// Whether two readers are known to see the same below, ids aside: one node that did not change
// between them. False says nothing.
absl::StatusOr<bool> SameBelow(View& view, const Place& a, const Place& b);

inline constexpr size_t kMaxChangedBytes = 32u << 20;

class DirDiff {
 public:
  // Takes up to so much memory for the slots that changed.
  static absl::StatusOr<std::unique_ptr<DirDiff>> Open(View& view, const Place& before,
                                                       const Place& after,
                                                       size_t max_bytes = kMaxChangedBytes);

  // The first slot at or behind `slot`.
  absl::Status Seek(std::string_view slot);
  absl::Status Next();
  // Lets go of the storage's memory; seek again to go on.
  void Rest();

  bool Valid() const { return valid_; }
  const std::string& slot() const { return slot_; }
  // What stands there on either side, until the next move; null: nothing.
  const Entry* before() const { return sides_[0].entry(); }
  const Entry* after() const { return sides_[1].entry(); }

 private:
  struct Side {
    std::vector<Level> levels;  // those above the shared one are read through
    std::unique_ptr<DirCursor> own;
    Place shared;  // no directory: there is none
    enum class From { kNowhere, kOwn, kShared } from = From::kNowhere;
    Entry from_shared;
    const Entry* entry() const {
      return from == From::kOwn ? &own->entry() : from == From::kShared ? &from_shared : nullptr;
    }
  };

  explicit DirDiff(View& view) : view_(view) {}
  absl::Status FindShared(size_t max_bytes);
  void ShareFrom(size_t a, size_t b);
  const std::string* NextChange() const {
    return next_change_ == changes_.size() ? nullptr : &changes_[next_change_];
  }
  absl::Status Settle();
  absl::Status Read(Side& side);

  View& view_;
  std::array<Side, 2> sides_;
  std::vector<std::string> changes_;  // slots of the shared node
  size_t next_change_ = 0;
  bool valid_ = false;
  std::string slot_;
};

}  // namespace marcot::core

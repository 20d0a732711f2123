// Two directories side by side: the slots under which they may differ.
//
// Levels that both read in the same state are not looked at: of a copy and what it was copied from
// only what was written to either is left. So a step costs what a step of DirCursor does, and the
// number of steps is that of the records above the first shared level.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/dir_cursor.h"
#include "core/lookup.h"
#include "core/view.h"

namespace marcot::core {

// Whether two readers are known to see the same below, ids aside: one node that did not change
// between them. False says nothing.
absl::StatusOr<bool> SameBelow(View& view, const Place& a, const Place& b);

class DirDiff {
 public:
  static absl::StatusOr<DirDiff> Open(View& view, const Place& before, const Place& after);

  // The first slot at or behind `slot`.
  absl::Status Seek(std::string_view slot);
  absl::Status Next();

  bool Valid() const { return valid_; }
  const std::string& slot() const { return slot_; }
  // What stands there on either side, until the next move; null: nothing.
  const Entry* before() const { return sides_[0].entry(); }
  const Entry* after() const { return sides_[1].entry(); }

 private:
  struct Side {
    std::unique_ptr<DirCursor> own;  // of the levels above the shared one
    Place shared;                    // no directory: there is none
    enum class From { kNowhere, kOwn, kShared } from = From::kNowhere;
    Entry from_shared;
    const Entry* entry() const {
      return from == From::kOwn ? &own->entry() : from == From::kShared ? &from_shared : nullptr;
    }
  };

  explicit DirDiff(View& view) : view_(view) {}
  // A side whose topmost `own` levels are not shared.
  static Side Cut(View& view, std::span<const Level> levels, size_t own);
  absl::Status Settle();
  absl::Status Read(Side& side);

  View& view_;
  std::array<Side, 2> sides_;
  bool valid_ = false;
  std::string slot_;
};

}  // namespace marcot::core

// The entries of one directory as a reader sees them, in the order of their slots.
//
// A directory read as of a seq is a merge: of its own head entries that are old enough and its
// history that is, and of the same of each base below it; the topmost record of a slot wins, and a
// whiteout hides what is below. The cost of a step is the chain's length, plus what has to be
// skipped; that is bounded: after kHoleSteps records in vain the cursor shows a hole, so that a
// caller can end its page there.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/lookup.h"
#include "core/view.h"

namespace marcot::core {

inline constexpr int kHoleSteps = 1024;

// One node that a directory is read from.
struct Level {
  Place place;
  bool history = false;  // some of what is seen there was replaced
};
// Topmost first, at least one.
absl::StatusOr<std::vector<Level>> LevelsOf(View& view, const Place& place);

// Which slots a reader wants to see.
using SlotFilter = std::function<bool(std::string_view slot)>;

class DirCursor {
 public:
  ~DirCursor();

  // Slots in [lower, upper). Records of those that `filter` does not want are passed over, without
  // a look at their values; null: all are wanted. It must outlive the cursor. `listed`: as in
  // storage::Range.
  static absl::StatusOr<std::unique_ptr<DirCursor>> Open(
      View& view, const Place& place, std::string_view lower, std::string_view upper,
      bool descending = false, const SlotFilter* filter = nullptr, bool listed = false);
  // Every slot of some levels; what whiteouts hide is none of it, so they are shown as entries.
  static std::unique_ptr<DirCursor> OfLevels(View& view, std::span<const Level> levels);

  // The first slot at or behind `slot` in the cursor's direction.
  absl::Status Seek(std::string_view slot);
  absl::Status SeekToFirst();
  absl::Status Next();

  bool Valid() const { return current_ != nullptr; }
  // Nothing is here: the place to go on from.
  bool hole() const { return hole_; }
  std::string_view slot() const;  // until the next move
  const Entry& entry() const;     // until the next move

 private:
  class Source;

  DirCursor(std::string_view lower, std::string_view upper, bool descending,
            const SlotFilter* filter);
  void AddLevel(View& view, const Level& level);
  absl::Status StepPastCurrent();
  absl::Status Settle();
  Source* Nearest();
  bool Before(std::string_view a, std::string_view b) const { return descending_ ? b < a : a < b; }

  const std::string lower_, upper_;
  const bool descending_;
  const SlotFilter* const filter_;
  bool shows_whiteouts_ = false, listed_ = false;
  std::vector<std::unique_ptr<Source>> sources_;  // topmost level first
  Source* current_ = nullptr;                     // the one that shows what is here
  bool hole_ = false;
};

// A bound behind a slot, its history too, and before all slots that follow.
std::string BehindSlot(std::string_view slot);

// Bounds of the slots of one kind.
std::string SlotsBegin(char kind);
std::string SlotsEnd(char kind);

}  // namespace marcot::core

#include "operations/diff.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "core/dir_diff.h"
#include "operations/read.h"

namespace marcot::operations {
namespace {

using core::Entry;
using core::PlaceOf;

// How many differences of one directory are read at a time.
constexpr size_t kDiffPage = 256;

// What stands under a slot on both sides; nothing: it is not there.
struct Pair {
  std::string slot;
  std::optional<Entry> before, after;
};

// One pair of directories on the way.
struct Level {
  Entry before, after;
  std::unique_ptr<core::DirDiff> diff;
  std::string next_slot = core::AttributesSlot();
  bool exhausted = false;
  std::vector<Pair> page;
  size_t next = 0;
};

std::string_view AttributesOf(const Entry* entry) {
  return entry == nullptr ? std::string_view() : entry->attributes;
}

// Whether the sides hold the same under a slot, directories with all below them.
absl::StatusOr<bool> Same(core::View& view, const core::DirDiff& at) {
  const Entry* const before = at.before();
  const Entry* const after = at.after();
  // Attributes that are not there are empty ones.
  if (at.slot()[0] == core::kAttributesSlot) return AttributesOf(before) == AttributesOf(after);
  if (before == nullptr || after == nullptr) return before == after;
  if (before->is_directory()) return core::SameBelow(view, PlaceOf(*before), PlaceOf(*after));
  return before->content == after->content && before->size == after->size &&
         before->attributes == after->attributes;
}

std::optional<Entry> Copy(const Entry* entry) {
  return entry == nullptr ? std::nullopt : std::optional<Entry>(*entry);
}

class Differ {
 public:
  Differ(core::View& view, const DifferenceVisitor& visitor) : view_(view), visitor_(visitor) {}

  absl::Status Run(const Entry& before, const Entry& after) {
    MARCOT_RETURN_IF_ERROR(Enter(before, after));
    while (!levels_.empty() && !stopped_) {
      Level& level = levels_.back();
      if (level.next < level.page.size()) {
        const Pair pair = std::move(level.page[level.next++]);
        MARCOT_RETURN_IF_ERROR(Look(pair));
      } else if (!level.exhausted) {
        MARCOT_RETURN_IF_ERROR(ReadPage(&level));
      } else {
        Leave();
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Enter(const Entry& before, const Entry& after) {
    Level level;
    level.before = before;
    level.after = after;
    MARCOT_ASSIGN_OR_RETURN(level.diff,
                            core::DirDiff::Open(view_, PlaceOf(before), PlaceOf(after)));
    levels_.push_back(std::move(level));
    return absl::OkStatus();
  }

  void Leave() {
    levels_.pop_back();
    if (!levels_.empty()) path_.pop_back();
  }

  absl::Status ReadPage(Level* level) {
    level->page.clear();
    level->next = 0;
    core::DirDiff& diff = *level->diff;
    MARCOT_RETURN_IF_ERROR(diff.Seek(level->next_slot));
    while (diff.Valid() && level->page.size() < kDiffPage) {
      MARCOT_ASSIGN_OR_RETURN(const bool same, Same(view_, diff));
      if (!same) level->page.push_back({diff.slot(), Copy(diff.before()), Copy(diff.after())});
      MARCOT_RETURN_IF_ERROR(diff.Next());
    }
    level->exhausted = !diff.Valid();
    if (diff.Valid()) level->next_slot = diff.slot();
    diff.Rest();
    return absl::OkStatus();
  }

  absl::Status Look(const Pair& pair) {
    if (pair.slot[0] == core::kAttributesSlot) {
      return Show(levels_.back().before, levels_.back().after);
    }
    path_.emplace_back(pair.slot.substr(1));
    if (pair.before.has_value() && pair.after.has_value() && pair.before->is_directory()) {
      return Enter(*pair.before, *pair.after);
    }
    MARCOT_RETURN_IF_ERROR(Show(pair.before, pair.after));
    path_.pop_back();
    return absl::OkStatus();
  }

  absl::Status Show(const std::optional<Entry>& before, const std::optional<Entry>& after) {
    MARCOT_ASSIGN_OR_RETURN(const auto before_stat, Describe(before));
    MARCOT_ASSIGN_OR_RETURN(const auto after_stat, Describe(after));
    MARCOT_ASSIGN_OR_RETURN(const bool go_on,
                            visitor_({path_, before_stat.has_value() ? &*before_stat : nullptr,
                                      after_stat.has_value() ? &*after_stat : nullptr}));
    stopped_ = !go_on;
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Stat>> Describe(const std::optional<Entry>& entry) {
    if (!entry.has_value()) return std::optional<Stat>();
    return StatOf(view_, *entry, path_.empty() ? "" : path_.back());
  }

  core::View& view_;
  const DifferenceVisitor& visitor_;
  std::vector<Level> levels_;
  std::vector<std::string> path_;  // below the two directories
  bool stopped_ = false;
};

}  // namespace

absl::Status DiffDirectories(core::View& view, const Entry& before, const Entry& after,
                             const DifferenceVisitor& visitor) {
  MARCOT_ASSIGN_OR_RETURN(const bool same, core::SameBelow(view, PlaceOf(before), PlaceOf(after)));
  return same ? absl::OkStatus() : Differ(view, visitor).Run(before, after);
}

}  // namespace marcot::operations

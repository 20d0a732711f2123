// A walk that leaves out what cannot hold what is looked for, by what summaries say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/dir_cursor.h"
#include "core/lookup.h"
#include "core/summaries.h"
#include "core/view.h"

namespace marcot::operations {

// What a walk is for.
class Sought {
 public:
  enum class Where { kNowhere, kInSubdirectories, kAnywhere };

  virtual ~Sought() = default;
  virtual bool WantsFile(std::string_view name) const = 0;
  // Where in a directory with these totals, or this summary, it may be.
  virtual Where WhereIn(const core::Totals& totals) const = 0;
  virtual Where WhereIn(const core::Summary& summary, const core::Place& place) const = 0;
};

class SearchWalk {
 public:
  // Ends early after so many records; each call of Next may pass it by a page.
  SearchWalk(core::View& view, const Sought& sought, int64_t records)
      : view_(view), sought_(sought), records_left_(records) {}

  absl::Status Begin(const core::Place& top);
  // From where another walk, of this directory as it was then, has ended.
  absl::Status BeginAt(const core::Place& top, std::string_view position);

  // To the next directory, or file that is wanted; false: at the end, or where it ends early.
  absl::StatusOr<bool> Next();
  const std::vector<std::string>& slots() const { return slots_; }  // from the top down to it
  const core::Entry& entry() const { return entry_; }

  bool at_end() const { return levels_.empty() && !entering_; }
  // Where to go on from.
  std::string Position() const;
  // Whether it met a directory that lacks a summary.
  bool lacks_summaries() const { return lacks_summaries_; }

 private:
  struct Level {
    core::Place place;
    core::Seq changed = 0;
    bool runs = false;    // it has summaries of its runs
    std::string end;      // the slots behind are of no use
    std::string at;       // the first slot that was not read
    std::string run_end;  // of the run that is read; empty: look for the next one
    std::vector<std::pair<std::string, core::Entry>> page;
    size_t next = 0;
    std::string behind;  // the first slot that was not given out, while there is a page
    bool exhausted() const { return at >= end; }
    const std::string& position() const { return next < page.size() ? behind : at; }
  };

  absl::Status GoTo(const core::Place& top, std::string_view position);
  absl::Status Enter(const core::Place& place);
  absl::Status ReadPage(Level* level);
  absl::Status FindRun(Level* level);
  void Leave();

  core::View& view_;
  const Sought& sought_;
  int64_t records_left_;
  const core::SlotFilter filter_ = [this](std::string_view slot) {
    return slot[0] == core::kDirectorySlot || sought_.WantsFile(slot.substr(1));
  };
  core::Summary summary_;  // keeps its memory
  std::vector<Level> levels_;
  std::vector<std::string> slots_;
  core::Entry entry_;
  bool entering_ = false;  // the entry is a directory that is to be gone into next
  bool shown_ = false;     // the last of slots_ is the entry's
  bool lacks_summaries_ = false;
};

}  // namespace marcot::operations

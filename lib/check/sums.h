// What a directory's records add up to, for every pin of it and for the newest state at once.
//
// A record counts for the pins between its birth and its death, so it is added to a range of
// columns, one a pin, the last one live. What a child directory holds is what its own totals say:
// if every directory agrees with its children, all of them are right.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/lookup.h"
#include "core/records.h"

namespace marcot::check {

struct Sums {
  uint64_t bytes = 0, files = 0, directories = 0, child_files = 0, child_directories = 0;
  uint64_t versions = 0, version_bytes = 0;  // of the live column alone

  void Add(const Sums& o, bool negative);
  bool SeenLike(const Sums& o) const;  // versions aside
};
Sums SumsOf(const core::Totals& totals);

class PinSums {
 public:
  // A part of a directory's pins, in order; `live`: with a column for the newest state.
  PinSums(core::View& view, std::vector<core::Seq> pins, bool live)
      : view_(view), pins_(std::move(pins)), live_(live), steps_(pins_.size() + 2) {}

  // A record of the directory's own; `death` is kLive for a head entry.
  absl::Status AddRecord(const core::Entry& entry, core::Seq birth, core::Seq death);
  // What shows through from below, and what the directory's records of a slot, the oldest born at
  // `birth`, hide of it.
  absl::Status AddBase(const core::Base& base);
  absl::Status HideSlot(const core::Base& base, std::string_view slot, core::Seq birth);

  // After all records: the sums of each pin, then of the newest state.
  std::vector<Sums> Finish();

 private:
  size_t FirstColumn(core::Seq from) const;
  size_t EndColumn(core::Seq to) const;
  void AddRange(size_t first, size_t end, const Sums& sums, bool negative = false);
  absl::Status AddChild(core::DirId child, size_t first, size_t end);

  core::View& view_;
  const std::vector<core::Seq> pins_;
  const bool live_;
  std::vector<Sums> steps_;  // differences between neighbouring columns
};

}  // namespace marcot::check

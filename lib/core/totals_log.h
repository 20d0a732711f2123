// The rows of the totals log (totals_table.h): what a commit did to the totals of directories, and
// the store's counters after it.
//
// Most of what a commit changes was changed since the last fold already, and most of that are the
// directories above one file, each by the same sums. So the first row since a fold that a directory
// stands in has its totals whole, and each row after it the step from there: a file at depth 6 is a
// row of 60 bytes instead of 230.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/records.h"

namespace marcot::core {

// From the totals of a directory before a commit to those after it.
struct TotalsStep {
  struct Sums {  // what the directories above have in common
    int64_t bytes = 0, files = 0, directories = 0;
    bool operator==(const Sums&) const = default;
  };
  struct Children {
    int64_t files = 0, directories = 0;
    // As they are now: where a row is lost, later ones still say them. Sums can be counted again.
    int64_t modification_time_ms = 0;
    Seq modified = 0;
    bool operator==(const Children&) const = default;
  };
  Sums sums;
  Seq changed = 0;
  std::optional<Children> children;  // nothing: its own list is as it was
  bool operator==(const TotalsStep&) const = default;
};

// Nothing where more changed than a step holds.
std::optional<TotalsStep> StepBetween(const Totals& before, const Totals& after);
void Apply(const TotalsStep& step, Totals* totals);

struct Purged {
  bool operator==(const Purged&) const = default;
};
struct LoggedChange {
  DirId dir = 0;
  std::variant<Purged, Totals, TotalsStep> what;
};

// Numbers of the store as a whole, exact at every commit.
struct Counters {
  uint64_t next_id = 1;  // the next DirId or blob
  uint64_t queued = 0;   // jobs in the reclaim queue
  uint64_t pending = 0;  // records that they will visit, an estimate
  // Contents that are held, each counted once, and the records that hold one.
  uint64_t content_bytes = 0, file_records = 0;
  Seq queue_head = 0;  // no job is older
  bool operator==(const Counters&) const = default;
};

struct LogRow {
  Seq seq = 0;  // of the last operation of the commit
  Counters counters;
  std::vector<LoggedChange> changes;
};
void AppendLogRow(const LogRow& row, std::string* out);
std::string EncodeLogRow(const LogRow& row);
absl::StatusOr<LogRow> DecodeLogRow(std::string_view value);

// Totals as rows leave them; nothing: the node was purged.
using TotalsOfDirs = absl::flat_hash_map<DirId, std::optional<Totals>>;

// Of the rows since the last fold in their order. An error: a step from totals that are not there;
// the rest of the row is applied.
absl::Status Apply(const LogRow& row, TotalsOfDirs* totals);

}  // namespace marcot::core

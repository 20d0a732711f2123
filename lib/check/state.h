// One state of a store as the check sees it: a snapshot, the counters, the totals that the log
// holds, and what waits in the queue.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "check/findings.h"
#include "check/rows.h"
#include "core/lookup.h"
#include "core/records.h"
#include "core/totals_log.h"
#include "core/view.h"
#include "storage/storage.h"

namespace marcot::check {

// Seqs and ids stay below: a record that names a greater one is damaged, whatever its seal says.
inline constexpr uint64_t kNoNumber = uint64_t{1} << 62;

// What a waiting job says of a node.
enum Waiting : uint8_t {
  kReleased = 1,   // a pin's owner, or a pin: what only that saw may still be there
  kTrimmed = 2,    // dead, and being emptied
  kForgotten = 4,  // gone from its space
  kFlattened = 8,
  kRowsDropped = 16,  // a root that is gone: rows beside its tree are
};

class State {
 public:
  State(const storage::Storage& storage, Findings& findings);

  // Reads the counters, the log, the queue and the roots. False: it found damage without which the
  // rest cannot be looked at, and reported it.
  bool Load();

  const storage::Storage& storage() const { return storage_; }
  const storage::Snapshot* snapshot() const { return snapshot_.get(); }
  Findings& findings() const { return findings_; }
  Rows RowsOf(storage::Family family, std::string_view lower = "",
              std::string_view upper = "") const {
    return Rows(storage_, snapshot_.get(), family, lower, upper, findings_);
  }
  // Strict reads; damaged records are errors. For one thread.
  std::unique_ptr<core::View> NewView() const;
  // What the log holds of a directory: null where the totals family says it.
  const std::optional<core::Totals>* Logged(core::DirId dir) const;

  template <typename Visit>
  void ForEachLogged(const Visit& visit) const {
    for (const auto& [dir, totals] : logged_) {
      if (totals.has_value()) visit(dir);
    }
  }

  const core::LogRow& newest() const { return newest_; }
  // Of Waiting.
  uint8_t WaitingOf(core::DirId dir) const;
  // Whether versions of files that are gone may wait to be let go of.
  bool forgets() const { return forgetting_ > 0; }
  bool IsRoot(core::DirId dir) const;
  // What loads that wait for their place hold, which the counters do not have.
  const core::Counters& uncounted() const { return uncounted_; }
  // Whether a live directory is in a tree of a space: what is not is being let go of. O(depth).
  bool InSpace(core::View& view, core::DirId dir) const;
  // The directory and its path, as far as that can be found out, for a finding.
  std::string Where(core::View& view, core::DirId dir) const;

 private:
  bool LoadCounters();
  void LoadQueue();
  void LoadRoots();
  void TakeLoad(core::DirId dir);
  std::string SpaceOfRoot(core::DirId root) const;

  const storage::Storage& storage_;
  const std::unique_ptr<storage::Snapshot> snapshot_;
  Findings& findings_;
  core::LogRow newest_;
  core::TotalsOfDirs logged_;
  uint64_t forgetting_ = 0;                               // jobs
  std::vector<std::pair<core::DirId, uint8_t>> waiting_;  // sorted
  std::vector<core::DirId> roots_;                        // sorted
  core::Counters uncounted_;
  mutable std::atomic<int> searches_left_{1000};  // for paths of findings
};

}  // namespace marcot::check

// The offline check: proves the invariants of a store that nobody has open, and repairs what can be
// derived from the rest. `marcot-fsck` is this call; Store::CheckInvariants is the same check of a
// store that is open.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace marcot {

struct Finding {
  std::string code;     // stable: one of AllFaults()
  std::string where;    // the record or directory, with its path where it is known
  std::string detail;   // what is there, and what should be
  std::string meaning;  // for who uses the store
  std::string repair;   // what a repair does; empty: nothing can be done but to restore a backup
  bool repairable() const { return !repair.empty(); }
};

// What a code means, whatever the record; `repair` is empty where it never can be.
struct FaultDescription {
  std::string_view code, meaning, repair;
};
std::vector<FaultDescription> AllFaults();

struct CheckProgress {
  int pass = 1;  // a repair checks again after each round
  std::string_view phase;
  uint64_t records = 0;  // read so far in this pass
  uint64_t estimated_records = 0;
  uint64_t findings = 0;
};

struct CheckOptions {
  // Reads all contents too: every chunk is there, hashes are compared; and compares the summaries
  // that searches go by with what is there, as a repair does.
  bool deep = false;
  bool repair = false;  // changes the store, as CheckStore says
  int threads = 0;      // 0: as many as there are cores
  // For caches and sorting, bytes. The check takes little more, whatever the store holds, but for
  // 8 bytes a space, 16 a waiting job, and 8 a pin and 24 a pushed pin of one directory.
  uint64_t memory_bytes = uint64_t{192} << 20;
  // Where what does not fit is sorted; about 60 bytes an entry of the store. Empty: the system's
  // folder for temporary files.
  std::string scratch_folder;
  // Repair alone: what each changed record was before, written and flushed before the store is
  // changed. Empty: `STORE.undo`. A file that exists is not overwritten: ParamInvalid.
  std::string undo_log;
  // Called for each finding, and now and then while it goes on; not in parallel.
  std::function<void(const Finding&)> on_finding;
  std::function<void(const CheckProgress&)> on_progress;
};

inline constexpr size_t kMaxKeptFindings = 10'000;

struct CheckReport {
  uint64_t found = 0;     // by the first pass
  uint64_t left = 0;      // by the last: without a repair the same
  uint64_t repaired = 0;  // records that a repair changed
  uint64_t records = 0;   // read by the first pass
  int passes = 0;
  std::vector<Finding> findings;  // of the first pass, kMaxKeptFindings at most
  std::string undo_log;           // empty: nothing was changed
};

// Checks the store in `folder`, which nobody may have open (StoreInUse). Without `repair` it writes
// nothing there. Findings are no error: the status is one if the check cannot run (StoreNotFound,
// StoreFormatTooNew, StoreFormatTooOld, a scratch folder that is full).
//
// A repair changes only what can be derived: totals, counts, pins and their owners, deadlists,
// births, jobs, feeds, orders. A record whose checksum one flipped bit explains is mended. One that
// does not decode is moved to the undo log and to a file of the library `lost-found`, space `-`; a
// directory, copy, content or version that nobody holds any more is attached there. No entry of a
// user is changed. A store whose files cannot all be read is not repaired, because what is missing
// is not known. Without `deep` a lost row of a content that one file holds is not seen.
// O(records), in memory that does not grow with the store.
absl::StatusOr<CheckReport> CheckStore(const std::string& folder, const CheckOptions& options);

// Gives each record that a repair changed what it was before. ParamInvalid, and nothing is changed,
// where the log is damaged or of another store, or a record was changed since.
absl::Status UndoRepair(const std::string& folder, const std::string& undo_log);

}  // namespace marcot

// The check of a storage that nobody writes to meanwhile, or of one state of it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "check/findings.h"
#include "marcot/check.h"
#include "storage/storage.h"

namespace marcot::check {

// What the public CheckStore says, of a storage that is open; `undo_log` is set where it repairs.
absl::StatusOr<CheckReport> CheckStorage(storage::Storage& storage, const CheckOptions& options);

// The store's own secret, which tells undo logs apart; zeros where it is lost or damaged.
std::string Secret(const storage::Storage& storage);

// One pass. Answers how many records it has read. Findings are no error; the status is of the
// scratch files.
absl::StatusOr<uint64_t> CheckState(const storage::Storage& storage, const CheckOptions& options,
                                    int pass, Findings& findings);

}  // namespace marcot::check

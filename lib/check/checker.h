// One pass of the check over one state of a store.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "check/findings.h"
#include "marcot/check.h"
#include "storage/storage.h"

namespace marcot::check {

// Answers how many records it has read. Findings are no error; the status is of the scratch files.
absl::StatusOr<uint64_t> CheckState(const storage::Storage& storage, const CheckOptions& options,
                                    int pass, Findings& findings);

}  // namespace marcot::check

// Batches on the wire: their items, what became of them, and tasks that run them.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "call.h"

namespace marcot::httpd {

// The kinds of batches. The name is the type of a task that runs one, and begins the field that
// holds its outcomes.
inline constexpr char kBatchCopy[] = "batchCopy";
inline constexpr char kBatchMove[] = "batchMove";
inline constexpr char kBatchDelete[] = "batchDelete";
inline constexpr char kBatchRestore[] = "batchRestoreRecycle";

// What became of one item, whoever ran it.
struct Outcome {
  BatchItem::Kind kind = BatchItem::Kind::kCopy;
  std::string from, path;      // as they were asked for
  uint64_t recycled_item = 0;  // restore: as asked for
  absl::StatusOr<Placed> placed;
};

Json OutcomesJson(const std::vector<Outcome>& outcomes);
// 200 where all succeeded, else 207.
int StatusOf(const std::vector<Outcome>& outcomes);

// Runs the items: at once, or as a task of this label where they are many (202). An item whose
// space did not open has that error for its outcome: `errors`, one for each item.
absl::StatusOr<Response> RunBatch(Call& call, const Space& space,
                                  const std::vector<BatchItem>& items,
                                  const std::vector<absl::Status>& errors, const char* label);

}  // namespace marcot::httpd

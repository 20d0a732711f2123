// What reading the namespace needs: records, ordered walks of them, and totals, all as of one
// commit. Readers and the writer's transaction each give one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/records.h"
#include "storage/storage.h"

namespace marcot::core {

class View {
 public:
  virtual ~View() = default;
  // Whether the record exists; its value into `value`.
  virtual absl::StatusOr<bool> Get(storage::Family family, std::string_view key,
                                   std::string* value) = 0;
  // The cursor must not outlive the view; the writer's sees no change made after it.
  virtual std::unique_ptr<storage::Cursor> NewCursor(storage::Family family,
                                                     const storage::Range& range) = 0;
  virtual absl::StatusOr<bool> FindNode(DirId dir, Node* node);
  // Totals of a node's newest state; zeros for a node without any.
  virtual absl::StatusOr<Totals> GetTotals(DirId dir) = 0;
};

}  // namespace marcot::core

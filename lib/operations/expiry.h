// What is due by the clock, found in small pieces on the newest commit and let go of by operations
// that look again.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/facts.h"
#include "core/view.h"
#include "operations/operation.h"
#include "operations/pipeline.h"

namespace marcot::operations {

// How much of one kind is looked for, and let go of, at a time.
inline constexpr size_t kExpirySlice = 64;

struct SpaceName {
  std::string library, space;
  core::SpaceRecord record;
};
// Every space of the store behind the last one named, at most a slice of them.
absl::StatusOr<std::vector<SpaceName>> SpacesAfter(core::View& view, const SpaceName& last);

// The items of a space's bin that are due, a slice of them, oldest first.
absl::StatusOr<std::vector<uint64_t>> DueItems(core::View& view, const SpaceName& space,
                                               int64_t now_ms);

// Lets go of a slice of what is due, of one kind. To be run again while there is more.
class ExpiryWork : public Pipeline::Work {
 public:
  absl::Status Execute(core::Txn& txn) final;
  uint64_t dropped() const { return dropped_; }  // by the last run
  bool more() const { return more_; }

 protected:
  virtual absl::Status ExpireSlice(core::Txn& txn) = 0;
  uint64_t dropped_ = 0;
  bool more_ = false;
};

// Named snapshots.
class ExpireSnapshotsWork final : public ExpiryWork {
 private:
  absl::Status ExpireSlice(core::Txn& txn) override;
};

// Changes of a space that are older than it keeps them.
class ExpireChangesWork final : public ExpiryWork {
 public:
  explicit ExpireChangesWork(const SpaceName& space) : space_(space) {}

 private:
  absl::Status ExpireSlice(core::Txn& txn) override;
  const SpaceName& space_;
};

}  // namespace marcot::operations

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

// Drops the versions of one library that are due, a slice at a time. One that looks through all of
// them, since limits were lowered, goes on from `cursor`.
class ExpireVersionsWork final : public Pipeline::Work {
 public:
  explicit ExpireVersionsWork(std::string_view library) : library_(library) {}
  absl::Status Execute(core::Txn& txn) override;
  uint64_t dropped() const { return dropped_; }
  bool more() const { return more_; }

 private:
  absl::StatusOr<bool> IsPastLimit(core::Txn& txn, const core::VersionAge& age, uint32_t limit);
  const std::string_view library_;
  std::string cursor_, next_cursor_;
  uint64_t dropped_ = 0;
  bool more_ = false;
};

// Deletes named snapshots that are due, a slice of them.
class ExpireSnapshotsWork final : public Pipeline::Work {
 public:
  absl::Status Execute(core::Txn& txn) override;
  uint64_t dropped() const { return dropped_; }
  bool more() const { return more_; }

 private:
  uint64_t dropped_ = 0;
  bool more_ = false;
};

// Forgets changes of a space that are older than it keeps them, a slice of them.
class ExpireChangesWork final : public Pipeline::Work {
 public:
  explicit ExpireChangesWork(const SpaceName& space) : space_(space) {}
  absl::Status Execute(core::Txn& txn) override;
  uint64_t dropped() const { return dropped_; }
  bool more() const { return more_; }

 private:
  const SpaceName& space_;
  uint64_t dropped_ = 0;
  bool more_ = false;
};

}  // namespace marcot::operations

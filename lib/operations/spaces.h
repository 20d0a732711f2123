// Libraries and spaces, and the feed of released contents: changes of a store as a whole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/records.h"
#include "core/view.h"
#include "marcot/types.h"
#include "operations/pipeline.h"

namespace marcot::operations {

absl::Status CheckSpaceId(std::string_view id, bool library);

absl::StatusOr<std::optional<core::SpaceRecord>> FindSpace(core::View& view,
                                                           std::string_view library,
                                                           std::string_view space);
// LibraryNotFound.
absl::Status RequireLibrary(core::View& view, std::string_view library);

class CreateLibraryWork final : public Pipeline::Work {
 public:
  explicit CreateLibraryWork(std::string_view library) : library_(library) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::string_view library_;
};

class DeleteLibraryWork final : public Pipeline::Work {
 public:
  explicit DeleteLibraryWork(std::string_view library) : library_(library) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::string_view library_;
};

class CreateSpaceWork final : public Pipeline::Work {
 public:
  CreateSpaceWork(std::string_view library, std::string_view space)
      : library_(library), space_(space) {}
  absl::Status Execute(core::Txn& txn) override;
  const core::SpaceRecord& record() const { return record_; }

 private:
  const std::string_view library_, space_;
  core::SpaceRecord record_;
};

class DeleteSpaceWork final : public Pipeline::Work {
 public:
  DeleteSpaceWork(std::string_view library, std::string_view space, bool force)
      : library_(library), space_(space), force_(force) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::string_view library_, space_;
  const bool force_;
};

// Marks released contents as condemned; keeps those that were.
class CondemnWork final : public Pipeline::Work {
 public:
  explicit CondemnWork(std::span<const ContentId> ids) : ids_(ids) {}
  absl::Status Execute(core::Txn& txn) override;
  std::vector<ContentId>& condemned() { return condemned_; }

 private:
  const std::span<const ContentId> ids_;
  std::vector<ContentId> condemned_;
};

// Takes condemned contents off the feed.
class AcknowledgeWork final : public Pipeline::Work {
 public:
  explicit AcknowledgeWork(std::span<const ContentId> ids) : ids_(ids) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::span<const ContentId> ids_;
};

absl::StatusOr<std::vector<ContentId>> ReleasedAfter(core::View& view, const ContentId& after,
                                                     size_t limit);

}  // namespace marcot::operations

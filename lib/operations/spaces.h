// Libraries and spaces, and the feed of released contents: changes of a store as a whole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/records.h"
#include "core/tree_writer.h"
#include "core/view.h"
#include "marcot/options.h"
#include "marcot/types.h"
#include "operations/pipeline.h"

namespace marcot::operations {

absl::Status CheckSpaceId(std::string_view id, bool library);

// The library whose one space is the service's own (service/shelf.h). Not an id that a host can
// give.
inline constexpr std::string_view kHiddenLibrary = "-service";
// AccessTokenNotMatchSpace where one of the spaces is not among those that a session is for; empty:
// it is for all of them.
absl::Status CheckWithin(std::span<const std::string> spaces, std::span<const std::string> within);

absl::StatusOr<std::optional<core::SpaceRecord>> FindSpace(core::View& view,
                                                           std::string_view library,
                                                           std::string_view space);
// SpaceNotFound.
absl::StatusOr<core::SpaceRecord> RequireSpace(core::View& view, std::string_view library,
                                               std::string_view space);
// LibraryNotFound.
absl::StatusOr<core::LibraryRecord> FindLibrary(core::View& view, std::string_view library);

// Behind all keys of a library in the family of spaces.
std::string LibraryEnd(std::string_view library);

// What the settings of both come to.
bool BinIsOn(const core::SpaceRecord& space, const core::LibraryRecord& library);
uint32_t RecycleDays(const core::SpaceRecord& space, const core::LibraryRecord& library);

// A tree beside the space's own, and the name below its root that stands for its root.
struct TreeAt {
  core::DirId root = 0;
  std::string name;
};
// RecycledItemNotFound, SnapshotNotFound.
absl::StatusOr<TreeAt> FindTree(core::View& view, std::string_view library, std::string_view space,
                                const Tree& tree);
// The root of the bin or of the named snapshots, made if it is not there yet.
absl::StatusOr<core::DirId> RequireTree(core::Txn& txn, std::string_view library,
                                        std::string_view space,
                                        core::DirId core::SpaceRecord::*root);
// Deletes a named snapshot that is there.
absl::Status DropSnapshot(core::Txn& txn, core::TreeWriter& writer, core::DirId snapshots,
                          const std::string& name);
// Rows below a DirId, from `begin` (empty: the first) up to `end`, that nobody reads any more.
void QueueRows(core::Txn& txn, storage::Family family, core::DirId dir, std::string_view end,
               std::string_view begin = {});
// A root for a tree of a space of that library; its owner is for the caller to say.
absl::StatusOr<core::DirId> NewRoot(core::Txn& txn, uint64_t library);
// Lets go of a root and all below it; its quota counts it no more.
absl::Status KillRoot(core::Txn& txn, core::TreeWriter& writer, core::DirId root);

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

// ParamInvalid.
absl::Status CheckSettings(const LibrarySettings& settings);
absl::Status CheckSettings(const SpaceSettings& settings);

class SetLibraryWork final : public Pipeline::Work {
 public:
  SetLibraryWork(std::string_view library, const LibrarySettings& settings)
      : library_(library), settings_(settings) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::string_view library_;
  const LibrarySettings& settings_;
};

class SetSpaceWork final : public Pipeline::Work {
 public:
  // SpaceNotFound where the space's root is no longer this one.
  SetSpaceWork(std::string_view library, std::string_view space, core::DirId root,
               const SpaceSettings& settings)
      : library_(library), space_(space), root_(root), settings_(settings) {}
  absl::Status Execute(core::Txn& txn) override;

 private:
  const std::string_view library_, space_;
  const core::DirId root_;
  const SpaceSettings& settings_;
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

// Reads: what is known of one entry, pages of a directory, walks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/attributes.h"
#include "core/facts.h"
#include "core/lookup.h"
#include "core/view.h"
#include "marcot/options.h"
#include "marcot/space.h"
#include "marcot/types.h"

namespace marcot::operations {

// A space's root, which has no entry of its own.
struct Root {
  core::DirId dir = 0;
  int64_t creation_time_ms = 0;
};

// The entry of a path as it is seen; `first` is the kind to ask for first. SpaceNotFound,
// PathNotFound.
absl::StatusOr<core::Entry> EntryOf(core::View& view, const Root& root,
                                    const std::vector<std::string>& names,
                                    char first = core::kFileSlot);

absl::StatusOr<Stat> StatOf(core::View& view, const core::Entry& entry, std::string_view name);
// The same into a Stat that holds the name and nothing else; `packer` is the page's.
absl::Status FillStat(core::View& view, const core::Entry& entry, AttributePacker& packer,
                      Stat* stat);

// Its attributes alone.
absl::Status ReadAttributes(core::View& view, const core::Entry& entry, AttributePacker& packer,
                            PackedAttributes* attributes);

// FileTypeNotMatched unless the entry is a directory.
absl::Status RequireDirectory(const core::Entry& entry, const std::vector<std::string>& names);

// The entry, where it is a file's. FileNotFound in place of PathNotFound; FileTypeNotMatched.
absl::StatusOr<core::Entry> RequireFile(absl::StatusOr<core::Entry> entry,
                                        const std::vector<std::string>& names);

// A version that an id names, of a file below a root, and where the file is. VersionNotFound.
struct VersionAt {
  uint64_t version = 0;
  std::vector<std::string> path;
};
absl::StatusOr<VersionAt> FindVersionById(core::View& view, core::DirId root, uint64_t id);
// The number of a file's older version with that id. VersionNotFound.
absl::StatusOr<core::Seq> RequireVersionById(core::View& view, const core::Entry& file, uint64_t id,
                                             const std::vector<std::string>& names);
// An older version of a file. VersionNotFound.
absl::StatusOr<core::VersionRecord> RequireVersion(core::View& view, const core::Entry& file,
                                                   core::Seq version,
                                                   const std::vector<std::string>& names);
// The latest and the older versions of a file, newest first.
absl::StatusOr<VersionPage> VersionsOf(core::View& view, const core::Entry& file,
                                       const ListVersionsOptions& options);

struct ListedPage {
  Page page;
  bool skipped_much = false;  // worth a heal
};
// `secret` seals the markers, so that only this store's are taken.
absl::StatusOr<ListedPage> ListDirectory(core::View& view, const core::Entry& directory,
                                         const ListOptions& options, uint64_t secret);

using Visitor = std::function<absl::StatusOr<WalkStep>(const WalkEntry&)>;
absl::Status WalkTree(core::View& view, const core::Entry& directory, std::vector<std::string> path,
                      const Visitor& visitor, const DamageVisitor& on_damage);

}  // namespace marcot::operations

// Makes a space of trees, as an import needs it: tree by tree, in commits of some hundred names.
//
// Until it is done all of it lies under a root that no space has; a row says that it exists, so
// that what a crash leaves is found. A tree waits there under its number. The first directory that
// shows it gets it by a move, so that what is there once is stored as if it had been put; the
// others get copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/records.h"
#include "core/txn.h"
#include "operations/engine.h"
#include "operations/operation.h"
#include "operations/space_stream.h"

namespace marcot::operations {

struct NameToBuild {
  StreamName name;
  // File: with the bytes or the blob where it is the first that holds them.
  FileContent content;
};

// Some of a tree; the parts of one follow each other.
struct TreePart {
  bool begins = false, ends = false;
  StreamTree tree;  // where it begins; where it ends, its time
  std::vector<NameToBuild> names;
};

class SpaceBuilder {
 public:
  SpaceBuilder(Engine& engine, std::string_view library, std::string_view space)
      : engine_(engine), library_(library), space_(space) {}
  ~SpaceBuilder();  // lets go of what has not become the space

  SpaceBuilder(const SpaceBuilder&) = delete;
  SpaceBuilder& operator=(const SpaceBuilder&) = delete;

  // LibraryNotFound, DuplicateSpace. `origin` is what the stream says of the store it came from.
  absl::Status Begin(uint64_t origin);
  // One commit. StreamDamaged where a name is taken twice, or is to go and is not there.
  absl::Status Add(const std::vector<TreePart>& parts);
  // The last tree becomes the space. DuplicateSpace; StreamDamaged where it does not hold that.
  absl::StatusOr<core::SpaceRecord> Finish(const StreamSpace& head, const RecursiveTotals& totals);

 private:
  friend class BuildWork;

  struct Tree {
    core::DirId dir = 0;
    bool shown = false;  // it has been moved to where it is shown
  };

  Engine& engine_;
  bool same_store_ = false;  // as the stream came from
  const std::string library_, space_;
  core::DirId root_ = 0;
  std::vector<Tree> trees_;  // by number, from 1
};

// Lets go of what imports before a crash left behind.
absl::Status DropAbandonedImports(core::Txn& txn);

}  // namespace marcot::operations

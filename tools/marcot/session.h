// What one run of the tool works on: the store and the space that the global options name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"

namespace marcot::tool {

struct SpaceName {
  std::string library, space;
};
// LIBRARY/SPACE, or SPACE alone in `default_library`. The store judges the ids themselves.
SpaceName ParseSpaceName(std::string_view text, std::string_view default_library);

// The members are in order of dependence: the space goes before its store.
struct Session {
  std::string folder;
  std::string space_name = "default/-";
  bool json = false;
  bool timing = false;
  // The command has done what it could of a damaged store; its error says that it is not all.
  bool partly_done = false;
  std::unique_ptr<Store> store;
  Space space;

  // For commands that may be the first on a new folder.
  absl::Status OpenOrCreate();
  // For commands that need what is there: StoreNotFound where there is no store.
  absl::Status OpenExisting();
  // For what saves from a store what can be read: where it does not open otherwise, for reading.
  absl::Status OpenDamaged();
  // The store alone: for commands about it as a whole.
  absl::Status OpenStore(bool create_if_missing);
  // For commands that let others at the store meanwhile.
  void Close();

  // A space named on the command line or in a batch.
  absl::StatusOr<Space> FindSpace(std::string_view name) const;
  std::string library() const;

 private:
  absl::Status Open(bool create_if_missing);
  absl::Status OpenWith(StoreOptions options);
  absl::Status FindOwnSpace();
};

// What a command does once the command line is read. An error becomes exit 1 and its line.
using Action = std::function<absl::Status(Session&)>;

// The error of an atomic batch, taken apart: which item failed, and what the item alone would have
// answered.
struct ItemError {
  size_t item = 0;
  absl::Status status;
};
ItemError SplitItemError(const absl::Status& status);

// Runs one item as a commit of its own, with the messages of the single operation; prints how long
// the engine took where --timing asks for it.
absl::StatusOr<Placed> RunOne(Session& session, const BatchItem& item);
// The same; prints where it placed something.
absl::Status RunAndPrint(Session& session, const BatchItem& item);
// For what takes something away: people know the path already.
absl::Status RunAndPrintJson(Session& session, const BatchItem& item);

}  // namespace marcot::tool

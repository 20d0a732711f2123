// The hidden space in which the service keeps its data. What is kept is small: a record is an empty
// file whose metadata is the record.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "api/store_impl.h"
#include "marcot/store.h"
#include "service/record.h"

namespace marcot::service {

class Shelf {
 public:
  static absl::StatusOr<Shelf> Open(Store& store);

  Store& store() const { return *store_; }
  const Space& space() const { return space_; }
  int64_t now_ms() const { return engine().pipeline().now_ms(); }

  // Names one space, or library, for as long as it exists: another of the same name is another.
  // ParamInvalid: a space of another store; LibraryNotFound.
  absl::StatusOr<std::string> KeyOf(const Space& space) const;
  absl::StatusOr<std::string> KeyOfLibrary(std::string_view library) const;

  // Nothing: no such record.
  absl::StatusOr<std::optional<Record>> Find(std::string_view path) const;
  // Puts or replaces.
  absl::Status Put(std::string_view path, const Record& record) const;
  // Deletes a record, or a directory of them. Answers whether it was there.
  absl::StatusOr<bool> Delete(std::string_view path) const;
  // Names in a directory behind `after`, in order, at most `limit` (1..1000).
  absl::StatusOr<std::vector<std::string>> Names(std::string_view directory, std::string_view after,
                                                 size_t limit) const;

  // Whether the store counts who holds the content. A host's own, held by one, it does not.
  absl::StatusOr<bool> HoldsContent(const ContentId& content) const;
  // The last of them; empty: none.
  absl::StatusOr<std::string> LastName(std::string_view directory) const;
  // Of a directory that has one for each space, by its key: those of spaces that are gone are
  // deleted, `visit` gets the paths of the others.
  absl::Status ForEachSpace(const std::string& directory,
                            const std::function<absl::Status(const std::string&)>& visit) const;

  // ---- parts of one commit, which make the directories that lead to them
  BatchItem PutItem(std::string path, const Record& record) const;
  // Replaces one that is there.
  BatchItem SetItem(std::string path, const Record& record) const;
  BatchItem DeleteItem(std::string path) const;
  BatchItem MakeDirectoryItem(std::string path) const;

  absl::Status RunAll(const std::vector<BatchItem>& items,
                      Durability durability = Durability::kDefault) const;
  // Items of anybody's, each its own outcome, and in the same commit what `follow` makes of the
  // outcomes: all of it or, with its error, nothing at all. `follow` must be quick.
  using FollowUp = std::function<absl::StatusOr<std::vector<BatchItem>>(
      std::span<const absl::StatusOr<Placed>>)>;
  absl::StatusOr<std::vector<absl::StatusOr<Placed>>> Run(
      std::span<const BatchItem> items, const FollowUp& follow,
      Durability durability = Durability::kDefault) const;

 private:
  Shelf(Store& store, operations::Engine& engine, Space space)
      : store_(&store), engine_(&engine), space_(std::move(space)) {}
  operations::Engine& engine() const { return *engine_; }
  absl::StatusOr<bool> HasSpace(const std::string& key) const;
  absl::Status Prepare(const BatchItem& item, operations::Operation* operation) const;
  absl::Status PrepareForOthers(const BatchItem& item, operations::Operation* operation) const;

  Store* store_;
  operations::Engine* engine_;
  Space space_;
};

}  // namespace marcot::service

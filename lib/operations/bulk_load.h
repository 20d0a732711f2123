// A directory with all below it, loaded in the order of names (marcot/bulk_load.h).
//
// Directories are numbered as they are left, children before their parents, and the first file of
// one comes when all of its subdirectories were left: so the order of calls is the order of keys,
// and rows go straight into files. The numbers, and the seqs of what is made, are set aside by
// commits, so that no other row is ever between those of a load.
//
// It becomes visible in three steps: a row in `meta` says that the directory waits for its place,
// on the disk; its rows come, all at once; an operation gives it its place and takes the row away.
// What a crash, or an error, leaves is let go of by that row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/records.h"
#include "core/txn.h"
#include "marcot/types.h"
#include "operations/engine.h"
#include "operations/operation.h"
#include "operations/row_writer.h"

namespace marcot::operations {

// One thread at a time. After an error that is not of an argument every call answers it again.
class BulkLoader {
 public:
  // `attributes`: encoded, here and below. SpaceNotFound.
  static absl::StatusOr<std::unique_ptr<BulkLoader>> Begin(Engine& engine, core::DirId space_root,
                                                           std::string_view user,
                                                           std::string_view attributes);
  ~BulkLoader();  // lets go of what has got no place
  BulkLoader(const BulkLoader&) = delete;
  BulkLoader& operator=(const BulkLoader&) = delete;

  absl::Status EnterDirectory(std::string_view name, std::string_view attributes);
  absl::Status LeaveDirectory();
  absl::Status AddFile(std::string_view name, const ContentRef& content,
                       std::string_view attributes);
  // `operation`: a load, with all but what it places.
  absl::StatusOr<Placed> Finish(Operation&& operation, Durability durability);

 private:
  struct Child {
    std::string name;
    core::DirId dir;
    core::Seq birth;
  };
  // From the top down to the current one.
  struct OpenDirectory {
    std::string name, attributes;
    size_t path_bytes = 0;
    core::DirId dir = 0;          // 0: its subdirectories are still coming
    std::vector<Child> children;  // those that were left
    size_t children_before = 0;   // those before last_file
    std::string last_file;
    core::Totals totals;  // of what has come
  };

  BulkLoader(Engine& engine, core::DirId space_root) : engine_(engine), space_root_(space_root) {}

  absl::Status CheckOpen() const;
  absl::Status CheckNew(std::string_view name, EntryType type) const;
  absl::StatusOr<core::Seq> NextSeq();
  absl::Status Reserve(uint64_t directories);
  absl::Status NumberCurrent();
  absl::Status CloseCurrent();
  absl::Status PutEntry(core::DirId dir, char kind, std::string_view name, core::Seq birth);
  absl::Status AddRow(storage::Family family, core::DirId dir, std::string_view value);
  absl::Status Ingest();
  absl::Status WriteNodes();
  // Remembers an error of the storage.
  absl::Status Lasting(absl::Status status);

  Engine& engine_;
  const core::DirId space_root_;
  std::unique_ptr<RowWriter> rows_;
  absl::Status failure_;

  core::Seq created_ = 0;  // of all nodes: before everything in them
  core::Seq next_seq_ = 0, end_of_seqs_ = 0;
  core::DirId first_dir_ = 0;
  std::vector<core::DirId> parents_;  // of those that are numbered, from first_dir_ on
  int64_t now_ms_ = 0;                // as of the newest commit of the load's own

  uint64_t bytes_ = 0;  // of all files

  std::vector<OpenDirectory> open_;
  core::Entry entry_;  // the next to be written: for its memory

  core::DirId waiting_ = 0;  // the directory, where a row says that it waits for its place
  bool ingested_ = false, placed_ = false;
};

// Lets go of what loads before a crash left behind.
absl::Status DropAbandonedLoads(core::Txn& txn);

}  // namespace marcot::operations

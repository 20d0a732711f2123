// Versions of files that are past what their library keeps.
//
// Ages of versions are kept by library, at first the one that a version was made in. Its file may
// be moved into another, alone or with a directory above it, without a look at its versions; what
// counts is where it is now. So a move that takes versions along marks the library it goes to, as a
// lowered limit does, and a review of all ages puts them in order before any are let go of.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/facts.h"
#include "core/records.h"
#include "core/view.h"
#include "operations/expiry.h"

namespace marcot::operations {

struct NamedLibrary {
  std::string name;
  core::LibraryRecord record;
};
using Libraries = std::map<uint64_t, NamedLibrary>;  // by id
absl::StatusOr<Libraries> AllLibraries(core::View& view);

// Lets go of those that are too old.
class ExpireVersionsWork final : public ExpiryWork {
 public:
  explicit ExpireVersionsWork(const Libraries& libraries) : libraries_(libraries) {}

 private:
  absl::Status ExpireSlice(core::Txn& txn) override;
  bool IsDue(uint64_t library, int64_t time_ms, int64_t now_ms) const;

  const Libraries& libraries_;
  std::string cursor_;
};

// HistoryInUse.
absl::Status CheckHistoryIsOff(const core::LibraryRecord& library, std::string_view name);

// Lets go of all of one library, while its history is off.
class ClearVersionsWork final : public ExpiryWork {
 public:
  explicit ClearVersionsWork(std::string_view library) : library_(library) {}
  // How many the next run may let go of.
  void Allow(uint64_t versions) { allowed_ = versions; }

 private:
  absl::Status ExpireSlice(core::Txn& txn) override;

  const std::string library_;
  uint64_t allowed_ = 0;
  std::string cursor_;  // the last row that was looked at
};

// Looks through all ages for the libraries that are marked: puts each where its file is, and lets
// go of what a file has past the limit there.
class ReviewVersionsWork final : public ExpiryWork {
 public:
  // `now_ms`: later versions were made under the limits of their library.
  ReviewVersionsWork(const Libraries& libraries, int64_t now_ms);
  bool needed() const { return !limits_.empty(); }

 private:
  absl::Status ExpireSlice(core::Txn& txn) override;
  std::optional<core::VersionAge> NextAge(storage::Cursor* rows);
  absl::Status Review(core::Txn& txn, const core::VersionAge& age, size_t* budget);
  absl::Status MarkDone(core::Txn& txn) const;

  struct Limit {
    std::string library;
    uint32_t versions;
    core::Seq tightened;
  };
  std::map<uint64_t, Limit> limits_;  // by library
  const int64_t now_ms_;
  std::string cursor_;                  // the last row that was looked at
  std::optional<core::VersionAge> at_;  // of it; its file may not be done yet
};

}  // namespace marcot::operations

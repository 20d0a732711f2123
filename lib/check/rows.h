// All rows of a range of a family, damaged ones too: the check reads through them and goes on
// behind what cannot be read.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "check/findings.h"
#include "storage/storage.h"

namespace marcot::check {

class Rows {
 public:
  Rows(const storage::Storage& storage, const storage::Snapshot* snapshot, storage::Family family,
       std::string_view lower, std::string_view upper, Findings& findings);

  bool Valid() const { return cursor_->Valid(); }
  void Next();
  std::string_view key() const { return cursor_->key(); }
  // Without its seal; empty where that does not match.
  std::string_view value() const { return value_; }
  bool damaged() const { return damaged_; }
  storage::Family family() const { return family_; }

 private:
  void Settle();
  void SkipUnreadable();
  bool SeekReads(uint64_t prefix);

  const storage::Family family_;
  const std::string upper_;
  Findings& findings_;
  std::unique_ptr<storage::Cursor> cursor_;
  uint64_t last_prefix_;  // of the newest key that was read, its first 8 bytes
  std::string_view value_;
  bool damaged_ = false;
};

// `family key`, for the `where` of a finding.
std::string Record(storage::Family family, std::string_view key);

}  // namespace marcot::check

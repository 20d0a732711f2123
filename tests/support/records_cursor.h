#pragma once

#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "storage/storage.h"

namespace marcot {

using Records = std::map<std::string, std::string>;

// Over records in place of a database.
class RecordsCursor final : public storage::Cursor {
 public:
  RecordsCursor(const Records& records, const std::string& lower, const std::string& upper,
                absl::Status at_end = absl::OkStatus())
      : records_(records.lower_bound(lower), records.lower_bound(upper)),
        at_(records_.end()),
        at_end_(std::move(at_end)) {}
  void Seek(std::string_view key) override { at_ = records_.lower_bound(std::string(key)); }
  void SeekForPrev(std::string_view key) override {
    at_ = records_.upper_bound(std::string(key));
    Prev();
  }
  void Next() override { ++at_; }
  void Prev() override { at_ = at_ == records_.begin() ? records_.end() : std::prev(at_); }
  bool Valid() const override { return at_ != records_.end(); }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  absl::Status status() const override { return Valid() ? absl::OkStatus() : at_end_; }

 private:
  const Records records_;
  Records::const_iterator at_;
  const absl::Status at_end_;
};

}  // namespace marcot

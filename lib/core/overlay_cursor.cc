#include "core/overlay_cursor.h"

#include <algorithm>
#include <vector>

namespace marcot::core {
namespace {

class Overlay final : public storage::Cursor {
 public:
  Overlay(std::unique_ptr<storage::Cursor> stored, std::vector<RowChange> changes)
      : stored_(std::move(stored)), changes_(std::move(changes)) {}

  void Seek(std::string_view key) override {
    stored_->Seek(key);
    change_ = std::ranges::lower_bound(changes_, key, {}, &RowChange::key);
    forward_ = true;
    SettleForward();
  }

  void SeekForPrev(std::string_view key) override {
    stored_->SeekForPrev(key);
    change_ = std::ranges::upper_bound(changes_, key, {}, &RowChange::key);
    forward_ = false;
    SettleBackward();
  }

  void Next() override {
    const std::string at(key());
    if (!forward_) {
      Seek(at);
    }
    if (stored_->Valid() && stored_->key() == at) stored_->Next();
    if (change_ != changes_.end() && change_->key == at) ++change_;
    SettleForward();
  }

  void Prev() override {
    const std::string at(key());
    if (forward_) {
      SeekForPrev(at);
    }
    if (stored_->Valid() && stored_->key() == at) stored_->Prev();
    if (change_ != changes_.begin() && std::prev(change_)->key == at) --change_;
    SettleBackward();
  }

  bool Valid() const override { return source_ != Source::kNone; }
  std::string_view key() const override {
    return source_ == Source::kChange ? Now().key : stored_->key();
  }
  std::string_view value() const override {
    return source_ == Source::kChange ? *Now().value : stored_->value();
  }
  absl::Status status() const override { return stored_->status(); }

 private:
  enum class Source { kNone, kStored, kChange };

  // Backwards, `change_` is one past the change it stands for, as a reverse iterator does.
  const RowChange& Now() const { return forward_ ? *change_ : *std::prev(change_); }

  // The smaller of both; on a tie the change wins. Deleted keys are stepped over on both sides.
  void SettleForward() {
    while (true) {
      if (!stored_->status().ok()) {
        source_ = Source::kNone;
        return;
      }
      const bool stored = stored_->Valid();
      if (change_ == changes_.end() || (stored && stored_->key() < change_->key)) {
        source_ = stored ? Source::kStored : Source::kNone;
        return;
      }
      if (change_->value.has_value()) {
        source_ = Source::kChange;
        return;
      }
      if (stored && stored_->key() == change_->key) stored_->Next();
      ++change_;
    }
  }

  void SettleBackward() {
    while (true) {
      if (!stored_->status().ok()) {
        source_ = Source::kNone;
        return;
      }
      const bool stored = stored_->Valid();
      if (change_ == changes_.begin() || (stored && stored_->key() > std::prev(change_)->key)) {
        source_ = stored ? Source::kStored : Source::kNone;
        return;
      }
      const RowChange& change = *std::prev(change_);
      if (change.value.has_value()) {
        source_ = Source::kChange;
        return;
      }
      if (stored && stored_->key() == change.key) stored_->Prev();
      --change_;
    }
  }

  const std::unique_ptr<storage::Cursor> stored_;
  const std::vector<RowChange> changes_;
  std::vector<RowChange>::const_iterator change_ = changes_.end();
  bool forward_ = true;
  Source source_ = Source::kNone;
};

}  // namespace

std::unique_ptr<storage::Cursor> OverlayCursor(std::unique_ptr<storage::Cursor> stored,
                                               const Txn::Changes& changes,
                                               const storage::Range& range) {
  auto change = changes.lower_bound(range.lower);
  const auto end = range.upper.empty() ? changes.end() : changes.lower_bound(range.upper);
  if (change == end) return stored;
  std::vector<RowChange> copies;
  for (; change != end; ++change) copies.push_back(**change);
  return std::make_unique<Overlay>(std::move(stored), std::move(copies));
}

}  // namespace marcot::core

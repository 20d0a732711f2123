#include "core/slot_changes.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace marcot::core {
namespace {

using storage::Family;

// They are stored in the order of their seqs, so they are gathered before they can be sorted.
class Gatherer {
 public:
  Gatherer(View& view, DirId dir, Seq after, Seq until, size_t max_bytes)
      : view_(view), dir_(dir), after_(after), end_(PairKey(dir, until)), bytes_left_(max_bytes) {}

  absl::StatusOr<std::optional<std::vector<std::string>>> Run() {
    MARCOT_RETURN_IF_ERROR(AddBorn());
    MARCOT_RETURN_IF_ERROR(AddReplaced());
    if (full_) return std::nullopt;
    std::sort(slots_.begin(), slots_.end());
    slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
    return std::move(slots_);
  }

 private:
  void Add(std::string_view slot) {
    const size_t bytes = sizeof(std::string) + slot.size();
    full_ = bytes > bytes_left_;
    if (full_) return;
    bytes_left_ -= bytes;
    slots_.emplace_back(slot);
  }

  // Births are even and pins odd, so none is at the end.
  absl::Status AddBorn() {
    const std::string first = PairKey(dir_, after_);
    const auto rows = view_.NewCursor(Family::kBirths, {first, end_});
    for (rows->Seek(first); rows->Valid() && !full_; rows->Next()) Add(SlotOfBirthKey(rows->key()));
    return rows->status();
  }

  // On each list those born last come first. What is on the list of the later state's own pin was
  // replaced after it.
  absl::Status AddReplaced() {
    const std::string first = PairKey(dir_, after_);
    const auto rows = view_.NewCursor(Family::kDeadlists, {first, end_});
    rows->Seek(first);
    while (rows->Valid() && !full_) {
      const DeadlistKey row = DeadlistKey::Decode(rows->key());
      if (row.birth > after_) {
        std::string seen = PairKey(dir_, row.list);
        PutFixed64(&seen, ~after_);
        rows->Seek(seen);
        continue;
      }
      Add(row.kind == DeadlistKey::Kind::kHistory ? row.slot : rows->value());
      rows->Next();
    }
    return rows->status();
  }

  View& view_;
  const DirId dir_;
  const Seq after_;
  const std::string end_;
  size_t bytes_left_;
  bool full_ = false;
  std::vector<std::string> slots_;
};

}  // namespace

absl::StatusOr<std::optional<std::vector<std::string>>> ChangedSlots(View& view, DirId dir,
                                                                     Seq after, Seq until,
                                                                     size_t max_bytes) {
  return Gatherer(view, dir, after, until, max_bytes).Run();
}

}  // namespace marcot::core

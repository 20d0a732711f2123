#include "core/slot_changes.h"

#include "base/status_macros.h"

namespace marcot::core {

using storage::Family;

namespace {

// They are stored in the order of their seqs, so those of a directory are gathered and sorted; more
// than this many are taken in several rounds over all.
constexpr size_t kMaxGathered = 1u << 16;

// The first key of a directory behind what is of `seq`.
std::string KeyBehind(DirId dir, Seq seq) {
  return seq == ~Seq{0} ? IdKey(dir + 1) : PairKey(dir, seq + 1);
}

}  // namespace

void SlotChanges::Add(std::string_view slot, std::string_view from) {
  if (slot < from) return;
  const bool full = slots_.size() == kMaxGathered;
  if (full && *slots_.rbegin() <= slot) {
    all_ &= *slots_.rbegin() == slot;
    return;
  }
  const bool added = slots_.emplace(slot).second;
  if (!full || !added) return;
  slots_.erase(std::prev(slots_.end()));
  all_ = false;
}

absl::Status SlotChanges::GatherBorn(std::string_view from) {
  const std::string first = PairKey(dir_, after_ + 1), end = KeyBehind(dir_, until_);
  const auto rows = view_.NewCursor(Family::kBirths, {first, end});
  for (rows->Seek(first); rows->Valid(); rows->Next()) Add(SlotOfBirthKey(rows->key()), from);
  return rows->status();
}

// On each list those born last come first.
absl::Status SlotChanges::GatherReplaced(std::string_view from) {
  const std::string first = PairKey(dir_, after_), end = KeyBehind(dir_, until_);
  const auto rows = view_.NewCursor(Family::kDeadlists, {first, end});
  rows->Seek(first);
  while (rows->Valid()) {
    const DeadlistKey row = DeadlistKey::Decode(rows->key());
    if (row.birth > after_) {
      std::string seen = PairKey(dir_, row.list);
      PutFixed64(&seen, ~after_);
      rows->Seek(seen);
      continue;
    }
    Add(row.kind == DeadlistKey::Kind::kHistory ? row.slot : rows->value(), from);
    rows->Next();
  }
  return rows->status();
}

absl::Status SlotChanges::Gather(std::string_view from) {
  slots_.clear();
  all_ = true;
  from_ = from;
  gathered_ = true;
  MARCOT_RETURN_IF_ERROR(GatherBorn(from_));
  return GatherReplaced(from_);
}

absl::Status SlotChanges::Seek(std::string_view slot) {
  const bool known = gathered_ && from_ <= slot && (all_ || slot <= *slots_.rbegin());
  if (!known) MARCOT_RETURN_IF_ERROR(Gather(slot));
  at_ = slots_.lower_bound(std::string(slot));
  return absl::OkStatus();
}

absl::Status SlotChanges::Next() {
  const std::string here = *at_;
  if (++at_ != slots_.end() || all_) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(Gather(here + '\0'));
  at_ = slots_.begin();
  return absl::OkStatus();
}

}  // namespace marcot::core

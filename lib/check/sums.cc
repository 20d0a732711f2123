#include "check/sums.h"

#include <algorithm>

#include "base/status_macros.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Seq;
using storage::Family;

Sums AsChild(const core::Totals& totals) {
  return {totals.bytes,    totals.files,        totals.directories + 1, 0, 1,
          totals.versions, totals.version_bytes};
}

Sums AsChild(const core::Weight& weight, bool directory) {
  return {weight.bytes,
          weight.files,
          weight.directories,
          directory ? 0u : 1u,
          directory ? 1u : 0u,
          0,
          0};
}

}  // namespace

// Differences wrap, and their sums wrap back.
void Sums::Add(const Sums& o, bool negative) {
  const uint64_t sign = negative ? ~uint64_t{0} : 1;
  bytes += sign * o.bytes;
  files += sign * o.files;
  directories += sign * o.directories;
  child_files += sign * o.child_files;
  child_directories += sign * o.child_directories;
  versions += sign * o.versions;
  version_bytes += sign * o.version_bytes;
}

bool Sums::SeenLike(const Sums& o) const {
  return bytes == o.bytes && files == o.files && directories == o.directories &&
         child_files == o.child_files && child_directories == o.child_directories;
}

Sums SumsOf(const core::Totals& t) {
  return {t.bytes,    t.files,        t.directories, t.child_files, t.child_directories,
          t.versions, t.version_bytes};
}

size_t PinSums::FirstColumn(Seq from) const {
  return std::lower_bound(pins_.begin(), pins_.end(), from) - pins_.begin();
}

size_t PinSums::EndColumn(Seq to) const {
  return to == core::kLive ? pins_.size() + 1 : FirstColumn(to);
}

void PinSums::AddRange(size_t first, size_t end, const Sums& sums, bool negative) {
  if (first >= end) return;
  steps_[first].Add(sums, negative);
  steps_[end].Add(sums, !negative);
}

absl::Status PinSums::AddRecord(const Entry& entry, Seq birth, Seq death) {
  const size_t first = FirstColumn(birth), end = EndColumn(death);
  if (first >= end) return absl::OkStatus();
  switch (entry.kind) {
    case EntryKind::kFile:
      AddRange(first, end, {entry.size, 1, 0, 1, 0, entry.versions, entry.version_bytes});
      return absl::OkStatus();
    case EntryKind::kDirectory:
      return AddChild(entry.dir, first, end);
    case EntryKind::kReference: {
      MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(view_, entry));
      AddRange(first, end, AsChild(weight, true));
      return absl::OkStatus();
    }
    case EntryKind::kWhiteout:
    case EntryKind::kAttributes:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

// A pin of the parent sees the child as the child's next younger pin has it frozen, or as it is.
absl::Status PinSums::AddChild(DirId child, size_t first, size_t end) {
  const size_t pins_end = std::min(end, pins_.size());
  if (first < pins_end) {
    MARCOT_ASSIGN_OR_RETURN(const core::Node node, core::GetNode(view_, child));
    if (node.newest_pin >= pins_[first]) {
      const std::string last = core::IdKey(child + 1);
      const auto rows = view_.NewCursor(Family::kPins, {.upper = last});
      while (first < pins_end) {
        rows->Seek(core::PairKey(child, pins_[first]));
        MARCOT_RETURN_IF_ERROR(rows->status());
        if (!rows->Valid()) break;
        MARCOT_ASSIGN_OR_RETURN(const core::Pin pin, core::DecodePin(rows->value()));
        const Seq seq = LoadFixed64(rows->key().data() + 8);
        const size_t next = std::min(FirstColumn(seq + 1), pins_end);
        AddRange(first, next, AsChild(pin.frozen));
        first = next;
      }
    }
  }
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, view_.GetTotals(child));
  AddRange(first, end, AsChild(totals));
  return absl::OkStatus();
}

absl::Status PinSums::AddBase(const core::Base& base) {
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, base.dir, base.seq));
  Sums sums = SumsOf(totals);
  sums.versions = sums.version_bytes = 0;
  AddRange(0, pins_.size() + 1, sums);
  return absl::OkStatus();
}

absl::Status PinSums::HideSlot(const core::Base& base, std::string_view slot, Seq birth) {
  if (slot.empty() || slot[0] == core::kAttributesSlot) return absl::OkStatus();
  Entry shown;
  MARCOT_ASSIGN_OR_RETURN(const bool found,
                          core::Lookup(view_, core::PlaceOf(base, {}), slot, &shown));
  if (!found) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(view_, shown));
  AddRange(FirstColumn(birth), pins_.size() + 1, AsChild(weight, shown.is_directory()), true);
  return absl::OkStatus();
}

std::vector<Sums> PinSums::Finish() {
  for (size_t i = 1; i < steps_.size(); ++i) steps_[i].Add(steps_[i - 1], false);
  steps_.resize(pins_.size() + (live_ ? 1 : 0));
  return std::move(steps_);
}

}  // namespace marcot::check

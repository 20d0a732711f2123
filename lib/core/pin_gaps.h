// Where nodes are known to have no pin. Pins that were let go of leave tombstones, and who looks
// for the next older pin of a node would pass over all of them each time: of a directory whose
// oldest copy is always deleted, as many as there ever were. Used by the pipeline's leader alone.
//
// A gap stays true until a pin comes within it; a rollback clears all.
#pragma once

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "core/keys.h"

namespace marcot::core {

class PinGaps {
 public:
  // No pin in (older, end].
  struct Gap {
    Seq older = 0, end = 0;
  };

  // The gap that `seq` is in, else the one nearest below it; {0, 0}: none is known.
  Gap At(DirId dir, Seq seq) const {
    auto it = gaps_.lower_bound({dir, seq});
    if (it != gaps_.end() && it->first.first == dir && it->second < seq) return GapOf(it);
    if (it == gaps_.begin() || (--it)->first.first != dir) return {};
    return GapOf(it);
  }

  // `older` is the next pin at or below `seq`; 0: there is none.
  void Remember(DirId dir, Seq older, Seq seq) {
    if (older >= seq) return;
    if (gaps_.size() >= kMaxGaps) gaps_.clear();
    const Gap around = At(dir, seq);  // one gap with the new one, if `seq` is in it
    const Seq end = std::max(seq, around.end);
    gaps_.erase(gaps_.upper_bound({dir, older}), gaps_.upper_bound({dir, end}));
    gaps_.emplace(std::pair(dir, end), older);
  }

  void AddPin(DirId dir, Seq seq) {
    const Gap gap = At(dir, seq);
    if (gap.end >= seq) gaps_.erase({dir, gap.end});
  }

  void Clear() { gaps_.clear(); }

 private:
  using Gaps = absl::btree_map<std::pair<DirId, Seq>, Seq>;  // (node, end) -> older
  static Gap GapOf(Gaps::const_iterator it) { return {it->second, it->first.second}; }

  static constexpr size_t kMaxGaps = 1u << 14;
  Gaps gaps_;
};

}  // namespace marcot::core

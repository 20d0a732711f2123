// The slots of one node that may differ between two states of it, in order.
//
// Every slot that does had a first change in between. If it had a record before, that record is on
// a deadlist: it was kept for the pin that sees the older state. If it had none, what came has a
// row in births. And a subdirectory that changed below has had a pin pushed to it, which is a row
// of a deadlist too. So nothing that stayed is read.
#pragma once

#include <string>
#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "core/keys.h"
#include "core/view.h"

namespace marcot::core {

class SlotChanges {
 public:
  // Of what changed after the one seq, which a reference is read at, up to the other.
  SlotChanges(View& view, DirId dir, Seq after, Seq until)
      : view_(view), dir_(dir), after_(after), until_(until) {}

  // The first one at or behind `slot`.
  absl::Status Seek(std::string_view slot);
  absl::Status Next();
  bool Valid() const { return at_ != slots_.end(); }
  const std::string& slot() const { return *at_; }

 private:
  absl::Status Gather(std::string_view from);
  absl::Status GatherBorn(std::string_view from);
  absl::Status GatherReplaced(std::string_view from);
  void Add(std::string_view slot, std::string_view from);

  View& view_;
  const DirId dir_;
  const Seq after_, until_;
  // The first of those that are not before `from_`; `all_`: there are no more.
  absl::btree_set<std::string> slots_;
  absl::btree_set<std::string>::const_iterator at_ = slots_.end();
  std::string from_;
  bool gathered_ = false, all_ = false;
};

}  // namespace marcot::core

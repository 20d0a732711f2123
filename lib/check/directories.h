// The part of the check that looks at one directory after another: all that is stored under its
// DirId, in all families at once. What has its other end elsewhere becomes a claim.
//
// Each fact is local, and together they prove the global ones. I1, that nothing is left over: every
// record of a directory is seen by its newest state or by a pin (here); a live directory has one
// owner, a pin as many as it says (claims); a pin is owned by a record that is younger than it, or
// by a pin of the parent that is seen likewise (PushedUnseen), so no ring of pins keeps itself.
// Live directories form no ring either: each would have to count more directories below it than the
// next.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "check/claims.h"
#include "check/state.h"
#include "check/sums.h"
#include "core/lookup.h"

namespace marcot::check {

class DirectoryScan {
 public:
  // For one thread. Directories with numbers in [first, end); `end` 0: all from `first`.
  DirectoryScan(const State& state, Claims& claims, core::DirId first, core::DirId end);
  void Run();

 private:
  // A pin of the directory that was given to a child.
  struct Pushed {
    core::DirId child;
    core::Seq birth, list;
    auto operator<=>(const Pushed&) const = default;
  };
  // The directory that is looked at.
  struct Dir {
    core::DirId id = 0;
    std::optional<core::Node> node;
    bool node_row = false;
    std::vector<core::Seq> pins;
    std::vector<Pushed> pushed;  // sorted
    uint8_t waiting = 0;
    bool doubt = false;           // a record of it is damaged, so sums cannot be compared
    bool unneeded_entry = false;  // dead, and no pin sees an entry of it
    uint64_t entries = 0, whiteouts = 0;
    core::Seq youngest = 0;  // newest birth, death or change of a child
    core::Seq left = 0;      // of a dead one: the same of what a trim leaves
    bool live() const { return node.has_value() && node->live; }
    bool counts() const { return live() && (waiting & kTrimmed) == 0; }
  };
  struct Record {
    std::string slot;
    core::Seq birth = 0, death = core::kLive;
    bool head() const { return death == core::kLive; }
  };

  bool Settle(Rows& rows);
  void CheckDirectory(core::DirId id);
  void TakeNode();
  void TakePins();
  void TakeTotals();
  void TakeDeadlists();
  void TakeBirths();
  void CheckNode();
  void CheckListed(const core::DeadlistKey& row);
  void CheckPushed(const core::DeadlistKey& row, std::string_view slot);
  template <typename OnRecord, typename OnSlot>
  void VisitRecords(Rows& entries, Rows& history, const OnRecord& on_record, const OnSlot& on_slot);
  void CheckRecords();
  void CheckRecord(const Record& record, const core::Entry& entry);
  void CheckHead(const Record& record, const core::Entry& entry);
  void CheckChild(const Record& record, const core::Entry& entry);
  void CheckSynced(const Record& record, core::DirId id, const core::Node& child,
                   core::Seq changed);
  std::span<const Pushed> PushedTo(core::DirId child) const;
  void CheckPushes(const Record& record, core::DirId child, core::Seq last);
  void FindUnpushed(const Record& record, core::DirId child, core::Seq pin, core::Seq last);
  void CompareWindow(size_t first_pin, const std::vector<Sums>& sums);
  void CompareFrozen(core::Seq pin, const Sums& sums);
  void CompareLive(const Sums& sums);
  bool IsInsideItself();
  bool HasPinIn(core::Seq first, core::Seq last) const;
  void AddSums(PinSums& sums, const Record& record, const core::Entry& entry);
  void Damaged(const Rows& rows, std::string_view why);
  void Find(Fault fault, std::string detail, Fix fix = nullptr);

  const State& state_;
  const std::unique_ptr<core::View> view_;
  Claimer claim_;
  const std::string first_, end_;
  Rows nodes_, entries_, history_, pins_, deadlists_, births_, totals_;
  Dir dir_;
  core::Entry entry_;  // keeps its memory
};

// The directory's own record of a slot at a seq, none of its base. False: there is none.
absl::StatusOr<bool> OwnRecord(core::View& view, core::DirId dir, std::string_view slot,
                               core::Seq seq, core::Entry* entry);

}  // namespace marcot::check

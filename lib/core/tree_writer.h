// Changing the namespace: the write walk, pins and their push-down, history, copy-up, totals.
//
// What holds between any two operations (check/ proves it):
//
//   I1  Every record that a space's tree can reach exists; every record that exists can be reached,
//       or a queued job lets go of it.
//   I2  A live directory is owned by exactly one head entry, or is a root; they form no cycle. One
//       that is not live has pins, or a job is queued for it.
//   I3  The owners of a pin are the references and bases that name it, the pushed rows onto it and
//       the queued releases of it. A pushed row's interval of pins [birth, list] holds one of the
//       parent's pins, or a queued job sweeps it. Its value is the slot under which those see the
//       child.
//   I4  Every history record has birth < death, and stands on one deadlist row. A pin in [birth,
//       list] of its directory sees it, or a queued job sweeps it.
//   I5  Totals of a live directory are the sums over what a reader sees below it; those frozen in a
//       pin are the same as of its seq.
//   I6  The count of a content is the number of records that hold it; without a row it is one.
//   I7  What a quota says is used is the sum of the totals of the roots that it counts.
//   I8  Every value decodes and its seal holds; object ids are unique within a space.
//   I9  Every recycled item has an entry in its bin and a row of each order, and the other way
//       round; every named snapshot an entry and a row.
//   I10 A file's entry knows how many versions it has and their bytes; the rows of its versions
//       lead back to it; totals have their sums. Every live node but a root knows its parent.
//   I11 A record of a directory, head or history, that is younger than the directory's oldest pin
//       has a row in births; no other row is there, or a queued job drops it.
//
// Deadlists: `list` is the directory's newest pin at the time a record was replaced. Pins of a
// directory own the lists from their own seq up to the next pin's, so a release moves none: it lets
// go of those records on the lists that it owned which no older pin sees, and the older pin owns
// the rest without a write. A pin pushed to a child is a record of the same kind: it was "born"
// with the first pin that the unchanged child missed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/lookup.h"
#include "core/txn.h"

namespace marcot::core {

// A copy-up past kMaxChain bases waits for a flatten; past kFlattenChain one is queued.
inline constexpr int kFlattenChain = 8;
inline constexpr int kMaxChain = 32;

struct TotalsDelta {
  int64_t bytes = 0, files = 0, directories = 0, versions = 0, version_bytes = 0;
  // Direct children that came or went: of the last of the directories alone.
  int64_t child_files = 0, child_directories = 0;

  TotalsDelta WithChild(bool is_directory, int sign) const {
    TotalsDelta delta = *this;
    (is_directory ? delta.child_directories : delta.child_files) += sign;
    return delta;
  }
};
TotalsDelta Plus(const Weight& weight);
TotalsDelta Minus(const Weight& weight);

// A record of a directory is gone. It has had a birth where a pin is left, which must be older.
void DropBirth(Txn& txn, Seq pin, DirId dir, Seq birth, std::string_view slot);

class TreeWriter {
 public:
  explicit TreeWriter(Txn& txn) : txn_(txn) {}

  // An empty directory node, live; its owner is for the caller to attach. `parent` 0: a root.
  DirId NewNode(const Base& base, const Totals& totals, DirId parent);

  // The same of a directory that is made now, without a base.
  DirId NewEmptyNode(DirId parent) {
    return NewNode({}, {.modified = txn_.seq(), .modification_time_ms = txn_.now_ms()}, parent);
  }

  struct WalkOptions {
    bool create_missing = false;
    std::string_view creator;            // of what is made
    std::vector<Entry>* made = nullptr;  // filled with what is made, in the order of the path
  };
  struct Walked {
    DirPath nodes;         // root first; complete when `missing` and `file` are false
    bool missing = false;  // a component does not exist
    bool file = false;     // a component is a file
  };
  // Makes every directory on the path live, with the pins that see it pushed down to it.
  absl::StatusOr<Walked> Walk(DirId root, std::span<const std::string> names,
                              const WalkOptions& options);

  // What stands under a name of a live directory.
  enum class Slots {
    kTaken,
    kFree,    // nothing is seen, but a whiteout may stand there
    kVacant,  // there is no record at all
  };
  absl::StatusOr<Slots> FindChild(DirId dir, std::string_view name, Entry* entry);

  // A new empty directory under a free name of the last of the walked nodes.
  absl::StatusOr<Entry> MakeChild(const DirPath& nodes, const std::string& name,
                                  std::string_view creator);

  // The head record under a slot is taken away: kept as history where a pin sees it, else in the
  // caller's hands, who owns what it owned.
  struct Detached {
    bool found = false;
    bool preserved = false;
    Entry entry;
  };
  absl::StatusOr<Detached> Detach(DirId dir, std::string_view slot);
  // Lets go of what a record owned that is no longer stored. A live directory's node is dead then.
  absl::Status Drop(const Entry& entry);
  // The node of a head entry that was taken away for good; pins were pushed.
  void Kill(DirId dir) { txn_.Queue({Job::Kind::kTrim, dir, 0, {}}); }
  // The same of one that no reader of the space reaches any more: what is below loses its versions.
  absl::Status KillTree(DirId dir);
  // Says whose entry owns a live node.
  absl::Status SetParent(DirId dir, DirId parent);
  // Puts a head record; the caller gives it what it owns. Its birth becomes this operation's seq.
  absl::Status Attach(DirId dir, std::string_view slot, const Entry& entry);
  // A record like `entry` is about to exist once more.
  absl::Status Hold(const Entry& entry);
  // Hides what the base shows under a slot whose head record is gone.
  absl::Status HideBase(DirId dir, std::string_view slot);

  // As of when a reference to a live directory's state of now is to be: one that did not change
  // since its newest pin needs no other, so a template that is copied a million times has one.
  absl::StatusOr<Seq> SeqToPin(DirId dir);
  // Takes a pin, or one more owner of it.
  absl::Status AddPin(DirId dir, Seq seq);

  // Adds to the totals of the nodes of a walk, and of the quota that counts the first, a root, and
  // marks them as changed now.
  absl::Status Charge(const DirPath& nodes, const TotalsDelta& delta);
  // Adds to the versions of a live node and all above it. No reader through a pin sees versions, so
  // nothing is pushed and nothing counts as changed.
  absl::Status ChargeVersions(DirId dir, const TotalsDelta& delta);
  // To the totals of one row: a quota's.
  absl::Status ChargeAccount(DirId account, const TotalsDelta& delta);
  // QuotaLimitReached if what was charged since this writer was made put a quota over its limit, or
  // farther over it.
  absl::Status CheckLimits();

  // ---- contents
  absl::Status HoldContent(const ContentId& id, uint64_t size);
  absl::Status DropContent(const ContentId& id, uint64_t size);
  // A new record of a content begins, and holds it alone.
  void CountContent(uint64_t size);

 private:
  absl::Status PutNode(DirId dir, const Node& node);
  absl::Status Push(DirId parent, const Node& parent_node, std::string_view slot,
                    const Entry& child);
  absl::StatusOr<DirId> Step(const std::string& name, const WalkOptions& options, Walked* walked);
  absl::StatusOr<DirId> CopyUp(DirId parent, std::string_view slot, const Entry& reference);
  absl::StatusOr<int> ChainLength(DirId dir);
  absl::Status FlattenHere(DirId dir);
  absl::Status CountWhiteout(DirId dir, int sign);
  void Add(DirId dir, const TotalsDelta& delta, Totals* totals);
  void NoteLimited(DirId dir, const Totals& totals);
  absl::StatusOr<Totals*> ChargeOne(DirId dir, const TotalsDelta& delta);

  Txn& txn_;
  std::vector<std::pair<DirId, Totals>> limited_;  // with a limit: what they were before
};

}  // namespace marcot::core

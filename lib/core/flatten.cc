// Flatten: a node that is read through a base gets what the base shows as records of its own, slot
// by slot, as if they had been there since the node was made; then it needs the base no more. A
// reader between two steps sees the same either way.
#include "base/status_macros.h"
#include "core/dir_cursor.h"
#include "core/reclaim.h"
#include "core/tree_writer.h"

namespace marcot::core {
namespace {

using storage::Family;

// The cursor's first byte tells the phase, the rest is the last slot that is done.
constexpr char kCopying = 'c';
constexpr char kSweepingWhiteouts = 'w';

class Flattener {
 public:
  Flattener(Txn& txn, DirId dir, const Node& node) : txn_(txn), dir_(dir), node_(node) {}

  absl::StatusOr<bool> CopySome(std::string* cursor) {
    MARCOT_ASSIGN_OR_RETURN(
        const auto shown, DirCursor::Open(txn_, PlaceOf(node_.base, {}), "", SlotsEnd(kFileSlot)));
    MARCOT_RETURN_IF_ERROR(SeekBehind(cursor->empty() ? "" : cursor->substr(1), shown.get()));
    int left = kStepWrites;
    for (; shown->Valid() && left > 0; --left) {
      if (shown->hole()) {
        left = 1;  // a hole has cost a step's reads already
      } else {
        MARCOT_RETURN_IF_ERROR(CopySlot(std::string(shown->slot()), shown->entry()));
      }
      *cursor = kCopying + std::string(shown->slot());
      MARCOT_RETURN_IF_ERROR(shown->Next());
    }
    if (shown->Valid()) return true;
    return DropBase(cursor);
  }

  absl::StatusOr<bool> SweepWhiteouts(std::string* cursor) {
    const std::string first = EntryKey(dir_, std::string_view(*cursor).substr(1));
    const std::string end = IdKey(dir_ + 1);
    const auto entries = txn_.NewCursor(Family::kEntries, {first, end});
    uint64_t swept = 0;
    int reads = 0;
    for (entries->Seek(first); entries->Valid() && reads < kStepReads && swept < kStepWrites;
         entries->Next(), ++reads) {
      *cursor = kSweepingWhiteouts + std::string(SlotOfEntryKey(entries->key()));
      MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(entries->value()));
      if (entry.kind != EntryKind::kWhiteout) continue;
      txn_.Delete(Family::kEntries, entries->key());
      DropBirth(txn_, node_.newest_pin, dir_, entry.birth, SlotOfEntryKey(entries->key()));
      ++swept;
    }
    MARCOT_RETURN_IF_ERROR(entries->status());
    if (swept > 0) {
      MARCOT_ASSIGN_OR_RETURN(Totals totals, txn_.GetTotals(dir_));
      totals.whiteouts -= swept;
      txn_.PutTotals(dir_, totals);
    }
    if (entries->Valid()) return true;
    node_.flattening = false;
    PutNode();
    ++txn_.tally().flattens_done;
    return false;
  }

 private:
  static absl::Status SeekBehind(const std::string& slot, DirCursor* shown) {
    MARCOT_RETURN_IF_ERROR(shown->Seek(slot));
    if (!slot.empty() && shown->Valid() && shown->slot() == slot) return shown->Next();
    return absl::OkStatus();
  }

  void PutNode() { txn_.Put(Family::kNodes, IdKey(dir_), EncodeNode(node_)); }

  // The oldest birth of the node's own records of the slot; 0: it has none.
  absl::StatusOr<Seq> OldestOwn(std::string_view slot) {
    const std::string first = HistoryGroup(dir_, slot);
    std::string end = EntryKey(dir_, slot);
    end += '\1';
    const auto history = txn_.NewCursor(Family::kHistory, {first, end});
    history->SeekForPrev(HistoryKey(dir_, slot, 0));
    MARCOT_RETURN_IF_ERROR(history->status());
    if (history->Valid()) return BirthOfHistoryKey(history->key());
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool head,
                            txn_.Get(Family::kEntries, EntryKey(dir_, slot), &value));
    if (!head) return 0;
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(value));
    return entry.birth;
  }

  absl::Status CopySlot(const std::string& slot, Entry entry) {
    entry.birth = node_.created;
    MARCOT_ASSIGN_OR_RETURN(const Seq death, OldestOwn(slot));
    if (death != 0) return CopyIntoHistory(slot, entry, death);
    txn_.PutEntry(dir_, slot, entry, entry.birth);
    return TreeWriter(txn_).Hold(entry);
  }

  // Replaced here already: only pins older than the replacement see what the base shows.
  absl::Status CopyIntoHistory(const std::string& slot, const Entry& entry, Seq death) {
    const std::string first = PairKey(dir_, node_.created), end = PairKey(dir_, death);
    const auto pins = txn_.NewCursor(Family::kPins, {first, end});
    pins->SeekForPrev(PairKey(dir_, death - 1));
    MARCOT_RETURN_IF_ERROR(pins->status());
    if (!pins->Valid()) return absl::OkStatus();
    const DeadlistKey row{.dir = dir_,
                          .list = LoadFixed64(pins->key().data() + 8),
                          .birth = entry.birth,
                          .kind = DeadlistKey::Kind::kHistory,
                          .slot = slot,
                          .child = 0};
    txn_.Put(Family::kHistory, HistoryKey(dir_, slot, entry.birth), EncodeHistory(death, entry));
    txn_.Put(Family::kDeadlists, row.Encode(), "");
    return TreeWriter(txn_).Hold(entry);
  }

  absl::StatusOr<bool> DropBase(std::string* cursor) {
    txn_.Queue({Job::Kind::kRelease, node_.base.dir, node_.base.seq, {}});
    node_.base = {};
    node_.youngest = ~Seq{0};  // entries came that no trim has seen
    PutNode();
    *cursor = kSweepingWhiteouts;
    return true;
  }

  Txn& txn_;
  const DirId dir_;
  Node node_;
};

}  // namespace

absl::Status QueueFlatten(Txn& txn, DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn, dir));
  if (node.flattening) return absl::OkStatus();
  node.flattening = true;
  txn.Put(Family::kNodes, IdKey(dir), EncodeNode(node));
  txn.Queue({Job::Kind::kFlatten, dir, 0, {}});
  ++txn.tally().flattens_queued;
  return absl::OkStatus();
}

absl::StatusOr<bool> FlattenStep(Txn& txn, DirId dir, std::string* cursor) {
  Node node;
  MARCOT_ASSIGN_OR_RETURN(const bool exists, FindNode(txn, dir, &node));
  if (!exists || (!node.live && node.newest_pin == 0)) return false;
  Flattener flattener(txn, dir, node);
  if (node.base.dir != 0) return flattener.CopySome(cursor);
  // Somebody else took the base away: what is left are whiteouts.
  if (cursor->empty() || cursor->front() != kSweepingWhiteouts) *cursor = kSweepingWhiteouts;
  return flattener.SweepWhiteouts(cursor);
}

}  // namespace marcot::core

#include "core/reclaim.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/lookup.h"
#include "core/tree_writer.h"
#include "core/versions.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

using storage::Family;

// What is left of a step's; it ends when either is used up.
struct Budget {
  int writes = kStepWrites, reads = kStepReads;
  bool left() const { return writes > 0 && reads > 0; }
};

// The pins of a node nearest to a seq whose own pin was released, on either side; 0 and ~0 where
// there is none. That pin may have come back since, and then is the older one itself.
struct Neighbours {
  Seq older = 0, newer = ~Seq{0};
};

// The newest pin of [low, seq]; 0: there is none.
absl::StatusOr<Seq> LastPin(Txn& txn, DirId dir, Seq low, Seq seq) {
  const std::string first = PairKey(dir, low), end = IdKey(dir + 1);
  const auto cursor = txn.NewCursor(Family::kPins, {first, end});
  cursor->SeekForPrev(PairKey(dir, seq));
  MARCOT_RETURN_IF_ERROR(cursor->status());
  return cursor->Valid() ? LoadFixed64(cursor->key().data() + 8) : 0;
}

// Goes around the gaps where there are only tombstones.
absl::StatusOr<Seq> OlderPin(Txn& txn, DirId dir, Seq seq) {
  Seq older = 0;
  for (Seq from = seq; from != 0 && older == 0;) {
    const PinGaps::Gap gap = txn.pin_gaps().At(dir, from);
    if (gap.end < from) {
      MARCOT_ASSIGN_OR_RETURN(older, LastPin(txn, dir, gap.end + 1, from));
    }
    from = gap.older;
  }
  txn.pin_gaps().Remember(dir, older, seq);
  return older;
}

absl::StatusOr<Neighbours> PinsBeside(Txn& txn, DirId dir, Seq seq) {
  Neighbours out;
  MARCOT_ASSIGN_OR_RETURN(out.older, OlderPin(txn, dir, seq));
  const std::string first = PairKey(dir, seq + 1), end = IdKey(dir + 1);
  const auto cursor = txn.NewCursor(Family::kPins, {first, end});
  cursor->Seek(first);
  if (cursor->Valid()) out.newer = LoadFixed64(cursor->key().data() + 8);
  MARCOT_RETURN_IF_ERROR(cursor->status());
  return out;
}

class JobRunner {
 public:
  explicit JobRunner(Txn& txn) : txn_(txn), writer_(txn) {}

  uint64_t visited() const { return visited_; }

  // One step; true: the job is done.
  absl::StatusOr<bool> Run(Job* job) {
    switch (job->kind) {
      case Job::Kind::kRelease:
        return Release(job);
      case Job::Kind::kSweep:
        return Sweep(job);
      case Job::Kind::kBirths:
        return SweepBirths(job);
      case Job::Kind::kTrim:
        return Trim(job);
      case Job::Kind::kFlatten: {
        MARCOT_ASSIGN_OR_RETURN(const bool more, FlattenStep(txn_, job->a, &job->cursor));
        return !more;
      }
      case Job::Kind::kBlob:
        return DeleteChunks(job);
      case Job::Kind::kForget:
        return Forget(job);
      case Job::Kind::kVersions:
        return DropVersions(job);
      case Job::Kind::kRows:
        return DeleteRows(job);
    }
    return true;
  }

 private:
  absl::StatusOr<bool> Release(Job* job) {
    std::string value;
    const std::string key = PairKey(job->a, job->b);
    MARCOT_ASSIGN_OR_RETURN(const bool found, txn_.Get(Family::kPins, key, &value));
    if (!found) {
      return MakeError(Code::kStoreDamaged,
                       absl::StrCat("pin ", job->a, "@", job->b, " is missing"));
    }
    MARCOT_ASSIGN_OR_RETURN(Pin pin, DecodePin(value));
    if (--pin.owners > 0) {
      txn_.Put(Family::kPins, key, EncodePin(pin));
      return true;
    }
    txn_.Delete(Family::kPins, key);
    MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn_, job->a));
    if (node.newest_pin == job->b) {
      MARCOT_ASSIGN_OR_RETURN(const Neighbours pins, PinsBeside(txn_, job->a, job->b));
      node.newest_pin = pins.older;
      txn_.Put(Family::kNodes, IdKey(job->a), EncodeNode(node));
    }
    job->kind = Job::Kind::kSweep;
    return false;
  }

  // Of the lists that the pin owned, what was born after the next older pin is seen by none. Pins
  // are looked up anew at each step; whatever was released meanwhile, the rule stays right.
  absl::StatusOr<bool> Sweep(Job* job) {
    Node node;
    MARCOT_ASSIGN_OR_RETURN(const bool exists, FindNode(txn_, job->a, &node));
    if (!exists) return true;
    MARCOT_ASSIGN_OR_RETURN(const Neighbours pins, PinsBeside(txn_, job->a, job->b));
    MARCOT_ASSIGN_OR_RETURN(const bool done, SweepLists(job, PairKey(job->a, job->b),
                                                        PairKey(job->a, pins.newer), pins.older));
    if (!done) return false;
    if (!node.live && node.newest_pin < job->b) writer_.Kill(job->a);
    if (pins.older != 0) return true;
    job->kind = Job::Kind::kBirths;
    job->cursor.clear();
    return SweepBirths(job);
  }

  // What no older pin needs is what was born up to the next one.
  absl::StatusOr<bool> SweepBirths(Job* job) {
    MARCOT_ASSIGN_OR_RETURN(const Neighbours pins, PinsBeside(txn_, job->a, job->b));
    // A pin that came meanwhile and is older sees the node as the next newer one does.
    if (pins.older != 0) return true;
    // The pin was the oldest, so what was born before it went with pins that were older still.
    return DropRows(Family::kBirths, PairKey(job->a, job->b), PairKey(job->a, pins.newer),
                    &job->cursor);
  }

  absl::StatusOr<bool> SweepLists(Job* job, const std::string& first, const std::string& end,
                                  Seq older_pin) {
    const auto rows = txn_.NewCursor(Family::kDeadlists, {first, end});
    rows->Seek(job->cursor.empty() ? first : job->cursor);
    while (rows->Valid()) {
      if (!budget_.left()) return false;
      Visit();
      const DeadlistKey row = DeadlistKey::Decode(rows->key());
      job->cursor = rows->key();
      if (row.birth <= older_pin) {
        // So are all that follow on this list: they are in order of birth, the youngest first.
        rows->Seek(PairKey(row.dir, row.list + 1));
        continue;
      }
      MARCOT_RETURN_IF_ERROR(LetGo(row, older_pin));
      --budget_.writes;
      rows->Next();
    }
    MARCOT_RETURN_IF_ERROR(rows->status());
    return true;
  }

  absl::Status LetGo(const DeadlistKey& row, Seq older_pin) {
    txn_.Delete(Family::kDeadlists, row.Encode());
    if (row.kind == DeadlistKey::Kind::kPushed) {
      txn_.Queue({Job::Kind::kRelease, row.child, row.list, {}});
      return absl::OkStatus();
    }
    std::string value;
    const std::string key = HistoryKey(row.dir, row.slot, row.birth);
    MARCOT_ASSIGN_OR_RETURN(const bool found, txn_.Get(Family::kHistory, key, &value));
    if (!found) return MakeError(Code::kStoreDamaged, "a deadlist names a lost history record");
    MARCOT_ASSIGN_OR_RETURN(const HistoryRecord record, DecodeHistory(value));
    MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(record.entry));
    txn_.Delete(Family::kHistory, key);
    DropBirth(txn_, older_pin, row.dir, row.birth, row.slot);
    // History never owns a live directory: its pins keep it.
    if (entry.kind == EntryKind::kDirectory) return absl::OkStatus();
    return writer_.Drop(entry);
  }

  // First the entries (cursor: a slot), then, with no pin left, the deadlists and the node itself.
  absl::StatusOr<bool> Trim(Job* job) {
    Node node;
    MARCOT_ASSIGN_OR_RETURN(const bool exists, FindNode(txn_, job->a, &node));
    if (!exists) return true;
    // Without pins everything goes, so there is always a scan then.
    const bool untouched =
        node.newest_pin != 0 && job->cursor.empty() && node.youngest <= node.newest_pin;
    if (node.live) {
      node.live = false;
      txn_.Put(Family::kNodes, IdKey(job->a), EncodeNode(node));
    }
    if (!untouched) {
      MARCOT_ASSIGN_OR_RETURN(const bool scanned, TrimEntries(job, node));
      if (!scanned) return false;
      node.youngest = job->b;
      txn_.Put(Family::kNodes, IdKey(job->a), EncodeNode(node));
    }
    if (node.newest_pin != 0) return true;
    return Purge(job, node);
  }

  absl::StatusOr<bool> TrimEntries(Job* job, const Node& node) {
    const auto trim = [&](std::string_view key, std::string_view value) {
      MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(value));
      if (entry.birth <= node.newest_pin) return KeepSeenEntry(entry, node.newest_pin, job);
      txn_.Delete(Family::kEntries, key);
      DropBirth(txn_, node.newest_pin, job->a, entry.birth, SlotOfEntryKey(key));
      --budget_.writes;
      return writer_.Drop(entry);
    };
    return VisitRows(Family::kEntries, IdKey(job->a), IdKey(job->a + 1), &job->cursor, trim);
  }

  // An entry that a pin still sees. A child directory that changed since is not seen as it is now:
  // it is dead too, and its own pins, pushed before it changed, say what stays.
  absl::Status KeepSeenEntry(const Entry& entry, Seq newest_pin, Job* job) {
    Seq age = entry.birth;
    if (entry.kind == EntryKind::kDirectory) {
      MARCOT_ASSIGN_OR_RETURN(const Totals totals, txn_.GetTotals(entry.dir));
      if (totals.changed > newest_pin) {
        writer_.Kill(entry.dir);
        --budget_.writes;
      } else {
        age = std::max(age, totals.changed);
      }
    }
    job->b = std::max(job->b, age);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Purge(Job* job, const Node& node) {
    // The last pin may have gone, or a flatten have added entries, behind the scan.
    MARCOT_ASSIGN_OR_RETURN(const bool empty, HasNoEntries(job->a));
    if (!empty) {
      job->cursor.clear();
      return false;
    }
    Job rest{job->kind, job->a, 0, {}};
    MARCOT_ASSIGN_OR_RETURN(const bool done,
                            SweepLists(&rest, IdKey(job->a), IdKey(job->a + 1), 0));
    if (!done) return false;
    MARCOT_ASSIGN_OR_RETURN(const bool forgotten, DropSummaries(job->a));
    if (!forgotten) return false;
    if (node.base.dir != 0) txn_.Queue({Job::Kind::kRelease, node.base.dir, node.base.seq, {}});
    txn_.Delete(Family::kNodes, IdKey(job->a));
    txn_.DeleteTotals(job->a);
    return true;
  }

  // In a store that nobody searches this costs nothing.
  absl::StatusOr<bool> DropSummaries(DirId dir) {
    if (!txn_.has_summaries()) return true;
    std::string reached;
    return DropRows(Family::kSummaries, IdKey(dir), IdKey(dir + 1), &reached);
  }

  absl::StatusOr<bool> HasNoEntries(DirId dir) {
    const std::string first = IdKey(dir), end = IdKey(dir + 1);
    const auto entries = txn_.NewCursor(Family::kEntries, {first, end});
    entries->Seek(first);
    MARCOT_RETURN_IF_ERROR(entries->status());
    return !entries->Valid();
  }

  // What is below was live, so its versions are those of live entries. Runs before the node's trim,
  // which is queued behind it.
  absl::StatusOr<bool> Forget(Job* job) {
    const auto forget = [&](std::string_view, std::string_view value) {
      MARCOT_ASSIGN_OR_RETURN(const Entry entry, DecodeEntry(value));
      return ForgetEntry(entry);
    };
    return VisitRows(Family::kEntries, IdKey(job->a), IdKey(job->a + 1), &job->cursor, forget);
  }

  absl::Status ForgetEntry(const Entry& entry) {
    if (entry.kind == EntryKind::kFile && entry.versions > 0) {
      ForgetFile(txn_, entry);
      --budget_.writes;
    }
    if (entry.kind != EntryKind::kDirectory) return absl::OkStatus();
    MARCOT_ASSIGN_OR_RETURN(const Totals totals, txn_.GetTotals(entry.dir));
    if (totals.versions == 0) return absl::OkStatus();
    --budget_.writes;
    txn_.Queue({Job::Kind::kForget, entry.dir, 0, {}});
    return writer_.SetParent(entry.dir, 0);  // the parent may be gone before the child's turn
  }

  absl::StatusOr<bool> DropVersions(Job* job) {
    const ObjectId id{job->a, job->b};
    const auto drop = [&](std::string_view key, std::string_view value) {
      MARCOT_ASSIGN_OR_RETURN(const VersionRecord record, DecodeVersion(value));
      TakeVersion(txn_, id, VersionOfKey(key), record);
      --budget_.writes;
      return writer_.DropContent(record.content, record.size);
    };
    return VisitRows(Family::kVersions, VersionsKey(id), VersionKey(id, 0), &job->cursor, drop);
  }

  // Goes on behind the tombstones that it left.
  absl::StatusOr<bool> DeleteRows(Job* job) {
    Decoder in(job->cursor);
    const std::string end(in.String());
    std::string reached(in.Rest());
    if (end.empty()) return MakeError(Code::kStoreDamaged, "a job drops rows without an end");
    MARCOT_ASSIGN_OR_RETURN(const bool done,
                            DropRows(static_cast<Family>(job->b), IdKey(job->a), end, &reached));
    job->cursor.clear();
    PutString(&job->cursor, end);
    job->cursor += reached;
    return done;
  }

  absl::StatusOr<bool> DropRows(Family family, const std::string& first, const std::string& end,
                                std::string* cursor) {
    const auto drop = [&](std::string_view key, std::string_view) {
      txn_.Delete(family, key);
      --budget_.writes;
      return absl::OkStatus();
    };
    return VisitRows(family, first, end, cursor, drop);
  }

  absl::StatusOr<bool> DeleteChunks(Job* job) {
    const uint64_t end = job->b;
    const uint64_t begin = end > kStepWrites ? end - kStepWrites : 0;
    visited_ += end - begin;
    for (uint64_t i = begin; i < end; ++i) txn_.Delete(Family::kChunks, PairKey(job->a, i));
    job->b = begin;
    return begin == 0;
  }

  // The rows of [first, end) that are left, those behind `cursor`, until the step's budget is used
  // up: false then.
  template <typename VisitRow>
  absl::StatusOr<bool> VisitRows(Family family, const std::string& first, const std::string& end,
                                 std::string* cursor, const VisitRow& visit) {
    const auto rows = txn_.NewCursor(family, {first, end});
    for (rows->Seek(cursor->empty() ? first : *cursor); rows->Valid(); rows->Next()) {
      *cursor = rows->key();
      if (!budget_.left()) return false;
      Visit();
      MARCOT_RETURN_IF_ERROR(visit(rows->key(), rows->value()));
    }
    MARCOT_RETURN_IF_ERROR(rows->status());
    return true;
  }

  void Visit() {
    --budget_.reads;
    ++visited_;
  }

  Txn& txn_;
  TreeWriter writer_;
  Budget budget_;
  uint64_t visited_ = 0;
};

}  // namespace

absl::StatusOr<std::optional<uint64_t>> ReclaimStep(Txn& txn) {
  // From where the queue was last seen to begin: before it are the tombstones of what is done.
  const std::string head = IdKey(txn.counters().queue_head);
  const auto queue = txn.NewCursor(Family::kReclaim, {head, {}});
  queue->Seek(head);
  MARCOT_RETURN_IF_ERROR(queue->status());
  if (!queue->Valid()) return std::nullopt;
  const std::string key(queue->key());
  txn.counters().queue_head = LoadFixed64(key.data());
  MARCOT_ASSIGN_OR_RETURN(Job job, DecodeJob(queue->value()));
  JobRunner runner(txn);
  MARCOT_ASSIGN_OR_RETURN(const bool done, runner.Run(&job));
  uint64_t& pending = txn.counters().pending;
  pending -= std::min(pending, runner.visited());
  if (done) {
    txn.FinishJob(key);
  } else {
    txn.Put(Family::kReclaim, key, EncodeJob(job));
  }
  return runner.visited();
}

}  // namespace marcot::core

#include "core/tree_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/chunks.h"
#include "core/reclaim.h"
#include "marcot/error.h"

namespace marcot::core {

using storage::Family;

namespace {

// Directories are numbered by their node, files by their operation: two ranges of ids.
ObjectId DirectoryId(DirId dir) { return {1, dir}; }

constexpr uint64_t kWhiteoutsToFlatten = 64;
constexpr uint64_t kMaxTotal = uint64_t{1} << 62;

// After an addition: both addends were below the bound, so the sum has not wrapped.
absl::Status CheckSums(const Totals& totals) {
  if (std::max({totals.bytes, totals.files, totals.directories, totals.version_bytes}) <=
      kMaxTotal) {
    return absl::OkStatus();
  }
  return MakeError(Code::kQuotaLimitReached,
                   "a directory would hold more than 2^62 bytes or entries, copies counted; "
                   "delete some of them first");
}

}  // namespace

TotalsDelta Plus(const Weight& w) {
  return {static_cast<int64_t>(w.bytes), static_cast<int64_t>(w.files),
          static_cast<int64_t>(w.directories), static_cast<int64_t>(w.versions),
          static_cast<int64_t>(w.version_bytes)};
}

TotalsDelta Minus(const Weight& w) {
  const TotalsDelta plus = Plus(w);
  return {-plus.bytes, -plus.files, -plus.directories, -plus.versions, -plus.version_bytes};
}

void DropBirth(Txn& txn, Seq pin, DirId dir, Seq birth, std::string_view slot) {
  if (pin != 0) txn.Delete(Family::kBirths, BirthKey(dir, birth, slot));
}

absl::Status TreeWriter::PutNode(DirId dir, const Node& node) {
  txn_.Put(Family::kNodes, IdKey(dir), EncodeNode(node));
  return absl::OkStatus();
}

DirId TreeWriter::NewNode(const Base& base, const Totals& totals, DirId parent) {
  const DirId dir = txn_.NewId();
  Node node;
  node.created = node.synced = txn_.seq();
  node.base = base;
  node.parent = parent;
  txn_.Put(Family::kNodes, IdKey(dir), EncodeNode(node));
  txn_.names().Begin(dir, base.dir == 0);
  Totals own = OfNewNode(totals);
  own.changed = txn_.seq();
  txn_.PutTotals(dir, own);
  return dir;
}

absl::StatusOr<Seq> TreeWriter::SeqToPin(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, dir));
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, txn_.GetTotals(dir));
  return node.newest_pin >= totals.changed ? node.newest_pin : txn_.seq() - 1;
}

absl::Status TreeWriter::AddPin(DirId dir, Seq seq) {
  const std::string key = PairKey(dir, seq);
  MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn_, dir));
  // What is newer than the newest is not looked for.
  if (seq <= node.newest_pin) {
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool found, txn_.Get(Family::kPins, key, &value));
    if (found) {
      MARCOT_ASSIGN_OR_RETURN(Pin pin, DecodePin(value));
      ++pin.owners;
      txn_.Put(Family::kPins, key, EncodePin(pin));
      return absl::OkStatus();
    }
  }
  txn_.walks().Clear();  // those of its nodes that pass here have a pin to hand down
  Pin pin;
  pin.owners = 1;
  MARCOT_ASSIGN_OR_RETURN(pin.frozen, TotalsAt(txn_, dir, seq));
  txn_.Put(Family::kPins, key, EncodePin(pin));
  if (seq < node.newest_pin) return absl::OkStatus();
  node.newest_pin = seq;
  return PutNode(dir, node);
}

// Hands the parent's pins that see the child down to it before it changes or leaves: one row,
// whatever their number, since the child did not change between them.
absl::Status TreeWriter::Push(DirId parent, const Node& parent_node, std::string_view slot,
                              const Entry& child) {
  const Seq newest = parent_node.newest_pin;
  if (newest < child.birth) return absl::OkStatus();
  MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn_, child.dir));
  const Seq missed_after = std::max(node.synced, child.birth - 1);
  if (newest <= missed_after) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(AddPin(child.dir, newest));
  const DeadlistKey row{.dir = parent,
                        .list = newest,
                        .birth = missed_after + 1,
                        .kind = DeadlistKey::Kind::kPushed,
                        .slot = {},
                        .child = child.dir};
  // The slot is for diffs, which look up what changed below.
  txn_.Put(Family::kDeadlists, row.Encode(), slot);
  MARCOT_ASSIGN_OR_RETURN(node, GetNode(txn_, child.dir));
  node.synced = newest;
  return PutNode(child.dir, node);
}

absl::StatusOr<TreeWriter::Walked> TreeWriter::Walk(DirId root, std::span<const std::string> names,
                                                    const WalkOptions& options) {
  Walked walked;
  if (const auto* const known = txn_.walks().Find(root, names); known != nullptr) {
    walked.nodes = *known;
    return walked;
  }
  walked.nodes.reserve(names.size() + 2);
  walked.nodes.push_back(root);
  for (const std::string& name : names) {
    MARCOT_ASSIGN_OR_RETURN(const DirId next, Step(name, options, &walked));
    if (next == 0) return walked;
    walked.nodes.push_back(next);
  }
  txn_.walks().Remember(root, names, walked.nodes);
  return walked;
}

absl::StatusOr<DirId> TreeWriter::Step(const std::string& name, const WalkOptions& options,
                                       Walked* walked) {
  const DirId parent = walked->nodes.back();
  const std::string slot = Slot(kDirectorySlot, name);
  Entry entry;
  MARCOT_ASSIGN_OR_RETURN(const bool found, Lookup(txn_, {.dir = parent}, slot, &entry));
  if (found && entry.kind == EntryKind::kReference) return CopyUp(parent, slot, entry);
  if (found) {
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, parent));
    MARCOT_RETURN_IF_ERROR(Push(parent, node, slot, entry));
    return entry.dir;
  }
  MARCOT_ASSIGN_OR_RETURN(walked->file,
                          Lookup(txn_, {.dir = parent}, Slot(kFileSlot, name), &entry));
  walked->missing = !walked->file && !options.create_missing;
  if (walked->file || walked->missing) return 0;
  MARCOT_ASSIGN_OR_RETURN(entry, MakeChild(walked->nodes, name, options.creator));
  if (options.made != nullptr) options.made->push_back(entry);
  return entry.dir;
}

absl::StatusOr<Entry> TreeWriter::MakeChild(const DirPath& nodes, const std::string& name,
                                            std::string_view creator) {
  const DirId parent = nodes.back();
  const DirId child = NewEmptyNode(parent);
  Entry entry;
  entry.kind = EntryKind::kDirectory;
  entry.dir = child;
  entry.id = DirectoryId(child);
  entry.creation_time_ms = txn_.now_ms();
  entry.creator = creator;
  // A whiteout of a directory that was deleted here may stand in the slot.
  MARCOT_RETURN_IF_ERROR(Detach(parent, Slot(kDirectorySlot, name)).status());
  MARCOT_RETURN_IF_ERROR(Attach(parent, Slot(kDirectorySlot, name), entry));
  MARCOT_RETURN_IF_ERROR(Charge(nodes, {.directories = 1, .child_directories = 1}));
  return entry;
}

absl::StatusOr<TreeWriter::Slots> TreeWriter::FindChild(DirId dir, std::string_view name,
                                                        Entry* entry) {
  MARCOT_ASSIGN_OR_RETURN(const Node* const node, txn_.PeekNode(dir));
  MARCOT_ASSIGN_OR_RETURN(const Totals* const totals, txn_.PeekTotals(dir));
  // The totals know which kinds of entries are seen; of a directory by itself, which there are.
  const bool alone = node->base.dir == 0 && totals->whiteouts == 0;
  for (const char kind : {kFileSlot, kDirectorySlot}) {
    const uint64_t count = kind == kFileSlot ? totals->child_files : totals->child_directories;
    if (count == 0) continue;
    const std::string slot = Slot(kind, name);
    if (alone && !txn_.names().MayHold(dir, slot)) continue;
    MARCOT_ASSIGN_OR_RETURN(const bool taken, Lookup(txn_, {.dir = dir}, slot, entry));
    if (taken) return Slots::kTaken;
  }
  return alone ? Slots::kVacant : Slots::kFree;
}

absl::StatusOr<int> TreeWriter::ChainLength(DirId dir) {
  int length = 0;
  for (; dir != 0 && length <= kMaxChain; ++length) {
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, dir));
    dir = node.base.dir;
  }
  return length;
}

// A node of this very group, an atomic batch say, is not there yet for anybody else to flatten.
absl::Status TreeWriter::FlattenHere(DirId dir) {
  std::string cursor;
  bool more = true;
  while (more) {
    MARCOT_ASSIGN_OR_RETURN(more, FlattenStep(txn_, dir, &cursor));
  }
  return absl::OkStatus();
}

// An empty node over the reference takes its place. No entry is copied.
absl::StatusOr<DirId> TreeWriter::CopyUp(DirId parent, std::string_view slot,
                                         const Entry& reference) {
  MARCOT_ASSIGN_OR_RETURN(int chain, ChainLength(reference.dir));
  if (chain > kMaxChain && txn_.IsNew(reference.dir)) {
    MARCOT_RETURN_IF_ERROR(FlattenHere(reference.dir));
    chain = 1;
  }
  if (chain > kMaxChain) {
    txn_.AskForFlatten(reference.dir);
    return absl::UnavailableError("the directory is read through too long a chain of copies");
  }
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, TotalsAt(txn_, reference.dir, reference.seq));
  MARCOT_ASSIGN_OR_RETURN(const Detached old, Detach(parent, slot));
  // A reference that no pin sees gives its pin to the base; else both own it.
  const bool handed_over = old.found && !old.preserved && old.entry.kind == EntryKind::kReference;
  if (!handed_over) MARCOT_RETURN_IF_ERROR(AddPin(reference.dir, reference.seq));
  const DirId child = NewNode({reference.dir, reference.seq, reference.context}, totals, parent);
  Entry entry = reference;
  entry.kind = EntryKind::kDirectory;
  entry.dir = child;
  MARCOT_RETURN_IF_ERROR(Attach(parent, slot, entry));
  Tally& tally = txn_.tally();
  ++tally.copy_ups;
  tally.longest_chain = std::max<uint32_t>(tally.longest_chain, chain);
  if (chain > kFlattenChain) MARCOT_RETURN_IF_ERROR(QueueFlatten(txn_, child));
  return child;
}

absl::StatusOr<TreeWriter::Detached> TreeWriter::Detach(DirId dir, std::string_view slot) {
  Detached out;
  std::string value;
  const std::string key = EntryKey(dir, slot);
  MARCOT_ASSIGN_OR_RETURN(out.found, txn_.Get(Family::kEntries, key, &value));
  if (!out.found) return out;
  MARCOT_ASSIGN_OR_RETURN(out.entry, DecodeEntry(value));
  MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, dir));
  if (out.entry.is_directory()) txn_.walks().Clear();
  if (out.entry.kind == EntryKind::kDirectory) {
    MARCOT_RETURN_IF_ERROR(Push(dir, node, slot, out.entry));
  }
  if (out.entry.kind == EntryKind::kWhiteout) MARCOT_RETURN_IF_ERROR(CountWhiteout(dir, -1));
  txn_.Delete(Family::kEntries, key);
  out.preserved = node.newest_pin >= out.entry.birth;
  if (!out.preserved) {
    DropBirth(txn_, node.newest_pin, dir, out.entry.birth, slot);
    return out;
  }
  txn_.Put(Family::kHistory, HistoryKey(dir, slot, out.entry.birth),
           EncodeHistory(txn_.seq(), out.entry));
  const DeadlistKey row{.dir = dir,
                        .list = node.newest_pin,
                        .birth = out.entry.birth,
                        .kind = DeadlistKey::Kind::kHistory,
                        .slot = std::string(slot),
                        .child = 0};
  txn_.Put(Family::kDeadlists, row.Encode(), "");
  return out;
}

absl::Status TreeWriter::Drop(const Entry& entry) {
  switch (entry.kind) {
    case EntryKind::kFile:
      return DropContent(entry.content, entry.size);
    case EntryKind::kReference:
      txn_.Queue({Job::Kind::kRelease, entry.dir, entry.seq, {}});
      return absl::OkStatus();
    case EntryKind::kDirectory:
      Kill(entry.dir);
      return absl::OkStatus();
    case EntryKind::kWhiteout:
    case EntryKind::kAttributes:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status TreeWriter::Attach(DirId dir, std::string_view slot, const Entry& entry) {
  const Seq birth = txn_.seq();
  txn_.PutEntry(dir, slot, entry, birth);
  MARCOT_ASSIGN_OR_RETURN(const Node* const node, txn_.PeekNode(dir));
  if (node->newest_pin != 0) txn_.Put(Family::kBirths, BirthKey(dir, birth, slot), "");
  return absl::OkStatus();
}

absl::Status TreeWriter::Hold(const Entry& entry) {
  if (entry.kind == EntryKind::kReference) return AddPin(entry.dir, entry.seq);
  if (entry.kind == EntryKind::kFile) return HoldContent(entry.content, entry.size);
  return absl::OkStatus();
}

absl::Status TreeWriter::HideBase(DirId dir, std::string_view slot) {
  MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, dir));
  if (node.base.dir == 0) return absl::OkStatus();
  Entry hidden;
  MARCOT_ASSIGN_OR_RETURN(const bool found, Lookup(txn_, PlaceOf(node.base, {}), slot, &hidden));
  if (!found) return absl::OkStatus();
  MARCOT_RETURN_IF_ERROR(Attach(dir, slot, Entry{}));
  return CountWhiteout(dir, +1);
}

absl::Status TreeWriter::CountWhiteout(DirId dir, int sign) {
  MARCOT_ASSIGN_OR_RETURN(Totals* const totals, txn_.MutableTotals(dir));
  totals->whiteouts += sign;
  const uint64_t shown = totals->child_files + totals->child_directories;
  if (totals->whiteouts < kWhiteoutsToFlatten || totals->whiteouts <= shown) {
    return absl::OkStatus();
  }
  return QueueFlatten(txn_, dir);
}

absl::StatusOr<Totals*> TreeWriter::ChargeOne(DirId dir, const TotalsDelta& delta) {
  MARCOT_ASSIGN_OR_RETURN(Totals* const totals, txn_.MutableTotals(dir));
  Add(dir, delta, totals);
  MARCOT_RETURN_IF_ERROR(CheckSums(*totals));
  return totals;
}

void TreeWriter::NoteLimited(DirId dir, const Totals& totals) {
  const auto is_dir = [dir](const auto& limited) { return limited.first == dir; };
  if (std::none_of(limited_.begin(), limited_.end(), is_dir)) limited_.emplace_back(dir, totals);
}

inline void TreeWriter::Add(DirId dir, const TotalsDelta& delta, Totals* totals) {
  if (totals->limits.any()) NoteLimited(dir, *totals);
  totals->bytes += delta.bytes;
  totals->files += delta.files;
  totals->directories += delta.directories;
  totals->versions += delta.versions;
  totals->version_bytes += delta.version_bytes;
}

absl::Status TreeWriter::Charge(const DirPath& nodes, const TotalsDelta& delta) {
  const Seq now = txn_.seq();
  const Totals* first = nullptr;
  Totals* last = nullptr;
  MARCOT_RETURN_IF_ERROR(txn_.ChangeTotals(nodes, [&](DirId dir, Totals* totals) {
    Add(dir, delta, totals);
    totals->changed = now;
    if (first == nullptr) first = totals;
    last = totals;
  }));
  if (delta.child_files != 0 || delta.child_directories != 0) {
    last->child_files += delta.child_files;
    last->child_directories += delta.child_directories;
    last->modified = now;
    last->modification_time_ms = txn_.now_ms();
  }
  // The root has all that is in the others.
  MARCOT_RETURN_IF_ERROR(CheckSums(*first));
  return ChargeAccount(first->account, delta);
}

absl::Status TreeWriter::ChargeAccount(DirId account, const TotalsDelta& delta) {
  return account == 0 ? absl::OkStatus() : ChargeOne(account, delta).status();
}

absl::Status TreeWriter::ChargeVersions(DirId dir, const TotalsDelta& delta) {
  DirId account = 0;
  while (dir != 0) {
    MARCOT_ASSIGN_OR_RETURN(const Totals* const totals, ChargeOne(dir, delta));
    account = totals->account;
    MARCOT_ASSIGN_OR_RETURN(const Node node, GetNode(txn_, dir));
    dir = node.parent;
  }
  return ChargeAccount(account, delta);
}

absl::Status TreeWriter::CheckLimits() {
  for (const auto& [dir, before] : limited_) {
    MARCOT_ASSIGN_OR_RETURN(const Totals now, txn_.GetTotals(dir));
    const uint64_t bytes = now.CountedBytes(now.limits);
    if (bytes > std::max(before.CountedBytes(now.limits), now.limits.bytes.value_or(bytes))) {
      return MakeError(Code::kQuotaLimitReached,
                       absl::StrCat("the quota allows ", *now.limits.bytes, " bytes, this makes ",
                                    bytes, "; delete something or raise the quota"));
    }
    if (now.files > std::max(before.files, now.limits.files.value_or(now.files))) {
      return MakeError(Code::kQuotaLimitReached,
                       absl::StrCat("the quota allows ", *now.limits.files, " files, this makes ",
                                    now.files, "; delete some or raise the quota"));
    }
  }
  return absl::OkStatus();
}

absl::Status TreeWriter::SetParent(DirId dir, DirId parent) {
  MARCOT_ASSIGN_OR_RETURN(Node node, GetNode(txn_, dir));
  if (node.parent == parent) return absl::OkStatus();
  node.parent = parent;
  return PutNode(dir, node);
}

absl::Status TreeWriter::KillTree(DirId dir) {
  MARCOT_ASSIGN_OR_RETURN(const Totals totals, txn_.GetTotals(dir));
  if (totals.account != 0) {
    MARCOT_ASSIGN_OR_RETURN(Totals* const own, txn_.MutableTotals(dir));
    own->account = 0;
  }
  txn_.counters().pending += totals.files + totals.directories + 1;
  if (totals.versions > 0) {
    // What expires below meanwhile must not be taken off the totals of those it is gone from.
    MARCOT_RETURN_IF_ERROR(SetParent(dir, 0));
    txn_.Queue({Job::Kind::kForget, dir, 0, {}});
  }
  Kill(dir);
  return absl::OkStatus();
}

void TreeWriter::CountContent(uint64_t size) {
  ++txn_.counters().file_records;
  txn_.counters().content_bytes += size;
}

absl::Status TreeWriter::HoldContent(const ContentId& id, uint64_t size) {
  ++txn_.counters().file_records;
  if (id.empty()) return absl::OkStatus();
  std::string value;
  const std::string key = ContentKey(id);
  MARCOT_ASSIGN_OR_RETURN(const bool counted, txn_.Get(Family::kContents, key, &value));
  ContentRow row{.count = 1, .size = size, .blob = 0};
  if (counted) {
    MARCOT_ASSIGN_OR_RETURN(row, DecodeContent(value));
  }
  ++row.count;
  txn_.Put(Family::kContents, key, EncodeContent(row));
  return absl::OkStatus();
}

absl::Status TreeWriter::DropContent(const ContentId& id, uint64_t size) {
  --txn_.counters().file_records;
  if (id.empty()) return absl::OkStatus();
  std::string value;
  const std::string key = ContentKey(id);
  MARCOT_ASSIGN_OR_RETURN(const bool counted, txn_.Get(Family::kContents, key, &value));
  ContentRow row{.count = 1, .size = size, .blob = 0};
  if (counted) {
    MARCOT_ASSIGN_OR_RETURN(row, DecodeContent(value));
  }
  if (--row.count > 0) {
    txn_.Put(Family::kContents, key, EncodeContent(row));
    return absl::OkStatus();
  }
  txn_.counters().content_bytes -= row.size;
  if (counted) txn_.Delete(Family::kContents, key);
  if (row.blob != 0) {
    txn_.Queue({Job::Kind::kBlob, row.blob, ChunkCount(row.size), {}});
  } else {
    txn_.Put(Family::kReleased, key, std::string(1, kContentReleased));
  }
  return absl::OkStatus();
}

}  // namespace marcot::core

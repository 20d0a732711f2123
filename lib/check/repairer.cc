#include "check/repairer.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/rows.h"
#include "core/chunks.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/spaces.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
using core::Job;
using core::TreeWriter;
using storage::Family;

using Fixes = std::vector<std::function<absl::Status(Repairer&)>>;

// In a longer value a flipped bit would take too long to find.
constexpr size_t kMaxMended = 4096;
constexpr size_t kMaxLostName = 200;

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

void Flip(std::string* bytes, size_t bit) {
  (*bytes)[bit / 8] = static_cast<char>((*bytes)[bit / 8] ^ (1 << (bit % 8)));
}

// The only variant of `bytes` with one bit flipped that passes; empty: none, or more than one.
template <typename Passes>
std::string Unflipped(std::string bytes, const Passes& passes) {
  std::string found;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    Flip(&bytes, bit);
    if (passes(bytes)) {
      if (!found.empty()) return "";
      found = bytes;
    }
    Flip(&bytes, bit);
  }
  return found;
}

// What a damaged entry reads as all the same: a hint for who looks for what is lost.
std::string Hint(std::string_view value) {
  const auto entry = core::DecodeEntry(value);
  if (!entry.ok()) return "";
  return absl::StrCat("Its bytes read as kind ", static_cast<int>(entry->kind), ", object ",
                      entry->id.Hex(), ", content ", entry->content.Hex(), ", ", entry->size,
                      " bytes, directory ", entry->dir, ".\n");
}

}  // namespace

// ---- rounds ------------------------------------------------------------------------------------

absl::Status Repairer::Run(const Fixes& fixes) {
  core::Committed committed(std::make_unique<UndoStorage>(writable_, undo_), 1 << 20);
  MARCOT_RETURN_IF_ERROR(committed.Open(false, 0));
  const int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  core::Txn txn(committed, now);
  txn.BeginOperation();
  txn_ = &txn;
  lost_.clear();
  absl::Status status;
  for (const auto& fix : fixes) {
    const core::Txn::Savepoint before = txn.Mark();
    const absl::Status fixed = fix(*this);
    if (fixed.ok()) continue;
    // What it needs is damaged itself: it stays a finding, and another round may do better.
    txn.RollBack(before);
    if (CodeOf(fixed) != Code::kStoreDamaged) status.Update(fixed);
  }
  for (const Lost& lost : lost_) status.Update(WriteLost(lost));
  txn_ = nullptr;
  MARCOT_RETURN_IF_ERROR(status);
  const bool changed = !txn.empty() || txn.counters() != committed.counters();
  return changed ? committed.Commit(txn, true) : absl::OkStatus();
}

absl::Status Repairer::RunRaw(const Fixes& fixes) {
  UndoStorage storage(writable_, undo_);
  const auto batch = storage.NewBatch();
  raw_ = batch.get();
  counted_anew_ = false;
  absl::Status status;
  for (const auto& fix : fixes) status.Update(fix(*this));
  raw_ = nullptr;
  MARCOT_RETURN_IF_ERROR(status);
  return storage.Write(*batch, true);
}

// ---- rows --------------------------------------------------------------------------------------

absl::Status Repairer::Put(Family family, const std::string& key, std::string_view value) {
  txn_->Put(family, key, value);
  return absl::OkStatus();
}

absl::Status Repairer::Delete(Family family, const std::string& key) {
  txn_->Delete(family, key);
  return absl::OkStatus();
}

absl::Status Repairer::Queue(const Job& job) {
  // Several findings may ask for the same.
  for (const core::RowChange* const change : txn_->changes(Family::kReclaim)) {
    if (change->value == core::EncodeJob(job)) return absl::OkStatus();
  }
  txn_->Queue(job);
  return absl::OkStatus();
}

absl::StatusOr<bool> Repairer::Mend(Family family, const std::string& key) {
  std::string sealed, ignored;
  MARCOT_ASSIGN_OR_RETURN(const bool found, GetSealed(storage_, family, key, &sealed));
  if (!found) return false;
  const std::string mended =
      sealed.size() > kMaxMended ? "" : Unflipped(sealed, [&](const std::string& candidate) {
        return storage::CheckSeal(family, key, candidate).ok();
      });
  if (!mended.empty()) {
    MARCOT_ASSIGN_OR_RETURN(const std::string_view value, storage::CheckSeal(family, key, mended));
    txn_->Put(family, key, value);
    return true;
  }
  const std::string moved = Unflipped(key, [&](const std::string& candidate) {
    return storage::CheckSeal(family, candidate, sealed).ok();
  });
  if (moved.empty()) return false;
  MARCOT_ASSIGN_OR_RETURN(const bool taken, GetSealed(storage_, family, moved, &ignored));
  if (taken) return false;
  MARCOT_ASSIGN_OR_RETURN(const std::string_view value, storage::CheckSeal(family, moved, sealed));
  txn_->Put(family, moved, value);
  txn_->Delete(family, key);
  return true;
}

absl::StatusOr<bool> Repairer::MendRaw(Family family, const std::string& key) {
  std::string sealed;
  MARCOT_ASSIGN_OR_RETURN(const bool found, GetSealed(storage_, family, key, &sealed));
  if (!found || sealed.size() > kMaxMended) return false;
  if (storage::CheckSeal(family, key, sealed).ok()) return false;
  const std::string mended = Unflipped(sealed, [&](const std::string& candidate) {
    return storage::CheckSeal(family, key, candidate).ok();
  });
  if (mended.empty()) return false;
  raw_->PutSealed(family, key, mended);
  return true;
}

absl::Status Repairer::MoveAway(Family family, const std::string& key) {
  MARCOT_ASSIGN_OR_RETURN(const bool mended, Mend(family, key));
  if (mended) return absl::OkStatus();
  std::string sealed;
  MARCOT_RETURN_IF_ERROR(GetSealed(storage_, family, key, &sealed).status());
  Lost lost;
  lost.name = absl::StrCat(std::string(storage::FamilyName(family)), "-", Hex(key));
  if (lost.name.size() > kMaxLostName) lost.name.resize(kMaxLostName);
  lost.text = absl::StrCat("A record that did not decode, taken out of the store by a repair.\n",
                           "family ", std::string(storage::FamilyName(family)), "\nkey ", Hex(key),
                           "\nvalue and checksum ", Hex(sealed), "\n");
  if (family == Family::kEntries && key.size() > 9) {
    absl::StrAppend(&lost.text, "It was ", key.substr(9), " in directory ", LoadFixed64(key.data()),
                    ".\n");
    if (sealed.size() > 4) lost.text += Hint(std::string_view(sealed).substr(0, sealed.size() - 4));
  }
  lost_.push_back(std::move(lost));
  return Delete(family, key);
}

// ---- lost-found --------------------------------------------------------------------------------

absl::StatusOr<DirId> Repairer::LostRoot() {
  if (!operations::FindLibrary(*txn_, kLostLibrary).ok()) {
    MARCOT_RETURN_IF_ERROR(operations::CreateLibraryWork(kLostLibrary).Execute(*txn_));
  }
  MARCOT_ASSIGN_OR_RETURN(auto space, operations::FindSpace(*txn_, kLostLibrary, kLostSpace));
  if (!space.has_value()) {
    MARCOT_RETURN_IF_ERROR(operations::CreateSpaceWork(kLostLibrary, kLostSpace).Execute(*txn_));
    MARCOT_ASSIGN_OR_RETURN(space, operations::FindSpace(*txn_, kLostLibrary, kLostSpace));
  }
  return space->root;
}

// Beside the ids of directories (1) and of files (2).
ObjectId Repairer::LostId() { return {3, txn_->NewId()}; }

Entry Repairer::LostFile(const ContentId& content, uint64_t size) {
  Entry entry;
  entry.kind = EntryKind::kFile;
  entry.id = LostId();
  entry.content = content;
  entry.size = size;
  entry.creation_time_ms = entry.modification_time_ms = txn_->now_ms();
  entry.modified = txn_->seq();
  return entry;
}

absl::Status Repairer::AttachLost(const std::string& slot, const Entry& entry) {
  TreeWriter writer(*txn_);
  MARCOT_ASSIGN_OR_RETURN(const DirId root, LostRoot());
  MARCOT_ASSIGN_OR_RETURN(const core::Weight weight, core::WeightOf(*txn_, entry));
  MARCOT_RETURN_IF_ERROR(writer.Attach(root, slot, entry));
  if (entry.kind == EntryKind::kDirectory) {
    MARCOT_RETURN_IF_ERROR(writer.SetParent(entry.dir, root));
  }
  return writer.Charge({root}, core::Plus(weight).WithChild(entry.is_directory(), +1));
}

absl::Status Repairer::WriteLost(const Lost& lost) {
  const std::string slot = core::Slot(core::kFileSlot, lost.name);
  MARCOT_ASSIGN_OR_RETURN(const DirId root, LostRoot());
  Entry entry;
  MARCOT_ASSIGN_OR_RETURN(const bool there, core::Lookup(*txn_, {.dir = root}, slot, &entry));
  if (there) return absl::OkStatus();  // the same record, met once more
  const uint64_t blob = txn_->NewId();
  entry = LostFile(operations::HashOf(lost.text), lost.text.size());
  uint64_t index = 0;
  for (const std::string& chunk : core::EncodeChunks(lost.text)) {
    txn_->Put(Family::kChunks, core::PairKey(blob, index++), chunk);
  }
  txn_->Put(Family::kContents, core::ContentKey(entry.content),
            core::EncodeContent({.count = 1, .size = entry.size, .blob = blob}));
  TreeWriter(*txn_).CountContent(entry.size);
  return AttachLost(slot, entry);
}

}  // namespace marcot::check

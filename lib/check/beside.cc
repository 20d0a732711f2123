#include "check/beside.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "check/directories.h"
#include "check/repairer.h"
#include "core/chunks.h"
#include "core/facts.h"
#include "operations/quotas.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Entry;
using core::EntryKind;
using storage::Family;

// What the checks of one family have in common.
class Part {
 public:
  Part(const State& state, Claims& claims)
      : state_(state), claims_(claims), view_(state.NewView()), claim_(claims) {}

 protected:
  void Find(Fault fault, std::string where, std::string detail, Fix fix = nullptr) {
    state_.findings().Add(fault, std::move(where), std::move(detail), std::move(fix));
  }
  void Read() { claims_.records.fetch_add(1, std::memory_order_relaxed); }
  void KeyDamaged(const Rows& rows) {
    Find(Fault::kKeyDamaged, Record(rows.family(), rows.key()), "", MoveAway(rows));
  }
  void RecordDamaged(const Rows& rows, std::string detail, Fix fix = nullptr) {
    if (fix == nullptr) fix = MoveAway(rows);
    Find(Fault::kRecordDamaged, Record(rows.family(), rows.key()), std::move(detail),
         std::move(fix));
  }
  static Fix MoveAway(const Rows& rows) {
    return [family = rows.family(), key = std::string(rows.key())](Repairer& repairer) {
      return repairer.MoveAway(family, key);
    };
  }
  static Fix Drop(Family family, std::string key) {
    return
        [family, key = std::move(key)](Repairer& repairer) { return repairer.Delete(family, key); };
  }
  static Fix Write(Family family, std::string key, std::string value = "") {
    return [family, key = std::move(key), value = std::move(value)](Repairer& repairer) {
      return repairer.Put(family, key, value);
    };
  }
  // Damaged ones are taken to be there: they are reported where they stand.
  bool Exists(Family family, std::string_view key, std::string* value = nullptr) {
    std::string ignored;
    if (value == nullptr) value = &ignored;
    const auto found = view_->Get(family, key, value);
    return !found.ok() || *found;
  }

  const State& state_;
  Claims& claims_;
  const std::unique_ptr<core::View> view_;
  Claimer claim_;
};

// ---- spaces and quotas -------------------------------------------------------------------------

class SpacesCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kSpaces); rows.Valid(); rows.Next()) {
      Read();
      const std::string_view key = rows.key();
      const size_t zero = key.find('\0');
      if (zero == std::string_view::npos) {
        KeyDamaged(rows);
      } else if (zero + 1 == key.size()) {
        TakeLibrary(rows);
      } else {
        TakeSpace(rows, std::string(key.substr(0, zero)), std::string(key.substr(zero + 1)));
      }
    }
    CheckQuotas();
  }

 private:
  void TakeLibrary(const Rows& rows) {
    library_ = rows.key().substr(0, rows.key().size() - 1);
    const auto record = core::DecodeLibrary(rows.value());
    library_known_ = true;
    library_id_ = 0;
    if (!rows.damaged() && record.ok()) {
      library_id_ = record->id;
      Claims::Raise(claims_.greatest_id, record->id);
      return;
    }
    RecordDamaged(rows, "a library", [library = library_](Repairer& repairer) {
      return repairer.RemakeLibrary(library);
    });
  }

  void TakeSpace(const Rows& rows, const std::string& library, const std::string& space) {
    if (library != library_ || !library_known_) {
      library_ = library;
      library_known_ = true;
      library_id_ = 0;
      Find(Fault::kRecordDamaged, absl::StrCat("library ", library), "its record is lost",
           [library](Repairer& repairer) { return repairer.RemakeLibrary(library); });
    }
    const auto record = core::DecodeSpace(rows.value());
    const bool numbers = record.ok() && std::max({record->root, record->bin, record->snapshots,
                                                  record->quota}) < kNoNumber;
    if (rows.damaged() || !numbers) {
      RecordDamaged(rows, "a space: its trees become orphans");
      return;
    }
    const std::string name = absl::StrCat("space ", library, "/", space);
    const bool counts_bin = record->quota != 0 && CheckLink(name, space, *record);
    CheckRoot(name, record->root, record->quota, record->settings.change_feed_days > 0);
    CheckRoot(name + " (bin)", record->bin, counts_bin ? record->quota : 0, false);
    CheckRoot(name + " (snapshots)", record->snapshots, 0, false);
  }

  void CheckRoot(const std::string& name, DirId root, DirId account, bool logged) {
    if (root == 0) return;
    claim_.nodes.Add(core::IdKey(root) + 'r');
    const auto totals = view_->GetTotals(root);
    if (!totals.ok()) return;
    if (account != 0) {
      core::Totals& sum = used_[account];
      sum.bytes += totals->bytes;
      sum.files += totals->files;
      sum.directories += totals->directories;
      sum.versions += totals->versions;
      sum.version_bytes += totals->version_bytes;
    }
    const bool library = library_id_ == 0 || totals->library == library_id_;
    if (library && totals->account == account && totals->logged == logged) return;
    Find(Fault::kRootWrong, name,
         absl::StrCat("says quota ", totals->account, ", library ", totals->library, ", feed ",
                      totals->logged, "; is ", account, ", ", library_id_, ", ", logged),
         [root, account, logged, id = library_id_](Repairer& repairer) {
           return repairer.ChangeTotals(root, [&](core::Totals& fixed) {
             fixed.account = account;
             fixed.logged = logged;
             if (id != 0) fixed.library = id;
           });
         });
  }

  // Answers whether the space's quota counts its bin.
  bool CheckLink(const std::string& name, const std::string& space,
                 const core::SpaceRecord& record) {
    std::string value;
    const bool there = Exists(Family::kFacts, core::QuotaKey(library_, record.quota), &value);
    const auto quota = core::DecodeQuota(value);
    if (there && !quota.ok()) return false;  // damaged, and reported there
    if (there && std::count(quota->spaces.begin(), quota->spaces.end(), space) == 1) {
      return quota->limits.count_recycled;
    }
    Find(Fault::kQuotaLinkWrong, name,
         there ? absl::StrCat("quota ", record.quota, " does not list it once")
               : absl::StrCat("quota ", record.quota, " is lost"),
         [library = library_, space](Repairer& repairer) {
           return repairer.LinkQuota(library, space);
         });
    return there && quota->limits.count_recycled;
  }

  void CheckQuotas() {
    for (Rows rows = state_.RowsOf(Family::kFacts, "q", "r"); rows.Valid(); rows.Next()) {
      Read();
      const std::string key(rows.key());
      const size_t zero = key.find('\0');
      if (zero == std::string::npos || key.size() != zero + 9 ||
          LoadFixed64(key.data() + zero + 1) >= kNoNumber) {
        KeyDamaged(rows);
        continue;
      }
      const DirId quota = LoadFixed64(key.data() + zero + 1);
      Claims::Raise(claims_.greatest_id, quota);
      claim_.nodes.Add(core::IdKey(quota) + 'q');
      const auto record = core::DecodeQuota(rows.value());
      if (rows.damaged() || !record.ok()) {
        RecordDamaged(rows, "a quota");
        continue;
      }
      CheckQuota(key.substr(1, zero - 1), quota, *record);
    }
  }

  void CheckQuota(const std::string& library, DirId quota, const core::QuotaRecord& record) {
    const std::string where = absl::StrCat("quota ", quota, " of library ", library);
    for (const std::string& space : record.spaces) {
      std::string value;
      const bool there = Exists(Family::kSpaces, core::SpaceKey(library, space), &value);
      const auto linked = core::DecodeSpace(value);
      if (there && (!linked.ok() || linked->quota == quota)) continue;
      Find(Fault::kQuotaLinkWrong, where, absl::StrCat("the space ", space, " does not name it"),
           [library, quota, space](Repairer& repairer) {
             return repairer.UnlinkQuota(library, quota, space);
           });
    }
    const auto said = view_->GetTotals(quota);
    if (!said.ok()) return;
    const core::Totals& sum = used_[quota];
    if (said->bytes != sum.bytes || said->files != sum.files ||
        said->directories != sum.directories || said->versions != sum.versions ||
        said->version_bytes != sum.version_bytes) {
      Find(Fault::kQuotaUsageWrong, where,
           absl::StrCat("says ", said->bytes, "/", said->files, "/", said->version_bytes, ", is ",
                        sum.bytes, "/", sum.files, "/", sum.version_bytes),
           [quota, sum](Repairer& repairer) {
             return repairer.ChangeTotals(quota, [&](core::Totals& fixed) {
               fixed.bytes = sum.bytes;
               fixed.files = sum.files;
               fixed.directories = sum.directories;
               fixed.versions = sum.versions;
               fixed.version_bytes = sum.version_bytes;
             });
           });
    }
    const core::Limits limits = operations::ToLimits(record.limits);
    if (said->limits == limits) return;
    Find(Fault::kQuotaLimitsWrong, where, "", [quota, limits](Repairer& repairer) {
      return repairer.ChangeTotals(quota, [&](core::Totals& fixed) { fixed.limits = limits; });
    });
  }

  std::string library_;
  bool library_known_ = false;
  uint64_t library_id_ = 0;  // 0: not known
  std::map<DirId, core::Totals> used_;
};

// ---- bins --------------------------------------------------------------------------------------

class BinsCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kBin); rows.Valid(); rows.Next()) {
      Read();
      if (rows.key().size() < 17 || rows.key()[8] > static_cast<char>(core::BinOrder::kSize)) {
        KeyDamaged(rows);
        continue;
      }
      const DirId bin = LoadFixed64(rows.key().data());
      const uint64_t item = core::ItemOfBinKey(rows.key());
      if (rows.damaged()) {
        RecordDamaged(rows, absl::StrCat("item ", item, " of bin ", bin));
      } else if (!state_.IsRoot(bin)) {
        // Of a space that is gone a job drops them.
        if ((state_.WaitingOf(bin) & kRowsDropped) == 0) Stray(rows, bin);
      } else if (rows.key()[8] == static_cast<char>(core::BinOrder::kItem)) {
        TakeItem(rows, bin, item);
      } else {
        TakeOrder(rows, bin, item);
      }
    }
    for (Rows rows = state_.RowsOf(Family::kSpaces); rows.Valid(); rows.Next()) {
      const auto space = core::DecodeSpace(rows.value());
      const bool library = rows.key().empty() || rows.key().back() == '\0';
      if (library || rows.damaged() || !space.ok() || space->bin == 0) continue;
      TakeEntries(space->bin);
    }
  }

 private:
  void Stray(const Rows& rows, DirId bin) {
    Find(Fault::kBinRowStray, absl::StrCat("bin ", bin),
         absl::StrCat("order ", static_cast<int>(rows.key()[8]), ", item ",
                      core::ItemOfBinKey(rows.key())),
         Drop(Family::kBin, std::string(rows.key())));
  }

  void TakeItem(const Rows& rows, DirId bin, uint64_t item) {
    const std::string where = absl::StrCat("item ", item, " of bin ", bin);
    const Fix remake = [bin, item](Repairer& repairer) { return repairer.RemakeItem(bin, item); };
    const auto record = core::DecodeRecycled(rows.value());
    if (!record.ok()) {
      RecordDamaged(rows, where, remake);
      return;
    }
    Entry entry;
    const auto found =
        core::LookupName(*view_, {.dir = bin}, absl::StrCat(item), core::kFileSlot, &entry);
    if (!found.ok()) return;
    if (!*found) {
      Find(Fault::kBinItemLost, where, "it has no entry",
           Drop(Family::kBin, std::string(rows.key())));
      return;
    }
    for (const auto order : {core::BinOrder::kTime, core::BinOrder::kName, core::BinOrder::kSize}) {
      std::string key = core::BinKey(bin, order, item, *record);
      if (Exists(Family::kBin, key)) continue;
      Find(Fault::kBinRowMissing, where, absl::StrCat("order ", static_cast<int>(order)),
           Write(Family::kBin, std::move(key)));
    }
    const auto weight = core::WeightOf(*view_, entry);
    const bool directory = record->type == EntryType::kDirectory;
    if (!weight.ok() || (*weight == record->totals && directory == entry.is_directory())) {
      return;
    }
    Find(Fault::kBinItemWrong, where,
         absl::StrCat("says ", record->totals.bytes, " bytes in ", record->totals.files,
                      " files, has ", weight->bytes, " in ", weight->files),
         remake);
  }

  // Of an item whose row is lost the orders know a part.
  bool HasEntry(DirId bin, uint64_t item) {
    Entry entry;
    const auto found =
        core::LookupName(*view_, {.dir = bin}, absl::StrCat(item), core::kFileSlot, &entry);
    return !found.ok() || *found;
  }

  void TakeOrder(const Rows& rows, DirId bin, uint64_t item) {
    std::string value;
    const bool there = Exists(Family::kBin, core::BinItemKey(bin, item), &value);
    const auto record = core::DecodeRecycled(value);
    if (there && !record.ok()) return;  // damaged, and reported there
    const auto order = static_cast<core::BinOrder>(rows.key()[8]);
    if (there ? core::BinKey(bin, order, item, *record) != rows.key() : !HasEntry(bin, item)) {
      Stray(rows, bin);
    }
  }

  void TakeEntries(DirId bin) {
    const std::string first = core::IdKey(bin), end = core::IdKey(bin + 1);
    const auto rows = view_->NewCursor(Family::kEntries, {.lower = first, .upper = end});
    for (rows->Seek(first); rows->Valid(); rows->Next()) {
      const std::string name(core::SlotOfEntryKey(rows->key()).substr(1));
      uint64_t item = 0;
      if (!absl::SimpleAtoi(absl::string_view(name.data(), name.size()), &item)) continue;
      const auto entry = core::DecodeEntry(rows->value());
      if (!entry.ok() || entry->kind == EntryKind::kWhiteout) continue;
      if (Exists(Family::kBin, core::BinItemKey(bin, item))) continue;
      Find(Fault::kBinItemLost, absl::StrCat("item ", item, " of bin ", bin), "it has no row",
           [bin, item](Repairer& repairer) { return repairer.RemakeItem(bin, item); });
    }
  }
};

// ---- named snapshots, ages and ids of versions -------------------------------------------------

class FactsCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kFacts); rows.Valid(); rows.Next()) {
      Read();
      if (rows.damaged() && !rows.key().starts_with('q')) {
        RecordDamaged(rows, "a fact");
        continue;
      }
      switch (const size_t size = rows.key().size(); size == 0 ? '\0' : rows.key()[0]) {
        case 'q':
          break;
        case 's':
          size < 10 ? KeyDamaged(rows) : TakeSnapshot(rows);
          break;
        case 'x':
          size < 18 ? KeyDamaged(rows) : TakeExpiry(rows);
          break;
        case 'v':
          size != 41 ? KeyDamaged(rows) : TakeAge(rows);
          break;
        case core::kVersionIds:
          size != 9 ? KeyDamaged(rows) : TakeVersionId(rows);
          break;
        default:
          KeyDamaged(rows);
      }
    }
    for (Rows rows = state_.RowsOf(Family::kSpaces); rows.Valid(); rows.Next()) {
      const auto space = core::DecodeSpace(rows.value());
      const bool library = rows.key().empty() || rows.key().back() == '\0';
      if (library || rows.damaged() || !space.ok() || space->snapshots == 0) continue;
      TakeEntries(space->snapshots);
    }
  }

 private:
  void TakeSnapshot(const Rows& rows) {
    const DirId snapshots = LoadFixed64(rows.key().data() + 1);
    const std::string name(rows.key().substr(9)), key(rows.key());
    const auto record = core::DecodeSnapshot(rows.value());
    if (!record.ok()) {
      // Its entry is there still, and a row is made of what that says.
      RecordDamaged(rows, "a named snapshot");
      return;
    }
    Entry entry;
    const auto found =
        core::Lookup(*view_, {.dir = snapshots}, core::Slot(core::kDirectorySlot, name), &entry);
    const std::string where = absl::StrCat("snapshot ", name, " of root ", snapshots);
    if (!state_.IsRoot(snapshots) || (found.ok() && !*found)) {
      Find(Fault::kSnapshotLost, where, "it has no entry", Drop(Family::kFacts, key));
      return;
    }
    if (record->expiry_time_ms == 0) return;
    std::string expiry = core::SnapshotExpiryKey(record->expiry_time_ms, snapshots, name);
    if (Exists(Family::kFacts, expiry)) return;
    Find(Fault::kSnapshotExpiryWrong, where, "it has no row in the order of expiry",
         Write(Family::kFacts, std::move(expiry)));
  }

  void TakeExpiry(const Rows& rows) {
    const DirId snapshots = core::SnapshotsOfExpiryKey(rows.key());
    const std::string_view name = core::NameOfExpiryKey(rows.key());
    std::string value;
    const bool there = Exists(Family::kFacts, core::SnapshotKey(snapshots, name), &value);
    const auto record = core::DecodeSnapshot(value);
    if (there && !record.ok()) return;
    if (!there || record->expiry_time_ms != core::TimeOfExpiryKey(rows.key())) {
      Find(Fault::kSnapshotExpiryWrong,
           absl::StrCat("snapshot ", std::string(name), " of root ", snapshots),
           "a row in the order of expiry is of no snapshot",
           Drop(Family::kFacts, std::string(rows.key())));
    }
  }

  void TakeAge(const Rows& rows) {
    const core::VersionAge age = core::VersionAge::Of(rows.key());
    std::string value;
    const bool there = Exists(Family::kVersions, core::VersionKey(age.id, age.version), &value);
    const auto record = core::DecodeVersion(value);
    if (there && !record.ok()) return;
    if (!there || record->library != age.library || record->replaced_time_ms != age.time_ms) {
      Find(Fault::kVersionAgeWrong, absl::StrCat("object ", age.id.Hex()),
           absl::StrCat("an age of version ", age.version, ", which does not have it"),
           Drop(Family::kFacts, std::string(rows.key())));
    }
  }

  void TakeVersionId(const Rows& rows) {
    const auto name = core::DecodeVersionName(rows.value());
    if (!name.ok()) return RecordDamaged(rows, "the id of a version");
    std::string value;
    const bool there =
        Exists(Family::kVersions, core::VersionKey(name->file, name->version), &value);
    const auto record = core::DecodeVersion(value);
    if (there && !record.ok()) return;
    if (!there || record->id != core::IdOfVersionIdKey(rows.key())) {
      Find(Fault::kVersionIdWrong, absl::StrCat("object ", name->file.Hex()),
           absl::StrCat("an id of version ", name->version, ", which does not have it"),
           Drop(Family::kFacts, std::string(rows.key())));
    }
  }

  void TakeEntries(DirId snapshots) {
    const std::string first = core::IdKey(snapshots), end = core::IdKey(snapshots + 1);
    const auto rows = view_->NewCursor(Family::kEntries, {.lower = first, .upper = end});
    for (rows->Seek(first); rows->Valid(); rows->Next()) {
      const std::string name(core::SlotOfEntryKey(rows->key()).substr(1));
      const auto entry = core::DecodeEntry(rows->value());
      if (name.empty() || !entry.ok() || entry->kind == EntryKind::kWhiteout) continue;
      std::string key = core::SnapshotKey(snapshots, name);
      if (Exists(Family::kFacts, key)) continue;
      Find(Fault::kSnapshotLost, absl::StrCat("snapshot ", name, " of root ", snapshots),
           "it has no row",
           Write(Family::kFacts, std::move(key),
                 core::EncodeSnapshot({.creation_time_ms = entry->creation_time_ms,
                                       .expiry_time_ms = 0,
                                       .path = {}})));
    }
  }
};

// ---- changes -----------------------------------------------------------------------------------

class ChangesCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kChanges); rows.Valid(); rows.Next()) {
      Read();
      if (rows.key().size() != 24) {
        KeyDamaged(rows);
        continue;
      }
      const DirId root = LoadFixed64(rows.key().data());
      const core::Seq seq = core::SeqOfChangeKey(rows.key());
      const Fix lose = [root, key = std::string(rows.key())](Repairer& repairer) {
        return repairer.LoseChange(root, key);
      };
      if (rows.damaged()) {
        RecordDamaged(rows, "a change", lose);
        continue;
      }
      Claims::Raise(claims_.greatest_seq, seq);
      Decoder since(rows.value());
      since.Varint();
      const bool decodes = seq == 0 ? since.Done() : core::DecodeChange(rows.value()).ok();
      if (!state_.IsRoot(root)) {
        if ((state_.WaitingOf(root) & kRowsDropped) == 0) {
          Find(Fault::kChangeStray, absl::StrCat("root ", root), absl::StrCat("change ", seq),
               Drop(Family::kChanges, std::string(rows.key())));
        }
      } else if (!decodes) {
        RecordDamaged(rows, "a change", lose);
      }
    }
  }
};

// ---- the queue ---------------------------------------------------------------------------------

class QueueCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kReclaim); rows.Valid(); rows.Next()) {
      Read();
      if (rows.key().size() != 16) {
        KeyDamaged(rows);
        continue;
      }
      const core::Seq seq = LoadFixed64(rows.key().data());
      ++claims_.jobs;
      const auto job = core::DecodeJob(rows.value());
      const bool numbers = job.ok() && (job->kind == core::Job::Kind::kVersions ||
                                        std::max(job->a, job->b) < kNoNumber);
      if (rows.damaged() || !numbers) {
        // What it was to let go of is found where it is.
        RecordDamaged(rows, "a job");
        continue;
      }
      Claims::Raise(claims_.greatest_seq, seq);
      if (!std::exchange(any_, true)) CheckHead(seq);
      if (job->kind == core::Job::Kind::kRelease) TakeRelease(rows, *job);
      if (job->kind == core::Job::Kind::kBlob) TakeBlob(rows, *job);
    }
  }

 private:
  void CheckHead(core::Seq first) {
    const core::Seq head = state_.newest().counters.queue_head;
    if (head <= first) return;
    Find(Fault::kCounterWrong, "the queue of reclaim",
         absl::StrCat("says it begins at ", head, ", a job is of ", first),
         [first](Repairer& repairer) {
           repairer.txn().counters().queue_head = first;
           return absl::OkStatus();
         });
  }

  static Fix Finish(const Rows& rows) {
    return [key = std::string(rows.key())](Repairer& repairer) {
      repairer.txn().FinishJob(key);
      return absl::OkStatus();
    };
  }

  void TakeBlob(const Rows& rows, const core::Job& job) {
    if (job.b > core::ChunkCount(kMaxFileBytes)) {
      Find(Fault::kJobStray, absl::StrCat("blob ", job.a),
           absl::StrCat("a job lets go of ", job.b, " chunks of it, more than any has"),
           Finish(rows));
      return;
    }
    claim_.blobs.Add(core::IdKey(job.a) + 'u');
    Claims::Raise(claims_.greatest_id, job.a);
  }

  void TakeRelease(const Rows& rows, const core::Job& job) {
    if (Exists(Family::kPins, core::PairKey(job.a, job.b))) {
      claim_.OwnsPin(job.a, job.b);
      return;
    }
    Find(Fault::kJobStray, absl::StrCat("pin ", job.a, "@", job.b),
         "a job lets go of an owner of it, and it is not there", Finish(rows));
  }

  bool any_ = false;
};

// ---- contents' rows, the feed, uploads ---------------------------------------------------------

class ContentRowsCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kContents); rows.Valid(); rows.Next()) {
      Read();
      rows.key().size() == 16 ? TakeContent(rows) : KeyDamaged(rows);
    }
    for (Rows rows = state_.RowsOf(Family::kReleased); rows.Valid(); rows.Next()) {
      Read();
      rows.key().size() == 16 ? TakeReleased(rows) : KeyDamaged(rows);
    }
  }

 private:
  void TakeContent(const Rows& rows) {
    const std::string key(rows.key());
    const auto row = core::DecodeContent(rows.value());
    if (rows.damaged() || !row.ok() || row->blob >= kNoNumber) {
      claim_.contents.Add(key + 'C');
      RecordDamaged(rows, "the count of a content");
      return;
    }
    std::string claim = key + 'c';
    for (const uint64_t number : {row->count, row->size, row->blob}) PutFixed64(&claim, number);
    claim_.contents.Add(claim);
    if (row->blob == 0) return;
    Claims::Raise(claims_.greatest_id, row->blob);
    claim = core::IdKey(row->blob) + 'c' + key;
    PutFixed64(&claim, row->size);
    claim_.blobs.Add(claim);
  }

  void TakeReleased(const Rows& rows) {
    const std::string_view value = rows.value();
    if (!rows.damaged()) claim_.contents.Add(std::string(rows.key()) + 'f');
    if (!rows.damaged() && value.size() == 1 && value[0] >= 0 &&
        value[0] <= core::kContentCondemned) {
      return;
    }
    RecordDamaged(rows, "a content on the feed");
  }
};

class MetaCheck : Part {
 public:
  using Part::Part;

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kMeta); rows.Valid(); rows.Next()) {
      Read();
      const std::string_view key = rows.key();
      if (key == core::kFormatKey || key == core::kStoreKey || key == core::kFoldedKey) continue;
      if (rows.damaged()) {
        RecordDamaged(rows, "an upload, import or load under way");
        continue;
      }
      if (core::IsImportKey(key)) {
        const core::DirId root = core::RootOfImportKey(key);
        Claims::Raise(claims_.greatest_id, root);
        claim_.nodes.Add(core::IdKey(root) + 'r');
        continue;
      }
      if (core::IsLoadKey(key)) {
        const core::DirId dir = core::DirOfLoadKey(key);
        Claims::Raise(claims_.greatest_id, dir);
        // The row is there before the directory.
        if (Exists(Family::kNodes, core::IdKey(dir))) claim_.nodes.Add(core::IdKey(dir) + 'r');
        continue;
      }
      const size_t prefix = core::kUploadPrefix.size();
      if (key.substr(0, prefix) != core::kUploadPrefix || key.size() != prefix + 8) {
        KeyDamaged(rows);
        continue;
      }
      const uint64_t blob = LoadFixed64(key.data() + prefix);
      Claims::Raise(claims_.greatest_id, blob);
      claim_.blobs.Add(core::IdKey(blob) + 'u');
      Decoder chunks(rows.value());
      chunks.Varint();
      if (!chunks.Done()) RecordDamaged(rows, "an upload under way");
    }
  }
};

}  // namespace

void CheckSpaces(const State& state, Claims& claims) { SpacesCheck(state, claims).Run(); }
void CheckBins(const State& state, Claims& claims) { BinsCheck(state, claims).Run(); }
void CheckFacts(const State& state, Claims& claims) { FactsCheck(state, claims).Run(); }
void CheckChanges(const State& state, Claims& claims) { ChangesCheck(state, claims).Run(); }
void CheckQueue(const State& state, Claims& claims) { QueueCheck(state, claims).Run(); }
void CheckContentRows(const State& state, Claims& claims) { ContentRowsCheck(state, claims).Run(); }
void CheckMeta(const State& state, Claims& claims) { MetaCheck(state, claims).Run(); }

}  // namespace marcot::check

#include "core/check_facts.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/facts.h"
#include "core/lookup.h"

namespace marcot::core {
namespace {

using storage::Family;

class FactsChecker {
 public:
  FactsChecker(View& view, const CheckedTrees& trees, std::vector<std::string>* findings,
               HeldContents* held)
      : view_(view), trees_(trees), findings_(*findings), held_(*held) {}

  absl::Status Run() {
    MARCOT_RETURN_IF_ERROR(CheckSpaces());
    MARCOT_RETURN_IF_ERROR(CheckQuotas());
    MARCOT_RETURN_IF_ERROR(LoadVersions());
    MARCOT_RETURN_IF_ERROR(CheckVersions());
    CheckParents();
    return CheckVersionTotals();
  }

 private:
  struct Kept {
    uint64_t versions = 0, bytes = 0;
    bool operator==(const Kept&) const = default;
  };

  template <typename... Args>
  void Find(const Args&... args) {
    findings_.push_back(absl::StrCat(args...));
  }

  template <typename Visit>
  absl::Status ForEach(Family family, std::string_view prefix, const Visit& visit) {
    const auto rows = view_.NewCursor(family, {prefix, {}});
    for (rows->Seek(prefix); rows->Valid() && rows->key().substr(0, prefix.size()) == prefix;
         rows->Next()) {
      MARCOT_RETURN_IF_ERROR(visit(rows->key(), rows->value()));
    }
    return rows->status();
  }

  size_t EntriesOf(DirId dir) const {
    const auto it = trees_.entries.find(dir);
    return it == trees_.entries.end() ? 0 : it->second.size();
  }

  absl::Status CheckSpaces() {
    return ForEach(Family::kSpaces, "", [&](std::string_view key, std::string_view value) {
      if (key.back() == '\0') return DecodeLibrary(value).status();
      MARCOT_ASSIGN_OR_RETURN(const SpaceRecord space, DecodeSpace(value));
      for (const DirId root : {space.root, space.bin}) {
        if (root == 0) continue;
        MARCOT_ASSIGN_OR_RETURN(const Totals totals, view_.GetTotals(root));
        if (totals.account == 0) continue;
        Totals& sum = counted_[totals.account];
        sum.bytes += totals.bytes;
        sum.files += totals.files;
        sum.version_bytes += totals.version_bytes;
      }
      if (space.bin != 0) MARCOT_RETURN_IF_ERROR(CheckBin(space.bin));
      return space.snapshots == 0 ? absl::OkStatus() : CheckSnapshots(space.snapshots);
    });
  }

  absl::Status CheckBin(DirId bin) {
    size_t items = 0, rows = 0;
    MARCOT_RETURN_IF_ERROR(
        ForEach(Family::kBin, IdKey(bin), [&](std::string_view, std::string_view) {
          ++rows;
          return absl::OkStatus();
        }));
    const std::string prefix = BinOrderKey(bin, BinOrder::kItem);
    MARCOT_RETURN_IF_ERROR(
        ForEach(Family::kBin, prefix, [&](std::string_view key, std::string_view value) {
          ++items;
          return CheckItem(bin, ItemOfBinKey(key), value);
        }));
    if (rows != 4 * items) Find("I9: bin ", bin, " has ", rows, " rows for ", items, " items");
    if (EntriesOf(bin) != items) {
      Find("I9: bin ", bin, " has ", EntriesOf(bin), " entries for ", items, " items");
    }
    return absl::OkStatus();
  }

  absl::Status CheckItem(DirId bin, uint64_t item, std::string_view value) {
    MARCOT_ASSIGN_OR_RETURN(const RecycledRecord record, DecodeRecycled(value));
    std::string ignored;
    for (const BinOrder order : {BinOrder::kTime, BinOrder::kName, BinOrder::kSize}) {
      MARCOT_ASSIGN_OR_RETURN(const bool found,
                              view_.Get(Family::kBin, BinKey(bin, order, item, record), &ignored));
      if (!found) Find("I9: item ", item, " has no row of order ", static_cast<int>(order));
    }
    Entry entry;
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            LookupName(view_, {.dir = bin}, absl::StrCat(item), kFileSlot, &entry));
    if (!found) {
      Find("I9: item ", item, " has no entry");
      return absl::OkStatus();
    }
    MARCOT_ASSIGN_OR_RETURN(const RecursiveTotals weight, WeightOf(view_, entry));
    if (weight != record.totals) Find("I9: item ", item, " does not weigh what its row says");
    return absl::OkStatus();
  }

  absl::Status CheckSnapshots(DirId snapshots) {
    size_t named = 0;
    const std::string prefix = SnapshotKey(snapshots, "");
    MARCOT_RETURN_IF_ERROR(
        ForEach(Family::kFacts, prefix, [&](std::string_view key, std::string_view value) {
          ++named;
          MARCOT_ASSIGN_OR_RETURN(const SnapshotRecord record, DecodeSnapshot(value));
          Entry entry;
          MARCOT_ASSIGN_OR_RETURN(const bool found,
                                  Lookup(view_, {.dir = snapshots},
                                         Slot(kDirectorySlot, key.substr(prefix.size())), &entry));
          if (!found) Find("I9: a named snapshot has no entry");
          if (record.expiry_time_ms == 0) return absl::OkStatus();
          std::string ignored;
          MARCOT_ASSIGN_OR_RETURN(const bool expires,
                                  view_.Get(Family::kFacts,
                                            SnapshotExpiryKey(record.expiry_time_ms, snapshots,
                                                              key.substr(prefix.size())),
                                            &ignored));
          if (!expires) Find("I9: a named snapshot never expires");
          return absl::OkStatus();
        }));
    if (EntriesOf(snapshots) != named) Find("I9: a named snapshot has no row");
    return absl::OkStatus();
  }

  absl::Status CheckQuotas() {
    return ForEach(Family::kFacts, "q", [&](std::string_view key, std::string_view) {
      const DirId quota = LoadFixed64(key.data() + key.size() - 8);
      MARCOT_ASSIGN_OR_RETURN(const Totals said, view_.GetTotals(quota));
      const Totals& sum = counted_[quota];
      if (said.bytes != sum.bytes || said.files != sum.files ||
          said.version_bytes != sum.version_bytes) {
        Find("I7: quota ", quota, " says ", said.bytes, "/", said.files, "/", said.version_bytes,
             ", is ", sum.bytes, "/", sum.files, "/", sum.version_bytes);
      }
      return absl::OkStatus();
    });
  }

  absl::Status LoadVersions() {
    uint64_t ages = 0;
    MARCOT_RETURN_IF_ERROR(
        ForEach(Family::kVersions, "", [&](std::string_view key, std::string_view value) {
          const ObjectId id = ObjectOfKey(key);
          if (IsVersionedFileKey(key)) {
            MARCOT_ASSIGN_OR_RETURN(files_[id], DecodeVersionedFile(value));
            return absl::OkStatus();
          }
          MARCOT_ASSIGN_OR_RETURN(const VersionRecord record, DecodeVersion(value));
          ++version_count_;
          ++kept_[id].versions;
          kept_[id].bytes += record.size;
          held_.Add(record.content, record.size);
          const VersionAge age{record.library, record.replaced_time_ms, id, VersionOfKey(key)};
          std::string ignored;
          MARCOT_ASSIGN_OR_RETURN(const bool aged, view_.Get(Family::kFacts, age.Key(), &ignored));
          if (!aged) Find("I10: a version of ", id.Hex(), " has no age");
          return absl::OkStatus();
        }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kFacts, "v", [&](std::string_view, std::string_view) {
      ++ages;
      return absl::OkStatus();
    }));
    if (ages != version_count_) Find("I10: ", ages, " ages of ", version_count_, " versions");
    return absl::OkStatus();
  }

  absl::Status CheckVersions() {
    std::map<ObjectId, Kept> said;
    for (const DirId dir : trees_.live) {
      const auto rows = trees_.entries.find(dir);
      if (rows == trees_.entries.end()) continue;
      for (const auto& [slot, entry] : rows->second) {
        if (entry.kind != EntryKind::kFile || entry.versions == 0) continue;
        said[entry.id] = {entry.versions, entry.version_bytes};
        const auto file = files_.find(entry.id);
        if (file == files_.end() || file->second.dir != dir || file->second.slot != slot) {
          Find("I10: the versions of ", entry.id.Hex(), " do not lead to its entry");
        }
      }
    }
    for (const auto& [id, kept] : said) {
      if (kept_[id] != kept) Find("I10: file ", id.Hex(), " does not have the versions it says");
    }
    // Of files that are gone jobs let go.
    if (trees_.idle && kept_.size() != said.size()) Find("I10: versions of no file are left over");
    return absl::OkStatus();
  }

  void CheckParents() {
    for (const DirId dir : trees_.live) {
      const auto rows = trees_.entries.find(dir);
      if (rows == trees_.entries.end()) continue;
      for (const auto& [slot, entry] : rows->second) {
        if (entry.kind != EntryKind::kDirectory) continue;
        const auto node = trees_.nodes.find(entry.dir);
        if (node != trees_.nodes.end() && node->second.parent != dir) {
          Find("I10: node ", entry.dir, " does not know its parent ", dir);
        }
      }
    }
  }

  // From each file upwards.
  absl::Status CheckVersionTotals() {
    std::map<DirId, Kept> sums;
    for (const auto& [id, file] : files_) {
      if (!trees_.live.contains(file.dir)) continue;
      const Kept& kept = kept_[id];
      for (DirId dir = file.dir; dir != 0;) {
        sums[dir].versions += kept.versions;
        sums[dir].bytes += kept.bytes;
        const auto node = trees_.nodes.find(dir);
        dir = node == trees_.nodes.end() ? 0 : node->second.parent;
      }
    }
    for (const DirId dir : trees_.live) {
      MARCOT_ASSIGN_OR_RETURN(const Totals totals, view_.GetTotals(dir));
      const Kept said{totals.versions, totals.version_bytes};
      if (said != sums[dir]) {
        Find("I10: node ", dir, " says ", said.versions, "/", said.bytes, " versions, has ",
             sums[dir].versions, "/", sums[dir].bytes);
      }
    }
    return absl::OkStatus();
  }

  View& view_;
  const CheckedTrees& trees_;
  std::vector<std::string>& findings_;
  HeldContents& held_;
  std::map<DirId, Totals> counted_;  // by quota
  std::map<ObjectId, VersionedFile> files_;
  std::map<ObjectId, Kept> kept_;
  uint64_t version_count_ = 0;
};

}  // namespace

absl::Status CheckFacts(View& view, const CheckedTrees& trees, std::vector<std::string>* findings,
                        HeldContents* held) {
  return FactsChecker(view, trees, findings, held).Run();
}

}  // namespace marcot::core

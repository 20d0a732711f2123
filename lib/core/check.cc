#include "core/check.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/attributes.h"
#include "base/status_macros.h"
#include "core/check_facts.h"
#include "core/chunks.h"
#include "core/committed.h"
#include "core/dir_cursor.h"
#include "core/lookup.h"
#include "marcot/error.h"

namespace marcot::core {
namespace {

using storage::Family;

// Enough to show that ids are unique; copies of copies may show more paths than can be walked.
constexpr size_t kMaxIdsPerSpace = 100'000;

struct HistoryRow {
  std::string slot;
  Seq birth, death;
  Entry entry;
};

// What a reader sees at a place, summed up.
struct Sums {
  RecursiveTotals below;
  uint64_t child_files = 0, child_directories = 0;
};

using PlaceKey = std::pair<DirId, Seq>;

// Its attributes too, which readers take as they are.
absl::StatusOr<Entry> DecodeWhole(std::string_view value) {
  auto entry = DecodeEntry(value);
  if (!entry.ok() || AreAttributes(entry->attributes)) return entry;
  return MakeError(Code::kStoreDamaged,
                   absl::StrCat("the attributes of object ", entry->id.Hex(), " do not decode"));
}

class Checker {
 public:
  explicit Checker(View& view) : view_(view) {}

  absl::StatusOr<std::vector<std::string>> Run() {
    MARCOT_RETURN_IF_ERROR(Load());
    CheckPinOwners();
    CheckNodes();
    CheckDeadlists();
    MARCOT_RETURN_IF_ERROR(CheckBirths());
    CheckReachability();
    MARCOT_RETURN_IF_ERROR(CheckTotals());
    MARCOT_RETURN_IF_ERROR(CheckContents());
    MARCOT_RETURN_IF_ERROR(CheckIds());
    return std::move(findings_);
  }

 private:
  template <typename... Args>
  void Find(const Args&... args) {
    findings_.push_back(absl::StrCat(args...));
  }

  // ---- loading -------------------------------------------------------------------------------

  template <typename Visit>
  absl::Status ForEach(Family family, const Visit& visit) {
    const auto rows = view_.NewCursor(family, {});
    for (rows->Seek(""); rows->Valid(); rows->Next()) {
      MARCOT_RETURN_IF_ERROR(visit(rows->key(), rows->value()));
    }
    return rows->status();
  }

  absl::Status Load() {
    using std::string_view;
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kNodes, [&](string_view key, string_view value) {
      auto node = DecodeNode(value);
      if (node.ok()) nodes_[LoadFixed64(key.data())] = *node;
      return node.status();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kEntries, [&](string_view key, string_view value) {
      auto entry = DecodeWhole(value);
      if (entry.ok()) {
        entries_[LoadFixed64(key.data())].emplace_back(SlotOfEntryKey(key), *std::move(entry));
      }
      return entry.status();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kHistory, [&](string_view key, string_view value) {
      MARCOT_ASSIGN_OR_RETURN(const HistoryRecord record, DecodeHistory(value));
      MARCOT_ASSIGN_OR_RETURN(Entry entry, DecodeWhole(record.entry));
      history_[LoadFixed64(key.data())].push_back({std::string(SlotOfHistoryKey(key)),
                                                   BirthOfHistoryKey(key), record.death,
                                                   std::move(entry)});
      return absl::OkStatus();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kPins, [&](string_view key, string_view value) {
      auto pin = DecodePin(value);
      if (pin.ok()) pins_[LoadFixed64(key.data())][LoadFixed64(key.data() + 8)] = *pin;
      return pin.status();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kDeadlists, [&](string_view key, string_view value) {
      deadlists_.push_back(DeadlistKey::Decode(key));
      if (deadlists_.back().kind == DeadlistKey::Kind::kPushed) deadlists_.back().slot = value;
      return absl::OkStatus();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kReclaim, [&](string_view, string_view value) {
      auto job = DecodeJob(value);
      if (job.ok()) {
        jobs_.push_back(*job);
        if (NamesNode(job->kind)) busy_.insert(job->a);
        if (Sweeps(job->kind)) swept_.insert(job->a);
      }
      return job.status();
    }));
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kMeta, [&](string_view key, string_view) {
      if (key.starts_with(kImportPrefix)) roots_.insert(RootOfImportKey(key));
      return absl::OkStatus();
    }));
    return ForEach(Family::kSpaces, [&](string_view key, string_view value) {
      if (key.back() == '\0') return DecodeLibrary(value).status();
      MARCOT_ASSIGN_OR_RETURN(const SpaceRecord space, DecodeSpace(value));
      for (const DirId root : {space.root, space.bin, space.snapshots}) {
        if (root != 0) roots_.insert(root);
      }
      return absl::OkStatus();
    });
  }

  template <typename Visit>
  void ForEachRecord(const Visit& visit) const {
    for (const auto& [dir, rows] : entries_) {
      for (const auto& row : rows) visit(row.second);
    }
    for (const auto& [dir, rows] : history_) {
      for (const HistoryRow& row : rows) visit(row.entry);
    }
  }

  // ---- I3, I2, I4 ----------------------------------------------------------------------------

  void CheckPinOwners() {
    std::map<PlaceKey, uint64_t> owners;
    ForEachRecord([&](const Entry& entry) {
      if (entry.kind == EntryKind::kReference) ++owners[{entry.dir, entry.seq}];
    });
    for (const auto& [dir, node] : nodes_) {
      if (node.base.dir != 0) ++owners[{node.base.dir, node.base.seq}];
    }
    for (const DeadlistKey& row : deadlists_) {
      if (row.kind == DeadlistKey::Kind::kPushed) ++owners[{row.child, row.list}];
    }
    for (const Job& job : jobs_) {
      if (job.kind == Job::Kind::kRelease) ++owners[{job.a, job.b}];
    }
    for (const auto& [dir, pins] : pins_) {
      for (const auto& [seq, pin] : pins) {
        const uint64_t found = owners[{dir, seq}];
        if (found != pin.owners) {
          Find("I3: pin ", dir, "@", seq, " has ", found, " owners, says ", pin.owners);
        }
        owners.erase({dir, seq});
      }
    }
    for (const auto& [place, count] : owners) {
      if (count > 0) Find("I3: pin ", place.first, "@", place.second, " is named but missing");
    }
  }

  void CheckNodes() {
    std::map<DirId, std::vector<DirId>> owners;  // head entries by what they own
    for (const auto& [dir, rows] : entries_) {
      for (const auto& [slot, entry] : rows) {
        if (entry.kind == EntryKind::kDirectory) owners[entry.dir].push_back(dir);
      }
    }
    for (const auto& [dir, node] : nodes_) {
      const auto pins = pins_.find(dir);
      const Seq newest = pins == pins_.end() ? 0 : pins->second.rbegin()->first;
      if (newest != node.newest_pin) {
        Find("I2: node ", dir, " has newest pin ", newest, ", says ", node.newest_pin);
      }
      const size_t heads = owners[dir].size() + roots_.count(dir);
      if (heads > 1) Find("I2: node ", dir, " has ", heads, " head entries");
      if (node.live && heads == 0 && !busy_.contains(dir)) Find("I2: node ", dir, " has no owner");
      if (!node.live && newest == 0 && !busy_.contains(dir)) {
        Find("I2: dead node ", dir, " has no pins and no job");
      }
      CheckCycle(dir, owners);
    }
    for (const auto& [dir, rows] : entries_) {
      if (!nodes_.contains(dir)) Find("I1: node ", dir, " has entries and does not exist");
    }
  }

  void CheckCycle(DirId dir, std::map<DirId, std::vector<DirId>>& owners) {
    const DirId start = dir;
    for (size_t steps = 0; !owners[dir].empty(); ++steps) {
      dir = owners[dir].front();
      if (dir == start || steps > nodes_.size()) {
        Find("I2: node ", start, " is below itself");
        return;
      }
    }
  }

  bool HasPinIn(DirId dir, Seq first, Seq last) const {
    const auto pins = pins_.find(dir);
    if (pins == pins_.end()) return false;
    const auto pin = pins->second.lower_bound(first);
    return pin != pins->second.end() && pin->first <= last;
  }

  void CheckDeadlists() {
    std::map<std::tuple<DirId, std::string, Seq>, Seq> lists;
    for (const DeadlistKey& row : deadlists_) {
      if (row.birth > row.list) Find("I4: a deadlist row of node ", row.dir, " is older than born");
      if (!HasPinIn(row.dir, row.birth, row.list) && !busy_.contains(row.dir)) {
        Find("I3/I4: no pin of node ", row.dir, " is in [", row.birth, ",", row.list, "]");
      }
      if (row.kind == DeadlistKey::Kind::kPushed) {
        CheckPushed(row);
        continue;
      }
      if (!lists.emplace(std::tuple(row.dir, row.slot, row.birth), row.list).second) {
        Find("I4: a history record of node ", row.dir, " is on two lists");
      }
    }
    for (const auto& [dir, rows] : history_) {
      for (const HistoryRow& row : rows) {
        if (row.birth >= row.death) Find("I4: a record of node ", dir, " died before its birth");
        const auto list = lists.find({dir, row.slot, row.birth});
        if (list == lists.end()) {
          Find("I4: a history record of node ", dir, " is on no list");
          continue;
        }
        if (list->second >= row.death) Find("I4: a record of node ", dir, " is on a later list");
        lists.erase(list);
      }
    }
    if (!lists.empty()) Find("I4: ", lists.size(), " deadlist rows name no record");
  }

  // The pins that were pushed see the child under the row's slot.
  void CheckPushed(const DeadlistKey& row) {
    const auto pins = pins_.find(row.dir);
    if (pins == pins_.end()) return;
    const auto end = pins->second.upper_bound(row.list);
    for (auto pin = pins->second.lower_bound(row.birth); pin != end; ++pin) {
      const Entry* const seen = OwnRecord(row.dir, row.slot, pin->first);
      if (seen != nullptr && seen->kind == EntryKind::kDirectory && seen->dir == row.child)
        continue;
      Find("I3: pin ", row.dir, "@", pin->first, " does not see node ", row.child, " as ",
           row.slot);
    }
  }

  // The node's own record of a slot at a seq; null: none.
  const Entry* OwnRecord(DirId dir, const std::string& slot, Seq seq) const {
    if (const auto heads = entries_.find(dir); heads != entries_.end()) {
      const auto at =
          std::lower_bound(heads->second.begin(), heads->second.end(), slot,
                           [](const auto& row, const auto& s) { return row.first < s; });
      const bool found = at != heads->second.end() && at->first == slot;
      if (found && at->second.birth <= seq) return &at->second;
    }
    if (const auto rows = history_.find(dir); rows != history_.end()) {
      for (const HistoryRow& row : rows->second) {
        if (row.slot == slot && row.birth <= seq && seq < row.death) return &row.entry;
      }
    }
    return nullptr;
  }

  // ---- I11 -----------------------------------------------------------------------------------

  absl::Status CheckBirths() {
    std::set<std::tuple<DirId, std::string, Seq>> expected;
    const auto expect = [&](DirId dir, const std::string& slot, Seq birth) {
      const auto pins = pins_.find(dir);
      if (pins == pins_.end() || birth <= pins->second.begin()->first) return;
      expected.emplace(dir, slot, birth);
    };
    for (const auto& [dir, rows] : entries_) {
      for (const auto& [slot, entry] : rows) expect(dir, slot, entry.birth);
    }
    for (const auto& [dir, rows] : history_) {
      for (const HistoryRow& row : rows) expect(dir, row.slot, row.birth);
    }
    MARCOT_RETURN_IF_ERROR(ForEach(Family::kBirths, [&](std::string_view key, std::string_view) {
      const DirId dir = LoadFixed64(key.data());
      const std::string slot(SlotOfBirthKey(key));
      const bool known = expected.erase({dir, slot, BirthOfBirthKey(key)}) > 0;
      if (!known && !swept_.contains(dir)) {
        Find("I11: a birth of node ", dir, " is left over: ", slot.substr(1));
      }
      return absl::OkStatus();
    }));
    for (const auto& [dir, slot, birth] : expected) {
      Find("I11: a birth of node ", dir, " has no row: ", slot.substr(1), "@", birth);
    }
    return absl::OkStatus();
  }

  // ---- I1 ------------------------------------------------------------------------------------

  void CheckReachability() {
    std::set<PlaceKey> seen_places;
    std::set<std::tuple<DirId, std::string, Seq>> seen;
    std::set<DirId> seen_nodes;
    std::vector<PlaceKey> todo;
    for (const DirId root : roots_) todo.emplace_back(root, kLive);
    while (!todo.empty()) {
      const auto [dir, seq] = todo.back();
      todo.pop_back();
      if (!seen_places.emplace(dir, seq).second) continue;
      if (!nodes_.contains(dir)) {
        Find("I1: node ", dir, " can be reached and does not exist");
        continue;
      }
      seen_nodes.insert(dir);
      const auto reach = [&, dir = dir, seq = seq](const std::string& slot, const Entry& entry) {
        seen.emplace(dir, slot, entry.birth);
        if (entry.kind == EntryKind::kDirectory) todo.emplace_back(entry.dir, seq);
        if (entry.kind == EntryKind::kReference) todo.emplace_back(entry.dir, entry.seq);
      };
      for (const auto& [slot, entry] : entries_[dir]) {
        if (entry.birth <= seq) reach(slot, entry);
      }
      for (const HistoryRow& row : history_[dir]) {
        if (row.birth <= seq && seq < row.death) reach(row.slot, row.entry);
      }
      const Base& base = nodes_[dir].base;
      if (base.dir != 0) todo.emplace_back(base.dir, base.seq);
    }
    // What cannot be reached is waiting for a job.
    if (jobs_.empty()) CheckNothingElse(seen, seen_nodes);
  }

  void CheckNothingElse(const std::set<std::tuple<DirId, std::string, Seq>>& seen,
                        const std::set<DirId>& seen_nodes) {
    for (const auto& [dir, node] : nodes_) {
      if (!seen_nodes.contains(dir)) Find("I1: node ", dir, " is left over");
    }
    for (const auto& [dir, rows] : entries_) {
      for (const auto& [slot, entry] : rows) {
        if (!seen.contains({dir, slot, entry.birth})) {
          Find("I1: an entry of node ", dir, " is left over: ", slot.substr(1));
        }
      }
    }
    for (const auto& [dir, rows] : history_) {
      for (const HistoryRow& row : rows) {
        if (!seen.contains({dir, row.slot, row.birth})) {
          Find("I1: a history record of node ", dir, " is left over: ", row.slot.substr(1));
        }
      }
    }
  }

  // ---- I5 ------------------------------------------------------------------------------------

  absl::StatusOr<Sums> SumsAt(const Place& place) {
    const PlaceKey key{place.dir, place.seq};
    if (const auto it = sums_.find(key); it != sums_.end()) return it->second;
    Sums sums;
    MARCOT_ASSIGN_OR_RETURN(
        const auto cursor,
        DirCursor::Open(view_, place, SlotsBegin(kDirectorySlot), SlotsEnd(kFileSlot)));
    MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    while (cursor->Valid()) {
      if (!cursor->hole()) MARCOT_RETURN_IF_ERROR(AddTo(&sums, cursor->entry()));
      MARCOT_RETURN_IF_ERROR(cursor->Next());
    }
    sums_[key] = sums;
    return sums;
  }

  absl::Status AddTo(Sums* sums, const Entry& entry) {
    if (!entry.is_directory()) {
      sums->below.bytes += entry.size;
      ++sums->below.files;
      ++sums->child_files;
      return absl::OkStatus();
    }
    MARCOT_ASSIGN_OR_RETURN(const Sums child, SumsAt(PlaceOf(entry)));
    sums->below.bytes += child.below.bytes;
    sums->below.files += child.below.files;
    sums->below.directories += child.below.directories + 1;
    ++sums->child_directories;
    return absl::OkStatus();
  }

  absl::Status CompareTotals(const Place& place, const Totals& said) {
    MARCOT_ASSIGN_OR_RETURN(const Sums sums, SumsAt(place));
    const RecursiveTotals below{said.bytes, said.files, said.directories};
    if (below != sums.below || said.child_files != sums.child_files ||
        said.child_directories != sums.child_directories) {
      Find("I5: totals of ", place.dir, "@", place.seq, " say ", said.bytes, "/", said.files, "/",
           said.directories, ", are ", sums.below.bytes, "/", sums.below.files, "/",
           sums.below.directories);
    }
    return absl::OkStatus();
  }

  absl::Status CheckTotals() {
    for (const auto& [dir, node] : nodes_) {
      // Below a dead node there may be live ones that nobody can reach.
      if (!node.live || busy_.contains(dir)) continue;
      MARCOT_ASSIGN_OR_RETURN(const Totals totals, view_.GetTotals(dir));
      if (LiveNodes().contains(dir)) MARCOT_RETURN_IF_ERROR(CompareTotals({.dir = dir}, totals));
      const auto& rows = entries_[dir];
      const auto whiteouts = std::count_if(rows.begin(), rows.end(), [](const auto& row) {
        return row.second.kind == EntryKind::kWhiteout;
      });
      if (totals.whiteouts != static_cast<uint64_t>(whiteouts)) {
        Find("I5: node ", dir, " has ", whiteouts, " whiteouts, says ", totals.whiteouts);
      }
    }
    for (const auto& [dir, pins] : pins_) {
      for (const auto& [seq, pin] : pins) {
        MARCOT_RETURN_IF_ERROR(CompareTotals({.dir = dir, .seq = seq}, pin.frozen));
      }
    }
    return absl::OkStatus();
  }

  static bool NamesNode(Job::Kind kind) {
    return kind != Job::Kind::kBlob && kind != Job::Kind::kVersions && kind != Job::Kind::kRows;
  }

  static bool Sweeps(Job::Kind kind) {
    return kind == Job::Kind::kRelease || kind == Job::Kind::kSweep || kind == Job::Kind::kBirths;
  }

  // Those that a root reaches through live entries.
  const std::set<DirId>& LiveNodes() {
    if (live_.empty()) {
      std::vector<DirId> todo(roots_.begin(), roots_.end());
      while (!todo.empty()) {
        const DirId at = todo.back();
        todo.pop_back();
        if (!live_.insert(at).second) continue;
        for (const auto& [slot, entry] : entries_[at]) {
          if (entry.kind == EntryKind::kDirectory) todo.push_back(entry.dir);
        }
      }
    }
    return live_;
  }

  // ---- I6 ------------------------------------------------------------------------------------

  absl::Status CheckContents() {
    HeldContents held;
    ForEachRecord([&](const Entry& entry) {
      if (entry.kind == EntryKind::kFile) held.Add(entry.content, entry.size);
    });
    MARCOT_RETURN_IF_ERROR(
        CheckFacts(view_, {nodes_, entries_, LiveNodes(), jobs_.empty()}, &findings_, &held));
    uint64_t bytes = 0;
    std::set<uint64_t> blobs;
    MARCOT_RETURN_IF_ERROR(
        ForEach(Family::kContents, [&](std::string_view key, std::string_view value) {
          MARCOT_ASSIGN_OR_RETURN(const ContentRow row, DecodeContent(value));
          const ContentId id = ContentOfKey(key);
          const uint64_t holders = held.contents[id].holders;
          if (holders != row.count) {
            Find("I6: content ", id.Hex(), " has ", holders, " holders, says ", row.count);
          }
          held.contents.erase(id);
          bytes += row.size;
          if (row.blob != 0) blobs.insert(row.blob);
          return absl::OkStatus();
        }));
    for (const auto& [id, alone] : held.contents) {
      if (alone.holders != 1) {
        Find("I6: content ", id.Hex(), " has ", alone.holders, " holders and no count");
      }
      bytes += alone.size;
    }
    MARCOT_RETURN_IF_ERROR(CheckCounters(held.records, bytes));
    return CheckChunks(blobs);
  }

  absl::Status CheckCounters(uint64_t records, uint64_t bytes) {
    MARCOT_ASSIGN_OR_RETURN(const Counters counters, StoredCounters(view_));
    if (counters.file_records != records || counters.content_bytes != bytes) {
      Find("I6: ", records, " records hold contents of ", bytes, " bytes, the store says ",
           counters.file_records, " and ", counters.content_bytes);
    }
    return absl::OkStatus();
  }

  absl::Status CheckChunks(std::set<uint64_t> blobs) {
    std::set<uint64_t> expected = blobs;
    for (const Job& job : jobs_) {
      if (job.kind == Job::Kind::kBlob) expected.insert(job.a);
    }
    return ForEach(Family::kChunks, [&](std::string_view key, std::string_view) {
      const uint64_t blob = LoadFixed64(key.data());
      std::string ignored;
      if (expected.contains(blob)) return absl::OkStatus();
      MARCOT_ASSIGN_OR_RETURN(const bool uploading,
                              view_.Get(Family::kMeta, UploadKey(blob), &ignored));
      if (!uploading) Find("I6: a chunk of blob ", blob, " is left over");
      return absl::OkStatus();
    });
  }

  // ---- ids -----------------------------------------------------------------------------------

  absl::Status CheckIds() {
    for (const DirId root : roots_) {
      std::set<ObjectId> ids;
      MARCOT_RETURN_IF_ERROR(CollectIds({.dir = root}, &ids));
    }
    return absl::OkStatus();
  }

  absl::Status CollectIds(const Place& place, std::set<ObjectId>* ids) {
    MARCOT_ASSIGN_OR_RETURN(
        const auto cursor,
        DirCursor::Open(view_, place, SlotsBegin(kDirectorySlot), SlotsEnd(kFileSlot)));
    MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    while (cursor->Valid()) {
      if (ids->size() >= kMaxIdsPerSpace) return absl::OkStatus();
      const Entry& entry = cursor->entry();
      if (!cursor->hole()) {
        if (!ids->insert(entry.id).second) Find("I8: object id ", entry.id.Hex(), " stands twice");
        if (entry.is_directory()) MARCOT_RETURN_IF_ERROR(CollectIds(PlaceOf(entry), ids));
      }
      MARCOT_RETURN_IF_ERROR(cursor->Next());
    }
    return absl::OkStatus();
  }

  View& view_;
  std::vector<std::string> findings_;
  std::map<DirId, Node> nodes_;
  std::map<DirId, std::vector<std::pair<std::string, Entry>>> entries_;
  std::map<DirId, std::vector<HistoryRow>> history_;
  std::map<DirId, std::map<Seq, Pin>> pins_;
  std::vector<DeadlistKey> deadlists_;
  std::vector<Job> jobs_;
  std::set<DirId> busy_;   // a job names them
  std::set<DirId> swept_;  // a job lets go of a pin of theirs
  std::set<DirId> roots_, live_;
  std::map<PlaceKey, Sums> sums_;
};

}  // namespace

absl::StatusOr<std::vector<std::string>> CheckInvariants(View& view) { return Checker(view).Run(); }

}  // namespace marcot::core

// The check against damage that is planted on purpose: every row of a store with all kinds of
// records is flipped, dropped, altered field by field, or joined by one too many; the check names
// it, a repair mends what can be derived, and the store reads as before.
#include "pch/test_pch.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "api/store_impl.h"
#include "check/checker.h"
#include "check/sorter.h"
#include "check/undo.h"
#include "core/chunks.h"
#include "core/facts.h"
#include "core/records.h"
#include "core/summaries.h"
#include "marcot/check.h"
#include "operations/engine.h"
#include "operations/spaces.h"
#include "storage_rocksdb/rocksdb_storage.h"
#include "support/borrowed_storage.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

using core::Entry;
using core::EntryKind;
using storage::Family;

// ---- a store with all kinds of records ---------------------------------------------------------

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}
void Must(const absl::Status& status) {
  if (!status.ok()) Die(std::string(status.message()));
}

void FillTrees(const Space& space, const Space& other) {
  Must(space.MakeDirectory("src/a/deep"));
  Must(space.Put("src/one.txt", "one"));
  Must(space.MakeDirectory("src/dead/in-it"));
  Must(space.Put("src/dead/kept.txt", "copies see it"));
  Must(space.Put("src/two.txt", "shared by two"));
  Must(space.Put("src/a/three.txt", "three"));
  Must(space.Put("src/a/deep/four.txt", "four four"));
  Must(space.CopyDirectory("src", "copy"));
  Must(space.Put("src/a/three.txt", "three anew", {{.strategy = Strategy::kOverwrite}}));
  Must(space.CopyDirectory("src", "copy", {.strategy = Strategy::kRename}));  // copy (1)
  Must(space.Delete("src/two.txt", {{}, true}));
  Must(space.Delete("src/dead", {{}, true}));
  Must(space.Put("copy/a/new.txt", "in a copy"));
  Must(space.Delete("copy/one.txt", {{}, true}));
  Must(space.CopyDirectory("copy", "copy/a/again"));
  Must(space.CopyDirectory("src", "gone/inner"));
  Must(space.MoveDirectory("src/a", "moved"));
  Must(space.Put("src/five.txt", "five"));
  Must(space.CopyDirectory(space, "copy", "x"));
  Must(other.MakeDirectory("y"));
  Must(other.CopyDirectory(space, "copy", "y/from-there"));
  Must(other.Put("y/from-there/late.txt", "shared by two"));
  Attributes attributes;
  attributes.labels = {"red", "blue"};
  Must(space.SetAttributes("copy (1)", attributes));
  Must(space.SetAttributes("moved/three.txt", attributes));
  Must(space.PutReference("host.bin", {{7, 8}, 100}));
  Must(space.PutReference("host2.bin", {{7, 8}, 100}));
  Must(space.PutReference("freed.bin", {{9, 9}, 5}));
  Must(space.PutReference("condemned.bin", {{9, 10}, 5}));
  Must(space.Delete("freed.bin", {{}, true}));
  Must(space.Delete("condemned.bin", {{}, true}));
}

// The paths of all that has the word in its name; of a tree that is damaged to have no end, some.
std::vector<std::string> SearchFor(const Space& space, const std::string& word) {
  SearchQuery query{.keywords = {word}, .limit = 1000};
  std::vector<std::string> paths;
  for (int pages = 0; pages < 4; ++pages) {
    const auto page = space.Search(query);
    if (!page.ok()) return {std::string(page.status().message())};
    for (const Found& found : page->entries) paths.push_back(JoinPath(found.path));
    query.marker = page->marker;
    if (query.marker.empty()) break;
  }
  return paths;
}

// Every kind of record, and every kind of hold on it. `drained`: no job waits.
void Fill(Store& store, bool drained) {
  Must(store.CreateLibrary("lib"));
  Must(store.SetLibrarySettings(
      "lib", {.recycle_bin = true, .history = true, .history_versions = 3, .history_days = 9}));
  const Space space = Must(store.CreateSpace("lib", "one"));
  const Space other = Must(store.CreateSpace("lib", "two"));
  Must(space.SetSettings({.recycle_bin = true, .recycle_days = {}, .change_feed_days = 7}));
  const std::vector<std::string> both = {"one", "two"};
  Must(
      store.CreateQuota("lib", both, {.bytes = 1'000'000, .files = 5'000, .count_recycled = true}));
  FillTrees(space, other);
  Must(store.CondemnContents(std::vector<ContentId>{{9, 10}}));
  for (const char* text : {"v1", "v2 v2", "v3"}) {
    Must(space.Put("moved/versioned.txt", text, {{.strategy = Strategy::kOverwrite}}));
  }
  Must(space.CreateSnapshot("monday", "copy", 1'000'000'000'000));
  Must(space.CreateSnapshot("root", ""));
  Must(space.SetDirectoryQuota("copy", {.bytes = 100'000, .files = 70}));
  Must(space.Delete("gone"));
  Must(space.Delete("src/five.txt"));
  // Behind these the totals are folded, and only the newest stand in the log.
  for (int i = 0; i < 1100; ++i) Must(other.SetAttributes("y", {.category = "c"}));
  SearchFor(space, "one");  // what is searched is summarised
  if (drained) Must(store.ReclaimUntilIdle());
  Must(space.Put("after.txt", "after the drain"));
  if (drained) return;
  Must(space.CopyDirectory("moved", "soon"));
  Must(space.Put("moved/deep/late.txt", "late"));
  Must(space.Delete("soon", {{}, true}));
  Must(space.Delete("moved/deep", {{}, true}));
  SearchFor(space, "one");
  Must(store.ReclaimSteps(1).status());  // summaries have the first turn
  Must(store.CreateSpace("lib", "three").status());
  Must(store.DeleteSpace("lib", "three"));
}

// ---- what a reader sees ------------------------------------------------------------------------

std::string ReadOr(const absl::StatusOr<std::string>& text) {
  return text.ok() ? *text : std::string(text.status().message());
}

void DumpTree(const Space& space, const Tree& tree, std::string* out) {
  int left = 1000;  // what is altered may show a directory inside itself, without an end
  const auto visit = [&](const WalkEntry& at) -> absl::StatusOr<WalkStep> {
    if (--left == 0) return WalkStep::kStop;
    const Stat& s = at.stat;
    absl::StrAppend(out, "  /", JoinPath(at.path), " ", static_cast<int>(s.type), " ", s.id.Hex(),
                    " ", s.creation_time_ms, " ", s.creator, " ", s.size, " ", s.totals.bytes, "/",
                    s.totals.files, "/", s.totals.directories, " ", s.child_files, "+",
                    s.child_directories, " ");
    for (const std::string& label : s.attributes.Unpack().labels) absl::StrAppend(out, label, ",");
    if (s.type == EntryType::kFile && s.content.hi > 100) {
      absl::StrAppend(out, ReadOr(space.Read(JoinPath(at.path), {.tree = tree})));
    }
    absl::StrAppend(out, "\n");
    return WalkStep::kGoOn;
  };
  const absl::Status walked = space.Walk("", visit, {.tree = tree});
  if (!walked.ok()) absl::StrAppend(out, "  walk: ", std::string(walked.message()), "\n");
}

void DumpSpace(Store& store, const Space& space, std::string* out) {
  for (const char* word : {"one", "txt", "late"}) {
    absl::StrAppend(out, "  found ", JoinPath(SearchFor(space, word)), "\n");
  }
  DumpTree(space, {}, out);
  if (const auto usage = space.GetUsage(); usage.ok()) {
    absl::StrAppend(out, "  usage ", usage->tree.bytes, " ", usage->recycled.bytes, " ",
                    usage->versions, "/", usage->version_bytes, " ", usage->available.value_or(0),
                    "\n");
  }
  if (const auto snapshots = space.ListSnapshots(); snapshots.ok()) {
    for (const NamedSnapshot& s : *snapshots) {
      absl::StrAppend(out, "  snapshot ", s.name, " ", s.expiry_time_ms, " ", s.totals.bytes, "\n");
      DumpTree(space, {.named_snapshot = s.name}, out);
    }
  }
  if (const auto bin = space.ListRecycled(); bin.ok()) {
    for (const RecycledItem& item : bin->items) {
      absl::StrAppend(out, "  item ", JoinPath(item.path), " ", item.size, " ",
                      item.removal_time_ms, "\n");
      if (item.type == EntryType::kDirectory) DumpTree(space, {.recycled_item = item.id}, out);
    }
  }
  if (const auto versions = space.ListVersions("moved/versioned.txt"); versions.ok()) {
    for (const FileVersion& v : versions->versions) {
      absl::StrAppend(out, "  version ", v.version, " ", v.size, " ", v.replaced_time_ms, "\n");
    }
  }
  if (const auto changes = space.ReadChanges(); changes.ok()) {
    for (const Change& c : changes->changes) {
      absl::StrAppend(out, "  change ", c.seq, " ", JoinPath(c.path), "\n");
    }
  }
  if (const auto quota = store.GetQuotaOf(space.library(), space.name()); quota.ok()) {
    absl::StrAppend(out, "  quota ", quota->used_bytes, "/", quota->used_files, " of ",
                    quota->limits.bytes.value_or(0), " ", quota->spaces.size(), " spaces\n");
  }
}

std::string Dump(Store& store) {
  std::string out;
  const auto libraries = store.ListLibraries();
  if (!libraries.ok()) return std::string(libraries.status().message());
  for (const std::string& library : *libraries) {
    if (library == "lost-found") continue;
    const auto spaces = store.ListSpaces(library);
    if (!spaces.ok()) return std::string(spaces.status().message());
    for (const SpaceInfo& info : *spaces) {
      absl::StrAppend(&out, library, "/", info.name, "\n");
      DumpSpace(store, Must(store.OpenSpace(library, info.name)), &out);
    }
  }
  if (const auto ids = store.ReleasedContents(); ids.ok()) {
    for (const ContentId& id : *ids) absl::StrAppend(&out, id.Hex(), " ");
  }
  return out;
}

// ---- the storage below -------------------------------------------------------------------------

// All rows with their seals.
using Image = std::map<std::pair<int, std::string>, std::string>;

Image TakeImage(const storage::Storage& storage) {
  Image image;
  for (int i = 0; i < storage::kFamilyCount; ++i) {
    const auto rows = storage.NewCursor(static_cast<Family>(i), {.sealed = true}, nullptr);
    for (rows->Seek(""); rows->Valid(); rows->Next()) {
      image[{i, std::string(rows->key())}] = rows->value();
    }
  }
  return image;
}

void PutImage(const Image& image, storage::Storage& storage) {
  const auto batch = storage.NewBatch();
  const Image now = TakeImage(storage);
  for (const auto& [key, value] : now) {
    if (!image.contains(key)) batch->Delete(static_cast<Family>(key.first), key.second);
  }
  for (const auto& [key, value] : image) {
    const auto found = now.find(key);
    if (found != now.end() && found->second == value) continue;
    batch->PutSealed(static_cast<Family>(key.first), key.second, value);
  }
  Must(storage.Write(*batch, false));
}

struct Row {
  Family family;
  std::string key, value;
};

constexpr std::pair<const char*, uint64_t core::Totals::*> kSums[] = {
    {"bytes", &core::Totals::bytes},
    {"files", &core::Totals::files},
    {"directories", &core::Totals::directories},
    {"child files", &core::Totals::child_files},
    {"child directories", &core::Totals::child_directories}};

// Of one kind and family; MARCOT_TEST_SCALE multiplies it.
constexpr int kTriesOfAKind = 8;

// That were found by any of the tests.
std::set<std::string>& SeenCodes() {
  static auto* const codes = new std::set<std::string>;
  return *codes;
}

// What became of the damage of one kind in one family.
struct Tally {
  int planted = 0, found = 0, repaired = 0, restored = 0;
};

class CheckTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    {
      TempStore filled(TestOptions());
      Fill(*filled, GetParam());
      const std::string folder = filled.folder();
      filled.Close();
      storage_ = Must(
          storage::OpenRocksdb(folder, {.block_cache_bytes = 8 << 20, .memtable_bytes = 8 << 20}));
      sound_ = TakeImage(*storage_);
      storage_.reset();
    }
    storage_ = Must(storage::OpenRocksdb(
        (folder_.path() / "store").string(),
        {.create_if_missing = true, .block_cache_bytes = 8 << 20, .memtable_bytes = 8 << 20}));
    PutImage(sound_, *storage_);
    seen_ = Read();
    PutImage(sound_, *storage_);
  }

  std::string Read() {
    StoreOptions options = TestOptions();
    options.clock_ms = [] { return int64_t{2'000'000}; };
    auto engine = operations::Engine::Start(std::make_unique<BorrowedStorage>(*storage_), options);
    if (!engine.ok()) return std::string(engine.status().message());
    auto store = api::StoreImpl::Open(*std::move(engine));
    if (!store.ok()) return std::string(store.status().message());
    // What waits is done, so that what a repair has wrongly let go of is gone.
    const absl::Status drained = (*store)->ReclaimUntilIdle();
    if (!drained.ok()) return std::string(drained.message());
    return Dump(**store);
  }

  CheckReport Check(bool repair) {
    CheckOptions options{.deep = true, .repair = repair};
    options.undo_log = (folder_.path() / absl::StrCat("undo", ++undo_logs_)).string();
    BorrowedStorage borrowed(*storage_);
    return Must(check::CheckStorage(borrowed, options));
  }

  std::vector<Row> Rows() const {
    std::vector<Row> rows;
    for (const auto& [key, sealed] : sound_) {
      const Family family = static_cast<Family>(key.first);
      rows.push_back(
          {family, key.second, std::string(Must(storage::CheckSeal(family, key.second, sealed)))});
    }
    return rows;
  }

  using Plant = std::function<void(storage::Batch&)>;
  enum class Then { kRestored, kRepaired, kFound, kHarmless };

  // Plants the damage, which must be found; after a repair the store must read as before, or be
  // sound, or neither. kHarmless: unless nobody could tell, because another row says the same.
  void Try(const std::string& kind, Family family, const std::string& what, const Plant& plant,
           Then then) {
    Tally& tally = tallies_[{kind, std::string(storage::FamilyName(family))}];
    if (tally.planted == Scaled(kTriesOfAKind)) return;
    SCOPED_TRACE(absl::StrCat(kind, " in ", std::string(storage::FamilyName(family)), ": ", what));
    const auto batch = storage_->NewBatch();
    plant(*batch);
    Must(storage_->Write(*batch, false));
    ++tally.planted;
    const CheckReport found = Check(false);
    if (then != Then::kHarmless) {
      EXPECT_GT(found.found, 0u);
    }
    tally.found += found.found > 0;
    const Image damaged = TakeImage(*storage_);
    const CheckReport repaired = Check(true);
    std::string codes;
    for (const Finding& finding : found.findings) {
      SeenCodes().insert(finding.code);
      absl::StrAppend(&codes, finding.code, " (", finding.where, ": ", finding.detail, ")\n");
    }
    if (then != Then::kFound) {
      EXPECT_EQ(repaired.left, 0u) << codes;
    }
    tally.repaired += repaired.left == 0;
    const Image mended = TakeImage(*storage_);
    const std::string seen = Read();
    tally.restored += seen == seen_;
    if (repaired.left == 0) {
      for (const Finding& finding : Check(false).findings) {
        // While a pin's release waits, births that it may drop are not told from others.
        if (finding.code == "BirthStray" && !GetParam()) continue;
        ADD_FAILURE() << "when drained: " << finding.code << " " << finding.where << " "
                      << finding.detail << "\nof " << codes;
      }
    }
    if (then == Then::kRestored || then == Then::kHarmless) {
      EXPECT_EQ(seen, seen_) << codes;
    }
    // Undone, the store is what it was, to the byte.
    if (!repaired.undo_log.empty()) {
      PutImage(mended, *storage_);
      Must(check::UndoLog::Apply(repaired.undo_log, check::Secret(*storage_), *storage_));
      EXPECT_EQ(TakeImage(*storage_) == damaged, true);
      std::filesystem::remove(repaired.undo_log);
    }
    PutImage(sound_, *storage_);
  }

  template <typename Alter>
  static void AlterEntry(const Entry& entry, const Alter& alter) {
    Entry altered = entry;
    altered.kind = entry.kind == EntryKind::kFile ? EntryKind::kReference : EntryKind::kFile;
    alter("kind", altered, Then::kFound);
    altered = entry;
    altered.birth += 1;
    alter("birth", altered, Then::kFound);
    altered = entry;
    altered.dir += 100'000;
    alter("dir", altered, Then::kFound);
    altered = entry;
    altered.seq += 2;
    alter("seq", altered, Then::kFound);
    altered = entry;
    altered.versions += 1;
    if (entry.versions > 0) alter("versions", altered, Then::kRestored);
    altered = entry;
    altered.version_bytes += 1;
    alter("version bytes", altered, Then::kRestored);
    altered = entry;
    altered.size += 1;
    if (entry.kind == EntryKind::kFile) alter("size", altered, Then::kFound);
  }

  template <typename Alter>
  void AlterNode(const core::Node& node, const Alter& alter) const {
    core::Node altered = node;
    altered.live = !node.live;
    alter("live", altered, GetParam() ? Then::kFound : Then::kHarmless);
    altered = node;
    altered.newest_pin += 2;
    alter("newest pin", altered, Then::kRestored);
    altered.newest_pin = 0;
    alter("newest pin", altered, Then::kRestored);
    altered = node;
    altered.parent += 1;
    // Nobody asks it of one that is in a dead directory, or waits for its trim.
    if (node.live) alter("parent", altered, Then::kHarmless);
    altered = node;
    altered.flattening = true;
    alter("flattening", altered, Then::kRestored);
    altered = node;
    altered.base.seq += 2;
    if (node.base.dir != 0) alter("base", altered, Then::kFound);
  }

  template <typename Alter>
  static void AlterTotals(const core::Totals& totals, const Alter& alter) {
    core::Totals altered = totals;
    for (const auto& [field, member] : kSums) {
      altered = totals;
      altered.*member += 3;
      alter(field, altered);
    }
    altered = totals;
    altered.whiteouts += 1;
    alter("whiteouts", altered);
    altered = totals;
    altered.versions += 1;
    alter("versions", altered);
    altered = totals;
    altered.account += 1;
    alter("account", altered);
    altered = totals;
    altered.library += 1;
    alter("library", altered);
    altered = totals;
    altered.logged = !totals.logged;
    alter("logged", altered);
    altered = totals;
    altered.changed = 1;
    alter("changed", altered);
  }

  // In the newest row of the log, which says what the store counts.
  void AlterCounters() {
    const auto last = std::prev(sound_.lower_bound({static_cast<int>(Family::kTotalsLog) + 1, ""}));
    const core::LogRow row = Must(core::DecodeLogRow(
        Must(storage::CheckSeal(Family::kTotalsLog, last->first.second, last->second))));
    constexpr std::pair<const char*, uint64_t core::Counters::*> kCounters[] = {
        {"next id", &core::Counters::next_id},
        {"queued", &core::Counters::queued},
        {"content bytes", &core::Counters::content_bytes},
        {"file records", &core::Counters::file_records}};
    for (const auto& [field, member] : kCounters) {
      core::LogRow altered = row;
      altered.counters.*member = altered.counters.*member == 1 ? 2 : 1;
      Try(
          absl::StrCat("altered ", field), Family::kTotalsLog, "the newest",
          [&](storage::Batch& batch) {
            batch.Put(Family::kTotalsLog, last->first.second, core::EncodeLogRow(altered));
          },
          Then::kRestored);
    }
  }

  void PrintTable() const {
    for (const auto& [what, t] : tallies_) {
      std::printf("%-10s %-11s planted %4d, found %4d, repaired %4d, as before %4d\n",
                  what.first.c_str(), what.second.c_str(), t.planted, t.found, t.repaired,
                  t.restored);
    }
  }

  TempFolder folder_;
  std::unique_ptr<storage::Storage> storage_;
  Image sound_;
  std::string seen_;
  int undo_logs_ = 0;
  std::map<std::pair<std::string, std::string>, Tally> tallies_;
};

std::string Shown(std::string_view key) {
  return absl::BytesToHexString(absl::string_view(key.data(), key.size()));
}

TEST_P(CheckTest, SoundStore) {
  const CheckReport report = Check(false);
  for (const Finding& f : report.findings) ADD_FAILURE() << f.code << " " << f.where << f.detail;
  std::set<std::string> families;
  for (const Row& row : Rows()) families.insert(std::string(storage::FamilyName(row.family)));
  // What is flipped and dropped below is of every family.
  EXPECT_EQ(families.size(), GetParam() ? storage::kFamilyCount - 1 : storage::kFamilyCount);
}

// One bit of a value, its checksum included, or of a key.
TEST_P(CheckTest, FlippedBits) {
  std::mt19937_64 random(1);
  for (const Row& row : Rows()) {
    std::string sealed = sound_.at({static_cast<int>(row.family), row.key});
    size_t bit = random() % (8 * sealed.size());
    sealed[bit / 8] = static_cast<char>(sealed[bit / 8] ^ (1 << bit % 8));
    Try(
        "bit", row.family, absl::StrCat(Shown(row.key), " bit ", bit),
        [&](storage::Batch& batch) { batch.PutSealed(row.family, row.key, sealed); },
        Then::kRestored);
  }
  PrintTable();
}

// What a user put there is gone with its row: the rest is made to agree with that.
template <typename Then>
Then WithoutRow(const Row& row) {
  switch (row.family) {
    case Family::kEntries:
    case Family::kHistory:
    case Family::kSpaces:
    case Family::kChanges:
    case Family::kReleased:
      return Then::kRepaired;
    case Family::kBin:  // who deleted it, and from where
      return row.value.empty() ? Then::kRestored : Then::kRepaired;
    case Family::kVersions:
      return core::IsVersionedFileKey(row.key) ? Then::kRestored : Then::kRepaired;
    case Family::kFacts:  // when a snapshot expires, whether a quota counts the bin
      return row.key[0] == 's' || row.key[0] == 'q' ? Then::kRepaired : Then::kRestored;
    case Family::kMeta:  // a damaged format is not guessed
      return row.key == core::kFormatKey ? Then::kFound : Then::kRestored;
    case Family::kNodes:  // what it was a copy of
    case Family::kChunks:
      return Then::kFound;
    default:
      return Then::kRestored;
  }
}

TEST_P(CheckTest, DroppedRows) {
  for (const Row& row : Rows()) {
    // Of a directory's attributes, a content on the feed, a change nothing else tells that they
    // were there.
    if (row.family == Family::kChanges || row.family == Family::kReleased) continue;
    if (row.family == Family::kEntries && row.key[8] == core::kAttributesSlot) continue;
    // What a row of the log, or a record below it, said of totals may be said by a newer one.
    const bool logged = row.family == Family::kTotals || row.family == Family::kTotalsLog;
    const bool harmless = logged || row.family == Family::kSummaries;  // it is made anew
    Try(
        "dropped", row.family, Shown(row.key),
        [&](storage::Batch& batch) { batch.Delete(row.family, row.key); },
        harmless ? Then::kHarmless : WithoutRow<Then>(row));
  }
  PrintTable();
}

// Bytes that are none of the format's, with a checksum that says so, and with one that does not.
TEST_P(CheckTest, Garbage) {
  const std::string garbage = "\xff\x7f no record \x01";
  for (const Row& row : Rows()) {
    Try(
        "garbage", row.family, Shown(row.key),
        [&](storage::Batch& batch) { batch.PutSealed(row.family, row.key, garbage); },
        WithoutRow<Then>(row));
    const bool bare = row.value.empty() || row.family == Family::kDeadlists;
    // Another format is none that this check judges.
    if (bare || row.key == core::kFormatKey) continue;
    Try(
        "sealed garbage", row.family, Shown(row.key),
        [&](storage::Batch& batch) { batch.Put(row.family, row.key, garbage); },
        WithoutRow<Then>(row));
  }
  PrintTable();
}

// Keys that the format does not know.
TEST_P(CheckTest, StrangeKeys) {
  for (int i = 0; i < storage::kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    if (family == Family::kTotalsLog) continue;
    for (const std::string& key : {std::string("abc"), std::string(5, '\xff')}) {
      Try(
          "strange key", family, Shown(key),
          [&](storage::Batch& batch) { batch.Put(family, key, "x"); }, Then::kRestored);
    }
  }
  PrintTable();
}

// Rows that nothing else knows of.
TEST_P(CheckTest, ExtraRows) {
  const auto extra = [&](Family family, const std::string& key, const std::string& value) {
    Try(
        "extra", family, Shown(key), [&](storage::Batch& batch) { batch.Put(family, key, value); },
        Then::kRestored);
  };
  const std::string slot = core::Slot(core::kFileSlot, "nobody.txt");
  for (const Row& row : Rows()) {
    switch (row.family) {
      case Family::kPins: {
        const core::DirId dir = LoadFixed64(row.key.data());
        const core::Seq seq = LoadFixed64(row.key.data() + 8);
        // Where a pin was just released, a job drops them.
        if (GetParam()) extra(Family::kBirths, core::BirthKey(dir, seq + 3, slot), "");
        for (const core::Seq list : {seq, seq + 2}) {
          extra(Family::kDeadlists,
                core::DeadlistKey{dir, list, seq - 1, core::DeadlistKey::Kind::kHistory, slot, 0}
                    .Encode(),
                "");
        }
        break;
      }
      case Family::kNodes: {
        const core::DirId dir = LoadFixed64(row.key.data());
        const core::Node node = Must(core::DecodeNode(row.value));
        // Where a child has changed since, nobody can tell what such a pin would have kept of it.
        Try(
            "extra pin", Family::kPins, Shown(row.key),
            [&](storage::Batch& batch) {
              batch.Put(Family::kPins, core::PairKey(dir, node.created + 1),
                        core::EncodePin({.owners = 1, .frozen = {}}));
            },
            Then::kFound);
        if (GetParam() && !node.live) {
          const Entry entry{.kind = EntryKind::kFile, .birth = node.newest_pin + 1, .id = {4, dir}};
          extra(Family::kEntries, core::EntryKey(dir, slot), core::EncodeEntry(entry));
        }
        break;
      }
      case Family::kDeadlists: {
        core::DeadlistKey other = core::DeadlistKey::Decode(row.key);
        other.list += 2;
        if (other.kind == core::DeadlistKey::Kind::kHistory) {
          Try(
              "listed twice", Family::kDeadlists, Shown(row.key),
              [&](storage::Batch& batch) { batch.Put(Family::kDeadlists, other.Encode(), ""); },
              Then::kRestored);
        }
        break;
      }
      case Family::kContents:
        extra(Family::kReleased, row.key, std::string(1, core::kContentReleased));
        break;
      case Family::kBin:
        if (!row.value.empty()) extra(Family::kBin, row.key.substr(0, 8) + "\1" + row.key, "");
        break;
      case Family::kVersions:
        if (GetParam())
          extra(Family::kVersions, std::string(8, '\7') + row.key.substr(8), row.value);
        break;
      case Family::kFacts:
        if (row.key[0] == 'v' || row.key[0] == 'x') {
          std::string key = row.key;
          ++key[12];
          extra(Family::kFacts, key, "");
        }
        break;
      default:
        break;
    }
  }
  const core::DirId unknown = 90'000;
  extra(Family::kTotals, core::IdKey(unknown), core::EncodeTotals({.bytes = 5}));
  extra(Family::kSummaries, core::SummaryKey(unknown, 8), core::Summary().Encode());
  extra(Family::kNodes, core::IdKey(unknown), core::EncodeNode({}));
  extra(Family::kEntries, core::EntryKey(unknown, slot),
        core::EncodeEntry({.kind = EntryKind::kFile, .birth = 8, .id = {3, 3}, .size = 4}));
  // Its host is asked what shall become of it.
  Try(
      "extra", Family::kContents, "of the host",
      [&](storage::Batch& batch) {
        batch.Put(Family::kContents, core::ContentKey({6, 6}),
                  core::EncodeContent({.count = 2, .size = 8}));
      },
      Then::kRepaired);
  extra(Family::kChunks, core::PairKey(unknown, 0), core::EncodeChunk("stray bytes"));
  extra(Family::kReclaim, core::PairKey(8, 0),
        core::EncodeJob({core::Job::Kind::kRelease, unknown, 7, {}}));
  if (GetParam()) {
    extra(Family::kChanges, core::ChangeKey(unknown, 8, 0), "");
    extra(Family::kBin, core::BinKey(unknown, core::BinOrder::kTime, 8, {}), "");
    extra(Family::kFacts, core::SnapshotKey(unknown, "x"), core::EncodeSnapshot({}));
  }
  PrintTable();
}

// ---- altered fields ----------------------------------------------------------------------------

// A record that decodes, has a right seal, and says something else in one field: those fields that
// can be derived. What only the user knows (times, creators, attributes, sizes of single files that
// the host keeps) nobody can check.
TEST_P(CheckTest, AlteredFields) {
  for (const Row& row : Rows()) {
    const auto alter = [&](const char* field, const std::string& value, Then then) {
      if (value == row.value) return;
      Try(
          absl::StrCat("altered ", field), row.family, Shown(row.key),
          [&](storage::Batch& batch) { batch.Put(row.family, row.key, value); }, then);
    };
    switch (row.family) {
      case Family::kEntries:
        AlterEntry(Must(core::DecodeEntry(row.value)),
                   [&](const char* field, const Entry& entry, Then then) {
                     alter(field, core::EncodeEntry(entry), then);
                   });
        break;
      case Family::kHistory: {
        const core::HistoryRecord record = Must(core::DecodeHistory(row.value));
        const Entry entry = Must(core::DecodeEntry(record.entry));
        alter("death", core::EncodeHistory(entry.birth, entry), Then::kFound);
        AlterEntry(entry, [&](const char* field, const Entry& altered, Then then) {
          const std::string_view name = field;
          // History owns no directory, and nobody reads versions through a pin.
          if (name == "dir" && entry.kind == EntryKind::kDirectory) return;
          if (name == "versions" || name == "version bytes") return;
          alter(field, core::EncodeHistory(record.death, altered), then);
        });
        break;
      }
      case Family::kNodes:
        AlterNode(Must(core::DecodeNode(row.value)),
                  [&](const char* field, const core::Node& node, Then then) {
                    alter(field, core::EncodeNode(node), then);
                  });
        break;
      case Family::kPins: {
        const core::Pin pin = Must(core::DecodePin(row.value));
        core::Pin altered = pin;
        altered.owners += 1;
        alter("owners", core::EncodePin(altered), Then::kRestored);
        altered.owners = pin.owners - 1;
        alter("owners", core::EncodePin(altered), Then::kRestored);
        for (const auto& [field, member] : kSums) {
          altered = pin;
          altered.frozen.*member += 3;
          alter(field, core::EncodePin(altered), Then::kRestored);
        }
        altered = pin;
        altered.frozen.changed = LoadFixed64(row.key.data() + 8) + 1;
        alter("changed", core::EncodePin(altered), Then::kRestored);
        break;
      }
      case Family::kTotals: {
        const core::Totals totals = Must(core::DecodeTotals(row.value));
        AlterTotals(totals, [&](const char* field, const core::Totals& altered) {
          alter(field, core::EncodeTotals(altered), Then::kHarmless);
        });
        break;
      }
      case Family::kContents: {
        core::ContentRow content = Must(core::DecodeContent(row.value));
        content.count += 1;
        alter("count", core::EncodeContent(content), Then::kRestored);
        content.count -= 1;
        content.size += 1;
        alter("size", core::EncodeContent(content), Then::kRestored);
        content.size -= 1;
        if (content.blob != 0) {
          content.blob += 1'000'000;
          alter("blob", core::EncodeContent(content), Then::kFound);
        }
        break;
      }
      case Family::kSummaries:  // one that nobody would believe does no harm
        alter("pieces", core::Summary().Encode(), Then::kHarmless);
        break;
      case Family::kDeadlists:
        if (!row.value.empty()) alter("slot", row.value + "x", Then::kRestored);
        break;
      case Family::kVersions:
        if (core::IsVersionedFileKey(row.key)) {
          core::VersionedFile file = Must(core::DecodeVersionedFile(row.value));
          file.slot += "x";
          alter("slot", core::EncodeVersionedFile(file), Then::kRestored);
        } else {
          core::VersionRecord version = Must(core::DecodeVersion(row.value));
          version.library += 1000;
          alter("library", core::EncodeVersion(version), Then::kRepaired);
          version.library -= 1000;
          version.replaced_time_ms += 1;
          alter("replaced", core::EncodeVersion(version), Then::kRepaired);
          version.replaced_time_ms -= 1;
          version.id += 1;
          alter("id", core::EncodeVersion(version), Then::kRepaired);
          version.id -= 1;
          version.size += 1;
          alter("size", core::EncodeVersion(version), Then::kFound);
        }
        break;
      case Family::kBin:
        if (!row.value.empty()) {
          core::RecycledRecord item = Must(core::DecodeRecycled(row.value));
          ++item.totals.bytes;
          alter("bytes", core::EncodeRecycled(item), Then::kRestored);
        }
        break;
      case Family::kSpaces:
        if (row.key.back() != '\0') {
          core::SpaceRecord space = Must(core::DecodeSpace(row.value));
          space.quota += 1;
          alter("quota", core::EncodeSpace(space), Then::kRepaired);
          space.quota -= 1;
          space.bin = 0;
          alter("bin", core::EncodeSpace(space), Then::kRepaired);
        }
        break;
      case Family::kFacts:
        if (row.key[0] == 'q') {
          core::QuotaRecord quota = Must(core::DecodeQuota(row.value));
          quota.spaces.pop_back();
          alter("spaces", core::EncodeQuota(quota), Then::kRestored);
          quota = Must(core::DecodeQuota(row.value));
          quota.limits.bytes = 77;
          alter("limits", core::EncodeQuota(quota), Then::kRepaired);
        }
        break;
      default:
        break;
    }
  }
  AlterCounters();
  PrintTable();
}

// Live directories that are owned twice, or by themselves.
TEST_P(CheckTest, Ownership) {
  std::map<core::DirId, std::pair<std::string, Entry>> owners;  // of what is no root
  std::map<core::DirId, core::Node> nodes;
  for (const Row& row : Rows()) {
    if (row.family == Family::kNodes) {
      nodes[LoadFixed64(row.key.data())] = Must(core::DecodeNode(row.value));
    }
    if (row.family != Family::kEntries) continue;
    const Entry entry = Must(core::DecodeEntry(row.value));
    if (entry.kind == EntryKind::kDirectory) owners[entry.dir] = {row.key, entry};
  }
  for (const auto& [dir, owner] : owners) {
    const auto& [key, entry] = owner;
    const core::DirId parent = LoadFixed64(key.data());
    if (!nodes[dir].live || !nodes[parent].live || !GetParam()) continue;
    Try(
        "owned twice", Family::kEntries, absl::StrCat(dir),
        [&, entry = entry](storage::Batch& batch) {
          batch.Put(Family::kEntries,
                    core::EntryKey(parent, core::Slot(core::kDirectorySlot, "2nd")),
                    core::EncodeEntry(entry));
        },
        Then::kFound);
    // Out of its parent, and into itself.
    Try(
        "in itself", Family::kEntries, absl::StrCat(dir),
        [&, entry = entry, key = key, node = nodes[dir], dir = dir](storage::Batch& batch) mutable {
          batch.Delete(Family::kEntries, key);
          batch.Put(Family::kEntries, core::EntryKey(dir, core::Slot(core::kDirectorySlot, "me")),
                    core::EncodeEntry(entry));
          node.parent = dir;
          batch.Put(Family::kNodes, core::IdKey(dir), core::EncodeNode(node));
        },
        Then::kFound);
  }
  PrintTable();
}

// Readers go down from base to base, which must end.
TEST_P(CheckTest, RingOfBases) {
  std::vector<Row> based;
  for (const Row& row : Rows()) {
    if (row.family != Family::kNodes) continue;
    core::Node node = Must(core::DecodeNode(row.value));
    if (node.base.dir == 0) continue;
    node.base = {.dir = LoadFixed64(row.key.data()), .seq = node.created + 1};
    based.push_back({row.family, row.key, core::EncodeNode(node)});
  }
  ASSERT_FALSE(based.empty());
  for (const Row& row : based) {
    Try(
        "ring", row.family, Shown(row.key),
        [&](storage::Batch& batch) { batch.Put(row.family, row.key, row.value); }, Then::kFound);
  }
  PrintTable();
}

// A store that has gone on is not taken back.
TEST_P(CheckTest, UndoIsRefusedAfterUse) {
  const auto put_pin = [&](uint64_t more_owners) {
    const auto pins = storage_->NewCursor(Family::kPins, {}, nullptr);
    pins->Seek("");
    core::Pin pin = Must(core::DecodePin(pins->value()));
    pin.owners += more_owners;
    const auto batch = storage_->NewBatch();
    batch->Put(Family::kPins, pins->key(), core::EncodePin(pin));
    Must(storage_->Write(*batch, false));
  };
  put_pin(5);
  const CheckReport report = Check(true);
  ASSERT_EQ(report.left, 0u);
  put_pin(7);
  const Image used = TakeImage(*storage_);
  const absl::Status undone =
      check::UndoLog::Apply(report.undo_log, check::Secret(*storage_), *storage_);
  EXPECT_EQ(CodeOf(undone), Code::kParamInvalid);
  EXPECT_EQ(TakeImage(*storage_) == used, true);
}

// What a node says of its parent's pins, and of what a trim left.
TEST_P(CheckTest, SyncedAndYoungest) {
  for (const Row& row : Rows()) {
    if (row.family != Family::kNodes) continue;
    core::Node node = Must(core::DecodeNode(row.value));
    const auto put = [&](storage::Batch& batch) {
      batch.Put(row.family, row.key, core::EncodeNode(node));
    };
    if (!node.live && GetParam()) {
      node.youngest = 1;
      Try("youngest", row.family, Shown(row.key), put, Then::kRestored);
      continue;
    }
    // No pin of the parent may lie in between: then both say the same.
    node.synced = 1;
    Try("synced", row.family, Shown(row.key), put, Then::kHarmless);
    node.synced = 1'000'000;
    Try("synced", row.family, Shown(row.key), put, Then::kHarmless);
  }
  PrintTable();
}

TEST_P(CheckTest, FlippedKeys) {
  std::mt19937_64 random(2);
  for (const Row& row : Rows()) {
    std::string key = row.key;
    const size_t bit = random() % (8 * key.size());
    key[bit / 8] = static_cast<char>(key[bit / 8] ^ (1 << bit % 8));
    const std::string sealed = sound_.at({static_cast<int>(row.family), row.key});
    if (sound_.contains({static_cast<int>(row.family), key})) continue;
    // The log above a row of totals, or a newer one of the log, may say the same.
    const bool logged = row.family == Family::kTotals || row.family == Family::kTotalsLog;
    Try(
        "key bit", row.family, absl::StrCat(Shown(row.key), " bit ", bit),
        [&](storage::Batch& batch) {
          batch.Delete(row.family, row.key);
          batch.PutSealed(row.family, key, sealed);
        },
        logged ? Then::kHarmless : Then::kRestored);
  }
  PrintTable();
}

// The summaries of a directory with many entries: a run is good only beside all the others.
TEST(CheckSummariesTest, AWrongOneIsFoundAndDropped) {
  TempStore store;
  {
    const Space space = store.OpenSpace();
    std::vector<BatchItem> items;
    for (int i = 0; i < 1200; ++i) {
      const std::string path = absl::StrCat("big/file", i);
      if (i == 0) items.push_back({.space = space, .path = "big"});
      items.push_back({.kind = BatchItem::Kind::kPut, .space = space, .path = path, .bytes = "x"});
      if (items.size() < 1000 && i + 1 < 1200) continue;
      Must(store->RunAtomically(items).status());
      items.clear();
    }
    SearchFor(space, "file");
    Must(store->ReclaimUntilIdle());
  }
  store.Close();
  const auto storage = Must(storage::OpenRocksdb(
      store.folder(), {.block_cache_bytes = 8 << 20, .memtable_bytes = 8 << 20}));
  const Image sound = TakeImage(*storage);
  std::vector<std::string> keys;
  for (const auto& [key, sealed] : sound) {
    if (key.first == static_cast<int>(Family::kSummaries)) keys.push_back(key.second);
  }
  ASSERT_EQ(keys.size(), 5u);  // the root, the directory, three runs
  const auto plant = [&](const std::function<void(storage::Batch&)>& damage, const char* code,
                         bool deep) {
    PutImage(sound, *storage);
    const auto batch = storage->NewBatch();
    damage(*batch);
    Must(storage->Write(*batch, false));
    BorrowedStorage borrowed(*storage);
    const CheckReport report = Must(check::CheckStorage(borrowed, {.deep = deep}));
    ASSERT_FALSE(report.findings.empty());
    for (const Finding& finding : report.findings) EXPECT_EQ(finding.code, code);
    CheckOptions repair{.repair = true};
    repair.undo_log = store.folder() + ".undo";
    EXPECT_EQ(Must(check::CheckStorage(borrowed, repair)).left, 0u);
    std::filesystem::remove(repair.undo_log);
    auto engine =
        operations::Engine::Start(std::make_unique<BorrowedStorage>(*storage), TestOptions());
    const auto opened = Must(api::StoreImpl::Open(Must(std::move(engine))));
    const Space space = Must(opened->OpenSpace("default", "-"));
    EXPECT_EQ(SearchFor(space, "file777"), std::vector<std::string>{"big/file777"});
    EXPECT_EQ(SearchFor(space, "file").size(), 1200u);
  };
  const std::string nothing = core::Summary().Encode();
  for (const std::string& key : keys) {
    SCOPED_TRACE(Shown(key));
    plant([&](storage::Batch& batch) { batch.Put(Family::kSummaries, key, nothing); },
          "SummaryWrong", true);
    if (!core::IsRunKey(key)) continue;
    plant([&](storage::Batch& batch) { batch.Delete(Family::kSummaries, key); }, "SummaryWrong",
          false);
    plant([&](storage::Batch& batch) { batch.PutSealed(Family::kSummaries, key, "damaged"); },
          "RecordDamaged", false);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, CheckTest, ::testing::Bool(), [](const auto& info) {
  return info.param ? std::string("Drained") : std::string("Busy");
});

// ---- the tool, and what it stands on -----------------------------------------------------------

TEST(SorterTest, SortsMoreThanItsBuffer) {
  check::Sorter sorter(TempFolder::DefaultParent().string(), 64 * 1024);
  std::mt19937_64 random(3);
  std::multiset<std::string> expected;
  const auto add = [&](check::Sorter::Appender& appender) {
    std::string record(random() % 40, '\0');
    for (char& c : record) c = static_cast<char>(random() % 4);
    expected.insert(record);
    appender.Add(record);
  };
  {
    check::Sorter::Appender one(sorter), other(sorter);
    for (int i = 0; i < 50'000; ++i) add(i % 3 == 0 ? one : other);
  }
  const auto sorted = Must(sorter.Sort());
  auto next = expected.begin();
  for (; sorted->Valid(); sorted->Next(), ++next) {
    ASSERT_NE(next, expected.end());
    ASSERT_EQ(sorted->record(), *next);
  }
  EXPECT_TRUE(sorted->status().ok());
  EXPECT_EQ(next, expected.end());
}

TEST(SorterTest, SaysThatItHasNoRoom) {
  check::Sorter sorter("/nowhere", 1024);
  {
    check::Sorter::Appender appender(sorter);
    for (int i = 0; i < 100'000; ++i) appender.Add("record");
  }
  const auto sorted = sorter.Sort();
  ASSERT_FALSE(sorted.ok());
  EXPECT_NE(std::string(sorted.status().message()).find("/nowhere"), std::string::npos);
}

// `marcot-fsck`, which MARCOT_FSCK names.
class FsckTool : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("MARCOT_FSCK") == nullptr) GTEST_SKIP() << "MARCOT_FSCK names no program";
    StoreOptions options = TestOptions();
    options.create_if_missing = true;
    store_ = Must(Store::Open(folder(), options));
    Fill(*store_, true);
  }

  std::string folder() const { return (folder_.path() / "store").string(); }

  // Its exit, and what it printed.
  std::pair<int, std::string> Run(const std::string& arguments) {
    const std::string out = (folder_.path() / "out").string();
    const std::string command =
        absl::StrCat(std::getenv("MARCOT_FSCK"), " ", arguments, " >", out, " 2>&1");
    const int status = std::system(command.c_str());
    std::ifstream file(out);
    return {WEXITSTATUS(status), std::string(std::istreambuf_iterator<char>(file), {})};
  }

  void Plant() {
    const auto storage = Must(
        storage::OpenRocksdb(folder(), {.block_cache_bytes = 1 << 20, .memtable_bytes = 1 << 20}));
    const auto pins = storage->NewCursor(Family::kPins, {}, nullptr);
    pins->Seek("");
    core::Pin pin = Must(core::DecodePin(pins->value()));
    pin.owners += 7;
    const auto batch = storage->NewBatch();
    batch->Put(Family::kPins, pins->key(), core::EncodePin(pin));
    Must(storage->Write(*batch, true));
  }

  std::vector<std::filesystem::path> Files(std::string_view extension) const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder())) {
      if (file.path().extension() == extension) files.push_back(file.path());
    }
    return files;
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(FsckTool, ExitsAsFsckDoes) {
  EXPECT_EQ(Run(folder()).first, 8);
  EXPECT_NE(Run(folder()).second.find("StoreInUse"), std::string::npos);
  store_.reset();
  EXPECT_EQ(Run(folder()).first, 0);
  EXPECT_EQ(Run("--deep " + folder()).first, 0);
  EXPECT_EQ(Run("/nowhere/store").first, 8);
  EXPECT_EQ(Run("").first, 8);
  EXPECT_EQ(Run("--no-such-option " + folder()).first, 8);
  Plant();
  const auto [found, text] = Run("--json " + folder());
  EXPECT_EQ(found, 4);
  EXPECT_NE(text.find("{\"code\":\"PinOwnersWrong\""), std::string::npos) << text;
  EXPECT_EQ(Run("--repair " + folder()).first, 1);
  EXPECT_EQ(Run(folder()).first, 0);
  // The log of that repair is not overwritten.
  EXPECT_EQ(Run("--undo " + folder() + ".undo " + folder()).first, 0);
  EXPECT_EQ(Run(folder()).first, 4);
  EXPECT_EQ(Run("--repair " + folder()).first, 8);
  EXPECT_EQ(Run("--repair --undo-log " + folder() + ".2 " + folder()).first, 1);
  EXPECT_EQ(Run("--undo " + folder() + "/CURRENT " + folder()).first, 8);
  EXPECT_EQ(Run(folder()).first, 0);
}

// What cannot be read is reported, what is behind it is read, and nothing is repaired.
TEST_F(FsckTool, UnreadableFiles) {
  for (int i = 0; i < 3000; ++i) {
    Must(store_->OpenSpace("lib", "two")->Put(absl::StrCat("y/many-", i), "x"));
  }
  store_.reset();
  Must(Store::Open(folder(), TestOptions()).status());  // what the log held is in files now
  for (const std::filesystem::path& file : Files(".sst")) {
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(file));
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(size / 5)
        .write("damage damage damage", 20);
  }
  const auto [found, text] = Run(folder());
  EXPECT_EQ(found, 4) << text;
  EXPECT_NE(text.find("FileUnreadable"), std::string::npos) << text;
  EXPECT_NE(text.find(".sst"), std::string::npos) << text;
  EXPECT_EQ(Run("--repair " + folder()).first, 4);
  EXPECT_FALSE(std::filesystem::exists(folder() + ".undo"));
}

// After all tests, if all were run: none of the codes is without one that plants its damage.
class AllCodesSeen : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto* const unit = ::testing::UnitTest::GetInstance();
    if (unit->test_to_run_count() != unit->total_test_count()) return;
    for (const FaultDescription& fault : AllFaults()) {
      if (fault.code == "FileUnreadable") continue;  // the tool's test looks for it
      EXPECT_TRUE(SeenCodes().contains(std::string(fault.code))) << fault.code;
    }
  }
};
const auto* const kAllCodesSeen = ::testing::AddGlobalTestEnvironment(new AllCodesSeen);

}  // namespace
}  // namespace marcot::testing

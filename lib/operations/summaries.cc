#include "operations/summaries.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "core/dir_cursor.h"
#include "core/lookup.h"
#include "core/reclaim.h"
#include "core/summaries.h"
#include "operations/operation.h"
#include "operations/read.h"

namespace marcot::operations {
namespace {

using core::DirCursor;
using core::DirId;
using core::Entry;
using core::Place;
using core::Seq;
using core::Summary;
using storage::Family;

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kLongestPass{10};
constexpr int kRest = 10;
constexpr size_t kMaxDirectories = 64;  // that are remembered
constexpr size_t kPageEntries = 256;
constexpr size_t kStepBytes = 256 * 1024;  // of rows in one commit
// A summary for each level is in memory. What lies deeper has none and is looked at.
constexpr size_t kMaxLevels = 256;

using SummaryRows = std::map<std::string, std::string>;

// Rows of nodes that are purged meanwhile would stay for good, so those are left out.
class WriteWork final : public Pipeline::Work {
 public:
  explicit WriteWork(const SummaryRows& rows) : rows_(rows) {}

  absl::Status Execute(core::Txn& txn) override {
    for (const auto& [key, value] : rows_) {
      core::Node node;
      MARCOT_ASSIGN_OR_RETURN(const bool exists,
                              core::FindNode(txn, LoadFixed64(key.data()), &node));
      if (exists) txn.Put(Family::kSummaries, key, value);
    }
    return absl::OkStatus();
  }

 private:
  const SummaryRows& rows_;
};

// Drops what a node's summary has replaced, but for what a pin sees; some of it.
class DropWork final : public Pipeline::Work {
 public:
  DropWork(DirId dir, Seq newest, std::string* reached)
      : dir_(dir), newest_(newest), reached_(reached) {}

  absl::Status Execute(core::Txn& txn) override {
    const std::string first = core::IdKey(dir_), end = core::SummaryKey(dir_, newest_);
    const auto rows = txn.NewCursor(Family::kSummaries, {.lower = first, .upper = end});
    int left = core::kStepWrites;
    for (rows->Seek(reached_->empty() ? first : *reached_); rows->Valid() && left > 0; --left) {
      *reached_ = rows->key();
      const Seq changed = core::ChangedOfSummaryKey(rows->key());
      MARCOT_ASSIGN_OR_RETURN(const bool seen, IsPinned(txn, changed));
      if (seen) {
        rows->Seek(core::SummaryKey(dir_, changed + 1));
      } else {
        txn.Delete(Family::kSummaries, rows->key());
        rows->Next();
      }
    }
    more_ = rows->Valid();
    return rows->status();
  }

  bool more() const { return more_; }

 private:
  // Whether a pin sees the node as of that change.
  absl::StatusOr<bool> IsPinned(core::Txn& txn, Seq changed) const {
    const std::string first = core::PairKey(dir_, changed), end = core::IdKey(dir_ + 1);
    const auto pins = txn.NewCursor(Family::kPins, {.lower = first, .upper = end});
    pins->Seek(first);
    if (!pins->Valid()) {
      MARCOT_RETURN_IF_ERROR(pins->status());
      return false;
    }
    MARCOT_ASSIGN_OR_RETURN(const core::Pin pin, core::DecodePin(pins->value()));
    return pin.frozen.changed == changed;
  }

  const DirId dir_;
  const Seq newest_;
  std::string* const reached_;
  bool more_ = false;
};

}  // namespace

class SummaryPass {
 public:
  SummaryPass(const core::Committed& committed, Pipeline& pipeline, DirId root,
              std::vector<std::string> path)
      : committed_(committed),
        pipeline_(pipeline),
        root_(root),
        path_(std::move(path)),
        held_(committed.TakeSnapshot()),
        view_(core::ReadView::OfSnapshot(committed, *held_)) {}

  // Nothing happens where the directory is not there any more.
  absl::Status Begin() {
    const auto directory = EntryOf(view_, {root_, 0}, path_);
    if (!directory.ok() || !directory->is_directory()) return absl::OkStatus();
    return Enter(core::PlaceOf(*directory));
  }

  DirId root() const { return root_; }
  const std::vector<std::string>& path() const { return path_; }
  Clock::duration age() const { return Clock::now() - begun_; }
  bool done() const { return levels_.empty() && rows_.empty() && replaced_.empty(); }

  absl::Status Step() {
    if (!replaced_.empty()) return DropReplaced();
    MARCOT_RETURN_IF_ERROR(Read());
    if (rows_.empty()) return absl::OkStatus();
    WriteWork work(rows_);
    MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
    for (const auto& [key, value] : rows_) {
      if (core::IsRunKey(key)) continue;
      replaced_.emplace_back(LoadFixed64(key.data()), core::ChangedOfSummaryKey(key));
    }
    rows_.clear();
    row_bytes_ = 0;
    return absl::OkStatus();
  }

 private:
  struct Level {
    Place place;  // read without a context
    ObjectId context;
    Seq changed = 0;
    bool worth = false, runs = false;
    std::string at = core::SlotsBegin(core::kDirectorySlot);  // the first slot that was not read
    bool exhausted = false;
    std::vector<std::pair<std::string, Entry>> page;
    size_t next = 0;
    Summary whole;
    std::optional<Summary> run;
    std::string run_begin;
    uint64_t run_slots = 0;
  };

  // Goes into a directory that has no summary; what another one's says is added to the one above.
  absl::Status Enter(const Place& place) {
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
    const bool worth = totals.files + totals.directories >= core::kWorthSummary;
    if (worth) {
      MARCOT_ASSIGN_OR_RETURN(const bool known, Find(place.dir, totals.changed));
      if (known) {
        AddBelow(summary_, place.context);
        return absl::OkStatus();
      }
    }
    Level level;
    level.place = {place.dir, place.seq, {}};
    level.context = place.context;
    level.changed = totals.changed;
    level.worth = worth;
    level.runs = totals.child_files + totals.child_directories > core::kWorthRuns;
    if (level.runs) level.run.emplace();
    levels_.push_back(std::move(level));
    return absl::OkStatus();
  }

  // The newest rows, not those of the snapshot: this pass may have written it.
  absl::StatusOr<bool> Find(DirId dir, Seq changed) {
    const std::string key = core::SummaryKey(dir, changed);
    if (const auto it = rows_.find(key); it != rows_.end()) {
      return Summary::Decode(it->second, &summary_);
    }
    std::string value;
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            committed_.storage().Get(Family::kSummaries, key, nullptr, &value));
    if (!found) return false;
    return Summary::Decode(value, &summary_);
  }

  void AddBelow(const Summary& below, const ObjectId& context) {
    if (levels_.empty()) return;
    Level& level = levels_.back();
    level.whole.AddBelow(below, context);
    if (level.runs) level.run->AddBelow(below, context);
  }

  // Until a step's reads are done, or there is enough to write.
  absl::Status Read() {
    int left = core::kStepReads;
    while (!levels_.empty() && left > 0 && rows_.size() < core::kStepWrites &&
           row_bytes_ < kStepBytes) {
      Level& level = levels_.back();
      if (level.next < level.page.size()) {
        --left;
        const auto [slot, entry] = std::move(level.page[level.next++]);
        MARCOT_RETURN_IF_ERROR(Take(level, slot, entry));
      } else if (level.exhausted) {
        Leave();
      } else {
        --left;
        MARCOT_RETURN_IF_ERROR(ReadPage(level));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadPage(Level& level) {
    level.page.clear();
    level.next = 0;
    MARCOT_ASSIGN_OR_RETURN(const auto cursor, DirCursor::Open(view_, level.place, level.at,
                                                               core::SlotsEnd(core::kFileSlot)));
    MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    for (bool hole = false; cursor->Valid() && level.page.size() < kPageEntries && !hole;) {
      hole = cursor->hole();
      level.at = core::BehindSlot(cursor->slot());
      if (!hole) level.page.emplace_back(cursor->slot(), cursor->entry());
      MARCOT_RETURN_IF_ERROR(cursor->Next());
    }
    level.exhausted = !cursor->Valid();
    return absl::OkStatus();
  }

  absl::Status Take(Level& level, const std::string& slot, const Entry& entry) {
    if (level.runs) {
      if (level.run_slots++ % core::kRunSlots == 0) BeginRun(level, slot);
      AddEntry(slot, entry, &*level.run);
    }
    AddEntry(slot, entry, &level.whole);
    if (!entry.is_directory()) return absl::OkStatus();
    if (levels_.size() < kMaxLevels) return Enter(core::PlaceOf(entry));
    // Whoever is above it has no summary either.
    for (Level& above : levels_) above.worth = false;
    return absl::OkStatus();
  }

  static void AddEntry(std::string_view slot, const Entry& entry, Summary* summary) {
    summary->AddName(slot[0], slot.substr(1));
    summary->AddId(entry.id);
  }

  void BeginRun(Level& level, const std::string& slot) {
    EndRun(level);
    level.run->Clear();
    level.run_begin = slot;
  }

  void EndRun(Level& level) {
    if (level.run_begin.empty() || !level.worth) return;
    PutRow(core::RunKey(level.place.dir, level.changed, level.run_begin), level.run->Encode());
    level.whole.set_runs(level.whole.runs() + 1);
  }

  void PutRow(std::string key, std::string value) {
    row_bytes_ += value.size();
    rows_[std::move(key)] = std::move(value);
  }

  void Leave() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (level.runs) EndRun(level);
    if (level.worth) PutRow(core::SummaryKey(level.place.dir, level.changed), level.whole.Encode());
    AddBelow(level.whole, level.context);
  }

  absl::Status DropReplaced() {
    DropWork work(replaced_.back().first, replaced_.back().second, &drop_reached_);
    MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
    if (work.more()) return absl::OkStatus();
    replaced_.pop_back();
    drop_reached_.clear();
    return absl::OkStatus();
  }

  const core::Committed& committed_;
  Pipeline& pipeline_;
  const DirId root_;
  const std::vector<std::string> path_;
  const Clock::time_point begun_ = Clock::now();
  const std::unique_ptr<core::HeldSnapshot> held_;
  core::ReadView view_;
  Summary summary_;  // keeps its memory
  std::vector<Level> levels_;
  SummaryRows rows_;  // to be written
  size_t row_bytes_ = 0;
  std::vector<std::pair<DirId, Seq>> replaced_;  // nodes that have a new summary, of that change
  std::string drop_reached_;
};

Summaries::Summaries(const core::Committed& committed, Pipeline& pipeline)
    : committed_(committed), pipeline_(pipeline) {}
Summaries::~Summaries() = default;

void Summaries::Suggest(DirId root, std::vector<std::string> path) {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(searched_.begin(), searched_.end(), [&](const Directory& other) {
    return other.root == root && other.path == path;
  });
  if (known != searched_.end()) {
    known->waiting = true;
    return;
  }
  if (searched_.size() == kMaxDirectories) searched_.erase(searched_.begin());
  searched_.push_back({.root = root, .path = std::move(path), .waiting = true, .due = {}});
}

// Where it is forgotten meanwhile, its next search tells of it again.
void Summaries::EndPass(Clock::duration rest) {
  const std::unique_ptr<SummaryPass> pass = std::move(pass_);
  const std::lock_guard lock(mutex_);
  in_pass_ = false;
  for (Directory& known : searched_) {
    if (known.root == pass->root() && known.path == pass->path()) known.due = Clock::now() + rest;
  }
}

void Summaries::Refresh() {
  if (const std::unique_lock step(step_mutex_, std::try_to_lock); step.owns_lock()) {
    if (pass_ != nullptr && pass_->age() > kLongestPass) EndPass(kRest * pass_->age());
  }
  const std::lock_guard lock(mutex_);
  for (Directory& directory : searched_) directory.waiting = true;
}

bool Summaries::HasWork(When when) const {
  const std::lock_guard lock(mutex_);
  return in_pass_ || std::any_of(searched_.begin(), searched_.end(),
                                 [when](const Directory& known) { return known.IsReady(when); });
}

absl::Status Summaries::BeginNext(When when) {
  {
    const std::lock_guard lock(mutex_);
    const auto next = std::find_if(searched_.begin(), searched_.end(),
                                   [when](const Directory& known) { return known.IsReady(when); });
    if (next == searched_.end()) return absl::OkStatus();
    next->waiting = false;
    in_pass_ = true;
    pass_ = std::make_unique<SummaryPass>(committed_, pipeline_, next->root, next->path);
  }
  return pass_->Begin();
}

void Summaries::Step(When when) {
  const std::lock_guard lock(step_mutex_);
  absl::Status status = pass_ == nullptr ? BeginNext(when) : absl::OkStatus();
  if (pass_ == nullptr) return;
  if (status.ok()) status = pass_->Step();
  if (!status.ok() || pass_->done()) EndPass(kRest * pass_->age());
}

}  // namespace marcot::operations

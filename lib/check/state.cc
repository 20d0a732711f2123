#include "check/state.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/repairer.h"
#include "marcot/error.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Job;
using storage::Family;

class CheckView final : public core::View {
 public:
  explicit CheckView(const State& state) : state_(state) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, std::string* value) override {
    return state_.storage().Get(family, key, state_.snapshot(), value);
  }
  std::unique_ptr<storage::Cursor> NewCursor(Family family, const storage::Range& range) override {
    return state_.storage().NewCursor(family, range, state_.snapshot());
  }
  absl::StatusOr<core::Totals> GetTotals(DirId dir) override {
    if (const auto* const logged = state_.Logged(dir); logged != nullptr) {
      return logged->value_or(core::Totals{});
    }
    MARCOT_ASSIGN_OR_RETURN(const bool found, Get(Family::kTotals, core::IdKey(dir), &value_));
    if (!found) return core::Totals{};
    return core::DecodeTotals(value_);
  }

 private:
  const State& state_;
  std::string value_;
};

uint8_t WaitingFor(Job::Kind kind) {
  switch (kind) {
    case Job::Kind::kRelease:
    case Job::Kind::kSweep:
    case Job::Kind::kBirths:
      return kReleased;
    case Job::Kind::kTrim:
      return kTrimmed;
    case Job::Kind::kForget:
      return kForgotten;
    case Job::Kind::kFlatten:
      return kFlattened;
    case Job::Kind::kRows:
      return kRowsDropped;
    default:
      return 0;
  }
}

constexpr size_t kMaxDepth = 10'000;
constexpr int kMaxNamesSearched = 10'000;

// The name under which a directory holds another; empty: not found in the first names.
std::string NameIn(core::View& view, DirId parent, DirId child) {
  const std::string first = core::EntryKey(parent, std::string(1, core::kDirectorySlot));
  const std::string end = core::EntryKey(parent, std::string(1, core::kFileSlot));
  const auto rows = view.NewCursor(Family::kEntries, {.lower = first, .upper = end});
  rows->Seek(first);
  for (int left = kMaxNamesSearched; rows->Valid() && left > 0; rows->Next(), --left) {
    const auto entry = core::DecodeEntry(rows->value());
    if (entry.ok() && entry->kind == core::EntryKind::kDirectory && entry->dir == child) {
      return std::string(core::SlotOfEntryKey(rows->key()).substr(1));
    }
  }
  return "";
}

}  // namespace

State::State(const storage::Storage& storage, Findings& findings)
    : storage_(storage), snapshot_(storage.TakeSnapshot()), findings_(findings) {}

std::unique_ptr<core::View> State::NewView() const { return std::make_unique<CheckView>(*this); }

bool State::Load() {
  if (!LoadCounters()) return false;
  LoadQueue();
  LoadRoots();
  return true;
}

bool State::LoadCounters() {
  bool sound = true;
  const auto damaged = [&](std::string where, const absl::Status& why) {
    sound = false;
    findings_.Add(Fault::kCountersDamaged, std::move(where), std::string(why.message()),
                  [](Repairer& repairer) { return repairer.CountAnew(); });
  };
  std::string value;
  const auto found = storage_.Get(Family::kMeta, core::kFoldedKey, snapshot_.get(), &value);
  auto row = !found.ok() ? absl::StatusOr<core::LogRow>(found.status())
             : *found    ? core::DecodeLogRow(value)
                         : MakeError(Code::kStoreDamaged, "the counters of the last fold are lost");
  if (row.ok()) {
    newest_ = *std::move(row);
  } else {
    damaged(Record(Family::kMeta, core::kFoldedKey), row.status());
  }
  const std::string first = core::IdKey(newest_.seq + 1);
  for (Rows rows = RowsOf(Family::kTotalsLog, first); rows.Valid(); rows.Next()) {
    auto logged = rows.damaged() ? MakeError(Code::kStoreDamaged, "its checksum is wrong")
                                 : core::DecodeLogRow(rows.value());
    const absl::Status applied = logged.ok() ? core::Apply(*logged, &logged_) : logged.status();
    // Behind a row that is lost, a step from what it held says nothing of its own row.
    if (!logged.ok() || (!applied.ok() && sound)) {
      damaged(Record(Family::kTotalsLog, rows.key()), applied);
    }
    if (logged.ok()) newest_ = *std::move(logged);
  }
  return sound;
}

void State::LoadQueue() {
  for (Rows rows = RowsOf(Family::kReclaim); rows.Valid(); rows.Next()) {
    const auto job = core::DecodeJob(rows.value());
    if (rows.damaged() || !job.ok()) continue;  // reported where the queue is checked
    const bool forgets = job->kind == Job::Kind::kForget || job->kind == Job::Kind::kVersions;
    forgetting_ += forgets ? 1 : 0;
    if (job->a >= kNoNumber) continue;
    if (const uint8_t what = WaitingFor(job->kind)) waiting_.emplace_back(job->a, what);
  }
  std::sort(waiting_.begin(), waiting_.end());
}

void State::LoadRoots() {
  for (Rows rows = RowsOf(Family::kSpaces); rows.Valid(); rows.Next()) {
    const auto space = core::DecodeSpace(rows.value());
    if (rows.damaged() || rows.key().empty() || rows.key().back() == '\0' || !space.ok()) continue;
    for (const DirId root : {space->root, space->bin, space->snapshots}) {
      if (root != 0 && root < kNoNumber) roots_.push_back(root);
    }
  }
  for (Rows rows = RowsOf(Family::kMeta); rows.Valid(); rows.Next()) {
    if (core::IsImportKey(rows.key())) roots_.push_back(core::RootOfImportKey(rows.key()));
    if (core::IsLoadKey(rows.key())) TakeLoad(core::DirOfLoadKey(rows.key()));
  }
  std::sort(roots_.begin(), roots_.end());
}

void State::TakeLoad(DirId dir) {
  roots_.push_back(dir);
  const auto totals = NewView()->GetTotals(dir);
  if (!totals.ok()) return;  // reported where the directory is looked at
  uncounted_.file_records += totals->files;
  uncounted_.content_bytes += totals->bytes;
}

const std::optional<core::Totals>* State::Logged(DirId dir) const {
  const auto it = logged_.find(dir);
  return it == logged_.end() ? nullptr : &it->second;
}

uint8_t State::WaitingOf(DirId dir) const {
  uint8_t all = 0;
  for (auto at = std::lower_bound(waiting_.begin(), waiting_.end(), std::pair(dir, uint8_t{0}));
       at != waiting_.end() && at->first == dir; ++at) {
    all |= at->second;
  }
  return all;
}

bool State::IsRoot(DirId dir) const {
  return std::binary_search(roots_.begin(), roots_.end(), dir);
}

bool State::InSpace(core::View& view, DirId dir) const {
  for (size_t depth = 0; depth < kMaxDepth; ++depth) {
    if (IsRoot(dir)) return true;
    core::Node node;
    const auto found = core::FindNode(view, dir, &node);
    // What is damaged on the way is no reason to believe that nobody sees it.
    if (!found.ok()) return true;
    if (!*found || !node.live || node.parent == 0 || (WaitingOf(dir) & kTrimmed) != 0) return false;
    dir = node.parent;
  }
  return true;
}

std::string State::SpaceOfRoot(DirId root) const {
  for (Rows rows = RowsOf(Family::kSpaces); rows.Valid(); rows.Next()) {
    const auto space = core::DecodeSpace(rows.value());
    if (rows.damaged() || rows.key().empty() || rows.key().back() == '\0' || !space.ok()) continue;
    std::string name(rows.key());
    std::replace(name.begin(), name.end(), '\0', '/');
    if (space->root == root) return name + ":";
    if (space->bin == root) return name + " bin:";
    if (space->snapshots == root) return name + " snapshots:";
  }
  return "";
}

std::string State::Where(core::View& view, DirId dir) const {
  // Names are looked for one by one, which many findings must not cost.
  if (searches_left_.fetch_sub(1) <= 0) return absl::StrCat("directory ", dir);
  std::string path, space;
  for (DirId at = dir, depth = 0; depth < 64; ++depth) {
    if (IsRoot(at)) {
      space = SpaceOfRoot(at);
      break;
    }
    core::Node node;
    const auto found = core::FindNode(view, at, &node);
    if (!found.ok() || !*found || node.parent == 0) break;
    const std::string name = NameIn(view, node.parent, at);
    path = absl::StrCat("/", name.empty() ? "?" : name, path);
    at = node.parent;
  }
  if (space.empty()) return absl::StrCat("directory ", dir);
  return absl::StrCat("directory ", dir, " (", space, path.empty() ? "/" : path, ")");
}

}  // namespace marcot::check

#include "check/summaries.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "check/repairer.h"
#include "core/dir_cursor.h"
#include "core/summaries.h"

namespace marcot::check {
namespace {

using core::DirId;
using core::Entry;
using core::Place;
using core::Seq;
using core::Summary;
using storage::Family;

// No summary is of what lies deeper.
constexpr int kMaxLevels = 256;

class SummariesCheck {
 public:
  SummariesCheck(const State& state, Claims& claims, bool prove)
      : state_(state), claims_(claims), prove_(prove), view_(state.NewView()) {}

  void Run() {
    for (Rows rows = state_.RowsOf(Family::kSummaries); rows.Valid(); rows.Next()) {
      claims_.records.fetch_add(1, std::memory_order_relaxed);
      const std::string_view key = rows.key();
      const bool fits = key.size() >= 16 && LoadFixed64(key.data()) < kNoNumber &&
                        core::ChangedOfSummaryKey(key) < kNoNumber;
      if (!fits) {
        state_.findings().Add(Fault::kKeyDamaged, Record(Family::kSummaries, key), "",
                              [key = std::string(key)](Repairer& repairer) {
                                return repairer.Delete(Family::kSummaries, key);
                              });
        continue;
      }
      Take(rows);
    }
    EndGroup();
  }

 private:
  // The rows of one node as of one change of it.
  struct Group {
    DirId dir = 0;
    Seq changed = 0;
    std::optional<Place> place;   // where a reader would believe them
    bool whole = false;           // the row of all of it is there
    bool found = false;           // something is wrong with it
    uint64_t runs = 0, said = 0;  // of them that there are, and that the whole says there are
    std::string run_begin;        // of the last one; its end is not known yet
    Summary run;
  };

  void Take(const Rows& rows) {
    const DirId dir = LoadFixed64(rows.key().data());
    const Seq changed = core::ChangedOfSummaryKey(rows.key());
    if (dir != group_.dir || changed != group_.changed) {
      EndGroup();
      BeginGroup(dir, changed);
    }
    Summary summary;
    const auto decoded = Summary::Decode(rows.value(), &summary);
    if (rows.damaged() || !decoded.ok()) {
      Find(Fault::kRecordDamaged, Record(Family::kSummaries, rows.key()));
      return;
    }
    if (core::IsRunKey(rows.key())) {
      EndRun(std::string(core::SlotOfRunKey(rows.key())));
      ++group_.runs;
      group_.run = std::move(summary);
      return;
    }
    group_.whole = true;
    group_.said = summary.runs();
    if (!*decoded) group_.place.reset();  // of other tables of cases: nobody believes it
    Prove(core::SlotsBegin(core::kDirectorySlot), core::SlotsEnd(core::kFileSlot), summary);
  }

  void BeginGroup(DirId dir, Seq changed) {
    group_ = Group{.dir = dir, .changed = changed};
    core::Node node;
    const auto exists = core::FindNode(*view_, dir, &node);
    if (!exists.ok()) return;  // reported where it stands
    if (!*exists) {
      Find(Fault::kSummaryStray, absl::StrCat("as of ", changed));
      return;
    }
    Claims::Raise(claims_.greatest_seq, changed);
    if (prove_) group_.place = PlaceAsOf(node);
  }

  // A reader that sees the node as of the change, if there is one.
  std::optional<Place> PlaceAsOf(const core::Node& node) const {
    const auto totals = view_->GetTotals(group_.dir);
    if (node.live && totals.ok() && totals->changed == group_.changed) return Place{group_.dir};
    const std::string first = core::PairKey(group_.dir, group_.changed);
    const std::string end = core::IdKey(group_.dir + 1);
    const auto pins = view_->NewCursor(Family::kPins, {.lower = first, .upper = end});
    pins->Seek(first);
    if (!pins->Valid()) return std::nullopt;
    const auto pin = core::DecodePin(pins->value());
    if (!pin.ok() || pin->frozen.changed != group_.changed) return std::nullopt;
    return Place{group_.dir, LoadFixed64(pins->key().data() + 8), {}};
  }

  void EndRun(std::string next) {
    if (!group_.run_begin.empty()) Prove(group_.run_begin, next, group_.run);
    group_.run_begin = std::move(next);
  }

  // Runs without the whole are what a pass has left that did not get to its end.
  void EndGroup() {
    if (!group_.whole || group_.found) return;
    EndRun(core::SlotsEnd(core::kFileSlot));
    if (group_.runs != group_.said) {
      Find(Fault::kSummaryWrong,
           absl::StrCat("says it has ", group_.said, " runs, has ", group_.runs));
    }
  }

  void Prove(const std::string& lower, const std::string& upper, const Summary& summary) {
    if (!group_.place.has_value() || !group_.whole || group_.found) return;
    const auto missing = Missing(*group_.place, lower, upper, summary, 0);
    // What is damaged is reported where it stands.
    if (!missing.ok() || missing->empty()) return;
    Find(Fault::kSummaryWrong, absl::StrCat("as of ", group_.changed, " excludes ", *missing));
  }

  // What is in the directory, and the summary excludes; empty: nothing is.
  absl::StatusOr<std::string> Missing(const Place& place, const std::string& lower,
                                      const std::string& upper, const Summary& summary, int depth) {
    if (depth == kMaxLevels) return "";
    MARCOT_ASSIGN_OR_RETURN(const auto cursor, core::DirCursor::Open(*view_, place, lower, upper));
    MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    for (; cursor->Valid();) {
      if (!cursor->hole()) {
        const std::string name(cursor->slot().substr(1));
        if (!Holds(summary, cursor->slot()[0], name) ||
            !HoldsId(summary, cursor->entry().id, place.context)) {
          return name;
        }
        if (cursor->entry().is_directory()) {
          MARCOT_ASSIGN_OR_RETURN(std::string below, MissingBelow(cursor->entry(), summary, depth));
          if (!below.empty()) return absl::StrCat(name, "/", below);
        }
      }
      MARCOT_RETURN_IF_ERROR(cursor->Next());
    }
    return "";
  }

  bool Holds(const Summary& summary, char kind, std::string_view name) {
    pieces_.clear();
    core::AddPiecesOfName(kind, name, &pieces_);
    return std::all_of(pieces_.begin(), pieces_.end(),
                       [&summary](core::Piece piece) { return summary.MayHold(piece); });
  }

  static bool HoldsId(const Summary& summary, const ObjectId& id, const ObjectId& context) {
    return context == ObjectId{} ? summary.ids().MayHold(id) : summary.ids().has_contexts();
  }

  // Of a subdirectory its own summary says it, which is proved by itself.
  absl::StatusOr<std::string> MissingBelow(const Entry& entry, const Summary& summary, int depth) {
    const Place place = core::PlaceOf(entry);
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals,
                            core::TotalsAt(*view_, place.dir, place.seq));
    Summary below;
    MARCOT_ASSIGN_OR_RETURN(const bool known,
                            core::FindSummary(*view_, place.dir, totals.changed, &below));
    if (known) return summary.Covers(below, place.context) ? "" : "what its summary has";
    return Missing(place, core::SlotsBegin(core::kDirectorySlot), core::SlotsEnd(core::kFileSlot),
                   summary, depth + 1);
  }

  // All rows of the group go: a run says what is true only beside the others.
  void Find(Fault fault, std::string detail) {
    if (std::exchange(group_.found, true)) return;
    state_.findings().Add(fault, state_.Where(*view_, group_.dir), std::move(detail),
                          [dir = group_.dir, changed = group_.changed](Repairer& repairer) {
                            return repairer.DropSummary(dir, changed);
                          });
  }

  const State& state_;
  Claims& claims_;
  const bool prove_;
  const std::unique_ptr<core::View> view_;
  Group group_;
  std::vector<core::Piece> pieces_;  // keeps its memory
};

}  // namespace

void CheckSummaries(const State& state, Claims& claims, bool prove) {
  SummariesCheck(state, claims, prove).Run();
}

}  // namespace marcot::check

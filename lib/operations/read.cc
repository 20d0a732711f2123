#include "operations/read.h"

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/dir_cursor.h"
#include "marcot/error.h"
#include "operations/operation.h"

namespace marcot::operations {
namespace {

using core::Entry;
using core::EntryKind;
using core::Place;

// How much of a directory a walk holds in memory, for each level it is in.
constexpr size_t kWalkPage = 256;

absl::Status FillDirectoryStat(core::View& view, const Entry& entry, AttributePacker& packer,
                               Stat* stat) {
  const Place place = core::PlaceOf(entry);
  MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view, place.dir, place.seq));
  stat->type = EntryType::kDirectory;
  stat->modification_time_ms = totals.modification_time_ms;
  stat->version = totals.modified;
  stat->totals = {totals.bytes, totals.files, totals.directories};
  stat->child_files = totals.child_files;
  stat->child_directories = totals.child_directories;
  Entry attributes;
  MARCOT_ASSIGN_OR_RETURN(const bool any,
                          core::Lookup(view, place, core::AttributesSlot(), &attributes));
  if (any) packer.Pack(attributes.attributes, &stat->attributes);
  return absl::OkStatus();
}

// One directory on a walk's way: a page of its entries, and from where to read the next.
struct Level {
  Place place;
  std::string last_slot;
  bool exhausted = false;
  std::vector<std::pair<std::string, Entry>> page;
  size_t next = 0;
};

absl::Status ReadWalkPage(core::View& view, Level* level) {
  level->page.clear();
  level->next = 0;
  MARCOT_ASSIGN_OR_RETURN(
      const auto cursor,
      core::DirCursor::Open(view, level->place, core::SlotsBegin(core::kDirectorySlot),
                            core::SlotsEnd(core::kFileSlot)));
  MARCOT_RETURN_IF_ERROR(level->last_slot.empty() ? cursor->SeekToFirst()
                                                  : cursor->Seek(level->last_slot));
  if (cursor->Valid() && cursor->slot() == level->last_slot) MARCOT_RETURN_IF_ERROR(cursor->Next());
  while (cursor->Valid() && level->page.size() < kWalkPage) {
    if (!cursor->hole()) level->page.emplace_back(cursor->slot(), cursor->entry());
    level->last_slot = cursor->slot();
    MARCOT_RETURN_IF_ERROR(cursor->Next());
  }
  level->exhausted = !cursor->Valid();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Entry> EntryOf(core::View& view, const Root& root,
                              const std::vector<std::string>& names) {
  MARCOT_RETURN_IF_ERROR(CheckRoot(view, root.dir));
  if (names.empty()) {
    Entry entry;
    entry.kind = EntryKind::kDirectory;
    entry.dir = root.dir;
    entry.id = RootId(root.dir);
    entry.creation_time_ms = root.creation_time_ms;
    return entry;
  }
  MARCOT_ASSIGN_OR_RETURN(const Resolved found, Resolve(view, root.dir, names));
  if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(names);
  return found.entry;
}

absl::StatusOr<Stat> StatOf(core::View& view, const Entry& entry, std::string_view name) {
  absl::StatusOr<Stat> stat{Stat{.name = std::string(name)}};
  AttributePacker packer;
  MARCOT_RETURN_IF_ERROR(FillStat(view, entry, packer, &*stat));
  return stat;
}

absl::Status FillStat(core::View& view, const Entry& entry, AttributePacker& packer, Stat* stat) {
  stat->id = entry.id;
  stat->creation_time_ms = entry.creation_time_ms;
  stat->creator = entry.creator;
  if (entry.is_directory()) return FillDirectoryStat(view, entry, packer, stat);
  stat->type = EntryType::kFile;
  stat->modification_time_ms = entry.modification_time_ms;
  stat->version = entry.modified;
  stat->size = entry.size;
  stat->content = entry.content;
  packer.Pack(entry.attributes, &stat->attributes);
  return absl::OkStatus();
}

absl::Status RequireDirectory(const Entry& entry, const std::vector<std::string>& names) {
  if (entry.is_directory()) return absl::OkStatus();
  return MakeError(Code::kFileTypeNotMatched,
                   absl::StrCat(ShownPath(names), " is a file, not a directory"));
}

absl::StatusOr<Entry> RequireFile(absl::StatusOr<Entry> entry,
                                  const std::vector<std::string>& names) {
  if (CodeOf(entry.status()) == Code::kPathNotFound) {
    return MakeError(Code::kFileNotFound, absl::StrCat(JoinPath(names), " does not exist"));
  }
  if (!entry.ok() || !entry->is_directory()) return entry;
  return MakeError(Code::kFileTypeNotMatched,
                   absl::StrCat(ShownPath(names), " is a directory, not a file"));
}

absl::Status WalkTree(core::View& view, const Entry& directory, std::vector<std::string> path,
                      const Visitor& visitor) {
  std::vector<Level> levels(1);
  levels.back().place = core::PlaceOf(directory);
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next == level.page.size()) {
      if (level.exhausted) {
        levels.pop_back();
        if (!levels.empty()) path.pop_back();
        continue;
      }
      MARCOT_RETURN_IF_ERROR(ReadWalkPage(view, &level));
      continue;
    }
    const auto& [slot, entry] = level.page[level.next++];
    path.emplace_back(slot.substr(1));
    MARCOT_ASSIGN_OR_RETURN(const Stat stat, StatOf(view, entry, path.back()));
    MARCOT_ASSIGN_OR_RETURN(const WalkStep step, visitor({path, stat}));
    if (step == WalkStep::kStop) return absl::OkStatus();
    if (entry.is_directory() && step == WalkStep::kGoOn) {
      Level below;
      below.place = core::PlaceOf(entry);
      levels.push_back(std::move(below));
    } else {
      path.pop_back();
    }
  }
  return absl::OkStatus();
}

}  // namespace marcot::operations

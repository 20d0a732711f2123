#include "operations/read.h"

#include <utility>

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
  return ReadAttributes(view, entry, packer, &stat->attributes);
}

// One directory on a walk's way: a page of its entries, and from where to read the next.
struct Level {
  Place place;
  std::string last_slot;
  bool exhausted = false;
  // Behind damage: from the last slot down to the last that was read before.
  bool backwards = false;
  std::string read_up_to;
  std::vector<std::pair<std::string, Entry>> page;
  size_t next = 0;
};

// What was read before an error is in the page.
absl::Status ReadWalkPage(core::View& view, Level* level) {
  level->page.clear();
  level->next = 0;
  MARCOT_ASSIGN_OR_RETURN(
      const auto cursor,
      core::DirCursor::Open(view, level->place, core::SlotsBegin(core::kDirectorySlot),
                            core::SlotsEnd(core::kFileSlot), level->backwards));
  MARCOT_RETURN_IF_ERROR(level->last_slot.empty() ? cursor->SeekToFirst()
                                                  : cursor->Seek(level->last_slot));
  if (cursor->Valid() && cursor->slot() == level->last_slot) MARCOT_RETURN_IF_ERROR(cursor->Next());
  const auto more = [&] {
    return cursor->Valid() && !(level->backwards && cursor->slot() <= level->read_up_to);
  };
  while (more() && level->page.size() < kWalkPage) {
    if (!cursor->hole()) level->page.emplace_back(cursor->slot(), cursor->entry());
    level->last_slot = cursor->slot();
    MARCOT_RETURN_IF_ERROR(cursor->Next());
  }
  level->exhausted = !more();
  return absl::OkStatus();
}

// A directory of which more cannot be read.
Stat BareStat(core::View& view, const Entry& entry, std::string_view name) {
  Stat stat{.name = std::string(name), .type = EntryType::kDirectory, .id = entry.id};
  stat.creation_time_ms = entry.creation_time_ms;
  stat.creator = entry.creator;
  Entry own;
  const auto any = core::Lookup(view, core::PlaceOf(entry), core::AttributesSlot(), &own);
  if (any.ok() && *any) AttributePacker().Pack(own.attributes, &stat.attributes);
  return stat;
}

class Walker {
 public:
  Walker(core::View& view, std::vector<std::string> path, const Visitor& visitor,
         const DamageVisitor& on_damage)
      : view_(view), path_(std::move(path)), visitor_(visitor), on_damage_(on_damage) {}

  absl::Status Run(const Entry& directory) {
    Enter(directory);
    while (!levels_.empty() && !stopped_) {
      Level& level = levels_.back();
      if (level.next < level.page.size()) {
        const auto [slot, entry] = std::move(level.page[level.next++]);
        MARCOT_RETURN_IF_ERROR(Visit(slot, entry));
      } else if (!level.exhausted) {
        MARCOT_RETURN_IF_ERROR(ReadPage(&level));
      } else {
        levels_.pop_back();
        if (!levels_.empty()) path_.pop_back();
      }
    }
    return absl::OkStatus();
  }

 private:
  void Enter(const Entry& directory) {
    Level level;
    level.place = core::PlaceOf(directory);
    levels_.push_back(std::move(level));
  }

  // OK where the walk is to go on.
  absl::Status Tell(const absl::Status& status) const {
    if (!on_damage_ || CodeHttpStatus(CodeOf(status)) < 500) return status;
    on_damage_(path_, status);
    return absl::OkStatus();
  }

  absl::Status ReadPage(Level* level) {
    const absl::Status read = ReadWalkPage(view_, level);
    if (read.ok()) return read;
    if (level->backwards) {
      level->exhausted = true;  // it was told when the walk met the damage from before
      return absl::OkStatus();
    }
    MARCOT_RETURN_IF_ERROR(Tell(read));
    level->backwards = true;
    level->read_up_to = std::exchange(level->last_slot, {});
    return absl::OkStatus();
  }

  absl::Status Visit(const std::string& slot, const Entry& entry) {
    path_.emplace_back(slot.substr(1));
    absl::StatusOr<Stat> stat = StatOf(view_, entry, path_.back());
    if (!stat.ok()) {
      MARCOT_RETURN_IF_ERROR(Tell(stat.status()));
      stat = BareStat(view_, entry, path_.back());
    }
    MARCOT_ASSIGN_OR_RETURN(const WalkStep step, visitor_({path_, *stat}));
    stopped_ = step == WalkStep::kStop;
    if (entry.is_directory() && step == WalkStep::kGoOn) {
      Enter(entry);
    } else {
      path_.pop_back();
    }
    return absl::OkStatus();
  }

  core::View& view_;
  std::vector<std::string> path_;
  const Visitor& visitor_;
  const DamageVisitor& on_damage_;
  std::vector<Level> levels_;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<Entry> EntryOf(core::View& view, const Root& root,
                              const std::vector<std::string>& names, char first) {
  MARCOT_RETURN_IF_ERROR(CheckRoot(view, root.dir));
  if (names.empty()) {
    Entry entry;
    entry.kind = EntryKind::kDirectory;
    entry.dir = root.dir;
    entry.id = RootId(root.dir);
    entry.creation_time_ms = root.creation_time_ms;
    return entry;
  }
  MARCOT_ASSIGN_OR_RETURN(Resolved found, Resolve(view, root.dir, names, first));
  if (found.outcome != Resolved::Outcome::kFound) return PathNotFound(names);
  return std::move(found.entry);
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
  return ReadAttributes(view, entry, packer, &stat->attributes);
}

absl::Status ReadAttributes(core::View& view, const Entry& entry, AttributePacker& packer,
                            PackedAttributes* attributes) {
  if (!entry.is_directory()) {
    packer.Pack(entry.attributes, attributes);
    return absl::OkStatus();
  }
  Entry own;
  MARCOT_ASSIGN_OR_RETURN(const bool any,
                          core::Lookup(view, core::PlaceOf(entry), core::AttributesSlot(), &own));
  if (any) packer.Pack(own.attributes, attributes);
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
                      const Visitor& visitor, const DamageVisitor& on_damage) {
  return Walker(view, std::move(path), visitor, on_damage).Run(directory);
}

}  // namespace marcot::operations

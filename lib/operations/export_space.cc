// Trees are written after those that they hold. Two readers see the same tree where they read one
// node that did not change between them; what was written is known by that, so copies, copies of
// copies and what is below them are met again and not gone into. A tree is written as changes where
// one that was written before reads a node that it reads too, be it as of another seq: a copy that
// was changed, or the source that was, whichever comes first.
//
// What is only below a tree as its base, but no directory of the space shows, never travels.
#include "operations/export_space.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/dir_diff.h"
#include "core/lookup.h"
#include "marcot/error.h"
#include "operations/content.h"
#include "operations/space_stream.h"

namespace marcot::operations {
namespace {

using core::DirCursor;
using core::DirDiff;
using core::Entry;
using core::Place;
using core::Seq;

// How many names are read at a time.
constexpr size_t kPage = 256;
// A record of names is ended where it has so many bytes; one more name is below 70 KiB.
constexpr size_t kNamesBytes = 128 * 1024;

// What stands under a slot; nothing: what the base has there is gone.
struct Change {
  std::string slot;
  std::optional<Entry> entry;
};

// The names of a directory in pages: all of them, or those that are not as in a base.
class Listing {
 public:
  static absl::StatusOr<std::unique_ptr<Listing>> Open(core::View& view, const Place& place,
                                                       const Place* base) {
    std::unique_ptr<Listing> listing(new Listing(view, place));
    if (base == nullptr) return listing;
    MARCOT_ASSIGN_OR_RETURN(listing->diff_, DirDiff::Open(view, *base, place));
    return listing;
  }

  void Rewind() {
    next_slot_ = core::SlotsBegin(core::kDirectorySlot);
    exhausted_ = false;
  }

  // False: there is none any more. Nothing of the storage is held between pages.
  absl::StatusOr<bool> Read(std::vector<Change>* page) {
    page->clear();
    while (page->empty() && !exhausted_) {
      MARCOT_RETURN_IF_ERROR(diff_ == nullptr ? ReadNames(page) : ReadChanges(page));
    }
    return !page->empty();
  }

 private:
  Listing(core::View& view, const Place& place) : view_(view), place_(place) { Rewind(); }

  absl::Status ReadNames(std::vector<Change>* page) {
    MARCOT_ASSIGN_OR_RETURN(const auto cursor, DirCursor::Open(view_, place_, next_slot_,
                                                               core::SlotsEnd(core::kFileSlot)));
    MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    while (cursor->Valid() && page->size() < kPage) {
      if (!cursor->hole()) page->push_back({std::string(cursor->slot()), cursor->entry()});
      MARCOT_RETURN_IF_ERROR(cursor->Next());
    }
    exhausted_ = !cursor->Valid();
    if (!exhausted_) next_slot_ = cursor->slot();
    return absl::OkStatus();
  }

  absl::Status ReadChanges(std::vector<Change>* page) {
    MARCOT_RETURN_IF_ERROR(diff_->Seek(next_slot_));
    while (diff_->Valid() && page->size() < kPage) {
      MARCOT_ASSIGN_OR_RETURN(const bool same, Same(diff_->before(), diff_->after()));
      if (!same) {
        page->push_back({diff_->slot(), diff_->after() == nullptr
                                            ? std::nullopt
                                            : std::optional<Entry>(*diff_->after())});
      }
      MARCOT_RETURN_IF_ERROR(diff_->Next());
    }
    exhausted_ = !diff_->Valid();
    if (!exhausted_) next_slot_ = diff_->slot();
    diff_->Rest();
    return absl::OkStatus();
  }

  // Whether they would be written alike.
  absl::StatusOr<bool> Same(const Entry* before, const Entry* after) {
    if (before == nullptr || after == nullptr) return before == after;
    if (before->creation_time_ms != after->creation_time_ms || before->creator != after->creator) {
      return false;
    }
    if (before->is_directory()) {
      return core::SameBelow(view_, core::PlaceOf(*before), core::PlaceOf(*after));
    }
    return before->content == after->content && before->size == after->size &&
           before->modification_time_ms == after->modification_time_ms &&
           before->attributes == after->attributes;
  }

  core::View& view_;
  const Place place_;
  std::unique_ptr<DirDiff> diff_;
  std::string next_slot_;
  bool exhausted_ = false;
};

class SpaceExporter {
 public:
  SpaceExporter(core::View& view, uint64_t origin, const ByteSink& sink)
      : view_(view), origin_(origin), out_(sink) {}

  absl::Status Run(const core::SpaceRecord& space) {
    MARCOT_RETURN_IF_ERROR(out_.Begin());
    MARCOT_RETURN_IF_ERROR(out_.Write(StreamKind::kSpace,
                                      EncodeStreamSpace({.creation_time_ms = space.creation_time_ms,
                                                         .settings = space.settings,
                                                         .origin = origin_})));
    const Place root{.dir = space.root};
    MARCOT_RETURN_IF_ERROR(Enter(root));
    while (!levels_.empty()) MARCOT_RETURN_IF_ERROR(Step());
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, root.dir, root.seq));
    end_.trees = written_.size();
    end_.contents = contents_.size();
    end_.totals = {totals.bytes, totals.files, totals.directories};
    return out_.Write(StreamKind::kEnd, EncodeStreamEnd(end_));
  }

 private:
  // One node as of its last change.
  using TreeKey = std::pair<core::DirId, Seq>;

  // A directory on the way: those below it that have to be written first.
  struct Level {
    Place place;
    TreeKey key;
    std::unique_ptr<Listing> listing;
    std::vector<Place> below;
    size_t next = 0;
  };

  struct Written {
    Place place;
    uint64_t base = 0;
    int changes = 0;  // how many trees it is changes of
  };

  absl::StatusOr<TreeKey> KeyOf(const Place& place) {
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
    return TreeKey(place.dir, totals.changed);
  }

  absl::Status Enter(const Place& place) {
    Level level;
    level.place = place;
    MARCOT_ASSIGN_OR_RETURN(level.key, KeyOf(place));
    const auto [at, is_new] = numbers_.try_emplace(level.key, 0);
    if (!is_new && at->second != 0) return absl::OkStatus();
    if (!is_new) return MakeError(Code::kStoreDamaged, "a directory lies inside itself");
    MARCOT_ASSIGN_OR_RETURN(const uint64_t base, FindBase(place));
    MARCOT_ASSIGN_OR_RETURN(level.listing, Listing::Open(view_, place, PlaceOfTree(base)));
    levels_.push_back(std::move(level));
    return absl::OkStatus();
  }

  absl::Status Step() {
    Level& level = levels_.back();
    if (level.next < level.below.size()) return Enter(Place(level.below[level.next++]));
    MARCOT_ASSIGN_OR_RETURN(const bool more, level.listing->Read(&page_));
    if (more) return NoteBelow(&level);
    MARCOT_RETURN_IF_ERROR(WriteTree(level.place));
    numbers_[level.key] = written_.size();
    levels_.pop_back();
    return absl::OkStatus();
  }

  absl::Status NoteBelow(Level* level) {
    level->below.clear();
    level->next = 0;
    for (const Change& change : page_) {
      if (!change.entry.has_value() || !change.entry->is_directory()) continue;
      const Place place = core::PlaceOf(*change.entry);
      MARCOT_ASSIGN_OR_RETURN(const TreeKey key, KeyOf(place));
      if (!numbers_.contains(key)) level->below.push_back(place);
    }
    return absl::OkStatus();
  }

  // ---- one tree

  const Place* PlaceOfTree(uint64_t number) const {
    return number == 0 ? nullptr : &written_[number - 1].place;
  }

  // A tree that was written and that reads a node that this one reads, as of a seq near to it; 0:
  // there is none.
  absl::StatusOr<uint64_t> FindBase(const Place& place) {
    MARCOT_ASSIGN_OR_RETURN(const auto levels, core::LevelsOf(view_, place));
    for (const core::Level& level : levels) {
      const TreeKey key(level.place.dir, level.place.seq);
      auto at = readers_.upper_bound(key);
      if (at != readers_.begin() && std::prev(at)->first.first == key.first) --at;
      if (at == readers_.end() || at->first.first != key.first) continue;
      uint64_t number = at->second;
      while (written_[number - 1].changes == kMaxStreamChanges) number = written_[number - 1].base;
      return number;
    }
    return 0;
  }

  // Whether the changes are at most half of what is there.
  absl::StatusOr<bool> FewChanges(Listing* listing, const core::Totals& totals) {
    uint64_t left = (totals.child_files + totals.child_directories) / 2;
    while (true) {
      MARCOT_ASSIGN_OR_RETURN(const bool more, listing->Read(&page_));
      if (!more) return true;
      if (page_.size() > left) return false;
      left -= page_.size();
    }
  }

  absl::Status WriteTree(const Place& place) {
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
    MARCOT_ASSIGN_OR_RETURN(uint64_t base, FindBase(place));
    MARCOT_ASSIGN_OR_RETURN(auto listing, Listing::Open(view_, place, PlaceOfTree(base)));
    if (base != 0) {
      MARCOT_ASSIGN_OR_RETURN(const bool few, FewChanges(listing.get(), totals));
      if (!few) base = 0;
      if (!few) {
        MARCOT_ASSIGN_OR_RETURN(listing, Listing::Open(view_, place, nullptr));
      }
    }
    Entry own;
    MARCOT_ASSIGN_OR_RETURN(const bool any,
                            core::Lookup(view_, place, core::AttributesSlot(), &own));
    MARCOT_RETURN_IF_ERROR(out_.Write(
        StreamKind::kTree, EncodeStreamTree({.base = base,
                                             .modification_time_ms = totals.modification_time_ms,
                                             .attributes = any ? own.attributes : ""})));
    if (base != 0) MARCOT_RETURN_IF_ERROR(WriteNames(listing.get(), true));
    MARCOT_RETURN_IF_ERROR(WriteNames(listing.get(), false));
    return NoteWritten(place, base);
  }

  absl::Status NoteWritten(const Place& place, uint64_t base) {
    written_.push_back(
        {.place = place, .base = base, .changes = base == 0 ? 0 : written_[base - 1].changes + 1});
    MARCOT_ASSIGN_OR_RETURN(const auto levels, core::LevelsOf(view_, place));
    for (const core::Level& level : levels) {
      readers_.try_emplace({level.place.dir, level.place.seq}, written_.size());
    }
    return absl::OkStatus();
  }

  // Those that are gone, or those that stand there.
  absl::Status WriteNames(Listing* listing, bool removed) {
    listing->Rewind();
    while (true) {
      MARCOT_ASSIGN_OR_RETURN(const bool more, listing->Read(&page_));
      if (!more) return absl::OkStatus();
      for (const Change& change : page_) {
        if (change.entry.has_value() == removed) continue;
        MARCOT_RETURN_IF_ERROR(AddName(change));
      }
      MARCOT_RETURN_IF_ERROR(FlushNames());
    }
  }

  absl::Status AddName(const Change& change) {
    StreamName name;
    name.slot = change.slot;
    name.removed = !change.entry.has_value();
    if (!name.removed) MARCOT_RETURN_IF_ERROR(Describe(*change.entry, &name));
    AppendStreamName(name, &names_);
    ++end_.names;
    return names_.size() < kNamesBytes ? absl::OkStatus() : FlushNames();
  }

  absl::Status FlushNames() {
    if (names_.empty()) return absl::OkStatus();
    MARCOT_RETURN_IF_ERROR(out_.Write(StreamKind::kNames, names_));
    names_.clear();
    return absl::OkStatus();
  }

  absl::Status Describe(const Entry& entry, StreamName* name) {
    name->creation_time_ms = entry.creation_time_ms;
    name->creator = entry.creator;
    if (entry.is_directory()) {
      MARCOT_ASSIGN_OR_RETURN(const TreeKey key, KeyOf(core::PlaceOf(entry)));
      name->tree = numbers_[key];
      return absl::OkStatus();
    }
    name->modification_time_ms = entry.modification_time_ms;
    name->content = entry.content;
    name->size = entry.size;
    name->attributes = entry.attributes;
    MARCOT_ASSIGN_OR_RETURN(name->host_kept, WriteContent(entry));
    return absl::OkStatus();
  }

  // Writes the bytes unless they were; answers whether a host keeps them.
  absl::StatusOr<bool> WriteContent(const Entry& entry) {
    const std::pair<uint64_t, uint64_t> key(entry.content.hi, entry.content.lo);
    if (entry.content.empty() || contents_.contains(key)) return false;
    MARCOT_ASSIGN_OR_RETURN(const bool built_in, IsBuiltIn(view_, entry.content));
    if (!built_in) return true;
    contents_.insert(key);
    MARCOT_RETURN_IF_ERROR(out_.Write(
        StreamKind::kContent, EncodeStreamContent({.id = entry.content, .size = entry.size})));
    uint64_t bytes = 0;
    MARCOT_RETURN_IF_ERROR(
        ReadContent(view_, entry.content, 0, entry.size, [&](std::string_view piece) {
          bytes += piece.size();
          return out_.Write(StreamKind::kBytes, piece);
        }));
    if (bytes == entry.size) return false;
    return MakeError(Code::kStoreDamaged,
                     absl::StrCat("content ", entry.content.Hex(), " has ", bytes,
                                  " bytes, a file ", "says ", entry.size, "; check the store"));
  }

  core::View& view_;
  const uint64_t origin_;
  StreamWriter out_;
  std::vector<Level> levels_;
  absl::flat_hash_map<TreeKey, uint64_t> numbers_;  // 0: on the way
  std::vector<Written> written_;                    // by number, from 1
  // The trees that read a node, by the seq they read it as of.
  absl::btree_map<std::pair<core::DirId, Seq>, uint64_t> readers_;
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> contents_;
  std::vector<Change> page_;
  std::string names_;
  StreamEnd end_;
};

}  // namespace

absl::Status ExportSpace(core::View& view, const core::SpaceRecord& space, uint64_t origin,
                         const ByteSink& sink) {
  return SpaceExporter(view, origin, sink).Run(space);
}

}  // namespace marcot::operations

// Pages of a directory. Both orders by name are streams over slots, so a page costs what it shows;
// the others have no index and select a page out of the whole directory.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/coding.h"
#include "base/status_macros.h"
#include "core/dir_cursor.h"
#include "marcot/error.h"
#include "operations/page.h"
#include "operations/read.h"

namespace marcot::operations {
namespace {

using core::DirCursor;
using core::Entry;
using core::Place;

// A page ends early after this many holes (core/dir_cursor.h).
constexpr int kMaxHoles = 4;
constexpr bool kListed = true;
// Of a key that is text: markers and candidates stay small.
constexpr size_t kMaxTextKey = 64;

// ---- markers ---------------------------------------------------------------------------------

// By what the sorted orders compare, the one or the other.
struct SortKey {
  int64_t number = 0;
  std::string text;
  auto operator<=>(const SortKey&) const = default;
};

// Where a page ended: behind this slot, and in the sorted orders behind this key.
struct Position {
  std::string slot;
  SortKey key;
};

// One directory, order, filter and prefix.
std::string ListingOf(const Entry& directory, const ListOptions& options) {
  std::string listing = core::PairKey(directory.id.hi, directory.id.lo);
  listing += static_cast<char>(options.order);
  listing += static_cast<char>(options.descending);
  listing += static_cast<char>(options.directories_first);
  listing += static_cast<char>(options.filter);
  PutString(&listing, options.prefix);
  listing += options.start_after;
  return listing;
}

std::string EncodePosition(const Position& position) {
  std::string bytes;
  PutSignedVarint(&bytes, position.key.number);
  PutString(&bytes, position.key.text);
  bytes += position.slot;
  return bytes;
}

Position DecodePosition(std::string_view bytes) {
  Decoder in(bytes);
  Position position;
  position.key.number = in.SignedVarint();
  position.key.text = in.String();
  position.slot = in.Rest();
  return position;
}

// ---- streams of slots ------------------------------------------------------------------------

// The first string that is greater than all that begin with `prefix`.
std::string Successor(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

// The cursors of the kinds that the filter asks for, and which of them is next.
class Stream {
 public:
  static absl::StatusOr<Stream> Open(core::View& view, const Place& place,
                                     const ListOptions& options) {
    Stream stream(options);
    if (stream.InOneGo(options)) {
      MARCOT_ASSIGN_OR_RETURN(
          auto cursor, DirCursor::Open(view, place, core::SlotsBegin(core::kDirectorySlot),
                                       core::SlotsEnd(core::kFileSlot), false, nullptr, kListed));
      stream.cursors_.push_back({core::kFileSlot, std::move(cursor)});
      return stream;
    }
    for (const char kind : {core::kDirectorySlot, core::kFileSlot}) {
      if (kind == core::kFileSlot && options.filter == ListFilter::kOnlyDirectories) continue;
      if (kind == core::kDirectorySlot && options.filter == ListFilter::kOnlyFiles) continue;
      std::string lower = core::Slot(kind, options.prefix), upper = Successor(lower);
      if (!options.start_after.empty()) {
        const std::string start = core::Slot(kind, options.start_after);
        if (stream.descending_) upper = std::min(upper, start);
        if (!stream.descending_) lower = std::max(lower, core::BehindSlot(start));
        if (upper <= lower) continue;
      }
      MARCOT_ASSIGN_OR_RETURN(auto cursor,
                              DirCursor::Open(view, place, lower, upper, stream.descending_));
      stream.cursors_.push_back({kind, std::move(cursor)});
    }
    return stream;
  }

  absl::Status SeekToFirst() {
    for (auto& [kind, cursor] : cursors_) MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
    return absl::OkStatus();
  }

  // Behind the slot where a page ended.
  absl::Status SeekBehind(const std::string& last) {
    if (in_one_go_) return SeekBehind(last, *cursors_.front().cursor);
    for (auto& [kind, cursor] : cursors_) {
      if (!by_name_ && kind < last[0]) {
        done_ = kind;  // this kind was listed to its end
        continue;
      }
      if (!by_name_ && kind > last[0]) {
        MARCOT_RETURN_IF_ERROR(cursor->SeekToFirst());
        continue;
      }
      const std::string slot = core::Slot(kind, last.substr(1));
      // By name a directory comes before a file of its name. The page may have ended on a hole, and
      // then the file was not shown.
      MARCOT_RETURN_IF_ERROR(kind > last[0] ? cursor->Seek(slot) : SeekBehind(slot, *cursor));
    }
    return absl::OkStatus();
  }

  // The cursor that shows the next entry or hole; null at the end.
  DirCursor* Current() {
    DirCursor* current = nullptr;
    for (auto& [kind, cursor] : cursors_) {
      if (kind <= done_ || !cursor->Valid()) continue;
      if (current == nullptr || (by_name_ && NameBefore(*cursor, *current))) current = cursor.get();
    }
    return current;
  }

 private:
  struct OfKind {
    char kind;
    std::unique_ptr<DirCursor> cursor;
  };

  static absl::Status SeekBehind(const std::string& slot, DirCursor& cursor) {
    MARCOT_RETURN_IF_ERROR(cursor.Seek(slot));
    return cursor.Valid() && cursor.slot() == slot ? cursor.Next() : absl::OkStatus();
  }

  // Slots are in the order that is asked for, and all of them are: one cursor is cheaper than two.
  bool InOneGo(const ListOptions& options) {
    in_one_go_ = !by_name_ && !descending_ && options.filter == ListFilter::kAll &&
                 options.prefix.empty() && options.start_after.empty();
    return in_one_go_;
  }

  explicit Stream(const ListOptions& options)
      : by_name_(options.order == ListOrder::kName),
        descending_(options.descending &&
                    (by_name_ || options.order == ListOrder::kDirectoriesFirst)) {}

  bool NameBefore(const DirCursor& a, const DirCursor& b) const {
    const std::string_view name_a = a.slot().substr(1), name_b = b.slot().substr(1);
    return descending_ ? name_b < name_a : name_a < name_b;
  }

  bool by_name_;
  bool descending_;
  bool in_one_go_ = false;
  char done_ = 0;
  std::vector<OfKind> cursors_;
};

// ---- pages -----------------------------------------------------------------------------------

class Lister {
 public:
  Lister(core::View& view, const Entry& directory, const ListOptions& options, uint64_t secret)
      : view_(view), directory_(directory), options_(options), secret_(secret) {}

  absl::StatusOr<ListedPage> Run() {
    MARCOT_RETURN_IF_ERROR(CheckLimit(options_.limit));
    const bool by_slot =
        options_.order == ListOrder::kDirectoriesFirst || options_.order == ListOrder::kName;
    if (!by_slot && !options_.start_after.empty()) {
      return MakeError(Code::kParamInvalid, "start_after is for the orders by name");
    }
    if (!options_.marker.empty()) {
      const auto position = OpenMarker(options_.marker, ListingOf(directory_, options_), secret_);
      MARCOT_RETURN_IF_ERROR(position.status());
      after_ = DecodePosition(*position);
    }
    const Place place = core::PlaceOf(directory_);
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
    out_.page.total_files = totals.child_files;
    out_.page.total_directories = totals.child_directories;
    out_.page.entries.reserve(
        std::min<uint64_t>(options_.limit, totals.child_files + totals.child_directories));
    MARCOT_ASSIGN_OR_RETURN(Stream stream, Stream::Open(view_, place, options_));
    MARCOT_RETURN_IF_ERROR(by_slot ? ListBySlot(stream) : ListSorted(stream));
    return std::move(out_);
  }

 private:
  struct Candidate {
    Position position;
    Entry entry;
  };

  absl::Status Show(std::string_view slot, const Entry& entry) {
    Stat& stat = out_.page.entries.emplace_back();
    stat.name = slot.substr(1);
    return FillStat(view_, entry, packer_, &stat);
  }

  std::string Marker(const Position& position) const {
    return SealMarker(EncodePosition(position), ListingOf(directory_, options_), secret_);
  }

  absl::Status ListBySlot(Stream& stream) {
    MARCOT_RETURN_IF_ERROR(after_.has_value() ? stream.SeekBehind(after_->slot)
                                              : stream.SeekToFirst());
    int holes = 0;
    std::string last;  // where the page ends
    DirCursor* current = stream.Current();
    for (bool ends = false; current != nullptr && !ends; current = stream.Current()) {
      holes += current->hole();
      if (!current->hole()) MARCOT_RETURN_IF_ERROR(Show(current->slot(), current->entry()));
      ends = out_.page.entries.size() == options_.limit || holes == kMaxHoles;
      if (ends) last = current->slot();
      MARCOT_RETURN_IF_ERROR(current->Next());
    }
    out_.skipped_much = holes > 0;
    if (current != nullptr) out_.page.marker = Marker({last, {}});
    return absl::OkStatus();
  }

  // Keeps the best `limit` of what lies behind the marker, in a heap with the worst on top.
  absl::Status ListSorted(Stream& stream) {
    std::vector<Candidate> best;
    bool more = false;
    const auto before = [this](const Candidate& a, const Candidate& b) {
      return Before(a.position, b.position);
    };
    MARCOT_RETURN_IF_ERROR(stream.SeekToFirst());
    for (DirCursor* at = stream.Current(); at != nullptr; at = stream.Current()) {
      if (!at->hole()) {
        MARCOT_ASSIGN_OR_RETURN(SortKey key, KeyOf(at->entry()));
        Candidate candidate{{std::string(at->slot()), std::move(key)}, at->entry()};
        if (!after_.has_value() || Before(*after_, candidate.position)) {
          best.push_back(std::move(candidate));
          std::push_heap(best.begin(), best.end(), before);
        }
        if (best.size() > options_.limit) {
          std::pop_heap(best.begin(), best.end(), before);
          best.pop_back();
          more = true;
        }
      }
      MARCOT_RETURN_IF_ERROR(at->Next());
    }
    std::sort_heap(best.begin(), best.end(), before);
    for (const Candidate& candidate : best) {
      MARCOT_RETURN_IF_ERROR(Show(candidate.position.slot, candidate.entry));
    }
    if (more) out_.page.marker = Marker(best.back().position);
    return absl::OkStatus();
  }

  bool Before(const Position& a, const Position& b) const {
    if (options_.directories_first && a.slot[0] != b.slot[0]) return a.slot[0] < b.slot[0];
    if (a.key != b.key) return options_.descending ? b.key < a.key : a.key < b.key;
    return a.slot < b.slot;
  }

  absl::StatusOr<SortKey> KeyOf(const Entry& entry) {
    if (options_.order == ListOrder::kCreationTime) return SortKey{entry.creation_time_ms, ""};
    if (options_.order == ListOrder::kLocalCreationTime) return LocalCreationTime(entry);
    const bool by_size = options_.order == ListOrder::kSize;
    if (!entry.is_directory()) {
      return SortKey{by_size ? static_cast<int64_t>(entry.size) : entry.modification_time_ms, ""};
    }
    const Place place = core::PlaceOf(entry);
    MARCOT_ASSIGN_OR_RETURN(const core::Totals totals, core::TotalsAt(view_, place.dir, place.seq));
    return SortKey{by_size ? static_cast<int64_t>(totals.bytes) : totals.modification_time_ms, ""};
  }

  absl::StatusOr<SortKey> LocalCreationTime(const Entry& entry) {
    PackedAttributes packed;
    MARCOT_RETURN_IF_ERROR(ReadAttributes(view_, entry, packer_, &packed));
    return SortKey{0, packed.Unpack().local_creation_time.substr(0, kMaxTextKey)};
  }

  core::View& view_;
  const Entry& directory_;
  const ListOptions& options_;
  const uint64_t secret_;
  std::optional<Position> after_;
  AttributePacker packer_;
  ListedPage out_;
};

}  // namespace

absl::StatusOr<ListedPage> ListDirectory(core::View& view, const Entry& directory,
                                         const ListOptions& options, uint64_t secret) {
  return Lister(view, directory, options, secret).Run();
}

}  // namespace marcot::operations

#include "operations/search.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/attributes.h"
#include "base/coding.h"
#include "base/fold.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "marcot/error.h"
#include "operations/page.h"
#include "operations/read.h"
#include "operations/search_walk.h"

namespace marcot::operations {
namespace {

using core::Entry;
using core::Piece;
using core::Place;

// What one call looks at, by path.
constexpr int64_t kRecordsOfACall = 1 << 16;
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

using Names = std::vector<std::string>;

std::u32string Folded(std::string_view text) {
  std::u32string folded;
  FoldCase(text, &folded);
  return folded;
}

template <typename T>
bool Contains(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// ---- what matches ------------------------------------------------------------------------------

class QuerySought final : public Sought {
 public:
  explicit QuerySought(const SearchQuery& query) : query_(query) {
    for (const std::string& keyword : query.keywords) {
      keywords_.push_back(Folded(keyword));
      core::AddPieces(keywords_.back(), &keyword_pieces_.emplace_back());
    }
    for (const std::string& extension : query.extensions) {
      extensions_.push_back(Folded(extension));
      extension_pieces_.push_back(core::ExtensionPiece(extensions_.back()));
    }
    for (const std::string& extension : query.excluded_extensions) {
      excluded_.push_back(Folded(extension));
    }
  }

  bool WantsFile(std::string_view name) const override {
    return wants_files() && NameMatches(EntryType::kFile, name);
  }

  Where WhereIn(const core::Totals& totals) const override {
    const bool files =
        wants_files() && totals.files > 0 && totals.bytes >= query_.min_size.value_or(0);
    if (files) return Where::kAnywhere;
    return wants_directories() && totals.directories > 0 ? Where::kInSubdirectories
                                                         : Where::kNowhere;
  }

  Where WhereIn(const core::Summary& summary, const Place&) const override {
    const auto may_hold = [&summary](Piece piece) { return summary.MayHold(piece); };
    const bool keyword =
        keywords_.empty() ||
        std::any_of(keyword_pieces_.begin(), keyword_pieces_.end(), [&](const auto& pieces) {
          return std::all_of(pieces.begin(), pieces.end(), may_hold);
        });
    const bool extension = extensions_.empty() || std::any_of(extension_pieces_.begin(),
                                                              extension_pieces_.end(), may_hold);
    return keyword && extension ? Where::kAnywhere : Where::kNowhere;
  }

  // By its name and type alone.
  bool NameMatches(EntryType type, std::string_view name) const {
    if (type == EntryType::kDirectory && !wants_directories()) return false;
    FoldCase(name, &folded_);
    const bool keyword =
        keywords_.empty() || std::any_of(keywords_.begin(), keywords_.end(), [&](const auto& word) {
          return folded_.find(word) != std::u32string::npos;
        });
    if (!keyword || type == EntryType::kDirectory) return keyword;
    if (extensions_.empty() && excluded_.empty()) return true;
    const std::u32string extension(core::ExtensionOf(folded_));
    const bool asked_for = extensions_.empty() || Contains(extensions_, extension);
    return asked_for && (extension.empty() || !Contains(excluded_, extension));
  }

  bool StatMatches(const Stat& stat) const {
    const bool sized = query_.min_size.has_value() || query_.max_size.has_value();
    if (sized && (stat.size < query_.min_size.value_or(0) ||
                  stat.size > query_.max_size.value_or(kMaxFileBytes))) {
      return false;
    }
    constexpr auto kEnds = std::numeric_limits<int64_t>();
    if (stat.modification_time_ms < query_.modified_from_ms.value_or(kEnds.min()) ||
        stat.modification_time_ms > query_.modified_until_ms.value_or(kEnds.max())) {
      return false;
    }
    return AttributesMatch(stat) && (query_.also == nullptr || query_.also(stat));
  }

 private:
  bool AttributesMatch(const Stat& stat) const {
    if (query_.labels.empty() && query_.categories.empty()) return true;
    const Attributes attributes = stat.attributes.Unpack();
    const bool labelled =
        query_.labels.empty() ||
        std::any_of(attributes.labels.begin(), attributes.labels.end(),
                    [&](const std::string& label) { return Contains(query_.labels, label); });
    return labelled &&
           (query_.categories.empty() || Contains(query_.categories, attributes.category));
  }

  bool wants_files() const { return query_.files; }
  bool wants_directories() const {
    return query_.directories && extensions_.empty() && !query_.min_size.has_value() &&
           !query_.max_size.has_value();
  }

  const SearchQuery& query_;
  std::vector<std::u32string> keywords_, extensions_, excluded_;
  std::vector<std::vector<Piece>> keyword_pieces_;
  std::vector<Piece> extension_pieces_;
  mutable std::u32string folded_;  // keeps its memory
};

// ---- pages -------------------------------------------------------------------------------------

// All of a query that says what its pages hold.
std::string ListingOf(const Entry& directory, const SearchQuery& query) {
  std::string listing = "search" + core::PairKey(directory.id.hi, directory.id.lo);
  for (const auto* const words : {&query.keywords, &query.extensions, &query.excluded_extensions,
                                  &query.labels, &query.categories}) {
    PutVarint(&listing, words->size());
    for (const std::string& word : *words) PutString(&listing, word);
  }
  const auto put = [&listing](const auto& bound) {
    listing += static_cast<char>(bound.has_value());
    PutFixed64(&listing, static_cast<uint64_t>(bound.value_or(0)));
  };
  put(query.min_size);
  put(query.max_size);
  put(query.modified_from_ms);
  put(query.modified_until_ms);
  for (const bool flag : {query.directories, query.files, query.descending}) {
    listing += static_cast<char>(flag);
  }
  return listing + static_cast<char>(query.order);
}

class Searcher {
 public:
  Searcher(core::View& view, const Entry& directory, const Names& path, const SearchQuery& query,
           uint64_t secret)
      : view_(view),
        directory_(directory),
        path_(path),
        query_(query),
        secret_(secret),
        sought_(query) {}

  absl::StatusOr<SearchedPage> Run() {
    MARCOT_RETURN_IF_ERROR(CheckLimit(query_.limit));
    std::string position;
    if (!query_.marker.empty()) {
      MARCOT_ASSIGN_OR_RETURN(position,
                              OpenMarker(query_.marker, ListingOf(directory_, query_), secret_));
    }
    const bool by_path = query_.order == SearchOrder::kPath && !query_.descending;
    MARCOT_RETURN_IF_ERROR(by_path ? SearchByPath(position) : SearchSorted(position));
    return std::move(out_);
  }

 private:
  using Slots = std::vector<std::string>;
  // Behind which a sorted page begins.
  struct Key {
    int64_t number = 0;
    std::string name;
    Slots slots;
  };
  struct Candidate {
    Key key;
    Stat stat;
  };

  // Whether the entry that the walk stands at matches; then with its stat.
  absl::StatusOr<bool> Matches(const SearchWalk& walk, Stat* stat) {
    const Entry& entry = walk.entry();
    const std::string_view name = std::string_view(walk.slots().back()).substr(1);
    // The walk has looked at names of files.
    if (entry.is_directory() && !sought_.NameMatches(EntryType::kDirectory, name)) return false;
    *stat = {.name = std::string(name)};
    MARCOT_RETURN_IF_ERROR(FillStat(view_, entry, packer_, stat));
    return sought_.StatMatches(*stat);
  }

  void Add(const Slots& slots, Stat stat) {
    Found& found = out_.page.entries.emplace_back();
    found.path = path_;
    for (const std::string& slot : slots) found.path.push_back(slot.substr(1));
    found.stat = std::move(stat);
  }

  std::string Marker(std::string_view position) const {
    return SealMarker(position, ListingOf(directory_, query_), secret_);
  }

  absl::Status SearchByPath(const std::string& position) {
    const Place top = core::PlaceOf(directory_);
    SearchWalk walk(view_, sought_, kRecordsOfACall);
    MARCOT_RETURN_IF_ERROR(position.empty() ? walk.Begin(top) : walk.BeginAt(top, position));
    std::string full;  // where the page was
    while (true) {
      MARCOT_ASSIGN_OR_RETURN(const bool any, walk.Next());
      if (!any) break;
      Stat stat;
      MARCOT_ASSIGN_OR_RETURN(const bool matches, Matches(walk, &stat));
      if (!matches) continue;
      if (!full.empty()) {
        out_.page.marker = Marker(full);
        break;
      }
      Add(walk.slots(), std::move(stat));
      // Goes on to see whether there is more.
      if (out_.page.entries.size() == query_.limit) full = walk.Position();
    }
    out_.lacks_summaries = walk.lacks_summaries();
    if (out_.page.marker.empty() && !walk.at_end()) out_.page.marker = Marker(walk.Position());
    return absl::OkStatus();
  }

  // Keeps the best `limit` of what lies behind the marker, in a heap with the worst on top.
  absl::Status SearchSorted(const std::string& position) {
    std::vector<Candidate> best;
    std::optional<Key> after;
    if (!position.empty()) after = DecodeKey(position);
    bool more = false;
    const auto before = [this](const Candidate& a, const Candidate& b) {
      return Before(a.key, b.key);
    };
    SearchWalk walk(view_, sought_, kNoLimit);
    MARCOT_RETURN_IF_ERROR(walk.Begin(core::PlaceOf(directory_)));
    while (true) {
      MARCOT_ASSIGN_OR_RETURN(const bool any, walk.Next());
      if (!any) break;
      Candidate candidate;
      MARCOT_ASSIGN_OR_RETURN(const bool matches, Matches(walk, &candidate.stat));
      if (!matches) continue;
      candidate.key = KeyOf(candidate.stat, walk.slots());
      if (after.has_value() && !Before(*after, candidate.key)) continue;
      best.push_back(std::move(candidate));
      std::push_heap(best.begin(), best.end(), before);
      if (best.size() <= query_.limit) continue;
      std::pop_heap(best.begin(), best.end(), before);
      best.pop_back();
      more = true;
    }
    out_.lacks_summaries = walk.lacks_summaries();
    std::sort_heap(best.begin(), best.end(), before);
    if (more) out_.page.marker = Marker(EncodeKey(best.back().key));
    for (Candidate& candidate : best) Add(candidate.key.slots, std::move(candidate.stat));
    return absl::OkStatus();
  }

  Key KeyOf(const Stat& stat, const Slots& slots) const {
    switch (query_.order) {
      case SearchOrder::kPath:
        return {0, "", slots};
      case SearchOrder::kName:
        return {0, stat.name, slots};
      case SearchOrder::kModificationTime:
        return {stat.modification_time_ms, "", slots};
      case SearchOrder::kCreationTime:
        return {stat.creation_time_ms, "", slots};
      case SearchOrder::kSize:
        break;
    }
    const bool directory = stat.type == EntryType::kDirectory;
    return {static_cast<int64_t>(directory ? stat.totals.bytes : stat.size), "", slots};
  }

  // What is the same is in the order of a walk.
  bool Before(const Key& a, const Key& b) const {
    const auto own_a = std::tie(a.number, a.name), own_b = std::tie(b.number, b.name);
    if (query_.order == SearchOrder::kPath) return b.slots < a.slots;  // it is descending then
    if (own_a != own_b) return query_.descending ? own_b < own_a : own_a < own_b;
    return a.slots < b.slots;
  }

  static std::string EncodeKey(const Key& key) {
    std::string bytes;
    PutSignedVarint(&bytes, key.number);
    PutString(&bytes, key.name);
    for (const std::string& slot : key.slots) PutString(&bytes, slot);
    return bytes;
  }

  static Key DecodeKey(std::string_view bytes) {
    Decoder in(bytes);
    Key key;
    key.number = in.SignedVarint();
    key.name = in.String();
    while (!in.AtEnd()) key.slots.emplace_back(in.String());
    return key;
  }

  core::View& view_;
  const Entry& directory_;
  const Names& path_;
  const SearchQuery& query_;
  const uint64_t secret_;
  const QuerySought sought_;
  AttributePacker packer_;
  SearchedPage out_;
};

// ---- object ids --------------------------------------------------------------------------------

class ObjectSought final : public Sought {
 public:
  explicit ObjectSought(const ObjectId& id) : id_(id) {}

  bool WantsFile(std::string_view) const override { return true; }
  Where WhereIn(const core::Totals&) const override { return Where::kAnywhere; }
  Where WhereIn(const core::Summary& summary, const Place& place) const override {
    if (summary.ids().MayHold(id_ ^ place.context)) return Where::kAnywhere;
    return summary.ids().has_contexts() ? Where::kInSubdirectories : Where::kNowhere;
  }

 private:
  const ObjectId id_;
};

}  // namespace

absl::Status CheckQuery(const SearchQuery& query) {
  const auto invalid = [](std::string why) {
    return MakeError(Code::kParamInvalid, std::move(why));
  };
  if (query.keywords.size() > kMaxKeywords) {
    return invalid(
        absl::StrCat(query.keywords.size(), " keywords; at most ", kMaxKeywords, " are allowed"));
  }
  for (const auto* const words : {&query.keywords, &query.extensions, &query.excluded_extensions,
                                  &query.labels, &query.categories}) {
    for (const std::string& word : *words) {
      if (!CountCodePoints(word).has_value()) return invalid("a word to search for is not UTF-8");
    }
  }
  // What has no extension is not found by one.
  const auto& asked_for = query.extensions;
  if (std::find(asked_for.begin(), asked_for.end(), "") != asked_for.end()) {
    return invalid("an empty extension; leave it out");
  }
  if (query.min_size.value_or(0) > query.max_size.value_or(~uint64_t{0})) {
    return invalid("min_size is greater than max_size; nothing has such a size");
  }
  if (query.modified_from_ms.has_value() && query.modified_until_ms.has_value() &&
      *query.modified_from_ms > *query.modified_until_ms) {
    return invalid("modified_from_ms is later than modified_until_ms");
  }
  return CheckLimit(query.limit);
}

absl::StatusOr<SearchedPage> SearchBelow(core::View& view, const Entry& directory,
                                         const Names& path, const SearchQuery& query,
                                         uint64_t secret) {
  return Searcher(view, directory, path, query, secret).Run();
}

absl::StatusOr<Found> FindObjectBelow(core::View& view, const Entry& directory, const ObjectId& id,
                                      bool* lacks_summaries) {
  Found found;
  if (directory.id == id) {
    MARCOT_ASSIGN_OR_RETURN(found.stat, StatOf(view, directory, ""));
    return found;
  }
  const ObjectSought sought(id);
  SearchWalk walk(view, sought, kNoLimit);
  MARCOT_RETURN_IF_ERROR(walk.Begin(core::PlaceOf(directory)));
  while (true) {
    MARCOT_ASSIGN_OR_RETURN(const bool any, walk.Next());
    *lacks_summaries = walk.lacks_summaries();
    if (!any) break;
    if (walk.entry().id != id) continue;
    for (const std::string& slot : walk.slots()) found.path.push_back(slot.substr(1));
    MARCOT_ASSIGN_OR_RETURN(found.stat, StatOf(view, walk.entry(), found.path.back()));
    return found;
  }
  return MakeError(Code::kPathNotFound,
                   absl::StrCat("nothing here has the object id ", id.Hex(),
                                "; it was deleted, or is in another space or the recycle bin"));
}

}  // namespace marcot::operations

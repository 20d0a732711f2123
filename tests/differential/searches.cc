// Searches: drawn, and compared with what a look at every entry of the model finds.
#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>
#include <tuple>

#include "differential/runner.h"
#include "differential/text.h"

namespace marcot::testing {
namespace {

// Of the names that the walk uses: ASCII, and one letter beyond.
std::string Folded(std::string text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] + ('a' - 'A'));
    if (text.compare(i, 2, "É") == 0) text.replace(i, 2, "é");
  }
  return text;
}

std::string ExtensionOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? "" : Folded(name.substr(dot + 1));
}

bool HasOne(const std::vector<std::string>& words, const std::string& folded) {
  return std::any_of(words.begin(), words.end(),
                     [&](const std::string& word) { return Folded(word) == folded; });
}

bool Matches(const SearchQuery& query, const std::string& name, const Node& node) {
  const std::string folded = Folded(name);
  const auto in_name = [&folded](const std::string& word) {
    return folded.find(Folded(word)) != std::string::npos;
  };
  const auto& words = query.keywords;
  if (!words.empty() && std::none_of(words.begin(), words.end(), in_name)) return false;
  if (!(node.is_file() ? query.files : query.directories)) return false;
  const std::string extension = node.is_file() ? ExtensionOf(name) : "";
  if (!query.extensions.empty() && (extension.empty() || !HasOne(query.extensions, extension))) {
    return false;
  }
  if (!extension.empty() && HasOne(query.excluded_extensions, extension)) return false;
  if (query.min_size && (!node.is_file() || node.content.size < *query.min_size)) return false;
  if (query.max_size && (!node.is_file() || node.content.size > *query.max_size)) return false;
  const int64_t modified = node.modification_ms.value();
  if (query.modified_from_ms && modified < *query.modified_from_ms) return false;
  if (query.modified_until_ms && modified > *query.modified_until_ms) return false;
  const auto& labels = node.attributes.labels;
  const auto is_asked_for = [&query](const std::string& label) {
    return std::find(query.labels.begin(), query.labels.end(), label) != query.labels.end();
  };
  if (!query.labels.empty() && std::none_of(labels.begin(), labels.end(), is_asked_for)) {
    return false;
  }
  Stat stat;
  stat.name = name;
  if (query.also != nullptr && !query.also(stat)) return false;
  const auto& categories = query.categories;
  return categories.empty() || std::find(categories.begin(), categories.end(),
                                         node.attributes.category) != categories.end();
}

struct Match {
  Path path;
  Node* node;
  std::string slots;  // sorts as a walk visits
};

// In the order of a walk.
void AddMatches(const SearchQuery& query, Node* directory, Path* path, const std::string& slots,
                std::vector<Match>* matches) {
  for (const bool files : {false, true}) {
    for (const auto& [name, child] : directory->children) {
      if (child->is_file() != files) continue;
      path->push_back(name);
      const std::string below = slots + (files ? '\2' : '\1') + name + '\0';
      if (Matches(query, name, *child)) matches->push_back({*path, child.get(), below});
      if (!files) AddMatches(query, child.get(), path, below, matches);
      path->pop_back();
    }
  }
}

std::pair<int64_t, std::string> KeyOf(SearchOrder order, const Match& match) {
  const Node& node = *match.node;
  switch (order) {
    case SearchOrder::kPath:
      return {0, ""};
    case SearchOrder::kName:
      return {0, match.path.back()};
    case SearchOrder::kModificationTime:
      return {node.modification_ms.value(), ""};
    case SearchOrder::kCreationTime:
      return {node.creation_ms.value(), ""};
    case SearchOrder::kSize:
      return {node.is_file() ? node.content.size : node.Totals().bytes, ""};
  }
  return {};
}

std::vector<Match> ExpectedMatches(const SearchQuery& query, Node* directory) {
  std::vector<Match> matches;
  Path path = SplitPath(query.below);
  AddMatches(query, directory, &path, "", &matches);
  std::stable_sort(matches.begin(), matches.end(), [&](const Match& a, const Match& b) {
    const auto key_a = KeyOf(query.order, a), key_b = KeyOf(query.order, b);
    if (key_a != key_b) return query.descending ? key_b < key_a : key_a < key_b;
    const bool backwards = query.order == SearchOrder::kPath && query.descending;
    return backwards ? b.slots < a.slots : a.slots < b.slots;
  });
  return matches;
}

Node* Descend(Node* node, const std::string& path) {
  for (const std::string& name : SplitPath(path)) {
    if (node != nullptr) node = node->Child(name);
  }
  return node;
}

std::string WordsText(const char* what, const std::vector<std::string>& words) {
  return words.empty() ? "" : std::string(" ") + what + "=" + JoinPath(words);
}

}  // namespace

std::string SearchText(const Op& op) {
  const SearchQuery& query = op.search;
  std::ostringstream out;
  out << Quoted(op.space, query.below) << WordsText("keywords", query.keywords)
      << WordsText("extensions", query.extensions)
      << WordsText("excluded", query.excluded_extensions) << WordsText("labels", query.labels)
      << WordsText("categories", query.categories) << (query.files ? "" : " directories")
      << (query.directories ? "" : " files") << (query.also == nullptr ? "" : " of even length")
      << " order=" << static_cast<int>(query.order) << (query.descending ? " descending" : "")
      << " limit=" << query.limit;
  if (query.min_size) out << " min=" << *query.min_size;
  if (query.max_size) out << " max=" << *query.max_size;
  if (query.modified_from_ms) out << " from=" << *query.modified_from_ms;
  if (query.modified_until_ms) out << " until=" << *query.modified_until_ms;
  if (!query.tree.named_snapshot.empty()) out << " in " << query.tree.named_snapshot;
  if (op.number > 0) out << " snapshot " << op.number - 1;
  return out.str();
}

Op Generator::SearchOp(const NamespaceModel& model) {
  constexpr std::array<const char*, 18> kWords = {"a",   "ba",   "BAR",     "bar", "txt",     "É",
                                                  "é",   "文件", "夹",      "(1)", "(2)",     "xxx",
                                                  "y.t", "json", "profile", " (1", "nothing", ""};
  constexpr std::array<const char*, 6> kExtensions = {"txt", "GZ", "json", "2", "none", "profile"};
  Op op;
  op.kind = Chance(300) ? Op::Kind::kBeginSearch : Op::Kind::kSearch;
  op.space = Below(spaces_);
  SearchQuery& query = op.search;
  if (Chance(400)) query.below = Existing(model, op.space, Chance(30));
  const auto draw = [this](const auto& from, std::vector<std::string>* words) {
    for (uint64_t more = 1 + Below(2); more > 0; --more) {
      words->push_back(from[Below(from.size())]);
    }
  };
  if (Chance(800)) draw(kWords, &query.keywords);
  if (Chance(150)) draw(kExtensions, &query.extensions);
  if (Chance(100)) draw(kExtensions, &query.excluded_extensions);
  if (Chance(100)) query.labels = {Chance(500) ? "é" : "two"};
  if (Chance(50)) query.categories = {"category 1", "category 3"};
  query.files = !Chance(100);
  query.directories = !query.files || Chance(800);
  if (Chance(100)) query.also = [](const Stat& stat) { return stat.name.size() % 2 == 0; };
  if (Chance(100)) query.min_size = Below(30);
  if (Chance(100)) query.max_size = query.min_size.value_or(0) + Below(30);
  if (Chance(50)) query.modified_from_ms = static_cast<int64_t>(1'000'000 + Below(20'000));
  query.limit = 1 + Below(12);
  if (op.kind == Op::Kind::kBeginSearch) {
    query.limit = 1 + Below(4);
    return op;
  }
  const auto& snapshots = model.facts(op.space).snapshots;
  if (Chance(100) && !snapshots.empty()) {
    query.tree.named_snapshot = snapshots.begin()->first;
    query.below.clear();
  }
  if (Chance(300)) {
    query.order = static_cast<SearchOrder>(Below(5));
    query.descending = Chance(500);
  }
  if (Chance(200)) op.number = 1 + Below(3);
  return op;
}

Op Generator::FindObjectOp(const NamespaceModel& model) {
  Op op;
  op.kind = Op::Kind::kFindObject;
  op.space = Below(spaces_);
  op.path = Existing(model, op.space, true);
  op.number = Below(1000);
  return op;
}

// Where the query looks; null: nothing is there. Learns what only the engine knows of it.
Node* Runner::SearchedDirectory(const Op& op, NamespaceModel* model, const Snapshot* snapshot,
                                std::string* wrong) {
  Node* root = &model->root(op.space);
  const std::string& named = op.search.tree.named_snapshot;
  if (!named.empty()) {
    const auto found = model->facts(op.space).snapshots.find(named);
    if (found == model->facts(op.space).snapshots.end()) return nullptr;
    root = found->second.root.get();
  }
  ReadOptions options;
  options.snapshot = snapshot;
  options.tree = op.search.tree;
  *wrong = named.empty() ? CompareRoot(op.space, root, options)
                         : CompareTree(handles_[op.space], root, options);
  return Descend(root, op.search.below);
}

std::string Runner::RunSearch(const Op& op) {
  const bool held = op.number > 0 && op.number <= snapshots_.size();
  NamespaceModel* const model = held ? &snapshots_[op.number - 1].model : &model_;
  SearchQuery query = op.search;
  if (held) query.snapshot = snapshots_[op.number - 1].snapshot.get();
  std::string wrong;
  Node* const directory = SearchedDirectory(op, model, query.snapshot, &wrong);
  if (!wrong.empty()) return wrong;
  const bool possible = directory != nullptr && !directory->is_file();
  std::vector<Match> expected;
  if (possible) expected = ExpectedMatches(query, directory);
  size_t seen = 0;
  for (size_t pages = 0;; ++pages) {
    const absl::StatusOr<SearchPage> page = handles_[op.space].Search(query);
    if (page.ok() != possible) return "search answered " + CodeText(page.status());
    if (!possible) return "";
    if (page->entries.size() > query.limit) return "a page is longer than its limit";
    for (const Found& found : page->entries) {
      if (seen == expected.size()) return "found '" + JoinPath(found.path) + "' behind the last";
      const Match& match = expected[seen++];
      if (found.path != match.path) {
        return "found '" + JoinPath(found.path) + "' instead of '" + JoinPath(match.path) + "'";
      }
      wrong = CompareStat(match.node, found.stat);
      if (!wrong.empty()) return "'" + JoinPath(found.path) + "' found " + wrong;
    }
    query.marker = page->marker;
    if (query.marker.empty()) break;
    if (pages > 10'000) return "the search does not end";
  }
  return seen == expected.size() ? "" : "did not find '" + JoinPath(expected[seen].path) + "'";
}

std::string Runner::BeginSearch(const Op& op) {
  searching_.reset();
  std::string wrong;
  Node* const directory = SearchedDirectory(op, &model_, nullptr, &wrong);
  if (!wrong.empty() || directory == nullptr || directory->is_file()) return wrong;
  searching_ = Searching{op, directory->id.value(), {}, {}};
  for (const Match& match : ExpectedMatches(op.search, directory)) {
    searching_->stayed.emplace(JoinPath(match.path), match.node->id.value());
  }
  return NextFound(directory);
}

std::string Runner::ContinueSearch() {
  if (!searching_) return "";
  std::string wrong;
  Node* const directory = SearchedDirectory(searching_->op, &model_, nullptr, &wrong);
  if (!wrong.empty()) return wrong;
  if (directory == nullptr || directory->id.value() != searching_->directory) {
    searching_.reset();
    return "";
  }
  return NextFound(directory);
}

// One page; what was there at each of them must have been found once at the end.
std::string Runner::NextFound(Node* directory) {
  std::map<std::string, Node*> now;
  for (const Match& match : ExpectedMatches(searching_->op.search, directory)) {
    now.emplace(JoinPath(match.path), match.node);
  }
  std::erase_if(searching_->stayed, [&now](const auto& entry) {
    const auto found = now.find(entry.first);
    return found == now.end() || found->second->id.value() != entry.second;
  });
  SearchQuery& query = searching_->op.search;
  const absl::StatusOr<SearchPage> page = handles_[searching_->op.space].Search(query);
  if (!page.ok()) return "a page with changes before it failed: " + CodeText(page.status());
  for (const Found& found : page->entries) {
    const std::string path = JoinPath(found.path);
    if (!now.contains(path)) return "'" + path + "' does not match";
    std::string wrong = CompareStat(now[path], found.stat);
    if (!wrong.empty()) return "'" + path + "' found " + wrong;
    searching_->seen.insert(path);
  }
  query.marker = page->marker;
  if (!query.marker.empty()) return "";
  const Searching done = *std::move(searching_);
  searching_.reset();
  for (const auto& [path, id] : done.stayed) {
    if (done.seen.count(path) == 1) continue;
    return "'" + path + "' matched all the time and was found " +
           std::to_string(done.seen.count(path)) + " times";
  }
  return "";
}

std::string Runner::FindObject(const Op& op) {
  if (op.number < 50) {
    const ObjectId unknown{op.number % 4, 1'000'000'000 + op.number};
    const absl::StatusOr<Found> found = handles_[op.space].FindObject(unknown);
    return CodeOf(found.status()) == Code::kPathNotFound ? "" : "found an object that is not there";
  }
  Node* const node = model_.Find(op.space, op.path);
  if (node == nullptr) return "";
  std::string wrong = CheckPath(op.space, op.path);
  if (!wrong.empty()) return wrong;
  const absl::StatusOr<Found> found = handles_[op.space].FindObject(node->id.value());
  if (!found.ok()) return "the object '" + op.path + "': " + CodeText(found.status());
  if (JoinPath(found->path) != op.path) {
    return "found the object '" + op.path + "' at '" + JoinPath(found->path) + "'";
  }
  wrong = CompareStat(node, found->stat);
  return wrong.empty() ? "" : "the object '" + op.path + "' " + wrong;
}

}  // namespace marcot::testing

// Differences of two directories: drawn, and compared with those that the model finds by looking at
// everything.
#include <algorithm>
#include <iterator>

#include "differential/runner.h"
#include "differential/text.h"

namespace marcot::testing {
namespace {

using Lines = std::vector<std::string>;

bool SameContent(const Content& a, const Content& b) {
  if (a.size != b.size || (a.bytes == nullptr) != (b.bytes == nullptr)) return false;
  return a.bytes != nullptr ? *a.bytes == *b.bytes : a.id.value() == b.id.value();
}

std::string Line(char how, EntryType type, const Path& path) {
  return std::string(1, how) + (type == EntryType::kFile ? " file " : " directory ") +
         JoinPath(path);
}

// Those of one type among the children.
void AddChildren(const Node& before, const Node& after, EntryType type, Path* path, Lines* lines);

void AddDifferences(const Node& before, const Node& after, Path* path, Lines* lines) {
  const bool same = before.attributes == after.attributes &&
                    (!before.is_file() || SameContent(before.content, after.content));
  if (!same) lines->push_back(Line('*', before.type, *path));
  AddChildren(before, after, EntryType::kDirectory, path, lines);
  AddChildren(before, after, EntryType::kFile, path, lines);
}

const Node* ChildOf(const Node& directory, const std::string& name, EntryType type) {
  const Node* const child = directory.Child(name);
  return child != nullptr && child->type == type ? child : nullptr;
}

void AddChildren(const Node& before, const Node& after, EntryType type, Path* path, Lines* lines) {
  std::set<std::string> names;
  for (const auto& [name, child] : before.children) names.insert(name);
  for (const auto& [name, child] : after.children) names.insert(name);
  for (const std::string& name : names) {
    const Node* const left = ChildOf(before, name, type);
    const Node* const right = ChildOf(after, name, type);
    path->push_back(name);
    if (left != nullptr && right != nullptr) {
      AddDifferences(*left, *right, path, lines);
    } else if (left != nullptr || right != nullptr) {
      lines->push_back(Line(left != nullptr ? '-' : '+', type, *path));
    }
    path->pop_back();
  }
}

std::string LineOf(const Difference& difference) {
  const Stat& stat = difference.before != nullptr ? *difference.before : *difference.after;
  const char how = difference.before == nullptr ? '+' : difference.after == nullptr ? '-' : '*';
  return Line(how, stat.type, difference.path);
}

std::string FirstUnlike(const Lines& expected, const Lines& found) {
  const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
  if (a == expected.end() && b == found.end()) return "";
  return "difference '" + (b == found.end() ? "none" : *b) + "' instead of '" +
         (a == expected.end() ? "none" : *a) + "'";
}

}  // namespace

// Mostly of a copy and its source, or of a snapshot and what it was taken of: only those share.
Op Generator::DiffOp(const NamespaceModel& model) {
  Op op;
  op.kind = Op::Kind::kDiff;
  op.requests.resize(2);
  Request& before = op.requests[0];
  Request& after = op.requests[1];
  for (Request* side : {&before, &after}) {
    side->kind = Request::Kind::kCopy;
    side->from_space = Below(spaces_);
    side->from = Existing(model, side->from_space, false);
  }
  const auto& snapshots = model.facts(before.from_space).snapshots;
  if (!snapshots.empty() && Chance(300)) {
    const auto any = std::next(snapshots.begin(), static_cast<ptrdiff_t>(Below(snapshots.size())));
    before.snapshot = any->first;
    before.from.clear();
    after.from_space = before.from_space;
    after.from = JoinPath(any->second.path);
    for (const auto& [name, other] : snapshots) {
      if (other.path != any->second.path || Chance(500)) continue;
      after.snapshot = name;
      after.from.clear();
    }
  } else if (!copies_.empty() && Chance(800)) {
    const Request& copy = copies_[Below(copies_.size())];
    before.from_space = copy.from_space;
    before.from = copy.from;
    before.snapshot = copy.snapshot;
    // Two states of the past, if there is another copy of it.
    for (const Request& other : copies_) {
      if (other.from_space != copy.from_space || other.from != copy.from || Chance(500)) continue;
      before.from_space = other.space;
      before.from = other.path;
      before.snapshot.clear();
    }
    after.from_space = copy.space;
    after.from = copy.path;
  }
  if (Chance(500)) std::swap(before, after);
  return op;
}

std::string Runner::RunDiff(const Op& op) {
  ++operations_;
  std::vector<DirectoryAt> sides;
  for (const Request& side : op.requests) {
    sides.push_back({handles_[side.from_space], side.from, {.named_snapshot = side.snapshot}});
  }
  Lines found;
  const std::unique_ptr<Snapshot> now = operations_ % 2 == 0 ? store_->TakeSnapshot() : nullptr;
  const auto visit = [&found](const Difference& difference) {
    found.push_back(LineOf(difference));
    return true;
  };
  const absl::Status status = store_->Diff(sides[0], sides[1], visit, now.get());
  const Node* const before = model_.SourceOf(op.requests[0]);
  const Node* const after = model_.SourceOf(op.requests[1]);
  const bool possible =
      before != nullptr && after != nullptr && !before->is_file() && !after->is_file();
  if (status.ok() != possible) return "diff answered " + CodeText(status);
  if (!possible) return "";
  Lines expected;
  Path path;
  AddDifferences(*before, *after, &path, &expected);
  return FirstUnlike(expected, found);
}

}  // namespace marcot::testing

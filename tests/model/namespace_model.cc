#include "model/namespace_model.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "model/call.h"

namespace marcot::testing {
namespace {

using Only = BatchItem::Only;
using Kind = Request::Kind;

void Append(std::vector<Code>* errors, const std::vector<Code>& more) {
  errors->insert(errors->end(), more.begin(), more.end());
}

bool IsTransfer(const Request& request) {
  return request.kind == Kind::kCopy || request.kind == Kind::kMove;
}

bool StrategyIsTaken(const Request& request) {
  if (request.strategy != Strategy::kOverwrite) return true;
  if (request.kind == Kind::kMakeDirectory || request.kind == Kind::kLoad) return false;
  if (request.kind == Kind::kRestore) return true;
  return !IsTransfer(request) || request.only != Only::kDirectory;
}

Code SourceMissing(Only only) {
  if (only == Only::kDirectory) return Code::kSourceDirectoryNotFound;
  return only == Only::kFile ? Code::kSourceFileNotFound : Code::kPathNotFound;
}

// What a bad name may be answered with, the target's and the source's together: which of them is
// looked at first is left to the engine. So is whether a bad name that cannot exist is called bad
// or missing where it only had to be found.
std::vector<Code> NameErrors(const Request& request, const StoreOptions& options) {
  const bool is_put = request.kind == Kind::kPut || request.kind == Kind::kPutReference;
  const bool makes_directory = request.kind == Kind::kMakeDirectory || request.kind == Kind::kLoad;
  const bool may_be_file = !makes_directory && request.only != Only::kDirectory;
  const bool may_be_directory = !is_put && request.only != Only::kFile;
  std::vector<Code> errors = PathErrors(request.path, may_be_file, may_be_directory, options);
  const bool has_source = IsTransfer(request) || request.kind == Kind::kRestore;
  const bool only_finds = !is_put && !makes_directory && !has_source;
  if (!errors.empty() && only_finds) {
    Append(&errors, {Code::kPathNotFound, Code::kFileNotFound});
  }
  if (!has_source) return errors;
  std::vector<Code> source = PathErrors(request.from, may_be_file, may_be_directory, options);
  if (!source.empty()) source.push_back(SourceMissing(request.only));
  Append(&errors, source);
  return errors;
}

bool TouchesRoot(const Request& request) {
  if (IsTransfer(request) && request.from.empty() && request.snapshot.empty()) return true;
  return request.path.empty() && (request.kind <= Kind::kDelete || request.kind == Kind::kLoad);
}

bool IsBelow(const Path& path, const Path& top) {
  return path.size() > top.size() && std::equal(top.begin(), top.end(), path.begin());
}

std::unique_ptr<Node> NewNode(EntryType type, const std::string& user, int64_t now_ms) {
  auto node = std::make_unique<Node>(type);
  node->creator = user;
  node->creation_ms = node->modification_ms = now_ms;
  return node;
}

void CollectReferences(const Node& node, std::set<ContentId>* held) {
  if (node.is_file() && !node.content.bytes) held->insert(node.content.id.value());
  for (const OldVersion& old : node.versions) {
    if (!old.content.bytes) held->insert(old.content.id.value());
  }
  for (const auto& [name, child] : node.children) CollectReferences(*child, held);
}

// In the order of a load: subdirectories first.
void MakeLoaded(Node* node, const std::string& user, int64_t now_ms, ContentId* next) {
  node->creator = user;
  node->creation_ms = node->modification_ms = now_ms;
  node->version = {};
  if (node->is_file()) {
    const bool empty = node->content.size == 0;
    node->content =
        ContentOfReference({.id = empty ? ContentId{} : *next, .size = node->content.size});
    next->lo += empty ? 0 : 1;
    return;
  }
  for (const bool files : {false, true}) {
    for (auto& [name, child] : node->children) {
      if (child->is_file() == files) MakeLoaded(child.get(), user, now_ms, next);
    }
  }
}

size_t CountBelow(const Node& node) { return node.Totals().files + node.Totals().directories; }

}  // namespace

bool SurelyDiffer(const Content& a, const Content& b) {
  if (a.bytes && b.bytes) return *a.bytes != *b.bytes;
  return !a.bytes && !b.bytes && a.id.known() && b.id.known() && a.id.value() != b.id.value();
}

void ForgetIdentity(Node* node) {
  node->id = {};
  node->etag = {};
  node->stale_etag.reset();
  node->versions.clear();
  node->quota.reset();
  for (auto& [name, child] : node->children) ForgetIdentity(child.get());
}

Content ContentOfBytes(std::string bytes) {
  Content content;
  content.size = bytes.size();
  if (bytes.empty()) content.id = ContentId{};
  content.bytes = std::make_shared<const std::string>(std::move(bytes));
  return content;
}

Content ContentOfReference(const ContentRef& reference) {
  Content content;
  content.size = reference.size;
  content.id = reference.id;
  return content;
}

// ---- nodes -------------------------------------------------------------------------------------

std::unique_ptr<Node> Node::Clone() const {
  auto clone = std::make_unique<Node>(type);
  clone->id = id;
  clone->creator = creator;
  clone->creation_ms = creation_ms;
  clone->modification_ms = modification_ms;
  clone->attributes = attributes;
  clone->content = content;
  clone->version = version;
  clone->versions = versions;
  clone->quota = quota;
  clone->etag = etag;
  clone->stale_etag = stale_etag;
  for (const auto& [name, child] : children) {
    clone->children.emplace_hint(clone->children.end(), name, child->Clone());
  }
  return clone;
}

Node* Node::Child(std::string_view name) const {
  const auto found = children.find(name);
  return found == children.end() ? nullptr : found->second.get();
}

const NodeSums& Node::sums() const {
  if (sums_) return *sums_;
  NodeSums& sums = sums_.emplace();
  for (const auto& [name, child] : children) {
    const NodeSums& below = child->sums();
    sums.totals.bytes += below.totals.bytes + child->content.size;
    sums.totals.files += below.totals.files + (child->is_file() ? 1 : 0);
    sums.totals.directories += below.totals.directories + (child->is_file() ? 0 : 1);
    sums.height = std::max(sums.height, below.height + 1);
  }
  return sums;
}

void Node::ChildrenChanged(int64_t now_ms) {
  modification_ms = now_ms;
  if (etag.known()) stale_etag = etag.value();
  etag = {};
}

void Node::ChildReplaced(int64_t now_ms) {
  modification_ms = Guess<int64_t>::Either(modification_ms, now_ms);
  etag = {};
}

// ---- the namespace -----------------------------------------------------------------------------

NamespaceModel::NamespaceModel(size_t spaces, const StoreOptions& options) : options_(options) {
  roots_.resize(spaces);
  bins_.resize(spaces);
  facts_.resize(spaces);
  libraries_.resize(LibraryOf(spaces - 1) + 1);
  for (size_t i = 0; i < spaces; ++i) ClearSpace(i);
}

NamespaceModel::NamespaceModel(const NamespaceModel& other)
    : options_(other.options_),
      facts_(other.facts_),
      libraries_(other.libraries_),
      quotas_(other.quotas_) {
  for (const auto& root : other.roots_) roots_.push_back(root->Clone());
  for (const auto& bin : other.bins_) bins_.push_back(bin->Clone());
}

NamespaceModel::NamespaceModel(const NamespaceModel& other, const std::set<size_t>& spaces)
    : NamespaceModel(other.spaces(), other.options_) {
  facts_ = other.facts_;
  libraries_ = other.libraries_;
  quotas_ = other.quotas_;
  for (size_t space = 0; space < roots_.size(); ++space) {
    // A quota counts what lies in other spaces.
    if (quotas_.empty() && !spaces.contains(space)) continue;
    roots_[space] = other.root(space).Clone();
    bins_[space] = other.bin(space).Clone();
  }
}

NamespaceModel& NamespaceModel::operator=(const NamespaceModel& other) {
  return *this = NamespaceModel(other);
}

bool NamespaceModel::empty() const {
  const auto has_none = [](const auto& root) { return root->children.empty(); };
  return std::all_of(roots_.begin(), roots_.end(), has_none) &&
         std::all_of(bins_.begin(), bins_.end(), has_none) &&
         std::all_of(facts_.begin(), facts_.end(),
                     [](const auto& facts) { return facts.snapshots.empty(); });
}

void NamespaceModel::ClearSpace(size_t space) {
  roots_[space] = std::make_unique<Node>(EntryType::kDirectory);
  bins_[space] = std::make_unique<Node>(EntryType::kDirectory);
  facts_[space] = {};
}

Node* NamespaceModel::Find(size_t space, const Path& path) const {
  return Below(roots_[space].get(), path);
}

size_t NamespaceModel::CountEntries() const {
  size_t count = 0;
  for (const auto& root : roots_) count += CountBelow(*root);
  return count;
}

std::set<ContentId> NamespaceModel::HeldReferences() const {
  std::set<ContentId> held;
  for (const auto& root : roots_) CollectReferences(*root, &held);
  for (const auto& bin : bins_) CollectReferences(*bin, &held);
  for (const SpaceModel& facts : facts_) {
    for (const auto& [name, tree] : facts.snapshots) CollectReferences(*tree.root, &held);
  }
  return held;
}

Outcome NamespaceModel::Apply(const Request& request, int64_t now_ms, const Placed* engine) {
  if (!StrategyIsTaken(request)) return Fail({Code::kInvalidConflictResolutionStrategy});
  std::vector<Code> early = NameErrors(request, options_);
  if (TouchesRoot(request)) early.push_back(Code::kRootDirectoryNotAllowed);
  if (!early.empty()) {
    const bool in_bin = request.kind == Kind::kRestore || request.kind == Kind::kPurge;
    if (in_bin) early.push_back(Code::kRecycledItemNotFound);
    if (FromRoot(request) == nullptr) early.push_back(Code::kSnapshotNotFound);
    return Fail(std::move(early));
  }
  Call call{request, now_ms, engine, SplitPath(request.path), SplitPath(request.from)};
  const Usages before = CanExceed(request) ? QuotaUsages() : Usages{};
  std::optional<NamespaceModel> undo;  // what the engine did needs none
  if (!before.empty() && engine == nullptr) undo = *this;
  Outcome outcome = Dispatch(call);
  ForgetSums(roots_[request.space].get(), call.to);
  if (IsTransfer(request)) ForgetSums(roots_[request.from_space].get(), call.from);
  if (!outcome.ok() || !Exceeds(before)) return outcome;
  if (undo) *this = *std::move(undo);
  Outcome refused = Fail({Code::kQuotaLimitReached});
  refused.free_choice = outcome.free_choice;
  return refused;
}

void NamespaceModel::ForgetSums(Node* root, const Path& path) {
  for (size_t i = 0; root != nullptr; ++i) {
    root->ForgetSums();
    root = i < path.size() ? root->Child(path[i]) : nullptr;
  }
}

Outcome NamespaceModel::Dispatch(Call& call) {
  switch (call.request.kind) {
    case Kind::kMakeDirectory:
      return MakeDirectory(call);
    case Kind::kPut:
    case Kind::kPutReference:
      return Put(call);
    case Kind::kCopy:
    case Kind::kMove:
      return Transfer(call);
    case Kind::kDelete:
      return Delete(call);
    case Kind::kSetAttributes:
      return SetAttributes(call);
    case Kind::kLoad:
      return Load(call);
    default:
      return DispatchMore(call);
  }
}

NamespaceModel::Target NamespaceModel::LookUpTarget(const Call& call) const {
  Target target;
  target.parent = roots_[call.request.space].get();
  const size_t parents = call.to.size() - 1;
  while (target.levels < parents) {
    Node* next = target.parent->Child(call.to[target.levels]);
    if (next == nullptr) return target;
    target.blocked = next->is_file();
    if (target.blocked) return target;
    target.parent = next;
    ++target.levels;
  }
  target.complete = true;
  target.taken = target.parent->Child(call.to.back());
  return target;
}

Node* NamespaceModel::MakeParents(Call& call, const Path& parents) {
  Node* node = roots_[call.request.space].get();
  Path path;
  for (const std::string& name : parents) {
    path.push_back(name);
    std::unique_ptr<Node>* child = &node->children[name];
    if (*child == nullptr) {
      *child = NewNode(EntryType::kDirectory, call.request.user, call.now_ms);
      node->ChildrenChanged(call.now_ms);
      Log(call, call.request.space, ChangeKind::kDirectoryMade, **child, path);
    }
    node = child->get();
  }
  return node;
}

// The rule's number, or the engine's where the rule leaves a choice: numbers in use that have
// gaps, and whether the name that a move is about to leave counts as free.
std::string NamespaceModel::PickName(const Call& call, const Target& target, EntryType type,
                                     Outcome* outcome) const {
  const NumberedName name = ParseName(call.to.back(), type);
  std::set<uint64_t> in_use;
  for (const auto& [child, node] : target.parent->children) {
    const uint64_t number = name.NumberOf(child, options_.max_name_chars);
    if (number >= name.first_number) in_use.insert(number);
  }
  std::vector<std::set<uint64_t>> views = {in_use};
  const bool leaves_here = call.request.kind == Kind::kMove && target.taken != nullptr &&
                           Find(call.request.from_space, ParentOf(call.from)) == target.parent;
  if (leaves_here) {
    std::set<uint64_t> without = in_use;
    if (without.erase(name.NumberOf(call.from.back(), options_.max_name_chars)) != 0) {
      views.push_back(without);
    }
  }
  const uint64_t chosen = call.engine == nullptr || call.engine->path.empty()
                              ? 0
                              : name.NumberOf(call.engine->path.back(), options_.max_name_chars);
  outcome->free_choice = views.size() > 1;
  for (const std::set<uint64_t>& view : views) {
    const NumberChoice choice = ChooseNumber(name.first_number, view);
    outcome->free_choice |= choice.gaps;
    const bool free = chosen >= name.first_number && !view.contains(chosen);
    if (chosen == choice.smallest_free || (choice.gaps && free)) {
      return name.With(chosen, options_.max_name_chars);
    }
  }
  return name.With(ChooseNumber(name.first_number, in_use).smallest_free, options_.max_name_chars);
}

Outcome NamespaceModel::PlaceNew(Call& call, const Target& target, std::unique_ptr<Node> node) {
  Outcome outcome;
  outcome.path = call.to;
  if (target.taken != nullptr) {
    outcome.path.back() = PickName(call, target, node->type, &outcome);
    outcome.renamed = true;
  }
  Node* parent = MakeParents(call, ParentOf(call.to));
  if (call.engine != nullptr && !node->id.Settle(call.engine->id)) {
    outcome.complaint = "the object id is not the one that it must be";
  }
  LogPlaced(call, *node, outcome);
  parent->children[outcome.path.back()] = std::move(node);
  parent->ChildrenChanged(call.now_ms);
  return outcome;
}

Outcome NamespaceModel::MakeDirectory(Call& call) {
  const Target target = LookUpTarget(call);
  const bool clash = target.taken != nullptr && call.request.strategy != Strategy::kRename;
  if (target.blocked || clash) return Fail({Code::kSameNameDirectoryOrFileExists});
  return PlaceNew(call, target, NewNode(EntryType::kDirectory, call.request.user, call.now_ms));
}

std::unique_ptr<Node> NamespaceModel::LoadedTree(const Request& request, int64_t now_ms) const {
  std::unique_ptr<Node> tree = SourceOf(request)->Clone();
  ForgetIdentity(tree.get());
  ContentId next = request.content.id.value();
  MakeLoaded(tree.get(), request.user, now_ms, &next);
  return tree;
}

Outcome NamespaceModel::Load(Call& call) {
  const Target target = LookUpTarget(call);
  const bool clash = target.taken != nullptr && call.request.strategy != Strategy::kRename;
  if (target.blocked || clash) return Fail({Code::kSameNameDirectoryOrFileExists});
  return PlaceNew(call, target, LoadedTree(call.request, call.now_ms));
}

Outcome NamespaceModel::Put(Call& call) {
  const Target target = LookUpTarget(call);
  if (target.blocked) return Fail({Code::kSameNameDirectoryOrFileExists});
  if (!target.complete) return Fail({Code::kDirectoryNotFound});
  const Strategy strategy = call.request.strategy;
  const bool overwrites = target.taken != nullptr && strategy == Strategy::kOverwrite;
  if ((overwrites && !target.taken->is_file()) ||
      (target.taken != nullptr && strategy == Strategy::kAsk)) {
    return Fail({Code::kSameNameDirectoryOrFileExists});
  }
  auto node = NewNode(EntryType::kFile, call.request.user, call.now_ms);
  node->content = call.request.content;
  node->attributes = call.request.attributes;
  if (call.engine != nullptr) node->version = call.engine->seq;
  if (!overwrites) return PlaceNew(call, target, std::move(node));

  Node* file = target.taken;
  if (SurelyDiffer(file->content, node->content) && file->etag.known()) {
    file->stale_etag = file->etag.value();
  }
  file->etag = {};
  KeepVersion(call, file);
  file->content = node->content;
  file->version = node->version;
  file->attributes = node->attributes;
  file->modification_ms = call.now_ms;
  target.parent->ChildReplaced(call.now_ms);
  Outcome outcome;
  outcome.path = call.to;
  outcome.overwritten = true;
  if (call.engine != nullptr && !file->id.Settle(call.engine->id)) {
    outcome.complaint = "overwriting changed the object id";
  }
  LogPlaced(call, *file, outcome);
  return outcome;
}

std::unique_ptr<Node> NamespaceModel::TakeOut(Call& call) {
  Node* parent = Below(FromRoot(call.request), ParentOf(call.from));
  const auto at = parent->children.find(call.from.back());
  std::unique_ptr<Node> node = std::move(at->second);
  parent->children.erase(at);
  parent->ChildrenChanged(call.now_ms);
  return node;
}

Outcome NamespaceModel::Transfer(Call& call) {
  if (FromRoot(call.request) == nullptr) return Fail({Code::kSnapshotNotFound});
  Node* source = SourceOf(call.request);
  const Only only = call.request.only;
  if (source == nullptr) return Fail({SourceMissing(only)});
  if (only == Only::kDirectory && source->is_file()) return Fail({Code::kInvalidSourceDirectory});
  if (only == Only::kFile && !source->is_file()) return Fail({Code::kInvalidSourceFile});
  return source->is_file() ? TransferFile(call, source) : TransferDirectory(call, source);
}

Outcome NamespaceModel::TransferFile(Call& call, Node* source) {
  const Target target = LookUpTarget(call);
  if (target.blocked) return Fail({Code::kSameNameDirectoryOrFileExists});
  if (!target.complete) return Fail({Code::kDirectoryNotFound});
  const Strategy strategy = call.request.strategy;
  const bool overwrites = target.taken != nullptr && strategy == Strategy::kOverwrite;
  if ((overwrites && !target.taken->is_file()) ||
      (target.taken != nullptr && strategy == Strategy::kAsk)) {
    return Fail({Code::kSameNameDirectoryOrFileExists});
  }
  if (overwrites) return OverwriteWith(call, target, source);
  return call.request.kind == Kind::kMove ? MoveTo(call, target, source)
                                          : CopyTo(call, target, source);
}

Outcome NamespaceModel::TransferDirectory(Call& call, Node* source) {
  const bool moves = call.request.kind == Kind::kMove;
  const Target target = LookUpTarget(call);
  std::vector<Code> errors;
  // Only with Only::kEither: else it was refused before anything was looked up.
  if (call.request.strategy == Strategy::kOverwrite) {
    errors.push_back(Code::kInvalidConflictResolutionStrategy);
  }
  if (moves && call.request.space == call.request.from_space && IsBelow(call.to, call.from)) {
    errors.push_back(Code::kSourceDirectoryIsParentOfDestination);
  }
  const bool clash = target.taken != nullptr && call.request.strategy != Strategy::kRename;
  if (target.blocked || clash) errors.push_back(Code::kSameNameDirectoryOrFileExists);
  if (!errors.empty()) return Fail(std::move(errors));
  return moves ? MoveTo(call, target, source) : CopyTo(call, target, source);
}

Outcome NamespaceModel::CopyTo(Call& call, const Target& target, Node* source) {
  std::unique_ptr<Node> copy = source->Clone();
  ForgetIdentity(copy.get());
  copy->creator = call.request.user;
  copy->creation_ms = call.now_ms;
  return PlaceNew(call, target, std::move(copy));
}

Outcome NamespaceModel::MoveTo(Call& call, const Target& target, Node* source) {
  Outcome outcome;
  outcome.path = call.to;
  if (target.taken != nullptr) {
    outcome.path.back() = PickName(call, target, source->type, &outcome);
    outcome.renamed = true;
    outcome.unchanged = source == target.parent->Child(outcome.path.back());
  }
  if (call.engine != nullptr && !source->id.Settle(call.engine->id)) {
    outcome.complaint = "moving changed the object id";
  }
  if (outcome.unchanged) {
    target.parent->ChildReplaced(call.now_ms);
    return outcome;
  }
  std::unique_ptr<Node> node = TakeOut(call);
  Node* parent = MakeParents(call, ParentOf(call.to));
  LogPlaced(call, *node, outcome);
  parent->children[outcome.path.back()] = std::move(node);
  parent->ChildrenChanged(call.now_ms);
  return outcome;
}

Outcome NamespaceModel::OverwriteWith(Call& call, const Target& target, Node* source) {
  Outcome outcome;
  outcome.path = call.to;
  outcome.unchanged = source == target.taken;
  if (!outcome.unchanged && !target.taken->versions.empty()) {
    return Fail({Code::kOverwriteFileNotAllowed});
  }
  target.parent->ChildReplaced(call.now_ms);
  if (outcome.unchanged) return outcome;
  outcome.overwritten = true;

  std::unique_ptr<Node> node = source->Clone();
  const Node& replaced = *target.taken;
  if (call.request.kind != Kind::kCopy) {  // the contract does not say whose identity stays
    node->id = Guess<ObjectId>::Either(node->id, replaced.id);
    node->creator = Guess<std::string>::Either(node->creator, replaced.creator);
    node->creation_ms = Guess<int64_t>::Either(node->creation_ms, replaced.creation_ms);
    TakeOut(call);
  } else {
    node->id = replaced.id;
    node->creator = replaced.creator;
    node->creation_ms = replaced.creation_ms;
    node->versions.clear();
  }
  node->etag = {};
  node->stale_etag.reset();
  if (call.engine != nullptr && !node->id.Settle(call.engine->id)) {
    outcome.complaint = "overwriting changed the object id";
  }
  LogPlaced(call, *node, outcome);
  target.parent->children[call.to.back()] = std::move(node);
  return outcome;
}

Outcome NamespaceModel::Delete(Call& call) {
  Node* parent = Find(call.request.space, ParentOf(call.to));
  if (parent == nullptr || parent->Child(call.to.back()) == nullptr) {
    return Fail({Code::kPathNotFound});
  }
  const auto at = parent->children.find(call.to.back());
  const bool is_file = at->second->is_file();
  if (call.request.only == (is_file ? Only::kDirectory : Only::kFile)) {
    return Fail({Code::kFileTypeNotMatched});
  }
  std::unique_ptr<Node> node = std::move(at->second);
  parent->children.erase(at);
  parent->ChildrenChanged(call.now_ms);
  if (!call.request.permanent && BinIsOn(call.request.space)) return Recycle(call, std::move(node));
  Outcome outcome;
  outcome.path = call.to;
  if (call.engine != nullptr && call.engine->recycled_item != 0) {
    outcome.complaint = "it went to the recycle bin";
  }
  Log(call, call.request.space, ChangeKind::kDeleted, *node, call.to);
  return outcome;
}

Outcome NamespaceModel::SetAttributes(Call& call) {
  Node* node = Find(call.request.space, call.to);
  if (node == nullptr) return Fail({Code::kPathNotFound});
  const Attributes& wanted = call.request.attributes;
  if (call.request.in_part) {
    Attributes& kept = node->attributes;
    for (const auto& [key, value] : wanted.metadata) kept.metadata[key] = value;
    if (!wanted.labels.empty()) kept.labels = wanted.labels;
    kept.category = wanted.category;
    if (!wanted.local_modification_time.empty()) {
      kept.local_modification_time = wanted.local_modification_time;
    }
  } else {
    node->attributes = wanted;
  }
  Log(call, call.request.space, ChangeKind::kAttributesSet, *node, call.to);
  Outcome outcome;
  outcome.path = call.to;
  return outcome;
}

// ---- comparing ---------------------------------------------------------------------------------
namespace {

template <typename T>
std::string Text(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else if constexpr (requires { value.Hex(); }) {
    return value.Hex();
  } else {
    return std::to_string(value);
  }
}

// Collects what differs; says nothing for what fits.
class Differences {
 public:
  template <typename T>
  void Expect(const char* field, const T& model, const T& engine) {
    if (model != engine) Add(field, Text(model), Text(engine));
  }
  template <typename T>
  void Expect(const char* field, Guess<T>* model, const T& engine) {
    if (!model->Settle(engine)) Add(field, Text(model->value()), Text(engine));
  }
  void Add(const char* field, const std::string& model, const std::string& engine) {
    Note(std::string(field) + " is " + engine + ", should be " + model + "; ");
  }
  void Note(const std::string& difference) { text_ += difference; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void CompareDirectory(const Node& node, const Stat& stat, Differences* differences) {
  const RecursiveTotals& totals = node.Totals();
  uint64_t files = 0;
  for (const auto& [name, child] : node.children) files += child->is_file() ? 1 : 0;
  differences->Expect("bytes", totals.bytes, stat.totals.bytes);
  differences->Expect("files", totals.files, stat.totals.files);
  differences->Expect("directories", totals.directories, stat.totals.directories);
  differences->Expect("child files", files, stat.child_files);
  differences->Expect("child directories", node.children.size() - files, stat.child_directories);
}

std::string CompareWalked(Node* root, const WalkEntry& entry, std::set<ObjectId>* ids) {
  Node* node = root;
  for (const std::string& name : entry.path) {
    node = node->Child(name);
    if (node == nullptr) return "should not exist";
  }
  if (entry.path.empty() || entry.stat.name != entry.path.back()) return "has a wrong name";
  if (!ids->insert(entry.stat.id).second) return "has an object id that another entry has too";
  return CompareStat(node, entry.stat);
}

bool Precedes(const std::string& a, const std::string& b, bool descending) {
  return descending ? b < a : a < b;
}

}  // namespace

std::string CompareStat(Node* node, const Stat& stat) {
  Differences differences;
  if (node->type != stat.type) return "is of the wrong type";
  differences.Expect("id", &node->id, stat.id);
  differences.Expect("creator", &node->creator, stat.creator);
  differences.Expect("creation time", &node->creation_ms, stat.creation_time_ms);
  differences.Expect("modification time", &node->modification_ms, stat.modification_time_ms);
  if (node->attributes != stat.attributes.Unpack()) differences.Note("the attributes differ; ");
  if (node->stale_etag == stat.Etag()) differences.Add("etag", "a new one", stat.Etag());
  differences.Expect("etag", &node->etag, stat.Etag());
  node->stale_etag.reset();
  if (node->is_file()) {
    differences.Expect("size", node->content.size, stat.size);
    differences.Expect("content", &node->content.id, stat.content);
    differences.Expect("version", &node->version, stat.version);
  } else {
    CompareDirectory(*node, stat, &differences);
  }
  return differences.text();
}

std::string CompareTree(const Space& space, Node* root, const ReadOptions& options) {
  std::set<ObjectId> ids;
  std::string difference;
  size_t seen = 0;
  const auto visit = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
    ++seen;
    difference = CompareWalked(root, entry, &ids);
    if (difference.empty()) return WalkStep::kGoOn;
    difference = "'" + JoinPath(entry.path) + "' " + difference;
    return WalkStep::kStop;
  };
  const absl::Status status = space.Walk("", visit, options);
  if (!status.ok()) return "walk failed: " + status.ToString();
  if (!difference.empty()) return difference;
  const size_t expected = CountBelow(*root);
  if (seen == expected) return "";
  return "walk found " + std::to_string(seen) + " of " + std::to_string(expected) + " entries";
}

std::vector<std::string> ExpectedNames(const Node& directory, const ListOptions& options) {
  std::vector<std::pair<bool, std::string>> found;  // whether it is a file, the name
  for (const auto& [name, child] : directory.children) {
    if (options.filter == ListFilter::kOnlyDirectories && child->is_file()) continue;
    if (options.filter == ListFilter::kOnlyFiles && !child->is_file()) continue;
    const std::string& after = options.start_after;
    if (!after.empty() && !Precedes(after, name, options.descending)) continue;
    if (name.starts_with(options.prefix)) found.emplace_back(child->is_file(), name);
  }
  const bool mixed = options.order != ListOrder::kDirectoriesFirst;
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    if (!mixed && a.first != b.first) return b.first;
    return Precedes(a.second, b.second, options.descending);
  });
  std::vector<std::string> names;
  for (auto& [is_file, name] : found) names.push_back(std::move(name));
  return names;
}

}  // namespace marcot::testing

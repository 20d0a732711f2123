#include "differential/runner.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "differential/text.h"

namespace marcot::testing {
namespace {

using Kind = Request::Kind;
using Only = BatchItem::Only;

constexpr size_t kMaxEntries = 240;
constexpr size_t kMaxLevels = 14;
constexpr size_t kMaxSnapshots = 3;
constexpr size_t kStreamFrom = 64 * 1024;  // larger puts go in as streams
constexpr size_t kMaxReleased = 1000;      // the default limit of ReleasedContents
constexpr size_t kReadEvery = 8;           // a comparison reads one file in so many

struct SpaceName {
  const char* library;
  const char* space;
};
constexpr std::array<SpaceName, 4> kSpaces = {
    {{"default", "-"}, {"default", "second"}, {"other", "main"}, {"other", "side-2"}}};

StoreOptions OptionsOf(uint64_t seed, const ManualClock& clock) {
  StoreOptions options = TestOptions();
  options.clock_ms = clock.function();
  options.memtable_bytes = 2u << 20;  // small: less for a reopen to play again
  if (seed % 4 == 1) options.record_cache_bytes = 64 * 1024;  // next to no cache
  if (seed % 4 == 2) options.memtable_bytes = 1u << 20;       // flushes often
  if (seed % 4 == 3) options.record_cache_bytes = 0;
  return options;
}

// Flushes to a disk would take a third of the time and test nothing here: in memory if there is
// room, unless somebody asked for another place.
std::filesystem::path StoreFolder() {
  const std::filesystem::path memory = "/dev/shm";
  constexpr uintmax_t kRoom = 256u << 20;
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(memory, error);
  const bool usable = !error && space.available >= kRoom && std::getenv("TMPDIR") == nullptr;
  return usable ? memory : std::filesystem::temp_directory_path();
}

bool HasPlaced(const Request& request) {
  return request.kind <= Kind::kDelete || request.kind == Kind::kRestore ||
         request.kind == Kind::kSetLatestVersion || request.kind == Kind::kLoad;
}

OperationOptions OptionsOf(const Request& request) {
  OperationOptions options;
  options.strategy = request.strategy;
  options.user = request.user;
  return options;
}

AttributeChanges ChangesOf(const Attributes& attributes) {
  AttributeChanges changes;
  changes.metadata = attributes.metadata;
  changes.category = attributes.category;
  if (!attributes.labels.empty()) changes.labels = attributes.labels;
  if (!attributes.local_modification_time.empty()) {
    changes.local_modification_time = attributes.local_modification_time;
  }
  return changes;
}

ContentRef ReferenceOf(const Request& request) {
  return {request.content.id.value(), request.content.size, request.unique_id};
}

ByteSource SourceOf(const std::string& bytes) {
  return [rest = std::string_view(bytes)](char* buffer,
                                          size_t capacity) mutable -> absl::StatusOr<size_t> {
    const size_t count = std::min(capacity, rest.size());
    std::memcpy(buffer, rest.data(), count);
    rest.remove_prefix(count);
    return count;
  };
}

bool Contains(const std::vector<Code>& codes, Code code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string ComparePlaced(const Outcome& model, const Placed& engine) {
  if (model.path != engine.path) {
    return "placed at '" + JoinPath(engine.path) + "', not at '" + JoinPath(model.path) + "'";
  }
  if (model.renamed != engine.renamed) return "`renamed` is wrong";
  if (!model.unchanged && model.overwritten != engine.overwritten) return "`overwritten` is wrong";
  return model.complaint;
}

bool InOrder(const Stat& a, const Stat& b, ListOrder order) {
  const auto size = [](const Stat& stat) {
    return stat.type == EntryType::kFile ? stat.size : stat.totals.bytes;
  };
  if (order == ListOrder::kModificationTime)
    return a.modification_time_ms <= b.modification_time_ms;
  if (order == ListOrder::kCreationTime) return a.creation_time_ms <= b.creation_time_ms;
  if (order == ListOrder::kLocalCreationTime) {
    return a.attributes.Unpack().local_creation_time <= b.attributes.Unpack().local_creation_time;
  }
  return size(a) <= size(b);
}

bool ByName(ListOrder order) {
  return order == ListOrder::kDirectoriesFirst || order == ListOrder::kName;
}

std::string CompareListed(const Node& directory, const ListOptions& options,
                          const std::vector<Stat>& entries) {
  std::vector<std::string> names;
  for (const Stat& stat : entries) names.push_back(stat.name);
  std::vector<std::string> expected = ExpectedNames(directory, options);
  if (!ByName(options.order)) {
    for (size_t i = 1; i < entries.size(); ++i) {
      const Stat& first = entries[options.descending ? i : i - 1];
      const Stat& second = entries[options.descending ? i - 1 : i];
      if (!InOrder(first, second, options.order)) return "listed in a wrong order";
    }
    std::sort(names.begin(), names.end());
    std::sort(expected.begin(), expected.end());
  }
  if (names == expected) return "";
  return "listed " + JoinPath(names) + " instead of " + JoinPath(expected);
}

}  // namespace

size_t Runner::spaces() { return kSpaces.size(); }

Runner::Runner(uint64_t seed)
    : store_(OptionsOf(seed, clock_), StoreFolder()), model_(kSpaces.size(), store_.options()) {
  if (!store_->CreateLibrary("other").ok()) Die("cannot create a library");
  for (size_t i = 1; i < kSpaces.size(); ++i) {
    if (!store_->CreateSpace(kSpaces[i].library, kSpaces[i].space).ok()) {
      Die("cannot create a space");
    }
  }
  OpenSpaces();
  cursors_.resize(kSpaces.size());
}

void Runner::OpenSpaces() {
  handles_.clear();
  for (const SpaceName& name : kSpaces) {
    handles_.push_back(store_.OpenSpace(name.library, name.space));
  }
}

std::string Runner::Run(const Op& recorded) {
  clock_.Advance(1);
  Op op = recorded;
  for (Request& request : op.requests) request = Resolved(std::move(request));
  // Changes are counted where they are compared.
  const bool idle = (op.kind == Op::Kind::kContinueListing && !listing_) ||
                    (op.kind == Op::Kind::kContinueSearch && !searching_) ||
                    (op.kind == Op::Kind::kCheckSnapshot && op.number >= snapshots_.size());
  if (op.requests.empty() && !idle) ++operations_;
  switch (op.kind) {
    case Op::Kind::kRequest:
      return TooLarge(op) ? "" : RunRequest(op.requests[0]);
    case Op::Kind::kAtomic:
      return TooLarge(op) ? "" : RunAtomic(op);
    case Op::Kind::kEach:
      return TooLarge(op) ? "" : RunEach(op);
    case Op::Kind::kList:
      return RunList(op);
    case Op::Kind::kBeginListing:
      return BeginListing(op);
    case Op::Kind::kContinueListing:
      return ContinueListing();
    case Op::Kind::kDiff:
      return RunDiff(op);
    case Op::Kind::kSearch:
      return RunSearch(op);
    case Op::Kind::kBeginSearch:
      return BeginSearch(op);
    case Op::Kind::kContinueSearch:
      return ContinueSearch();
    case Op::Kind::kFindObject:
      return FindObject(op);
    case Op::Kind::kTakeSnapshot:
      return TakeSnapshot();
    case Op::Kind::kCheckSnapshot:
      return CheckSnapshot(op.number);
    case Op::Kind::kCompare: {
      std::string wrong = CompareAll(&model_, nullptr);
      return wrong.empty() ? CompareFacts() : wrong;
    }
    case Op::Kind::kReclaimSteps: {
      const absl::StatusOr<bool> more = store_->ReclaimSteps(op.number);
      return more.ok() ? "" : "reclaim failed: " + CodeText(more.status());
    }
    case Op::Kind::kDrain:
      return Drain();
    case Op::Kind::kSettleContents:
      return SettleContents();
    case Op::Kind::kReopen:
      return Reopen();
    case Op::Kind::kRecreateSpace:
      return RecreateSpace(op.number);
    case Op::Kind::kAdvance:
      clock_.Advance(static_cast<int64_t>(op.number));
      return "";
  }
  return "";
}

// A copy into itself doubles; what would outgrow a quick comparison is left out. That depends on
// the model alone, so a replay leaves out the same.
bool Runner::TooLarge(const Op& op) const {
  const size_t share = op.requests.size() > 1 ? 4 : 1;
  size_t entries = model_.CountEntries();
  for (const Request& request : op.requests) {
    const size_t levels = SplitPath(request.path).size();
    if (levels > kMaxLevels) return true;
    const Node* source = model_.SourceOf(request);
    if (source == nullptr || source == &model_.root(request.from_space)) continue;
    if (levels + source->Height() > kMaxLevels / (share > 1 ? 2 : 1)) return true;
    const RecursiveTotals& totals = source->Totals();
    const size_t below = totals.files + totals.directories;
    const bool adds = request.kind == Kind::kCopy || request.kind == Kind::kRestore ||
                      request.kind == Kind::kLoad;
    entries += adds ? share * below : 0;
  }
  return entries > kMaxEntries;
}

// ---- changes -----------------------------------------------------------------------------------

std::string Runner::RunRequest(const Request& request) {
  if (request.stored) return RunPutStored(request);
  if (request.kind == Kind::kLoad) return RunLoad(request);
  std::string wrong = Judge(request, Call(request));
  return wrong.empty() ? CheckTotals(request) : wrong;
}

std::string Runner::RunPutStored(Request request) {
  const Node* const source = model_.Find(request.from_space, request.from);
  if (source == nullptr || !source->is_file() || !source->content.bytes) return "";
  request.content = source->content;
  std::string wrong = Judge(request, CallPutStored(request));
  return wrong.empty() ? CheckTotals(request) : wrong;
}

// By the path of a file that holds the content, in a batch, or by the content's id.
absl::StatusOr<Placed> Runner::CallPutStored(const Request& request) {
  const bool by_path = request.path.size() % 2 == 0;
  if (by_path) {
    BatchItem item = ToItem(request);
    item.kind = BatchItem::Kind::kPutStored;
    item.bytes.clear();
    auto placed = store_->RunEach({&item, 1});
    return placed.ok() ? std::move((*placed)[0]) : placed.status();
  }
  const absl::StatusOr<Stat> stat = handles_[request.from_space].GetStat(request.from);
  if (!stat.ok()) return stat.status();
  PutOptions options;
  options.strategy = request.strategy;
  options.user = request.user;
  options.attributes = request.attributes;
  const ContentRef content{.id = stat->content, .size = stat->size};
  return handles_[request.space].PutStored(request.path, content, options);
}

absl::StatusOr<Placed> Runner::Call(const Request& request) {
  const Space& space = handles_[request.space];
  const Space& from = handles_[request.from_space];
  const OperationOptions options = OptionsOf(request);
  const bool directory = request.only == Only::kDirectory;
  absl::Status status;
  switch (request.kind) {
    case Kind::kMakeDirectory:
      return space.MakeDirectory(request.path, options);
    case Kind::kPut:
    case Kind::kPutReference:
      return CallPut(request);
    case Kind::kCopy:
      if (!request.snapshot.empty()) {
        return from.CopyFromSnapshot(request.snapshot, request.from, request.path, options);
      }
      return directory ? space.CopyDirectory(from, request.from, request.path, options)
                       : space.CopyFile(from, request.from, request.path, options);
    case Kind::kMove:
      return directory ? space.MoveDirectory(from, request.from, request.path, options)
                       : space.MoveFile(from, request.from, request.path, options);
    case Kind::kDelete: {
      DeleteOptions how;
      how.user = request.user;
      how.permanent = request.permanent;
      if (request.only == Only::kEither) return space.Delete(request.path, how);
      return directory ? space.DeleteDirectory(request.path, how)
                       : space.DeleteFile(request.path, how);
    }
    case Kind::kSetAttributes:
      status = request.in_part
                   ? space.ChangeAttributes(request.path, ChangesOf(request.attributes), options)
                   : space.SetAttributes(request.path, request.attributes, options);
      break;
    default:
      return CallMore(request);
  }
  if (!status.ok()) return status;
  return Placed{};
}

absl::StatusOr<Placed> Runner::CallPut(const Request& request) {
  const Space& space = handles_[request.space];
  PutOptions options;
  options.strategy = request.strategy;
  options.user = request.user;
  options.attributes = request.attributes;
  if (request.kind == Kind::kPutReference) {
    return space.PutReference(request.path, ReferenceOf(request), options);
  }
  const std::string& bytes = *request.content.bytes;
  if (bytes.size() >= kStreamFrom) return space.Put(request.path, SourceOf(bytes), options);
  return space.Put(request.path, std::string_view(bytes), options);
}

BatchItem Runner::ToItem(const Request& request) const {
  BatchItem item;
  item.kind = static_cast<BatchItem::Kind>(request.kind);
  item.space = handles_[request.space];
  item.path = request.path;
  if (request.from_space != request.space) item.from_space = handles_[request.from_space];
  item.from = request.from;
  item.only = request.only;
  if (request.kind == Kind::kPut) item.bytes = *request.content.bytes;
  if (request.kind == Kind::kPutReference) item.content = ReferenceOf(request);
  item.attributes = request.attributes;
  if (request.in_part) {
    item.kind = BatchItem::Kind::kChangeAttributes;
    item.attributes = {};
    item.changes = std::make_shared<const AttributeChanges>(ChangesOf(request.attributes));
  }
  item.options = OptionsOf(request);
  item.permanent = request.permanent;
  item.missing_parents = request.missing_parents;
  item.from_tree.named_snapshot = request.snapshot;
  const bool in_bin = request.kind == Kind::kRestore || request.kind == Kind::kPurge;
  if (in_bin) item.item = request.id;
  return item;
}

// Does on the model what the engine did, and compares the answers and what is at the path now.
std::string Runner::Judge(const Request& request, const absl::StatusOr<Placed>& engine) {
  const bool placed = engine.ok() && HasPlaced(request);
  ++operations_;
  const Outcome outcome = model_.Apply(request, clock_.now_ms(), engine.ok() ? &*engine : nullptr);
  if (engine.ok() != outcome.ok()) {
    return engine.ok() ? "succeeded, should be " + CodesText(outcome.errors)
                       : "failed with " + CodeText(engine.status());
  }
  if (!outcome.ok()) {
    const bool allowed = Contains(outcome.errors, CodeOf(engine.status()));
    return allowed ? CheckPath(request.space, request.path)
                   : "failed with " + CodeText(engine.status()) + " instead of " +
                         CodesText(outcome.errors);
  }
  if (request.kind == Kind::kPutReference) ever_held_.insert(request.content.id.value());
  if (placed) {
    std::string wrong = ComparePlaced(outcome, *engine);
    if (!wrong.empty()) return wrong;
    if (!outcome.unchanged && engine->seq <= last_seq_) return "`seq` did not grow";
    last_seq_ = std::max(last_seq_, engine->seq);
  }
  if (engine.ok()) FollowChanges(request);
  return CheckPath(request.space, JoinPath(outcome.path));
}

std::string Runner::CheckPath(size_t space, const std::string& path) {
  const absl::StatusOr<Stat> stat = handles_[space].GetStat(path);
  Node* node = model_.Find(space, path);
  if (node == nullptr) return stat.ok() ? "'" + path + "' exists" : "";
  if (!stat.ok()) return "'" + path + "' cannot be read: " + CodeText(stat.status());
  std::string wrong = CompareStat(node, *stat);
  if (wrong.empty()) wrong = CheckContent(*node, *stat);
  return wrong.empty() ? "" : "'" + path + "' " + wrong;
}

std::string Runner::CheckContent(const Node& node, const Stat& stat) {
  if (!node.content.bytes || node.content.size >= kStreamFrom) return "";
  const auto [known, added] = content_ids_.emplace(*node.content.bytes, stat.content);
  return known->second == stat.content ? "" : "has another content id than equal bytes have";
}

std::string Runner::CheckTotals(const Request& request) {
  for (const size_t space : std::set{request.space, request.from_space}) {
    const absl::StatusOr<RecursiveTotals> totals = handles_[space].GetTotals("");
    if (!totals.ok()) return "totals failed: " + CodeText(totals.status());
    if (*totals != model_.root(space).Totals()) {
      return "the totals of space " + std::to_string(space) + " are wrong";
    }
  }
  if (++reads_ % kReadEvery != 0) return "";
  std::string wrong = CheckUsage(request.space);
  return wrong.empty() ? CheckChanges(request.space) : wrong;
}

std::string Runner::RunAtomic(const Op& op) {
  std::vector<BatchItem> items;
  for (const Request& request : op.requests) items.push_back(ToItem(request));
  const absl::StatusOr<std::vector<Placed>> placed = store_->RunAtomically(items);
  if (!placed.ok()) return CheckFailedBatch(op, placed.status());
  if (placed->size() != items.size()) return "answers and items differ in number";
  for (size_t i = 0; i < items.size(); ++i) {
    const Request& request = op.requests[i];
    ++operations_;
    const Outcome outcome = model_.Apply(request, clock_.now_ms(), &(*placed)[i]);
    if (!outcome.ok()) return "item " + std::to_string(i) + " should fail";
    if (request.kind == Kind::kPutReference) ever_held_.insert(request.content.id.value());
    std::string wrong = ComparePlaced(outcome, (*placed)[i]);
    if (!wrong.empty()) return "item " + std::to_string(i) + ": " + wrong;
    last_seq_ = std::max(last_seq_, (*placed)[i].seq);
  }
  for (const Request& request : op.requests) {
    std::string wrong = CheckPath(request.space, request.path);
    if (wrong.empty()) wrong = CheckTotals(request);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

// Plays the batch on a copy of the model up to the item that fails. Where a name was open to the
// engine's choice, the items after it cannot be foretold.
std::string Runner::CheckFailedBatch(const Op& op, const absl::Status& status) {
  std::set<size_t> touched;
  for (const Request& request : op.requests) touched.insert({request.space, request.from_space});
  NamespaceModel scratch(model_, touched);
  for (size_t i = 0; i < op.requests.size(); ++i) {
    ++operations_;
    const Outcome outcome = scratch.Apply(op.requests[i], clock_.now_ms(), nullptr);
    if (outcome.free_choice) return CheckTotals(op.requests[0]);
    if (outcome.ok()) continue;
    if (!Contains(outcome.errors, CodeOf(status))) {
      return "failed with " + CodeText(status) + " instead of " + CodesText(outcome.errors);
    }
    const std::string prefix = "item " + std::to_string(i) + ": ";
    if (std::string(status.message()).rfind(prefix, 0) != 0) {
      return "the message does not begin with '" + prefix + "': " + std::string(status.message());
    }
    std::string wrong = CheckPath(op.requests[0].space, op.requests[0].path);
    return wrong.empty() ? CheckTotals(op.requests[0]) : wrong;
  }
  return "the batch failed with " + CodeText(status);
}

std::string Runner::RunEach(const Op& op) {
  std::vector<BatchItem> items;
  for (const Request& request : op.requests) items.push_back(ToItem(request));
  const absl::StatusOr<std::vector<absl::StatusOr<Placed>>> results = store_->RunEach(items);
  if (!results.ok()) return "failed with " + CodeText(results.status());
  if (results->size() != items.size()) return "answers and items differ in number";
  for (size_t i = 0; i < items.size(); ++i) {
    // The store is past all items already: only the last one's state can be looked at.
    const Request& request = op.requests[i];
    const absl::StatusOr<Placed>& result = (*results)[i];
    ++operations_;
    const Outcome outcome =
        model_.Apply(request, clock_.now_ms(), result.ok() ? &*result : nullptr);
    const std::string item = "item " + std::to_string(i) + " ";
    if (result.ok() != outcome.ok()) {
      return item + (result.ok() ? "succeeded, should be " + CodesText(outcome.errors)
                                 : "failed with " + CodeText(result.status()));
    }
    if (!outcome.ok() && !Contains(outcome.errors, CodeOf(result.status()))) {
      return item + "failed with " + CodeText(result.status());
    }
    if (!outcome.ok()) continue;
    if (request.kind == Kind::kPutReference) ever_held_.insert(request.content.id.value());
    std::string wrong = ComparePlaced(outcome, *result);
    if (!wrong.empty()) return item + wrong;
    last_seq_ = std::max(last_seq_, result->seq);
  }
  for (const Request& request : op.requests) {
    std::string wrong = CheckPath(request.space, request.path);
    if (wrong.empty()) wrong = CheckTotals(request);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

// ---- lists -------------------------------------------------------------------------------------

std::string Runner::CheckPage(const Node& directory, const Page& page) {
  uint64_t files = 0;
  for (const auto& [name, child] : directory.children) files += child->is_file() ? 1 : 0;
  if (page.total_files != files || page.total_directories != directory.children.size() - files) {
    return "the totals of a page are wrong";
  }
  for (const Stat& stat : page.entries) {
    Node* child = directory.Child(stat.name);
    if (child == nullptr) return "'" + stat.name + "' is listed but does not exist";
    std::string wrong = CompareStat(child, stat);
    if (!wrong.empty()) return "'" + stat.name + "' in a list " + wrong;
  }
  return "";
}

std::string Runner::RunList(const Op& op) {
  const Node* directory = model_.Find(op.space, op.path);
  ListOptions options = op.list;
  std::vector<Stat> entries;
  for (size_t pages = 0;; ++pages) {
    const absl::StatusOr<Page> page = handles_[op.space].List(op.path, options);
    if (directory == nullptr) {
      return CodeOf(page.status()) == Code::kPathNotFound ? "" : "should be PathNotFound";
    }
    if (directory->is_file()) {
      return CodeOf(page.status()) == Code::kFileTypeNotMatched ? ""
                                                                : "should be FileTypeNotMatched";
    }
    if (!page.ok()) return "failed with " + CodeText(page.status());
    if (page->entries.size() > options.limit) return "a page is longer than its limit";
    std::string wrong = CheckPage(*directory, *page);
    if (!wrong.empty()) return wrong;
    entries.insert(entries.end(), page->entries.begin(), page->entries.end());
    options.marker = page->marker;
    if (options.marker.empty()) return CompareListed(*directory, options, entries);
    if (pages > 10 * kMaxEntries) return "the list does not end";
  }
}

std::string Runner::BeginListing(const Op& op) {
  Node* directory = model_.Find(op.space, op.path);
  listing_.reset();
  if (directory == nullptr || directory->is_file()) return "";
  // Learns the ids: a name may go and come back as something else.
  std::string wrong = CheckPath(op.space, op.path);
  if (wrong.empty()) wrong = RunList({.space = op.space, .path = op.path, .list = {.limit = 1000}});
  if (!wrong.empty()) return wrong;
  listing_ = Listing{op.space, op.path, directory->id.value(), op.list, {}, {}};
  for (const std::string& name : ExpectedNames(*directory, op.list)) {
    listing_->stayed.emplace(name, directory->Child(name)->id.value());
  }
  return NextPage(*directory);
}

std::string Runner::ContinueListing() {
  if (!listing_) return "";
  Node* directory = model_.Find(listing_->space, listing_->path);
  const bool same =
      directory != nullptr && directory->id.known() && directory->id.value() == listing_->directory;
  if (!same) {
    listing_.reset();
    return "";
  }
  std::erase_if(listing_->stayed, [&](const auto& entry) {
    const Node* child = directory->Child(entry.first);
    return child == nullptr || !child->id.known() || child->id.value() != entry.second;
  });
  return NextPage(*directory);
}

std::string Runner::NextPage(const Node& directory) {
  const absl::StatusOr<Page> page =
      handles_[listing_->space].List(listing_->path, listing_->options);
  if (!page.ok()) return "a page with changes before it failed: " + CodeText(page.status());
  std::string wrong = CheckPage(directory, *page);
  if (!wrong.empty()) return wrong;
  for (const Stat& stat : page->entries) listing_->seen.insert(stat.name);
  listing_->options.marker = page->marker;
  return page->marker.empty() ? EndListing() : "";
}

std::string Runner::EndListing() {
  const Listing listing = *std::move(listing_);
  listing_.reset();
  for (const auto& [name, id] : listing.stayed) {
    if (listing.seen.count(name) != 1) {
      return "'" + name + "' was there all the time and was listed " +
             std::to_string(listing.seen.count(name)) + " times";
    }
  }
  return "";
}

// ---- the whole store ---------------------------------------------------------------------------

std::string Runner::CompareAll(NamespaceModel* model, const Snapshot* snapshot) {
  for (size_t space = 0; space < handles_.size(); ++space) {
    ReadOptions options;
    options.snapshot = snapshot;
    std::string wrong = CompareRoot(space, &model->root(space), options);
    if (wrong.empty()) wrong = CompareOtherTrees(model, space, snapshot);
    if (!wrong.empty()) return "space " + std::to_string(space) + ": " + wrong;
  }
  return "";
}

// A whole tree, or an item of the recycle bin that is a file.
std::string Runner::CompareRoot(size_t space, Node* root, const ReadOptions& options) {
  const absl::StatusOr<Stat> stat = handles_[space].GetStat("", options);
  if (!stat.ok()) return "the root cannot be read: " + CodeText(stat.status());
  std::string wrong = CompareStat(root, *stat);
  if (root->is_file()) {
    return wrong.empty() ? CheckBytesOf(handles_[space], root->content, "", options) : wrong;
  }
  if (wrong.empty()) wrong = CompareTree(handles_[space], root, options);
  Path path;
  return wrong.empty() ? CheckBytes(handles_[space], *root, &path, options) : wrong;
}

// One file in kReadEvery, from `directory` down.
std::string Runner::CheckBytes(const Space& space, const Node& directory, Path* path,
                               const ReadOptions& options) {
  for (const auto& [name, child] : directory.children) {
    path->push_back(name);
    std::string wrong;
    if (!child->is_file()) {
      wrong = CheckBytes(space, *child, path, options);
    } else if (++reads_ % kReadEvery == 0) {
      wrong = CheckBytesOf(space, child->content, JoinPath(*path), options);
    }
    if (!wrong.empty()) return wrong;
    path->pop_back();
  }
  return "";
}

std::string Runner::CheckBytesOf(const Space& space, const Content& content,
                                 const std::string& path, const ReadOptions& options) {
  if (!content.bytes) return "";
  const absl::StatusOr<std::string> bytes = space.Read(path, options);
  if (!bytes.ok()) return "'" + path + "' cannot be read: " + CodeText(bytes.status());
  return *bytes == *content.bytes ? "" : "'" + path + "' has wrong bytes";
}

std::string Runner::TakeSnapshot() {
  if (snapshots_.size() == kMaxSnapshots) snapshots_.erase(snapshots_.begin());
  snapshots_.push_back({store_->TakeSnapshot(), model_});
  return snapshots_.back().snapshot->seq() < last_seq_ ? "the snapshot is older than it may be"
                                                       : "";
}

std::string Runner::CheckSnapshot(size_t which) {
  if (which >= snapshots_.size()) return "";
  std::string wrong = CompareAll(&snapshots_[which].model, snapshots_[which].snapshot.get());
  snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(which));
  return wrong.empty() ? "" : "in a snapshot: " + wrong;
}

std::string Runner::Drain() {
  const absl::Status status = store_->ReclaimUntilIdle();
  if (!status.ok()) return "reclaim failed: " + CodeText(status);
  const absl::StatusOr<std::vector<std::string>> broken = store_->CheckInvariants();
  if (!broken.ok()) return "the check failed: " + CodeText(broken.status());
  if (!broken->empty()) return "an invariant is broken: " + broken->front();
  const absl::StatusOr<StoreStats> stats = store_->GetStats();
  if (!stats.ok()) return "stats failed: " + CodeText(stats.status());
  if (stats->reclaim_backlog != 0) return "a drained reclaim has a backlog";
  std::vector<ContentId> released;
  return CheckReleased(&released);
}

// A file that was deleted from a copy is still held by what the copy is read through, until that is
// flattened. So a content nobody shows may be released or not, but one that is shown must not; and
// when nothing is left (`Finish`), all of them are.

std::string Runner::CheckReleased(std::vector<ContentId>* released) {
  const absl::StatusOr<std::vector<ContentId>> answer = store_->ReleasedContents();
  if (!answer.ok()) return "released contents failed: " + CodeText(answer.status());
  *released = *answer;
  const std::set<ContentId> held = model_.HeldReferences();
  std::vector<ContentId> expected;
  std::set_difference(ever_held_.begin(), ever_held_.end(), held.begin(), held.end(),
                      std::back_inserter(expected));
  const bool too_many =
      !std::includes(expected.begin(), expected.end(), released->begin(), released->end());
  const bool too_few =
      model_.empty() && released->size() != std::min(expected.size(), kMaxReleased);
  if (!too_many && !too_few) return "";
  return "released contents are " + std::to_string(released->size()) + ", should be " +
         std::to_string(expected.size());
}

std::string Runner::SettleContents() {
  std::vector<ContentId> released;
  std::string wrong = Drain();
  if (wrong.empty()) wrong = CheckReleased(&released);
  if (!wrong.empty()) return wrong;
  const absl::StatusOr<std::vector<ContentId>> claimed = store_->CondemnContents(released);
  if (!claimed.ok()) return "condemn failed: " + CodeText(claimed.status());
  if (*claimed != released) return "not every released content could be condemned";
  if (!released.empty()) {
    const absl::StatusOr<Placed> refused = handles_[0].PutReference("condemned", {released[0], 1});
    if (CodeOf(refused.status()) != Code::kContentCondemned) return "put of a condemned content";
  }
  const absl::Status status = store_->AcknowledgeContents(released);
  if (!status.ok()) return "acknowledge failed: " + CodeText(status);
  for (const ContentId& id : released) ever_held_.erase(id);
  return Drain();
}

std::string Runner::Reopen() {
  listing_.reset();
  searching_.reset();
  snapshots_.clear();
  handles_.clear();
  store_.Reopen();
  OpenSpaces();
  return CompareAll(&model_, nullptr);
}

std::string Runner::RecreateSpace(size_t space) {
  listing_.reset();
  searching_.reset();
  snapshots_.clear();
  const auto [library, name] = kSpaces[space];
  for (size_t i = 0; i < model_.quotas().size(); ++i) {
    if (!model_.quotas()[i].spaces.contains(space)) continue;
    Request request;
    request.kind = Kind::kDeleteQuota;
    request.space = request.from_space = *model_.quotas()[i].spaces.begin();
    request.index = i;
    std::string wrong = RunRequest(Resolved(request));
    if (!wrong.empty()) return wrong;
    break;
  }
  const bool bare = model_.bin(space).children.empty() && model_.facts(space).snapshots.empty();
  const absl::Status refused = store_->DeleteSpace(library, name);
  const Code expected = model_.root(space).children.empty() ? Code::kOk : Code::kSpaceNotEmpty;
  const bool allowed =
      CodeOf(refused) == expected || (!bare && CodeOf(refused) == Code::kSpaceNotEmpty);
  if (!allowed) return "deleting a space answered " + CodeText(refused);
  const absl::Status status = refused.ok() ? refused : store_->DeleteSpace(library, name, true);
  if (!status.ok()) return "deleting a space by force failed: " + CodeText(status);
  if (CodeOf(handles_[space].GetStat("").status()) != Code::kSpaceNotFound) {
    return "a deleted space still answers";
  }
  absl::StatusOr<Space> created = store_->CreateSpace(library, name);
  if (!created.ok()) return "creating a space again failed: " + CodeText(created.status());
  handles_[space] = *std::move(created);
  model_.ClearSpace(space);
  cursors_[space].clear();
  return CompareAll(&model_, nullptr);
}

std::string Runner::Finish() {
  std::string wrong = CompareAll(&model_, nullptr);
  if (wrong.empty()) wrong = CompareFacts();
  while (wrong.empty() && !snapshots_.empty()) wrong = CheckSnapshot(0);
  for (size_t space = 0; space < handles_.size(); ++space) {
    Request request;
    request.space = request.from_space = space;
    request.permanent = true;
    request.kind = Kind::kDelete;
    while (wrong.empty() && !model_.root(space).children.empty()) {
      request.path = model_.root(space).children.begin()->first;
      wrong = RunRequest(request);
    }
    request.path.clear();
    request.kind = Kind::kEmptyBin;
    if (wrong.empty()) wrong = RunRequest(request);
    request.kind = Kind::kDeleteSnapshot;
    while (wrong.empty() && !model_.facts(space).snapshots.empty()) {
      request.snapshot = model_.facts(space).snapshots.begin()->first;
      wrong = RunRequest(request);
    }
  }
  if (wrong.empty()) wrong = CompareFacts();
  return wrong.empty() ? Drain() : wrong;
}

}  // namespace marcot::testing

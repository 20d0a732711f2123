// What a space has beside its tree: the calls that change it, and its comparison with the model.
#include <algorithm>
#include <array>

#include "differential/runner.h"
#include "differential/text.h"

namespace marcot::testing {
namespace {

using Kind = Request::Kind;

constexpr size_t kChangesPage = 7;

OperationOptions ByUser(const Request& request) {
  OperationOptions options;
  options.user = request.user;
  return options;
}

absl::StatusOr<Placed> AnswerOf(const absl::Status& status) {
  if (!status.ok()) return status;
  return Placed{};
}

struct Listed {
  uint64_t id;
  const ItemModel* item;
  const Node* node;
  RecursiveTotals totals;  // the item itself counted
};

std::vector<Listed> ListedItems(const NamespaceModel& model, size_t space, RecycledOrder order) {
  std::vector<Listed> items;
  for (const auto& [id, item] : model.facts(space).items) {
    const Node* node = model.bin(space).Child(std::to_string(id));
    RecursiveTotals totals = node->Totals();
    totals.bytes += node->content.size;
    ++(node->is_file() ? totals.files : totals.directories);
    items.push_back({id, &item, node, totals});
  }
  // By id, which is the order of removal, until here.
  const auto before = [&](const Listed& a, const Listed& b) {
    if (order == RecycledOrder::kName) return a.item->path.back() < b.item->path.back();
    if (order == RecycledOrder::kModificationTime) {
      return a.node->modification_ms.value() < b.node->modification_ms.value();
    }
    return order == RecycledOrder::kSize && a.totals.bytes < b.totals.bytes;
  };
  std::stable_sort(items.begin(), items.end(), before);
  return items;
}

std::string CompareItem(const Listed& model, const RecycledItem& engine, int64_t recycle_ms) {
  const std::string which = "item " + std::to_string(engine.id) + " ";
  if (model.id != engine.id) return which + "instead of " + std::to_string(model.id);
  if (model.node->type != engine.type) return which + "is of the wrong type";
  if (model.item->path != engine.path) return which + "was not at " + JoinPath(engine.path);
  if (model.item->user != engine.user) return which + "has a wrong user";
  if (model.item->removal_ms != engine.removal_time_ms) return which + "has a wrong removal time";
  if (model.item->removal_ms + recycle_ms != engine.expiry_time_ms) {
    return which + "has a wrong expiry time";
  }
  if (model.totals != engine.totals || model.totals.bytes != engine.size) {
    return which + "has wrong totals";
  }
  return "";
}

std::string CompareQuota(const QuotaLimits& limits, const Used& used,
                         const absl::StatusOr<QuotaInfo>& engine) {
  if (!engine.ok()) return "failed with " + CodeText(engine.status());
  if (engine->limits != limits) return "has wrong limits";
  if (engine->used_bytes != used.bytes) {
    return "uses " + std::to_string(engine->used_bytes) + " bytes, should be " +
           std::to_string(used.bytes);
  }
  if (engine->used_files == used.files) return "";
  return "uses " + std::to_string(engine->used_files) + " files, should be " +
         std::to_string(used.files);
}

bool SameVersion(OldVersion* model, const FileVersion& engine) {
  return model->version.Settle(engine.version) && model->content.size == engine.size &&
         model->content.id.Settle(engine.content) &&
         model->modification_ms == engine.modification_time_ms &&
         model->replaced_ms == engine.replaced_time_ms;
}

std::string ChangeText(const Change& change) {
  constexpr std::array<const char*, 9> kKinds = {
      "made", "put", "copied", "moved", "deleted", "recycled", "restored", "attributes", "loaded"};
  return std::string(kKinds[static_cast<size_t>(change.kind)]) + " '" + JoinPath(change.path) +
         "' from " + change.from_library + "/" + change.from_space + ":'" + JoinPath(change.from) +
         "' item " + std::to_string(change.item) + (change.overwritten ? " overwritten" : "") +
         " seq " + std::to_string(change.seq) + " by '" + change.user + "' at " +
         std::to_string(change.time_ms) + " id " + change.id.Hex() +
         (change.type == EntryType::kFile ? " file" : " directory");
}

// What the model does not know is as the engine says.
bool SameChange(Change model, Change engine) {
  if (model.seq == 0) engine.seq = 0;
  if (model.id == ObjectId{}) engine.id = {};
  if (model.from.empty()) engine.from.clear();
  return ChangeText(model) == ChangeText(engine);
}

// The version that is asked for, for every second one; 0: it is to be asked for by its path.
uint64_t VersionIdOf(const Space& space, const Request& request) {
  if (request.id % 4 < 2) return 0;
  ListVersionsOptions options;
  options.limit = 1000;
  const auto page = space.ListVersions(request.path, options);
  if (!page.ok()) return 0;
  for (const FileVersion& version : page->versions) {
    if (version.version == request.id) return version.id;
  }
  return 0;
}

}  // namespace

Request Runner::Resolved(Request request) const {
  request.id = model_.IdOf(request);
  return request;
}

// ---- calls -------------------------------------------------------------------------------------

absl::StatusOr<Placed> Runner::CallMore(const Request& request) {
  const Space& space = handles_[request.space];
  const OperationOptions options = ByUser(request);
  switch (request.kind) {
    case Kind::kRestore: {
      RestoreOptions how;
      how.strategy = request.strategy;
      how.user = request.user;
      how.inside = request.from;
      how.to = request.path;
      how.missing_parents = request.missing_parents;
      return space.Restore(request.id, how);
    }
    case Kind::kPurge:
      return AnswerOf(space.PurgeRecycled(request.id, options));
    case Kind::kSetLatestVersion:
      if (const uint64_t id = VersionIdOf(space, request); id != 0) {
        return space.SetLatestVersionById(id, options);
      }
      return space.SetLatestVersion(request.path, request.id, options);
    case Kind::kDeleteVersion:
      if (const uint64_t id = VersionIdOf(space, request); id != 0) {
        return AnswerOf(space.DeleteVersionsById({&id, 1}, options));
      }
      return AnswerOf(space.DeleteVersion(request.path, request.id, options));
    case Kind::kEmptyBin:
      return AnswerOf(space.EmptyRecycleBin(options));
    case Kind::kCreateSnapshot:
      return AnswerOf(
          space.CreateSnapshot(request.snapshot, request.path, request.expiry_ms, options)
              .status());
    case Kind::kDeleteSnapshot:
      return AnswerOf(space.DeleteSnapshot(request.snapshot, options));
    case Kind::kSetDirectoryQuota:
      return AnswerOf(space.SetDirectoryQuota(request.path, request.limits, options));
    case Kind::kRemoveDirectoryQuota:
      return AnswerOf(space.RemoveDirectoryQuota(request.path, options));
    case Kind::kSetSpace:
      return AnswerOf(space.SetSettings(request.settings));
    case Kind::kSetLibrary:
      return AnswerOf(store_->SetLibrarySettings(space.library(), request.library));
    case Kind::kExpireDue:
      return AnswerOf(store_->ExpireDue().status());
    default:
      return CallQuota(request);
  }
}

absl::StatusOr<Placed> Runner::CallQuota(const Request& request) {
  const std::string& library = handles_[request.space].library();
  std::vector<std::string> names;
  for (const size_t space : request.spaces) names.push_back(handles_[space].name());
  if (request.kind == Kind::kSetQuota) {
    return AnswerOf(store_->SetQuota(library, request.id, request.limits));
  }
  if (request.kind == Kind::kSetQuotaSpaces) {
    return AnswerOf(store_->SetQuotaSpaces(library, request.id, names));
  }
  if (request.kind == Kind::kDeleteQuota) {
    return AnswerOf(store_->DeleteQuota(library, request.id));
  }
  const absl::StatusOr<uint64_t> quota = store_->CreateQuota(library, names, request.limits);
  if (!quota.ok()) return quota.status();
  Placed placed;
  placed.recycled_item = *quota;  // where the model looks for the id of what was made
  return placed;
}

// A feed that was turned on is read from there.
void Runner::FollowChanges(const Request& request) {
  if (request.kind != Kind::kSetSpace) return;
  const size_t space = request.space;
  if (request.settings.change_feed_days == 0) {
    cursors_[space].clear();
    model_.facts(space).changes_lost = false;
  } else if (cursors_[space].empty()) {
    const absl::StatusOr<std::string> latest = handles_[space].LatestChange();
    if (latest.ok()) cursors_[space] = *latest;
  }
}

// ---- comparing ---------------------------------------------------------------------------------

std::string Runner::CompareFacts() {
  std::string wrong = CheckQuotas();
  for (size_t space = 0; space < handles_.size() && wrong.empty(); ++space) {
    Path path;
    wrong = CheckUsage(space);
    if (wrong.empty()) wrong = CheckDirectoryQuotas(space, model_.root(space), &path);
    if (wrong.empty()) wrong = CheckBin(space);
    if (wrong.empty()) wrong = CheckVersions(space, &model_.root(space), &path);
    if (wrong.empty()) wrong = CheckSnapshotFacts(space);
    if (wrong.empty()) wrong = CheckChanges(space);
    if (!wrong.empty()) wrong = "space " + std::to_string(space) + ": " + wrong;
  }
  return wrong;
}

std::string Runner::CheckUsage(size_t space) {
  const absl::StatusOr<Usage> engine = handles_[space].GetUsage();
  if (!engine.ok()) return "usage failed: " + CodeText(engine.status());
  const Usage model = model_.UsageOf(space);
  if (model.tree != engine->tree) return "the usage of the tree is wrong";
  if (model.recycled != engine->recycled) return "the usage of the recycle bin is wrong";
  if (model.versions != engine->versions || model.version_bytes != engine->version_bytes) {
    return "the usage of versions is " + std::to_string(engine->versions) + " with " +
           std::to_string(engine->version_bytes) + " bytes, should be " +
           std::to_string(model.versions) + " with " + std::to_string(model.version_bytes);
  }
  const bool same = model.capacity == engine->capacity && model.available == engine->available;
  return same ? "" : "the capacity or what is left of it is wrong";
}

std::string Runner::CheckQuotas() {
  for (const QuotaModel& quota : model_.quotas()) {
    const std::string& library = handles_[*quota.spaces.begin()].library();
    const absl::StatusOr<QuotaInfo> engine = store_->GetQuota(library, quota.id);
    std::string wrong = CompareQuota(quota.limits, model_.UsedOf(quota), engine);
    std::vector<std::string> names;
    for (const size_t space : quota.spaces) names.push_back(handles_[space].name());
    std::sort(names.begin(), names.end());
    if (wrong.empty() && engine->spaces != names) wrong = "is of other spaces";
    if (!wrong.empty()) return "quota " + std::to_string(quota.id) + " " + wrong;
  }
  for (size_t space = 0; space < handles_.size(); ++space) {
    const Space& handle = handles_[space];
    const absl::StatusOr<QuotaInfo> engine = store_->GetQuotaOf(handle.library(), handle.name());
    const auto model =
        std::find_if(model_.quotas().begin(), model_.quotas().end(),
                     [&](const QuotaModel& quota) { return quota.spaces.contains(space); });
    const bool has_one = model != model_.quotas().end();
    const bool same = has_one ? engine.ok() && engine->id == model->id
                              : CodeOf(engine.status()) == Code::kQuotaNotFound;
    if (!same) return "space " + std::to_string(space) + " has another quota";
  }
  return "";
}

std::string Runner::CheckDirectoryQuotas(size_t space, const Node& directory, Path* path) {
  const std::string where = JoinPath(*path);
  if (directory.quota) {
    std::string wrong = CompareQuota(*directory.quota, UsedOfDirectory(directory),
                                     handles_[space].GetDirectoryQuota(where));
    if (!wrong.empty()) return "the quota of '" + where + "' " + wrong;
  } else if (CodeOf(handles_[space].GetDirectoryQuota(where).status()) != Code::kQuotaNotFound) {
    return "'" + where + "' has a quota";
  }
  for (const auto& [name, child] : directory.children) {
    if (child->is_file()) continue;
    path->push_back(name);
    std::string wrong = CheckDirectoryQuotas(space, *child, path);
    path->pop_back();
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string Runner::CheckBin(size_t space) {
  for (const RecycledOrder order :
       {RecycledOrder::kRemovalTime, RecycledOrder::kRemainingTime, RecycledOrder::kName,
        RecycledOrder::kSize, RecycledOrder::kModificationTime}) {
    for (const bool descending : {false, true}) {
      ListRecycledOptions options;
      options.order = order;
      options.descending = descending;
      options.limit = 1 + ++reads_ % 6;
      std::string wrong = CheckBinPages(space, options);
      if (!wrong.empty()) {
        return "the bin in order " + std::to_string(static_cast<int>(order)) +
               (descending ? " descending: " : ": ") + wrong;
      }
    }
  }
  return "";
}

std::string Runner::CheckBinPages(size_t space, const ListRecycledOptions& options) {
  std::vector<Listed> items = ListedItems(model_, space, options.order);
  if (options.descending) std::reverse(items.begin(), items.end());
  ListRecycledOptions next = options;
  for (size_t at = 0;;) {
    const absl::StatusOr<RecycledPage> page = handles_[space].ListRecycled(next);
    if (items.empty() && !model_.BinIsOn(space)) {
      const bool refused = CodeOf(page.status()) == Code::kRecycleBinNotEnabled;
      return refused ? "" : "answered " + CodeText(page.status()) + " though it is off";
    }
    if (!page.ok()) return "failed with " + CodeText(page.status());
    if (page->total_items != items.size()) return "the number of items is wrong";
    if (page->items.size() > options.limit) return "a page is longer than its limit";
    for (const RecycledItem& item : page->items) {
      if (at == items.size()) return "an item too many, " + std::to_string(item.id);
      std::string wrong = CompareItem(items[at++], item, model_.RecycleMs(space));
      if (!wrong.empty()) return wrong;
    }
    next.marker = page->marker;
    if (next.marker.empty()) return at == items.size() ? "" : "an item is missing";
    if (page->items.empty()) return "an empty page is not the end";
  }
}

std::string Runner::CheckVersions(size_t space, Node* node, Path* path) {
  for (auto& [name, child] : node->children) {
    path->push_back(name);
    const bool looks = !child->versions.empty() || ++reads_ % 16 == 0;
    std::string wrong = !child->is_file() ? CheckVersions(space, child.get(), path)
                        : looks           ? CheckVersionsOf(space, child.get(), JoinPath(*path))
                                          : "";
    if (!wrong.empty()) return wrong;
    path->pop_back();
  }
  return "";
}

std::string Runner::CheckVersionsOf(size_t space, Node* file, const std::string& path) {
  const std::string of = "the versions of '" + path + "': ";
  OldVersion latest{file->version, file->content, file->modification_ms.value(), 0};
  std::vector<OldVersion*> expected = {&latest};
  for (auto old = file->versions.rbegin(); old != file->versions.rend(); ++old) {
    expected.push_back(&*old);
  }
  ListVersionsOptions options;
  options.limit = 1 + ++reads_ % 3;
  for (size_t at = 0;;) {
    const absl::StatusOr<VersionPage> page = handles_[space].ListVersions(path, options);
    if (!page.ok()) return of + "failed with " + CodeText(page.status());
    for (const FileVersion& version : page->versions) {
      if (at == expected.size()) return of + "one too many";
      if (!SameVersion(expected[at], version))
        return of + "number " + std::to_string(at) + " is wrong";
      if ((version.id == 0) != (at == 0)) return of + "number " + std::to_string(at) + " has no id";
      ReadOptions read;
      if (at % 2 == 1) {
        read.version_id = version.id;
      } else {
        read.version = version.version;
      }
      std::string wrong = CheckBytesOf(handles_[space], expected[at++]->content, path, read);
      if (!wrong.empty()) return of + wrong;
    }
    options.before = page->next;
    if (options.before == 0) return at == expected.size() ? "" : of + "one is missing";
    if (page->versions.empty()) return of + "an empty page is not the end";
  }
}

std::string Runner::CheckSnapshotFacts(size_t space) {
  const auto& model = model_.facts(space).snapshots;
  const absl::StatusOr<std::vector<NamedSnapshot>> engine = handles_[space].ListSnapshots();
  if (!engine.ok()) return "listing snapshots failed: " + CodeText(engine.status());
  if (engine->size() != model.size()) return "the number of snapshots is wrong";
  auto at = model.begin();
  for (const NamedSnapshot& snapshot : *engine) {
    const auto& [name, tree] = *at++;
    const bool same = snapshot.name == name && snapshot.path == tree.path &&
                      snapshot.creation_time_ms == tree.creation_ms &&
                      snapshot.expiry_time_ms == tree.expiry_ms &&
                      snapshot.totals == tree.root->Totals();
    if (!same) return "snapshot " + snapshot.name + " is described wrongly";
  }
  return "";
}

// What is in the recycle bin and in the named snapshots.
std::string Runner::CompareOtherTrees(NamespaceModel* model, size_t space,
                                      const Snapshot* snapshot) {
  ReadOptions options;
  options.snapshot = snapshot;
  for (const auto& [id, item] : model->facts(space).items) {
    options.tree.recycled_item = id;
    Node* node = model->bin(space).Child(std::to_string(id));
    std::string wrong = CompareRoot(space, node, options);
    for (size_t i = 0; wrong.empty() && node->is_file() && i < node->versions.size(); ++i) {
      const OldVersion& old = node->versions[i];
      if (!old.version.known() || snapshot != nullptr) continue;
      ReadOptions version = options;
      version.version = old.version.value();
      wrong = CheckBytesOf(handles_[space], old.content, "", version);
    }
    if (!wrong.empty()) return "item " + std::to_string(id) + ": " + wrong;
  }
  options.tree.recycled_item = 0;
  for (const auto& [name, tree] : model->facts(space).snapshots) {
    options.tree.named_snapshot = name;
    std::string wrong = CompareTree(handles_[space], tree.root.get(), options);
    Path path;
    if (wrong.empty()) wrong = CheckBytes(handles_[space], *tree.root, &path, options);
    if (!wrong.empty()) return "snapshot " + name + ": " + wrong;
  }
  return "";
}

// Reads on from the last time.
std::string Runner::CheckChanges(size_t space) {
  SpaceModel& model = model_.facts(space);
  std::string& cursor = cursors_[space];
  size_t at = 0;
  while (true) {
    const absl::StatusOr<ChangePage> page = handles_[space].ReadChanges(cursor, kChangesPage);
    if (model.settings.change_feed_days == 0) {
      const bool off = CodeOf(page.status()) == Code::kChangeFeedNotEnabled;
      return off ? "" : "changes are kept that should not be";
    }
    const bool expired = CodeOf(page.status()) == Code::kChangesExpired;
    if (expired != model.changes_lost) return "whether changes have expired is wrong";
    model.changes_lost = false;
    if (expired) cursor.clear();
    if (expired) continue;
    if (!page.ok()) return "changes failed: " + CodeText(page.status());
    for (const Change& change : page->changes) {
      if (at == model.changes.size()) return "a change too many: " + ChangeText(change);
      Change expected = model.changes[at++];
      if (!expected.from_space.empty()) {
        const Space& from = handles_[std::stoul(expected.from_space)];
        expected.from_library = from.library();
        expected.from_space = from.name();
      }
      if (SameChange(expected, change)) continue;
      return "the change is " + ChangeText(change) + ", should be " + ChangeText(expected);
    }
    cursor = page->cursor;
    if (page->changes.size() < kChangesPage) break;
  }
  if (at < model.changes.size()) return "a change is missing: " + ChangeText(model.changes[at]);
  model.changes.clear();
  return "";
}

}  // namespace marcot::testing

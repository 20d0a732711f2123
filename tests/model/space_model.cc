// The recycle bin, quotas, versions, named snapshots, expiry and changes of the naive namespace.
#include "model/space_model.h"

#include <algorithm>
#include <iterator>

#include "model/call.h"

namespace marcot::testing {
namespace {

using Kind = Request::Kind;

constexpr uint64_t kNothing = uint64_t{1} << 60;  // no id of the store

std::string ItemName(uint64_t item) { return std::to_string(item); }

Outcome Done(const Path& path) {
  Outcome outcome;
  outcome.path = path;
  return outcome;
}

template <typename Visit>
void ForEachNode(Node* node, const Visit& visit) {
  visit(node);
  for (auto& [name, child] : node->children) ForEachNode(child.get(), visit);
}

uint64_t BytesThatCount(const Used& used, const QuotaLimits& limits) {
  return used.bytes + (limits.count_history ? used.version_bytes : 0);
}

bool Grows(uint64_t before, uint64_t now, const std::optional<uint64_t>& limit) {
  return limit && now > *limit && now > before;
}

bool Passes(const Used& before, const Used& now, const QuotaLimits& limits) {
  return Grows(before.bytes, now.bytes, limits.bytes) ||
         Grows(before.files, now.files, limits.files);
}

}  // namespace

void Add(Used* sum, const Used& more) {
  sum->bytes += more.bytes;
  sum->files += more.files;
  sum->versions += more.versions;
  sum->version_bytes += more.version_bytes;
}

Used UsedBelow(const Node& node) {
  Used used;
  if (node.is_file()) used = {node.content.size, 1, node.versions.size(), 0};
  for (const OldVersion& old : node.versions) used.version_bytes += old.content.size;
  for (const auto& [name, child] : node.children) Add(&used, UsedBelow(*child));
  return used;
}

Used UsedOfDirectory(const Node& directory) {
  Used used = UsedBelow(directory);
  used.bytes = BytesThatCount(used, *directory.quota);
  return used;
}

// ---- what requests mean ------------------------------------------------------------------------

uint64_t NamespaceModel::IdOf(const Request& request) const {
  const size_t index = request.index;
  if (request.kind == Kind::kRestore || request.kind == Kind::kPurge) {
    const auto& items = facts_[request.space].items;
    return index < items.size()
               ? std::next(items.begin(), static_cast<std::ptrdiff_t>(index))->first
               : kNothing;
  }
  if (request.kind == Kind::kSetLatestVersion || request.kind == Kind::kDeleteVersion) {
    const Node* file = Find(request.space, request.path);
    if (file == nullptr || !file->is_file() || index > file->versions.size()) return kNothing;
    const Guess<uint64_t>& version =
        index == 0 ? file->version : file->versions[file->versions.size() - index].version;
    return version.known() ? version.value() : kNothing;
  }
  return index < quotas_.size() ? quotas_[index].id : kNothing;
}

Node* NamespaceModel::FromRoot(const Request& request) const {
  if (request.kind == Kind::kRestore) return bins_[request.space].get();
  if (request.snapshot.empty() || request.kind != Kind::kCopy) {
    return roots_[request.from_space].get();
  }
  const auto& snapshots = facts_[request.from_space].snapshots;
  const auto found = snapshots.find(request.snapshot);
  return found == snapshots.end() ? nullptr : found->second.root.get();
}

Node* NamespaceModel::SourceOf(const Request& request) const {
  Path from = SplitPath(request.from);
  if (request.kind == Kind::kRestore) from.insert(from.begin(), ItemName(request.id));
  return Below(FromRoot(request), from);
}

Outcome NamespaceModel::DispatchMore(Call& call) {
  const Request& request = call.request;
  SpaceModel& facts = facts_[request.space];
  switch (request.kind) {
    case Kind::kRestore:
      return Restore(call);
    case Kind::kPurge:
      return Purge(call);
    case Kind::kSetLatestVersion:
    case Kind::kDeleteVersion:
      return ChangeVersions(call);
    case Kind::kEmptyBin:
      bins_[request.space]->children.clear();
      bins_[request.space]->ForgetSums();
      facts.items.clear();
      return {};
    case Kind::kCreateSnapshot:
      return CreateSnapshot(call);
    case Kind::kDeleteSnapshot:
      return facts.snapshots.erase(request.snapshot) == 1 ? Outcome{}
                                                          : Fail({Code::kSnapshotNotFound});
    case Kind::kSetDirectoryQuota:
    case Kind::kRemoveDirectoryQuota:
      return SetDirectoryQuota(call);
    case Kind::kSetLibrary:
      libraries_[LibraryOf(request.space)] = request.library;
      return {};
    case Kind::kSetSpace:
      facts.settings = request.settings;
      if (request.settings.change_feed_days == 0) facts.changes.clear();
      return {};
    case Kind::kExpireDue:
      ExpireDue(call.now_ms);
      return {};
    default:
      return ChangeQuotas(call);
  }
}

// ---- the recycle bin ---------------------------------------------------------------------------

bool NamespaceModel::BinIsOn(size_t space) const {
  return facts_[space].settings.recycle_bin.value_or(library(space).recycle_bin);
}

int64_t NamespaceModel::RecycleMs(size_t space) const {
  return facts_[space].settings.recycle_days.value_or(library(space).recycle_days) * kMsPerDay;
}

Outcome NamespaceModel::Recycle(Call& call, std::unique_ptr<Node> node) {
  SpaceModel& facts = facts_[call.request.space];
  Outcome outcome = Done(call.to);
  const uint64_t item =
      call.engine != nullptr ? call.engine->recycled_item : kNothing + 1 + facts.items.size();
  if (call.engine != nullptr && item != call.engine->seq) {
    outcome.complaint = "the recycled item is not named by the operation's seq";
  }
  Log(call, call.request.space, ChangeKind::kRecycled, *node, call.to);
  if (!facts.changes.empty()) facts.changes.back().item = item;
  facts.items[item] = {call.to, call.request.user, call.now_ms};
  bins_[call.request.space]->children[ItemName(item)] = std::move(node);
  bins_[call.request.space]->ForgetSums();
  return outcome;
}

Outcome NamespaceModel::Restore(Call& call) {
  const Request& request = call.request;
  SpaceModel& facts = facts_[request.space];
  const auto item = facts.items.find(request.id);
  if (item == facts.items.end()) return Fail({Code::kRecycledItemNotFound});
  Node* source = SourceOf(request);
  if (source == nullptr) return Fail({Code::kPathNotFound});

  Call move = call;
  if (request.path.empty()) {
    move.to = item->second.path;
    move.to.insert(move.to.end(), call.from.begin(), call.from.end());
  }
  move.from.insert(move.from.begin(), ItemName(request.id));
  Target target = LookUpTarget(move);
  if (request.missing_parents == MissingParents::kUseRoot && !target.complete) {
    move.to = {move.to.back()};
    target = LookUpTarget(move);
  }
  if (target.blocked) return Fail({Code::kSameNameDirectoryOrFileExists});
  if (!target.complete && request.missing_parents != MissingParents::kCreate) {
    return Fail({Code::kDirectoryNotFound});
  }
  const bool overwrite = request.strategy == Strategy::kOverwrite;
  const bool overwrites =
      overwrite && target.taken != nullptr && target.taken->is_file() && source->is_file();
  const bool asks = overwrite || request.strategy == Strategy::kAsk;
  if (target.taken != nullptr && asks && !overwrites) {
    return Fail({Code::kSameNameDirectoryOrFileExists});
  }
  Outcome outcome = overwrites ? OverwriteWith(move, target, source) : MoveTo(move, target, source);
  ForgetSums(roots_[request.space].get(), move.to);
  ForgetSums(bins_[request.space].get(), move.from);
  if (outcome.ok() && request.from.empty()) facts.items.erase(item);
  return outcome;
}

Outcome NamespaceModel::Purge(Call& call) {
  SpaceModel& facts = facts_[call.request.space];
  const auto item = facts.items.find(call.request.id);
  if (item == facts.items.end()) return Fail({Code::kRecycledItemNotFound});
  Outcome outcome = Done(item->second.path);
  bins_[call.request.space]->children.erase(ItemName(item->first));
  bins_[call.request.space]->ForgetSums();
  facts.items.erase(item);
  return outcome;
}

// ---- versions ----------------------------------------------------------------------------------

// Of a file whose content is about to be replaced by a put.
void NamespaceModel::KeepVersion(const Call& call, Node* file) const {
  const LibrarySettings& settings = library(call.request.space);
  const int64_t modified_ms = file->modification_ms.value();
  const int64_t age = call.now_ms - modified_ms;
  if (!settings.history || age < int64_t{settings.history_merge_seconds} * 1000) return;
  file->versions.push_back({file->version, file->content, modified_ms, call.now_ms});
  while (file->versions.size() > settings.history_versions) {
    file->versions.erase(file->versions.begin());
  }
}

Outcome NamespaceModel::ChangeVersions(Call& call) {
  if (call.to.empty()) return Fail({Code::kFileTypeNotMatched, Code::kRootDirectoryNotAllowed});
  Node* file = Find(call.request.space, call.to);
  if (file == nullptr) return Fail({Code::kFileNotFound});
  if (!file->is_file()) return Fail({Code::kFileTypeNotMatched});
  if (file->version.known() && file->version.value() == call.request.id) {
    return Fail({Code::kLatestVersionNotAllowed});
  }
  const auto version =
      std::find_if(file->versions.begin(), file->versions.end(), [&](const OldVersion& old) {
        return old.version.known() && old.version.value() == call.request.id;
      });
  if (version == file->versions.end()) return Fail({Code::kVersionNotFound});
  if (call.request.kind == Kind::kSetLatestVersion) return SetLatestVersion(call, file, version);
  file->versions.erase(version);
  return Done(call.to);
}

Outcome NamespaceModel::SetLatestVersion(Call& call, Node* file,
                                         std::vector<OldVersion>::iterator version) {
  const Content content = version->content;
  file->versions.erase(version);
  file->versions.push_back(
      {file->version, file->content, file->modification_ms.value(), call.now_ms});
  if (SurelyDiffer(file->content, content) && file->etag.known()) {
    file->stale_etag = file->etag.value();
  }
  file->etag = {};
  file->content = content;
  file->modification_ms = call.now_ms;
  file->version = call.engine != nullptr ? Guess<uint64_t>(call.engine->seq) : Guess<uint64_t>();
  Find(call.request.space, ParentOf(call.to))->ChildReplaced(call.now_ms);
  Outcome outcome = Done(call.to);
  outcome.overwritten = true;
  if (call.engine != nullptr && !file->id.Settle(call.engine->id)) {
    outcome.complaint = "another version changed the object id";
  }
  LogPlaced(call, *file, outcome);
  return outcome;
}

// ---- named snapshots ---------------------------------------------------------------------------

Outcome NamespaceModel::CreateSnapshot(Call& call) {
  const Node* directory = Find(call.request.space, call.to);
  if (directory == nullptr) return Fail({Code::kPathNotFound});
  if (directory->is_file()) return Fail({Code::kFileTypeNotMatched});
  auto& snapshots = facts_[call.request.space].snapshots;
  if (snapshots.contains(call.request.snapshot)) return Fail({Code::kDuplicateSnapshot});
  std::shared_ptr<Node> tree = directory->Clone();
  ForgetIdentity(tree.get());
  snapshots[call.request.snapshot] = {call.to, call.now_ms, call.request.expiry_ms,
                                      std::move(tree)};
  return Done(call.to);
}

// ---- quotas and usage --------------------------------------------------------------------------

Outcome NamespaceModel::SetDirectoryQuota(Call& call) {
  Node* directory = Find(call.request.space, call.to);
  if (directory == nullptr) return Fail({Code::kPathNotFound});
  if (directory->is_file()) return Fail({Code::kFileTypeNotMatched});
  const bool removes = call.request.kind == Kind::kRemoveDirectoryQuota;
  if (removes && !directory->quota) return Fail({Code::kQuotaNotFound});
  directory->quota.reset();
  if (!removes) directory->quota = call.request.limits;
  return Done(call.to);
}

Outcome NamespaceModel::ChangeQuotas(Call& call) {
  const Request& request = call.request;
  const auto quota = std::find_if(quotas_.begin(), quotas_.end(),
                                  [&](const QuotaModel& one) { return one.id == request.id; });
  const bool creates = request.kind == Kind::kCreateQuota;
  const bool known =
      quota != quotas_.end() && LibraryOf(*quota->spaces.begin()) == LibraryOf(request.space);
  if (!creates && !known) return Fail({Code::kQuotaNotFound});
  if (creates || request.kind == Kind::kSetQuotaSpaces) {
    if (request.spaces.empty()) return Fail({Code::kNoItemsProvided});
    for (auto other = quotas_.begin(); other != quotas_.end(); ++other) {
      const bool shares = std::any_of(request.spaces.begin(), request.spaces.end(),
                                      [&](size_t space) { return other->spaces.contains(space); });
      if (shares && (creates || other != quota)) return Fail({Code::kDuplicateQuota});
    }
  }
  if (creates) {
    const uint64_t id = call.engine != nullptr ? call.engine->recycled_item : kNothing;
    quotas_.push_back({id, request.limits, request.spaces});
  } else if (request.kind == Kind::kSetQuota) {
    quota->limits = request.limits;
  } else if (request.kind == Kind::kSetQuotaSpaces) {
    quota->spaces = request.spaces;
  } else {
    quotas_.erase(quota);
  }
  return {};
}

Used NamespaceModel::UsedOf(const QuotaModel& quota) const {
  Used used;
  for (const size_t space : quota.spaces) {
    Add(&used, UsedBelow(*roots_[space]));
    if (quota.limits.count_recycled) Add(&used, UsedBelow(*bins_[space]));
  }
  used.bytes = BytesThatCount(used, quota.limits);
  return used;
}

Usage NamespaceModel::UsageOf(size_t space) const {
  Usage usage;
  usage.tree = roots_[space]->Totals();
  usage.recycled = bins_[space]->Totals();
  Used used = UsedBelow(*roots_[space]);
  Add(&used, UsedBelow(*bins_[space]));
  usage.versions = used.versions;
  usage.version_bytes = used.version_bytes;
  for (const QuotaModel& quota : quotas_) {
    if (!quota.spaces.contains(space) || !quota.limits.bytes) continue;
    const uint64_t capacity = *quota.limits.bytes;
    usage.capacity = capacity;
    usage.available = capacity - std::min(capacity, UsedOf(quota).bytes);
  }
  return usage;
}

bool NamespaceModel::CanExceed(const Request& request) const {
  switch (request.kind) {
    case Kind::kPut:
    case Kind::kPutReference:
    case Kind::kCopy:
    case Kind::kMove:
    case Kind::kDelete:
    case Kind::kRestore:
    case Kind::kSetLatestVersion:
    case Kind::kLoad:
      return true;
    default:
      return false;
  }
}

NamespaceModel::Usages NamespaceModel::QuotaUsages() const {
  Usages usages;
  for (const QuotaModel& quota : quotas_) usages[&quota] = UsedOf(quota);
  for (const auto& root : roots_) {
    ForEachNode(root.get(), [&](const Node* node) {
      if (node->quota) usages[node] = UsedOfDirectory(*node);
    });
  }
  return usages;
}

// Whether a quota is passed by more than it was before; those of directories that were in the bin
// then, or are now, held and hold the same.
bool NamespaceModel::Exceeds(const Usages& before) const {
  if (before.empty()) return false;
  bool exceeds = false;
  const auto look = [&](const void* at, const Used& now, const QuotaLimits& limits) {
    const auto old = before.find(at);
    exceeds |= old != before.end() && Passes(old->second, now, limits);
  };
  for (const QuotaModel& quota : quotas_) look(&quota, UsedOf(quota), quota.limits);
  for (const auto& root : roots_) {
    ForEachNode(root.get(), [&](const Node* node) {
      if (node->quota) look(node, UsedOfDirectory(*node), *node->quota);
    });
  }
  return exceeds;
}

// ---- expiry ------------------------------------------------------------------------------------

void NamespaceModel::ExpireDue(int64_t now_ms) {
  const auto drop_versions = [&](const LibrarySettings& settings, Node* file) {
    const int64_t days = settings.history_days;
    std::erase_if(file->versions, [&](const OldVersion& old) {
      return days > 0 && old.replaced_ms + days * kMsPerDay <= now_ms;
    });
    while (file->versions.size() > settings.history_versions) {
      file->versions.erase(file->versions.begin());
    }
  };
  for (size_t space = 0; space < spaces(); ++space) {
    SpaceModel& facts = facts_[space];
    std::erase_if(facts.items, [&](const auto& item) {
      const bool due = item.second.removal_ms + RecycleMs(space) <= now_ms;
      if (due) bins_[space]->children.erase(ItemName(item.first));
      return due;
    });
    std::erase_if(facts.snapshots, [&](const auto& snapshot) {
      return snapshot.second.expiry_ms != 0 && snapshot.second.expiry_ms <= now_ms;
    });
    const int64_t feed_ms = facts.settings.change_feed_days * kMsPerDay;
    const size_t lost = std::erase_if(
        facts.changes, [&](const Change& change) { return change.time_ms + feed_ms <= now_ms; });
    facts.changes_lost |= lost > 0;
    bins_[space]->ForgetSums();
    for (Node* const root : {roots_[space].get(), bins_[space].get()}) {
      ForEachNode(root, [&](Node* node) { drop_versions(library(space), node); });
    }
  }
}

// ---- changes -----------------------------------------------------------------------------------

void NamespaceModel::Log(const Call& call, size_t space, ChangeKind kind, const Node& node,
                         const Path& path) {
  if (facts_[space].settings.change_feed_days == 0) return;
  Change change;
  change.kind = kind;
  change.type = node.type;
  if (node.id.known()) change.id = node.id.value();
  change.path = path;
  change.user = call.request.user;
  change.time_ms = call.now_ms;
  if (call.engine != nullptr) change.seq = call.engine->seq;
  facts_[space].changes.push_back(std::move(change));
}

void NamespaceModel::LogPlaced(const Call& call, const Node& node, const Outcome& outcome) {
  const Request& request = call.request;
  const bool moves = request.kind == Kind::kMove, copies = request.kind == Kind::kCopy;
  const bool crosses = (moves || copies) && request.from_space != request.space;
  const ChangeKind kind = moves                                  ? ChangeKind::kMoved
                          : copies                               ? ChangeKind::kCopied
                          : request.kind == Kind::kRestore       ? ChangeKind::kRestored
                          : request.kind == Kind::kMakeDirectory ? ChangeKind::kDirectoryMade
                          : request.kind == Kind::kLoad          ? ChangeKind::kLoaded
                                                                 : ChangeKind::kFilePut;
  if (moves && crosses) Log(call, request.from_space, ChangeKind::kDeleted, node, call.from);
  SpaceModel& facts = facts_[request.space];
  if (facts.settings.change_feed_days == 0) return;
  Log(call, request.space, kind, node, outcome.path);
  Change& change = facts.changes.back();
  change.overwritten = outcome.overwritten;
  if (moves || copies) change.from = call.from;
  if (request.kind == Kind::kRestore) change.item = request.id;
  // Which space it is: the runner knows the names.
  if (crosses) change.from_space = std::to_string(request.from_space);
}

}  // namespace marcot::testing

// Steps on what a space has beside its tree: drawn, and as text.
#include <algorithm>
#include <array>
#include <iterator>

#include "differential/op.h"

namespace marcot::testing {
namespace {

using Kind = Request::Kind;

constexpr size_t kFullBin = 40;  // items; from here on the walk rather empties
constexpr size_t kManyVersions = 4;

std::string Number(uint64_t number) { return std::to_string(number); }

std::string Said(const std::optional<uint64_t>& number) {
  return number ? Number(*number) : std::string("-");
}

std::string LimitsText(const QuotaLimits& limits) {
  return " bytes=" + Said(limits.bytes) + " files=" + Said(limits.files) +
         (limits.count_recycled ? "" : " not-recycled") +
         (limits.count_history ? "" : " not-history");
}

std::string SpacesText(const std::set<size_t>& spaces) {
  std::string text = " spaces=";
  for (const size_t space : spaces) text += (text.back() == '=' ? "" : ",") + Number(space);
  return text;
}

std::string LibraryText(const LibrarySettings& library) {
  return std::string(" recycle=") + (library.recycle_bin ? "on" : "off") +
         " days=" + Number(library.recycle_days) + " history=" + (library.history ? "on" : "off") +
         " versions=" + Number(library.history_versions) +
         " history-days=" + Number(library.history_days) +
         " merge=" + Number(library.history_merge_seconds);
}

std::string SettingsText(const SpaceSettings& settings) {
  const std::string recycle = !settings.recycle_bin ? "-" : *settings.recycle_bin ? "on" : "off";
  return " recycle=" + recycle + " days=" + Said(settings.recycle_days) +
         " feed-days=" + Number(settings.change_feed_days);
}

const char* ParentsText(MissingParents parents) {
  constexpr std::array<const char*, 3> kTexts = {"fail", "create", "root"};
  return kTexts[static_cast<size_t>(parents)];
}

const Node* AnyVersioned(const Node& node, std::string* path) {
  for (const auto& [name, child] : node.children) {
    std::string below = *path + (path->empty() ? "" : "/") + name;
    const Node* found = !child->versions.empty() ? child.get() : AnyVersioned(*child, &below);
    if (found == nullptr) continue;
    *path = below;
    return found;
  }
  return nullptr;
}

// A path below the node, down to where `stop` says so.
template <typename Stop, typename Below>
std::string PathBelow(const Node* node, const Stop& stop, const Below& below) {
  std::string path;
  while (!node->children.empty() && !stop()) {
    const auto next = std::next(node->children.begin(),
                                static_cast<std::ptrdiff_t>(below(node->children.size())));
    path += (path.empty() ? "" : "/") + next->first;
    node = next->second.get();
  }
  return path;
}

}  // namespace

std::string MoreText(const Request& request) {
  const std::string target = Quoted(request.space, request.path);
  const std::string item = Number(request.space) + ":#" + Number(request.index);
  const std::string quota = " #" + Number(request.index);
  switch (request.kind) {
    case Kind::kRestore:
      return "restore " + item + (request.from.empty() ? "" : " inside '" + request.from + "'") +
             " -> " + (request.path.empty() ? "where it was" : target) + " " +
             StrategyName(request.strategy) + " parents=" + ParentsText(request.missing_parents) +
             (request.user.empty() ? "" : " by " + request.user);
    case Kind::kPurge:
      return "purge " + item;
    case Kind::kSetLatestVersion:
      return "set-latest " + target + " version=-" + Number(request.index);
    case Kind::kDeleteVersion:
      return "delete-version " + target + " version=-" + Number(request.index);
    case Kind::kEmptyBin:
      return "empty-bin " + Number(request.space);
    case Kind::kCreateSnapshot:
      return "create-snapshot " + request.snapshot + " of " + target +
             " expiry=" + std::to_string(request.expiry_ms);
    case Kind::kDeleteSnapshot:
      return "delete-snapshot " + Number(request.space) + ":" + request.snapshot;
    case Kind::kSetDirectoryQuota:
      return "set-directory-quota " + target + LimitsText(request.limits);
    case Kind::kRemoveDirectoryQuota:
      return "remove-directory-quota " + target;
    case Kind::kSetLibrary:
      return "set-library of " + Number(request.space) + LibraryText(request.library);
    case Kind::kSetSpace:
      return "set-space " + Number(request.space) + SettingsText(request.settings);
    case Kind::kCreateQuota:
      return "create-quota" + SpacesText(request.spaces) + LimitsText(request.limits);
    case Kind::kSetQuota:
      return "set-quota" + quota + LimitsText(request.limits);
    case Kind::kSetQuotaSpaces:
      return "set-quota-spaces" + quota + SpacesText(request.spaces);
    case Kind::kDeleteQuota:
      return "delete-quota" + quota;
    case Kind::kExpireDue:
      return "expire-due";
    case Kind::kLoad:
      return "load " + Quoted(request.from_space, request.from) + " -> " + target + " " +
             StrategyName(request.strategy) + (request.user.empty() ? "" : " by " + request.user);
    default:
      return "";
  }
}

Op Generator::MoreOp(const NamespaceModel& model) {
  Op op;
  const uint64_t draw = Below(180);
  if (draw < 8) {
    constexpr std::array<size_t, 7> kSpans = {100,        3'000,      6'000,         600'000,
                                              21'600'000, 86'400'000, 3 * 86'400'000};
    op.kind = Op::Kind::kAdvance;
    op.number = kSpans[Below(kSpans.size())];
    return op;
  }
  Request request;
  if (draw < 14) {
    request.kind = Kind::kExpireDue;
  } else if (draw < 22) {
    request = SettingsRequest();
  } else if (draw < 34) {
    request = Chance(500) ? QuotaRequest(model) : DirectoryQuotaRequest(model);
  } else if (draw < 59) {
    request = SnapshotRequest(model, false);
  } else if (draw < 120) {
    request = VersionRequest(model);
  } else if (draw >= 170) {
    request = LoadRequest(model);
  } else {
    request = BinRequest(model, false);
  }
  if (Chance(300)) request.user = "eve";
  op.requests.push_back(std::move(request));
  return op;
}

Request Generator::LoadRequest(const NamespaceModel& model) {
  constexpr uint64_t kContentsOfALoad = 1000;  // more than a model has entries
  Request request;
  request.kind = Kind::kLoad;
  request.only = BatchItem::Only::kDirectory;
  request.from_space = Below(spaces_);
  request.space = Below(spaces_);
  request.from = Existing(model, request.from_space, false);
  request.path = Target(model, request.space);
  if (Chance(150)) request.path += "/" + Name();
  request.strategy = AnyStrategy();
  request.content = ContentOfReference({.id = {0x10ad, kContentsOfALoad * ++loads_}});
  return request;
}

Request Generator::BinRequest(const NamespaceModel& model, bool in_batch) {
  Request request;
  request.kind = Kind::kRestore;
  request.space = request.from_space = Below(spaces_);
  const auto& items = model.facts(request.space).items;
  request.index = Below(items.size() + 1) == 0 ? items.size() : Below(items.size() + 1);
  if (Chance(items.size() > kFullBin ? 700 : 200)) {
    const bool empties = !in_batch && items.size() > kFullBin && Chance(200);
    request.kind = empties ? Kind::kEmptyBin : Kind::kPurge;
    return request;
  }
  request.id = model.IdOf(request);
  const Node* item = model.SourceOf(request);
  request.id = 0;
  if (item != nullptr && Chance(400)) {
    request.from = PathBelow(
        item, [this] { return Chance(250); }, [this](size_t end) { return Below(end); });
    if (Chance(50)) request.from += (request.from.empty() ? "" : "/") + Name();
  }
  if (Chance(400)) {
    request.path = Target(model, request.space);
    if (Chance(200)) request.path += "/" + Name();
  }
  request.missing_parents = static_cast<MissingParents>(Below(3));
  request.strategy = AnyStrategy();
  return request;
}

// An overwriting put, of a file that has versions if there is one; or something with its versions.
Request Generator::VersionRequest(const NamespaceModel& model) {
  Request request = PutRequest(true);
  request.space = Below(spaces_);
  std::string versioned;
  const bool has_one = AnyVersioned(model.root(request.space), &versioned) != nullptr;
  request.path = has_one && Chance(600) ? versioned : Existing(model, request.space, true);
  request.strategy = Strategy::kOverwrite;
  if (!Chance(450)) return request;
  request.kind = Chance(600) ? Kind::kSetLatestVersion : Kind::kDeleteVersion;
  request.index = Below(kManyVersions + 1);
  return request;
}

Request Generator::SnapshotRequest(const NamespaceModel& model, bool in_batch) {
  Request request;
  request.space = request.from_space = Below(spaces_);
  const auto& snapshots = model.facts(request.space).snapshots;
  request.snapshot = "s" + Number(Below(4));
  const uint64_t draw = in_batch ? 10 : Below(10);
  if (draw < 3) {
    request.kind = Kind::kCreateSnapshot;
    request.path = Chance(300) ? "" : Existing(model, request.space, Chance(50));
    if (Chance(400)) request.expiry_ms = static_cast<int64_t>(1'000'000 + Below(30) * 86'400'000);
    return request;
  }
  if (draw < 5) {
    request.kind = Kind::kDeleteSnapshot;
    return request;
  }
  request.kind = Kind::kCopy;
  const auto found = snapshots.find(request.snapshot);
  if (found != snapshots.end()) {
    request.from = PathBelow(
        found->second.root.get(), [this] { return Chance(300); },
        [this](size_t end) { return Below(end); });
  }
  if (Chance(50)) request.from += (request.from.empty() ? "" : "/") + Name();
  if (in_batch && Chance(300)) request.space = Below(spaces_);
  request.path = Target(model, request.space);
  if (Chance(150)) request.path += "/" + Name();
  request.strategy = AnyStrategy();
  return request;
}

Request Generator::SettingsRequest() {
  constexpr std::array<uint32_t, 4> kDays = {1, 2, 5, 30};
  Request request;
  if (Chance(500)) {
    constexpr std::array<uint32_t, 4> kMerge = {0, 0, 5, 600};
    request.kind = Kind::kSetLibrary;
    request.space = request.from_space = Below(spaces_);
    request.library.recycle_bin = Chance(700);
    request.library.recycle_days = kDays[Below(kDays.size())];
    request.library.history = Chance(700);
    request.library.history_versions = static_cast<uint32_t>(1 + Below(4));
    request.library.history_days = Chance(500) ? 0 : kDays[Below(kDays.size())];
    request.library.history_merge_seconds = kMerge[Below(kMerge.size())];
    return request;
  }
  request.kind = Kind::kSetSpace;
  request.space = request.from_space = Below(spaces_);
  if (Chance(400)) request.settings.recycle_bin = Chance(700);
  if (Chance(400)) request.settings.recycle_days = kDays[Below(kDays.size())];
  if (Chance(800)) request.settings.change_feed_days = kDays[Below(kDays.size())];
  return request;
}

// Some room above what is used, or less than that; a quota has a limit of one kind at least.
QuotaLimits Generator::LimitsNear(const Used& used) {
  QuotaLimits limits;
  if (Chance(600)) limits.bytes = used.bytes + Below(3000) - std::min<uint64_t>(used.bytes, 300);
  if (!limits.bytes || Chance(300)) {
    limits.files = used.files + Below(20) - std::min<uint64_t>(used.files, 2);
  }
  return limits;
}

Request Generator::QuotaRequest(const NamespaceModel& model) {
  Request request;
  request.index = Below(model.quotas().size() + 1);
  const size_t first = Chance(500) ? 0 : 2;  // spaces of one library
  if (!Chance(50)) request.spaces.insert(first + Below(2));
  if (Chance(500) && !request.spaces.empty()) request.spaces = {first, first + 1};
  request.limits.count_recycled = Chance(500);
  request.limits.count_history = Chance(500);
  QuotaModel quota{0, request.limits, request.spaces};
  const uint64_t draw = Below(10);
  request.kind = draw < 4   ? Kind::kCreateQuota
                 : draw < 6 ? Kind::kSetQuota
                 : draw < 7 ? Kind::kSetQuotaSpaces
                            : Kind::kDeleteQuota;
  if (request.kind != Kind::kCreateQuota && request.index < model.quotas().size()) {
    const std::set<size_t>& spaces = model.quotas()[request.index].spaces;
    const size_t library = LibraryOf(*spaces.begin()) * 2;
    request.space = request.from_space = *spaces.begin();
    if (request.kind == Kind::kSetQuota) quota.spaces = spaces;
    if (!request.spaces.empty()) request.spaces = {library + Below(2)};
  } else if (!request.spaces.empty()) {
    request.space = request.from_space = *request.spaces.begin();
  }
  const QuotaLimits near = LimitsNear(model.UsedOf(quota));
  request.limits.bytes = near.bytes;
  request.limits.files = near.files;
  return request;
}

Request Generator::DirectoryQuotaRequest(const NamespaceModel& model) {
  Request request;
  request.space = request.from_space = Below(spaces_);
  request.path = Chance(100) ? "" : Existing(model, request.space, Chance(50));
  request.kind = Chance(700) ? Kind::kSetDirectoryQuota : Kind::kRemoveDirectoryQuota;
  request.limits = LimitsNear(UsedBelow(*model.Find(request.space, request.path)));
  request.limits.count_history = Chance(500);
  return request;
}

}  // namespace marcot::testing

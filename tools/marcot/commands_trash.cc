// trash: the recycle bin of the space.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kPageItems = 1000;

absl::StatusOr<RecycledOrder> ParseOrder(std::string_view text) {
  if (text == "removal") return RecycledOrder::kRemovalTime;
  if (text == "remaining") return RecycledOrder::kRemainingTime;
  if (text == "name") return RecycledOrder::kName;
  if (text == "size") return RecycledOrder::kSize;
  return MakeError(Code::kParamInvalid,
                   "`" + std::string(text) + "` is not one of removal, remaining, name, size");
}

Json ItemJson(const RecycledItem& item) {
  Json json;
  json["id"] = item.id;
  json["type"] = TypeName(item.type);
  json["path"] = item.path;
  json["size"] = item.size;
  json["files"] = item.totals.files;
  json["directories"] = item.totals.directories;
  json["user"] = item.user;
  json["removalTime"] = IsoTime(item.removal_time_ms);
  json["expiryTime"] = IsoTime(item.expiry_time_ms);
  return json;
}

void PrintItem(const RecycledItem& item) {
  std::printf("%12s  %10s  %s until %s  %s%s\n", std::to_string(item.id).c_str(),
              HumanBytes(item.size).c_str(), IsoTime(item.removal_time_ms).c_str(),
              IsoTime(item.expiry_time_ms).c_str(), JoinPath(item.path).c_str(),
              item.type == EntryType::kDirectory ? "/" : "");
}

absl::Status ForEachItem(const Space& space, ListRecycledOptions options,
                         const std::function<void(const RecycledItem&)>& visitor) {
  options.limit = kPageItems;
  do {
    const auto page = space.ListRecycled(options);
    if (!page.ok()) return page.status();
    for (const RecycledItem& item : page->items) visitor(item);
    options.marker = page->marker;
  } while (!options.marker.empty());
  return absl::OkStatus();
}

absl::Status List(Session& session, const std::string& order, bool reverse) {
  const auto parsed = ParseOrder(order);
  if (!parsed.ok()) return parsed.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  ListRecycledOptions options;
  options.order = *parsed;
  options.descending = reverse;
  if (!session.json) return ForEachItem(session.space, options, PrintItem);
  JsonArray array("items");
  const absl::Status status = ForEachItem(
      session.space, options, [&array](const RecycledItem& item) { array.Add(ItemJson(item)); });
  if (status.ok()) array.End();
  return status;
}

struct RestoreArguments {
  uint64_t item = 0;
  std::string to, inside, conflict, parents;
};

absl::Status Restore(Session& session, const RestoreArguments& arguments) {
  BatchItem item;
  item.kind = BatchItem::Kind::kRestore;
  item.item = arguments.item;
  auto target = RestoreTarget(arguments.to);
  if (!target.ok()) return target.status();
  item.path = *std::move(target);
  item.from = StripSlashes(arguments.inside);
  const auto strategy = ParseStrategy(arguments.conflict);
  if (!strategy.ok()) return strategy.status();
  item.options.strategy = *strategy;
  const auto parents = ParseMissingParents(arguments.parents);
  if (!parents.ok()) return parents.status();
  item.missing_parents = *parents;
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  item.space = session.space;
  return RunAndPrint(session, item);
}

absl::Status Purge(Session& session, uint64_t id) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  BatchItem item;
  item.kind = BatchItem::Kind::kPurge;
  item.space = session.space;
  item.item = id;
  return RunAndPrintJson(session, item);
}

absl::Status Empty(Session& session) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto page = session.space.ListRecycled();
  // That the bin is off is no reason not to empty it.
  const bool off = CodeOf(page.status()) == Code::kRecycleBinNotEnabled;
  if (!page.ok() && !off) return page.status();
  if (absl::Status status = session.space.EmptyRecycleBin(); !status.ok()) return status;
  if (session.json) {
    Json json;
    json["items"] = off ? 0 : page->total_items;
    PrintJson(json);
  }
  return absl::OkStatus();
}

void AddList(CLI::App& trash, Action& action) {
  auto order = std::make_shared<std::string>("removal");
  auto reverse = std::make_shared<bool>(false);
  CLI::App* const command = trash.add_subcommand(
      "ls", "List what was deleted: id, size, when it was and when it expires, where it was");
  command->add_option("--order", *order, "removal|remaining|name|size")->capture_default_str();
  command->add_flag("--reverse", *reverse, "The other way round");
  command->callback([&action, order, reverse] {
    action = [order, reverse](Session& session) { return List(session, *order, *reverse); };
  });
}

void AddRestore(CLI::App& trash, Action& action) {
  auto arguments = std::make_shared<RestoreArguments>();
  arguments->conflict = "rename";
  arguments->parents = "fail";
  CLI::App* const command = trash.add_subcommand("restore", "Put an item back");
  command->add_option("ID", arguments->item, "As trash ls shows it")->required();
  command->add_option("DST", arguments->to, "Its new full path; unless given, where it was");
  command->add_option("--inside", arguments->inside,
                      "A path inside the item: that alone, the rest stays in the bin");
  command
      ->add_option("--conflict", arguments->conflict,
                   "ask|rename|overwrite: what to do when the path is taken")
      ->capture_default_str();
  command
      ->add_option("--parents", arguments->parents,
                   "fail|create|root: what to do when the directory it goes to is gone: fail, make "
                   "it, or put it into the root")
      ->capture_default_str();
  command->callback([&action, arguments] {
    action = [arguments](Session& session) { return Restore(session, *arguments); };
  });
}

void AddPurge(CLI::App& trash, Action& action) {
  auto id = std::make_shared<uint64_t>(0);
  CLI::App* const command = trash.add_subcommand("purge", "Let go of one item for good");
  command->add_option("ID", *id, "As trash ls shows it")->required();
  command->callback(
      [&action, id] { action = [id](Session& session) { return Purge(session, *id); }; });
}

}  // namespace

void AddTrashCommand(CLI::App& app, Action& action) {
  CLI::App* const trash = app.add_subcommand("trash", "What was deleted: list, restore, purge it");
  trash->require_subcommand(1);
  AddList(*trash, action);
  AddRestore(*trash, action);
  AddPurge(*trash, action);
  trash->add_subcommand("empty", "Let go of all items for good")->callback([&action] {
    action = Empty;
  });
}

}  // namespace marcot::tool

// diff: what differs between two directories.
#include <cstdio>
#include <memory>
#include <string>

#include "commands.h"
#include "location.h"
#include "text.h"

namespace marcot::tool {
namespace {

const Stat& StatOf(const Difference& difference) {
  return difference.after != nullptr ? *difference.after : *difference.before;
}

Json DifferenceJson(const Difference& difference) {
  const bool added = difference.before == nullptr, removed = difference.after == nullptr;
  Json json;
  json["path"] = difference.path;
  json["change"] = added ? "added" : removed ? "removed" : "changed";
  json["type"] = TypeName(StatOf(difference).type);
  if (!added) json["before"] = StatJson(*difference.before);
  if (!removed) json["after"] = StatJson(*difference.after);
  return json;
}

void PrintDifference(const Difference& difference) {
  const char how = difference.before == nullptr ? '+' : difference.after == nullptr ? '-' : '*';
  const bool directory = StatOf(difference).type == EntryType::kDirectory;
  std::printf("%c %s%s\n", how, JoinPath(difference.path).c_str(), directory ? "/" : "");
}

struct Arguments {
  std::string before, after, before_space;
};

absl::StatusOr<DirectoryAt> Locate(const Space& space, const std::string& text) {
  auto location = ParseLocation(text);
  if (!location.ok()) return location.status();
  return DirectoryAt{space, location->path, location->tree};
}

absl::Status Diff(Session& session, const Arguments& arguments) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  Space before_space = session.space;
  if (!arguments.before_space.empty()) {
    auto found = session.FindSpace(arguments.before_space);
    if (!found.ok()) return found.status();
    before_space = *found;
  }
  const auto before = Locate(before_space, arguments.before);
  if (!before.ok()) return before.status();
  const auto after = Locate(session.space, arguments.after);
  if (!after.ok()) return after.status();
  JsonArray differences("differences");
  const auto visit = [&](const Difference& difference) {
    if (session.json) {
      differences.Add(DifferenceJson(difference));
    } else {
      PrintDifference(difference);
    }
    return true;
  };
  const absl::Status status = session.store->Diff(*before, *after, visit);
  if (status.ok() && session.json) differences.End();
  return status;
}

}  // namespace

void AddDiffCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("diff", "Print what differs between two directories, snapshots or copies");
  command->add_option("A", arguments->before, "A directory")->required();
  command->add_option("B", arguments->after, "Another")->required();
  command->add_option("--from-space", arguments->before_space,
                      "LIBRARY/SPACE of A, where it is not that of B");
  command->footer(
      "+ is in B alone, - in A alone, * has another content or other attributes. A directory in\n"
      "one of them stands for all below it. What both share is skipped, however much that is.");
  command->callback([&action, arguments] {
    action = [arguments](Session& session) { return Diff(session, *arguments); };
  });
}

}  // namespace marcot::tool

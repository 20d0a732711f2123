// spaces: list, create and delete them.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

Json SpaceJson(const SpaceInfo& info) {
  Json json;
  json["library"] = info.library;
  json["space"] = info.name;
  AddTotals(&json, info.totals);
  json["creationTime"] = IsoTime(info.creation_time_ms);
  return json;
}

void PrintSpace(const SpaceInfo& info) {
  std::printf("%10s  %14s  %16s  %s/%s\n", HumanBytes(info.totals.bytes).c_str(),
              Counted(info.totals.files, "file", "files").c_str(),
              Counted(info.totals.directories, "directory", "directories").c_str(),
              info.library.c_str(), info.name.c_str());
}

absl::StatusOr<std::vector<SpaceInfo>> SpacesOf(const Store& store, const std::string& library) {
  std::vector<SpaceInfo> all;
  std::string marker;
  while (true) {
    auto page = store.ListSpaces(library, marker);
    if (!page.ok()) return page.status();
    if (page->empty()) return all;
    marker = page->back().name;
    for (SpaceInfo& info : *page) all.push_back(std::move(info));
  }
}

absl::Status ListAll(Session& session) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto libraries = session.store->ListLibraries();
  if (!libraries.ok()) return libraries.status();
  Json json;
  json["spaces"] = Json::array();
  for (const std::string& library : *libraries) {
    const auto spaces = SpacesOf(*session.store, library);
    if (!spaces.ok()) return spaces.status();
    for (const SpaceInfo& info : *spaces) {
      if (session.json) {
        json["spaces"].push_back(SpaceJson(info));
      } else {
        PrintSpace(info);
      }
    }
  }
  if (session.json) PrintJson(json);
  return absl::OkStatus();
}

void PrintName(bool json, const SpaceName& name) {
  if (json) {
    Json object;
    object["library"] = name.library;
    object["space"] = name.space;
    PrintJson(object);
  } else {
    std::printf("%s/%s\n", name.library.c_str(), name.space.c_str());
  }
}

absl::Status Create(Session& session, const std::string& text) {
  if (absl::Status status = session.OpenStore(true); !status.ok()) return status;
  const SpaceName name = ParseSpaceName(text, session.library());
  const absl::Status library = session.store->CreateLibrary(name.library);
  const bool made_library = library.ok();
  if (!library.ok() && CodeOf(library) != Code::kDuplicateLibrary) return library;
  const auto space = session.store->CreateSpace(name.library, name.space);
  if (!space.ok()) {
    // A library made for a space that cannot be is not left behind.
    if (made_library) session.store->DeleteLibrary(name.library).IgnoreError();
    return space.status();
  }
  PrintName(session.json, name);
  return absl::OkStatus();
}

absl::Status Delete(Session& session, const std::string& text, bool force) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const SpaceName name = ParseSpaceName(text, session.library());
  const absl::Status deleted = session.store->DeleteSpace(name.library, name.space, force);
  if (deleted.ok() && session.json) PrintName(true, name);
  return deleted;
}

constexpr char kNameHelp[] = "LIBRARY/SPACE, or SPACE alone in the library of --space";

}  // namespace

void AddSpacesCommand(CLI::App& app, Action& action) {
  CLI::App* const command = app.add_subcommand("spaces", "List the spaces, create or delete one");
  command->require_subcommand(0, 1);
  auto name = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  CLI::App* const create =
      command->add_subcommand("create", "Create a space, and its library if there is none");
  create->add_option("NAME", *name, kNameHelp)->required();
  CLI::App* const remove = command->add_subcommand("delete", "Delete a space");
  remove->add_option("NAME", *name, kNameHelp)->required();
  remove->add_flag("--force", *force, "Also if it holds something, with all of it");
  command->callback([&action, create, remove, name, force] {
    if (create->parsed()) {
      action = [name](Session& session) { return Create(session, *name); };
    } else if (remove->parsed()) {
      action = [name, force](Session& session) { return Delete(session, *name, *force); };
    } else {
      action = ListAll;
    }
  });
}

}  // namespace marcot::tool

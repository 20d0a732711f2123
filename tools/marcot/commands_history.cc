// history: the versions of a file.
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kPageVersions = 1000;

Json VersionJson(const FileVersion& version) {
  Json json;
  json["version"] = version.version;
  json["size"] = version.size;
  json["hash"] = version.content.Hex();
  json["modificationTime"] = IsoTime(version.modification_time_ms);
  json["replacedTime"] =
      version.replaced_time_ms == 0 ? Json() : Json(IsoTime(version.replaced_time_ms));
  return json;
}

void PrintVersion(const FileVersion& version) {
  const std::string until =
      version.replaced_time_ms == 0 ? "latest" : "until " + IsoTime(version.replaced_time_ms);
  std::printf("%12s  %10s  %s %s\n", std::to_string(version.version).c_str(),
              HumanBytes(version.size).c_str(), IsoTime(version.modification_time_ms).c_str(),
              until.c_str());
}

absl::Status ForEachVersion(const Space& space, const std::string& path,
                            const std::function<void(const FileVersion&)>& visitor) {
  ListVersionsOptions options;
  options.limit = kPageVersions;
  do {
    const auto page = space.ListVersions(path, options);
    if (!page.ok()) return page.status();
    for (const FileVersion& version : page->versions) visitor(version);
    options.before = page->next;
  } while (options.before != 0);
  return absl::OkStatus();
}

absl::Status List(Session& session, const std::string& path) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (!session.json) return ForEachVersion(session.space, path, PrintVersion);
  JsonArray array("versions");
  const absl::Status status =
      ForEachVersion(session.space, path,
                     [&array](const FileVersion& version) { array.Add(VersionJson(version)); });
  if (status.ok()) array.End();
  return status;
}

absl::Status Cat(Session& session, const std::string& path, uint64_t version) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto reader = session.space.OpenFile(path, {.version = version});
  if (!reader.ok()) return reader.status();
  return PrintFile(**reader);
}

absl::Status Restore(Session& session, const std::string& path, uint64_t version) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto placed = session.space.SetLatestVersion(path, version);
  if (!placed.ok()) return placed.status();
  PrintPlaced(session.json, placed->path);
  return absl::OkStatus();
}

absl::Status Remove(Session& session, const std::string& path, uint64_t version) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (absl::Status status = session.space.DeleteVersion(path, version); !status.ok()) return status;
  if (session.json) {
    Json json;
    json["version"] = version;
    PrintJson(json);
  }
  return absl::OkStatus();
}

void AddList(CLI::App& history, Action& action) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command = history.add_subcommand(
      "ls", "List a file's versions, the latest first: version, size, times");
  command->add_option("PATH", *path, "The file")->required();
  command->callback([&action, path] {
    action = [path](Session& session) { return List(session, StripSlashes(*path)); };
  });
}

// Adds a command on one version of a file.
void AddOfVersion(CLI::App& history, Action& action, const char* name, const char* description,
                  absl::Status (*run)(Session&, const std::string&, uint64_t)) {
  auto path = std::make_shared<std::string>();
  auto version = std::make_shared<uint64_t>(0);
  CLI::App* const command = history.add_subcommand(name, description);
  command->add_option("PATH", *path, "The file")->required();
  // The API takes 0 for the latest.
  command->add_option("VERSION", *version, "As history ls shows it")
      ->required()
      ->check(CLI::PositiveNumber);
  command->callback([&action, path, version, run] {
    action = [path, version, run](Session& session) {
      return run(session, StripSlashes(*path), *version);
    };
  });
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Action& action) {
  CLI::App* const history =
      app.add_subcommand("history", "The versions of a file: list, print, restore, remove them");
  history->require_subcommand(1);
  AddList(*history, action);
  AddOfVersion(*history, action, "cat", "Print the bytes of a version, as they are (--json too)",
               Cat);
  AddOfVersion(*history, action, "restore",
               "Give the file the bytes of a version; what it held becomes one", Restore);
  AddOfVersion(*history, action, "rm", "Let go of a version for good", Remove);
}

}  // namespace marcot::tool

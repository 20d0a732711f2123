// snapshot: directories of the space as they were, by name.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr uint32_t kExpiryDaysMax = 36'500;

Json SnapshotJson(const NamedSnapshot& snapshot) {
  Json json;
  json["name"] = snapshot.name;
  json["path"] = snapshot.path;
  AddTotals(&json, snapshot.totals);
  json["creationTime"] = IsoTime(snapshot.creation_time_ms);
  json["expiryTime"] =
      snapshot.expiry_time_ms == 0 ? Json() : Json(IsoTime(snapshot.expiry_time_ms));
  return json;
}

void PrintSnapshot(const NamedSnapshot& snapshot) {
  const std::string until =
      snapshot.expiry_time_ms == 0 ? "" : " until " + IsoTime(snapshot.expiry_time_ms);
  std::printf("%10s  %14s  %s%s  %s of %s\n", HumanBytes(snapshot.totals.bytes).c_str(),
              Counted(snapshot.totals.files, "file", "files").c_str(),
              IsoTime(snapshot.creation_time_ms).c_str(), until.c_str(), snapshot.name.c_str(),
              ShownPath(snapshot.path).c_str());
}

int64_t AfterDays(uint32_t days) {
  const auto at = std::chrono::system_clock::now() + std::chrono::days(days);
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

absl::Status Create(Session& session, const std::string& name, const std::string& path,
                    uint32_t days) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto snapshot =
      session.space.CreateSnapshot(name, StripSlashes(path), days == 0 ? 0 : AfterDays(days));
  if (!snapshot.ok()) return snapshot.status();
  if (session.json) {
    PrintJson(SnapshotJson(*snapshot));
  } else {
    PrintSnapshot(*snapshot);
  }
  return absl::OkStatus();
}

absl::Status ForEachSnapshot(const Space& space,
                             const std::function<void(const NamedSnapshot&)>& visitor) {
  std::string marker;
  while (true) {
    const auto page = space.ListSnapshots(marker);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const NamedSnapshot& snapshot : *page) visitor(snapshot);
    marker = page->back().name;
  }
}

absl::Status List(Session& session) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (!session.json) return ForEachSnapshot(session.space, PrintSnapshot);
  JsonArray array("snapshots");
  const absl::Status status = ForEachSnapshot(
      session.space,
      [&array](const NamedSnapshot& snapshot) { array.Add(SnapshotJson(snapshot)); });
  if (status.ok()) array.End();
  return status;
}

absl::Status Remove(Session& session, const std::string& name) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (absl::Status status = session.space.DeleteSnapshot(name); !status.ok()) return status;
  if (session.json) {
    Json json;
    json["name"] = name;
    PrintJson(json);
  }
  return absl::OkStatus();
}

void AddCreate(CLI::App& snapshot, Action& action) {
  auto name = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  auto days = std::make_shared<uint32_t>(0);
  CLI::App* const command =
      snapshot.add_subcommand("create", "Keep a directory as it is now, whatever is in it");
  command->add_option("NAME", *name, "Its name")->required();
  command->add_option("PATH", *path, "The directory; unless given, the root");
  command->add_option("--expires", *days, "Days after which it may go; unless given, never")
      ->check(CLI::Range(uint32_t{1}, kExpiryDaysMax));
  command->footer("Commands that read, and cp, take snapshot:NAME[/PATH] for what is in it.");
  command->callback([&action, name, path, days] {
    action = [name, path, days](Session& session) { return Create(session, *name, *path, *days); };
  });
}

void AddRemove(CLI::App& snapshot, Action& action) {
  auto name = std::make_shared<std::string>();
  CLI::App* const command = snapshot.add_subcommand("rm", "Let go of a snapshot");
  command->add_option("NAME", *name, "Its name")->required();
  command->callback(
      [&action, name] { action = [name](Session& session) { return Remove(session, *name); }; });
}

}  // namespace

void AddSnapshotCommand(CLI::App& app, Action& action) {
  CLI::App* const snapshot =
      app.add_subcommand("snapshot", "Directories as they were, by name: create, ls, rm");
  snapshot->require_subcommand(1);
  AddCreate(*snapshot, action);
  snapshot->add_subcommand("ls", "List the snapshots: size, when taken, when they expire, of what")
      ->callback([&action] { action = List; });
  AddRemove(*snapshot, action);
}

}  // namespace marcot::tool

// backup, restore, checkpoint: the store as a whole, kept beside it and brought back.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

struct BackupArguments {
  std::string folder;
  bool list = false, verify = false;
  uint32_t id = kNewestBackup;
  uint32_t keep = 0;  // 0: all
};

Json BackupJson(const BackupInfo& backup) {
  Json json;
  json["id"] = backup.id;
  json["creationTime"] = IsoTime(backup.creation_time_ms);
  json["bytes"] = backup.bytes;
  json["files"] = backup.files;
  if (backup.damaged) json["damaged"] = true;
  return json;
}

void PrintBackup(const BackupInfo& backup) {
  if (backup.damaged) {
    std::printf("%4u  damaged\n", backup.id);
    return;
  }
  std::printf("%4u  %s  %10s\n", backup.id, IsoTime(backup.creation_time_ms).c_str(),
              HumanBytes(backup.bytes).c_str());
}

absl::Status List(const Session& session, const std::string& folder) {
  const auto backups = ListBackups(folder);
  if (!backups.ok()) return backups.status();
  if (!session.json) {
    for (const BackupInfo& backup : *backups) PrintBackup(backup);
    return absl::OkStatus();
  }
  JsonArray array("backups");
  for (const BackupInfo& backup : *backups) array.Add(BackupJson(backup));
  array.End();
  return absl::OkStatus();
}

absl::Status Make(Session& session, const BackupArguments& arguments) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto backup = session.store->CreateBackup(arguments.folder);
  if (!backup.ok()) return backup.status();
  if (session.json) {
    PrintJson(BackupJson(*backup));
  } else {
    PrintBackup(*backup);
  }
  if (arguments.keep == 0) return absl::OkStatus();
  return KeepNewestBackups(arguments.folder, arguments.keep);
}

absl::Status Backup(Session& session, const BackupArguments& arguments) {
  if (arguments.list) return List(session, arguments.folder);
  if (arguments.verify) return VerifyBackup(arguments.folder, arguments.id);
  return Make(session, arguments);
}

void AddBackup(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<BackupArguments>();
  CLI::App* const command = app.add_subcommand(
      "backup", "Add a backup of the store to a folder of them, or look at those there");
  command->add_option("FOLDER", arguments->folder, "Where the backups are kept")->required();
  CLI::Option* const keep =
      command->add_option("--keep", arguments->keep, "Delete all but the newest so many")
          ->check(CLI::PositiveNumber);
  CLI::Option* const list =
      command->add_flag("--list", arguments->list, "Show the backups: number, when, size");
  CLI::Option* const verify = command->add_flag(
      "--verify", arguments->verify, "Read the newest one, or that of --id, and compare checksums");
  command->add_option("--id", arguments->id, "Which one to verify")
      ->needs(verify)
      ->check(CLI::PositiveNumber);
  keep->excludes(list)->excludes(verify);
  list->excludes(verify);
  command->footer(
      "The store may not be open elsewhere; a program that has it open makes its own backups. "
      "What\n"
      "two backups share is kept once.");
  command->callback([&action, arguments] {
    action = [arguments](Session& session) { return Backup(session, *arguments); };
  });
}

void AddRestore(CLI::App& app, Action& action) {
  auto folder = std::make_shared<std::string>();
  auto id = std::make_shared<uint32_t>(kNewestBackup);
  CLI::App* const command =
      app.add_subcommand("restore", "Make the store that --store names of a backup");
  command->add_option("FOLDER", *folder, "Where the backups are kept")->required();
  command->add_option("--id", *id, "Which one; unless given, the newest")
      ->check(CLI::PositiveNumber);
  command->callback([&action, folder, id] {
    action = [folder, id](Session& session) { return RestoreBackup(*folder, session.folder, *id); };
  });
}

void AddCheckpoint(CLI::App& app, Action& action) {
  auto folder = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand(
      "checkpoint", "Make a store of the same state in a new folder, by links to its files");
  command->add_option("FOLDER", *folder, "The new folder")->required();
  command->callback([&action, folder] {
    action = [folder](Session& session) {
      if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
      return session.store->CreateCheckpoint(*folder);
    };
  });
}

}  // namespace

void AddBackupCommands(CLI::App& app, Action& action) {
  AddBackup(app, action);
  AddRestore(app, action);
  AddCheckpoint(app, action);
}

}  // namespace marcot::tool

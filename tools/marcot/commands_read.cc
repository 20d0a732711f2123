// cat, ls, stat, du: what is at one path.
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "commands.h"
#include "location.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kPageEntries = 1000;

absl::Status Cat(Session& session, const std::string& path) {
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  auto reader = session.space.OpenFile(location->path, {.tree = location->tree});
  if (!reader.ok()) return reader.status();
  return PrintFile(**reader);
}

uint64_t SizeOf(const Stat& stat) {
  return stat.type == EntryType::kDirectory ? stat.totals.bytes : stat.size;
}

std::string ShownName(const Stat& stat) {
  return stat.type == EntryType::kDirectory ? stat.name + "/" : stat.name;
}

void PrintEntry(const Stat& stat, bool is_long) {
  if (is_long) {
    std::printf("%c %18s  %s  ", stat.type == EntryType::kDirectory ? 'd' : '-',
                Grouped(SizeOf(stat)).c_str(), IsoTime(stat.modification_time_ms).c_str());
  }
  std::puts(ShownName(stat).c_str());
}

// Gives every page of a directory as of one commit.
absl::Status ForEachPage(Session& session, const Location& location,
                         const std::function<void(const Page&)>& visitor) {
  const auto snapshot = session.store->TakeSnapshot();
  ListOptions options;
  options.snapshot = snapshot.get();
  options.tree = location.tree;
  options.limit = kPageEntries;
  do {
    auto page = session.space.List(location.path, options);
    if (!page.ok()) return page.status();
    visitor(*page);
    options.marker = page->marker;
  } while (!options.marker.empty());
  return absl::OkStatus();
}

absl::Status ListAsJson(Session& session, const Location& location) {
  JsonArray array("entries");
  const absl::Status status = ForEachPage(session, location, [&array](const Page& page) {
    for (const Stat& stat : page.entries) array.Add(StatJson(stat));
  });
  if (status.ok()) array.End();
  return status;
}

absl::Status Ls(Session& session, const std::string& path, bool is_long) {
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (session.json) return ListAsJson(session, *location);
  return ForEachPage(session, *location, [is_long](const Page& page) {
    for (const Stat& stat : page.entries) PrintEntry(stat, is_long);
  });
}

void PrintAttributes(const Attributes& attributes) {
  for (const auto& [key, value] : attributes.metadata) PrintField("metadata", key + "=" + value);
  for (const std::string& label : attributes.labels) PrintField("label", label);
  PrintField("category", attributes.category);
  PrintField("content type", attributes.content_type);
  PrintField("local creation", attributes.local_creation_time);
  PrintField("local modification", attributes.local_modification_time);
}

void PrintStat(const std::string& path, const Stat& stat) {
  const bool directory = stat.type == EntryType::kDirectory;
  PrintField("path", path);
  PrintField("type", TypeName(stat.type));
  PrintField("size", Grouped(SizeOf(stat)) + " bytes");
  if (directory) {
    PrintField("files", Grouped(stat.totals.files) + " in all, " + Grouped(stat.child_files) +
                            " directly here");
    PrintField("directories", Grouped(stat.totals.directories) + " in all, " +
                                  Grouped(stat.child_directories) + " directly here");
  } else {
    PrintField("hash", stat.content.Hex());
  }
  PrintField("id", stat.id.Hex());
  PrintField("version", std::to_string(stat.version));
  PrintField("eTag", stat.Etag());
  PrintField("created", IsoTime(stat.creation_time_ms));
  PrintField("modified", IsoTime(stat.modification_time_ms));
  PrintField("creator", stat.creator);
  PrintAttributes(stat.attributes.Unpack());
}

absl::Status PrintStatOf(Session& session, const std::string& path) {
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  auto stat = session.space.GetStat(location->path, {.tree = location->tree});
  if (!stat.ok()) return stat.status();
  if (session.json) {
    PrintJson(StatJson(*stat));
  } else {
    PrintStat(location->shown, *stat);
  }
  return absl::OkStatus();
}

absl::Status Du(Session& session, const std::string& path) {
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  auto stat = session.space.GetStat(location->path, {.tree = location->tree});
  if (!stat.ok()) return stat.status();
  RecursiveTotals totals = stat->totals;
  if (stat->type == EntryType::kFile) totals = {.bytes = stat->size, .files = 1, .directories = 0};
  if (session.json) {
    Json json;
    AddTotals(&json, totals);
    PrintJson(json);
    return absl::OkStatus();
  }
  std::printf("%10s  %16s  %14s  %16s  %s\n", HumanBytes(totals.bytes).c_str(),
              Counted(totals.bytes, "byte", "bytes").c_str(),
              Counted(totals.files, "file", "files").c_str(),
              Counted(totals.directories, "directory", "directories").c_str(),
              location->shown.c_str());
  return absl::OkStatus();
}

// Adds a command that takes one PATH and does `run` on it.
void AddPathCommand(CLI::App& app, Action& action, const char* name, const char* description,
                    bool required, absl::Status (*run)(Session&, const std::string&)) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand(name, description);
  command->add_option("PATH", *path, required ? "The path" : "The path; unless given, the root")
      ->required(required);
  command->callback([&action, path, run] {
    action = [path, run](Session& session) { return run(session, *path); };
  });
}

void AddLs(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::string>();
  auto is_long = std::make_shared<bool>(false);
  CLI::App* const command =
      app.add_subcommand("ls", "List a directory: subdirectories, then files");
  command->add_option("PATH", *path, "The directory; unless given, the root");
  command->add_flag("-l", *is_long, "With type, size (recursive) and modification time");
  command->callback([&action, path, is_long] {
    action = [path, is_long](Session& session) { return Ls(session, *path, *is_long); };
  });
}

}  // namespace

void AddReadCommands(CLI::App& app, Action& action) {
  AddPathCommand(app, action, "cat", "Print the bytes of a file, as they are (--json too)", true,
                 Cat);
  AddLs(app, action);
  AddPathCommand(app, action, "stat", "Print all that is known of a file or directory", true,
                 PrintStatOf);
  AddPathCommand(app, action, "du", "Print the recursive size of a directory, exact", false, Du);
}

}  // namespace marcot::tool

// find: search by name, extension, type, size and time.
#include <algorithm>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "commands.h"
#include "location.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kPageEntries = 1000;

struct Arguments {
  std::string path, type;
  SearchQuery query;
  size_t limit = std::numeric_limits<size_t>::max();
};

Json FoundJson(const Found& found) {
  Json json = PathJson(found.path);
  json.update(StatJson(found.stat));
  return json;
}

void PrintFound(const Found& found) {
  const bool directory = found.stat.type == EntryType::kDirectory;
  std::printf("%s%s\n", JoinPath(found.path).c_str(), directory ? "/" : "");
}

absl::Status Find(Session& session, const Arguments& arguments) {
  const auto location = ParseLocation(arguments.path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  const auto snapshot = session.store->TakeSnapshot();
  SearchQuery query = arguments.query;
  query.snapshot = snapshot.get();
  query.tree = location->tree;
  query.below = location->path;
  query.directories = arguments.type != "f";
  query.files = arguments.type != "d";
  JsonArray entries("entries");
  size_t left = arguments.limit;
  do {
    query.limit = std::min(left, kPageEntries);
    auto page = session.space.Search(query);
    if (!page.ok()) return page.status();
    for (const Found& found : page->entries) {
      if (session.json) {
        entries.Add(FoundJson(found));
      } else {
        PrintFound(found);
      }
    }
    left -= page->entries.size();
    query.marker = page->marker;
  } while (!query.marker.empty() && left > 0);
  if (session.json) entries.End();
  return absl::OkStatus();
}

// Each stands for one value, so that PATH may follow.
void AddWords(CLI::App* command, const char* option, std::vector<std::string>* words,
              const char* description) {
  command->add_option(option, *words, description)->allow_extra_args(false);
}

}  // namespace

void AddFindCommand(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      app.add_subcommand("find", "Print what is below a directory and matches all that is asked");
  SearchQuery& query = arguments->query;
  command->add_option("PATH", arguments->path, "The directory; unless given, the root");
  AddWords(command, "--name", &query.keywords, "A word in the name, case ignored; any of several");
  AddWords(command, "--ext", &query.extensions,
           "The extension, without the dot, case ignored; any of several");
  command->add_option("--type", arguments->type, "d: directories alone, f: files alone")
      ->check(CLI::IsMember({"d", "f"}));
  command->add_option("--min-size", query.min_size, "Files of so many bytes, or more")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--max-size", query.max_size, "Files of so many bytes, or fewer")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--newer", query.modified_from_ms,
                      "Modified then or later, in milliseconds since 1970");
  command->add_option("--older", query.modified_until_ms, "Modified then or earlier");
  command->add_option("--limit", arguments->limit, "Print so many at the most")
      ->check(CLI::PositiveNumber);
  command->callback([&action, arguments] {
    action = [arguments](Session& session) { return Find(session, *arguments); };
  });
}

}  // namespace marcot::tool

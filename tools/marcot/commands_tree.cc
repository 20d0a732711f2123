// tree: a whole subtree, streamed. What is held in memory is the way from the top to where the walk
// is. Both forms lean on the order of Walk: depth first, subdirectories before files.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "location.h"
#include "text.h"

namespace marcot::tool {
namespace {

// Draws as tree(1) does. How many entries of a directory are still to come tells which is its last.
class Drawing {
 public:
  void Begin(const std::string& path, const Stat& top) {
    std::puts(path.c_str());
    Enter(top);
  }

  // `depth` counts from 1, directly below the top.
  void Add(size_t depth, const Stat& stat) {
    to_come_.resize(depth);
    --to_come_.back();
    std::string line;
    for (size_t level = 0; level + 1 < depth; ++level)
      line += to_come_[level] > 0 ? "│   " : "    ";
    line += to_come_.back() > 0 ? "├── " : "└── ";
    line += stat.name;
    if (stat.type == EntryType::kDirectory) {
      line += "/";
      Enter(stat);
    }
    std::puts(line.c_str());
  }

  void End(const Stat& top) {
    std::printf(
        "\n%s, %s, %s\n", Counted(top.totals.directories, "directory", "directories").c_str(),
        Counted(top.totals.files, "file", "files").c_str(), HumanBytes(top.totals.bytes).c_str());
  }

 private:
  void Enter(const Stat& directory) {
    to_come_.push_back(directory.child_files + directory.child_directories);
  }

  std::vector<uint64_t> to_come_;  // by level
};

// Writes nested objects. A directory's files are together at its end, under "/files": no name of an
// entry holds a slash, so none is taken for it.
class NestedJson {
 public:
  void Begin(const std::string&, const Stat&) { Open(); }

  void Add(size_t depth, const Stat& stat) {
    while (levels_.size() > depth) Close();
    Level& level = levels_.back();
    const bool file = stat.type == EntryType::kFile;
    if (file && !level.in_files) {
      std::fputs(level.empty ? "\"/files\":{" : ",\"/files\":{", stdout);
      level = {.empty = true, .in_files = true};
    }
    if (!std::exchange(level.empty, false)) std::fputc(',', stdout);
    std::fputs((Dump(Json(stat.name)) + ":").c_str(), stdout);
    if (file) {
      Json json;
      json["size"] = stat.size;
      json["hash"] = stat.content.Hex();
      std::fputs(Dump(json).c_str(), stdout);
    } else {
      Open();
    }
  }

  void End(const Stat&) {
    while (!levels_.empty()) Close();
    std::fputc('\n', stdout);
  }

 private:
  struct Level {
    bool empty = true;  // nothing written since the innermost brace
    bool in_files = false;
  };

  void Open() {
    std::fputc('{', stdout);
    levels_.emplace_back();
  }

  void Close() {
    std::fputs(levels_.back().in_files ? "}}" : "}", stdout);
    levels_.pop_back();
  }

  std::vector<Level> levels_;
};

template <typename Writer>
absl::Status WriteTree(Session& session, const Location& location, Writer writer) {
  const auto snapshot = session.store->TakeSnapshot();
  const ReadOptions options{.snapshot = snapshot.get(), .tree = location.tree};
  auto top = session.space.GetStat(location.path, options);
  if (!top.ok()) return top.status();
  if (top->type == EntryType::kFile) {
    return MakeError(Code::kFileTypeNotMatched,
                     "`" + location.shown + "` is a file; a tree has a directory");
  }
  writer.Begin(location.shown, *top);
  const size_t top_depth = Depth(location);
  const auto add = [&](const WalkEntry& entry) -> absl::StatusOr<WalkStep> {
    writer.Add(entry.path.size() - top_depth, entry.stat);
    return WalkStep::kGoOn;
  };
  const absl::Status walked = session.space.Walk(location.path, add, options);
  if (!walked.ok()) return walked;
  writer.End(*top);
  return absl::OkStatus();
}

absl::Status Tree(Session& session, const std::string& path) {
  const auto location = ParseLocation(path);
  if (!location.ok()) return location.status();
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  if (session.json) return WriteTree(session, *location, NestedJson());
  return WriteTree(session, *location, Drawing());
}

}  // namespace

void AddTreeCommand(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("tree", "Draw all that is below a directory");
  command->add_option("PATH", *path, "The directory; unless given, the root");
  command->footer(
      "With --json: nested objects, name -> object for a directory, and the files of a directory "
      "as\n"
      "name -> {\"size\":..,\"hash\":\"..\"} under its key \"/files\".");
  command->callback(
      [&action, path] { action = [path](Session& session) { return Tree(session, *path); }; });
}

}  // namespace marcot::tool

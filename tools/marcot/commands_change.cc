// mkdir, put, cp, mv, rm: one operation each.
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "commands.h"
#include "host.h"
#include "location.h"
#include "text.h"

namespace marcot::tool {
namespace {

absl::Status Mkdir(Session& session, const std::string& path) {
  if (absl::Status status = session.OpenOrCreate(); !status.ok()) return status;
  BatchItem item;
  item.kind = BatchItem::Kind::kMakeDirectory;
  item.space = session.space;
  item.path = StripSlashes(path);
  return RunAndPrint(session, item);
}

absl::Status Put(Session& session, const std::string& file, const std::string& path) {
  // Before the store, which a typo in FILE should not create.
  auto input = OpenInput(file);
  if (!input.ok()) return input.status();
  if (absl::Status status = session.OpenOrCreate(); !status.ok()) return status;
  auto placed = session.space.Put(StripSlashes(path), SourceOf(*input, file));
  if (!placed.ok()) return placed.status();
  PrintPlaced(session.json, placed->path);
  return absl::OkStatus();
}

absl::Status Remove(Session& session, const std::string& path, bool permanent) {
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  BatchItem item;
  item.kind = BatchItem::Kind::kDelete;
  item.space = session.space;
  item.path = StripSlashes(path);
  item.permanent = permanent;
  return RunAndPrintJson(session, item);
}

struct Transfer {
  BatchItem::Kind kind;
  std::string from, to;
  std::string conflict;
  bool conflict_given = false;
  std::string from_space;
};

absl::Status RunTransfer(Session& session, const Transfer& transfer) {
  BatchItem item;
  item.kind = transfer.kind;
  auto from = ParseLocation(transfer.from);
  if (!from.ok()) return from.status();
  if (from->tree.recycled_item != 0) {
    return MakeError(Code::kParamInvalid,
                     from->shown + ": what is in the recycle bin is taken out with trash restore");
  }
  item.from = std::move(from->path);
  item.from_tree = std::move(from->tree);
  item.path = StripSlashes(transfer.to);
  if (transfer.conflict_given) {
    auto strategy = ParseStrategy(transfer.conflict);
    if (!strategy.ok()) return strategy.status();
    item.options.strategy = *strategy;
  }
  if (absl::Status status = session.OpenExisting(); !status.ok()) return status;
  item.space = session.space;
  item.from_space = session.space;
  if (!transfer.from_space.empty()) {
    auto from_space = session.FindSpace(transfer.from_space);
    if (!from_space.ok()) return from_space.status();
    item.from_space = *from_space;
  }
  return RunAndPrint(session, item);
}

// cp and mv differ in one option.
void AddTransfer(CLI::App& app, Action& action, const char* name, const char* description,
                 BatchItem::Kind kind) {
  auto transfer = std::make_shared<Transfer>();
  transfer->kind = kind;
  CLI::App* const command = app.add_subcommand(name, description);
  command->add_option("SRC", transfer->from, "File or directory")->required();
  command->add_option("DST", transfer->to, "Its new full path, never \"into this directory\"")
      ->required();
  CLI::Option* const conflict = command->add_option(
      "--conflict", transfer->conflict,
      "ask|rename|overwrite: what to do when DST is taken. Unless given: ask for a directory, "
      "rename for a file");
  if (kind == BatchItem::Kind::kCopy) {
    command->add_option("--from-space", transfer->from_space,
                        "LIBRARY/SPACE of SRC, where it is not that of DST");
  }
  command->callback([&action, transfer, conflict] {
    transfer->conflict_given = conflict->count() > 0;
    action = [transfer](Session& session) { return RunTransfer(session, *transfer); };
  });
}

void AddMkdir(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("mkdir", "Make a directory and the parents it lacks");
  command->add_option("PATH", *path, "The directory")->required();
  command->callback(
      [&action, path] { action = [path](Session& session) { return Mkdir(session, *path); }; });
}

void AddPut(CLI::App& app, Action& action) {
  auto file = std::make_shared<std::string>();
  auto path = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("put", "Put a file; under a free name where PATH is taken");
  command->add_option("FILE", *file, "File of this machine; - is standard input")->required();
  command->add_option("PATH", *path, "Its full path; the parent must exist")->required();
  command->callback([&action, file, path] {
    action = [file, path](Session& session) { return Put(session, *file, *path); };
  });
}

void AddRemove(CLI::App& app, Action& action) {
  auto path = std::make_shared<std::string>();
  auto permanent = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand("rm",
                                               "Delete a file, or a directory with all below it; "
                                               "where the space has a recycle bin, into it");
  command->add_option("PATH", *path, "File or directory")->required();
  command->add_flag("--permanent", *permanent, "For good, not into the recycle bin");
  command->callback([&action, path, permanent] {
    action = [path, permanent](Session& session) { return Remove(session, *path, *permanent); };
  });
}

}  // namespace

void AddChangeCommands(CLI::App& app, Action& action) {
  AddMkdir(app, action);
  AddPut(app, action);
  AddTransfer(app, action, "cp",
              "Copy a file, or a directory with all below it, however much that is",
              BatchItem::Kind::kCopy);
  AddTransfer(app, action, "mv", "Move or rename a file or directory", BatchItem::Kind::kMove);
  AddRemove(app, action);
}

}  // namespace marcot::tool

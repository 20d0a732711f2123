// marcot: the command line of Marcot.
//
//   marcot --store DIR [--space LIBRARY/SPACE] [--json] COMMAND ...
//
// Exit 0: done. Exit 1: refused or failed, with one line `CODE: message` on standard error. Exit 2:
// wrong usage. Exit 3: done but for what is damaged, which is named on standard error.
#include <cstdio>
#include <exception>
#include <string>

#include "CLI/CLI.hpp"
#include "commands.h"
#include "session.h"

namespace marcot::tool {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitPartlyDone = 3;

constexpr char kDescription[] =
    "Marcot keeps trees of files in a store and copies any of them in microseconds.";
constexpr char kFooter[] =
    "The global options may stand before or after the command. A store that is not there is made "
    "by\n"
    "init, import, mkdir, put, batch, spaces create and space import. A PATH is a full path from "
    "the root of "
    "the\n"
    "space; slashes at its ends do not matter. To read, and as SRC of cp, it may also be in a\n"
    "snapshot or in the recycle bin: snapshot:NAME[/PATH], trash:ID[/PATH] (not in cp).\n"
    "Exit: 0 done; 1 failed, with one line `CODE: message` on standard error; 2 wrong usage; 3 "
    "done\n"
    "but for what is damaged (export).";

void AddGlobalOptions(CLI::App& app, Session& session) {
  app.description(kDescription);
  app.footer(kFooter);
  app.add_option("--store", session.folder, "Folder of the store")->required();
  app.add_option("--space", session.space_name, "LIBRARY/SPACE to work in")->capture_default_str();
  app.add_flag("--json", session.json, "Print JSON");
  app.add_flag("--timing", session.timing,
               "Print on standard error how long the engine took (mkdir, cp, mv, rm, trash)");
  app.require_subcommand(1);
  app.fallthrough();  // inherited by the commands: global options stand anywhere
}

void AddCommands(CLI::App& app, Action& action) {
  AddStoreCommands(app, action);
  AddImportCommand(app, action);
  AddExportCommand(app, action);
  AddChangeCommands(app, action);
  AddReadCommands(app, action);
  AddFindCommand(app, action);
  AddTreeCommand(app, action);
  AddBatchCommand(app, action);
  AddTrashCommand(app, action);
  AddQuotaCommand(app, action);
  AddHistoryCommand(app, action);
  AddSnapshotCommand(app, action);
  AddChangesCommand(app, action);
  AddDiffCommand(app, action);
  AddSpaceCommand(app, action);
  AddSpacesCommand(app, action);
  AddBackupCommands(app, action);
}

void PrintError(const absl::Status& status) {
  std::string line = std::string(CodeName(CodeOf(status))) + ": " + std::string(status.message());
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  std::fprintf(stderr, "%s\n", line.c_str());
}

absl::Status RunAction(Session& session, const Action& action) {
  if (absl::Status status = action(session); !status.ok()) return status;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return MakeError(Code::kInternalServerError, "cannot write to standard output");
  }
  return absl::OkStatus();
}

int Run(int argc, char** argv) {
  Session session;
  Action action;
  CLI::App app;
  AddGlobalOptions(app, session);
  AddCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  const absl::Status status = RunAction(session, action);
  if (status.ok()) return 0;
  PrintError(status);
  return session.partly_done ? kExitPartlyDone : kExitFailure;
}

}  // namespace
}  // namespace marcot::tool

int main(int argc, char** argv) {
  // Marcot throws nothing; what the libraries beside it throw (memory that ran out, say) must not
  // end in an abort.
  try {
    return marcot::tool::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "InternalServerError: %s\n", error.what());
    return 1;
  }
}

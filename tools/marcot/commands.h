// The commands, each added to the grammar together with what it does. The one that the command line
// names leaves its work in `action`.
#pragma once

#include "CLI/CLI.hpp"
#include "session.h"

namespace marcot::tool {

void AddStoreCommands(CLI::App& app, Action& action);    // init reclaim stats check
void AddStatsCommand(CLI::App& app, Action& action);     // stats
void AddSpacesCommand(CLI::App& app, Action& action);    // spaces
void AddChangeCommands(CLI::App& app, Action& action);   // mkdir put cp mv rm
void AddReadCommands(CLI::App& app, Action& action);     // cat ls stat du
void AddFindCommand(CLI::App& app, Action& action);      // find
void AddTreeCommand(CLI::App& app, Action& action);      // tree
void AddTrashCommand(CLI::App& app, Action& action);     // trash
void AddQuotaCommand(CLI::App& app, Action& action);     // quota
void AddHistoryCommand(CLI::App& app, Action& action);   // history
void AddSnapshotCommand(CLI::App& app, Action& action);  // snapshot
void AddChangesCommand(CLI::App& app, Action& action);   // changes
void AddDiffCommand(CLI::App& app, Action& action);      // diff
void AddSpaceCommand(CLI::App& app, Action& action);     // space
void AddBackupCommands(CLI::App& app, Action& action);   // backup restore checkpoint
void AddBatchCommand(CLI::App& app, Action& action);     // batch
void AddImportCommand(CLI::App& app, Action& action);    // import
void AddExportCommand(CLI::App& app, Action& action);    // export

// Those of `space` that have a file of their own: export import
void AddSpaceStreamCommands(CLI::App& space, Action& action);

}  // namespace marcot::tool

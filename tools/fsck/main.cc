// marcot-fsck: proves that a store nobody has open is sound, and repairs what can be derived.
//
//   marcot-fsck [--repair] [--deep] [--json] STORE
//   marcot-fsck --undo LOG STORE
//
// Exit, as fsck(8): 0 sound, 1 repaired, 4 errors are left, 8 it cannot run.
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "CLI/CLI.hpp"
#include "marcot/check.h"
#include "marcot/error.h"
#include "nlohmann/json.hpp"
#include "progress.h"

namespace marcot::tool {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kExitSound = 0, kExitRepaired = 1, kExitLeft = 4, kExitCannotRun = 8;

constexpr char kDescription[] =
    "Checks a Marcot store that nobody has open, and repairs what can be derived from the rest.";
constexpr char kFooter[] =
    "A repair writes what it changes to the undo log first (STORE.undo), and what it cannot place\n"
    "goes to the library lost-found. Exit: 0 sound, 1 repaired, 4 errors are left, 8 cannot run.";

struct Arguments {
  std::string store, undo;
  CheckOptions check;
  uint64_t memory_mib = 192;
  bool json = false, codes = false;
};

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PrintFinding(const Arguments& arguments, const Finding& finding) {
  if (arguments.json) {
    Json json;
    json["code"] = finding.code;
    json["where"] = finding.where;
    json["detail"] = finding.detail;
    json["meaning"] = finding.meaning;
    json["repair"] = finding.repair;
    std::printf("%s\n", Dump(json).c_str());
    return;
  }
  std::printf("%s: %s: %s\n    %s; %s\n", finding.code.c_str(), finding.where.c_str(),
              finding.detail.c_str(), finding.meaning.c_str(),
              finding.repairable() ? ("a repair " + finding.repair).c_str()
                                   : "no repair, restore it from a backup");
}

void PrintReport(const Arguments& arguments, const CheckReport& report) {
  if (arguments.json) {
    Json json;
    json["records"] = report.records;
    json["found"] = report.found;
    json["repaired"] = report.repaired;
    json["left"] = report.left;
    json["passes"] = report.passes;
    if (!report.undo_log.empty()) json["undoLog"] = report.undo_log;
    std::printf("%s\n", Dump(json).c_str());
    return;
  }
  std::printf("%llu records, %llu findings", static_cast<unsigned long long>(report.records),
              static_cast<unsigned long long>(report.found));
  if (report.repaired > 0) {
    std::printf(", %llu records changed, %llu findings left; undo with --undo %s",
                static_cast<unsigned long long>(report.repaired),
                static_cast<unsigned long long>(report.left), report.undo_log.c_str());
  }
  std::printf("%s\n", report.found == 0 ? ": sound" : "");
}

int CannotRun(const absl::Status& status) {
  std::fprintf(stderr, "%s: %s\n", std::string(CodeName(CodeOf(status))).c_str(),
               std::string(status.message()).c_str());
  return kExitCannotRun;
}

int PrintCodes() {
  for (const FaultDescription& fault : AllFaults()) {
    std::printf("%s\n    %s; %s\n", std::string(fault.code).c_str(),
                std::string(fault.meaning).c_str(),
                fault.repair.empty() ? "no repair" : std::string(fault.repair).c_str());
  }
  return kExitSound;
}

int Check(Arguments& arguments) {
  std::unique_ptr<Progress> progress;
  uint64_t shown = 0;
  arguments.check.memory_bytes = arguments.memory_mib << 20;
  arguments.check.on_finding = [&](const Finding& finding) {
    if (progress != nullptr) progress->EndLine();
    PrintFinding(arguments, finding);
  };
  arguments.check.on_progress = [&](const CheckProgress& at) {
    if (progress == nullptr || at.records < shown) {
      progress = std::make_unique<Progress>("check", at.estimated_records, 0);
      shown = 0;
    }
    progress->Advance(at.records - shown, 0);
    shown = at.records;
  };
  const auto report = CheckStore(arguments.store, arguments.check);
  progress.reset();
  if (!report.ok()) return CannotRun(report.status());
  PrintReport(arguments, *report);
  if (report->left > 0) return kExitLeft;
  return report->found > 0 ? kExitRepaired : kExitSound;
}

int Run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app;
  app.description(kDescription);
  app.footer(kFooter);
  app.add_option("STORE", arguments.store, "Folder of the store");
  app.add_flag("--repair", arguments.check.repair, "Repair what can be derived");
  app.add_flag("--deep", arguments.check.deep, "Read all contents too, and compare their hashes");
  app.add_flag("--json", arguments.json, "Print a JSON line for each finding, and one at the end");
  app.add_option("--undo", arguments.undo, "Take the repair back that wrote this log");
  app.add_option("--undo-log", arguments.check.undo_log, "Where a repair writes what was before");
  app.add_option("--scratch", arguments.check.scratch_folder, "Folder for what is sorted");
  app.add_option("--memory", arguments.memory_mib, "MiB for caches and sorting")
      ->capture_default_str()
      ->check(CLI::Range(16, 1 << 20));
  app.add_option("--threads", arguments.check.threads, "0: one a core")->check(CLI::Range(0, 1024));
  app.add_flag("--codes", arguments.codes, "List all codes and what they mean");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitCannotRun;
  }
  if (arguments.codes) return PrintCodes();
  if (arguments.store.empty()) {
    std::fprintf(stderr, "STORE is required\nRun with --help for more information.\n");
    return kExitCannotRun;
  }
  if (arguments.undo.empty()) return Check(arguments);
  const absl::Status undone = UndoRepair(arguments.store, arguments.undo);
  return undone.ok() ? kExitSound : CannotRun(undone);
}

}  // namespace
}  // namespace marcot::tool

int main(int argc, char** argv) {
  try {
    return marcot::tool::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "InternalServerError: %s\n", error.what());
    return 8;
  }
}

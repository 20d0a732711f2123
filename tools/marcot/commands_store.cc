// init, reclaim, check: the store as a whole.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "progress.h"
#include "text.h"

namespace marcot::tool {
namespace {

constexpr size_t kReclaimStepsPerCall = 1000;

absl::Status Init(Session& session) {
  if (absl::Status status = session.OpenStore(true); !status.ok()) return status;
  if (session.json) {
    Json json;
    json["store"] = session.folder;
    PrintJson(json);
  } else {
    std::printf("%s is ready\n", session.folder.c_str());
  }
  return absl::OkStatus();
}

absl::Status ReclaimAll(Store& store, uint64_t backlog) {
  Progress progress("reclaim", backlog, 0);
  while (true) {
    const auto more = store.ReclaimSteps(kReclaimStepsPerCall);
    if (!more.ok()) return more.status();
    progress.Advance(kReclaimStepsPerCall, 0);
    if (!*more) break;
  }
  progress.Finish();
  return store.ReclaimUntilIdle();
}

absl::Status Reclaim(Session& session) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto before = session.store->GetStats();
  if (!before.ok()) return before.status();
  const absl::Status reclaimed = ReclaimAll(*session.store, before->reclaim_backlog);
  if (!reclaimed.ok()) return reclaimed;
  const auto after = session.store->GetStats();
  if (!after.ok()) return after.status();
  if (session.json) {
    Json json;
    json["steps"] = after->reclaim_steps;
    json["backlogBefore"] = before->reclaim_backlog;
    json["backlog"] = after->reclaim_backlog;
    json["diskBytes"] = after->disk_bytes;
    PrintJson(json);
  } else {
    std::printf("%s done in %s; %s left; %s on the disk\n",
                Counted(before->reclaim_backlog, "job", "jobs").c_str(),
                Counted(after->reclaim_steps, "step", "steps").c_str(),
                Counted(after->reclaim_backlog, "job", "jobs").c_str(),
                HumanBytes(after->disk_bytes).c_str());
  }
  return absl::OkStatus();
}

absl::Status Check(Session& session) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto findings = session.store->CheckInvariants();
  if (!findings.ok()) return findings.status();
  if (session.json) {
    Json json;
    json["findings"] = *findings;
    PrintJson(json);
  } else {
    for (const std::string& finding : *findings) std::puts(finding.c_str());
    if (findings->empty()) std::puts("sound");
  }
  if (findings->empty()) return absl::OkStatus();
  return MakeError(Code::kStoreDamaged, Counted(findings->size(), "finding", "findings"));
}

void AddPlain(CLI::App& app, Action& action, const char* name, const char* description,
              absl::Status (*run)(Session&)) {
  app.add_subcommand(name, description)->callback([&action, run] { action = run; });
}

}  // namespace

void AddStoreCommands(CLI::App& app, Action& action) {
  AddPlain(app, action, "init", "Make the store, if it is not there yet", Init);
  AddPlain(app, action, "reclaim", "Give back all the space of what was deleted", Reclaim);
  AddStatsCommand(app, action);
  AddPlain(app, action, "check", "Prove the store's invariants; exit 1 if one does not hold",
           Check);
}

}  // namespace marcot::tool

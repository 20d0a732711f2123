// init, reclaim, stats, check: the store as a whole.
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

absl::Status Stats(Session& session) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto stats = session.store->GetStats();
  if (!stats.ok()) return stats.status();
  struct Row {
    const char* key;
    const char* label;
    uint64_t value;
  };
  const Row rows[] = {
      {"seq", "newest commit", stats->seq},
      {"commits", "groups written since opened", stats->commits},
      {"operations", "operations in them", stats->operations},
      {"reclaimBacklog", "reclaim jobs that wait", stats->reclaim_backlog},
      {"reclaimSteps", "reclaim steps since opened", stats->reclaim_steps},
      {"reclaimDone", "records reclaimed since opened", stats->reclaim_done},
      {"reclaimPending", "records to reclaim, estimated", stats->reclaim_pending},
      {"logicalBytes", "bytes shown", stats->logical_bytes},
      {"logicalFiles", "files shown", stats->logical_files},
      {"physicalBytes", "bytes stored, shared ones once", stats->physical_bytes},
      {"physicalFiles", "files stored, shared ones once", stats->physical_files},
      {"recordCacheHits", "record cache hits", stats->record_cache_hits},
      {"recordCacheMisses", "record cache misses", stats->record_cache_misses},
      {"diskBytes", "bytes on the disk", stats->disk_bytes},
      {"estimatedRecords", "records, estimated", stats->estimated_records},
  };
  Json json;
  for (const Row& row : rows) {
    json[row.key] = row.value;
    if (!session.json) std::printf("%-31s %18s\n", row.label, Grouped(row.value).c_str());
  }
  json["reclaimPaused"] = stats->reclaim_paused;
  if (session.json) {
    PrintJson(json);
  } else {
    std::printf("%-31s %18s\n", "reclaim is paused", stats->reclaim_paused ? "yes" : "no");
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
  AddPlain(app, action, "stats", "Print the store's counters", Stats);
  AddPlain(app, action, "check", "Prove the store's invariants; exit 1 if one does not hold",
           Check);
}

}  // namespace marcot::tool

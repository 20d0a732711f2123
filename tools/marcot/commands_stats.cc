// stats: what the store has counted and how it stands.
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>

#include "commands.h"
#include "text.h"

namespace marcot::tool {
namespace {

enum class Unit { kNumber, kBytes, kYesNo };

struct Row {
  const char* key;
  const char* label;
  uint64_t value;
  Unit unit = Unit::kNumber;
};

// JSON gets every row, a person a group of them at a time.
class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  void Add(const char* heading, std::initializer_list<Row> rows) {
    if (!json_) std::printf("%s%s\n", first_ ? "" : "\n", heading);
    first_ = false;
    for (const Row& row : rows) AddRow(row);
  }

  void End() const {
    if (json_) PrintJson(out_);
  }

 private:
  void AddRow(const Row& row) {
    if (row.unit == Unit::kYesNo) {
      out_[row.key] = row.value != 0;
    } else {
      out_[row.key] = row.value;
    }
    if (!json_) std::printf("  %-31s %18s%s\n", row.label, Shown(row).c_str(), More(row).c_str());
  }

  static std::string Shown(const Row& row) {
    if (row.unit == Unit::kYesNo) return row.value != 0 ? "yes" : "no";
    return Grouped(row.value);
  }

  // Large numbers of bytes once more, in a unit that can be read.
  static std::string More(const Row& row) {
    if (row.unit != Unit::kBytes || row.value < 1024) return "";
    return "  " + HumanBytes(row.value);
  }

  const bool json_;
  bool first_ = true;
  Json out_;
};

void AddContents(const StoreStats& s, Report* report) {
  report->Add("Contents", {
                              {"logicalBytes", "bytes shown", s.logical_bytes, Unit::kBytes},
                              {"logicalFiles", "files shown", s.logical_files},
                              {"physicalBytes", "bytes stored, shared ones once", s.physical_bytes,
                               Unit::kBytes},
                              {"physicalFiles", "files stored, shared ones once", s.physical_files},
                          });
}

void AddCommits(const Metrics& m, Report* report) {
  report->Add("Commits",
              {
                  {"seq", "newest commit", m.seq},
                  {"commits", "groups written since opened", m.commits},
                  {"operations", "operations in them", m.committed_operations},
                  {"syncedCommits", "groups flushed at once", m.synced_commits},
                  {"readOnly", "read-only after a failed write", m.read_only, Unit::kYesNo},
              });
}

void AddCopies(const Metrics& m, Report* report) {
  report->Add("Names and copies since opened",
              {
                  {"renumbered", "taken names that got a number", m.renumbered},
                  {"copyUps", "directories of copies written to", m.copy_ups},
                  {"longestChain", "longest chain of copies met", m.longest_chain},
                  {"flattensQueued", "flattens queued", m.flattens_queued},
                  {"flattensDone", "flattens done", m.flattens_done},
                  {"flattenWaits", "operations that waited for one", m.flatten_waits},
              });
}

void AddReclaim(const Metrics& m, Report* report) {
  report->Add("Reclaim", {
                             {"reclaimBacklog", "reclaim jobs that wait", m.reclaim_queue},
                             {"reclaimSteps", "reclaim steps since opened", m.reclaim_steps},
                             {"reclaimDone", "records reclaimed since opened", m.reclaim_records},
                             {"reclaimPending", "records to reclaim, estimated", m.reclaim_pending},
                             {"reclaimPaused", "reclaim is paused", m.reclaim_paused, Unit::kYesNo},
                         });
}

void AddCaches(const Metrics& m, Report* report) {
  const StorageFigures& s = m.storage;
  report->Add(
      "Caches",
      {
          {"recordCacheHits", "record cache hits", m.record_cache_hits},
          {"recordCacheMisses", "record cache misses", m.record_cache_misses},
          {"blockCacheBytes", "bytes in the block cache", s.block_cache_bytes, Unit::kBytes},
          {"blockCacheCapacity", "bytes it may hold", s.block_cache_capacity, Unit::kBytes},
      });
}

void AddStorage(const StorageFigures& s, Report* report) {
  report->Add("RocksDB",
              {
                  {"diskBytes", "bytes on the disk", s.disk_bytes, Unit::kBytes},
                  {"estimatedRecords", "records, estimated", s.estimated_records},
                  {"memtableBytes", "bytes not in files yet", s.memtable_bytes, Unit::kBytes},
                  {"pendingCompactionBytes", "bytes to compact, estimated",
                   s.pending_compaction_bytes, Unit::kBytes},
                  {"runningCompactions", "compactions that run", s.running_compactions},
                  {"runningFlushes", "flushes that run", s.running_flushes},
                  {"writeStalled", "writes are slowed down", s.write_stalled, Unit::kYesNo},
                  {"writeStopped", "writes are held up", s.write_stopped, Unit::kYesNo},
                  {"snapshots", "snapshots open", s.snapshots},
                  {"oldestSnapshotAge", "seconds since the oldest", s.oldest_snapshot_age},
              });
}

absl::Status Stats(Session& session) {
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  const auto stats = session.store->GetStats();
  if (!stats.ok()) return stats.status();
  const Metrics metrics = session.store->GetMetrics();
  Report report(session.json);
  AddContents(*stats, &report);
  AddCommits(metrics, &report);
  AddCopies(metrics, &report);
  AddReclaim(metrics, &report);
  AddCaches(metrics, &report);
  AddStorage(metrics.storage, &report);
  report.End();
  return absl::OkStatus();
}

absl::Status PrintPrometheus(Session& session) {
  if (session.json) {
    return MakeError(Code::kParamInvalid, "--prometheus and --json are two formats; choose one");
  }
  if (absl::Status status = session.OpenStore(false); !status.ok()) return status;
  std::fputs(PrometheusText(session.store->GetMetrics()).c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddStatsCommand(CLI::App& app, Action& action) {
  CLI::App* const command =
      app.add_subcommand("stats", "Print what the store counts and how it stands");
  const auto prometheus = std::make_shared<bool>(false);
  command->add_flag("--prometheus", *prometheus, "Print all metrics in Prometheus' text format");
  command->footer(
      "Counts are those of this command's own process, which has just opened the store; how the\n"
      "store stands is the same for all. A host has both of its own: Store::GetMetrics.");
  command->callback([&action, prometheus] {
    action = [prometheus](Session& session) {
      return *prometheus ? PrintPrometheus(session) : Stats(session);
    };
  });
}

}  // namespace marcot::tool

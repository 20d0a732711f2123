// Metrics as Prometheus reads them.
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "marcot/metrics.h"

namespace marcot {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

// Exactly, where a double would round.
std::string Seconds(uint64_t ns) {
  char fraction[16];
  std::snprintf(fraction, sizeof(fraction), "%09llu",
                static_cast<unsigned long long>(ns % kNsPerSecond));
  std::string text = absl::StrCat(ns / kNsPerSecond, ".", fraction);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

class Exposition {
 public:
  void Counter(const char* name, const char* help, uint64_t value) {
    Begin(name, help, "counter");
    absl::StrAppend(&text_, "marcot_", name, " ", value, "\n");
  }

  void Gauge(const char* name, const char* help, uint64_t value) {
    Begin(name, help, "gauge");
    absl::StrAppend(&text_, "marcot_", name, " ", value, "\n");
  }

  void Begin(const char* name, const char* help, const char* type) {
    absl::StrAppend(&text_, "# HELP marcot_", name, " ", help, "\n# TYPE marcot_", name, " ", type,
                    "\n");
  }

  void Operation(const char* name, OperationKind kind, uint64_t value) {
    absl::StrAppend(&text_, "marcot_", name, "{operation=\"", std::string(OperationName(kind)),
                    "\"} ", value, "\n");
  }

  void Family(const char* name, const char* help, const StorageFigures& figures,
              uint64_t FamilyFigures::*value) {
    Begin(name, help, "gauge");
    for (const FamilyFigures& family : figures.families) {
      absl::StrAppend(&text_, "marcot_", name, "{family=\"", std::string(family.name), "\"} ",
                      family.*value, "\n");
    }
  }

  // `label` is `name="value"`, or empty.
  void Histogram(const char* name, const std::string& label, const LatencyHistogram& histogram) {
    const std::string more = label.empty() ? "" : label + ",";
    const std::string alone = label.empty() ? "" : "{" + label + "}";
    uint64_t count = 0;
    for (size_t i = 0; i < LatencyHistogram::kBuckets; ++i) {
      count += histogram.counts[i];
      const bool last = i + 1 == LatencyHistogram::kBuckets;
      const std::string bound = last ? "+Inf" : Seconds(LatencyHistogram::UpperBoundUs(i) * 1000);
      absl::StrAppend(&text_, "marcot_", name, "_bucket{", more, "le=\"", bound, "\"} ", count,
                      "\n");
    }
    absl::StrAppend(&text_, "marcot_", name, "_sum", alone, " ", Seconds(histogram.sum_ns),
                    "\nmarcot_", name, "_count", alone, " ", count, "\n");
  }

  std::string& text() { return text_; }

 private:
  std::string text_;
};

void AddOperations(const Metrics& m, Exposition* out) {
  constexpr char kBegun[] = "operations_total", kFailed[] = "operation_failures_total";
  out->Begin(kBegun, "Operations that were begun.", "counter");
  for (size_t i = 0; i < kOperationKinds; ++i) {
    out->Operation(kBegun, static_cast<OperationKind>(i), m.operations[i].begun);
  }
  out->Begin(kFailed, "Operations that answered an error.", "counter");
  for (size_t i = 0; i < kOperationKinds; ++i) {
    out->Operation(kFailed, static_cast<OperationKind>(i), m.operations[i].failed);
  }
  constexpr char kDuration[] = "operation_duration_seconds";
  out->Begin(kDuration, "Time of an operation; of the class stat, one in 64 is timed.",
             "histogram");
  for (size_t i = 0; i < kOperationClasses; ++i) {
    const auto in = static_cast<OperationClass>(i);
    out->Histogram(kDuration, absl::StrCat("class=\"", std::string(ClassName(in)), "\""), m.of(in));
  }
}

void AddCommits(const Metrics& m, Exposition* out) {
  out->Gauge("seq", "Seq of the newest commit.", m.seq);
  out->Counter("commits_total", "Groups of operations written.", m.commits);
  out->Counter("committed_operations_total", "Operations in those groups.", m.committed_operations);
  out->Counter("synced_commits_total", "Groups flushed to the disk at once.", m.synced_commits);
  out->Begin("commit_duration_seconds", "Time to execute and write a group.", "histogram");
  out->Histogram("commit_duration_seconds", "", m.commit_latency);
  out->Gauge("read_only", "1: a write failed, the store takes no changes.", m.read_only);
}

void AddCopies(const Metrics& m, Exposition* out) {
  out->Counter("renumbered_names_total", "Taken names that got a number.", m.renumbered);
  out->Counter("flatten_waits_total", "Operations that waited for a flatten.", m.flatten_waits);
  out->Counter("copy_ups_total", "Directories of copies that were first written to.", m.copy_ups);
  out->Gauge("longest_chain", "Longest chain of bases met by a copy-up.", m.longest_chain);
  out->Counter("flattens_queued_total", "Flattens left to the background.", m.flattens_queued);
  out->Counter("flattens_done_total", "Flattens that finished.", m.flattens_done);
}

void AddReclaim(const Metrics& m, Exposition* out) {
  out->Counter("reclaim_steps_total", "Steps of reclaim.", m.reclaim_steps);
  out->Counter("reclaim_records_total", "Records that reclaim visited.", m.reclaim_records);
  out->Gauge("reclaim_queue_jobs", "Reclaim jobs that wait.", m.reclaim_queue);
  out->Gauge("reclaim_pending_records", "Records left to reclaim, estimated.", m.reclaim_pending);
  out->Gauge("reclaim_paused", "1: the background does not reclaim.", m.reclaim_paused);
}

void AddStorage(const Metrics& m, Exposition* out) {
  out->Counter("record_cache_hits_total", "Records found in the cache.", m.record_cache_hits);
  out->Counter("record_cache_misses_total", "Records not found there.", m.record_cache_misses);
  const StorageFigures& s = m.storage;
  out->Gauge("disk_bytes", "Bytes of RocksDB's files, without its logs.", s.disk_bytes);
  out->Gauge("estimated_records", "Records in RocksDB, estimated.", s.estimated_records);
  out->Gauge("memtable_bytes", "Bytes written but not in files yet.", s.memtable_bytes);
  out->Gauge("block_cache_bytes", "Bytes used of the block cache.", s.block_cache_bytes);
  out->Gauge("block_cache_capacity_bytes", "Bytes the block cache may use.",
             s.block_cache_capacity);
  out->Gauge("pending_compaction_bytes", "Bytes that compaction has to rewrite, estimated.",
             s.pending_compaction_bytes);
  out->Gauge("running_compactions", "Compactions that run.", s.running_compactions);
  out->Gauge("running_flushes", "Flushes that run.", s.running_flushes);
  out->Gauge("write_stalled", "1: RocksDB slows writes down.", s.write_stalled);
  out->Gauge("write_stopped", "1: RocksDB holds writes up.", s.write_stopped);
  out->Gauge("snapshots", "Snapshots that are open.", s.snapshots);
  out->Gauge("oldest_snapshot_age_seconds", "Age of the oldest of them.", s.oldest_snapshot_age);
  out->Counter("log_bytes_total", "Bytes of records written to RocksDB's log.", s.log_bytes);
  out->Counter("flushed_bytes_total", "Bytes written to files first.", s.flushed_bytes);
  out->Counter("compacted_bytes_total", "Bytes written again by compaction.", s.compacted_bytes);
}

void AddFamilies(const StorageFigures& s, Exposition* out) {
  out->Family("family_disk_bytes", "Bytes of a family's files.", s, &FamilyFigures::disk_bytes);
  out->Family("family_estimated_records", "Records of a family, estimated.", s,
              &FamilyFigures::estimated_records);
  out->Family("family_unsorted_files", "Files of a family that no compaction has met yet.", s,
              &FamilyFigures::unsorted_files);
}

}  // namespace

std::string PrometheusText(const Metrics& metrics) {
  Exposition out;
  AddOperations(metrics, &out);
  AddCommits(metrics, &out);
  AddCopies(metrics, &out);
  AddReclaim(metrics, &out);
  AddStorage(metrics, &out);
  AddFamilies(metrics.storage, &out);
  return std::move(out.text());
}

}  // namespace marcot

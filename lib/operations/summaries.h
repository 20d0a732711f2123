// Makes the summaries (core/summaries.h) of what is searched, in the background.
//
// A pass walks a directory that a search asked for, as of one snapshot, and goes only where a
// summary is missing; what it writes are statements about that snapshot, so it matters little when
// they are written. It takes small steps: reads of some hundred names, or a commit of some rows.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/committed.h"
#include "core/keys.h"
#include "operations/pipeline.h"

namespace marcot::operations {

class SummaryPass;

// Thread-safe.
class Summaries {
 public:
  // The background leaves a directory alone for ten times as long as the last pass over it took, so
  // that one which is large and always changing does not keep it busy.
  enum class When { kNow, kWhenDue };

  Summaries(const core::Committed& committed, Pipeline& pipeline);
  ~Summaries();

  // A search of this directory met some without a summary. A hint: it may be forgotten.
  void Suggest(core::DirId root, std::vector<std::string> path);
  // Looks again at what was searched since the store was opened. Gives a pass up that keeps its
  // snapshot for too long: another one goes on from what it has written.
  void Refresh();
  bool HasWork(When when) const;
  // One step. A pass that fails is given up: searches go on without.
  void Step(When when);

 private:
  using Clock = std::chrono::steady_clock;
  struct Directory {
    core::DirId root = 0;
    std::vector<std::string> path;
    bool waiting = false;
    Clock::time_point due;
    bool IsReady(When when) const { return waiting && (when == When::kNow || due <= Clock::now()); }
  };

  absl::Status BeginNext(When when);
  void EndPass(Clock::duration rest);

  const core::Committed& committed_;
  Pipeline& pipeline_;
  std::mutex step_mutex_;              // one step at a time
  std::unique_ptr<SummaryPass> pass_;  // guarded by it
  mutable std::mutex mutex_;           // guards what follows
  std::vector<Directory> searched_;    // the latest
  bool in_pass_ = false;
};

}  // namespace marcot::operations

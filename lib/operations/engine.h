// One open store: the committed state, the pipeline over it, and the background work.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/committed.h"
#include "marcot/options.h"
#include "marcot/space.h"
#include "operations/events.h"
#include "operations/expire_versions.h"
#include "operations/expiry.h"
#include "operations/meters.h"
#include "operations/operation.h"
#include "operations/pipeline.h"
#include "operations/spare_operations.h"
#include "operations/summaries.h"

namespace marcot::operations {

class Engine;

// A snapshot in a host's hands. The storage snapshot behind it goes at the time limit.
class EngineSnapshot final : public Snapshot {
 public:
  EngineSnapshot(Engine& engine, std::chrono::steady_clock::time_point deadline);
  ~EngineSnapshot() override;

  uint64_t seq() const override { return published_; }
  // SnapshotExpired; ParamInvalid where it is of another store.
  absl::StatusOr<std::shared_ptr<core::HeldSnapshot>> HoldFor(const Engine& engine) const;
  void ExpireIfDue(std::chrono::steady_clock::time_point now);

 private:
  Engine& engine_;
  const std::chrono::steady_clock::time_point deadline_;
  mutable std::mutex mutex_;
  std::shared_ptr<core::HeldSnapshot> held_;
  uint64_t published_;
};

class Engine {
 public:
  static absl::StatusOr<std::unique_ptr<Engine>> Open(const std::string& folder,
                                                      const StoreOptions& options);
  // On a storage that is open already.
  static absl::StatusOr<std::unique_ptr<Engine>> Start(std::unique_ptr<storage::Storage> storage,
                                                       const StoreOptions& options);
  ~Engine();

  const core::Committed& committed() const { return committed_; }
  auto NewIngestion() { return committed_.NewIngestion(); }
  Pipeline& pipeline() { return pipeline_; }
  const StoreOptions& options() const { return options_; }
  const Limits& limits() const { return limits_; }
  Meters& meters() { return meters_; }
  Metrics GetMetrics() const;
  bool reclaim_paused() const { return reclaim_paused_.load(std::memory_order_relaxed); }
  void PauseReclaim(bool paused);

  // Administrative work: what is no Operation.
  absl::Status Run(Pipeline::Work& work, Durability durability);
  // The same of something bigger that is counted: a step of it. Flattens first what it asks for.
  absl::Status RunWork(Pipeline::Work& work, Durability durability);
  // One operation of a host. Here and below the answers take the operations' paths.
  absl::StatusOr<Placed> RunOperation(Operation&& operation, Durability durability);
  // For the operations of a batch, empty. It is given back by who runs them.
  std::vector<Operation> TakeOperations(size_t count) { return spare_.Take(count); }
  // All or none; the error is that of `*failed`. `next` is the error of the item behind the last,
  // if that could not be prepared: then it fails where none before it does.
  absl::StatusOr<std::vector<Placed>> RunTogether(std::vector<Operation>&& operations,
                                                  const absl::Status& next, Durability durability,
                                                  size_t* failed);
  // Each its own outcome; they are queued together and share commits.
  std::vector<absl::StatusOr<Placed>> RunSideBySide(std::vector<Operation>&& operations,
                                                    Durability durability);

  // What follows from how operations ended; an error: nothing happens, and that is the answer.
  using FollowUp = std::function<absl::StatusOr<std::vector<Operation>>(
      std::span<const absl::StatusOr<Placed>>)>;
  // The operations, each its own outcome, and in the same commit all that follows, or nothing of
  // either. `follow` is called by the leader: it only makes operations, of what it keeps itself.
  absl::StatusOr<std::vector<absl::StatusOr<Placed>>> RunWithFollowUp(
      std::vector<Operation>&& operations, const FollowUp& follow, Durability durability);

  // At most `steps` steps of reclaim and of making summaries; answers whether work is left.
  absl::StatusOr<bool> Reclaim(size_t steps, Summaries::When when = Summaries::When::kNow);
  // Lets go of all that is due; answers how much that was.
  absl::StatusOr<uint64_t> ExpireDue();
  // Lets go of at most `limit` versions of a library's files; answers of how many.
  absl::StatusOr<uint64_t> ClearHistory(std::string_view library, uint64_t limit);
  // Asks for a directory to be rewritten whose lists skip much. A hint: it may be forgotten.
  void SuggestHeal(core::DirId root, std::vector<std::string> path);

  // Asks for summaries of a directory that is searched. A hint: it may be forgotten.
  void SuggestSummaries(core::DirId root, std::vector<std::string> path);

  std::unique_ptr<EngineSnapshot> TakeSnapshot();

 private:
  friend class EngineSnapshot;

  Engine(std::unique_ptr<storage::Storage> storage, const StoreOptions& options);
  // One operation that is no host's, or is counted already; the answers are those of Execute.
  absl::StatusOr<Placed> RunUncounted(const Operation& operation, Durability durability);
  std::chrono::steady_clock::time_point BeginAll(std::vector<Operation>* operations);
  std::vector<absl::StatusOr<Placed>> RunEachUncounted(const std::vector<Operation>& operations,
                                                       Durability durability);
  absl::Status FlattenNow(core::DirId dir);
  std::chrono::steady_clock::duration RestAfter(std::chrono::steady_clock::duration step) const;
  void WorkInBackground();
  bool HealOne();
  bool HasBackgroundWork() const;
  absl::StatusOr<uint64_t> ReviewVersions(const Libraries& libraries);
  absl::StatusOr<uint64_t> ExpireVersions();
  absl::StatusOr<uint64_t> ExpireSpace(const SpaceName& space);
  absl::StatusOr<uint64_t> RunAll(ExpiryWork& work);
  void ExpireSnapshots();

  const StoreOptions options_;
  const Limits limits_;
  core::Committed committed_;
  const Events events_;
  Meters meters_;
  Pipeline pipeline_;
  Summaries summaries_;
  std::atomic<bool> summaries_had_turn_{false};
  NameHints hints_;  // used by the leader alone
  SpareOperations spare_;
  std::atomic<bool> reclaim_paused_{false};

  std::mutex snapshots_mutex_;
  absl::flat_hash_set<EngineSnapshot*> snapshots_;

  std::mutex background_mutex_;
  std::condition_variable background_wakes_;
  bool stopping_ = false;
  std::vector<Operation> heals_;
  std::atomic<bool> background_idle_{true};
  std::thread background_;
};

}  // namespace marcot::operations

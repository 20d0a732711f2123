#include "operations/engine.h"

#include <algorithm>
#include <random>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "core/reclaim.h"
#include "core/tree_writer.h"
#include "marcot/error.h"
#include "operations/bulk_load.h"
#include "operations/content.h"
#include "operations/memory.h"
#include "operations/space_builder.h"
#include "operations/spaces.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot::operations {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxHeals = 64;
// The background looks this often for what is due.
constexpr std::chrono::seconds kExpiryPeriod{10};
// A flatten that is asked for makes a chain shorter; more rounds than a chain is long are a bug.
constexpr int kMaxFlattens = 2 * core::kMaxChain;

int64_t SystemClockMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The host's clock; where it throws, the system's.
std::function<int64_t()> GuardedClock(std::function<int64_t()> clock_ms) {
  if (!clock_ms) return SystemClockMs;
  return [clock_ms = std::move(clock_ms)] {
    try {
      return clock_ms();
    } catch (...) {
      return SystemClockMs();
    }
  };
}

class OperationWork final : public Pipeline::Work {
 public:
  OperationWork(const Operation& operation, const Limits& limits, NameHints& hints,
                const core::Committed& committed)
      : operation_(operation), limits_(limits), hints_(hints), committed_(committed) {}

  absl::Status Execute(core::Txn& txn) override {
    auto placed = operations::Execute(operation_, limits_, txn, hints_);
    if (!placed.ok()) return placed.status();
    placed_ = *std::move(placed);
    return absl::OkStatus();
  }

  // What it reads is read again by the leader, then from the caches.
  void Warm() override {
    if (!operation_.from.empty()) WarmPath(operation_.from_root, operation_.from);
    if (operation_.path.size() < 2) return;
    WarmPath(operation_.root, {operation_.path.begin(), operation_.path.end() - 1});
  }

  Placed& placed() { return placed_; }

 private:
  void WarmPath(core::DirId root, const std::vector<std::string>& names) const {
    core::ReadNewest(committed_, [&](core::View& view) { return Resolve(view, root, names); })
        .status()
        .IgnoreError();
  }

  const Operation& operation_;
  const Limits& limits_;
  NameHints& hints_;
  const core::Committed& committed_;
  Placed placed_;
};

class TogetherWork final : public Pipeline::Work {
 public:
  TogetherWork(const std::vector<Operation>& operations, const absl::Status& next,
               const Limits& limits, NameHints& hints)
      : operations_(operations), next_(next), limits_(limits), hints_(hints) {}

  absl::Status Execute(core::Txn& txn) override {
    placed_.clear();
    placed_.reserve(operations_.size());
    for (failed_ = 0; failed_ < operations_.size(); ++failed_) {
      if (failed_ > 0) txn.BeginOperation();
      auto placed = operations::Execute(operations_[failed_], limits_, txn, hints_);
      if (!placed.ok()) return std::move(placed).status();
      placed_.push_back(*std::move(placed));
    }
    return next_;
  }

  std::vector<Placed>& placed() { return placed_; }
  size_t failed() const { return failed_; }

 private:
  const std::vector<Operation>& operations_;
  const absl::Status& next_;
  const Limits& limits_;
  NameHints& hints_;
  std::vector<Placed> placed_;
  size_t failed_ = 0;
};

// Several operations in one element of the queue, each rolled back by itself if it fails.
class SideBySideWork final : public Pipeline::Work {
 public:
  SideBySideWork(std::span<const Operation> operations, const Limits& limits, NameHints& hints)
      : operations_(operations), limits_(limits), hints_(hints) {}

  // Never fails as a whole, so what one operation did is settled at once.
  // Stops before an operation that needs a flatten first; the caller runs that one alone.
  absl::Status Execute(core::Txn& txn) override {
    outcomes_.clear();
    outcomes_.reserve(operations_.size());
    for (const Operation& operation : operations_) {
      const core::Txn::Savepoint before = txn.Mark();
      if (!outcomes_.empty()) txn.BeginOperation();
      auto placed = operations::Execute(operation, limits_, txn, hints_);
      if (placed.ok()) {
        txn.Settle();
      } else {
        txn.RollBack(before);
      }
      if (txn.TakeFlattenRequest() != 0) break;
      outcomes_.push_back(std::move(placed));
    }
    return absl::OkStatus();
  }

  std::vector<absl::StatusOr<Placed>>& outcomes() { return outcomes_; }

 private:
  const std::span<const Operation> operations_;
  const Limits& limits_;
  NameHints& hints_;
  std::vector<absl::StatusOr<Placed>> outcomes_;
};

class FollowUpWork final : public Pipeline::Work {
 public:
  FollowUpWork(const std::vector<Operation>& operations, const Engine::FollowUp& follow,
               const Limits& limits, NameHints& hints)
      : operations_(operations), follow_(follow), limits_(limits), hints_(hints) {}

  absl::Status Execute(core::Txn& txn) override {
    outcomes_.clear();
    for (const Operation& operation : operations_) MARCOT_RETURN_IF_ERROR(RunOne(operation, txn));
    MARCOT_ASSIGN_OR_RETURN(following_, follow_(outcomes_));
    for (const Operation& operation : following_) {
      txn.BeginOperation();
      MARCOT_RETURN_IF_ERROR(operations::Execute(operation, limits_, txn, hints_).status());
    }
    return absl::OkStatus();
  }

  std::vector<absl::StatusOr<Placed>>& outcomes() { return outcomes_; }

 private:
  // Fails where all of it has to be done again, after a flatten.
  absl::Status RunOne(const Operation& operation, core::Txn& txn) {
    const core::Txn::Savepoint before = txn.Mark();
    txn.BeginOperation();
    auto placed = operations::Execute(operation, limits_, txn, hints_);
    if (!placed.ok()) {
      const core::DirId flatten_first = txn.TakeFlattenRequest();
      txn.AskForFlatten(flatten_first);
      if (flatten_first != 0) return placed.status();
      txn.RollBack(before);
    } else if (placed->path.empty()) {
      placed->path = operation.path;  // who follows up is told of it
    }
    outcomes_.push_back(std::move(placed));
    return absl::OkStatus();
  }

  const std::vector<Operation>& operations_;
  const Engine::FollowUp& follow_;
  const Limits& limits_;
  NameHints& hints_;
  std::vector<absl::StatusOr<Placed>> outcomes_;
  std::vector<Operation> following_;
};

class ReclaimWork final : public Pipeline::Work {
 public:
  absl::Status Execute(core::Txn& txn) override {
    MARCOT_ASSIGN_OR_RETURN(visited, core::ReclaimStep(txn));
    return absl::OkStatus();
  }
  std::optional<uint64_t> visited;
};

class FlattenWork final : public Pipeline::Work {
 public:
  explicit FlattenWork(core::DirId dir) : dir_(dir) {}
  absl::Status Execute(core::Txn& txn) override {
    MARCOT_ASSIGN_OR_RETURN(more, core::FlattenStep(txn, dir_, &cursor_));
    return absl::OkStatus();
  }
  bool more = false;

 private:
  const core::DirId dir_;
  std::string cursor_;
};

// What a crash left behind.
class AbandonedWork final : public Pipeline::Work {
 public:
  absl::Status Execute(core::Txn& txn) override {
    MARCOT_RETURN_IF_ERROR(QueueAbandonedUploads(txn));
    MARCOT_RETURN_IF_ERROR(DropAbandonedImports(txn));
    return DropAbandonedLoads(txn);
  }
};

// What Execute left out of an answer.
void AddPath(Operation* operation, Placed* placed) {
  if (placed->path.empty()) placed->path = std::move(operation->path);
}

absl::Status CheckOptions(const StoreOptions& options) {
  const auto in_range = [](size_t value, size_t low, size_t high) {
    return value >= low && value <= high;
  };
  if (!in_range(options.max_name_chars, 16, 255)) {
    return MakeError(Code::kParamInvalid, "max_name_chars must be 16..255");
  }
  if (!in_range(options.max_path_bytes, 255, 1u << 20)) {
    return MakeError(Code::kParamInvalid, "max_path_bytes must be 255..1048576");
  }
  const MemoryShares memory = SharesOf(options);
  if (memory.memtables < kMinMemtableBytes) {
    return MakeError(Code::kParamInvalid, "memtable_bytes must be at least 1 MiB");
  }
  if (memory.blocks < memory.memtables) {
    return MakeError(
        Code::kParamInvalid,
        "memory_bytes must hold record_cache_bytes and memtable_bytes, at least 2 MiB");
  }
  if (!in_range(options.reclaim_percent, 1, 100)) {
    return MakeError(Code::kParamInvalid, "reclaim_percent must be 1..100");
  }
  if (options.read_damaged && options.create_if_missing) {
    return MakeError(Code::kParamInvalid, "a store that is damaged is not made; leave one out");
  }
  if (options.max_snapshot_age.count() <= 0) {
    return MakeError(Code::kParamInvalid, "max_snapshot_age must be positive");
  }
  return absl::OkStatus();
}

}  // namespace

EngineSnapshot::EngineSnapshot(Engine& engine, Clock::time_point deadline)
    : engine_(engine),
      deadline_(deadline),
      held_(engine.committed_.TakeSnapshot()),
      published_(held_->published) {
  const std::lock_guard lock(engine_.snapshots_mutex_);
  engine_.snapshots_.insert(this);
}

EngineSnapshot::~EngineSnapshot() {
  const std::lock_guard lock(engine_.snapshots_mutex_);
  engine_.snapshots_.erase(this);
}

absl::StatusOr<std::shared_ptr<core::HeldSnapshot>> EngineSnapshot::HoldFor(
    const Engine& engine) const {
  if (&engine != &engine_)
    return MakeError(Code::kParamInvalid, "the snapshot is of another store");
  const std::lock_guard lock(mutex_);
  if (held_ != nullptr && Clock::now() < deadline_) return held_;
  return MakeError(Code::kSnapshotExpired,
                   "the snapshot was held past max_snapshot_age; take a new one");
}

void EngineSnapshot::ExpireIfDue(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (now >= deadline_) held_.reset();
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(const std::string& folder,
                                                     const StoreOptions& options) {
  MARCOT_RETURN_IF_ERROR(CheckOptions(options));
  const MemoryShares memory = SharesOf(options);
  storage::RocksdbOptions rocksdb{.create_if_missing = options.create_if_missing,
                                  .read_only = options.read_damaged,
                                  .block_cache_bytes = memory.blocks,
                                  .memtable_bytes = memory.memtables,
                                  .options_file = options.rocksdb_options_file};
  MARCOT_ASSIGN_OR_RETURN(auto storage, storage::OpenRocksdb(folder, rocksdb));
  return Start(std::move(storage), options);
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Start(std::unique_ptr<storage::Storage> storage,
                                                      const StoreOptions& options) {
  auto engine = std::unique_ptr<Engine>(new Engine(std::move(storage), options));
  std::random_device random;
  const uint64_t secret = (uint64_t{random()} << 32) ^ random();
  if (options.read_damaged) {
    MARCOT_RETURN_IF_ERROR(engine->committed_.OpenDamaged());
    return engine;
  }
  MARCOT_RETURN_IF_ERROR(engine->committed_.Open(options.create_if_missing, secret));
  AbandonedWork abandoned;
  MARCOT_RETURN_IF_ERROR(engine->pipeline_.Run(abandoned));
  if (options.background_reclaim) {
    engine->background_ = std::thread([raw = engine.get()] { raw->WorkInBackground(); });
  }
  return engine;
}

Engine::Engine(std::unique_ptr<storage::Storage> storage, const StoreOptions& options)
    : options_(options),
      limits_{options.max_name_chars, options.max_path_bytes},
      committed_(std::move(storage), SharesOf(options).records),
      events_(options.listener),
      pipeline_(committed_, GuardedClock(options.clock_ms), meters_, events_),
      summaries_(committed_, pipeline_) {}

Engine::~Engine() {
  {
    const std::lock_guard lock(background_mutex_);
    stopping_ = true;
  }
  background_wakes_.notify_all();
  if (background_.joinable()) background_.join();
}

Metrics Engine::GetMetrics() const {
  Metrics metrics;
  meters_.Read(&metrics);
  const core::Counters counters = committed_.counters();
  metrics.seq = committed_.published();
  metrics.reclaim_queue = counters.queued;
  metrics.reclaim_pending = counters.pending;
  metrics.reclaim_paused = reclaim_paused();
  const core::RecordCache::Counts cache = committed_.cache_counts();
  metrics.record_cache_hits = cache.hits;
  metrics.record_cache_misses = cache.misses;
  metrics.storage = committed_.storage().GetFigures();
  return metrics;
}

absl::Status Engine::Run(Pipeline::Work& work, Durability durability) {
  return Metered(meters_, OperationKind::kAdminister, [&] { return RunWork(work, durability); });
}

absl::Status Engine::RunWork(Pipeline::Work& work, Durability durability) {
  if (durability == Durability::kDefault) durability = options_.durability;
  work.sync = durability == Durability::kSynced;
  absl::Status status = pipeline_.Run(work);
  for (int i = 0; !status.ok() && work.flatten_first != 0 && i < kMaxFlattens; ++i) {
    meters_.AddFlattenWait();
    MARCOT_RETURN_IF_ERROR(FlattenNow(std::exchange(work.flatten_first, 0)));
    status = pipeline_.Run(work);
  }
  if (committed_.queued() > 0 && background_idle_.load(std::memory_order_relaxed)) {
    background_wakes_.notify_one();
  }
  return status;
}

absl::StatusOr<Placed> Engine::RunUncounted(const Operation& operation, Durability durability) {
  OperationWork work(operation, limits_, hints_, committed_);
  MARCOT_RETURN_IF_ERROR(RunWork(work, durability));
  return std::move(work.placed());
}

absl::StatusOr<Placed> Engine::RunOperation(Operation&& operation, Durability durability) {
  MakeNewChunks(committed_, &operation);
  return Metered(meters_, KindOf(operation), [&] {
    auto placed = RunUncounted(operation, durability);
    if (placed.ok()) AddPath(&operation, &*placed);
    return placed;
  });
}

Clock::time_point Engine::BeginAll(std::vector<Operation>* operations) {
  for (Operation& operation : *operations) {
    MakeNewChunks(committed_, &operation);
    meters_.Begin(KindOf(operation));
  }
  return Clock::now();
}

absl::StatusOr<std::vector<Placed>> Engine::RunTogether(std::vector<Operation>&& operations,
                                                        const absl::Status& next,
                                                        Durability durability, size_t* failed) {
  const Clock::time_point begin = BeginAll(&operations);
  TogetherWork work(operations, next, limits_, hints_);
  const absl::Status status = RunWork(work, durability);
  meters_.AddTime(OperationClass::kWrite, Clock::now() - begin, operations.size());
  *failed = work.failed();
  for (size_t i = 0; i < operations.size(); ++i) {
    if (status.ok()) {
      AddPath(&operations[i], &work.placed()[i]);
    } else {
      meters_.Fail(KindOf(operations[i]));
    }
  }
  spare_.Give(std::move(operations));
  if (!status.ok()) return status;
  return std::move(work.placed());
}

std::vector<absl::StatusOr<Placed>> Engine::RunSideBySide(std::vector<Operation>&& operations,
                                                          Durability durability) {
  const Clock::time_point begin = BeginAll(&operations);
  auto outcomes = RunEachUncounted(operations, durability);
  meters_.AddTime(OperationClass::kWrite, Clock::now() - begin, operations.size());
  for (size_t i = 0; i < operations.size(); ++i) {
    if (outcomes[i].ok()) {
      AddPath(&operations[i], &*outcomes[i]);
    } else {
      meters_.Fail(KindOf(operations[i]));
    }
  }
  spare_.Give(std::move(operations));
  return outcomes;
}

std::vector<absl::StatusOr<Placed>> Engine::RunEachUncounted(
    const std::vector<Operation>& operations, Durability durability) {
  std::vector<absl::StatusOr<Placed>> outcomes;
  outcomes.reserve(operations.size());
  while (outcomes.size() < operations.size()) {
    const std::span<const Operation> left(operations.data() + outcomes.size(),
                                          operations.size() - outcomes.size());
    SideBySideWork work(left, limits_, hints_);
    const absl::Status status = RunWork(work, durability);
    for (auto& outcome : work.outcomes()) {
      // What was executed but could not be committed has failed too.
      outcomes.push_back(status.ok() || !outcome.ok() ? std::move(outcome) : status);
    }
    if (outcomes.size() < operations.size()) {
      outcomes.push_back(RunUncounted(operations[outcomes.size()], durability));
    }
  }
  return outcomes;
}

absl::StatusOr<std::vector<absl::StatusOr<Placed>>> Engine::RunWithFollowUp(
    std::vector<Operation>&& operations, const FollowUp& follow, Durability durability) {
  const Clock::time_point begin = BeginAll(&operations);
  FollowUpWork work(operations, follow, limits_, hints_);
  const absl::Status status = RunWork(work, durability);
  meters_.AddTime(OperationClass::kWrite, Clock::now() - begin, operations.size());
  for (size_t i = 0; i < operations.size(); ++i) {
    const bool done = status.ok() && work.outcomes()[i].ok();
    if (!done) meters_.Fail(KindOf(operations[i]));
  }
  if (!status.ok()) return status;
  return std::move(work.outcomes());
}

absl::Status Engine::FlattenNow(core::DirId dir) {
  FlattenWork work(dir);
  do {
    MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
  } while (work.more);
  return absl::OkStatus();
}

absl::StatusOr<bool> Engine::Reclaim(size_t steps, Summaries::When when) {
  for (size_t i = 0; i < steps; ++i) {
    // By turns, where both have something to do.
    if (summaries_.HasWork(when) &&
        (committed_.queued() == 0 || !summaries_had_turn_.exchange(true))) {
      summaries_.Step(when);
      continue;
    }
    summaries_had_turn_ = false;
    ReclaimWork work;
    MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
    if (!work.visited.has_value()) return false;
    meters_.AddReclaimStep(*work.visited);
    events_.Notify([&](EventListener& listener) {
      listener.OnReclaimStep({*work.visited, committed_.queued()});
    });
  }
  return committed_.queued() > 0 || summaries_.HasWork(when);
}

void Engine::PauseReclaim(bool paused) {
  reclaim_paused_ = paused;
  background_wakes_.notify_one();
}

absl::StatusOr<uint64_t> Engine::RunAll(ExpiryWork& work) {
  uint64_t dropped = 0;
  do {
    MARCOT_RETURN_IF_ERROR(pipeline_.Run(work));
    dropped += work.dropped();
  } while (work.more());
  return dropped;
}

absl::StatusOr<uint64_t> Engine::ReviewVersions(const Libraries& libraries) {
  ReviewVersionsWork review(libraries, pipeline_.now_ms());
  return review.needed() ? RunAll(review) : 0;
}

absl::StatusOr<uint64_t> Engine::ExpireVersions() {
  core::ReadView view = core::ReadView::OfNow(committed_);
  MARCOT_ASSIGN_OR_RETURN(const Libraries libraries, AllLibraries(view));
  MARCOT_ASSIGN_OR_RETURN(const uint64_t dropped, ReviewVersions(libraries));
  ExpireVersionsWork old(libraries);
  MARCOT_ASSIGN_OR_RETURN(const uint64_t of_age, RunAll(old));
  return dropped + of_age;
}

absl::StatusOr<uint64_t> Engine::ClearHistory(std::string_view library, uint64_t limit) {
  core::ReadView view = core::ReadView::OfNow(committed_);
  MARCOT_ASSIGN_OR_RETURN(const core::LibraryRecord record, FindLibrary(view, library));
  MARCOT_RETURN_IF_ERROR(CheckHistoryIsOff(record, library));
  if (limit == 0) return 0;
  MARCOT_ASSIGN_OR_RETURN(const Libraries libraries, AllLibraries(view));
  // Puts the versions in order that came with a move.
  MARCOT_RETURN_IF_ERROR(ReviewVersions(libraries).status());
  uint64_t dropped = 0;
  ClearVersionsWork clear(library);
  do {
    clear.Allow(limit - dropped);
    const absl::Status status = RunWork(clear, Durability::kDefault);
    if (!status.ok()) return dropped > 0 ? absl::StatusOr<uint64_t>(dropped) : status;
    dropped += clear.dropped();
  } while (clear.more() && dropped < limit);
  return dropped;
}

absl::StatusOr<uint64_t> Engine::ExpireSpace(const SpaceName& space) {
  uint64_t dropped = 0;
  Operation purge;
  purge.kind = Operation::Kind::kPurge;
  purge.root = space.record.root;
  purge.library = space.library;
  purge.space = space.space;
  while (true) {
    core::ReadView view = core::ReadView::OfNow(committed_);
    MARCOT_ASSIGN_OR_RETURN(const auto due, DueItems(view, space, pipeline_.now_ms()));
    for (const uint64_t item : due) {
      purge.item = item;
      const absl::Status status = RunUncounted(purge, Durability::kLogged).status();
      // Somebody may have restored or purged it meanwhile, or deleted the space.
      const Code code = CodeOf(status);
      if (code == Code::kSpaceNotFound) return dropped;
      if (code != Code::kRecycledItemNotFound) MARCOT_RETURN_IF_ERROR(status);
      dropped += status.ok();
    }
    if (due.size() < kExpirySlice) break;
  }
  if (space.record.settings.change_feed_days == 0) return dropped;
  ExpireChangesWork changes(space);
  MARCOT_ASSIGN_OR_RETURN(const uint64_t forgotten, RunAll(changes));
  return dropped + forgotten;
}

absl::StatusOr<uint64_t> Engine::ExpireDue() {
  ExpireSnapshotsWork snapshots;
  MARCOT_ASSIGN_OR_RETURN(uint64_t dropped, RunAll(snapshots));
  MARCOT_ASSIGN_OR_RETURN(const uint64_t versions, ExpireVersions());
  dropped += versions;
  SpaceName last;
  while (true) {
    core::ReadView view = core::ReadView::OfNow(committed_);
    MARCOT_ASSIGN_OR_RETURN(const auto spaces, SpacesAfter(view, last));
    for (const SpaceName& space : spaces) {
      last = {space.library, space.space, {}};
      const auto of_space = ExpireSpace(space);
      if (CodeOf(of_space.status()) == Code::kLibraryNotFound) continue;  // deleted meanwhile
      MARCOT_RETURN_IF_ERROR(of_space.status());
      dropped += *of_space;
    }
    if (spaces.size() < kExpirySlice) return dropped;
  }
}

void Engine::SuggestHeal(core::DirId root, std::vector<std::string> path) {
  const std::lock_guard lock(background_mutex_);
  if (heals_.size() >= kMaxHeals) return;
  Operation heal;
  heal.kind = Operation::Kind::kHeal;
  heal.root = root;
  heal.path = std::move(path);
  heals_.push_back(std::move(heal));
  background_wakes_.notify_one();
}

void Engine::SuggestSummaries(core::DirId root, std::vector<std::string> path) {
  summaries_.Suggest(root, std::move(path));
  background_wakes_.notify_one();
}

std::unique_ptr<EngineSnapshot> Engine::TakeSnapshot() {
  constexpr std::chrono::seconds kLongest{10LL * 365 * 86400};  // a sum with more could overflow
  return std::make_unique<EngineSnapshot>(
      *this, Clock::now() + std::min(options_.max_snapshot_age, kLongest));
}

void Engine::ExpireSnapshots() {
  const std::lock_guard lock(snapshots_mutex_);
  const Clock::time_point now = Clock::now();
  for (EngineSnapshot* const snapshot : snapshots_) snapshot->ExpireIfDue(now);
}

bool Engine::HasBackgroundWork() const {
  return !heals_.empty() || (!reclaim_paused() && (committed_.queued() > 0 ||
                                                   summaries_.HasWork(Summaries::When::kWhenDue)));
}

bool Engine::HealOne() {
  Operation heal;
  {
    const std::lock_guard lock(background_mutex_);
    if (heals_.empty()) return false;
    heal = std::move(heals_.back());
    heals_.pop_back();
  }
  RunUncounted(heal, Durability::kLogged).status().IgnoreError();  // the directory may be gone
  return true;
}

// After a step of reclaim the background rests as long as keeps it to its share of the time, and to
// its steps a second.
Clock::duration Engine::RestAfter(Clock::duration step) const {
  const auto share = step * (100 - options_.reclaim_percent) / options_.reclaim_percent;
  const uint32_t steps = options_.reclaim_steps_per_second;
  if (steps == 0) return share;
  return std::max<Clock::duration>(share,
                                   std::chrono::nanoseconds(std::chrono::seconds(1)) / steps);
}

void Engine::WorkInBackground() {
  constexpr std::chrono::seconds kLookAgain{1};
  std::unique_lock lock(background_mutex_);
  bool damaged = false;  // the background met damage: that stays for a call that was made to report
  Clock::time_point next_expiry = Clock::now() + kExpiryPeriod;
  const auto has_work = [&] { return !damaged && HasBackgroundWork(); };
  while (!stopping_) {
    background_idle_ = true;
    background_wakes_.wait_for(lock, kLookAgain, [&] { return stopping_ || has_work(); });
    background_idle_ = false;
    while (!stopping_ && has_work()) {
      lock.unlock();
      const Clock::time_point begin = Clock::now();
      damaged = !HealOne() && !Reclaim(1, Summaries::When::kWhenDue).ok();
      ExpireSnapshots();
      const auto rest = RestAfter(Clock::now() - begin);
      lock.lock();
      background_wakes_.wait_for(lock, rest, [this] { return stopping_; });
      if (Clock::now() >= next_expiry) break;
    }
    lock.unlock();
    ExpireSnapshots();
    if (!damaged && Clock::now() >= next_expiry) {
      damaged = !ExpireDue().ok();
      summaries_.Refresh();
      next_expiry = Clock::now() + kExpiryPeriod;
    }
    lock.lock();
  }
}

}  // namespace marcot::operations

#include "support/counted_engine.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "operations/spaces.h"
#include "rocksdb/perf_context.h"
#include "rocksdb/perf_level.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot::testing {

using operations::Engine;
using operations::Operation;

std::ostream& operator<<(std::ostream& out, const Cost& cost) {
  return out << cost.counts << ", passed over " << cost.passed_over;
}

std::vector<std::string> Split(const std::string& path) { return *operations::ParsePath(path, {}); }

void CountedEngine::Open() {
  engine_.reset();
  auto rocksdb = storage::OpenRocksdb(
      folder_.path().string(),
      {.create_if_missing = true, .block_cache_bytes = 64u << 20, .memtable_bytes = 64u << 20});
  StoreOptions options;
  options.create_if_missing = true;
  options.record_cache_bytes = record_cache_bytes_;
  options.background_reclaim = false;
  engine_ = *Engine::Start(CountingStorage(*std::move(rocksdb), &counts_), options);
  operations::CreateLibraryWork library("lib");
  operations::CreateSpaceWork space("lib", "space");
  if (engine_->Run(library, Durability::kLogged).ok()) {
    EXPECT_TRUE(engine_->Run(space, Durability::kLogged).ok());
    root_.dir = space.record().root;
  }
}

Operation CountedEngine::Make(Operation::Kind kind, const std::string& path) const {
  Operation operation;
  operation.kind = kind;
  operation.root = operation.from_root = root_.dir;
  operation.library = operation.from_library = "lib";
  operation.space = operation.from_space = "space";
  operation.path = Split(path);
  return operation;
}

Operation CountedEngine::Put(const std::string& path) const {
  Operation operation = Make(Operation::Kind::kPut, path);
  operation.content = {.id = {1, 1}, .size = 10, .host_kept = true, .unique_id = true};
  return operation;
}

Operation CountedEngine::Transfer(Operation::Kind kind, const std::string& from,
                                  const std::string& to) const {
  Operation operation = Make(kind, to);
  operation.from = Split(from);
  operation.strategy = Strategy::kRename;
  return operation;
}

Operation CountedEngine::Restore(const std::string& path, uint64_t item) const {
  Operation operation = Make(Operation::Kind::kRestore, path);
  operation.from.clear();
  operation.item = item;
  return operation;
}

Operation CountedEngine::Snapshot(const std::string& path, const std::string& name) const {
  Operation operation = Make(Operation::Kind::kTakeSnapshot, path);
  operation.snapshot = name;
  return operation;
}

void CountedEngine::TurnBinOn() {
  const LibrarySettings settings{.recycle_bin = true};
  operations::SetLibraryWork work("lib", settings);
  ASSERT_TRUE(engine_->Run(work, Durability::kLogged).ok());
}

void CountedEngine::Run(std::vector<Operation> operations) {
  for (const auto& outcome : engine_->RunSideBySide(std::move(operations), Durability::kLogged)) {
    ASSERT_TRUE(outcome.ok()) << outcome.status();
  }
}

void CountedEngine::Run(const Operation& operation) { Run(std::vector<Operation>{operation}); }

void CountedEngine::FoldNow() {
  const uint64_t before = counts_.folds;
  while (counts_.folds == before) Run(Make(Operation::Kind::kSetAttributes, ""));
}

Cost CountedEngine::CostOf(const std::function<void()>& run) {
  FoldNow();
  return CostWithoutFold(run);
}

Cost CountedEngine::CostOf(const Operation& operation) {
  return CostOf([&] { Run(operation); });
}

Cost CountedEngine::CostOfOpening() {
  engine_.reset();
  return CostWithoutFold([this] { Open(); });
}

Cost CountedEngine::CostWithoutFold(const std::function<void()>& run) {
  // Above the default, at which a cursor's steps are not counted.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableTimeExceptForMutex);
  rocksdb::get_perf_context()->Reset();
  counts_ = {};
  run();
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  return {counts_, rocksdb::get_perf_context()->internal_key_skipped_count +
                       rocksdb::get_perf_context()->internal_delete_skipped_count};
}

void Fill(CountedEngine& store, const std::string& top, uint64_t files) {
  constexpr uint64_t kFilesPerDirectory = 100;
  std::vector<Operation> operations;
  const auto flush = [&] {
    store.Run(operations);
    operations.clear();
  };
  for (uint64_t i = 0; i < files; ++i) {
    const uint64_t directory = i / kFilesPerDirectory;
    const std::string parent = absl::StrCat(top, "/", directory / 100, "/", directory % 100);
    if (i % kFilesPerDirectory == 0) {
      operations.push_back(store.Make(Operation::Kind::kMakeDirectory, parent));
    }
    operations.push_back(store.Put(absl::StrCat(parent, "/file", i)));
    if (operations.size() >= 1000) flush();
  }
  flush();
}

}  // namespace marcot::testing

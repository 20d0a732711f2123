// What a store does when the file system below it fails, and what is left of it when the power
// goes. MARCOT_TEST_SCALE (a factor) makes the tests shorter or longer; MARCOT_TEST_SEED picks
// other workloads.
#include "pch/test_pch.h"

#include <cstdlib>

#include "rocksdb/env.h"
#include "support/faulty_file_system.h"
#include "support/open_store.h"
#include "support/status_testing.h"
#include "support/temp_store.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

// A store on a faulty file system, and a twin on a sound one that plays the same steps.
class BrokenStore {
 public:
  BrokenStore(uint64_t seed, Durability durability)
      : seed_(seed), system_(std::make_shared<FaultyFileSystem>()) {
    env_ = rocksdb::NewCompositeEnv(system_);
    options_ = TestOptions();
    options_.durability = durability;
    options_.create_if_missing = true;
    options_.memory_bytes = 2u << 20;
    options_.memtable_bytes = 1u << 20;     // flushes often
    options_.record_cache_bytes = 1 << 16;  // reads from files
  }

  FaultyFileSystem& system() { return *system_; }
  uint64_t done() const { return done_; }
  bool is_open() const { return store_ != nullptr; }
  void Close() { store_.reset(); }

  std::string Open() {
    auto store = OpenStoreOn(env_.get(), (folder_.path() / "store").string(), options_);
    if (!store.ok()) return "open: " + Text(store.status());
    store_ = *std::move(store);
    return "";
  }

  // Plays steps, and reclaims, until something fails: what that was.
  std::string Play(uint64_t steps) {
    Workload workload(*store_, seed_);
    for (const uint64_t end = done_ + steps; done_ < end; ++done_) {
      if (std::string wrong = workload.Step(done_); !wrong.empty()) return wrong;
      if (done_ % 8 != 7) continue;
      const absl::Status status = store_->ReclaimSteps(1 + done_ % 40).status();
      if (!status.ok()) {
        ++done_;
        return "reclaim: " + Text(status);
      }
    }
    return "";
  }

  // The store holds what the twin does after `at_least` steps or some more, `done() + 1` at most.
  std::string Compare(uint64_t at_least) {
    const Space space = *store_->OpenSpace("default", "-");
    const Space other = *twin_->OpenSpace("default", "-");
    if (std::string wrong = CheckSound(*store_, "compared"); !wrong.empty()) return wrong;
    Contents is;
    if (std::string wrong = Collect(space, &is); !wrong.empty()) return wrong;
    Workload workload(*twin_, seed_);
    std::string last;
    while (true) {
      if (played_ >= at_least) {
        Contents expected;
        if (std::string wrong = Collect(other, &expected); !wrong.empty()) return wrong;
        last = Difference(is, expected);
        if (last.empty()) break;
      }
      if (played_ > done_) {
        return "after " + std::to_string(done_) + " steps it is like none of " +
               std::to_string(at_least) + " to " + std::to_string(done_ + 1) + ": " + last;
      }
      if (std::string wrong = workload.Step(played_++); !wrong.empty()) return "twin: " + wrong;
    }
    done_ = played_;
    return CheckFiles(space, other, is);
  }

  std::string Drain() {
    const absl::Status status = store_->ReclaimUntilIdle();
    return status.ok() ? CheckSound(*store_, "drained") : "drain: " + Text(status);
  }

 private:
  const uint64_t seed_;
  std::shared_ptr<FaultyFileSystem> system_;
  std::unique_ptr<rocksdb::Env> env_;
  StoreOptions options_;
  TempFolder folder_;
  TempStore twin_;
  std::unique_ptr<Store> store_;
  uint64_t done_ = 0, played_ = 0;  // steps that were answered, steps of the twin
};

// ---- power -------------------------------------------------------------------------------------

class PowerTest : public ::testing::TestWithParam<Durability> {};

// Synced: all that was answered is there. Logged: what is left is what some of the first steps
// made.
TEST_P(PowerTest, WhatIsLeftIsWhatWasPromised) {
  constexpr int kLosses = 4;  // of one store
  int struck = 0;
  for (int i = 0; i < Scaled(3); ++i) {
    const uint64_t seed = BaseSeed() * 1000 + static_cast<uint64_t>(i);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    BrokenStore store(seed, GetParam());
    for (int loss = 0; loss < kLosses; ++loss) {
      SCOPED_TRACE("loss " + std::to_string(loss));
      const uint64_t before = store.done();
      store.system().FreezeAfter(random() % (loss == 0 ? 200 : 600));
      std::string wrong = store.Open();
      if (wrong.empty()) wrong = store.Play(200);
      ASSERT_TRUE(wrong.empty() || store.system().failed()) << wrong;
      struck += store.system().failed();
      const bool synced = GetParam() == Durability::kSynced;
      const uint64_t promised = synced ? store.done() : before;
      store.Close();
      store.system().LosePower(random);
      store.system().Heal();
      ASSERT_EQ(store.Open(), "");
      ASSERT_EQ(store.Compare(promised), "");
      if (loss % 2 == 1) {
        ASSERT_EQ(store.Drain(), "");
      }
      store.Close();
    }
  }
  EXPECT_GT(struck, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, PowerTest,
                         ::testing::Values(Durability::kSynced, Durability::kLogged),
                         [](const auto& info) {
                           return info.param == Durability::kSynced ? "Synced" : "Logged";
                         });

// ---- faults ------------------------------------------------------------------------------------

struct FaultCase {
  FileOp op;
  bool no_space, for_good;
};

class FaultTest : public ::testing::TestWithParam<FaultCase> {};

// The n-th operation of the kind fails, for n from the first to the last of the workload, or some
// of them. Nothing crashes; what is read is right; with the fault gone the store goes on, at the
// latest when it is opened again.
TEST_P(FaultTest, IsAClearErrorAndNoMore) {
  constexpr uint64_t kSteps = 60;
  const FaultCase& fault = GetParam();
  uint64_t operations = 0;
  {
    BrokenStore store(BaseSeed(), Durability::kSynced);
    ASSERT_EQ(store.Open(), "");
    ASSERT_EQ(store.Play(kSteps), "");
    store.Close();
    ASSERT_EQ(store.Open(), "");
    ASSERT_EQ(store.Drain(), "");
    operations = store.system().count(fault.op);
  }
  ASSERT_GT(operations, 0u);
  int struck = 0;
  const uint64_t rounds = std::min<uint64_t>(operations, Scaled(6));
  for (uint64_t round = 0; round < rounds; ++round) {
    const uint64_t n = 1 + (round * operations / rounds + BaseSeed() * 37) % operations;
    SCOPED_TRACE(std::string(FileOpName(fault.op)) + " " + std::to_string(n) + " of " +
                 std::to_string(operations));
    BrokenStore store(BaseSeed(), Durability::kSynced);
    store.system().Fail(fault.op, n, fault.no_space, fault.for_good);
    std::string wrong = store.Open();
    if (wrong.empty()) wrong = store.Play(kSteps);
    if (wrong.empty()) {
      store.Close();
      wrong = store.Open();
      if (wrong.empty()) wrong = store.Drain();
    }
    ASSERT_TRUE(wrong.empty() || store.system().failed()) << wrong;
    struck += store.system().failed();
    store.system().Heal();
    if (store.is_open()) {
      ASSERT_EQ(store.Compare(store.done()), "") << "still open: " << wrong;
    }
    store.Close();
    ASSERT_EQ(store.Open(), "") << wrong;
    ASSERT_EQ(store.Compare(store.done()), "") << wrong;
    ASSERT_EQ(store.Play(20), "");
    ASSERT_EQ(store.Drain(), "");
    ASSERT_EQ(store.Compare(store.done()), "");
  }
  EXPECT_GT(struck, 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultTest,
    ::testing::Values(
        FaultCase{FileOp::kRead, false, false}, FaultCase{FileOp::kRead, false, true},
        FaultCase{FileOp::kAppend, false, false}, FaultCase{FileOp::kAppend, true, true},
        FaultCase{FileOp::kSync, false, false}, FaultCase{FileOp::kSync, false, true},
        FaultCase{FileOp::kCreate, false, false}, FaultCase{FileOp::kCreate, true, true},
        FaultCase{FileOp::kRename, false, false}, FaultCase{FileOp::kSyncDirectory, false, false}),
    [](const auto& info) {
      std::string name = FileOpName(info.param.op);
      std::erase(name, ' ');
      return name + (info.param.no_space ? "NoSpace" : "") + (info.param.for_good ? "ForGood" : "");
    });

}  // namespace
}  // namespace marcot::testing

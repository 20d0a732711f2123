// The service: what it keeps, below its public face.
#include <gtest/gtest.h>

#include "marcot/marcot.hpp"
#include "service/shelf.h"
#include "support/temp_store.h"

namespace marcot::service {
namespace {

using testing::TempStore;

class ShelfTest : public ::testing::Test {
 protected:
  ShelfTest() : shelf_(*Shelf::Open(*store_)), space_(*store_->OpenSpace("default", "-")) {}

  BatchItem Make(std::string path) const {
    BatchItem item;
    item.space = space_;
    item.path = std::move(path);
    return item;
  }

  TempStore store_;
  Shelf shelf_;
  Space space_;
};

TEST_F(ShelfTest, IsReachedByNoCall) {
  ASSERT_TRUE(shelf_.Put("a/b", {{"key", "value"}}).ok());
  EXPECT_EQ(*store_->ListLibraries(), std::vector<std::string>{"default"});
  EXPECT_EQ(CodeOf(store_->OpenSpace("-service", "-").status()), Code::kSpaceIdInvalid);
  EXPECT_EQ(CodeOf(store_->DeleteLibrary("-service")), Code::kSpaceIdInvalid);
  EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>{});
}

TEST_F(ShelfTest, KeepsRecordsOverAReopen) {
  ASSERT_TRUE(shelf_.Put("a/b", {{"key", "value"}}).ok());
  ASSERT_TRUE(shelf_.Put("a/b", {{"key", "other"}}).ok());
  store_.Reopen();
  const Shelf again = *Shelf::Open(*store_);
  EXPECT_EQ(*again.Find("a/b"), (Record{{"key", "other"}}));
  EXPECT_EQ(*again.Find("a/c"), std::nullopt);
  EXPECT_EQ(*again.Names("a", "", 10), std::vector<std::string>{"b"});
  EXPECT_EQ(*again.Names("a", "b", 10), std::vector<std::string>{});
  EXPECT_TRUE(*again.Delete("a"));
  EXPECT_FALSE(*again.Delete("a"));
  EXPECT_EQ(*again.Names("a", "", 10), std::vector<std::string>{});
}

TEST_F(ShelfTest, AnOutcomeAndItsRecordAreOneCommit) {
  const std::vector<BatchItem> items{Make("x"), Make("x"), Make("a|b")};
  const uint64_t commits = store_->GetMetrics().commits;
  const auto outcomes = shelf_.Run(items, [&](std::span<const absl::StatusOr<Placed>> placed) {
    return std::vector{
        shelf_.PutItem("r", {{"first", JoinPath(placed[0]->path)},
                             {"second", std::string(CodeName(CodeOf(placed[1].status())))},
                             {"third", std::string(CodeName(CodeOf(placed[2].status())))}})};
  });
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ(store_->GetMetrics().commits, commits + 1);
  EXPECT_EQ(CodeOf((*outcomes)[1].status()), Code::kSameNameDirectoryOrFileExists);
  EXPECT_EQ(*shelf_.Find("r"), (Record{{"first", "x"},
                                       {"second", "SameNameDirectoryOrFileExists"},
                                       {"third", "IllegalFileName"}}));
}

TEST_F(ShelfTest, ARecordThatFailsUndoesAll) {
  const std::vector<BatchItem> items{Make("x")};
  const auto refuse = [](auto) -> absl::StatusOr<std::vector<BatchItem>> {
    return MakeError(Code::kPathConflict, "no");
  };
  EXPECT_EQ(CodeOf(shelf_.Run(items, refuse).status()), Code::kPathConflict);
  const auto delete_nothing = [&](auto) -> absl::StatusOr<std::vector<BatchItem>> {
    return std::vector{shelf_.DeleteItem("nowhere")};
  };
  EXPECT_FALSE(shelf_.Run(items, delete_nothing).ok());
  EXPECT_EQ(CodeOf(space_.GetStat("x").status()), Code::kPathNotFound);
  EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>{});
}

TEST(PutStoredTest, TakesWhatTheStoreHas) {
  TempStore store;
  const Space space = *store->OpenSpace("default", "-");
  ASSERT_TRUE(space.Put("a", "bytes").ok());
  const Stat a = *space.GetStat("a");
  ASSERT_TRUE(space.PutStored("b", {a.content, a.size}).ok());
  EXPECT_EQ(*space.Read("b"), "bytes");
  EXPECT_EQ(CodeOf(space.PutStored("c", {a.content, a.size + 1}).status()), Code::kContentNotFound);
  EXPECT_EQ(CodeOf(space.PutStored("c", {{1, 2}, 3}).status()), Code::kContentNotFound);
  EXPECT_TRUE(space.PutStored("empty", {}).ok());
  ASSERT_TRUE(space.Delete("a").ok() && space.Delete("b").ok());
  ASSERT_TRUE(store->ReclaimUntilIdle().ok());
  EXPECT_EQ(CodeOf(space.PutStored("c", {a.content, a.size}).status()), Code::kContentNotFound);
  EXPECT_EQ(*store->CheckInvariants(), std::vector<std::string>{});
}

}  // namespace
}  // namespace marcot::service

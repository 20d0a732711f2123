// Tasks: what became of each item, over restarts, cancellations and kills.
//
// The test that kills opens no store in its own process (support/child.h), so it comes first and
// the others after it.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "marcot/marcot.hpp"
#include "support/child.h"
#include "support/temp_store.h"

namespace marcot {
namespace {

using testing::TempStore;

constexpr ServiceOptions kByHand{.background = false};

BatchItem CopyItem(const Space& space, const std::string& from, const std::string& to) {
  BatchItem item;
  item.kind = BatchItem::Kind::kCopy;
  item.space = space;
  item.from = from;
  item.path = to;
  item.options.strategy = Strategy::kRename;
  return item;
}

// ---- killed ------------------------------------------------------------------------------------

constexpr size_t kCopies = 1000;

StoreOptions KilledOptions() {
  StoreOptions options = testing::TestOptions();
  options.create_if_missing = true;
  return options;
}

// Opens the store and lets its tasks run; the first time it submits one of kCopies copies.
std::string RunTask(const std::string& folder, testing::Shared& shared, bool to_the_end) {
  auto store = Store::Open(folder, KilledOptions());
  if (!store.ok()) return store.status().ToString();
  const Space space = *(*store)->OpenSpace("default", "-");
  auto service = Service::Open(**store);
  if (!service.ok()) return service.status().ToString();
  if (shared.done == 0) {
    if (!space.MakeDirectory("t/d").ok() || !space.Put("t/f", "x").ok()) return "no template";
    const std::vector<BatchItem> items(kCopies, CopyItem(space, "t", "t"));
    const auto id = (*service)->tasks().Submit(space, {.label = "many", .items = items});
    if (!id.ok()) return id.status().ToString();
    shared.done = *id;
  }
  shared.started = true;
  const auto task = (*service)->tasks().Wait(space, shared.done, std::chrono::seconds(120));
  if (!task.ok()) return task.status().ToString();
  if (task->state != TaskState::kDone) return "it did not end";
  if (!to_the_end) return "";
  const auto items = (*service)->tasks().GetItems(space, shared.done);
  if (!items.ok() || items->size() != kCopies) return "not every item has an outcome";
  std::set<std::string> placed;
  for (const TaskItem& item : *items) {
    if (!item.placed.ok()) return item.placed.status().ToString();
    placed.insert(JoinPath(item.placed->path));
  }
  if (placed.size() != kCopies) return "two items were placed at one path";
  const RecursiveTotals totals = *space.GetTotals("");
  if (totals.files != kCopies + 1) return std::to_string(totals.files) + " files";
  if (!(*store)->ReclaimUntilIdle().ok()) return "no reclaim";
  const auto wrong = (*store)->CheckInvariants();
  return wrong.ok() && wrong->empty() ? "" : "invariants";
}

TEST(KilledTasksTest, DoEachItemOnce) {
  const testing::TempFolder folder;
  const std::string store = (folder.path() / "store").string();
  testing::SharedMemory shared;
  int kills = 0;
  for (bool was_killed = true; was_killed && kills < 100;) {
    shared->started = false;
    const pid_t child = StartChild(*shared, [&] { return RunTask(store, *shared, false); });
    for (int wait = 0; !shared->started && shared->wrong[0] == '\0' && wait < 20'000; ++wait) {
      usleep(1000);
    }
    usleep(static_cast<useconds_t>(100 * (1 + kills * 7 % 9)));
    kill(child, SIGKILL);
    ASSERT_EQ(EndOf(child, *shared, &was_killed), "");
    kills += was_killed;
  }
  EXPECT_GE(kills, 3);
  EXPECT_EQ(RunInChild(*shared, [&] { return RunTask(store, *shared, true); }), "");
}

// ---- the rest ----------------------------------------------------------------------------------

class TasksTest : public ::testing::Test {
 protected:
  TasksTest() : store_(Options()) { Open(); }

  StoreOptions Options() {
    StoreOptions options = testing::TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }

  void Open() {
    space_ = *store_->OpenSpace("default", "-");
    service_ = *Service::Open(*store_, kByHand);
  }

  void Reopen() {
    service_.reset();
    store_.Reopen();
    Open();
  }

  Tasks& tasks() { return service_->tasks(); }

  uint64_t Submit(const TaskRequest& request) {
    const auto id = tasks().Submit(space_, request);
    EXPECT_TRUE(id.ok()) << id.status();
    return id.ok() ? *id : 0;
  }

  Code SubmitCode(const TaskRequest& request) {
    return CodeOf(tasks().Submit(space_, request).status());
  }

  TaskInfo RunToEnd(uint64_t id) {
    while (*tasks().RunStep()) {
    }
    return *tasks().Get(space_, id);
  }

  BatchItem Item(BatchItem::Kind kind, const std::string& path) const {
    BatchItem item;
    item.kind = kind;
    item.space = space_;
    item.path = path;
    return item;
  }

  testing::ManualClock clock_;
  TempStore store_;
  Space space_;
  std::unique_ptr<Service> service_;
};

TEST_F(TasksTest, EachItemHasItsOutcome) {
  ASSERT_TRUE(space_.MakeDirectory("foo/bar").ok());
  const uint64_t id =
      Submit({.label = "batchCopy",
              .items = {CopyItem(space_, "foo/bar", "foo/bar"), CopyItem(space_, "nothing", "x"),
                        Item(BatchItem::Kind::kDelete, "foo/bar"),
                        Item(BatchItem::Kind::kMakeDirectory, "a|b")}});
  EXPECT_EQ(tasks().Get(space_, id)->state, TaskState::kRunning);
  EXPECT_EQ(tasks().GetItems(space_, id)->size(), 0u);
  Reopen();
  const TaskInfo task = RunToEnd(id);
  EXPECT_EQ(task.state, TaskState::kDone);
  EXPECT_EQ(task.label, "batchCopy");
  EXPECT_EQ(task.done, 4u);
  EXPECT_EQ(task.space, "-");
  const auto items = *tasks().GetItemsOfLibrary("default", id);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].placed->path, (std::vector<std::string>{"foo", "bar (1)"}));
  EXPECT_TRUE(items[0].placed->renamed);
  EXPECT_EQ(items[0].from, "foo/bar");
  EXPECT_EQ(CodeOf(items[1].placed.status()), Code::kPathNotFound);
  EXPECT_EQ(JoinPath(items[2].placed->path), "foo/bar");
  EXPECT_EQ(CodeOf(items[3].placed.status()), Code::kIllegalFileName);
}

TEST_F(TasksTest, AllOrNothing) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  const uint64_t bad = Submit(
      {.items = {CopyItem(space_, "a", "b"), CopyItem(space_, "none", "c")}, .atomic = true});
  TaskInfo task = RunToEnd(bad);
  EXPECT_EQ(task.state, TaskState::kFailed);
  EXPECT_EQ(CodeOf(task.status), Code::kPathNotFound);
  EXPECT_TRUE(task.status.message().find("item 1") == 0) << task.status;
  EXPECT_EQ(CodeOf(space_.GetStat("b").status()), Code::kPathNotFound);
  const uint64_t good =
      Submit({.items = {CopyItem(space_, "a", "b"), CopyItem(space_, "b", "c")}, .atomic = true});
  EXPECT_EQ(RunToEnd(good).state, TaskState::kDone);
  EXPECT_TRUE(space_.GetStat("c").ok());
}

TEST_F(TasksTest, RefusesWhatNoTaskDoes) {
  EXPECT_EQ(SubmitCode({}), Code::kNoItemsProvided);
  EXPECT_EQ(SubmitCode({.items = std::vector(1001, CopyItem(space_, "a", "b"))}),
            Code::kTooManyItems);
  EXPECT_EQ(SubmitCode({.items = {Item(BatchItem::Kind::kPut, "a")}}), Code::kParamInvalid);
  EXPECT_EQ(SubmitCode({.items = {CopyItem(space_, "a", std::string(40'000, 'x'))}}),
            Code::kParamInvalid);
  EXPECT_EQ(SubmitCode({.items = {CopyItem({}, "a", "b")}}), Code::kSpaceNotFound);
  EXPECT_EQ(CodeOf(tasks().Get(space_, 1).status()), Code::kTaskNotFound);
  EXPECT_FALSE(*tasks().RunStep());
}

TEST_F(TasksTest, DoesWhatItsHandlesMay) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  SessionRequest request;
  request.library = "default";
  request.user = "ann";
  request.grants = {Grant::kCopyDirectory};
  const Space ann = *store_->OpenSession(request)->OpenSpace("-");
  BatchItem gone = Item(BatchItem::Kind::kDelete, "a");
  gone.space = ann;
  const auto id = tasks().Submit(ann, {.items = {CopyItem(ann, "a", "b"), gone}});
  Reopen();
  const TaskInfo task = RunToEnd(*id);
  EXPECT_EQ(task.user, "ann");
  const auto items = *tasks().GetItems(space_, *id);
  EXPECT_TRUE(items[0].placed.ok());
  EXPECT_EQ(CodeOf(items[1].placed.status()), Code::kNoPermission);
  EXPECT_EQ(space_.GetStat("b")->creator, "ann");
  const Space again = *store_->OpenSession(request)->OpenSpace("-");
  EXPECT_EQ(CodeOf(tasks().Submit(again, {.kind = TaskRequest::Kind::kReclaim}).status()),
            Code::kNoPermission);
}

TEST_F(TasksTest, NoItemHoldsUpTheOthers) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  BatchItem item = CopyItem(space_, "a", "b");
  item.from_tree.named_snapshot = std::string(65'000, 's');
  EXPECT_EQ(SubmitCode({.items = {item}}), Code::kParamInvalid);
  item = CopyItem(space_, "a", "b");
  item.options.user = std::string(65'000, 'u');
  EXPECT_EQ(SubmitCode({.items = {item}}), Code::kParamInvalid);
  EXPECT_EQ(SubmitCode({.items = std::vector(1000, CopyItem(space_, "a", std::string(9000, 'x')))}),
            Code::kParamInvalid);
  // What cannot succeed has its outcome, and the others theirs.
  const uint64_t id = Submit(
      {.items = {CopyItem(space_, "a", "\xff"), CopyItem(space_, "a", "b"),
                 CopyItem(space_, "a", std::string(20'000, 'x')), CopyItem(space_, "b", "c")}});
  EXPECT_EQ(RunToEnd(id).state, TaskState::kDone);
  const auto items = *tasks().GetItems(space_, id);
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(CodeOf(items[0].placed.status()), Code::kIllegalFileName);
  EXPECT_TRUE(items[1].placed.ok());
  EXPECT_EQ(CodeOf(items[2].placed.status()), Code::kDirectoryLevelExceed);
  EXPECT_TRUE(items[3].placed.ok());
  const uint64_t atomic = Submit(
      {.items = {CopyItem(space_, "a", "d"), CopyItem(space_, "a", "\xff")}, .atomic = true});
  EXPECT_EQ(RunToEnd(atomic).state, TaskState::kFailed);
  EXPECT_EQ(CodeOf(tasks().Get(space_, atomic)->status), Code::kIllegalFileName);
}

TEST_F(TasksTest, IsForWhoMay) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  const auto of = [&](const char* user, Grants grants) {
    SessionRequest request;
    request.library = "default";
    request.user = user;
    request.grants = grants;
    return *store_->OpenSession(request)->OpenSpace("-");
  };
  const Space reader = of("eve", {}), ann = of("ann", {Grant::kCopyDirectory}),
              admin = of("root", {Grant::kSpaceAdmin});
  EXPECT_EQ(CodeOf(tasks().Submit(reader, {.items = {CopyItem(reader, "a", "b")}}).status()),
            Code::kNoPermission);
  const uint64_t first = *tasks().Submit(ann, {.items = {CopyItem(ann, "a", "b")}});
  const uint64_t second = *tasks().Submit(ann, {.items = {CopyItem(ann, "a", "b")}});
  EXPECT_EQ(CodeOf(tasks().Cancel(reader, first)), Code::kNoPermission);
  EXPECT_TRUE(tasks().Cancel(ann, first).ok());
  EXPECT_TRUE(tasks().Cancel(admin, second).ok());
  EXPECT_EQ(RunToEnd(second).state, TaskState::kCancelled);
  const auto at_once = tasks().Wait(space_, second, std::chrono::milliseconds::max());
  EXPECT_EQ(at_once->state, TaskState::kCancelled);
  TempStore another;
  const Space foreign = *another->OpenSpace("default", "-");
  EXPECT_EQ(SubmitCode({.items = {CopyItem(foreign, "a", "b")}}), Code::kParamInvalid);
  EXPECT_EQ(CodeOf(service_->uploads().Begin(foreign, "f", {}).status()), Code::kParamInvalid);
  const std::vector<BatchItem> items{CopyItem(foreign, "a", "b")};
  EXPECT_EQ(CodeOf(store_->RunAtomically(items).status()), Code::kParamInvalid);
}

TEST_F(TasksTest, IsOfItsSpace) {
  const Space other = *store_->CreateSpace("default", "other");
  ASSERT_TRUE(other.MakeDirectory("a").ok());
  const uint64_t id =
      *tasks().Submit(other, {.items = {CopyItem(other, "a", "b"), CopyItem(other, "a", "c")}});
  EXPECT_EQ(CodeOf(tasks().Get(space_, id).status()), Code::kTaskNotFound);
  EXPECT_EQ(CodeOf(tasks().Cancel(space_, id)), Code::kTaskNotFound);
  ASSERT_TRUE(store_->DeleteSpace("default", "other", true).ok());
  const Space successor = *store_->CreateSpace("default", "other");
  ASSERT_TRUE(successor.MakeDirectory("a").ok());
  while (*tasks().RunStep()) {
  }
  EXPECT_EQ(CodeOf(tasks().Get(successor, id).status()), Code::kTaskNotFound);
  EXPECT_EQ(tasks().GetOfLibrary("default", id)->state, TaskState::kDone);
  const auto items = *tasks().GetItemsOfLibrary("default", id);
  EXPECT_EQ(CodeOf(items[0].placed.status()), Code::kSpaceNotFound);
  EXPECT_EQ(CodeOf(successor.GetStat("b").status()), Code::kPathNotFound);
}

TEST_F(TasksTest, CancelledItemsAreNotDone) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  const uint64_t id = Submit({.items = std::vector(100, CopyItem(space_, "a", "a"))});
  ASSERT_TRUE(*tasks().RunStep());
  ASSERT_TRUE(tasks().Cancel(space_, id).ok());
  ASSERT_TRUE(tasks().Cancel(space_, id).ok());
  EXPECT_EQ(RunToEnd(id).state, TaskState::kCancelled);
  const auto items = *tasks().GetItems(space_, id);
  ASSERT_EQ(items.size(), 100u);
  EXPECT_TRUE(items[0].placed.ok());
  EXPECT_EQ(CodeOf(items[99].placed.status()), Code::kTaskCancelled);
  size_t done = 0;
  for (const TaskItem& item : items) done += item.placed.ok();
  EXPECT_EQ(space_.GetTotals("")->directories, done + 1);
}

TEST_F(TasksTest, ReclaimsAndImports) {
  ASSERT_TRUE(space_.MakeDirectory("a/b/c").ok() && space_.Put("a/b/f", "bytes").ok());
  std::ofstream file(store_.folder() + ".stream", std::ios::binary);
  ASSERT_TRUE(ExportSpace(space_, [&file](std::string_view piece) {
                file.write(piece.data(), static_cast<std::streamsize>(piece.size()));
                return absl::OkStatus();
              }).ok());
  file.close();
  const TaskRequest import{.kind = TaskRequest::Kind::kImportSpace,
                           .import_space = "second",
                           .import_file = store_.folder() + ".stream"};
  const uint64_t imported = Submit(import);
  EXPECT_EQ(RunToEnd(imported).state, TaskState::kDone);
  EXPECT_EQ(*store_->OpenSpace("default", "second")->Read("a/b/f"), "bytes");
  EXPECT_EQ(SubmitCode(import), Code::kDuplicateSpace);
  const uint64_t missing = Submit({.kind = TaskRequest::Kind::kImportSpace,
                                   .import_space = "third",
                                   .import_file = store_.folder() + ".none"});
  EXPECT_EQ(CodeOf(RunToEnd(missing).status), Code::kPathNotFound);
  ASSERT_TRUE(space_.Delete("a").ok());
  EXPECT_GT(store_->GetStats()->reclaim_backlog, 0u);
  const uint64_t reclaim = Submit({.kind = TaskRequest::Kind::kReclaim});
  EXPECT_EQ(RunToEnd(reclaim).state, TaskState::kDone);
  EXPECT_EQ(store_->GetStats()->reclaim_backlog, 0u);
}

TEST_F(TasksTest, ClearsTheHistoryOfALibrary) {
  LibrarySettings settings{.history = true, .history_versions = 999};
  ASSERT_TRUE(store_->SetLibrarySettings("default", settings).ok());
  PutOptions overwrite;
  overwrite.strategy = Strategy::kOverwrite;
  for (int i = 0; i < 1500; ++i) {
    const std::string path = i % 2 == 0 ? "a" : "b";
    ASSERT_TRUE(space_.Put(path, std::to_string(i), overwrite).ok());
  }
  const TaskRequest clear{.kind = TaskRequest::Kind::kClearHistory, .label = "clear"};
  const auto submit = [&](const SessionRequest& request) {
    return tasks().SubmitOfLibrary(*store_->OpenSession(request), clear);
  };
  const SessionRequest admin{.library = "default", .grants = {Grant::kAdmin}};
  EXPECT_EQ(CodeOf(submit(admin).status()), Code::kHistoryInUse);
  settings.history = false;
  ASSERT_TRUE(store_->SetLibrarySettings("default", settings).ok());
  EXPECT_EQ(CodeOf(submit({.library = "default", .grants = {Grant::kSpaceAdmin}}).status()),
            Code::kNoPermission);
  EXPECT_EQ(
      CodeOf(submit({.library = "default", .spaces = {"-"}, .grants = {Grant::kAdmin}}).status()),
      Code::kAccessTokenNotMatchSpace);
  EXPECT_EQ(SubmitCode(clear), Code::kParamInvalid);
  const Session session = *store_->OpenSession(admin);
  EXPECT_EQ(CodeOf(tasks().SubmitOfLibrary(session, {}).status()), Code::kParamInvalid);

  TempStore elsewhere(Options());
  const Session foreign = *elsewhere->OpenSession(admin);
  EXPECT_EQ(CodeOf(tasks().SubmitOfLibrary(foreign, clear).status()), Code::kParamInvalid);
  EXPECT_EQ(CodeOf(tasks().CancelOfLibrary(foreign, 7)), Code::kParamInvalid);

  const uint64_t cancelled = *submit(admin);
  EXPECT_EQ(CodeOf(tasks().Get(space_, cancelled).status()), Code::kTaskNotFound);
  ASSERT_TRUE(*tasks().RunStep());
  ASSERT_TRUE(tasks().CancelOfLibrary(session, cancelled).ok());
  EXPECT_EQ(tasks().GetOfLibrary("default", cancelled)->state, TaskState::kCancelled);
  EXPECT_EQ(tasks().GetOfLibrary("default", cancelled)->cleared, 1024u);
  EXPECT_EQ(CodeOf(tasks().CancelOfLibrary(session, 7)), Code::kTaskNotFound);

  const uint64_t id = *submit(admin);
  while (*tasks().RunStep()) {
  }
  const TaskInfo info = *tasks().GetOfLibrary("default", id);
  EXPECT_EQ(info.state, TaskState::kDone);
  EXPECT_EQ(info.cleared, 1498u - 1024);
  EXPECT_EQ(info.space, "");
  EXPECT_TRUE(tasks().GetItemsOfLibrary("default", id)->empty());
  EXPECT_EQ(space_.GetUsage()->versions, 0u);
}

TEST_F(TasksTest, TakesTurnsAndIsForgotten) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  const uint64_t slow = Submit({.items = std::vector(64, CopyItem(space_, "a", "slow"))});
  const uint64_t quick = Submit({.items = {CopyItem(space_, "a", "quick")}});
  EXPECT_LT(slow, quick);
  ASSERT_TRUE(*tasks().RunStep() && *tasks().RunStep());
  EXPECT_EQ(tasks().Get(space_, slow)->state, TaskState::kRunning);
  EXPECT_EQ(tasks().Get(space_, quick)->state, TaskState::kDone);
  EXPECT_EQ(RunToEnd(slow).state, TaskState::kDone);
  clock_.Advance(kTaskKeptMs - 1);
  ASSERT_TRUE(service_->ExpireDue().ok());
  EXPECT_TRUE(tasks().Get(space_, slow).ok());
  clock_.Advance(2);
  ASSERT_TRUE(service_->ExpireDue().ok());
  EXPECT_EQ(CodeOf(tasks().Get(space_, slow).status()), Code::kTaskNotFound);
  ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
  EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>{});
  clock_.Advance(-2 * kTaskKeptMs);  // a clock that is set back
  EXPECT_GT(Submit({.items = {CopyItem(space_, "a", "b")}}), quick);
}

TEST_F(TasksTest, TheBackgroundRunsThem) {
  ASSERT_TRUE(space_.MakeDirectory("a").ok());
  service_.reset();
  service_ = *Service::Open(*store_);
  std::vector<uint64_t> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Submit({.items = std::vector(40, CopyItem(space_, "a", "a"))}));
  }
  for (const uint64_t id : ids) {
    EXPECT_EQ(tasks().Wait(space_, id, std::chrono::seconds(60))->state, TaskState::kDone);
  }
  EXPECT_EQ(space_.GetTotals("")->directories, 801u);
  EXPECT_EQ(CodeOf(tasks().Wait(space_, 7, std::chrono::seconds(60)).status()),
            Code::kTaskNotFound);
}

}  // namespace
}  // namespace marcot

// Grants and sessions: what each operation needs, for itself and in a batch; both sides of a copy
// between spaces; whose name is recorded; which spaces a session is for.
#include "pch/test_pch.h"

#include "absl/strings/str_cat.h"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot::testing {
namespace {

constexpr Grant kAllGrants[] = {
#define MARCOT_GRANT_VALUE(name, ...) Grant::k##name,
    MARCOT_GRANTS(MARCOT_GRANT_VALUE)
#undef MARCOT_GRANT_VALUE
};

// All grants but those, by themselves or within another one, that `without` stands for.
Grants AllBut(Grant without) {
  std::string names;
  for (const Grant grant : kAllGrants) {
    if (!Grants{grant}.Allow(without)) absl::StrAppend(&names, ",", std::string(GrantName(grant)));
  }
  return *Grants::Parse(names.substr(1));
}

// A library with something for every operation to work on.
class World {
 public:
  explicit World(TempStore& store) : store_(store), library_(NewLibrary(store)) {
    Check(store_->SetLibrarySettings(library_, {.recycle_bin = true, .history = true}));
    Check(store_->CreateSpace(library_, "other").status());
    host_ = *store_->CreateSpace(library_, "-");
    Check(host_.MakeDirectory("dir/sub").status());
    Check(host_.Put("dir/f", "in dir").status());
    Check(host_.Put("file", "first").status());
    old_version_ = host_.GetStat("file")->version;
    Check(host_.Put("file", "second", Overwrite<PutOptions>()).status());
    Check(host_.Put("plain", "plain").status());
    Check(host_.Put("target", "replace me").status());
    Check(host_.Put("gone", "gone").status());
    Check(host_.CreateSnapshot("snap", "dir").status());
    Check(host_.SetDirectoryQuota("dir", {.files = 100}));
    item_ = host_.Delete("gone")->recycled_item;
  }

  template <typename Options>
  static Options Overwrite() {
    Options options;
    options.strategy = Strategy::kOverwrite;
    return options;
  }

  TempStore& store() { return store_; }
  const std::string& library() const { return library_; }
  const Space& host() const { return host_; }
  uint64_t item() const { return item_; }
  uint64_t old_version() const { return old_version_; }
  uint64_t old_version_id() const { return host_.ListVersions("file")->versions[1].id; }
  uint64_t seq() const { return store_->GetStats()->seq; }

  Session Open(const Grants& grants, std::string user = "ann") {
    return *store_->OpenSession({.library = library_, .user = std::move(user), .grants = grants});
  }
  Space Handle(const Grants& grants, std::string_view space = "-") {
    return *Open(grants).OpenSpace(space);
  }

 private:
  static void Check(const absl::Status& status) {
    if (!status.ok()) Die(status.ToString());
  }

  static std::string NewLibrary(TempStore& store) {
    std::string library = absl::StrCat("library", store->ListLibraries()->size());
    Check(store->CreateLibrary(library));
    return library;
  }

  TempStore& store_;
  const std::string library_;
  Space host_;
  uint64_t item_ = 0, old_version_ = 0;
};

using Kind = BatchItem::Kind;

struct Case {
  std::string name;
  std::vector<Grant> needs;  // all of them
  std::function<absl::Status(World&, const Space&)> run;
  // The same as an item of a batch; none: batches do not have it.
  std::function<BatchItem(World&)> item = nullptr;
};

BatchItem Item(Kind kind, std::string path, std::string from = "") {
  BatchItem item;
  item.kind = kind;
  item.path = std::move(path);
  item.from = std::move(from);
  return item;
}

BatchItem Overwriting(BatchItem item) {
  item.options.strategy = Strategy::kOverwrite;
  return item;
}

BatchItem Only(BatchItem item, BatchItem::Only only) {
  item.only = only;
  return item;
}

std::vector<Case> TransferCases() {
  const auto overwrite = World::Overwrite<OperationOptions>();
  return {
      {"copy a directory",
       {Grant::kCopyDirectory},
       [](World&, const Space& s) { return s.CopyDirectory("dir", "new").status(); },
       [](World&) { return Only(Item(Kind::kCopy, "new", "dir"), BatchItem::Only::kDirectory); }},
      {"copy what is a directory",
       {Grant::kCopyDirectory},
       [](World&, const Space& s) { return s.CopyFromSnapshot("snap", "", "new").status(); },
       [](World&) { return Item(Kind::kCopy, "new", "dir"); }},
      {"copy a file",
       {Grant::kCopyFile},
       [](World&, const Space& s) { return s.CopyFile("plain", "target").status(); },
       [](World&) { return Only(Item(Kind::kCopy, "new", "plain"), BatchItem::Only::kFile); }},
      {"copy what is a file",
       {Grant::kCopyFile},
       [](World&, const Space& s) { return s.CopyFromSnapshot("snap", "f", "new").status(); },
       [](World&) { return Item(Kind::kCopy, "new", "plain"); }},
      {"copy a file over another",
       {Grant::kCopyFileForce},
       [=](World&, const Space& s) { return s.CopyFile("plain", "target", overwrite).status(); },
       [](World&) { return Overwriting(Item(Kind::kCopy, "target", "plain")); }},
      {"move a directory",
       {Grant::kMoveDirectory},
       [](World&, const Space& s) { return s.MoveDirectory("dir", "new").status(); },
       [](World&) { return Item(Kind::kMove, "new", "dir"); }},
      {"move a file",
       {Grant::kMoveFile},
       [](World&, const Space& s) { return s.MoveFile("plain", "new").status(); },
       [](World&) { return Item(Kind::kMove, "new", "plain"); }},
      {"move a file over another",
       {Grant::kMoveFileForce},
       [=](World&, const Space& s) { return s.MoveFile("plain", "target", overwrite).status(); },
       [](World&) { return Overwriting(Item(Kind::kMove, "target", "plain")); }},
  };
}

std::vector<Case> EntryCases() {
  const auto put = [](std::string path) {
    BatchItem item = Item(Kind::kPut, std::move(path));
    item.bytes = "x";
    return item;
  };
  const ContentRef kept{.id = {1, 2}, .size = 3};
  const auto permanent = [](std::string path) {
    BatchItem item = Item(Kind::kDelete, std::move(path));
    item.permanent = true;
    return item;
  };
  DeleteOptions for_good;
  for_good.permanent = true;
  return {
      {"make a directory",
       {Grant::kCreateDirectory},
       [](World&, const Space& s) { return s.MakeDirectory("new").status(); },
       [](World&) { return Item(Kind::kMakeDirectory, "new"); }},
      {"put",
       {Grant::kUploadFile},
       [](World&, const Space& s) { return s.Put("target", "x").status(); },
       [=](World&) { return put("new"); }},
      {"put over a file",
       {Grant::kUploadFileForce},
       [](World&, const Space& s) {
         return s.Put("target", "x", World::Overwrite<PutOptions>()).status();
       },
       [=](World&) { return Overwriting(put("target")); }},
      {"put a reference",
       {Grant::kUploadFile},
       [=](World&, const Space& s) { return s.PutReference("new", kept).status(); },
       [=](World&) {
         BatchItem item = Item(Kind::kPutReference, "new");
         item.content = kept;
         return item;
       }},
      {"load in bulk",
       {Grant::kCreateDirectory, Grant::kUploadFile},
       [](World&, const Space& s) -> absl::Status {
         const auto load = s.BeginBulkLoad();
         return load.ok() ? (*load)->Finish("new").status() : load.status();
       }},
      {"put what is stored",
       {Grant::kUploadFile},
       [](World& w, const Space& s) {
         const Stat plain = *w.host().GetStat("plain");
         return s.PutStored("new", {.id = plain.content, .size = plain.size}).status();
       },
       [](World& w) {
         BatchItem item = Item(Kind::kPutStored, "new", "file");
         item.from_space = *w.store()->OpenSpace(w.library(), "-");
         return item;
       }},
      {"delete a file",
       {Grant::kDeleteFile},
       [](World&, const Space& s) { return s.Delete("file").status(); },
       [](World&) { return Item(Kind::kDelete, "dir/f"); }},
      {"delete a directory",
       {Grant::kDeleteDirectory},
       [](World&, const Space& s) { return s.Delete("dir").status(); },
       [](World&) { return Item(Kind::kDelete, "dir/sub"); }},
      {"delete a file for good",
       {Grant::kDeleteFilePermanent},
       [=](World&, const Space& s) { return s.Delete("file", for_good).status(); },
       [=](World&) { return permanent("file"); }},
      {"delete a directory for good",
       {Grant::kDeleteDirectoryPermanent},
       [=](World&, const Space& s) { return s.Delete("dir", for_good).status(); },
       [=](World&) { return permanent("dir"); }},
      {"set a file's attributes",
       {Grant::kUploadFile},
       [](World&, const Space& s) { return s.SetAttributes("file", {.category = "c"}); },
       [](World&) { return Item(Kind::kSetAttributes, "file"); }},
      {"set a directory's attributes",
       {Grant::kCreateDirectory},
       [](World&, const Space& s) { return s.SetAttributes("dir", {.category = "c"}); },
       [](World&) { return Item(Kind::kSetAttributes, ""); }},
  };
}

std::vector<Case> BesideCases() {
  const auto restore = [](World& world, std::string path) {
    BatchItem item = Item(Kind::kRestore, std::move(path));
    item.item = world.item();
    return item;
  };
  return {
      {"restore",
       {Grant::kRestoreRecycled},
       [](World& w, const Space& s) { return s.Restore(w.item()).status(); },
       [=](World& w) { return restore(w, ""); }},
      {"restore over a file",
       {Grant::kRestoreRecycled, Grant::kMoveFileForce},
       [](World& w, const Space& s) {
         RestoreOptions options = World::Overwrite<RestoreOptions>();
         options.to = "target";
         return s.Restore(w.item(), options).status();
       },
       [=](World& w) { return Overwriting(restore(w, "target")); }},
      {"purge",
       {Grant::kDeleteRecycled},
       [](World& w, const Space& s) { return s.PurgeRecycled(w.item()); },
       [](World& w) {
         BatchItem item = Item(Kind::kPurge, "");
         item.item = w.item();
         return item;
       }},
      {"empty the bin",
       {Grant::kDeleteRecycled},
       [](World&, const Space& s) { return s.EmptyRecycleBin(); }},
      {"make an old version the latest",
       {Grant::kSetHistoryLatest},
       [](World& w, const Space& s) {
         return s.SetLatestVersion("file", w.old_version()).status();
       }},
      {"delete a version",
       {Grant::kDeleteHistory},
       [](World& w, const Space& s) { return s.DeleteVersion("file", w.old_version()); }},
      {"make an old version the latest by its id",
       {Grant::kSetHistoryLatest},
       [](World& w, const Space& s) {
         return s.SetLatestVersionById(w.old_version_id()).status();
       }},
      {"delete a version by its id",
       {Grant::kDeleteHistory},
       [](World& w, const Space& s) {
         const uint64_t id = w.old_version_id();
         return s.DeleteVersionsById({&id, 1});
       }},
      {"take a snapshot",
       {Grant::kSpaceAdmin},
       [](World&, const Space& s) { return s.CreateSnapshot("new", "dir").status(); }},
      {"delete a snapshot",
       {Grant::kSpaceAdmin},
       [](World&, const Space& s) { return s.DeleteSnapshot("snap"); }},
      {"set a directory's quota",
       {Grant::kSpaceAdmin},
       [](World&, const Space& s) { return s.SetDirectoryQuota("dir", {.files = 200}); }},
      {"remove a directory's quota",
       {Grant::kSpaceAdmin},
       [](World&, const Space& s) { return s.RemoveDirectoryQuota("dir"); }},
      {"settings",
       {Grant::kSpaceAdmin},
       [](World&, const Space& s) { return s.SetSettings({.change_feed_days = 1}); }},
  };
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = TransferCases();
  for (auto more : {EntryCases(), BesideCases()})
    cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

// The item's outcome, of a batch of any kind.
absl::Status RunItem(World& world, BatchItem item, const Space& space, bool atomically) {
  item.space = space;
  if (atomically) return world.store()->RunAtomically({&item, 1}).status();
  const auto outcomes = world.store()->RunEach({&item, 1});
  return outcomes.ok() ? outcomes->front().status() : outcomes.status();
}

// All ways to do what a case does.
std::vector<absl::Status> RunAllWays(World& world, const Case& c, const Space& space) {
  std::vector<absl::Status> out{c.run(world, space)};
  if (c.item == nullptr) return out;
  for (const bool atomically : {true, false}) {
    out.push_back(RunItem(world, c.item(world), space, atomically));
  }
  return out;
}

void ExpectRefused(World& world, const Case& c, const Grants& grants, Grant lacked) {
  for (const absl::Status& status : RunAllWays(world, c, world.Handle(grants))) {
    EXPECT_CODE(NoPermission, status);
    EXPECT_NE(std::string(status.message()).find(GrantName(lacked)), std::string::npos) << status;
  }
}

class AccessTest : public ::testing::Test {
 protected:
  TempStore store_;
};

TEST_F(AccessTest, EveryOperationIsRefusedWithoutItsGrant) {
  World world(store_);
  const uint64_t before = world.seq();
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name);
    for (const Grants& none : {Grants{}, Grants{Grant::kReadOnly}, Grants{Grant::kAcl}}) {
      ExpectRefused(world, c, none, c.needs.front());
    }
    for (const Grant needed : c.needs) ExpectRefused(world, c, AllBut(needed), needed);
  }
  EXPECT_EQ(world.seq(), before);
}

// Each way in a world of its own: what one does another would find done.
TEST_F(AccessTest, EveryOperationIsAllowedWithItsGrantAlone) {
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name);
    Grants needed;
    std::string names;
    for (const Grant grant : c.needs) {
      absl::StrAppend(&names, names.empty() ? "" : ",", std::string(GrantName(grant)));
    }
    for (const std::string& held : {names, std::string("space_admin"), std::string("admin")}) {
      SCOPED_TRACE(held);
      World world(store_);
      const uint64_t before = world.seq();
      EXPECT_OK(c.run(world, world.Handle(*Grants::Parse(held))));
      EXPECT_GT(world.seq(), before);
    }
    if (c.item == nullptr) continue;
    for (const bool atomically : {true, false}) {
      World world(store_);
      const Space space = world.Handle(*Grants::Parse(names));
      EXPECT_OK(RunItem(world, c.item(world), space, atomically));
    }
  }
}

// One item without its grant is the batch's end, or its own only.
TEST_F(AccessTest, ABatchChecksEachItem) {
  World world(store_);
  const Space space = world.Handle({Grant::kCreateDirectory});
  std::vector<BatchItem> items{Item(Kind::kMakeDirectory, "one"), Item(Kind::kDelete, "dir"),
                               Item(Kind::kMakeDirectory, "two")};
  for (BatchItem& item : items) item.space = space;
  const auto together = world.store()->RunAtomically(items);
  EXPECT_CODE(NoPermission, together);
  EXPECT_EQ(together.status().message().substr(0, 8), "item 1: ");
  EXPECT_CODE(PathNotFound, world.host().GetStat("one"));
  const auto each = world.store()->RunEach(items);
  ASSERT_OK(each);
  EXPECT_OK((*each)[0]);
  EXPECT_CODE(NoPermission, (*each)[1]);
  EXPECT_OK((*each)[2]);
}

TEST_F(AccessTest, ReadingNeedsNoGrant) {
  World world(store_);
  const Space space = world.Handle({});
  EXPECT_OK(space.GetStat("dir"));
  EXPECT_OK(space.GetTotals(""));
  EXPECT_OK(space.List(""));
  EXPECT_OK(space.Walk("", [](const WalkEntry&) { return WalkStep::kGoOn; }));
  EXPECT_EQ(*space.Read("file"), "second");
  EXPECT_EQ(*space.Read("", {.tree = {.recycled_item = world.item()}}), "gone");
  EXPECT_EQ(*space.Read("f", {.tree = {.named_snapshot = "snap"}}), "in dir");
  EXPECT_OK(space.GetSettings());
  EXPECT_OK(space.GetUsage());
  EXPECT_OK(space.GetDirectoryQuota("dir"));
  EXPECT_OK(space.ListRecycled());
  EXPECT_OK(space.GetRecycled(world.item()));
  EXPECT_OK(space.ListVersions("file"));
  EXPECT_OK(space.ListSnapshots());
  EXPECT_OK(space.GetSnapshot("snap"));
  EXPECT_OK(ExportSpace(space, [](std::string_view) { return absl::OkStatus(); }));
  EXPECT_OK(world.store()->Diff({space, "dir"}, {world.host(), ""},
                                [](const Difference&) { return true; }));
}

// It tells who did what, also in places that are gone.
TEST_F(AccessTest, ChangesAreReadBySpaceAdmins) {
  World world(store_);
  ASSERT_OK(world.host().SetSettings({.change_feed_days = 1}));
  const Space reader = world.Handle(AllBut(Grant::kSpaceAdmin));
  EXPECT_CODE(NoPermission, reader.ReadChanges());
  EXPECT_CODE(NoPermission, reader.LatestChange());
  const Space admin = world.Handle({Grant::kSpaceAdmin});
  EXPECT_OK(admin.ReadChanges());
  EXPECT_OK(admin.LatestChange());
}

TEST_F(AccessTest, BetweenSpacesBothSidesNeedAnAdmin) {
  for (const Grant held : {Grant::kAdmin, Grant::kSpaceAdmin}) {
    World world(store_);
    const Grants rest = AllBut(Grant::kSpaceAdmin);
    const Space admin = world.Handle({held}), admin_other = world.Handle({held}, "other");
    const Space weak = world.Handle(rest), weak_other = world.Handle(rest, "other");
    const uint64_t before = world.seq();
    for (const auto& [target, source] :
         {std::pair(weak_other, weak), std::pair(weak_other, admin), std::pair(admin_other, weak),
          std::pair(weak_other, world.host())}) {
      EXPECT_CODE(NoPermission, target.CopyDirectory(source, "dir", "d"));
      EXPECT_CODE(NoPermission, target.MoveDirectory(source, "dir", "d"));
      EXPECT_CODE(NoPermission, target.CopyFile(source, "file", "f"));
      EXPECT_CODE(NoPermission, target.MoveFile(source, "file", "f"));
      BatchItem item = Item(Kind::kMove, "d", "dir");
      item.from_space = source;
      EXPECT_CODE(NoPermission, RunItem(world, item, target, true));
      EXPECT_CODE(NoPermission, RunItem(world, item, target, false));
    }
    BatchItem put = Item(Kind::kPutStored, "f", "file");
    put.from_space = weak;
    EXPECT_CODE(NoPermission, RunItem(world, put, weak_other, true));
    EXPECT_EQ(world.seq(), before);
    EXPECT_OK(admin_other.CopyDirectory(admin, "dir", "d"));
    EXPECT_OK(admin_other.MoveFile(admin, "plain", "f"));
    EXPECT_OK(world.host().MoveFile(admin_other, "f", "back"));
  }
}

// Two handles of one space: what leaves the source is the source's holder's to take.
TEST_F(AccessTest, ASourceHandleOfTheSameSpaceIsCheckedToo) {
  World world(store_);
  const Space mover = world.Handle({Grant::kMoveFile}), reader = world.Handle({});
  EXPECT_CODE(NoPermission, mover.MoveFile(reader, "plain", "new"));
  EXPECT_CODE(NoPermission, reader.MoveFile(mover, "plain", "new"));
  BatchItem either = Item(Kind::kMove, "new", "plain");
  either.from_space = world.Handle({Grant::kMoveDirectory});
  EXPECT_CODE(NoPermission, RunItem(world, either, mover, true));
  EXPECT_OK(mover.MoveFile(world.Handle({Grant::kMoveFileForce}), "plain", "new"));
}

// A directory in the place of a file, and back, while a holder who may delete files alone tries.
TEST_F(AccessTest, NoRaceLetsAKindPass) {
  World world(store_);
  ASSERT_OK(world.host().SetSettings({.recycle_bin = false}));
  const Space files_only = world.Handle({Grant::kDeleteFile});
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    while (!stop) {
      EXPECT_OK(world.host().MakeDirectory("x"));
      EXPECT_OK(world.host().Delete("x"));  // nobody else may have done it
      EXPECT_OK(world.host().Put("x", "x"));
      const Code code = CodeOf(world.host().Delete("x").status());
      EXPECT_TRUE(code == Code::kOk || code == Code::kPathNotFound) << CodeName(code);
    }
  });
  size_t deleted = 0, refused = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while ((deleted < 20 || refused < 20) && std::chrono::steady_clock::now() < end) {
    const Code code = CodeOf(files_only.Delete("x").status());
    deleted += code == Code::kOk;
    refused += code == Code::kNoPermission;
    const bool known =
        code == Code::kOk || code == Code::kNoPermission || code == Code::kPathNotFound;
    EXPECT_TRUE(known) << CodeName(code);
  }
  stop = true;
  swapper.join();
  EXPECT_GE(deleted, 20u);
  EXPECT_GE(refused, 20u);
}

TEST_F(AccessTest, TheSessionsUserIsTheOperator) {
  const auto creator = [this](const Grants& grants, const std::string& user) {
    World world(store_);
    OperationOptions options;
    options.user = "bob";
    const Space space = *world.Open(grants, user).OpenSpace("-");
    EXPECT_OK(space.MakeDirectory("new", options));
    BatchItem item = Item(Kind::kMakeDirectory, "new2");
    item.options = options;
    EXPECT_OK(RunItem(world, item, space, true));
    EXPECT_EQ(space.GetStat("new")->creator, space.GetStat("new2")->creator);
    return space.GetStat("new")->creator;
  };
  EXPECT_EQ(creator({Grant::kAdmin}, ""), "bob");
  EXPECT_EQ(creator({Grant::kAdmin}, "ann"), "ann");
  EXPECT_EQ(creator({Grant::kSpaceAdmin}, ""), "");
  EXPECT_EQ(creator({Grant::kCreateDirectory}, "ann"), "ann");
}

TEST_F(AccessTest, ASessionIsForItsSpaces) {
  World world(store_);
  ASSERT_OK(world.store()->CreateSpace(world.library(), "third"));
  const Session session = *world.store()->OpenSession(
      {.library = world.library(), .spaces = {"third", "new", "other"}, .grants = {Grant::kAdmin}});
  EXPECT_OK(session.OpenSpace("other"));
  EXPECT_CODE(AccessTokenNotMatchSpace, session.OpenSpace("-"));
  EXPECT_CODE(SpaceNotFound, session.OpenSpace("new"));
  EXPECT_CODE(AccessTokenNotMatchSpace, session.CreateSpace("fourth"));
  const auto made = session.CreateSpace("new");
  ASSERT_OK(made);
  EXPECT_OK(made->MakeDirectory("d"));
  EXPECT_CODE(AccessTokenNotMatchSpace, session.DeleteSpace("-", true));
  EXPECT_CODE(SpaceNotEmpty, session.DeleteSpace("new"));
  const auto names = [&](std::string_view marker, size_t limit) {
    std::string out;
    const auto spaces = session.ListSpaces(marker, limit);
    EXPECT_OK(spaces);
    for (const SpaceInfo& info : *spaces) out += info.name + " ";
    return out;
  };
  EXPECT_EQ(names("", 1000), "new other third ");
  EXPECT_EQ(names("new", 1), "other ");
  EXPECT_OK(session.DeleteSpace("new", true));
  EXPECT_EQ(names("", 1000), "other third ");
  EXPECT_CODE(ParamInvalid, session.ListSpaces("", 0));
  EXPECT_CODE(AccessTokenNotMatchSpace, session.SetLibrarySettings({}));
  EXPECT_CODE(AccessTokenNotMatchSpace, session.ClearHistory());
  EXPECT_OK(session.GetLibrarySettings());
}

TEST_F(AccessTest, SpacesAndTheLibraryNeedMoreThanASpaceAdmin) {
  World world(store_);
  const Session space_admin = world.Open({Grant::kSpaceAdmin});
  EXPECT_CODE(NoPermission, space_admin.CreateSpace("new"));
  EXPECT_CODE(NoPermission, space_admin.DeleteSpace("other"));
  EXPECT_CODE(NoPermission, space_admin.SetLibrarySettings({}));
  EXPECT_CODE(NoPermission, space_admin.ClearHistory());
  EXPECT_CODE(NoPermission, world.Open(AllBut(Grant::kCreateSpace)).CreateSpace("new"));
  EXPECT_CODE(NoPermission, world.Open(AllBut(Grant::kDeleteSpace)).DeleteSpace("other"));
  const Session maker = world.Open({Grant::kCreateSpace});
  const auto made = maker.CreateSpace("new");
  ASSERT_OK(made);
  EXPECT_CODE(NoPermission, made->MakeDirectory("d"));
  EXPECT_OK(world.Open({Grant::kDeleteSpace}).DeleteSpace("new"));
  EXPECT_CODE(HistoryInUse, world.Open({Grant::kAdmin}).ClearHistory());
  EXPECT_OK(world.Open({Grant::kAdmin}).SetLibrarySettings({}));
  EXPECT_EQ(*world.Open({Grant::kAdmin}).ClearHistory(), 1u);
  EXPECT_EQ(space_admin.ListSpaces()->size(), 2u);
}

TEST_F(AccessTest, QuotasNeedAnAdminOfAllTheirSpaces) {
  World world(store_);
  const std::vector<std::string> both{"-", "other"}, one{"other"};
  const Session weak = world.Open(AllBut(Grant::kAdmin));
  EXPECT_CODE(NoPermission, weak.CreateQuota(one, {.files = 10}));
  const Session admin = world.Open({Grant::kAdmin});
  const auto quota = admin.CreateQuota(both, {.files = 10});
  ASSERT_OK(quota);
  EXPECT_CODE(NoPermission, weak.SetQuota(*quota, {}));
  EXPECT_CODE(NoPermission, weak.SetQuotaSpaces(*quota, one));
  EXPECT_CODE(NoPermission, weak.DeleteQuota(*quota));
  EXPECT_EQ(weak.GetQuota(*quota)->limits.files, 10u);
  const Session limited = *world.store()->OpenSession(
      {.library = world.library(), .spaces = one, .grants = {Grant::kAdmin}});
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.CreateQuota(both, {}));
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.SetQuota(*quota, {}));
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.SetQuotaSpaces(*quota, one));
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.DeleteQuota(*quota));
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.GetQuota(*quota));
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.GetQuotaOf("-"));
  EXPECT_OK(limited.GetQuotaOf("other"));
  ASSERT_OK(admin.SetQuotaSpaces(*quota, one));
  EXPECT_OK(limited.SetQuota(*quota, {.files = 20}));
  EXPECT_EQ(limited.GetQuota(*quota)->limits.files, 20u);
  EXPECT_CODE(AccessTokenNotMatchSpace, limited.SetQuotaSpaces(*quota, both));
  EXPECT_OK(limited.DeleteQuota(*quota));
}

TEST_F(AccessTest, BadSessionsAreRefused) {
  EXPECT_CODE(LibraryNotFound, store_->OpenSession({.library = "none"}));
  EXPECT_CODE(SpaceIdInvalid, store_->OpenSession({.library = "NO"}));
  EXPECT_CODE(SpaceIdInvalid, store_->OpenSession({.library = "default", .spaces = {"NO"}}));
  EXPECT_CODE(ParamInvalid, store_->OpenSession({.library = "default", .user = "\xff"}));
  EXPECT_CODE(ParamInvalid,
              store_->OpenSession({.library = "default", .client = std::string(256, 'c')}));
  EXPECT_CODE(NoPermission, Session().OpenSpace("-"));
  EXPECT_CODE(NoPermission, Session().CreateQuota({}, {}));
}

TEST_F(AccessTest, GrantsAreNames) {
  const auto grants = Grants::Parse("copy_file_force,admin");
  ASSERT_OK(grants);
  EXPECT_EQ(grants->ToString(), "admin,copy_file_force");
  EXPECT_TRUE(grants->Has(Grant::kCopyFileForce));
  EXPECT_FALSE(grants->Has(Grant::kCopyFile));
  EXPECT_EQ(*Grants::Parse(""), Grants());
  for (const char* const bad : {"nope", "admin,", ",admin", "Admin", "admin copy_file"}) {
    EXPECT_CODE(ParamInvalid, Grants::Parse(bad)) << bad;
  }
  for (const Grant grant : kAllGrants) {
    EXPECT_EQ(*Grants::Parse(GrantName(grant)), Grants{grant});
    EXPECT_TRUE(Grants{Grant::kAdmin}.Allow(grant));
    const bool of_spaces =
        grant == Grant::kAdmin || grant == Grant::kCreateSpace || grant == Grant::kDeleteSpace;
    EXPECT_EQ(Grants{Grant::kSpaceAdmin}.Allow(grant), !of_spaces);
  }
}

}  // namespace
}  // namespace marcot::testing

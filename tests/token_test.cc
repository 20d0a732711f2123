// Access tokens: issued, used, renewed, revoked; expiry, restarts and clocks; threads at one token.
#include "pch/test_pch.h"

#include "rocksdb/env.h"
#include "service/shelf.h"
#include "support/faulty_file_system.h"
#include "support/open_store.h"
#include "support/status_testing.h"
#include "support/temp_store.h"

namespace marcot {
namespace {

using testing::ManualClock;
using testing::TempFolder;
using testing::TempStore;

constexpr char kSecret[] = "correct horse battery staple";
constexpr int64_t kSecondMs = 1000;

class TokenTest : public ::testing::Test {
 protected:
  TokenTest() : store_(Options()), service_(*Service::Open(*store_)) {
    EXPECT_OK(tokens().SetLibrarySecret("default", kSecret));
  }

  StoreOptions Options() const {
    StoreOptions options = testing::TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }

  void Reopen() {
    service_.reset();
    store_.Reopen();
    service_ = *Service::Open(*store_);
  }

  Tokens& tokens() { return service_->tokens(); }
  void Wait(int64_t seconds) { clock_.Advance(seconds * kSecondMs); }

  static TokenRequest Request(std::string user = "ann", uint32_t period_s = 800) {
    TokenRequest request;
    request.library = "default";
    request.secret = kSecret;
    request.user = std::move(user);
    request.period_s = period_s;
    return request;
  }
  std::string Issue(const TokenRequest& request = Request()) {
    const auto issued = tokens().Issue(request);
    EXPECT_OK(issued);
    return issued.ok() ? issued->token : std::string();
  }
  std::string IssueTo(std::string user, std::string client, std::string session = "") {
    TokenRequest request = Request(std::move(user));
    request.client = std::move(client);
    request.session = std::move(session);
    return Issue(request);
  }
  static void ExpectOkOrInvalid(const absl::Status& status) {
    const Code code = CodeOf(status);
    EXPECT_TRUE(code == Code::kOk || code == Code::kInvalidAccessToken) << status;
  }
  bool Works(const std::string& token, std::string_view library = "default") {
    const auto session = tokens().Authenticate(library, token);
    ExpectOkOrInvalid(session.status());
    return session.ok();
  }
  size_t StoredTokens() {
    size_t count = 0;
    const service::Shelf shelf = *service::Shelf::Open(*store_);
    const auto users = shelf.Names("tokens", "", 1000);
    for (const std::string& user : *users) {
      count += shelf.Names("tokens/" + user, "", 1000)->size();
    }
    return count;
  }
  size_t StoredUsers() { return service::Shelf::Open(*store_)->Names("tokens", "", 1000)->size(); }

  ManualClock clock_;
  TempStore store_;
  std::unique_ptr<Service> service_;
};

TEST_F(TokenTest, StandsForItsSession) {
  ASSERT_OK(store_->CreateSpace("default", "other"));
  TokenRequest request = Request();
  request.spaces = {"-", "third"};
  request.client = "phone";
  request.session = "s1";
  request.grants = {Grant::kCreateDirectory, Grant::kCopyFileForce};
  const auto issued = tokens().Issue(request);
  ASSERT_OK(issued);
  EXPECT_EQ(issued->expires_in_s, 800u);
  EXPECT_EQ(issued->token.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789-_"),
            std::string::npos);
  const auto session = tokens().Authenticate("default", issued->token);
  ASSERT_OK(session);
  EXPECT_EQ(session->library(), "default");
  EXPECT_EQ(session->user(), "ann");
  EXPECT_EQ(session->grants(), request.grants);
  EXPECT_EQ(session->request().spaces, request.spaces);
  EXPECT_EQ(session->request().client, "phone");
  EXPECT_EQ(session->request().session, "s1");
  const auto space = session->OpenSpace("-");
  ASSERT_OK(space);
  EXPECT_OK(space->MakeDirectory("d"));
  EXPECT_EQ(space->GetStat("d")->creator, "ann");
  EXPECT_CODE(NoPermission, space->Delete("d"));
  EXPECT_CODE(AccessTokenNotMatchSpace, session->OpenSpace("other"));
  EXPECT_NE(Issue(request), issued->token);
}

TEST_F(TokenTest, NeedsTheLibrarysSecret) {
  TokenRequest request = Request();
  request.secret = "wrong";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  request.secret = "";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  request = Request();
  request.library = "none";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  request.library = "-service";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  ASSERT_OK(store_->CreateLibrary("bare"));
  request.library = "bare";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  request.secret = "";
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  EXPECT_CODE(ParamInvalid, tokens().SetLibrarySecret("bare", ""));
  EXPECT_CODE(ParamInvalid, tokens().SetLibrarySecret("bare", std::string(1025, 'x')));
  EXPECT_CODE(LibraryNotFound, tokens().SetLibrarySecret("none", "x"));

  const std::string before = Issue();
  ASSERT_OK(tokens().SetLibrarySecret("default", "another"));
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(Request()));
  request = Request();
  request.secret = "another";
  EXPECT_OK(tokens().Issue(request));
  EXPECT_TRUE(Works(before));
  Reopen();
  EXPECT_OK(tokens().Issue(request));
}

TEST_F(TokenTest, RefusesBadRequests) {
  EXPECT_CODE(ParamInvalid, tokens().Issue(Request("ann", kMinTokenPeriodS - 1)));
  EXPECT_CODE(ParamInvalid, tokens().Issue(Request("ann", kMaxTokenPeriodS + 1)));
  EXPECT_OK(tokens().Issue(Request("ann", kMinTokenPeriodS)));
  EXPECT_OK(tokens().Issue(Request("ann", kMaxTokenPeriodS)));
  EXPECT_EQ(tokens().Issue(Request("ann", kMaxTokenPeriodS))->expires_in_s, kMaxTokenPeriodS);
  EXPECT_CODE(ParamInvalid, tokens().Issue(Request("\xff")));
  EXPECT_CODE(ParamInvalid, tokens().Issue(Request(std::string(256, 'u'))));
  TokenRequest request = Request(std::string(255, 'u'));
  request.spaces.assign(kMaxTokenSpaces, std::string(32, 's'));
  EXPECT_TRUE(Works(Issue(request)));
  request.spaces.emplace_back("ss");
  EXPECT_CODE(ParamInvalid, tokens().Issue(request));
  request.spaces = {"NO"};
  EXPECT_CODE(SpaceIdInvalid, tokens().Issue(request));
}

TEST_F(TokenTest, OnlyTokensOfTheLibraryAreValid) {
  const std::string token = Issue();
  EXPECT_CODE(EmptyAccessToken, tokens().Authenticate("default", ""));
  std::vector<std::string> wrong{"x",
                                 token + "0",
                                 token.substr(1),
                                 std::string(80, '/'),
                                 "../" + token.substr(3),
                                 token.substr(0, 79) + '\0'};
  for (const size_t at : {size_t{0}, size_t{20}, token.size() - 1}) {
    wrong.push_back(token);
    wrong.back()[at] = token[at] == 'a' ? 'b' : 'a';
  }
  for (const std::string& bad : wrong) {
    EXPECT_CODE(InvalidAccessToken, tokens().Authenticate("default", bad)) << bad;
    EXPECT_CODE(InvalidAccessToken, tokens().Renew("default", bad)) << bad;
    EXPECT_CODE(InvalidAccessToken, tokens().Revoke("default", bad)) << bad;
  }
  ASSERT_OK(store_->CreateLibrary("second"));
  EXPECT_CODE(InvalidAccessToken, tokens().Authenticate("second", token));
  EXPECT_CODE(InvalidAccessToken, tokens().Revoke("second", token));
  EXPECT_CODE(InvalidAccessToken, tokens().Authenticate("none", token));
  EXPECT_CODE(InvalidAccessToken, tokens().Authenticate("-service", token));
  EXPECT_TRUE(Works(token));
}

TEST_F(TokenTest, ALibraryOfTheSameNameIsAnother) {
  ASSERT_OK(store_->CreateLibrary("second"));
  ASSERT_OK(tokens().SetLibrarySecret("second", "s"));
  TokenRequest request = Request();
  request.library = "second";
  request.secret = "s";
  const std::string token = Issue(request);
  EXPECT_TRUE(Works(token, "second"));
  ASSERT_OK(store_->DeleteLibrary("second"));
  EXPECT_FALSE(Works(token, "second"));
  ASSERT_OK(store_->CreateLibrary("second"));
  EXPECT_FALSE(Works(token, "second"));
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().Issue(request));
  ASSERT_OK(service_->ExpireDue());
  EXPECT_EQ(service::Shelf::Open(*store_)->Names("secrets", "", 10)->size(), 1u);
  EXPECT_TRUE(Works(Issue()));
}

// The log of the store holds every byte that was ever written to it.
TEST_F(TokenTest, NeitherTokensNorSecretsAreStored) {
  const std::string token = Issue();
  ASSERT_TRUE(Works(token));
  size_t files = 0;
  bool holds_user = false;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store_.folder())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    ++files;
    holds_user |= bytes.find("ann") != std::string::npos;
    EXPECT_EQ(bytes.find(token), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find(token.substr(16)), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find(kSecret), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 0u);
  EXPECT_TRUE(holds_user);  // else this looks at the wrong place
}

TEST_F(TokenTest, UseBeginsThePeriodAnew) {
  const std::string used = Issue(), renewed = Issue(), left = Issue();
  for (int i = 0; i < 20; ++i) {
    Wait(799);
    EXPECT_TRUE(Works(used)) << i;
    const auto again = tokens().Renew("default", renewed);
    ASSERT_OK(again);
    EXPECT_EQ(again->token, renewed);
    EXPECT_EQ(again->expires_in_s, 800u);
    if (i == 0) continue;
    EXPECT_FALSE(Works(left)) << i;
    EXPECT_CODE(InvalidAccessToken, tokens().Renew("default", left));
  }
  Wait(800);
  EXPECT_FALSE(Works(used));
  EXPECT_FALSE(Works(renewed));
}

TEST_F(TokenTest, AnUnusedTokenLivesForItsPeriod) {
  const std::string first = Issue(), second = Issue();
  clock_.Advance(800 * kSecondMs - 1);
  EXPECT_TRUE(Works(first));
  clock_.Advance(1);
  EXPECT_FALSE(Works(second));
  EXPECT_TRUE(Works(first));
}

TEST_F(TokenTest, UsesWriteOnceInAnEighthOfThePeriod) {
  const std::string token = Issue();
  const uint64_t before = store_->GetMetrics().commits;
  for (int i = 0; i < 8000; ++i) {
    clock_.Advance(kSecondMs / 10);
    ASSERT_TRUE(Works(token));
  }
  const uint64_t writes = store_->GetMetrics().commits - before;
  EXPECT_GE(writes, 7u);
  EXPECT_LE(writes, 8u);
}

// A checkpoint is what a crash leaves: nobody closed it.
TEST_F(TokenTest, ARestartNeverEndsATokenEarly) {
  const auto check_after_restart = [&](const std::string& token, int64_t last_use_ms) {
    for (const auto& [seconds, works] : {std::pair(799, true), std::pair(901, false)}) {
      TempFolder folder;
      const std::string path = (folder.path() / "crashed").string();
      ASSERT_OK(store_->CreateCheckpoint(path));
      ManualClock clock(last_use_ms + seconds * kSecondMs);
      StoreOptions options = testing::TestOptions();
      options.clock_ms = clock.function();
      const auto store = *Store::Open(path, options);
      const auto service = *Service::Open(*store);
      ASSERT_OK(service->ExpireDue());
      EXPECT_EQ(service->tokens().Authenticate("default", token).ok(), works) << seconds;
    }
  };
  const std::string token = Issue();
  check_after_restart(token, clock_.now_ms());
  for (int i = 0; i < 25; ++i) {
    Wait(17);  // a few uses between two writes
    ASSERT_TRUE(Works(token));
    if (i % 4 == 0) check_after_restart(token, clock_.now_ms());
  }
}

TEST_F(TokenTest, SurvivesRestarts) {
  const std::string token = Issue(), revoked = Issue();
  ASSERT_OK(tokens().Revoke("default", revoked));
  for (int i = 0; i < 5; ++i) {
    Reopen();
    Wait(700);
    EXPECT_TRUE(Works(token));
    EXPECT_FALSE(Works(revoked));
  }
}

TEST_F(TokenTest, AClockThatJumpsBackEndsNothing) {
  const std::string token = Issue(), unused = Issue();
  Wait(500);
  EXPECT_TRUE(Works(token));
  Wait(-3600);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Works(token));
    Wait(100);
  }
  Wait(3600 - 1000 + 799);  // 799 s after its use before the jump
  EXPECT_TRUE(Works(token));
  EXPECT_FALSE(Works(unused));
  Wait(800);
  EXPECT_FALSE(Works(token));
}

TEST_F(TokenTest, TheActingUserCountsForAdminsWithoutOne) {
  const auto acting = [&](const Grants& grants, const std::string& user) {
    TokenRequest request = Request(user);
    request.grants = grants;
    const auto session = tokens().Authenticate("default", Issue(request), "bob");
    EXPECT_OK(session);
    return session->user();
  };
  EXPECT_EQ(acting({Grant::kAdmin}, ""), "bob");
  EXPECT_EQ(acting({Grant::kAdmin}, "ann"), "ann");
  EXPECT_EQ(acting({Grant::kSpaceAdmin}, ""), "");
  EXPECT_EQ(acting({}, "ann"), "ann");

  const auto backend = tokens().AuthenticateSecret("default", kSecret, "bob");
  ASSERT_OK(backend);
  EXPECT_EQ(backend->user(), "bob");
  EXPECT_TRUE(backend->grants().Has(Grant::kAdmin));
  EXPECT_OK(backend->CreateSpace("made"));
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().AuthenticateSecret("default", "wrong"));
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().AuthenticateSecret("none", kSecret));
  EXPECT_CODE(ParamInvalid, tokens().AuthenticateSecret("default", kSecret, "\xff"));
}

TEST_F(TokenTest, OneIsRevoked) {
  const std::string token = Issue(), other = Issue();
  ASSERT_TRUE(Works(token));
  ASSERT_OK(tokens().Revoke("default", token));
  EXPECT_FALSE(Works(token));
  EXPECT_CODE(InvalidAccessToken, tokens().Revoke("default", token));
  EXPECT_CODE(InvalidAccessToken, tokens().Renew("default", token));
  EXPECT_TRUE(Works(other));
}

TEST_F(TokenTest, AllOfAUserAreRevoked) {
  ASSERT_OK(store_->CreateLibrary("second"));
  ASSERT_OK(tokens().SetLibrarySecret("second", kSecret));
  TokenRequest elsewhere = Request();
  elsewhere.library = "second";
  const std::string there = Issue(elsewhere), bobs = Issue(Request("bob")),
                    nobodys = Issue(Request(""));
  std::vector<std::string> anns;
  for (int i = 0; i < 600; ++i) anns.push_back(Issue());
  for (const std::string& token : anns) ASSERT_TRUE(Works(token));
  EXPECT_CODE(WrongLibraryIdOrSecret, tokens().RevokeOfUser("default", "wrong", "ann", {}, {}));
  EXPECT_CODE(ParamInvalid, tokens().RevokeOfUser("default", kSecret, "", {}, {}));
  EXPECT_TRUE(Works(anns[0]));
  ASSERT_OK(tokens().RevokeOfUser("default", kSecret, "ann", {}, {}));
  for (const std::string& token : anns) ASSERT_FALSE(Works(token));
  EXPECT_TRUE(Works(there, "second"));
  EXPECT_TRUE(Works(bobs));
  EXPECT_TRUE(Works(nobodys));
  EXPECT_OK(tokens().RevokeOfUser("default", kSecret, "ann", {}, {}));
  EXPECT_TRUE(Works(Issue()));
}

TEST_F(TokenTest, ThoseOfClientsAndSessionsAreRevoked) {
  struct Kept {
    std::string client, session, token;
  };
  const auto revoke = [&](std::vector<std::string> clients, std::vector<std::string> sessions) {
    std::vector<Kept> kept;
    for (int i = 0; i < 400; ++i) {
      const std::string client = "c" + std::to_string(i % 4), session = std::to_string(i % 3);
      kept.push_back({client, session, IssueTo("ann", client, session)});
    }
    const std::string bobs = IssueTo("bob", "c1", "1");
    ASSERT_OK(tokens().RevokeOfUser("default", kSecret, "ann", clients, sessions));
    const auto named = [](const std::vector<std::string>& ids, const std::string& id) {
      return ids.empty() || std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    for (const Kept& token : kept) {
      const bool gone = named(clients, token.client) && named(sessions, token.session);
      ASSERT_EQ(Works(token.token), !gone) << token.client << " " << token.session;
    }
    EXPECT_TRUE(Works(bobs));
  };
  revoke({"c1"}, {});
  revoke({"c0", "c3"}, {});
  revoke({}, {"1"});
  revoke({"c1", "c2"}, {"0", "2"});
  revoke({"none"}, {});
  const std::vector<std::string> hundred(100, "c"), more(101, "c");
  EXPECT_OK(tokens().RevokeOfUser("default", kSecret, "ann", hundred, hundred));
  EXPECT_CODE(TooManyItems, tokens().RevokeOfUser("default", kSecret, "ann", more, {}));
  EXPECT_CODE(TooManyItems, tokens().RevokeOfUser("default", kSecret, "ann", {}, more));
}

TEST_F(TokenTest, WhatHasExpiredIsDropped) {
  for (int i = 0; i < 300; ++i) Issue();
  const std::string longer = Issue(Request("bob", 8000)), used = Issue();
  EXPECT_EQ(StoredTokens(), 302u);
  for (int i = 0; i < 2; ++i) {
    Wait(600);
    ASSERT_TRUE(Works(used));
  }
  ASSERT_OK(service_->ExpireDue());
  EXPECT_EQ(StoredTokens(), 2u);
  EXPECT_TRUE(Works(used));
  EXPECT_TRUE(Works(longer));
  Wait(1000);
  ASSERT_OK(service_->ExpireDue());
  EXPECT_EQ(StoredUsers(), 1u);
  EXPECT_TRUE(Works(longer));
  EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>());
}

// Each use is late enough to be written, and each expiry run would drop what the use keeps; the
// other user is there and gone all the time.
TEST_F(TokenTest, ExpiryNeverDropsWhatIsUsed) {
  const std::string token = Issue();
  std::atomic<bool> stop{false};
  std::thread expiry([&] {
    while (!stop) EXPECT_OK(service_->ExpireDue());
  });
  for (int i = 0; i < 2000; ++i) {
    Wait(799);
    EXPECT_TRUE(Works(token));
    const std::string other = Issue(Request("other"));
    EXPECT_TRUE(Works(other));
    EXPECT_OK(tokens().Revoke("default", other));
  }
  stop = true;
  expiry.join();
}

// Every use is written, so one that comes late would bring a token back.
TEST_F(TokenTest, WhatIsRevokedStaysRevoked) {
  for (int round = 0; round < 30; ++round) {
    const std::string token = Issue();
    std::atomic<bool> revoked{false};
    std::atomic<int> uses{0};
    const auto use = [&](bool renew) {
      while (true) {
        const bool too_late = revoked;
        if (!renew) Wait(101);
        const absl::Status status = renew ? tokens().Renew("default", token).status()
                                          : tokens().Authenticate("default", token).status();
        if (too_late) {
          EXPECT_CODE(InvalidAccessToken, status);
          return;
        }
        ExpectOkOrInvalid(status);
        uses += status.ok();
      }
    };
    std::vector<std::thread> threads;
    threads.emplace_back(use, false);
    threads.emplace_back(use, true);
    while (uses < 5) std::this_thread::yield();
    const absl::Status status = round % 2 == 0
                                    ? tokens().Revoke("default", token)
                                    : tokens().RevokeOfUser("default", kSecret, "ann", {}, {});
    EXPECT_OK(status);
    revoked = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(StoredTokens(), 0u);
  }
}

// A write failed, so the store takes none until it is opened again; it is read on.
TEST(TokenFaultTest, AStoreThatTakesNoWritesIsReadOn) {
  const TempFolder folder;
  const auto system = std::make_shared<testing::FaultyFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(system);
  ManualClock clock;
  StoreOptions options = testing::TestOptions();
  options.create_if_missing = true;
  options.clock_ms = clock.function();
  const auto store = *testing::OpenStoreOn(env.get(), folder.path().string(), options);
  const auto service = *Service::Open(*store);
  Tokens& tokens = service->tokens();
  ASSERT_OK(tokens.SetLibrarySecret("default", kSecret));
  TokenRequest request;
  request.library = "default";
  request.secret = kSecret;
  request.period_s = 800;
  const std::string token = tokens.Issue(request)->token;
  system->Fail(testing::FileOp::kAppend, 1, false, true);
  EXPECT_FALSE(tokens.Issue(request).ok());
  EXPECT_CODE(StoreReadOnly, tokens.Issue(request));
  // 900 s are stored.
  for (int i = 0; i < 3; ++i) {
    clock.Advance(299 * kSecondMs);
    EXPECT_OK(tokens.Authenticate("default", token)) << i;
  }
  clock.Advance(10 * kSecondMs);
  EXPECT_CODE(InvalidAccessToken, tokens.Authenticate("default", token));
}

// What a call costs does not depend on how many tokens there are, or a user has.
TEST_F(TokenTest, AHundredThousandTokens) {
  constexpr size_t kTokens = 100'000;
  using Clock = std::chrono::steady_clock;
  const auto measure = [](const char* what, size_t calls, const std::function<void()>& run) {
    const auto begin = Clock::now();
    run();
    const std::chrono::duration<double, std::micro> time = Clock::now() - begin;
    std::printf("%s: %.1f us\n", what, time.count() / static_cast<double>(calls));
  };
  std::vector<std::string> all;
  measure("issue one of a user's 100,000", kTokens, [&] {
    for (size_t i = 0; i < kTokens; ++i) all.push_back(IssueTo("ann", "c" + std::to_string(i)));
  });
  std::mt19937_64 random(1);
  measure("use any", kTokens, [&] {
    for (size_t i = 0; i < kTokens; ++i) ASSERT_TRUE(Works(all[random() % kTokens]));
  });
  measure("use one", kTokens, [&] {
    for (size_t i = 0; i < kTokens; ++i) ASSERT_TRUE(Works(all[0]));
  });
  Wait(790);
  measure("use each, with its write", 10'000, [&] {
    for (size_t i = 0; i < 10'000; ++i) ASSERT_TRUE(Works(all[i]));
  });
  Wait(200);
  measure("drop what has expired, by token", kTokens, [&] { ASSERT_OK(service_->ExpireDue()); });
  EXPECT_FALSE(Works(all.back()));
  EXPECT_TRUE(Works(all[9'999]));
  const std::vector<std::string> client{"c9999"};
  measure("revoke a client's of 10,000", 1,
          [&] { ASSERT_OK(tokens().RevokeOfUser("default", kSecret, "ann", client, {})); });
  EXPECT_FALSE(Works(all[9'999]));
  EXPECT_TRUE(Works(all[0]));
  const uint64_t before = store_->GetMetrics().commits;
  measure("revoke all of a user", 1,
          [&] { ASSERT_OK(tokens().RevokeOfUser("default", kSecret, "ann", {}, {})); });
  EXPECT_EQ(store_->GetMetrics().commits, before + 1);
  EXPECT_FALSE(Works(all[0]));
}

}  // namespace
}  // namespace marcot

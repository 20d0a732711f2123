// Favourites: whose they are, in which order, and that they follow what is moved.
#include <gtest/gtest.h>

#include "marcot/marcot.hpp"
#include "support/temp_store.h"

namespace marcot {
namespace {

using testing::TempStore;

class FavoritesTest : public ::testing::Test {
 protected:
  FavoritesTest() : store_(Options()) {
    Open();
    for (const char* path : {"a/b/c", "d"}) EXPECT_TRUE(space_.MakeDirectory(path).ok());
    EXPECT_TRUE(space_.Put("a/b/f", "x").ok() && space_.Put("g", "y").ok());
  }

  StoreOptions Options() {
    StoreOptions options = testing::TestOptions();
    options.clock_ms = clock_.function();
    return options;
  }

  void Open() {
    space_ = *store_->OpenSpace("default", "-");
    service_ = *Service::Open(*store_, {.background = false});
  }

  Favorites& favorites() { return service_->favorites(); }

  ObjectId Add(const std::string& path, const char* user = "ann") {
    clock_.Advance(10);
    const auto id = favorites().Add(space_, user, path);
    EXPECT_TRUE(id.ok()) << id.status();
    return id.ok() ? *id : ObjectId{};
  }

  // Paths, in order; pages of two.
  std::vector<std::string> Paths(const char* user = "ann", bool descending = true) {
    std::vector<std::string> paths;
    ListFavoritesOptions options{.descending = descending, .limit = 2};
    do {
      const auto page = favorites().List(space_, user, options);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const Favorite& favorite : page->favorites) {
        paths.push_back(JoinPath(favorite.entry.path));
      }
      options.marker = page->marker;
    } while (!options.marker.empty());
    return paths;
  }

  using Names = std::vector<std::string>;

  testing::ManualClock clock_;
  TempStore store_;
  Space space_;
  std::unique_ptr<Service> service_;
};

TEST_F(FavoritesTest, AreAUsersOwnInOrderOfTime) {
  Add("g");
  Add("a/b");
  Add("a/b/f");
  Add("d", "bob");
  EXPECT_EQ(Paths(), (Names{"a/b/f", "a/b", "g"}));
  EXPECT_EQ(Paths("ann", false), (Names{"g", "a/b", "a/b/f"}));
  EXPECT_EQ(Paths("bob"), Names{"d"});
  EXPECT_EQ(Paths("nobody"), Names{});
  const ObjectId g = space_.GetStat("g")->id;
  EXPECT_TRUE(*favorites().Has(space_, "ann", g));
  EXPECT_FALSE(*favorites().Has(space_, "bob", g));
  EXPECT_EQ(CodeOf(favorites().Add(space_, "ann", "g").status()), Code::kDuplicateFavoriteRecord);
  EXPECT_EQ(CodeOf(favorites().AddObject(space_, "ann", g).status()),
            Code::kDuplicateFavoriteRecord);
  EXPECT_EQ(*favorites().AddObject(space_, "bob", g), g);
  EXPECT_EQ(CodeOf(favorites().Add(space_, "ann", "none").status()), Code::kPathNotFound);
  EXPECT_EQ(CodeOf(favorites().Add(space_, "ann", "").status()), Code::kRootDirectoryNotAllowed);
  EXPECT_EQ(CodeOf(favorites().AddObject(space_, "ann", {7, 7}).status()), Code::kPathNotFound);
  ASSERT_TRUE(favorites().Remove(space_, "ann", g).ok());
  EXPECT_EQ(CodeOf(favorites().Remove(space_, "ann", g)), Code::kFavoriteNotFound);
  EXPECT_EQ(Paths(), (Names{"a/b/f", "a/b"}));
  ListFavoritesOptions forged;
  forged.marker = "x";
  EXPECT_EQ(CodeOf(favorites().List(space_, "ann", forged).status()), Code::kMarkerNotFound);
}

TEST_F(FavoritesTest, FollowWhatIsMoved) {
  const ObjectId file = Add("a/b/f"), directory = Add("a/b/c");
  ASSERT_TRUE(space_.MoveDirectory("a", "d/moved").ok());
  EXPECT_EQ(Paths(), (Names{"d/moved/b/c", "d/moved/b/f"}));
  ASSERT_TRUE(space_.MoveFile("d/moved/b/f", "h").ok());
  ASSERT_TRUE(space_.Put("d/moved/b/f", "another").ok());  // takes the place it had
  service_.reset();
  store_.Reopen();
  Open();
  EXPECT_EQ(Paths(), (Names{"d/moved/b/c", "h"}));
  EXPECT_TRUE(*favorites().Has(space_, "ann", file) && *favorites().Has(space_, "ann", directory));
  ASSERT_TRUE(space_.Delete("h").ok());
  EXPECT_EQ(Paths(), Names{"d/moved/b/c"});
  EXPECT_FALSE(*favorites().Has(space_, "ann", file));
}

TEST_F(FavoritesTest, InsideCopies) {
  ASSERT_TRUE(space_.CopyDirectory("a", "copy").ok());
  ASSERT_TRUE(space_.CopyDirectory("copy", "second").ok());
  Add("second/b/f");
  Add("copy/b/c");
  ASSERT_TRUE(space_.Delete("a").ok());
  ASSERT_TRUE(space_.MoveDirectory("second/b", "d/b").ok());
  ASSERT_TRUE(space_.MoveDirectory("copy", "third").ok());
  EXPECT_EQ(Paths(), (Names{"third/b/c", "d/b/f"}));
}

TEST_F(FavoritesTest, OfASessionAreItsUsers) {
  SessionRequest request;
  request.library = "default";
  request.user = "ann";
  const Space ann = *store_->OpenSession(request)->OpenSpace("-");
  ASSERT_TRUE(favorites().Add(ann, "bob", "g").ok());
  EXPECT_EQ(Paths("ann"), Names{"g"});
  EXPECT_EQ(Paths("bob"), Names{});
}

TEST_F(FavoritesTest, GoWithTheirSpace) {
  const Space other = *store_->CreateSpace("default", "other");
  ASSERT_TRUE(other.Put("x", "").ok() && favorites().Add(other, "ann", "x").ok());
  ASSERT_TRUE(store_->DeleteSpace("default", "other", true).ok());
  ASSERT_TRUE(service_->ExpireDue().ok());
  const Space successor = *store_->CreateSpace("default", "other");
  EXPECT_EQ(favorites().List(successor, "ann")->favorites.size(), 0u);
  ASSERT_TRUE(store_->ReclaimUntilIdle().ok());
  EXPECT_EQ(*store_->CheckInvariants(), std::vector<std::string>{});
}

}  // namespace
}  // namespace marcot

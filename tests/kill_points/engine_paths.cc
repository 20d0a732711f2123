#include <signal.h>
#include <unistd.h>

#include <utility>

#include "base/status_macros.h"
#include "kill_points/paths.h"
#include "operations/recycle.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

using Kind = BatchItem::Kind;
using operations::kMsPerDay;

// More than a step of reclaim lets go of, and more than a slice of what expires, once and a bit.
constexpr int kMany = 150;

std::string Number(int i) { return std::to_string(1000 + i); }

// ---- changes, many at a time -------------------------------------------------------------------

class Changes {
 public:
  explicit Changes(Place& place, const char* space = "-")
      : store_(*place.store), space_(*place.store->OpenSpace("default", space)) {}

  Changes& MakeDirectory(const std::string& path) { return Add(Kind::kMakeDirectory, path, ""); }
  Changes& Copy(const std::string& from, const std::string& to) {
    return Add(Kind::kCopy, to, from);
  }
  Changes& Delete(const std::string& path) { return Add(Kind::kDelete, path, ""); }
  // Of a content that a host keeps: one without chunks.
  Changes& Put(const std::string& path, uint64_t content = 1) {
    Add(Kind::kPutReference, path, "");
    items_.back().content = {.id = {7, content}, .size = content};
    items_.back().options.strategy = Strategy::kOverwrite;
    return *this;
  }
  Changes& PutMany(const std::string& prefix, uint64_t content = 1) {
    for (int i = 0; i < kMany; ++i) Put(prefix + Number(i), content);
    return *this;
  }
  Changes& DeleteMany(const std::string& prefix) {
    for (int i = 0; i < kMany; ++i) Delete(prefix + Number(i));
    return *this;
  }

  // In one commit.
  absl::Status Run() { return store_.RunAtomically(std::exchange(items_, {})).status(); }

 private:
  Changes& Add(Kind kind, const std::string& path, const std::string& from) {
    BatchItem item;
    item.kind = kind;
    item.space = space_;
    item.path = path;
    item.from = from;
    items_.push_back(std::move(item));
    return *this;
  }

  Store& store_;
  const Space space_;
  std::vector<BatchItem> items_;
};

template <typename Change>
Step Whole(const Change& change) {
  return {[change](Place& place) {
    Changes changes(place);
    change(changes);
    return changes.Run();
  }};
}

Step Reclaim() {
  return {[](Place& place) { return place.store->ReclaimUntilIdle(); }};
}

absl::Status SetHistory(Place& place, uint32_t versions, uint32_t days) {
  return place.store->SetLibrarySettings(
      "default", {.history = true, .history_versions = versions, .history_days = days});
}

// ---- the paths ---------------------------------------------------------------------------------

Path Creation() {
  return {"Creation",
          {},
          {Whole([](Changes& c) { c.MakeDirectory("a"); })},
          {{"format", 1}, {"commit", 1}}};
}

Path Commits() {
  return {"Commits",
          [](Place&) { return absl::OkStatus(); },
          {
              Whole([](Changes& c) { c.MakeDirectory("a/b").Put("a/b/f", 1); }),
              Whole([](Changes& c) { c.Copy("a", "c"); }),
              Whole([](Changes& c) { c.Put("c/b/g", 2).Put("a/b/f", 3); }),
              {[](Place& place) { return place.space().Put("built in", "bytes").status(); }},
              {[](Place& place) { return place.space().MoveDirectory("c", "a/moved").status(); }},
              Whole([](Changes& c) { c.Delete("a/b").Copy("a", "again").Delete("again/moved"); }),
          },
          {{"commit", 1}}};
}

Path Fold() {
  constexpr int kNearly = 1010;  // rows of the log; it is folded at 1,024
  Path path{"Fold",
            [](Place& place) {
              MARCOT_RETURN_IF_ERROR(Changes(place).MakeDirectory("d/e").Run());
              for (int i = 0; i < kNearly; ++i) {
                MARCOT_RETURN_IF_ERROR(Changes(place).Put("d/e/f", 1 + i % 2).Run());
              }
              return absl::OkStatus();
            },
            {},
            {{"commit", 1}, {"fold", 1}}};
  for (int i = 0; i < 20; ++i) {
    path.steps.push_back(Whole([i](Changes& c) { c.Put("d/e/" + Number(i), 5); }));
  }
  return path;
}

// Two pins with many records between them and after them, one of them with two owners.
Path Letting() {
  return {"LettingGo",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(Changes(place).MakeDirectory("t").PutMany("t/", 1).Run());
            MARCOT_RETURN_IF_ERROR(Changes(place).Copy("t", "first").Run());
            MARCOT_RETURN_IF_ERROR(Changes(place).PutMany("t/", 2).PutMany("t/new", 2).Run());
            MARCOT_RETURN_IF_ERROR(Changes(place).Copy("t", "second").Copy("t", "third").Run());
            return Changes(place).PutMany("t/", 3).Run();
          },
          {
              Whole([](Changes& c) { c.Delete("second"); }),
              Reclaim(),
              Whole([](Changes& c) { c.Delete("third"); }),
              Reclaim(),
              Whole([](Changes& c) { c.Delete("first"); }),
              Reclaim(),
              Whole([](Changes& c) { c.Delete("t"); }),
              Reclaim(),
          },
          {{"commit", 1},
           {"release goes on", 1},
           {"release ends", 1},
           {"sweep goes on", 1},
           {"sweep ends", 1},
           {"births goes on", 1},
           {"births ends", 1},
           {"trim goes on", 1},
           {"trim ends", 1}}};
}

// A modified copy that has deleted most of what it shows.
Path Flatten() {
  return {"Flatten",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(
                Changes(place).MakeDirectory("t").PutMany("t/a").PutMany("t/b").Run());
            return Changes(place).Copy("t", "copy").Copy("t", "other").Put("copy/own").Run();
          },
          {
              Whole([](Changes& c) {
                c.DeleteMany("copy/b").Delete("copy/a1000").Delete("copy/a1001");
              }),
              Reclaim(),
          },
          {{"commit", 1},
           {"flatten copies", 1},
           {"flatten drops the base", 1},
           {"flatten sweeps whiteouts", 1},
           {"flatten ends", 1},
           {"release ends", 1}}};
}

// A write into a copy whose chain of bases is as long as one may be.
Path FlattenFirst() {
  constexpr int kChain = 32;
  const auto name = [](int i) { return "copy" + std::to_string(i); };
  return {"FlattenBeforeACopyUp",
          [name](Place& place) {
            MARCOT_RETURN_IF_ERROR(Changes(place).MakeDirectory("copy0").PutMany("copy0/").Run());
            for (int i = 0; i < kChain; ++i) {
              MARCOT_RETURN_IF_ERROR(
                  Changes(place).Copy(name(i), name(i + 1)).Put(name(i + 1) + "/own").Run());
            }
            return absl::OkStatus();
          },
          {
              Whole([name](Changes& c) { c.Copy(name(kChain), "last"); }),
              Whole([](Changes& c) { c.Put("last/f"); }),
          },
          {{"commit", 5}}};
}

constexpr size_t kChunk = 256 * 1024;

Path Upload() {
  return {"Upload",
          [](Place&) { return absl::OkStatus(); },
          {
              {[](Place& place) {
                const std::string bytes = BytesOf(1, 5 * kChunk / 2);
                PutOptions options;
                options.strategy = Strategy::kOverwrite;
                return place.space().Put("file", SourceOf(bytes), options).status();
              }},
          },
          {{"chunk", 3}, {"commit", 1}}};
}

// The store is opened after its process died in the middle of an upload of very many chunks.
Path AbandonedUpload() {
  return {"AbandonedUpload",
          [](Place& place) {
            size_t left = 70 * kChunk;
            const auto source = [&left](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
              if (left == 0) kill(getpid(), SIGKILL);
              const size_t count = std::min(capacity, left);
              std::fill_n(buffer, count, 'x');
              left -= count;
              return count;
            };
            return place.space().Put("file", source).status();
          },
          {Reclaim()},
          {{"commit", 1}, {"blob goes on", 1}, {"blob ends", 1}}};
}

// Files with versions go for good: one with very many, and very many below one directory.
Path Versions() {
  return {"Versions",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(SetHistory(place, 999, 0));
            Changes changes(place);
            changes.MakeDirectory("d/e").PutMany("d/e/", 1).PutMany("d/e/", 2);
            for (int i = 0; i < kMany; ++i) changes.Put("file", 100 + i);
            return changes.Run();
          },
          {
              Whole([](Changes& c) { c.Delete("file"); }),
              Whole([](Changes& c) { c.Delete("d"); }),
              Reclaim(),
          },
          {{"commit", 1},
           {"forget goes on", 1},
           {"forget ends", 1},
           {"versions goes on", 1},
           {"versions ends", 1},
           {"trim goes on", 1},
           {"trim ends", 1}}};
}

// A space goes with its feed of changes and its recycle bin.
Path Rows() {
  return {
      "Rows",
      [](Place& place) {
        MARCOT_ASSIGN_OR_RETURN(const Space space, place.store->CreateSpace("default", "gone"));
        MARCOT_RETURN_IF_ERROR(space.SetSettings({.recycle_bin = true, .change_feed_days = 3000}));
        return Changes(place, "gone").PutMany("f").DeleteMany("f").Run();
      },
      {
          {[](Place& place) {
            const absl::Status status = place.store->DeleteSpace("default", "gone", true);
            return CodeOf(status) == Code::kSpaceNotFound ? absl::OkStatus() : status;
          }},
          Reclaim(),
      },
      {{"commit", 1},
       {"rows goes on", 1},
       {"rows ends", 1},
       {"trim goes on", 1},
       {"trim ends", 1}}};
}

absl::Status LoadInBulk(Place& place, const std::string& path) {
  MARCOT_ASSIGN_OR_RETURN(const auto load, place.space().BeginBulkLoad());
  for (int d = 0; d < 3; ++d) {
    MARCOT_RETURN_IF_ERROR(load->EnterDirectory(Number(d)));
    for (int f = 0; f < kMany; ++f) {
      MARCOT_RETURN_IF_ERROR(load->AddFile(Number(f), {}));
    }
    MARCOT_RETURN_IF_ERROR(load->LeaveDirectory());
  }
  return load->Finish(path).status();
}

// Of empty files: a load that is done again would have to hold other contents.
Path BulkLoads() {
  return {"BulkLoad",
          [](Place&) { return absl::OkStatus(); },
          {{[](Place& place) { return LoadInBulk(place, "a/b"); }}, Reclaim()},
          {{"commit", 3}, {"ingestion", 1}}};
}

Step Expire(int days) {
  return {[days](Place& place) {
            place.clock.Advance(days * kMsPerDay);
            return place.store->ExpireDue().status();
          },
          false};
}

Path Expiry(std::string name, std::function<absl::Status(Place&)> prepare) {
  return {std::move(name), std::move(prepare), {Expire(100)}, {{"commit", 3}}};
}

std::vector<Path> Expiries() {
  return {
      Expiry("ExpiryOfSnapshots",
             [](Place& place) {
               const int64_t due = place.clock.now_ms() + kMsPerDay;
               MARCOT_RETURN_IF_ERROR(Changes(place).MakeDirectory("d").Run());
               for (int i = 0; i < kMany; ++i) {
                 MARCOT_RETURN_IF_ERROR(
                     place.space().CreateSnapshot("s" + Number(i), "d", due).status());
               }
               return absl::OkStatus();
             }),
      Expiry("ExpiryOfItems",
             [](Place& place) {
               MARCOT_RETURN_IF_ERROR(
                   place.space().SetSettings({.recycle_bin = true, .recycle_days = 1}));
               Changes changes(place);
               for (int i = 0; i < 80; ++i) changes.Put("f").Delete("f");
               return changes.Run();
             }),
      Expiry("ExpiryOfChanges",
             [](Place& place) {
               MARCOT_RETURN_IF_ERROR(place.space().SetSettings({.change_feed_days = 1}));
               return Changes(place).PutMany("f").Run();
             }),
      Expiry("ExpiryOfVersions",
             [](Place& place) {
               MARCOT_RETURN_IF_ERROR(SetHistory(place, 10, 1));
               return Changes(place).PutMany("f", 1).PutMany("f", 2).Run();
             }),
      Expiry("ReviewOfVersions",
             [](Place& place) {
               MARCOT_RETURN_IF_ERROR(SetHistory(place, 10, 0));
               MARCOT_RETURN_IF_ERROR(
                   Changes(place).PutMany("f", 1).PutMany("f", 2).PutMany("f", 3).Run());
               return SetHistory(place, 1, 0);
             }),
  };
}

}  // namespace

std::vector<Path> EnginePaths() {
  std::vector<Path> paths = {Creation(), Commits(),      Fold(),     Letting(),
                             Flatten(),  FlattenFirst(), Upload(),   AbandonedUpload(),
                             Versions(), Rows(),         BulkLoads()};
  for (Path& path : Expiries()) paths.push_back(std::move(path));
  return paths;
}

}  // namespace marcot::testing

#include "base/status_macros.h"
#include "kill_points/paths.h"
#include "kill_points/points.h"
#include "support/workload.h"

namespace marcot::testing {
namespace {

absl::Status Wrong(const std::string& what) {
  return what.empty() ? absl::OkStatus() : absl::InternalError(what.data());
}

absl::Status Fill(Store& store) {
  Workload workload(store, 11);
  for (uint64_t n = 0; n < 60; ++n) {
    MARCOT_RETURN_IF_ERROR(Wrong(workload.Step(n)));
  }
  return absl::OkStatus();
}

// What stands in a folder is a store, sound, and like the place's own if that is asked for.
absl::Status CheckStore(const std::string& folder, const Place& place, bool alike) {
  StoreOptions options = TestOptions();
  options.create_if_missing = false;
  MARCOT_ASSIGN_OR_RETURN(const auto store, Store::Open(folder, options));
  MARCOT_RETURN_IF_ERROR(Wrong(CheckSound(*store, folder.c_str())));
  MARCOT_ASSIGN_OR_RETURN(const Space space, store->OpenSpace("default", "-"));
  if (!alike) return absl::OkStatus();
  Contents is, expected;
  MARCOT_RETURN_IF_ERROR(Wrong(Collect(space, &is)));
  MARCOT_RETURN_IF_ERROR(Wrong(Collect(place.space(), &expected)));
  MARCOT_RETURN_IF_ERROR(Wrong(Difference(is, expected)));
  return Wrong(CheckFiles(space, place.space(), is));
}

// The store that is open writes to its own folder when it likes.
template <typename Make>
absl::Status AtPoints(const Place& place, const Make& make) {
  const FileKillPoints points(place.Folder("store"));
  return make();
}

// A store is made in a folder: whatever came before, it is there whole or not at all.
template <typename Make>
Step MakesStore(bool alike, const Make& make) {
  return {[alike, make](Place& place) -> absl::Status {
    const std::string folder = place.Folder("made");
    const absl::Status there = CheckStore(folder, place, alike);
    if (CodeOf(there) != Code::kStoreNotFound) return there;
    MARCOT_RETURN_IF_ERROR(AtPoints(place, [&] { return make(place, folder); }));
    return CheckStore(folder, place, alike);
  }};
}

// Those of the place; none is damaged, and what the newest holds is what the store does.
absl::StatusOr<size_t> CheckBackups(const Place& place, bool newest) {
  MARCOT_ASSIGN_OR_RETURN(const auto all, ListBackups(place.Folder("backups")));
  for (const BackupInfo& info : all) {
    MARCOT_RETURN_IF_ERROR(VerifyBackup(place.Folder("backups"), info.id));
  }
  if (!newest) return all.size();
  const std::string folder = place.Folder("restored");
  std::filesystem::remove_all(folder);
  MARCOT_RETURN_IF_ERROR(RestoreBackup(place.Folder("backups"), folder));
  MARCOT_RETURN_IF_ERROR(CheckStore(folder, place, true));
  return all.size();
}

absl::Status BackUp(const Place& place) {
  return place.store->CreateBackup(place.Folder("backups")).status();
}

Path Creation() {
  return {"CreationOfFiles",
          [](Place&) { return absl::OkStatus(); },
          {MakesStore(false,
                      [](Place&, const std::string& folder) {
                        return Store::Open(folder, TestOptions()).status();
                      })},
          {{"mkdir made", 1},
           {"create LOCK", 1},
           {"write MANIFEST-#", 1},
           {"rename CURRENT", 1},
           {"create *.log", 1},
           {"fdatasync *.log", 1},
           {"fsync made", 1}},
          false};
}

// The log is replayed into files.
Path Opening() {
  return {"OpeningWithALog",
          [](Place& place) -> absl::Status {
            MARCOT_RETURN_IF_ERROR(Fill(*place.store));
            MARCOT_ASSIGN_OR_RETURN(const auto other,
                                    Store::Open(place.Folder("other"), TestOptions()));
            return Fill(*other);
          },
          {{[](Place& place) -> absl::Status {
            MARCOT_RETURN_IF_ERROR(AtPoints(
                place, [&] { return Store::Open(place.Folder("other"), TestOptions()).status(); }));
            return CheckStore(place.Folder("other"), place, true);
          }}},
          {{"create *.sst", 1}, {"write *.sst", 1}, {"write MANIFEST-#", 1}, {"rename CURRENT", 1}},
          false};
}

Path Checkpoint() {
  return {"Checkpoint",
          [](Place& place) { return Fill(*place.store); },
          {MakesStore(true,
                      [](Place& place, const std::string& folder) {
                        return place.store->CreateCheckpoint(folder);
                      })},
          {{"mkdir made", 1},
           {"create MAKING.LOCK", 1},
           {"link *.sst", 1},
           {"rename making", 1},
           {"rename CURRENT", 1},
           {"rename *.sst", 1},
           {"fsync made", 1},
           {"remove MAKING.LOCK", 1}},
          false};
}

Path Backup() {
  return {"Backup",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(BackUp(place));
            return Fill(*place.store);
          },
          {{[](Place& place) -> absl::Status {
            MARCOT_ASSIGN_OR_RETURN(const size_t count, CheckBackups(place, false));
            if (count == 1) MARCOT_RETURN_IF_ERROR(AtPoints(place, [&] { return BackUp(place); }));
            MARCOT_ASSIGN_OR_RETURN(const size_t now, CheckBackups(place, true));
            return now == 2 ? absl::OkStatus() : Wrong("it is not there");
          }}},
          {{"create .#.tmp", 1},
           {"write .#.tmp", 1},
           {"rename #", 1},
           {"write *.sst.tmp", 1},
           {"rename *.sst", 1},
           {"fsync meta", 1}},
          false};
}

Path Restore() {
  return {"Restore",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(Fill(*place.store));
            return BackUp(place);
          },
          {MakesStore(true,
                      [](Place& place, const std::string& folder) {
                        return RestoreBackup(place.Folder("backups"), folder);
                      })},
          {{"mkdir made", 1},
           {"mkdir making", 1},
           {"create *.sst", 1},
           {"write *.sst", 1},
           {"rename *.sst", 1},
           {"rename CURRENT", 1},
           {"fsync made", 1},
           {"remove MAKING.LOCK", 1}},
          false};
}

Path KeepNewest() {
  return {"KeepingTheNewestBackups",
          [](Place& place) {
            MARCOT_RETURN_IF_ERROR(BackUp(place));
            MARCOT_RETURN_IF_ERROR(Fill(*place.store));
            MARCOT_RETURN_IF_ERROR(BackUp(place));
            MARCOT_RETURN_IF_ERROR(place.space().Put("last", "bytes").status());
            return BackUp(place);
          },
          {{[](Place& place) -> absl::Status {
            MARCOT_RETURN_IF_ERROR(CheckBackups(place, false).status());
            MARCOT_RETURN_IF_ERROR(
                AtPoints(place, [&] { return KeepNewestBackups(place.Folder("backups"), 1); }));
            MARCOT_ASSIGN_OR_RETURN(const size_t count, CheckBackups(place, true));
            return count == 1 ? absl::OkStatus() : Wrong("others are left");
          }}},
          {{"unlink #", 1}, {"unlink *.sst", 1}},
          false};
}

}  // namespace

std::vector<Path> FilePaths() {
  return {Creation(), Opening(), Checkpoint(), Backup(), Restore(), KeepNewest()};
}

}  // namespace marcot::testing

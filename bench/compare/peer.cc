#include "peer.h"

#include "../support.h"

namespace marcot::compare {
namespace {

using Make = std::unique_ptr<Peer> (*)(const std::string&);

// A peer in a new folder below `parent`; none where there is no parent.
std::unique_ptr<Peer> MakeIn(const std::string& parent, std::string_view name, Make make) {
  if (parent.empty()) return nullptr;
  const std::filesystem::path folder = std::filesystem::path(parent) / name;
  std::filesystem::create_directory(folder);
  return make(folder.string());
}

}  // namespace

std::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kBulk:
      return "bulk";
    case Operation::kLoad:
      return "load";
    case Operation::kCreate:
      return "create";
    case Operation::kCreateBy16:
      return "create_16";
    case Operation::kCreateSynced:
      return "create_synced";
    case Operation::kCreateSyncedBy16:
      return "create_synced_16";
    case Operation::kStat:
      return "stat";
    case Operation::kList:
      return "list";
    case Operation::kSize:
      return "size";
    case Operation::kMove:
      return "move";
    case Operation::kCopy:
      return "copy";
    case Operation::kFirstWrite:
      return "first_write";
    case Operation::kStatInCopy:
      return "stat_in_copy";
    case Operation::kListInCopy:
      return "list_in_copy";
    case Operation::kRenameCopies:
      return "rename_copies";
    case Operation::kDeleteCopy:
      return "delete_copy";
    case Operation::kDelete:
      return "delete";
    case Operation::kReclaim:
      return "reclaim";
  }
  return "";
}

bool Peer::Does(Operation operation) const {
  return operation != Operation::kLoad && operation != Operation::kCreateSynced &&
         operation != Operation::kCreateSyncedBy16 && operation != Operation::kReclaim;
}

void Peer::Load(const Tree&) { bench::Die("this peer does not load sorted names"); }

void Peer::CreateFileSynced(const std::string&, const File&) {
  bench::Die("this peer does not sync single files");
}

void Peer::CopyOnto(const std::string& from, const std::string& name, uint64_t number) {
  Copy(from, number == 0 ? name : name + " (" + std::to_string(number) + ")");
}

const std::vector<PeerKind>& PeerKinds() {
  static const std::vector<PeerKind> kinds = {
      {"marcot", [](const Folders&) { return MakeMarcot(); }},
      {"raw RocksDB", [](const Folders&) { return MakeRawRocksdb(); }},
      {"LMDB", [](const Folders& in) { return MakeIn(in.disk, "lmdb", MakeLmdb); }},
      {"SQLite", [](const Folders& in) { return MakeIn(in.disk, "sqlite", MakeSqlite); }},
      {"libgit2", [](const Folders& in) { return MakeIn(in.disk, "git", MakeGit); }},
      {"ext4", [](const Folders& in) { return MakeIn(in.disk, "ext4", MakeExt4); }},
      {"overlayfs", [](const Folders& in) { return MakeIn(in.overlay, "overlay", MakeOverlay); }},
      {"btrfs", [](const Folders& in) { return MakeIn(in.btrfs, "btrfs", MakeBtrfs); }},
      {"XFS", [](const Folders& in) { return MakeIn(in.xfs, "xfs", MakeXfs); }},
      {"tmpfs", [](const Folders& in) { return MakeIn(in.tmpfs, "tmpfs", MakeTmpfs); }},
  };
  return kinds;
}

}  // namespace marcot::compare

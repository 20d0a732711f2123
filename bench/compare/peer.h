// What a peer of Marcot can do: one namespace of directories and files.
//
// Paths are '/'-separated names below the root; the empty path is the root. A parent is there. What
// goes wrong ends the program. A peer is used by one thread, but for CreateFile where it does
// kCreateBy16.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree.h"

namespace marcot::compare {

enum class Operation {
  kBulk,          // a whole tree
  kLoad,          // the same, by a call for sorted names
  kCreate,        // files, one operation a commit
  kCreateBy16,    // the same, 16 callers
  kCreateSynced,  // the same, on the disk when answered
  kCreateSyncedBy16,
  kStat,
  kList,
  kSize,
  kMove,
  kCopy,
  kFirstWrite,  // in a fresh copy
  kStatInCopy,
  kListInCopy,
  kRenameCopies,  // of a directory of 100 files, into one parent
  kDeleteCopy,
  kDelete,   // the tree itself
  kReclaim,  // what that leaves to the background
};
std::string_view OperationName(Operation operation);

class Peer {
 public:
  virtual ~Peer() = default;

  // Unless a peer says otherwise: all but what is loaded, synced or reclaimed.
  virtual bool Does(Operation operation) const;
  // Whether a copy costs the same for any tree.
  virtual bool CopiesAtOnce() const = 0;

  virtual void Build(const Tree& tree) = 0;
  virtual void Load(const Tree& tree);
  virtual void MakeDirectory(const std::string& path) = 0;  // with its parents; may be there
  virtual void CreateFile(const std::string& path, const File& file) = 0;
  virtual void CreateFileSynced(const std::string& path, const File& file);
  virtual void Copy(const std::string& from, const std::string& to) = 0;
  // The `number`th copy of this name, from 0: "name", "name (1)", ..
  virtual void CopyOnto(const std::string& from, const std::string& name, uint64_t number);
  virtual void Move(const std::string& from, const std::string& to) = 0;
  virtual void Delete(const std::string& path) = 0;  // a directory and all below it
  virtual void Settle() {}                           // waits for the background

  // As a program asks for it; nothing, where nothing is there.
  virtual std::optional<File> Stat(const std::string& path) = 0;
  virtual std::optional<File> ReadAll(const std::string& path) { return Stat(path); }
  virtual Totals List(const std::string& path) = 0;  // a page, attributes included
  // Of the files below a directory; `entries` counts files alone.
  virtual Totals Size(const std::string& path) = 0;
};

struct Folders {
  std::string disk, tmpfs;          // there
  std::string overlay, btrfs, xfs;  // empty where the machine has none
};

struct PeerKind {
  std::string_view name;
  std::function<std::unique_ptr<Peer>(const Folders&)> make;  // null: not here
};
// In the order of the table.
const std::vector<PeerKind>& PeerKinds();

std::unique_ptr<Peer> MakeMarcot();
std::unique_ptr<Peer> MakeRawRocksdb();
std::unique_ptr<Peer> MakeSqlite(const std::string& folder);
std::unique_ptr<Peer> MakeLmdb(const std::string& folder);
std::unique_ptr<Peer> MakeGit(const std::string& folder);
std::unique_ptr<Peer> MakeExt4(const std::string& folder);
std::unique_ptr<Peer> MakeTmpfs(const std::string& folder);
std::unique_ptr<Peer> MakeXfs(const std::string& folder);
std::unique_ptr<Peer> MakeBtrfs(const std::string& folder);
std::unique_ptr<Peer> MakeOverlay(const std::string& folder);

}  // namespace marcot::compare

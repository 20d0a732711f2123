// The naive namespace: plain trees in memory, copies that copy every node. It says what Marcot must
// answer to an operation, and what every entry must look like afterwards.
//
// Some of what the engine answers is its own choice (object ids, eTags, one of several free
// numbers). The model takes such a choice from the engine's answer (`Placed`, `Stat`), after it has
// checked that the choice is allowed, and from then on holds the engine to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "marcot/marcot.hpp"
#include "model/names.h"
#include "model/space_model.h"

namespace marcot::testing {

// Of all below a node.
struct NodeSums {
  RecursiveTotals totals;
  size_t height = 0;
};

struct Node {
  explicit Node(EntryType node_type) : type(node_type) {}

  bool is_file() const { return type == EntryType::kFile; }
  std::unique_ptr<Node> Clone() const;
  Node* Child(std::string_view name) const;
  // Added up when somebody asks and kept until ForgetSums.
  const RecursiveTotals& Totals() const { return sums().totals; }
  size_t Height() const { return sums().height; }  // levels; 0: a file or an empty directory
  void ForgetSums() { sums_.reset(); }

  // A direct child came or went.
  void ChildrenChanged(int64_t now_ms);
  // A direct child was replaced: whether that shows in the directory is left to the engine.
  void ChildReplaced(int64_t now_ms);

  EntryType type;
  Guess<ObjectId> id;
  Guess<std::string> creator;
  Guess<int64_t> creation_ms, modification_ms;
  Attributes attributes;
  Content content;                                                     // files
  Guess<uint64_t> version;                                             // files
  std::vector<OldVersion> versions;                                    // files: oldest first
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // directories
  std::optional<QuotaLimits> quota;                                    // directories

  Guess<std::string> etag;                // directories
  std::optional<std::string> stale_etag;  // the eTag must not be this one any more

 private:
  const NodeSums& sums() const;

  mutable std::optional<NodeSums> sums_;
};

// One operation as a value.
struct Request {
  enum class Kind {  // those of BatchItem first, in its order; put stored is a put here
    kMakeDirectory,
    kPut,
    kPutReference,
    kCopy,
    kMove,
    kDelete,
    kSetAttributes,
    kRestore,
    kPurge,
    kSetLatestVersion,
    kDeleteVersion,
    kEmptyBin,
    kCreateSnapshot,
    kDeleteSnapshot,
    kSetDirectoryQuota,
    kRemoveDirectoryQuota,
    kSetLibrary,  // that of the space
    kSetSpace,
    kCreateQuota,
    kSetQuota,
    kSetQuotaSpaces,
    kDeleteQuota,
    kExpireDue,
    kLoad,  // what is at `from`, in bulk, with contents of its own
  };
  Kind kind = Kind::kMakeDirectory;
  BatchItem::Only only = BatchItem::Only::kEither;  // of the source
  size_t space = 0, from_space = 0;
  std::string path, from;
  Content content;
  bool in_part = false;    // set attributes: those that are not empty alone
  bool stored = false;     // put: of what the file at `from` holds, if there is one
  bool unique_id = false;  // put reference: ContentRef::unique_id
  Attributes attributes;
  Strategy strategy = Strategy::kDefault;
  std::string user;

  bool permanent = false;  // delete
  MissingParents missing_parents = MissingParents::kFail;
  std::string snapshot;  // copy: the named snapshot that the source is in
  int64_t expiry_ms = 0;
  LibrarySettings library;
  SpaceSettings settings;
  QuotaLimits limits;
  std::set<size_t> spaces;  // of a quota
  // Which item, version, or quota. Ids depend on all that was done before, so what is recorded is a
  // number; `id` follows from it and the model (NamespaceModel::IdOf).
  size_t index = 0;
  uint64_t id = 0;
};

struct Outcome {
  // Empty: success. Else every code that the contract allows for this failure.
  std::vector<Code> errors;
  Path path;  // the final one
  bool renamed = false, overwritten = false;
  bool unchanged = false;    // moved or copied onto itself: `overwritten` is the engine's choice
  bool free_choice = false;  // the name was one of several that are right
  std::string complaint;     // what was wrong with the engine's choices

  bool ok() const { return errors.empty(); }
};

class NamespaceModel {
 public:
  NamespaceModel(size_t spaces, const StoreOptions& options);
  NamespaceModel(const NamespaceModel& other);
  // Copies these spaces; the others are empty.
  NamespaceModel(const NamespaceModel& other, const std::set<size_t>& spaces);
  NamespaceModel& operator=(const NamespaceModel& other);
  NamespaceModel(NamespaceModel&&) = default;
  NamespaceModel& operator=(NamespaceModel&&) = default;

  // Does the operation; a failing one changes nothing. `engine`: what the engine answered, if it
  // succeeded.
  Outcome Apply(const Request& request, int64_t now_ms, const Placed* engine);

  size_t spaces() const { return roots_.size(); }
  Node& root(size_t space) const { return *roots_[space]; }
  void ClearSpace(size_t space);
  bool empty() const;  // no entry in any space
  Node* Find(size_t space, const Path& path) const;
  Node* Find(size_t space, std::string_view path) const { return Find(space, SplitPath(path)); }
  size_t CountEntries() const;
  // Every content that a host keeps and an entry holds.
  std::set<ContentId> HeldReferences() const;

  // What `request.index` stands for; an id that nothing has where there is no such thing.
  uint64_t IdOf(const Request& request) const;
  // Where the source of a copy, move, or restore is; null: nothing is there.
  Node* SourceOf(const Request& request) const;
  // What a load makes of the directory at its source.
  std::unique_ptr<Node> LoadedTree(const Request& request, int64_t now_ms) const;
  SpaceModel& facts(size_t space) { return facts_[space]; }
  const SpaceModel& facts(size_t space) const { return facts_[space]; }
  Node& bin(size_t space) const { return *bins_[space]; }  // holds each item under its id
  const LibrarySettings& library(size_t space) const { return libraries_[LibraryOf(space)]; }
  const std::vector<QuotaModel>& quotas() const { return quotas_; }
  bool BinIsOn(size_t space) const;
  int64_t RecycleMs(size_t space) const;
  Usage UsageOf(size_t space) const;
  Used UsedOf(const QuotaModel& quota) const;

 private:
  struct Call;
  struct Target;
  using Usages = std::map<const void*, Used>;  // of quotas, of directories that have one

  Outcome Dispatch(Call& call);
  // Of every directory on the path: something below them changed.
  static void ForgetSums(Node* root, const Path& path);
  Outcome DispatchMore(Call& call);
  Outcome MakeDirectory(Call& call);
  Outcome Load(Call& call);
  Outcome Put(Call& call);
  Outcome Transfer(Call& call);
  Outcome TransferFile(Call& call, Node* source);
  Outcome TransferDirectory(Call& call, Node* source);
  Outcome Delete(Call& call);
  Outcome SetAttributes(Call& call);

  Target LookUpTarget(const Call& call) const;
  Outcome PlaceNew(Call& call, const Target& target, std::unique_ptr<Node> node);
  Outcome CopyTo(Call& call, const Target& target, Node* source);
  Outcome MoveTo(Call& call, const Target& target, Node* source);
  Outcome OverwriteWith(Call& call, const Target& target, Node* source);
  std::string PickName(const Call& call, const Target& target, EntryType type,
                       Outcome* outcome) const;
  Node* MakeParents(Call& call, const Path& parents);
  std::unique_ptr<Node> TakeOut(Call& call);

  Node* FromRoot(const Request& request) const;  // null: no such snapshot
  Outcome Recycle(Call& call, std::unique_ptr<Node> node);
  Outcome Restore(Call& call);
  Outcome Purge(Call& call);
  Outcome SetLatestVersion(Call& call, Node* file, std::vector<OldVersion>::iterator version);
  Outcome ChangeVersions(Call& call);
  Outcome CreateSnapshot(Call& call);
  Outcome DeleteSnapshot(Call& call);
  Outcome SetDirectoryQuota(Call& call);
  Outcome SetSpace(Call& call);
  Outcome ChangeQuotas(Call& call);
  void KeepVersion(const Call& call, Node* file) const;
  void ExpireDue(int64_t now_ms);
  bool CanExceed(const Request& request) const;
  Usages QuotaUsages() const;
  bool Exceeds(const Usages& before) const;
  void Log(const Call& call, size_t space, ChangeKind kind, const Node& node, const Path& path);
  // What an operation that placed `node` says of it.
  void LogPlaced(const Call& call, const Node& node, const Outcome& outcome);

  StoreOptions options_;
  std::vector<std::unique_ptr<Node>> roots_, bins_;
  std::vector<SpaceModel> facts_;
  std::vector<LibrarySettings> libraries_;  // by LibraryOf
  std::vector<QuotaModel> quotas_;          // in order of making
};

// What is wrong with how the engine describes this node; empty: nothing. Learns the engine's ids
// and eTags.
std::string CompareStat(Node* node, const Stat& stat);
// The same for everything below a directory of the engine.
std::string CompareTree(const Space& space, Node* root, const ReadOptions& options);

// The names of a page sequence, in order. Only for the orders by name.
std::vector<std::string> ExpectedNames(const Node& directory, const ListOptions& options);

}  // namespace marcot::testing

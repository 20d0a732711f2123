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

#include "marcot/marcot.h"
#include "model/names.h"

namespace marcot::testing {

// A value that the model knows, or knows to be one of two, or will learn from the engine.
template <typename T>
class Guess {
 public:
  Guess() = default;
  Guess(T value) : known_(true), value_(value), other_(std::move(value)) {}
  static Guess Either(const Guess& a, const Guess& b) {
    Guess both = a;
    both.known_ = a.known_ && b.known_;
    if (both.known_) both.other_ = b.value_;
    return both;
  }

  bool known() const { return known_; }
  const T& value() const { return value_; }
  // Whether the engine's value fits; if so, it is the one from now on.
  bool Settle(const T& seen) {
    if (known_ && seen != value_ && seen != other_) return false;
    known_ = true;
    value_ = other_ = seen;
    return true;
  }

 private:
  bool known_ = false;
  T value_{}, other_{};
};

// The bytes of a file, shared by the copies: contents never change.
struct Content {
  std::shared_ptr<const std::string> bytes;  // null: the host keeps them
  uint64_t size = 0;
  Guess<ContentId> id;
};
Content ContentOfBytes(std::string bytes);
Content ContentOfReference(const ContentRef& reference);

struct Node {
  explicit Node(EntryType node_type) : type(node_type) {}

  bool is_file() const { return type == EntryType::kFile; }
  std::unique_ptr<Node> Clone() const;
  Node* Child(std::string_view name) const;
  // Of all below, added up when somebody asks and kept until ForgetSums.
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
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;  // directories

  Guess<std::string> etag;                // directories
  std::optional<std::string> stale_etag;  // the eTag must not be this one any more

 private:
  struct Sums {
    RecursiveTotals totals;
    size_t height = 0;
  };
  const Sums& sums() const;

  mutable std::optional<Sums> sums_;
};

// One operation as a value.
struct Request {
  enum class Kind { kMakeDirectory, kPut, kPutReference, kCopy, kMove, kDelete, kSetAttributes };
  Kind kind = Kind::kMakeDirectory;
  BatchItem::Only only = BatchItem::Only::kEither;  // of the source
  size_t space = 0, from_space = 0;
  std::string path, from;
  Content content;
  bool unique_id = false;  // put reference: ContentRef::unique_id
  Attributes attributes;
  Strategy strategy = Strategy::kDefault;
  std::string user;
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

 private:
  struct Call;
  struct Target;

  Outcome Dispatch(Call& call);
  // Of every directory on the path: something below them changed.
  void ForgetSums(size_t space, const Path& path);
  Outcome MakeDirectory(Call& call);
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

  StoreOptions options_;
  std::vector<std::unique_ptr<Node>> roots_;
};

// What is wrong with how the engine describes this node; empty: nothing. Learns the engine's ids
// and eTags.
std::string CompareStat(Node* node, const Stat& stat);
// The same for everything below a directory of the engine. `snapshot` may be null.
std::string CompareTree(const Space& space, Node* root, const Snapshot* snapshot);

// The names of a page sequence, in order. Only for the orders by name.
std::vector<std::string> ExpectedNames(const Node& directory, const ListOptions& options);

}  // namespace marcot::testing

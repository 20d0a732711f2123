// What a space has beside its tree, as the naive model keeps it: settings, the recycle bin's items,
// named snapshots, the changes that the test has not read yet; and the parts that all of the model
// is made of.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "marcot/marcot.hpp"
#include "model/names.h"

namespace marcot::testing {

struct Node;

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

// What a file held before.
struct OldVersion {
  Guess<uint64_t> version;
  Content content;
  int64_t modification_ms = 0, replaced_ms = 0;
};

struct ItemModel {
  Path path;
  std::string user;
  int64_t removal_ms = 0;
};

struct NamedTree {
  Path path;
  int64_t creation_ms = 0, expiry_ms = 0;
  std::shared_ptr<Node> root;  // never changes, so copies of the model share it
};

// The spaces of a library are two that follow each other.
inline size_t LibraryOf(size_t space) { return space / 2; }

struct QuotaModel {
  uint64_t id = 0;
  QuotaLimits limits;
  std::set<size_t> spaces;
};

struct Used {
  uint64_t bytes = 0, files = 0, versions = 0, version_bytes = 0;
};
void Add(Used* sum, const Used& more);
// Of a node and all below it.
Used UsedBelow(const Node& node);
// What counts to a quota of the directory.
Used UsedOfDirectory(const Node& directory);

struct SpaceModel {
  SpaceSettings settings;
  std::map<uint64_t, ItemModel> items;
  std::map<std::string, NamedTree> snapshots;
  std::vector<Change> changes;  // behind the cursor; an id or seq of 0 is not known
  bool changes_lost = false;    // some behind the cursor have expired
};

inline constexpr int64_t kMsPerDay = 86'400'000;

}  // namespace marcot::testing

// Shared by the parts of the naive namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/namespace_model.h"

namespace marcot::testing {

struct NamespaceModel::Call {
  const Request& request;
  int64_t now_ms;
  const Placed* engine;
  Path to, from;  // `from` of a restore begins with the item's name in the bin
};

struct NamespaceModel::Target {
  Node* parent = nullptr;  // the deepest directory of the path's parents that exists
  size_t levels = 0;       // how many of the parents exist
  bool blocked = false;    // one of the parents is a file
  bool complete = false;   // all parents exist
  Node* taken = nullptr;   // what has the name already
};

inline Outcome Fail(std::vector<Code> errors) {
  Outcome outcome;
  outcome.errors = std::move(errors);
  return outcome;
}

inline Path ParentOf(Path path) {
  path.pop_back();
  return path;
}

inline Node* Below(Node* node, const Path& path) {
  for (const std::string& name : path) {
    if (node == nullptr) return nullptr;
    node = node->Child(name);
  }
  return node;
}

bool SurelyDiffer(const Content& a, const Content& b);
// A copy is a new object, and so is everything in it; it has neither older versions nor quotas.
void ForgetIdentity(Node* node);

}  // namespace marcot::testing

// The steps of a differential test as values: a failing run is kept as a list of them, and can be
// played again with some left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "marcot/marcot.hpp"
#include "model/namespace_model.h"

namespace marcot::testing {

struct Op {
  enum class Kind {
    kRequest,          // one operation, through the function of its own
    kAtomic,           // RunAtomically
    kEach,             // RunEach
    kList,             // all pages of a directory at once
    kBeginListing,     // the first page; other steps come before the next
    kContinueListing,  // the next page
    kTakeSnapshot,
    kCheckSnapshot,  // compares one that is held with the model of its time, and drops it
    kDiff,           // of the sources of two copies
    kSearch,         // all pages at once, now or in a held snapshot
    kBeginSearch,    // the first page; other steps come before the next
    kContinueSearch,
    kFindObject,
    kCompare,  // every entry of every space
    kReclaimSteps,
    kDrain,           // ReclaimUntilIdle, then the invariants
    kSettleContents,  // takes released contents through condemn and acknowledge
    kReopen,
    kRecreateSpace,
    kAdvance,  // the clock
  };
  Kind kind = Kind::kRequest;
  std::vector<Request> requests;
  // Reclaim: steps; snapshot: which; search: the same, from 1 on; recreate: the space; advance:
  // milliseconds; find object: below 50 one that is not there.
  size_t number = 0;
  size_t space = 0;  // list, search, find object
  std::string path;
  ListOptions list;
  SearchQuery search;
};

std::string ToString(const Op& op);
// Of the operations on what a space has beside its tree.
std::string MoreText(const Request& request);
std::string SearchText(const Op& op);
std::string Quoted(size_t space, const std::string& path);
const char* StrategyName(Strategy strategy);
// Long runs of one character, as in names of 255, become `x{255}`: for people who read.
std::string Abbreviate(const std::string& text);

// Draws steps that suit the state the model is in.
class Generator {
 public:
  Generator(uint64_t seed, size_t spaces) : random_(seed), spaces_(spaces) {}

  Op Next(const NamespaceModel& model);

 private:
  uint64_t Below(uint64_t end) { return random_() % end; }
  bool Chance(uint64_t permille) { return Below(1000) < permille; }

  Request AnyRequest(const NamespaceModel& model, bool in_batch);
  Request ChangeRequest(const NamespaceModel& model, bool in_batch);
  Request PutRequest(bool in_batch);
  Request TransferRequest(const NamespaceModel& model, bool in_batch);
  Request DeleteRequest(const NamespaceModel& model);
  Request LoadRequest(const NamespaceModel& model);
  Op BatchOp(const NamespaceModel& model, Op::Kind kind);
  Op ListOp(const NamespaceModel& model);
  Op DiffOp(const NamespaceModel& model);
  Op SearchOp(const NamespaceModel& model);
  Op FindObjectOp(const NamespaceModel& model);
  void Remember(const Request& copy);
  Op MoreOp(const NamespaceModel& model);
  Request BinRequest(const NamespaceModel& model, bool in_batch);
  Request VersionRequest(const NamespaceModel& model);
  Request SnapshotRequest(const NamespaceModel& model, bool in_batch);
  Request SettingsRequest();
  Request QuotaRequest(const NamespaceModel& model);
  Request DirectoryQuotaRequest(const NamespaceModel& model);
  QuotaLimits LimitsNear(const Used& used);

  std::string Name();
  std::string Existing(const NamespaceModel& model, size_t space, bool any_type);
  std::string Target(const NamespaceModel& model, size_t space);
  std::string Bytes(bool in_batch);
  Strategy AnyStrategy();
  Attributes AnyAttributes(bool of_file);

  std::mt19937_64 random_;
  size_t spaces_;
  uint64_t puts_ = 0, loads_ = 0;
  std::deque<Request> copies_;  // the latest
};

}  // namespace marcot::testing

// Plays the steps of a differential test on a store and on the model, and says where they part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "differential/op.h"
#include "marcot/marcot.hpp"
#include "model/namespace_model.h"
#include "support/temp_store.h"

namespace marcot::testing {

class Runner {
 public:
  // The seed picks the store's options.
  explicit Runner(uint64_t seed);

  // All of these answer what is wrong; empty: nothing.
  std::string Run(const Op& recorded);
  // Deletes everything: nothing may be left behind.
  std::string Finish();

  // How many it has done on both sides, each item of a batch by itself. What `Run` left out because
  // the tree would grow too large is not among them.
  uint64_t operations() const { return operations_; }
  const NamespaceModel& model() const { return model_; }
  static size_t spaces();

 private:
  struct HeldSnapshot {
    std::unique_ptr<Snapshot> snapshot;
    NamespaceModel model;
  };
  // A sequence of pages with changes in between.
  struct Listing {
    size_t space = 0;
    std::string path;
    ObjectId directory;
    ListOptions options;
    std::set<std::pair<std::string, ObjectId>> stayed;  // there since the first page
    std::multiset<std::string> seen;
  };

  // The same of a search.
  struct Searching {
    Op op;
    ObjectId directory;
    std::set<std::pair<std::string, ObjectId>> stayed;
    std::multiset<std::string> seen;
  };

  std::string RunRequest(const Request& request);
  std::string RunPutStored(Request request);
  absl::StatusOr<Placed> CallPutStored(const Request& request);
  std::string RunLoad(const Request& request);
  absl::StatusOr<Placed> CallLoad(const Request& request);
  absl::Status Push(BulkLoad& load, const Node& directory, std::set<ContentId>* contents);
  std::string RunAtomic(const Op& op);
  std::string CheckFailedBatch(const Op& op, const absl::Status& status);
  std::string RunEach(const Op& op);
  absl::StatusOr<Placed> Call(const Request& request);
  absl::StatusOr<Placed> CallPut(const Request& request);
  BatchItem ToItem(const Request& request) const;
  std::string Judge(const Request& request, const absl::StatusOr<Placed>& engine);
  std::string CheckTotals(const Request& request);
  // The request with the id that its index stands for now.
  Request Resolved(Request request) const;
  absl::StatusOr<Placed> CallMore(const Request& request);
  absl::StatusOr<Placed> CallQuota(const Request& request);
  void FollowChanges(const Request& request);
  std::string CompareFacts();
  std::string CheckUsage(size_t space);
  std::string CheckQuotas();
  std::string CheckDirectoryQuotas(size_t space, const Node& directory, Path* path);
  std::string CheckBin(size_t space);
  std::string CheckBinPages(size_t space, const ListRecycledOptions& options);
  std::string CheckVersions(size_t space, Node* node, Path* path);
  std::string CheckVersionsOf(size_t space, Node* file, const std::string& path);
  std::string CheckSnapshotFacts(size_t space);
  std::string CheckChanges(size_t space);
  std::string CompareOtherTrees(NamespaceModel* model, size_t space, const Snapshot* snapshot);
  std::string CompareRoot(size_t space, Node* root, const ReadOptions& options);
  std::string CheckPath(size_t space, const std::string& path);
  std::string CheckContent(const Node& node, const Stat& stat);

  std::string RunDiff(const Op& op);

  Node* SearchedDirectory(const Op& op, NamespaceModel* model, const Snapshot* snapshot,
                          std::string* wrong);
  std::string RunSearch(const Op& op);
  std::string BeginSearch(const Op& op);
  std::string ContinueSearch();
  std::string NextFound(Node* directory);
  std::string FindObject(const Op& op);

  std::string RunList(const Op& op);
  std::string CheckPage(const Node& directory, const Page& page);
  std::string BeginListing(const Op& op);
  std::string ContinueListing();
  std::string NextPage(const Node& directory);
  std::string EndListing();

  std::string TakeSnapshot();
  std::string CheckSnapshot(size_t which);
  std::string CompareAll(NamespaceModel* model, const Snapshot* snapshot);
  std::string CheckBytes(const Space& space, const Node& directory, Path* path,
                         const ReadOptions& options);
  std::string CheckBytesOf(const Space& space, const Content& content, const std::string& path,
                           const ReadOptions& options);
  std::string Drain();
  std::string SettleContents();
  std::string CheckReleased(std::vector<ContentId>* released);
  std::string Reopen();
  std::string RecreateSpace(size_t space);

  bool TooLarge(const Op& op) const;
  void OpenSpaces();

  ManualClock clock_;  // before the store, which is opened with it
  TempStore store_;
  std::vector<Space> handles_;
  NamespaceModel model_;
  std::vector<HeldSnapshot> snapshots_;
  std::optional<Listing> listing_;
  std::optional<Searching> searching_;
  std::map<std::string, ContentId> content_ids_;  // of bytes: equal bytes, equal id
  std::set<ContentId> ever_held_;                 // host-kept contents that are not settled yet
  std::vector<std::string> cursors_;              // of each space's changes
  uint64_t last_seq_ = 0;
  uint64_t operations_ = 0;
  size_t reads_ = 0;
};

}  // namespace marcot::testing

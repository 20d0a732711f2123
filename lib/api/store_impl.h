// What stands behind the public handles.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "core/records.h"
#include "marcot/access.h"
#include "marcot/space.h"
#include "marcot/store.h"
#include "operations/engine.h"
#include "operations/read.h"

namespace marcot {

struct Space::State {
  operations::Engine* engine;
  std::string library, name;
  operations::Root root;
  std::shared_ptr<const SessionRequest> session;  // whose handle it is; null: the host's own
};

struct Session::State {
  Store* store;
  std::shared_ptr<const SessionRequest> request;
};

namespace api {

class StoreImpl {
 public:
  // A store that is empty gets its first library and space.
  static absl::StatusOr<std::unique_ptr<Store>> Open(std::unique_ptr<operations::Engine> engine);

  explicit StoreImpl(std::unique_ptr<operations::Engine> engine) : engine_(std::move(engine)) {}

  static StoreImpl& Of(Store& store) { return *store.impl_; }

  operations::Engine& engine() { return *engine_; }
  Space MakeSpace(std::string_view library, std::string_view name, const core::SpaceRecord& record);
  // The space as a session may use it.
  static Space ForSession(const Space& space, std::shared_ptr<const SessionRequest> session);

  // The space in which the service keeps its own data, made if it is not there yet. Its library's
  // id is none that a host can give, so no call of the API reaches it.
  absl::StatusOr<Space> OpenHiddenSpace();

  // Whether this call was the first; once EndService was called it is the first again.
  bool BeginService() { return !served_.exchange(true); }
  void EndService() { served_ = false; }

  // A default-constructed handle has no state: SpaceNotFound.
  static absl::StatusOr<const Space::State*> StateOf(const Space& space);
  // The same of a session: NoPermission.
  static absl::StatusOr<const Session::State*> StateOf(const Session& session);

 private:
  const std::unique_ptr<operations::Engine> engine_;
  std::atomic<bool> served_{false};
};

// ---- reads: where they look

// What stands at a path of one of a space's trees; `first`: see operations::EntryOf.
absl::StatusOr<core::Entry> EntryAt(core::View& view, const Space::State& state, const Tree& tree,
                                    const std::vector<std::string>& names,
                                    char first = core::kFileSlot);
// Reads of many records are always of one snapshot: the given one, or of now.
absl::StatusOr<std::shared_ptr<core::HeldSnapshot>> HoldFor(const operations::Engine& engine,
                                                            const Snapshot* snapshot);

absl::StatusOr<SpaceInfo> InfoOf(core::View& view, std::string_view library, std::string_view name,
                                 const core::SpaceRecord& record);

// ---- requests: from what a host says to an operation that the engine takes

// An item and the operation that came of it, or nothing.
struct PreparedItem {
  const BatchItem* item = nullptr;
  const operations::Operation* operation = nullptr;
};
// Fills in an operation that is new. What the item shares with the one before it, its directory and
// its attributes, is taken from there.
absl::Status PrepareItem(const BatchItem& item, operations::Operation* operation,
                         const PreparedItem& before = {});
absl::StatusOr<operations::FileContent> PrepareReference(const ContentRef& content,
                                                         std::string_view path);
// Of a content that the store has, itself or at the host.
absl::StatusOr<operations::FileContent> PrepareStored(const ContentRef& content,
                                                      std::string_view path);
absl::StatusOr<std::string> PrepareAttributes(const Attributes& attributes, std::string_view path);
absl::Status CheckUser(std::string_view user, std::string_view path);
absl::StatusOr<Placed> RunItem(const BatchItem& item);
absl::Status CheckBatchSize(size_t items);
// Whether the handle may do it, then path, strategy and user of a change; RootDirectoryNotAllowed
// for the root. Needs the operation's kind, `only` and `permanent`. `source`: see CheckAccess.
absl::Status PrepareTarget(const Space& space, std::string_view path,
                           const OperationOptions& options, operations::Operation* operation,
                           const Space::State* source = nullptr,
                           const operations::KnownPath& known = {});

}  // namespace api
}  // namespace marcot

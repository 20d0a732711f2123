// The service around a store: what a server of the contract needs beside the namespace. Its own
// data lies in the store itself, as directories and files of a space that no call of Store reaches,
// so one commit covers both, and check, backup and checkpoint have it too.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "marcot/favorites.h"
#include "marcot/store.h"
#include "marcot/tasks.h"
#include "marcot/tokens.h"
#include "marcot/uploads.h"

namespace marcot {

struct ServiceOptions {
  // Off: tasks wait for Tasks::RunStep, and what is due for ExpireDue.
  bool background = true;
  int task_threads = 2;  // 1..64; tasks take turns
};

// Thread-safe. One at a time for a store (StoreInUse), which it must not outlive.
class Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Open(Store& store,
                                                       const ServiceOptions& options = {});
  // Waits for the steps of tasks that are under way; they go on when it is open again.
  virtual ~Service() = default;

  virtual Tokens& tokens() = 0;
  virtual Uploads& uploads() = 0;
  virtual Tasks& tasks() = 0;
  virtual Favorites& favorites() = 0;

  // Lets go of what is due by the store's clock; the background does the same from time to time.
  virtual absl::Status ExpireDue() = 0;
};

}  // namespace marcot

// The service around a store: what a server of the contract needs beside the namespace. Its own
// data lies in the store itself, as directories and files of a space that no call of Store reaches,
// so one commit covers both, and check, backup and checkpoint have it too.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "marcot/store.h"
#include "marcot/uploads.h"

namespace marcot {

// Thread-safe. One at a time for a store, which it must not outlive.
class Service {
 public:
  static absl::StatusOr<std::unique_ptr<Service>> Open(Store& store);
  virtual ~Service() = default;

  virtual Uploads& uploads() = 0;

  // Lets go of what is due by the store's clock; the background does the same from time to time.
  virtual absl::Status ExpireDue() = 0;
};

}  // namespace marcot

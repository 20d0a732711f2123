// What stands behind the handles of marcot.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "c/bridge.h"
#include "c/marcot_c.h"
#include "c/results.h"
#include "marcot/service.h"
#include "marcot/store.h"

struct marcot_store {
  std::unique_ptr<marcot::Store> store;
};

struct marcot_session {
  marcot::Store* store;
  std::string library;
  std::optional<marcot::Session> session;  // nothing: the host's own
  marcot_session_request request;          // of bytes below, and of the session's
  std::string grants;
  std::vector<marcot_bytes> spaces;
};

struct marcot_space {
  marcot::Space space;
};

struct marcot_snapshot {
  std::unique_ptr<marcot::Snapshot> snapshot;
};

struct marcot_reader {
  std::unique_ptr<marcot::FileReader> reader;
  marcot::c::EntryItem entry;
};

struct marcot_batch {
  std::vector<marcot::BatchItem> items;
};

struct marcot_load {
  std::unique_ptr<marcot::BulkLoad> load;
};

struct marcot_service {
  marcot::Store* store;
  std::unique_ptr<marcot::Service> service;
};

namespace marcot::c {

inline Store& Of(marcot_store* store) { return *Need(store, "store").store; }
inline const Space& Of(const marcot_space* space) { return Need(space, "space").space; }
inline Service& Of(marcot_service* service) { return *Need(service, "service").service; }
inline const Snapshot* Of(const marcot_snapshot* snapshot) {
  return snapshot == nullptr ? nullptr : snapshot->snapshot.get();
}

// What a session of the C++ API is here.
std::unique_ptr<marcot_session> NewSession(Store* store, Session session);

// What marcot_session_request says.
absl::StatusOr<SessionRequest> SessionRequestOf(const marcot_session_request* request);

}  // namespace marcot::c

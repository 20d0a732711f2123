// Search: pages of what matches a query, and an entry by its object id.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/lookup.h"
#include "core/view.h"
#include "marcot/search.h"

namespace marcot::operations {

struct SearchedPage {
  SearchPage page;
  bool lacks_summaries = false;  // some that would have saved work
};

// ParamInvalid. Knows nothing of what is stored.
absl::Status CheckQuery(const SearchQuery& query);

// Of what is below a directory; `path`: its own. `secret` seals the markers. MarkerNotFound.
absl::StatusOr<SearchedPage> SearchBelow(core::View& view, const core::Entry& directory,
                                         const std::vector<std::string>& path,
                                         const SearchQuery& query, uint64_t secret);

// The entry below a directory, or the directory itself, with that object id. PathNotFound.
absl::StatusOr<Found> FindObjectBelow(core::View& view, const core::Entry& directory,
                                      const ObjectId& id, bool* lacks_summaries);

}  // namespace marcot::operations

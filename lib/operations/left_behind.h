// What a crash left behind: rows of `meta` below a prefix, found when the store is opened.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "core/txn.h"

namespace marcot::operations {

// `visit(key, value)` answers a status; the first that is not OK is the answer. It may change what
// the transaction holds, the row too.
template <typename Visit>
absl::Status ForEachLeftBehind(core::Txn& txn, std::string_view prefix, const Visit& visit) {
  std::string end(prefix);
  ++end.back();
  const auto rows = txn.NewCursor(storage::Family::kMeta, {prefix, end});
  for (rows->Seek(prefix); rows->Valid(); rows->Next()) {
    MARCOT_RETURN_IF_ERROR(visit(rows->key(), rows->value()));
  }
  return rows->status();
}

}  // namespace marcot::operations

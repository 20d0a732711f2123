// A cursor over stored records with a transaction's changes laid over them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/txn.h"
#include "storage/storage.h"

namespace marcot::core {

// The changes of the range are copied, so the transaction may go on changing while it is open.
std::unique_ptr<storage::Cursor> OverlayCursor(std::unique_ptr<storage::Cursor> stored,
                                               const Txn::Changes& changes,
                                               const storage::Range& range);

}  // namespace marcot::core

// A storage in memory, for tests that look at many small ones.
#pragma once

#include <memory>

#include "storage/storage.h"

namespace marcot::testing {

// Empty. Not thread-safe.
std::unique_ptr<storage::Storage> NewMemoryStorage();
// A storage of its own that holds the same.
std::unique_ptr<storage::Storage> CopyOf(const storage::Storage& memory_storage);

}  // namespace marcot::testing

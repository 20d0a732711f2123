// Opens stores below the public API: on a file system or a storage that a test has in its hands.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "marcot/marcot.hpp"
#include "rocksdb/env.h"
#include "storage/storage.h"

namespace marcot::testing {

using WrapStorage =
    std::function<std::unique_ptr<storage::Storage>(std::unique_ptr<storage::Storage>)>;

// As Store::Open does, made where nothing is there. `env` outlives the store.
absl::StatusOr<std::unique_ptr<Store>> OpenStoreOn(rocksdb::Env* env, const std::string& folder,
                                                   const StoreOptions& options,
                                                   const WrapStorage& wrap = {});

}  // namespace marcot::testing

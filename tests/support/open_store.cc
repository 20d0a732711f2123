#include "support/open_store.h"

#include <utility>

#include "api/store_impl.h"
#include "base/status_macros.h"
#include "operations/engine.h"
#include "operations/memory.h"
#include "storage_rocksdb/rocksdb_storage.h"

namespace marcot::testing {

absl::StatusOr<std::unique_ptr<Store>> OpenStoreOn(rocksdb::Env* env, const std::string& folder,
                                                   const StoreOptions& options,
                                                   const WrapStorage& wrap) {
  const operations::MemoryShares memory = operations::SharesOf(options);
  MARCOT_ASSIGN_OR_RETURN(auto storage,
                          storage::OpenRocksdb(folder, {.create_if_missing = true,
                                                        .block_cache_bytes = memory.blocks,
                                                        .memtable_bytes = memory.memtables,
                                                        .env = env}));
  if (wrap) storage = wrap(std::move(storage));
  MARCOT_ASSIGN_OR_RETURN(auto engine, operations::Engine::Start(std::move(storage), options));
  return api::StoreImpl::Open(std::move(engine));
}

}  // namespace marcot::testing

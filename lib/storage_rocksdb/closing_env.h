// The environment of one database, which lets it be closed at once. RocksDB waits for a flush that
// runs, tens of megabytes and several syncs, and then throws away what it wrote: what is in the
// memtables is in the log too, and is flushed when the database is open again.
#pragma once

#include <memory>

#include "rocksdb/env.h"

namespace marcot::storage {

class ClosingEnv final : public rocksdb::EnvWrapper {
 public:
  // `env` must outlive it.
  explicit ClosingEnv(rocksdb::Env* env);
  ~ClosingEnv() override;

  // From now on no table or blob file is written. The database must have been told that it shuts
  // down: it takes no such file any more then.
  void Close();

 private:
  class Files;
  const std::shared_ptr<Files> files_;
};

}  // namespace marcot::storage

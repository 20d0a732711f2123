// Steps that RocksDB does not count.
#pragma once

#include "rocksdb/perf_level.h"

namespace marcot::storage {

// While it lives, this thread's steps are not counted in RocksDB's perf context: a step of a cursor
// asks for it eight times, a tenth of a list, and a row of a file as often. Whoever wants them
// raises the thread's perf level above that default.
class Uncounted {
 public:
  Uncounted() : counted_(rocksdb::GetPerfLevel() == rocksdb::kEnableCount) {
    if (counted_) rocksdb::SetPerfLevel(rocksdb::kDisable);
  }
  ~Uncounted() {
    if (counted_) rocksdb::SetPerfLevel(rocksdb::kEnableCount);
  }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  const bool counted_;
};

}  // namespace marcot::storage

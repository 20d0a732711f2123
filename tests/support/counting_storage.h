// A storage that counts what the engine asks of it.
#ifndef MARCOT_TESTS_SUPPORT_COUNTING_STORAGE_H_
#define MARCOT_TESTS_SUPPORT_COUNTING_STORAGE_H_

#include <memory>
#include <ostream>

#include "storage/storage.h"

namespace marcot::testing {

struct Counts {
  uint64_t gets = 0, seeks = 0, steps = 0;     // records asked for, cursor moves
  uint64_t puts = 0, deletes = 0, writes = 0;  // records in batches, batches
  uint64_t folds = 0;                          // batches that folded the totals log
  uint64_t ingested = 0;                       // records beside the batches
  bool operator==(const Counts&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Counts& counts);

// Counts into `*counts`, which must outlive the storage. One thread at a time.
std::unique_ptr<storage::Storage> CountingStorage(std::unique_ptr<storage::Storage> below,
                                                  Counts* counts);

}  // namespace marcot::testing

#endif  // MARCOT_TESTS_SUPPORT_COUNTING_STORAGE_H_

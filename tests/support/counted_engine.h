// An engine that counts what its operations read, write and pass over.
#ifndef MARCOT_TESTS_SUPPORT_COUNTED_ENGINE_H_
#define MARCOT_TESTS_SUPPORT_COUNTED_ENGINE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "operations/engine.h"
#include "operations/read.h"
#include "support/counting_storage.h"
#include "support/temp_store.h"

namespace marcot::testing {

// Counts, and the records that RocksDB passed over inside its iterators (tombstones, old versions).
struct Cost {
  Counts counts;
  uint64_t passed_over = 0;
  bool operator==(const Cost&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Cost& cost);

// On a counting storage, with one space. The record cache is off: every record that an operation
// needs is counted.
class CountedEngine {
 public:
  explicit CountedEngine(size_t record_cache_bytes = 0) : record_cache_bytes_(record_cache_bytes) {
    Open();
  }

  // Closes it first, if need be.
  void Open();

  operations::Operation Make(operations::Operation::Kind kind, const std::string& path) const;
  operations::Operation Put(const std::string& path) const;
  operations::Operation Transfer(operations::Operation::Kind kind, const std::string& from,
                                 const std::string& to) const;
  operations::Operation Restore(const std::string& path, uint64_t item) const;
  operations::Operation Snapshot(const std::string& path, const std::string& name) const;

  void TurnBinOn();
  uint64_t newest() const { return engine_->committed().published(); }

  void Run(std::vector<operations::Operation> operations);
  void Run(const operations::Operation& operation);

  // A commit that folds the totals log does the work of a thousand: keep it out of the figures.
  void FoldNow();

  Cost CostOf(const std::function<void()>& run);
  Cost CostOf(const operations::Operation& operation);

  // Closes it and opens it again.
  Cost CostOfOpening();

  core::ReadView View() { return core::ReadView::OfNow(engine_->committed()); }
  const operations::Root& root() const { return root_; }
  operations::Engine& engine() { return *engine_; }

 private:
  Cost CostWithoutFold(const std::function<void()>& run);

  const size_t record_cache_bytes_;
  TempFolder folder_;
  Counts counts_;
  operations::Root root_;
  std::unique_ptr<operations::Engine> engine_;
};

std::vector<std::string> Split(const std::string& path);

// `files` files below `top`, a hundred in each directory at most.
void Fill(CountedEngine& store, const std::string& top, uint64_t files);

}  // namespace marcot::testing

#endif  // MARCOT_TESTS_SUPPORT_COUNTED_ENGINE_H_

#include "support.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <mutex>
#include <system_error>
#include <thread>

namespace marcot::bench {

void Die(const std::string& what) {
  std::cerr << "marcot_bench: " << what << std::endl;
  std::abort();
}

TempFolder::TempFolder(const std::filesystem::path& parent) {
  std::string name = (parent / "marcot-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Die("cannot make a folder in " + parent.string());
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

BenchStore::BenchStore(const StoreOptions& options)
    : folder_(std::filesystem::temp_directory_path()), options_(options) {
  options_.create_if_missing = true;
  Open();
}

void BenchStore::Reopen() {
  Close();
  Open();
}

void BenchStore::Close() { store_.reset(); }

void BenchStore::Open() {
  store_ = Must(Store::Open(folder().string(), options_));
  space_ = Must(store_->OpenSpace("default", "-"));
}

void AwaitCompaction(const std::function<uint64_t()>& running) {
  // One may be about to begin where another has ended.
  constexpr int kQuiet = 5;
  for (int quiet = 0; quiet < kQuiet;) {
    quiet = running() != 0 ? 0 : quiet + 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void AwaitCompaction(const Store& store) {
  AwaitCompaction([&store] {
    const StorageFigures now = store.GetMetrics().storage;
    return now.running_flushes + now.running_compactions;
  });
}

ContentRef NewContent() {
  static std::atomic<uint64_t> last{0};
  const uint64_t number = ++last;
  return {.id = {number * 0x9e3779b97f4a7c15, number}, .size = 4096, .unique_id = true};
}

void Batcher::MakeDirectory(std::string path) {
  BatchItem item;
  item.kind = BatchItem::Kind::kMakeDirectory;
  item.path = std::move(path);
  Add(std::move(item));
}

void Batcher::PutFile(std::string path, Attributes attributes, Strategy strategy) {
  BatchItem item;
  item.kind = BatchItem::Kind::kPutReference;
  item.path = std::move(path);
  item.content = NewContent();
  item.attributes = std::move(attributes);
  item.options.strategy = strategy;
  Add(std::move(item));
}

void Batcher::Add(BatchItem item) {
  item.space = store_.space();
  items_.push_back(std::move(item));
  if (items_.size() == kMaxBatchItems) Flush();
}

void Batcher::Flush() {
  if (!items_.empty()) Must(store_.store().RunAtomically(items_).status());
  items_.clear();
}

std::string Name(std::string_view prefix, uint64_t number, int digits) {
  const std::string text = std::to_string(number);
  std::string name(prefix);
  name.append(std::max<size_t>(digits, text.size()) - text.size(), '0');
  return name + text;
}

TreeShape::TreeShape(std::string root, uint64_t files) : root_(std::move(root)), files_(files) {
  for (uint64_t room = kFanout; room < files; room *= kFanout) ++levels_;
}

std::string TreeShape::FilePath(uint64_t number) const {
  return DirectoryOf(number) + Name("/file-", number % kFanout, 2);
}

std::string TreeShape::DirectoryOf(uint64_t number) const {
  std::string path;
  for (int level = 1; level < levels_; ++level) {
    number /= kFanout;
    path.insert(0, Name("/dir-", number % kFanout, 2));
  }
  return root_ + path;
}

void BuildTree(BenchStore& store, const TreeShape& shape) {
  Batcher batcher(store);
  for (uint64_t i = 0; i < shape.files(); ++i) {
    if (i % TreeShape::kFanout == 0) batcher.MakeDirectory(shape.DirectoryOf(i));
    batcher.PutFile(shape.FilePath(i));
  }
}

void Samples::Measure(benchmark::State& state, const std::function<void()>& operation) {
  const auto begin = std::chrono::steady_clock::now();
  operation();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  state.SetIterationTime(took.count());
  seconds_.push_back(took.count());
}

void Samples::Report(benchmark::State& state, double quantile) {
  const double rank = quantile * static_cast<double>(seconds_.size());
  const auto at = seconds_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(seconds_.begin(), at, seconds_.end());
  state.counters["sample_ns"] = *at * 1e9;
}

namespace {

struct Current {
  std::mutex mutex;
  const void* tag = nullptr;
  std::shared_ptr<void> data;
};

Current& TheCurrent() {
  static Current current;
  return current;
}

}  // namespace

void* GroupData::Slot(const void* tag, const std::function<std::shared_ptr<void>()>& make) {
  Current& current = TheCurrent();
  const std::lock_guard lock(current.mutex);
  if (current.tag != tag) {
    current.data.reset();
    current.data = make();
    current.tag = tag;
  }
  return current.data.get();
}

void GroupData::Clear() {
  Current& current = TheCurrent();
  const std::lock_guard lock(current.mutex);
  current.data.reset();
  current.tag = nullptr;
}

void RunByTurns(std::initializer_list<Registration> benchmarks) {
  for (int round = 0; round < kRounds; ++round) {
    for (const Registration& registration : benchmarks) registration();
  }
}

}  // namespace marcot::bench

// A store in a folder of its own that is gone after the test, and a clock that tests turn by hand.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "marcot/marcot.hpp"

namespace marcot::testing {

// Ends the program: what tests stand on (a folder, an empty store) is not what they test.
[[noreturn]] void Die(const std::string& what);

class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& parent = DefaultParent());
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  static std::filesystem::path DefaultParent() { return std::filesystem::temp_directory_path(); }

 private:
  std::filesystem::path path_;
};

// Stands still until it is moved. Thread-safe; copies share the time.
class ManualClock {
 public:
  explicit ManualClock(int64_t now_ms = 1'000'000) : now_ms_(new std::atomic<int64_t>(now_ms)) {}

  int64_t now_ms() const { return now_ms_->load(); }
  void Advance(int64_t ms) { now_ms_->fetch_add(ms); }
  std::function<int64_t()> function() const {
    return [now = now_ms_] { return now->load(); };
  }

 private:
  std::shared_ptr<std::atomic<int64_t>> now_ms_;
};

// Small caches, and no background work: tests drive reclaim themselves unless they ask for it.
StoreOptions TestOptions();

class TempStore {
 public:
  explicit TempStore(StoreOptions options = TestOptions(),
                     const std::filesystem::path& parent = TempFolder::DefaultParent());

  Store* operator->() const { return store_.get(); }
  Store& operator*() const { return *store_; }
  std::string folder() const { return (folder_.path() / "store").string(); }
  StoreOptions& options() { return options_; }

  void Close() { store_.reset(); }
  // Closes if it is open. Spaces, snapshots and readers from before must not be used any more.
  void Reopen();
  Space OpenSpace(std::string_view library = "default", std::string_view space = "-") const;

 private:
  TempFolder folder_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

}  // namespace marcot::testing

#include "support/temp_store.h"

#include <stdlib.h>

#include <iostream>
#include <system_error>
#include <utility>

namespace marcot::testing {

void Die(const std::string& what) {
  std::cerr << "fatal: " << what << std::endl;
  std::abort();
}

TempFolder::TempFolder(const std::filesystem::path& parent) {
  std::string name = (parent / "marcot-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) Die("cannot make " + name);
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;  // a test that already failed must not end here
  std::filesystem::remove_all(path_, ignored);
}

StoreOptions TestOptions() {
  StoreOptions options;
  options.create_if_missing = true;
  options.memory_bytes = 32u << 20;
  options.record_cache_bytes = 8u << 20;
  options.memtable_bytes = 16u << 20;
  options.background_reclaim = false;
  return options;
}

TempStore::TempStore(StoreOptions options, const std::filesystem::path& parent)
    : folder_(parent), options_(std::move(options)) {
  Reopen();
}

void TempStore::Reopen() {
  store_.reset();
  absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(folder(), options_);
  if (!opened.ok()) Die("cannot open the store: " + opened.status().ToString());
  store_ = *std::move(opened);
}

Space TempStore::OpenSpace(std::string_view library, std::string_view space) const {
  absl::StatusOr<Space> opened = store_->OpenSpace(library, space);
  if (!opened.ok()) Die("cannot open the space: " + opened.status().ToString());
  return *std::move(opened);
}

}  // namespace marcot::testing

// The check and its repair on stores of any content: rows of a sound store are altered, dropped and
// added as the input says, with right checksums. Neither may crash or run on; a check without a
// repair changes nothing, and what a repair leaves without a finding is found sound again.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "api/store_impl.h"
#include "base/coding.h"
#include "check/checker.h"
#include "operations/engine.h"
#include "support/borrowed_storage.h"
#include "support/memory_storage.h"
#include "support/workload.h"

namespace {

using namespace marcot;
using marcot::storage::Family;

void Require(bool holds) {
  if (!holds) std::abort();
}

std::unique_ptr<storage::Storage> MakeSound() {
  auto first = testing::NewMemoryStorage();
  StoreOptions options;
  options.create_if_missing = true;
  options.background_reclaim = false;
  auto engine =
      operations::Engine::Start(std::make_unique<testing::BorrowedStorage>(*first), options);
  Require(engine.ok());
  auto store = api::StoreImpl::Open(*std::move(engine));
  Require(store.ok());
  testing::Workload workload(**store, 5);
  for (uint64_t n = 0; n < 120; ++n) Require(workload.Step(n).empty());
  Require((*store)->ReclaimSteps(20).ok());
  store->reset();
  return first;
}

struct Row {
  Family family;
  std::string key, value;
};

std::vector<Row> RowsOf(const storage::Storage& storage) {
  std::vector<Row> all;
  for (int i = 0; i < storage::kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    const auto rows = storage.NewCursor(family, {.sealed = true}, nullptr);
    for (rows->Seek(""); rows->Valid(); rows->Next()) {
      const auto value = storage::CheckSeal(family, rows->key(), rows->value());
      all.push_back({family, std::string(rows->key()), std::string(value.value_or(""))});
    }
  }
  return all;
}

std::string Altered(std::string bytes, Decoder* in) {
  const size_t at = in->Byte();
  if (bytes.empty()) return bytes + static_cast<char>(in->Byte());
  const uint8_t how = in->Byte();
  char& byte = bytes[at % bytes.size()];
  if (how % 4 == 0) byte = static_cast<char>(in->Byte());
  if (how % 4 == 1) byte = static_cast<char>(byte ^ (1 << (how / 4 % 8)));
  if (how % 4 == 2) bytes.resize(at % bytes.size());
  if (how % 4 == 3) bytes.insert(at % bytes.size(), 1, static_cast<char>(in->Byte()));
  return bytes;
}

void Damage(const std::vector<Row>& rows, Decoder in, storage::Storage* storage) {
  const auto batch = storage->NewBatch();
  for (int left = 8; left > 0 && !in.AtEnd(); --left) {
    const uint8_t how = in.Byte();
    const size_t number = (size_t{in.Byte()} << 8) | in.Byte();
    const Row& row = rows[number % rows.size()];
    // What the format is decides whether there is a check at all.
    if (row.family == Family::kMeta && row.key == "format") continue;
    if (how % 4 == 0) batch->Delete(row.family, row.key);
    if (how % 4 == 1) batch->Put(row.family, row.key, Altered(row.value, &in));
    if (how % 4 == 2) batch->Put(row.family, Altered(row.key, &in), row.value);
    if (how % 4 == 3) batch->PutSealed(row.family, row.key, Altered(row.value, &in));
  }
  Require(storage->Write(*batch, false).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::unique_ptr<storage::Storage> sound = MakeSound();
  static const std::vector<Row> rows = RowsOf(*sound);
  static const std::string undo_log =
      (std::filesystem::temp_directory_path() / ("marcot-fuzz-undo-" + std::to_string(getpid())))
          .string();
  const auto storage = testing::CopyOf(*sound);
  Damage(rows, Decoder({reinterpret_cast<const char*>(data), size}), storage.get());
  const auto before = RowsOf(*storage).size();
  Require(check::CheckStorage(*storage, {.deep = true}).ok());
  Require(RowsOf(*storage).size() == before);
  const auto repaired =
      check::CheckStorage(*storage, {.deep = true, .repair = true, .undo_log = undo_log});
  std::filesystem::remove(undo_log);
  if (!repaired.ok() || repaired->left > 0) return 0;
  Require(check::CheckStorage(*storage, {.deep = true})->found == 0);
  return 0;
}

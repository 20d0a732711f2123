#include "storage/storage.h"

#include <bit>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "marcot/error.h"
#include "xxhash.h"

namespace marcot::storage {
namespace {

constexpr std::string_view kFamilyNames[kFamilyCount] = {
    "meta",     "spaces",     "entries",  "history",  "nodes",    "pins",   "deadlists",
    "totals",   "totals_log", "contents", "released", "reclaim",  "chunks", "bin",
    "versions", "facts",      "changes",  "births",   "summaries"};

constexpr size_t kSealBytes = sizeof(Seal);

uint32_t SealNumber(Family family, std::string_view key, std::string_view value) {
  const uint64_t seed = XXH3_64bits_withSeed(key.data(), key.size(), static_cast<uint64_t>(family));
  return static_cast<uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), seed));
}

}  // namespace

Seal SealOf(Family family, std::string_view key, std::string_view value) {
  return std::bit_cast<Seal>(SealNumber(family, key, value));
}

std::string_view FamilyName(Family family) { return kFamilyNames[static_cast<int>(family)]; }

void SortedRows::Seal(size_t begin, size_t key_bytes) {
  const std::string_view row = std::string_view(bytes_).substr(begin);
  const storage::Seal seal = SealOf(family_, row.substr(0, key_bytes), row.substr(key_bytes));
  bytes_.append(seal.data(), seal.size());
  sizes_.emplace_back(key_bytes, bytes_.size() - begin - key_bytes);
}

void AppendSeal(Family family, std::string_view key, std::string* value) {
  const Seal seal = SealOf(family, key, *value);
  value->append(seal.data(), seal.size());
}

absl::StatusOr<std::string_view> CheckSeal(Family family, std::string_view key,
                                           std::string_view sealed) {
  if (sealed.size() >= kSealBytes) {
    const std::string_view value = sealed.substr(0, sealed.size() - kSealBytes);
    uint32_t seal;
    std::memcpy(&seal, value.data() + value.size(), kSealBytes);
    if (seal == SealNumber(family, key, value)) return value;
  }
  const absl::string_view key_bytes(key.data(), key.size());
  return MakeError(Code::kStoreDamaged,
                   absl::StrCat("record of family ", std::string(FamilyName(family)), " at key ",
                                absl::BytesToHexString(key_bytes),
                                " fails its checksum; restore the store from a backup"));
}

}  // namespace marcot::storage

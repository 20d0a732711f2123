#include "marcot/types.h"

#include "xxhash.h"

namespace marcot {
namespace {

std::string Hex128(uint64_t hi, uint64_t lo) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(32, '0');
  for (int i = 0; i < 16; ++i) {
    out[15 - i] = kDigits[(hi >> (4 * i)) & 15];
    out[31 - i] = kDigits[(lo >> (4 * i)) & 15];
  }
  return out;
}

}  // namespace

std::string ObjectId::Hex() const { return Hex128(hi, lo); }
std::string ContentId::Hex() const { return Hex128(hi, lo); }

std::string Stat::Etag() const {
  if (type == EntryType::kFile) return content.Hex();
  const uint64_t parts[] = {id.hi, id.lo, version};
  return ContentId{0, XXH3_64bits(parts, sizeof parts)}.Hex().substr(16);
}

std::string JoinPath(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& name : path) {
    if (!out.empty()) out += '/';
    out += name;
  }
  return out;
}

}  // namespace marcot

// What the encoders of stored records share. For core/records.cc, facts.cc and totals_log.cc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "core/records.h"
#include "marcot/error.h"

namespace marcot::core {

inline std::string Formatted() { return std::string(1, static_cast<char>(kRecordFormat)); }
inline bool KnownFormat(Decoder* in) { return in->Byte() == kRecordFormat; }

inline absl::Status Damaged(std::string_view kind) {
  return MakeError(Code::kStoreDamaged, absl::StrCat("a record of kind ", std::string(kind),
                                                     " does not decode; restore from a backup"));
}

// Object ids and content ids.
template <typename Id>
char* WriteId(char* out, const Id& id) {
  return WriteFixed64(WriteFixed64(out, id.hi), id.lo);
}
template <typename Id>
void PutId(std::string* out, const Id& id) {
  char bytes[2 * kFixedBytes];
  out->append(bytes, WriteId(bytes, id) - bytes);
}
template <typename Id>
Id GetId(Decoder* in) {
  Id id;
  id.hi = in->Fixed64();
  id.lo = in->Fixed64();
  return id;
}

// One more than the number; 0: nothing.
inline void PutOptional(std::string* out, const std::optional<uint64_t>& v) {
  PutVarint(out, v.has_value() ? *v + 1 : 0);
}
inline std::optional<uint64_t> GetOptional(Decoder* in) {
  const uint64_t v = in->Varint();
  return v == 0 ? std::nullopt : std::optional(v - 1);
}

// Of what AppendTotals wrote.
Totals GetTotals(Decoder* in);

}  // namespace marcot::core

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "marcot/access.h"
#include "marcot/error.h"

namespace marcot {
namespace {

struct GrantRow {
  Grant grant;
  std::string_view name;
  Grants included;
};

constexpr GrantRow kRows[] = {
#define MARCOT_GRANT_ROW(name, wire, ...) {Grant::k##name, wire, {__VA_ARGS__}},
    MARCOT_GRANTS(MARCOT_GRANT_ROW)
#undef MARCOT_GRANT_ROW
};

// What `space_admin` does not stand for.
constexpr Grants kBeyondSpaces{Grant::kAdmin, Grant::kCreateSpace, Grant::kDeleteSpace};

absl::StatusOr<Grant> GrantOf(absl::string_view name) {
  for (const GrantRow& row : kRows) {
    if (row.name == std::string_view(name.data(), name.size())) return row.grant;
  }
  return MakeError(Code::kParamInvalid, absl::StrCat("no grant is called \"", name.substr(0, 64),
                                                     "\"; see MARCOT_GRANTS for those there are"));
}

}  // namespace

std::string_view GrantName(Grant grant) { return kRows[static_cast<size_t>(grant)].name; }

absl::StatusOr<Grants> Grants::Parse(std::string_view names) {
  Grants grants;
  const absl::string_view list(names.data(), names.size());
  if (list.empty()) return grants;
  for (const absl::string_view name : absl::StrSplit(list, ',')) {
    const auto grant = GrantOf(name);
    if (!grant.ok()) return grant.status();
    grants.bits_ |= Bit(*grant);
  }
  return grants;
}

std::string Grants::ToString() const {
  std::string names;
  for (const GrantRow& row : kRows) {
    if (!Has(row.grant)) continue;
    if (!names.empty()) names += ',';
    names += row.name;
  }
  return names;
}

Grants Grants::LackOf(const Grants& needed) const {
  Grants lack;
  if (Has(Grant::kAdmin)) return lack;
  uint64_t held = bits_;
  for (const GrantRow& row : kRows) {
    if (Has(row.grant)) held |= row.included.bits_;
  }
  if (Has(Grant::kSpaceAdmin)) held |= ~kBeyondSpaces.bits_;
  lack.bits_ = needed.bits_ & ~held;
  return lack;
}

}  // namespace marcot

// The naming rules of the contract, written for clearness: which names are allowed, and what a
// taken name turns into under `rename`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "marcot/marcot.hpp"

namespace marcot::testing {

using Path = std::vector<std::string>;

// "a//b" has an empty component in the middle; "" is the root and has none.
Path SplitPath(std::string_view path);

// The code points of `s`; false when it is not valid UTF-8.
bool DecodeUtf8(std::string_view s, std::vector<uint32_t>* code_points);

// Every code that a path may be refused with; the contract does not say which of several comes
// first. `last_is_file`, `last_is_directory`: what the last component is going to be.
std::vector<Code> PathErrors(std::string_view path, bool last_is_file, bool last_is_directory,
                             const StoreOptions& options);

// A name that is taken, cut up so that numbers can be put in.
struct NumberedName {
  std::string stem, extension;
  uint64_t first_number = 1;  // where counting starts

  std::string With(uint64_t number, size_t max_name_chars) const;
  // The number with which `With` gives `name`; 0: it gives that for none.
  uint64_t NumberOf(const std::string& name, size_t max_name_chars) const;
};
NumberedName ParseName(const std::string& wanted, EntryType type);

// What the rule says when these numbers are in use.
struct NumberChoice {
  uint64_t smallest_free = 1;
  bool gaps = false;  // the numbers in use have gaps: any free number is right
};
NumberChoice ChooseNumber(uint64_t first_number, const std::set<uint64_t>& in_use);

}  // namespace marcot::testing

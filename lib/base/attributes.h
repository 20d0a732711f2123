// The stored form of attributes: counts and lengths are varints, the strings follow them.
// Attributes that are all empty are no bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "marcot/types.h"

namespace marcot {

bool IsEmpty(const Attributes& attributes);  // all of them
std::string EncodeAttributes(const Attributes& attributes);
bool IsUtf8(const Attributes& attributes);
// Whether EncodeAttributes could have given these bytes.
bool AreAttributes(std::string_view encoded);

// Gives the entries of a page their attributes; those that are not small stand in memory that they
// share by the block: a string for each is the dearest part of listing files that have some.
class AttributePacker {
 public:
  // Of bytes that EncodeAttributes gave: the seal of the record that they are from says so. A page
  // does not look into them again.
  void Pack(std::string_view encoded, PackedAttributes* attributes);

 private:
  std::shared_ptr<char[]> block_;
  size_t used_ = 0, size_ = 0;
};

}  // namespace marcot

// Error codes as text.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "marcot/marcot.hpp"

namespace marcot::testing {

inline std::string CodeText(const absl::Status& status) {
  return std::string(CodeName(CodeOf(status))) + " (" + std::string(status.message()) + ")";
}

inline std::string CodesText(const std::vector<Code>& codes) {
  std::string text;
  for (const Code code : codes) text += (text.empty() ? "" : " or ") + std::string(CodeName(code));
  return text;
}

}  // namespace marcot::testing

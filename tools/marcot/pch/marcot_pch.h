// What most files of the command line include, compiled once; the largest are two libraries.
// Guards and no #pragma once, of which gcc warns in a file that it compiles by itself.
#ifndef MARCOT_TOOLS_MARCOT_PCH_MARCOT_PCH_H_
#define MARCOT_TOOLS_MARCOT_PCH_MARCOT_PCH_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"
#include "nlohmann/json.hpp"

#endif  // MARCOT_TOOLS_MARCOT_PCH_MARCOT_PCH_H_

// What nearly every file of the library includes, compiled once. Each file includes what it needs
// all the same: tools/test builds without this, too.
// Guards and no #pragma once, of which gcc warns in a file that it compiles by itself.
#ifndef MARCOT_LIB_PCH_LIB_PCH_H_
#define MARCOT_LIB_PCH_LIB_PCH_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

#endif  // MARCOT_LIB_PCH_LIB_PCH_H_

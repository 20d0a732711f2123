// What most files of the server include, compiled once; the largest is the JSON library.
// Guards and no #pragma once, of which gcc warns in a file that it compiles by itself.
#ifndef MARCOT_TOOLS_HTTPD_PCH_HTTPD_PCH_H_
#define MARCOT_TOOLS_HTTPD_PCH_HTTPD_PCH_H_

#include <algorithm>
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

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"
#include "nlohmann/json.hpp"

#endif  // MARCOT_TOOLS_HTTPD_PCH_HTTPD_PCH_H_

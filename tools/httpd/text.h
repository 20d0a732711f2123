// How values look on the wire.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"

namespace marcot::httpd {

using Json = nlohmann::ordered_json;

// ---- targets
// Nothing: a % without two hexadecimal digits. `plus_is_space`: as in a query.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
// All but letters, digits and -._~ as %XX.
std::string PercentEncode(std::string_view text);
std::vector<std::string> Split(std::string_view text, char separator);  // "" has no elements

// ---- values
std::string IsoTime(int64_t ms);                             // 2024-05-01T12:00:00.000Z
std::optional<int64_t> ParseIsoTime(std::string_view text);  // milliseconds since 1970
std::optional<uint64_t> ParseNumber(std::string_view text);  // decimal digits alone
std::string HttpTime(int64_t ms);                            // Wed, 01 May 2024 12:00:00 GMT

// One line. What is not valid UTF-8 (a path in a message, say) is replaced.
std::string Dump(const Json& json);
// Nothing: no JSON, or one that is nested or has keys beyond what any request needs.
std::optional<Json> ParseJson(std::string_view text);

// ---- files
// By the extension of the name; application/octet-stream for those that it does not know.
std::string ContentTypeOf(std::string_view name);

}  // namespace marcot::httpd

// How the tool writes what it found: JSON for scripts, tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "marcot/marcot.h"
#include "nlohmann/json.hpp"

namespace marcot::tool {

using Json = nlohmann::ordered_json;

// A PATH argument as the API takes it; `/` is the root.
std::string StripSlashes(std::string_view path);
// The error is the contract's own, since scripts tell it from wrong usage.
absl::StatusOr<Strategy> ParseStrategy(std::string_view text);

std::string IsoTime(int64_t ms);         // 2024-05-01T12:00:00.000Z
std::string HumanBytes(uint64_t bytes);  // 1.5 MiB
std::string Grouped(uint64_t number);    // 1,234,567
std::string Counted(uint64_t number, std::string_view singular, std::string_view plural);

Json PathJson(const std::vector<std::string>& path);  // {"path":[..]}
Json ErrorJson(const absl::Status& status);           // {"error":"CODE","message":".."}
Json StatJson(const Stat& stat);

// One line. Names are valid UTF-8, host paths in messages may not be: what is not is replaced.
std::string Dump(const Json& json);
void PrintJson(const Json& json);
void PrintPlaced(bool json, const std::vector<std::string>& path);
// What an import or export moved. The path, where there is one, goes to standard output as with any
// command that places something; the words for people go to standard error.
void PrintTransferSummary(bool json, const char* verb, const std::vector<std::string>* path,
                          const RecursiveTotals& totals, double seconds);

}  // namespace marcot::tool

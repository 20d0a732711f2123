// How the tool writes what it found: JSON for scripts, tables for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "marcot/marcot.hpp"
#include "nlohmann/json.hpp"

namespace marcot::tool {

using Json = nlohmann::ordered_json;

// A PATH argument as the API takes it; `/` is the root.
std::string StripSlashes(std::string_view path);
// The error is the contract's own, since scripts tell it from wrong usage.
absl::StatusOr<Strategy> ParseStrategy(std::string_view text);
absl::StatusOr<MissingParents> ParseMissingParents(std::string_view text);
// Where an item of the recycle bin goes, as the API takes it; empty: where it was. `/` is refused:
// the API could not tell it from empty.
absl::StatusOr<std::string> RestoreTarget(std::string_view path);

std::string IsoTime(int64_t ms);         // 2024-05-01T12:00:00.000Z
std::string HumanBytes(uint64_t bytes);  // 1.5 MiB
std::string Grouped(uint64_t number);    // 1,234,567
std::string Counted(uint64_t number, std::string_view singular, std::string_view plural);

const char* TypeName(EntryType type);  // directory, file

std::string ShownPath(const std::vector<std::string>& path);  // the root: /

// "size", "files" and "directories".
void AddTotals(Json* json, const RecursiveTotals& totals);
Json PathJson(const std::vector<std::string>& path);  // {"path":[..]}
Json ErrorJson(const absl::Status& status);           // {"error":"CODE","message":".."}
Json StatJson(const Stat& stat);

// One line. Names are valid UTF-8, host paths in messages may not be: what is not is replaced.
std::string Dump(const Json& json);
void PrintJson(const Json& json);
// {"KEY":[..]}, written while its elements come. Nothing is before the first, so that what fails
// until then prints nothing.
class JsonArray {
 public:
  explicit JsonArray(const char* key) : key_(key) {}
  void Add(const Json& element);
  void End();

 private:
  void Open();

  const char* const key_;
  bool open_ = false, empty_ = true;
};

// A line of what is known of one thing. An empty value prints nothing.
void PrintField(const char* key, const std::string& value);
void PrintPlaced(bool json, const std::vector<std::string>& path);
// What an import or export moved. The path, where there is one, goes to standard output as with any
// command that places something; the words for people go to standard error.
void PrintTransferSummary(bool json, const char* verb, const std::vector<std::string>* path,
                          const RecursiveTotals& totals, double seconds);
// The bytes of a file, as they are.
absl::Status PrintFile(FileReader& reader);

}  // namespace marcot::tool

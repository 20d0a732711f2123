// What a request says: its query and its JSON body. The first value that is not what it should be
// is the error of the whole request, so a handler reads all it needs and then looks at the error.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/options.h"
#include "marcot/types.h"
#include "text.h"

namespace marcot::httpd {

class Query {
 public:
  Query() = default;
  // False: a broken escape.
  bool Parse(std::string_view text);

  bool Has(const std::string& name) const { return values_.count(name) != 0; }
  std::string Text(const std::string& name) const;  // empty: not given
  std::optional<uint64_t> Number(const std::string& name);
  bool Flag(const std::string& name);  // 0, 1, true, false; not given: false
  // InvalidConflictResolutionStrategy.
  Strategy StrategyOf(const std::string& name);

  void Fail(absl::Status status) { error_.Update(status); }
  const absl::Status& error() const { return error_; }

 private:
  std::map<std::string, std::string> values_;  // the first of each name
  absl::Status error_;
};

// The fields of an object. What is null counts as not given.
class Fields {
 public:
  Fields() = default;
  explicit Fields(Json json);  // ParamInvalid unless it is an object

  bool Has(const std::string& name) const;
  std::optional<std::string> Text(const std::string& name);
  std::string Required(const std::string& name);
  std::optional<bool> Flag(const std::string& name);
  std::optional<uint64_t> Number(const std::string& name);  // a number, or its digits in a string
  std::optional<int64_t> Time(const std::string& name);     // InvalidTimeFormat
  std::optional<std::vector<std::string>> Texts(const std::string& name);
  std::optional<std::map<std::string, std::string>> Map(const std::string& name);
  Strategy StrategyOf(const std::string& name);

  void Fail(absl::Status status) { error_.Update(status); }
  const absl::Status& error() const { return error_; }
  const Json& json() const { return json_; }

 private:
  const Json* Find(const std::string& name) const;
  void Expect(bool right, const std::string& name, const char* what);

  Json json_ = Json::object();
  absl::Status error_;
};

// Whether `order_by_type` asks for the descending order.
absl::StatusOr<bool> IsDescending(const Query& query, bool fallback);

absl::StatusOr<Strategy> ParseStrategy(const std::string& text);  // empty: the default

}  // namespace marcot::httpd

#include "arguments.h"

#include <utility>

#include "absl/status/statusor.h"
#include "marcot/error.h"

namespace marcot::httpd {
namespace {

absl::Status Invalid(const std::string& name, const std::string& what) {
  return MakeError(Code::kParamInvalid, "`" + name + "` must be " + what);
}

}  // namespace

absl::StatusOr<Strategy> ParseStrategy(const std::string& text) {
  if (text.empty()) return Strategy::kDefault;
  if (text == "ask") return Strategy::kAsk;
  if (text == "rename") return Strategy::kRename;
  if (text == "overwrite") return Strategy::kOverwrite;
  return MakeError(Code::kInvalidConflictResolutionStrategy,
                   "`" + text + "` is not one of ask, rename, overwrite");
}

absl::StatusOr<bool> IsDescending(const Query& query, bool fallback) {
  const std::string type = query.Text("order_by_type");
  if (type.empty()) return fallback;
  if (type == "asc" || type == "desc") return type == "desc";
  return MakeError(Code::kParamInvalid, "`order_by_type` must be asc or desc");
}

// ---- query -------------------------------------------------------------------------------------

bool Query::Parse(std::string_view text) {
  for (const std::string& pair : Split(text, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = PercentDecode(std::string_view(pair).substr(0, equals), true);
    const auto value =
        PercentDecode(std::string_view(pair).substr(std::min(equals + 1, pair.size())), true);
    if (!name.has_value() || !value.has_value()) return false;
    if (!name->empty()) values_.try_emplace(*name, *value);
  }
  return true;
}

std::string Query::Text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

std::optional<uint64_t> Query::Number(const std::string& name) {
  const std::string text = Text(name);
  if (text.empty()) return std::nullopt;
  const auto number = ParseNumber(text);
  if (!number.has_value()) Fail(Invalid(name, "a number"));
  return number;
}

bool Query::Flag(const std::string& name) {
  const std::string text = Text(name);
  if (text == "1" || text == "true") return true;
  if (!text.empty() && text != "0" && text != "false") Fail(Invalid(name, "0 or 1"));
  return false;
}

Strategy Query::StrategyOf(const std::string& name) {
  const auto strategy = ParseStrategy(Text(name));
  Fail(strategy.status());
  return strategy.ok() ? *strategy : Strategy::kDefault;
}

// ---- body --------------------------------------------------------------------------------------

Fields::Fields(Json json) : json_(std::move(json)) {
  if (!json_.is_object()) {
    Fail(MakeError(Code::kParamInvalid, "a JSON object is needed here"));
    json_ = Json::object();
  }
}

const Json* Fields::Find(const std::string& name) const {
  const auto found = json_.find(name);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

bool Fields::Has(const std::string& name) const { return Find(name) != nullptr; }

void Fields::Expect(bool right, const std::string& name, const char* what) {
  if (!right) Fail(Invalid(name, what));
}

std::optional<std::string> Fields::Text(const std::string& name) {
  const Json* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  Expect(value->is_string(), name, "a string");
  return value->is_string() ? std::optional(value->get<std::string>()) : std::nullopt;
}

std::string Fields::Required(const std::string& name) {
  Expect(Has(name), name, "given");
  return Text(name).value_or("");
}

std::optional<bool> Fields::Flag(const std::string& name) {
  const Json* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  Expect(value->is_boolean(), name, "true or false");
  return value->is_boolean() && value->get<bool>();
}

std::optional<uint64_t> Fields::Number(const std::string& name) {
  const Json* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<uint64_t>();
  const auto number =
      value->is_string() ? ParseNumber(value->get_ref<const std::string&>()) : std::nullopt;
  Expect(number.has_value(), name, "a number that is not negative");
  return number;
}

std::optional<int64_t> Fields::Time(const std::string& name) {
  const auto text = Text(name);
  if (!text.has_value()) return std::nullopt;
  const auto time = ParseIsoTime(*text);
  if (!time.has_value()) {
    Fail(MakeError(Code::kInvalidTimeFormat,
                   "`" + name + "` must be a time such as 2020-09-22T07:44:45.000Z"));
  }
  return time;
}

std::optional<std::vector<std::string>> Fields::Texts(const std::string& name) {
  const Json* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  Expect(value->is_array(), name, "an array of strings");
  if (!value->is_array()) return texts;
  for (const Json& element : *value) {
    Expect(element.is_string(), name, "an array of strings");
    if (element.is_string()) texts.push_back(element.get<std::string>());
  }
  return texts;
}

std::optional<std::map<std::string, std::string>> Fields::Map(const std::string& name) {
  const Json* const value = Find(name);
  if (value == nullptr) return std::nullopt;
  std::map<std::string, std::string> map;
  Expect(value->is_object(), name, "an object of strings");
  if (!value->is_object()) return map;
  for (const auto& [key, element] : value->items()) {
    Expect(element.is_string(), name, "an object of strings");
    if (element.is_string()) map[key] = element.get<std::string>();
  }
  return map;
}

Strategy Fields::StrategyOf(const std::string& name) {
  const auto strategy = ParseStrategy(Text(name).value_or(""));
  Fail(strategy.status());
  return strategy.ok() ? *strategy : Strategy::kDefault;
}

}  // namespace marcot::httpd

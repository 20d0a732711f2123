#include "aggregations.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string_view>
#include <utility>

#include "arguments.h"
#include "entry_json.h"
#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

using Field = Aggregations::Field;
using Operation = Aggregations::Operation;

constexpr size_t kMaxAggregations = 20;  // and of each group
constexpr size_t kNodeBytes = 64;        // of a map or set, about

constexpr std::string_view kFields[] = {"extName", "category", "size",    "contentType",
                                        "userId",  "name",     "fileType"};
constexpr std::string_view kOperations[] = {"group", "count", "distinct", "sum",
                                            "min",   "max",   "average"};

// The place of a name in a table, in the order of its enum.
template <typename Enum, size_t N>
absl::StatusOr<Enum> Named(const std::string_view (&names)[N], const std::string& name,
                           const char* what) {
  const auto* const found = std::find(std::begin(names), std::end(names), name);
  if (found != std::end(names)) return static_cast<Enum>(found - std::begin(names));
  return MakeError(Code::kParamInvalid, "`" + name + "` is no " + what + " of an aggregation");
}

bool NeedsNumbers(Operation operation) {
  return operation == Operation::kSum || operation == Operation::kMin ||
         operation == Operation::kMax || operation == Operation::kAverage;
}

std::string ExtensionOf(const std::string& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return "";
  std::string extension = name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

absl::Status CheckCount(const Json& json) {
  if (!json.is_array() || json.empty()) {
    return MakeError(Code::kParamInvalid, "aggregations are an array that is not empty");
  }
  if (json.size() <= kMaxAggregations) return absl::OkStatus();
  return MakeError(Code::kTooManyItems, "20 aggregations at once at the most");
}

}  // namespace

absl::StatusOr<Aggregations::Asked> Aggregations::ParseOne(const Json& json) {
  Fields fields(json);
  const std::string field = fields.Required("field"), operation = fields.Required("operation");
  HTTPD_RETURN_IF_ERROR(fields.error());
  Asked asked;
  HTTPD_ASSIGN_OR_RETURN(asked.field, Named<Field>(kFields, field, "field"));
  HTTPD_ASSIGN_OR_RETURN(asked.operation, Named<Operation>(kOperations, operation, "operation"));
  if (!NeedsNumbers(asked.operation) || asked.field == Field::kSize) return asked;
  return MakeError(Code::kParamInvalid, "`" + operation + "` is of the field size alone");
}

absl::StatusOr<std::vector<Aggregations::Asked>> Aggregations::ParseSubs(const Json& json,
                                                                         const Asked& above) {
  if (above.operation != Operation::kGroup) {
    return MakeError(Code::kParamInvalid, "`subAggregations` are of the operation group alone");
  }
  HTTPD_RETURN_IF_ERROR(CheckCount(json));
  std::vector<Asked> subs;
  for (const Json& element : json) {
    HTTPD_ASSIGN_OR_RETURN(const Asked sub, ParseOne(element));
    if (sub.operation == Operation::kGroup || element.contains("subAggregations")) {
      return MakeError(Code::kParamInvalid, "a group is not divided again");
    }
    subs.push_back(sub);
  }
  return subs;
}

absl::StatusOr<Aggregations> Aggregations::Parse(const Json& asked) {
  HTTPD_RETURN_IF_ERROR(CheckCount(asked));
  Aggregations parsed;
  for (const Json& element : asked) {
    Aggregation& aggregation = parsed.aggregations_.emplace_back();
    HTTPD_ASSIGN_OR_RETURN(aggregation.asked, ParseOne(element));
    const auto subs = element.find("subAggregations");
    if (subs == element.end() || subs->is_null()) continue;
    HTTPD_ASSIGN_OR_RETURN(aggregation.subs, ParseSubs(*subs, aggregation.asked));
  }
  return parsed;
}

Aggregations::Values Aggregations::ValuesOf(const Stat& stat) {
  const Attributes attributes = stat.attributes.Unpack();
  Values values;
  const auto add = [&values](Field field, std::string text) {
    if (!text.empty()) values[field] = {std::move(text)};
  };
  add(Field::kName, stat.name);
  add(Field::kCategory, attributes.category);
  add(Field::kUserId, stat.creator);
  add(Field::kFileType, TypeOf(stat, attributes));
  if (stat.type == EntryType::kDirectory) return values;
  add(Field::kExtName, ExtensionOf(stat.name));
  add(Field::kContentType, ContentTypeOf(stat, attributes));
  values[Field::kSize] = {std::to_string(stat.size), stat.size};
  return values;
}

void Aggregations::Keep(size_t bytes) { kept_bytes_ += bytes + kNodeBytes; }

void Aggregations::AddTo(const Asked& asked, const Values& values, Tally* tally) {
  const auto found = values.find(asked.field);
  if (found == values.end()) return;
  const auto& [text, number] = found->second;
  ++tally->count;
  tally->sum += std::min(number, UINT64_MAX - tally->sum);
  tally->min = std::min(tally->min, number);
  tally->max = std::max(tally->max, number);
  if (asked.operation != Operation::kDistinct) return;
  if (tally->distinct.insert(text).second) Keep(text.size());
}

void Aggregations::AddToGroup(const Values& values, Aggregation* aggregation) {
  const auto found = values.find(aggregation->asked.field);
  if (found == values.end()) return;
  const std::string& text = found->second.text;
  const auto [group, fresh] = aggregation->groups.try_emplace(text);
  if (fresh) {
    group->second.tallies.resize(aggregation->subs.size());
    Keep(text.size() + sizeof(Group) + aggregation->subs.size() * sizeof(Tally));
  }
  ++group->second.count;
  for (size_t i = 0; i < aggregation->subs.size(); ++i) {
    AddTo(aggregation->subs[i], values, &group->second.tallies[i]);
  }
}

void Aggregations::Add(const Stat& stat) {
  const Values values = ValuesOf(stat);
  for (Aggregation& aggregation : aggregations_) {
    if (aggregation.asked.operation == Operation::kGroup) {
      AddToGroup(values, &aggregation);
    } else {
      AddTo(aggregation.asked, values, &aggregation.tally);
    }
  }
}

std::optional<Json> Aggregations::ResultOf(const Asked& asked, const Tally& tally) {
  if (asked.operation == Operation::kCount) return tally.count;
  if (asked.operation == Operation::kDistinct) return tally.distinct.size();
  if (asked.operation == Operation::kSum) return tally.sum;
  if (tally.count == 0) return std::nullopt;
  if (asked.operation == Operation::kMin) return tally.min;
  if (asked.operation == Operation::kMax) return tally.max;
  return static_cast<double>(tally.sum) / static_cast<double>(tally.count);
}

Json Aggregations::JsonOf(const Asked& asked, const Tally& tally) {
  Json json{{"field", std::string(kFields[static_cast<size_t>(asked.field)])},
            {"operation", std::string(kOperations[static_cast<size_t>(asked.operation)])}};
  if (asked.operation == Operation::kGroup) return json;
  auto result = ResultOf(asked, tally);
  if (result.has_value()) json["value"] = *std::move(result);
  return json;
}

// The largest first.
Json Aggregations::GroupsOf(const Aggregation& aggregation) {
  std::vector<std::pair<std::string_view, const Group*>> groups;
  for (const auto& [value, group] : aggregation.groups) groups.emplace_back(value, &group);
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.second->count > b.second->count; });
  Json json = Json::array();
  for (const auto& [value, group] : groups) {
    Json& one = json.emplace_back(Json{{"value", std::string(value)}, {"count", group->count}});
    for (size_t i = 0; i < aggregation.subs.size(); ++i) {
      one["subAggregations"].push_back(JsonOf(aggregation.subs[i], group->tallies[i]));
    }
  }
  return json;
}

Json Aggregations::ToJson() const {
  Json json = Json::array();
  for (const Aggregation& aggregation : aggregations_) {
    Json& one = json.emplace_back(JsonOf(aggregation.asked, aggregation.tally));
    if (aggregation.asked.operation == Operation::kGroup) one["groups"] = GroupsOf(aggregation);
  }
  return json;
}

}  // namespace marcot::httpd

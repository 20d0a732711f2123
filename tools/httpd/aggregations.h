// Statistics of entries, taken up entry by entry (search-fs-stats, section 11).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "marcot/types.h"
#include "text.h"

namespace marcot::httpd {

// An entry counts where it has the field: a directory has no size, for one.
class Aggregations {
 public:
  // As the request has them. ParamInvalid; TooManyItems.
  static absl::StatusOr<Aggregations> Parse(const Json& asked);

  void Add(const Stat& stat);
  // Whether the values that have to be kept take all the memory that they get, a few MiB.
  bool full() const { return kept_bytes_ > kMaxKeptBytes; }
  // One element for each that was asked for; without a value where nothing had the field.
  Json ToJson() const;

  enum class Field { kExtName, kCategory, kSize, kContentType, kUserId, kName, kFileType };
  enum class Operation { kGroup, kCount, kDistinct, kSum, kMin, kMax, kAverage };

 private:
  static constexpr size_t kMaxKeptBytes = 4u << 20;

  // What an entry has in a field.
  struct Value {
    std::string text;
    uint64_t number = 0;  // size
  };
  using Values = std::map<Field, Value>;

  struct Asked {
    Field field = Field::kName;
    Operation operation = Operation::kCount;
  };
  struct Tally {
    uint64_t count = 0, sum = 0, min = UINT64_MAX, max = 0;
    std::unordered_set<std::string> distinct;
  };
  struct Group {
    uint64_t count = 0;
    std::vector<Tally> tallies;  // one for each sub-aggregation
  };
  struct Aggregation {
    Asked asked;
    std::vector<Asked> subs;  // of a group
    Tally tally;
    std::map<std::string, Group> groups;
  };

  static absl::StatusOr<Asked> ParseOne(const Json& json);
  static absl::StatusOr<std::vector<Asked>> ParseSubs(const Json& json, const Asked& above);
  static Values ValuesOf(const Stat& stat);
  static std::optional<Json> ResultOf(const Asked& asked, const Tally& tally);
  static Json JsonOf(const Asked& asked, const Tally& tally);
  static Json GroupsOf(const Aggregation& aggregation);

  void AddTo(const Asked& asked, const Values& values, Tally* tally);
  void AddToGroup(const Values& values, Aggregation* aggregation);
  void Keep(size_t bytes);

  std::vector<Aggregation> aggregations_;
  size_t kept_bytes_ = 0;
};

}  // namespace marcot::httpd

// What the service keeps, field by field: names to text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "marcot/types.h"

namespace marcot::service {

using Record = std::map<std::string, std::string>;

// A field of a record; empty, or 0, where it has none.
std::string TextOf(const Record& record, const std::string& field);
uint64_t NumberOf(const Record& record, const std::string& field);

// Where an operation placed something, its path under `placed`.
void AddPlaced(const Placed& placed, Record* record);
Placed PlacedOf(const Record& record);

// A status, under `code` and `message`; a record without is OK. A long message is cut.
void AddStatus(const absl::Status& status, Record* record);
absl::Status StatusOf(const Record& record);

// The names of a path; of the empty one, none.
std::vector<std::string> SplitPath(const std::string& path);

}  // namespace marcot::service

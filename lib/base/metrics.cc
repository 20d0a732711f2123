#include "marcot/metrics.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <numeric>

namespace marcot {
namespace {

struct KindRow {
  std::string_view name;
  OperationClass in;
};

// In the order of OperationKind.
constexpr KindRow kKinds[] = {
    {"make_directory", OperationClass::kWrite},
    {"put", OperationClass::kWrite},
    {"copy", OperationClass::kWrite},
    {"move", OperationClass::kWrite},
    {"delete", OperationClass::kWrite},
    {"set_attributes", OperationClass::kWrite},
    {"set_directory_quota", OperationClass::kWrite},
    {"restore", OperationClass::kWrite},
    {"purge", OperationClass::kWrite},
    {"empty_recycle_bin", OperationClass::kWrite},
    {"set_latest_version", OperationClass::kWrite},
    {"delete_version", OperationClass::kWrite},
    {"create_snapshot", OperationClass::kWrite},
    {"delete_snapshot", OperationClass::kWrite},
    {"administer", OperationClass::kWrite},
    {"stat", OperationClass::kStat},
    {"totals", OperationClass::kStat},
    {"list", OperationClass::kList},
    {"list_recycled", OperationClass::kList},
    {"list_versions", OperationClass::kList},
    {"list_snapshots", OperationClass::kList},
    {"read_changes", OperationClass::kList},
    {"search", OperationClass::kList},
    {"open_file", OperationClass::kRead},
    {"read_file", OperationClass::kRead},
    {"walk", OperationClass::kTraverse},
    {"diff", OperationClass::kTraverse},
    {"find_object", OperationClass::kTraverse},
    {"export_space", OperationClass::kTraverse},
    {"import_space", OperationClass::kTraverse},
    {"bulk_load", OperationClass::kWrite},
};
static_assert(std::size(kKinds) == kOperationKinds);

constexpr std::string_view kClassNames[] = {"write", "stat", "list", "read", "traverse"};
static_assert(std::size(kClassNames) == kOperationClasses);

}  // namespace

std::string_view OperationName(OperationKind kind) {
  return kKinds[static_cast<size_t>(kind)].name;
}

OperationClass ClassOf(OperationKind kind) { return kKinds[static_cast<size_t>(kind)].in; }

std::string_view ClassName(OperationClass of) { return kClassNames[static_cast<size_t>(of)]; }

size_t LatencyHistogram::BucketOf(uint64_t ns) {
  const uint64_t us = ns / 1000 + (ns % 1000 != 0);  // up, since a bucket's bound belongs to it
  return us == 0 ? 0 : std::min<size_t>(std::bit_width(us - 1), kBuckets - 1);
}

uint64_t LatencyHistogram::count() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

}  // namespace marcot

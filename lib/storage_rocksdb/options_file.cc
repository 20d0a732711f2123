#include "storage_rocksdb/options_file.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <span>
#include <string_view>
#include <unordered_map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "rocksdb/convenience.h"
#include "rocksdb/table.h"

namespace marcot::storage {
namespace {

using Values = std::unordered_map<std::string, std::string>;

constexpr char kAll[] = "default";
constexpr char kDatabase[] = "DBOptions";
constexpr char kFamily[] = "CFOptions";
constexpr char kTable[] = "TableOptions/BlockBasedTable";
constexpr char kVersion[] = "Version";

// What is for a host to choose: nothing that changes the order of keys, what a lookup finds, what a
// commit promises, how a store is recovered, or the memory budget.
constexpr std::string_view kDatabaseOptions[] = {
    "enable_pipelined_write",
    "enable_write_thread_adaptive_yield",
    "max_background_jobs",
    "max_subcompactions",
    "max_open_files",
    "max_file_opening_threads",
    "max_total_wal_size",
    "bytes_per_sync",
    "wal_bytes_per_sync",
    "strict_bytes_per_sync",
    "compaction_readahead_size",
    "delayed_write_rate",
    "use_direct_reads",
    "use_direct_io_for_flush_and_compaction",
    "writable_file_max_buffer_size",
    "skip_stats_update_on_db_open",
    "stats_dump_period_sec",
};
constexpr std::string_view kFamilyOptions[] = {
    "compression",
    "compression_opts",
    "bottommost_compression",
    "bottommost_compression_opts",
    "write_buffer_size",
    "max_write_buffer_number",
    "min_write_buffer_number_to_merge",
    "arena_block_size",
    "memtable_huge_page_size",
    "memtable_prefix_bloom_size_ratio",
    "memtable_whole_key_filtering",
    "level0_file_num_compaction_trigger",
    "level0_slowdown_writes_trigger",
    "level0_stop_writes_trigger",
    "level_compaction_dynamic_level_bytes",
    "target_file_size_base",
    "target_file_size_multiplier",
    "max_bytes_for_level_base",
    "max_bytes_for_level_multiplier",
    "max_compaction_bytes",
    "soft_pending_compaction_bytes_limit",
    "hard_pending_compaction_bytes_limit",
    "disable_auto_compactions",
    "paranoid_file_checks",
    "optimize_filters_for_hits",
    "enable_blob_files",
    "min_blob_size",
    "blob_file_size",
    "blob_compression_type",
    "enable_blob_garbage_collection",
    "blob_garbage_collection_age_cutoff",
    "blob_garbage_collection_force_threshold",
    "blob_compaction_readahead_size",
};
constexpr std::string_view kTableOptions[] = {
    "index_type",
    "block_size",
    "block_size_deviation",
    "block_restart_interval",
    "index_block_restart_interval",
    "metadata_block_size",
    "block_align",
    "filter_policy",
    "partition_filters",
    "optimize_filters_for_memory",
    "cache_index_and_filter_blocks",
    "cache_index_and_filter_blocks_with_high_priority",
    "pin_l0_filter_and_index_blocks_in_cache",
    "pin_top_level_index_and_filter",
    "data_block_index_type",
    "data_block_hash_table_util_ratio",
    "enable_index_compression",
    "verify_compression",
    "max_auto_readahead_size",
};

struct Sections {
  Values database;
  std::map<std::string, Values> families, tables;  // by family
};

absl::Status Invalid(const std::string& file, const std::string& what) {
  return MakeError(Code::kParamInvalid, absl::StrCat("the options file ", file, ": ", what));
}

std::string Trimmed(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text.substr(0, text.find('#'))));
}

// Where the values of a section go, and which it may have.
struct Section {
  Values* values = nullptr;  // null: there is none of that name
  std::span<const std::string_view> names;
  bool ignored = false;
};

Section SectionOf(const std::string& line, Sections* sections) {
  if (line.back() != ']') return {};
  const std::string inner = line.substr(1, line.size() - 2);
  const size_t space = inner.find(' ');
  const std::string kind = inner.substr(0, space);
  std::string family = space == std::string::npos ? "" : inner.substr(space + 1);
  if (family.size() >= 2 && family.front() == '"' && family.back() == '"') {
    family = family.substr(1, family.size() - 2);
  }
  if (kind == kVersion && family.empty()) return {&sections->database, {}, true};
  if (kind == kDatabase && family.empty()) return {&sections->database, kDatabaseOptions};
  if (kind == kFamily && !family.empty()) return {&sections->families[family], kFamilyOptions};
  if (kind == kTable && !family.empty()) return {&sections->tables[family], kTableOptions};
  return {};
}

absl::Status TakeLine(const std::string& line, const Section& section) {
  const size_t equals = line.find('=');
  if (section.values == nullptr || equals == std::string::npos) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("`", line, "` is no name=value of a section"));
  }
  if (section.ignored) return absl::OkStatus();
  const std::string name = Trimmed(line.substr(0, equals));
  if (std::find(section.names.begin(), section.names.end(), name) == section.names.end()) {
    return MakeError(Code::kParamInvalid, absl::StrCat("`", name, "` is not for a host to choose"));
  }
  (*section.values)[name] = Trimmed(line.substr(equals + 1));
  return absl::OkStatus();
}

absl::StatusOr<Sections> Parse(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Invalid(file, "it cannot be read");
  Sections sections;
  Section section;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    line = Trimmed(line);
    if (line.empty()) continue;
    absl::Status status;
    if (line.front() != '[') {
      status = TakeLine(line, section);
    } else if (section = SectionOf(line, &sections); section.values == nullptr) {
      status = MakeError(Code::kParamInvalid, absl::StrCat(line, " is no section of such a file"));
    }
    if (!status.ok()) {
      return Invalid(file, absl::StrCat("line ", number, ": ", std::string(status.message())));
    }
  }
  if (in.bad()) return Invalid(file, "it cannot be read");
  return sections;
}

absl::Status ApplyTo(const Values& options, const Values& table,
                     rocksdb::ColumnFamilyOptions* family) {
  const rocksdb::ConfigOptions strict;
  const rocksdb::ColumnFamilyOptions base = *family;
  rocksdb::Status status = rocksdb::GetColumnFamilyOptionsFromMap(strict, base, options, family);
  if (status.ok() && !table.empty()) {
    const auto* const current = base.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
    rocksdb::BlockBasedTableOptions changed;
    status = rocksdb::GetBlockBasedTableOptionsFromMap(strict, *current, table, &changed);
    if (status.ok()) family->table_factory.reset(rocksdb::NewBlockBasedTableFactory(changed));
  }
  if (status.ok()) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, status.ToString());
}

absl::Status ApplyToFamilies(const Sections& sections, const std::string& section,
                             std::vector<rocksdb::ColumnFamilyDescriptor>* families) {
  const auto options = sections.families.find(section);
  const auto table = sections.tables.find(section);
  bool known = section == kAll;
  for (rocksdb::ColumnFamilyDescriptor& family : *families) {
    if (section != kAll && family.name != section) continue;
    known = true;
    MARCOT_RETURN_IF_ERROR(ApplyTo(options == sections.families.end() ? Values() : options->second,
                                   table == sections.tables.end() ? Values() : table->second,
                                   &family.options));
  }
  if (known) return absl::OkStatus();
  return MakeError(Code::kParamInvalid, absl::StrCat("no family is named ", section));
}

}  // namespace

absl::Status ApplyOptionsFile(const std::string& file, rocksdb::DBOptions* database,
                              std::vector<rocksdb::ColumnFamilyDescriptor>* families) {
  MARCOT_ASSIGN_OR_RETURN(const Sections sections, Parse(file));
  rocksdb::DBOptions changed_database;
  const rocksdb::Status status = rocksdb::GetDBOptionsFromMap(rocksdb::ConfigOptions(), *database,
                                                              sections.database, &changed_database);
  if (!status.ok()) return Invalid(file, status.ToString());
  auto changed = *families;
  std::vector<std::string> names{kAll};
  for (const auto* const of : {&sections.families, &sections.tables}) {
    for (const auto& [name, values] : *of) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    const absl::Status applied = ApplyToFamilies(sections, name, &changed);
    if (!applied.ok()) {
      return Invalid(file, absl::StrCat("family ", name, ": ", std::string(applied.message())));
    }
  }
  *database = changed_database;
  *families = std::move(changed);
  return absl::OkStatus();
}

}  // namespace marcot::storage

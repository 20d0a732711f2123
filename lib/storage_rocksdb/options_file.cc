#include "storage_rocksdb/options_file.h"

#include <algorithm>
#include <fstream>
#include <map>
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

// They change the order of keys, what a lookup finds, or what a commit promises.
constexpr const char* kFixed[] = {
    "comparator",        "merge_operator",
    "prefix_extractor",  "compaction_filter",
    "compaction_style",  "compaction_filter_factory",
    "create_if_missing", "create_missing_column_families",
    "error_if_exists",   "manual_wal_flush",
    "unordered_write",   "wal_recovery_mode",
    "wal_dir",           "db_paths",
    "cf_paths",          "inplace_update_support",
    "table_factory",     "max_write_buffer_size_to_maintain",
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

// Where the values of a section go, whose header is `line`; null: there is none of that name.
Values* SectionOf(const std::string& line, Sections* sections, Values* ignored) {
  if (line.back() != ']') return nullptr;
  const std::string inner = line.substr(1, line.size() - 2);
  const size_t space = inner.find(' ');
  const std::string kind = inner.substr(0, space);
  std::string family = space == std::string::npos ? "" : inner.substr(space + 1);
  if (family.size() >= 2 && family.front() == '"' && family.back() == '"') {
    family = family.substr(1, family.size() - 2);
  }
  if (kind == kVersion && family.empty()) return ignored;
  if (kind == kDatabase && family.empty()) return &sections->database;
  if (kind == kFamily && !family.empty()) return &sections->families[family];
  if (kind == kTable && !family.empty()) return &sections->tables[family];
  return nullptr;
}

absl::Status TakeLine(const std::string& line, Values* section) {
  const size_t equals = line.find('=');
  if (section == nullptr || equals == std::string::npos) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("`", line, "` is no name=value of a section"));
  }
  const std::string name = Trimmed(line.substr(0, equals));
  const auto fixed = std::find(std::begin(kFixed), std::end(kFixed), name);
  if (fixed != std::end(kFixed)) {
    return MakeError(Code::kParamInvalid, absl::StrCat("`", name, "` is not for a host to choose"));
  }
  (*section)[name] = Trimmed(line.substr(equals + 1));
  return absl::OkStatus();
}

absl::StatusOr<Sections> Parse(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Invalid(file, "it cannot be read");
  Sections sections;
  Values ignored, *section = nullptr;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    line = Trimmed(line);
    if (line.empty()) continue;
    absl::Status status;
    if (line.front() != '[') {
      status = TakeLine(line, section);
    } else if (section = SectionOf(line, &sections, &ignored); section == nullptr) {
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

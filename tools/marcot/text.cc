#include "text.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

namespace marcot::tool {
namespace {

void AddIfGiven(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

void AddAttributes(Json& json, const Attributes& attributes) {
  json["metadata"] = attributes.metadata;
  json["labels"] = attributes.labels;
  AddIfGiven(json, "category", attributes.category);
  AddIfGiven(json, "contentType", attributes.content_type);
  AddIfGiven(json, "localCreationTime", attributes.local_creation_time);
  AddIfGiven(json, "localModificationTime", attributes.local_modification_time);
}

}  // namespace

std::string StripSlashes(std::string_view path) {
  const size_t first = path.find_first_not_of('/');
  if (first == path.npos) return "";
  return std::string(path.substr(first, path.find_last_not_of('/') - first + 1));
}

absl::StatusOr<Strategy> ParseStrategy(std::string_view text) {
  if (text == "ask") return Strategy::kAsk;
  if (text == "rename") return Strategy::kRename;
  if (text == "overwrite") return Strategy::kOverwrite;
  return MakeError(Code::kInvalidConflictResolutionStrategy,
                   "`" + std::string(text) + "` is not one of ask, rename, overwrite");
}

absl::StatusOr<MissingParents> ParseMissingParents(std::string_view text) {
  if (text == "fail") return MissingParents::kFail;
  if (text == "create") return MissingParents::kCreate;
  if (text == "root") return MissingParents::kUseRoot;
  return MakeError(Code::kParamInvalid,
                   "`" + std::string(text) + "` is not one of fail, create, root");
}

absl::StatusOr<std::string> RestoreTarget(std::string_view path) {
  std::string stripped = StripSlashes(path);
  if (!stripped.empty() || path.empty()) return stripped;
  return MakeError(Code::kRootDirectoryNotAllowed, "an item is not restored as the root");
}

std::string IsoTime(int64_t ms) {
  const int64_t fraction = (ms % 1000 + 1000) % 1000;
  const std::time_t seconds = (ms - fraction) / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> date;
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%s.%03dZ", date.data(), static_cast<int>(fraction));
  return text.data();
}

std::string HumanBytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
    value /= 1024;
    unit = next;
    if (value < 1023.95) break;
  }
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1f %s", value, unit);
  return text.data();
}

std::string Grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string Counted(uint64_t number, std::string_view singular, std::string_view plural) {
  return Grouped(number) + " " + std::string(number == 1 ? singular : plural);
}

const char* TypeName(EntryType type) {
  return type == EntryType::kDirectory ? "directory" : "file";
}

std::string ShownPath(const std::vector<std::string>& path) {
  return path.empty() ? "/" : JoinPath(path);
}

void AddTotals(Json* json, const RecursiveTotals& totals) {
  (*json)["size"] = totals.bytes;
  (*json)["files"] = totals.files;
  (*json)["directories"] = totals.directories;
}

Json PathJson(const std::vector<std::string>& path) {
  Json json;
  json["path"] = path;
  return json;
}

Json ErrorJson(const absl::Status& status) {
  Json json;
  json["error"] = std::string(CodeName(CodeOf(status)));
  json["message"] = std::string(status.message());
  return json;
}

Json StatJson(const Stat& stat) {
  const bool directory = stat.type == EntryType::kDirectory;
  Json json;
  json["name"] = stat.name;
  json["type"] = TypeName(stat.type);
  json["id"] = stat.id.Hex();
  if (directory) {
    AddTotals(&json, stat.totals);
    json["childFiles"] = stat.child_files;
    json["childDirectories"] = stat.child_directories;
  } else {
    json["size"] = stat.size;
    json["hash"] = stat.content.Hex();
  }
  json["version"] = stat.version;
  json["eTag"] = stat.Etag();
  json["creationTime"] = IsoTime(stat.creation_time_ms);
  json["modificationTime"] = IsoTime(stat.modification_time_ms);
  json["creator"] = stat.creator;
  AddAttributes(json, stat.attributes.Unpack());
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PrintJson(const Json& json) { std::puts(Dump(json).c_str()); }

void JsonArray::Open() {
  if (!std::exchange(open_, true)) std::printf("{\"%s\":[", key_);
}

void JsonArray::Add(const Json& element) {
  Open();
  if (!std::exchange(empty_, false)) std::fputc(',', stdout);
  std::fputs(Dump(element).c_str(), stdout);
}

void JsonArray::End() {
  Open();
  std::puts("]}");
}

void PrintField(const char* key, const std::string& value) {
  if (!value.empty()) std::printf("%-18s %s\n", key, value.c_str());
}

void PrintPlaced(bool json, const std::vector<std::string>& path) {
  if (json) {
    PrintJson(PathJson(path));
  } else {
    std::puts(ShownPath(path).c_str());
  }
}

void PrintTransferSummary(bool json, const char* verb, const std::vector<std::string>* path,
                          const RecursiveTotals& totals, double seconds) {
  if (json) {
    Json object;
    if (path != nullptr) object = PathJson(*path);
    object["files"] = totals.files;
    object["directories"] = totals.directories;
    object["size"] = totals.bytes;
    object["seconds"] = seconds;
    PrintJson(object);
    return;
  }
  if (path != nullptr) PrintPlaced(false, *path);
  std::fprintf(stderr, "%s %s, %s, %s in %.2f s\n", verb,
               Counted(totals.files, "file", "files").c_str(),
               Counted(totals.directories, "directory", "directories").c_str(),
               HumanBytes(totals.bytes).c_str(), seconds);
}

absl::Status PrintFile(FileReader& reader) {
  return reader.Read(0, reader.stat().size, [](std::string_view piece) {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size()) return absl::OkStatus();
    return MakeError(Code::kInternalServerError, "cannot write to standard output");
  });
}

}  // namespace marcot::tool

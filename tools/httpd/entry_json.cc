#include "entry_json.h"

#include <utility>

#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

constexpr uint64_t kMaxPagedEntries = 10'000;

void AddIfGiven(Json* json, const char* key, const std::string& value) {
  if (!value.empty()) (*json)[key] = value;
}

}  // namespace

EntryWriter::EntryWriter(Call& call)
    : call_(call),
      with_inode_(call.query.Flag("with_inode")),
      with_content_cas_(call.query.Flag("with_content_cas")),
      with_favorite_status_(call.query.Flag("with_favorite_status")) {}

Json EntryWriter::Entry(const Stat& stat, const std::vector<std::string>* path) const {
  const Attributes attributes = stat.attributes.Unpack();
  Json json;
  if (path != nullptr) json["path"] = *path;
  json["name"] = stat.name;
  json["type"] = TypeOf(stat, attributes);
  if (with_inode_) json["inode"] = stat.id.Hex();
  json["creationTime"] = IsoTime(stat.creation_time_ms);
  json["modificationTime"] = IsoTime(stat.modification_time_ms);
  if (stat.type == EntryType::kFile) {
    json["versionId"] = stat.version;
    AddContent(&json, stat, attributes);
  } else {
    json["eTag"] = stat.Etag();
  }
  AddAttributes(&json, attributes);
  return json;
}

absl::StatusOr<Json> EntryWriter::MarkedEntry(const Space& space, const Stat& stat,
                                              const std::vector<std::string>* path) const {
  Json entries = Json::array({Entry(stat, path)});
  HTTPD_RETURN_IF_ERROR(AddFavoriteStatus(space, {{stat.id}}, &entries));
  return std::move(entries[0]);
}

Json EntryWriter::File(const Stat& stat, const Placed& placed) const {
  Json json = Entry(stat, &placed.path);
  json["isOverwritten"] = placed.overwritten;
  return json;
}

absl::Status EntryWriter::AddFavoriteStatus(const Space& space, std::span<const ObjectId> ids,
                                            Json* entries) const {
  if (!with_favorite_status_) return absl::OkStatus();
  HTTPD_ASSIGN_OR_RETURN(const std::vector<bool> marked,
                         call_.app.service.favorites().Have(space, "", ids));
  for (size_t i = 0; i < ids.size(); ++i) (*entries)[i]["isFavorite"] = bool{marked[i]};
  return absl::OkStatus();
}

void EntryWriter::AddContent(Json* json, const Stat& stat, const Attributes& attributes) const {
  (*json)["contentType"] = ContentTypeOf(stat, attributes);
  (*json)["size"] = std::to_string(stat.size);
  (*json)["eTag"] = stat.Etag();
  // A client checks bytes against it, so none is better than one that may be wrong.
  const auto crc64 = call_.app.service.uploads().FindCrc64(stat.content);
  if (crc64.ok() && crc64->has_value()) (*json)["crc64"] = std::to_string(**crc64);
  if (with_content_cas_) (*json)["contentCas"] = stat.Etag();
}

std::string ContentTypeOf(const Stat& stat, const Attributes& attributes) {
  return attributes.content_type.empty() ? ContentTypeOf(stat.name) : attributes.content_type;
}

std::string TypeOf(const Stat& stat, const Attributes& attributes) {
  if (stat.type == EntryType::kDirectory) return "dir";
  // What was given bytes since, by a version that was set again, is a file like others.
  const auto said = attributes.metadata.find(kTypeKey);
  if (said != attributes.metadata.end() && stat.size == 0) return said->second;
  const std::string type = ContentTypeOf(stat, attributes);
  if (type.starts_with("image/")) return "image";
  return type.starts_with("video/") ? "video" : "file";
}

void AddAttributes(Json* json, const Attributes& attributes) {
  auto metadata = attributes.metadata;
  std::erase_if(metadata, [](const auto& one) { return one.first.starts_with(kOwnKeys); });
  if (!metadata.empty()) (*json)["metaData"] = metadata;
  if (!attributes.labels.empty()) (*json)["labels"] = attributes.labels;
  AddIfGiven(json, "category", attributes.category);
  AddIfGiven(json, "localCreationTime", attributes.local_creation_time);
  AddIfGiven(json, "localModificationTime", attributes.local_modification_time);
}

absl::Status CheckKeys(const std::map<std::string, std::string>& metadata) {
  for (const auto& [key, value] : metadata) {
    if (!key.starts_with(kOwnKeys)) continue;
    return MakeError(Code::kParamInvalid, "keys of metadata do not begin with marcot:");
  }
  return absl::OkStatus();
}

AttributeChanges TakeAttributes(Fields& body) {
  AttributeChanges changes;
  changes.metadata = body.Map("metaData").value_or(changes.metadata);
  body.Fail(CheckKeys(changes.metadata));
  changes.labels = body.Texts("labels");
  changes.category = body.Text("category");
  changes.content_type = body.Text("contentType");
  changes.local_creation_time = body.Text("localCreationTime");
  changes.local_modification_time = body.Text("localModificationTime");
  return changes;
}

Paging TakePaging(Query& query) {
  Paging paging;
  paging.page = query.Number("page").value_or(paging.page);
  paging.size = query.Number("page_size").value_or(paging.size);
  const bool right = paging.page >= 1 && paging.size >= 1 && paging.page <= kMaxPagedEntries &&
                     paging.size <= kMaxPagedEntries &&
                     paging.page * paging.size <= kMaxPagedEntries;
  if (right) return paging;
  query.Fail(MakeError(Code::kParamInvalid,
                       "`page` and `page_size` begin at 1 and their product is at most 10000; "
                       "use markers for more"));
  return {};
}

}  // namespace marcot::httpd

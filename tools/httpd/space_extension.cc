#include "space_extension.h"

#include "entry_json.h"
#include "marcot/error.h"

namespace marcot::httpd {
namespace {

constexpr const char* kFlags[] = {"isPublicRead", "isMultiAlbum", "allowPhoto", "allowVideo",
                                  "recognizeSensitiveContent"};
constexpr const char* kLists[] = {"allowPhotoExtname", "allowVideoExtname", "allowFileExtname"};
constexpr char kTag[] = "spaceTag";
// Fits into the attributes of a root that has no others, however they are encoded.
constexpr size_t kMaxBytes = kMaxAttributeBytes / 2;

std::string KeyOf(const char* field) { return std::string(kOwnKeys) + field; }

}  // namespace

AttributeChanges TakeExtension(Fields& body) {
  AttributeChanges changes;
  for (const char* const field : kFlags) {
    const auto flag = body.Flag(field);
    if (flag.has_value()) changes.metadata[KeyOf(field)] = *flag ? "true" : "false";
  }
  for (const char* const field : kLists) {
    const auto list = body.Texts(field);
    if (list.has_value()) changes.metadata[KeyOf(field)] = Dump(*list);
  }

  if (body.json().contains(kTag))
    changes.metadata[KeyOf(kTag)] = Dump(Json(body.Text(kTag).value_or("")));
  if (changes.metadata[KeyOf("isPublicRead")] == "true") {
    body.Fail(MakeError(Code::kParamInvalid,
                        "a space is not read without a token here; leave `isPublicRead` out"));
  }
  std::erase_if(changes.metadata, [](const auto& field) { return field.second.empty(); });
  size_t bytes = 0;
  for (const auto& [key, value] : changes.metadata) bytes += key.size() + value.size();
  if (bytes > kMaxBytes) {
    body.Fail(MakeError(Code::kParamInvalid, "what is said of a space may have 32 KiB; say less"));
  }
  return changes;
}

Json ExtensionOf(const Stat& root) {
  const Attributes attributes = root.attributes.Unpack();
  Json json = Json::object();
  for (const auto& [key, value] : attributes.metadata) {
    if (!key.starts_with(kOwnKeys)) continue;
    auto field = ParseJson(value);
    if (field.has_value() && *field != "")
      json[key.substr(sizeof kOwnKeys - 1)] = *std::move(field);
  }
  return json;
}

}  // namespace marcot::httpd

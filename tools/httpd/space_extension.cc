#include "space_extension.h"

#include "entry_json.h"
#include "marcot/error.h"

namespace marcot::httpd {
namespace {

constexpr const char* kFlags[] = {"isPublicRead", "isMultiAlbum", "allowPhoto", "allowVideo",
                                  "recognizeSensitiveContent"};
constexpr const char* kLists[] = {"allowPhotoExtname", "allowVideoExtname", "allowFileExtname"};
constexpr char kTag[] = "spaceTag";

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

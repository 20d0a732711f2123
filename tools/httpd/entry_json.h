// Entries on the wire, and the attributes that requests give them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "call.h"

namespace marcot::httpd {

// Writes entries as the query asks for them (with_inode, with_content_cas).
class EntryWriter {
 public:
  explicit EntryWriter(Call& call);

  // Of lists and of one entry: `path` is in it where it is given.
  Json Entry(const Stat& stat, const std::vector<std::string>* path = nullptr) const;
  // What an upload answers.
  Json File(const Stat& stat, const Placed& placed) const;
  // What is known of a file's content: type, size, eTag, crc64 and so on.
  void AddContent(Json* json, const Stat& stat, const Attributes& attributes) const;

 private:
  Call& call_;
  const bool with_inode_, with_content_cas_;
};

// Keys of metadata that begin like this are the frontend's own: no client sees or sets them.
inline constexpr char kOwnKeys[] = "marcot:";
// One of them: what a file is said to be where that does not follow from its content.
inline constexpr char kTypeKey[] = "marcot:type";
inline constexpr char kVirtual[] = "virtual";

// dir, file, image, video, symlink, virtual.
std::string TypeOf(const Stat& stat, const Attributes& attributes);
std::string ContentTypeOf(const Stat& stat, const Attributes& attributes);
// metaData, labels, category, local times, as far as there are any.
void AddAttributes(Json* json, const Attributes& attributes);

// ParamInvalid for metadata with a key of the frontend's own.
absl::Status CheckKeys(const std::map<std::string, std::string>& metadata);
// What a body says: metaData, labels, category, contentType, local times.
AttributeChanges TakeAttributes(Fields& body);

// The order and the page that a query asks for.
struct Paging {
  uint64_t page = 1, size = 20;
  uint64_t skip() const { return (page - 1) * size; }
};
Paging TakePaging(Query& query);  // page, page_size

}  // namespace marcot::httpd

// Entries on the wire, and the attributes that requests give them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "call.h"

namespace marcot::httpd {

// Writes entries as the query asks for them (with_inode, with_content_cas, with_favorite_status).
class EntryWriter {
 public:
  explicit EntryWriter(Call& call);

  // `path` is in it where it is given.
  Json Entry(const Stat& stat, const std::vector<std::string>* path = nullptr) const;
  // The same with the user's mark, for an answer that is one entry.
  absl::StatusOr<Json> MarkedEntry(const Space& space, const Stat& stat,
                                   const std::vector<std::string>* path = nullptr) const;
  // What an upload answers.
  Json File(const Stat& stat, const Placed& placed) const;
  // Says of each entry in the array whether it is a favourite of the user, where that is asked for.
  // `ids` are those of the entries, in their order.
  absl::Status AddFavoriteStatus(const Space& space, std::span<const ObjectId> ids,
                                 Json* entries) const;
  // What is known of a file's content: type, size, eTag, crc64 and so on.
  void AddContent(Json* json, const Stat& stat, const Attributes& attributes) const;

 private:
  Call& call_;
  const bool with_inode_, with_content_cas_, with_favorite_status_;
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

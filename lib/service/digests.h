// The digests of contents that came as uploads, and the contents that a hash names. They are kept
// with the commit that makes such a file, and forgotten some time after the content is gone.
//
//   digests/CONTENT                          size, crc64
//   known/LIBRARY/BEGINNING-SIZE-FULL        the content that has these hashes
//
// BEGINNING and FULL are KnownFile's hashes. One library does not learn what another one has.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "marcot/types.h"
#include "marcot/uploads.h"
#include "service/digest.h"
#include "service/shelf.h"

namespace marcot::service {

// A digest as fields of a record, and back.
void AddDigest(const Digest& digest, Record* record);
Digest DigestOf(const Record& record);

class Digests {
 public:
  explicit Digests(const Shelf& shelf) : shelf_(shelf) {}

  // What keeps a digest; to be part of a commit. None for the empty content.
  std::vector<BatchItem> KeepItems(const std::string& library_key, const ContentId& content,
                                   const Digest& digest) const;
  absl::StatusOr<std::optional<uint64_t>> FindCrc64(const ContentId& content) const;

  absl::StatusOr<bool> HasBeginning(const std::string& library_key, std::string_view beginning_hash,
                                    uint64_t size) const;
  absl::StatusOr<std::optional<ContentId>> FindContent(const std::string& library_key,
                                                       const KnownFile& file) const;
  absl::Status Forget(const std::string& library_key, const KnownFile& file) const;

  // Goes on where it ended the last time, and looks at some hundreds of them.
  absl::Status ExpireSome();

 private:
  absl::Status ExpireSomeOf(const std::string& directory, std::string* last) const;

  const Shelf& shelf_;
  std::string last_digest_, last_known_;  // of ExpireSome
  std::string library_;                   // that it is at
};

}  // namespace marcot::service

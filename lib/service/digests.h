// The digests of contents that came as uploads, and the contents that a hash names. A digest says
// what bytes are, so it stays true; one of a content that is gone is dropped when it is met.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "marcot/types.h"
#include "marcot/uploads.h"
#include "service/digest.h"
#include "service/shelf.h"

namespace marcot::service {

class Digests {
 public:
  explicit Digests(const Shelf& shelf) : shelf_(shelf) {}

  absl::Status Keep(const std::string& library, const ContentId& content,
                    const Digest& digest) const;
  // Nothing: it is not known.
  absl::StatusOr<std::optional<Digest>> Find(const ContentId& content) const;

  absl::StatusOr<bool> HasBeginning(const std::string& library, std::string_view beginning_hash,
                                    uint64_t size) const;
  absl::StatusOr<std::optional<ContentId>> FindContent(const std::string& library,
                                                       const KnownFile& file) const;
  absl::Status Forget(const std::string& library, const KnownFile& file) const;

 private:
  const Shelf& shelf_;
};

}  // namespace marcot::service

// The bytes of files: how a host streams them, and how it keeps them itself if it wants to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "marcot/types.h"

namespace marcot {

// Gives the bytes of a put, piece by piece: fills up to `capacity` bytes of `buffer`, answers how
// many; 0 is the end.
using ByteSource = std::function<absl::StatusOr<size_t>(char* buffer, size_t capacity)>;
// Takes the bytes of a read, piece by piece, in order. An error stops the read and is its answer.
using ByteSink = std::function<absl::Status(std::string_view piece)>;

// Keeps the bytes of files in place of the built-in store. Thread-safe. A content is written once
// and never changed; the store counts the entries that hold it and says when the last one is gone
// (Store::ReleasedContents).
class ContentStore {
 public:
  virtual ~ContentStore() = default;
  // Keeps the bytes and names them. The entry is made after this returns; if that fails, the
  // content is not on the released feed, so a store should be able to find such orphans itself.
  virtual absl::StatusOr<ContentRef> Write(const ByteSource& source) = 0;
  // Gives `length` bytes from `offset`, neither more nor less; all within its ContentRef's size.
  virtual absl::Status Read(const ContentId& id, uint64_t offset, uint64_t length,
                            const ByteSink& sink) = 0;
};

}  // namespace marcot

// Uploads on the shelf.
//
//   uploads/SPACE/KEY/upload       the record: target, strategy, user, size, times
//   uploads/SPACE/KEY/attributes   an empty file with the attributes that it began with
//   uploads/SPACE/KEY/file         the bytes, whole
//   uploads/SPACE/KEY/parts/N      or in parts
//   confirmed/SPACE/KEY            the record of one that is done: where the file was placed
//
// The confirm key is SPACE and KEY in one.
#pragma once

#include <memory>

#include "marcot/uploads.h"
#include "service/shelf.h"

namespace marcot::service {

std::unique_ptr<Uploads> MakeUploads(const Shelf& shelf);

// Drops what has expired, and what was of spaces that are gone.
absl::Status ExpireUploads(const Shelf& shelf);

}  // namespace marcot::service

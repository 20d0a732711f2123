// The files of an import: read, and put many to a commit.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "file_queue.h"
#include "import_target.h"

namespace marcot::tool {

// Puts the queue's files below `path`, until there are no more; the queue is stopped then, whatever
// the reason. Several threads may do it. In memory: what a batch holds, and one small file more.
absl::Status ImportFiles(FileQueue& queue, const std::string& path, ImportTarget& target);

}  // namespace marcot::tool

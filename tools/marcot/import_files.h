// The files of an import: read, and put many to a commit.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "host.h"
#include "import_target.h"

namespace marcot::tool {

inline constexpr size_t kImportBatchBytes = 512 << 10;

struct FileToImport {
  std::string host_path, path;  // on this machine; in the space, where its parent is
  struct stat stat;             // a file's or a symbolic link's
};

// In memory: what a batch holds, and one small file more.
absl::Status ImportFiles(const std::vector<FileToImport>& files, ImportTarget& target);

}  // namespace marcot::tool

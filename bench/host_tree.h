// Trees of empty files that the kernel keeps, on tmpfs.
#pragma once

#include <string>

#include "support.h"

namespace marcot::bench {

class HostTree {
 public:
  HostTree();
  ~HostTree();

  void Build(const TreeShape& shape);
  // By the path below the folder, so that the kernel walks as many names as Marcot.
  void Stat(const std::string& path) const;
  // `cp -a`, both paths below the folder.
  void Copy(const std::string& from, const std::string& to) const;
  void Remove(const std::string& path) const;

 private:
  const TempFolder folder_;
  const int folder_fd_;
};

}  // namespace marcot::bench

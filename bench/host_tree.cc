#include "host_tree.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace marcot::bench {
namespace {

constexpr char kTmpfs[] = "/dev/shm";

}  // namespace

HostTree::HostTree()
    : folder_(kTmpfs), folder_fd_(open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY)) {
  if (folder_fd_ < 0) Die("cannot open " + folder_.path().string());
}

HostTree::~HostTree() { close(folder_fd_); }

void HostTree::Build(const TreeShape& shape) {
  for (uint64_t i = 0; i < shape.files(); ++i) {
    if (i % TreeShape::kFanout == 0) {
      std::filesystem::create_directories(folder_.path() / shape.DirectoryOf(i));
    }
    const int fd = openat(folder_fd_, shape.FilePath(i).c_str(), O_CREAT | O_WRONLY, 0600);
    if (fd < 0) Die("cannot make " + shape.FilePath(i));
    close(fd);
  }
}

void HostTree::Stat(const std::string& path) const {
  struct stat out;
  if (fstatat(folder_fd_, path.c_str(), &out, 0) != 0) Die("no file " + path);
  benchmark::DoNotOptimize(out);
}

void HostTree::Copy(const std::string& from, const std::string& to) const {
  std::string source = folder_.path() / from, target = folder_.path() / to;
  char program[] = "cp", option[] = "-a";
  char* const args[] = {program, option, source.data(), target.data(), nullptr};
  pid_t child;
  int status = 0;
  if (posix_spawnp(&child, program, nullptr, nullptr, args, environ) != 0) Die("cannot run cp");
  if (waitpid(child, &status, 0) != child || status != 0) Die("cp failed");
}

void HostTree::Remove(const std::string& path) const {
  std::filesystem::remove_all(folder_.path() / path);
}

}  // namespace marcot::bench

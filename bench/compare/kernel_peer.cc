#include "kernel_peer.h"

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>

#include "../support.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr char kTypeName[] = "user.type";
constexpr char kContentName[] = "user.content";

int OpenDirectory(int at, const std::string& path) {
  const int fd = openat(at, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) Die("cannot open " + path);
  return fd;
}

void CreateAt(int directory, const std::string& path, const File& file) {
  const int fd = openat(directory, path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
  const uint64_t content[] = {file.content_hi, file.content_lo};
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(file.size)) != 0 ||
      fsetxattr(fd, kTypeName, kContentType.data(), kContentType.size(), XATTR_CREATE) != 0 ||
      fsetxattr(fd, kContentName, content, sizeof content, XATTR_CREATE) != 0) {
    Die("cannot make " + path);
  }
  close(fd);
}

bool IsDots(std::string_view name) { return name == "." || name == ".."; }

}  // namespace

void RunProgram(const std::vector<std::string>& command) {
  std::vector<char*> args;
  for (const std::string& word : command) args.push_back(const_cast<char*>(word.c_str()));
  args.push_back(nullptr);
  pid_t child;
  int status = 0;
  if (posix_spawnp(&child, args[0], nullptr, nullptr, args.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    Die(command[0] + " failed");
  }
}

KernelPeer::KernelPeer(const std::string& folder, std::vector<std::string> cp)
    : folder_(folder), folder_fd_(OpenDirectory(AT_FDCWD, folder)), cp_(std::move(cp)) {}

KernelPeer::~KernelPeer() { close(folder_fd_); }

void KernelPeer::Build(const Tree& tree) {
  for (uint64_t leaf = 0; leaf < tree.leaves(); ++leaf) {
    const std::string path = tree.LeafPath(leaf);
    MakeDirectory(path);
    const int directory = OpenDirectory(folder_fd_, path);
    for (uint64_t i = 0; i < tree.files_in_leaf(); ++i) CreateAt(directory, FileName(i), NewFile());
    close(directory);
  }
}

void KernelPeer::MakeDirectory(const std::string& path) {
  std::filesystem::create_directories(FullPath(path));
}

void KernelPeer::CreateFile(const std::string& path, const File& file) {
  CreateAt(folder_fd_, path, file);
}

void KernelPeer::Copy(const std::string& from, const std::string& to) {
  std::vector<std::string> command = cp_;
  command.push_back(FullPath(from));
  command.push_back(FullPath(to));
  RunProgram(command);
}

void KernelPeer::Move(const std::string& from, const std::string& to) {
  if (renameat(folder_fd_, from.c_str(), folder_fd_, to.c_str()) != 0) Die("cannot move " + from);
}

void KernelPeer::Delete(const std::string& path) { std::filesystem::remove_all(FullPath(path)); }

// What is written back later is of no other's turn.
void KernelPeer::Settle() {
  if (syncfs(folder_fd_) != 0) Die("cannot sync " + folder_);
}

std::optional<File> KernelPeer::Stat(const std::string& path) {
  struct stat out;
  if (fstatat(folder_fd_, path.c_str(), &out, 0) != 0) return std::nullopt;
  return File{.size = static_cast<uint64_t>(out.st_size)};
}

std::optional<File> KernelPeer::ReadAll(const std::string& path) {
  std::optional<File> file = Stat(path);
  uint64_t content[2];
  char type[32];
  if (!file) return file;
  const std::string full = FullPath(path);
  const ssize_t type_size = getxattr(full.c_str(), kTypeName, type, sizeof type);
  if (getxattr(full.c_str(), kContentName, content, sizeof content) != sizeof content ||
      type_size < 0 || std::string_view(type, static_cast<size_t>(type_size)) != kContentType) {
    return std::nullopt;
  }
  file->content_hi = content[0];
  file->content_lo = content[1];
  return file;
}

Totals KernelPeer::List(const std::string& path) {
  DIR* const directory = fdopendir(OpenDirectory(folder_fd_, path));
  if (directory == nullptr) Die("cannot list " + path);
  Totals totals;
  struct stat out;
  while (const dirent* entry = readdir(directory)) {
    if (IsDots(entry->d_name)) continue;
    if (fstatat(dirfd(directory), entry->d_name, &out, AT_SYMLINK_NOFOLLOW) != 0) {
      Die(std::string("no attributes of ") + entry->d_name);
    }
    ++totals.entries;
    if (S_ISREG(out.st_mode)) totals.bytes += static_cast<uint64_t>(out.st_size);
  }
  closedir(directory);
  return totals;
}

Totals KernelPeer::Size(const std::string& path) {
  std::string full = FullPath(path);
  char* const roots[] = {full.data(), nullptr};
  FTS* const walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, nullptr);
  if (walk == nullptr) Die("cannot walk " + full);
  Totals totals;
  while (const FTSENT* entry = fts_read(walk)) {
    if (entry->fts_info != FTS_F) continue;
    ++totals.entries;
    totals.bytes += static_cast<uint64_t>(entry->fts_statp->st_size);
  }
  fts_close(walk);
  return totals;
}

std::unique_ptr<Peer> MakeExt4(const std::string& folder) {
  return std::make_unique<KernelPeer>(folder, std::vector<std::string>{"cp", "-a"});
}

std::unique_ptr<Peer> MakeXfs(const std::string& folder) {
  return std::make_unique<KernelPeer>(folder,
                                      std::vector<std::string>{"cp", "-a", "--reflink=always"});
}

}  // namespace marcot::compare

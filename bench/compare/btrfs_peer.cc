// Subvolumes: each directory at the top is one, so that a snapshot can copy it.
#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>

#include "../support.h"
#include "kernel_peer.h"

namespace marcot::compare {
namespace {

using bench::Die;

template <typename Args>
void SetName(Args& args, std::string_view name) {
  if (name.size() >= sizeof args.name) Die("a name is too long for btrfs");
  std::memcpy(args.name, name.data(), name.size());
}

class BtrfsPeer : public KernelPeer {
 public:
  explicit BtrfsPeer(const std::string& folder) : KernelPeer(folder, {}), folder_(folder) {}

  bool CopiesAtOnce() const override { return true; }

  void Build(const Tree& tree) override {
    MakeSubvolume(tree.root());
    KernelPeer::Build(tree);
  }

  void Copy(const std::string& from, const std::string& to) override {
    const SplitName target = SplitLast(to);
    btrfs_ioctl_vol_args_v2 args{};
    args.fd = Open(from);
    SetName(args, target.name);
    Call(std::string(target.parent), BTRFS_IOC_SNAP_CREATE_V2, args);
    close(static_cast<int>(args.fd));
  }

  void Delete(const std::string& path) override {
    const SplitName target = SplitLast(path);
    btrfs_ioctl_vol_args args{};
    SetName(args, target.name);
    Call(std::string(target.parent), BTRFS_IOC_SNAP_DESTROY, args);
  }

  // The sync wakes who cleans up after deleted subvolumes, else that is at the next commit.
  void Settle() override {
    const int fd = Open("");
    if (ioctl(fd, BTRFS_IOC_SYNC) != 0) Die("cannot sync btrfs");
    close(fd);
    RunProgram({"btrfs", "-q", "subvolume", "sync", folder_});
  }

 private:
  int Open(const std::string& path) const {
    const int fd = open(FullPath(path).c_str(), O_RDONLY | O_DIRECTORY);
    if (fd < 0) Die("cannot open " + path);
    return fd;
  }

  template <typename Args>
  void Call(const std::string& directory, unsigned long request, Args& args) const {
    const int fd = Open(directory);
    if (ioctl(fd, request, &args) != 0) Die("btrfs refuses a subvolume in /" + directory);
    close(fd);
  }

  void MakeSubvolume(const std::string& name) const {
    btrfs_ioctl_vol_args args{};
    SetName(args, name);
    Call("", BTRFS_IOC_SUBVOL_CREATE, args);
  }

  const std::string folder_;
};

}  // namespace

std::unique_ptr<Peer> MakeBtrfs(const std::string& folder) {
  return std::make_unique<BtrfsPeer>(folder);
}

}  // namespace marcot::compare

// A copy is a mount whose lower layer is the source and whose upper layer is a new directory. The
// source itself is a plain directory, so what is measured of it is left to ext4. Volatile: else the
// kernel syncs the file system with each unmount.
#include <sys/mount.h>

#include <filesystem>
#include <map>

#include "../support.h"
#include "kernel_peer.h"

namespace marcot::compare {
namespace {

using bench::Die;

class OverlayPeer : public KernelPeer {
 public:
  explicit OverlayPeer(const std::string& folder) : KernelPeer(folder, {}), folder_(folder) {}
  ~OverlayPeer() override {
    for (const auto& [path, layers] : layers_) Unmount(path);
  }

  bool Does(Operation operation) const override {
    switch (operation) {
      case Operation::kBulk:
      case Operation::kCopy:
      case Operation::kFirstWrite:
      case Operation::kStatInCopy:
      case Operation::kListInCopy:
      case Operation::kRenameCopies:
      case Operation::kDeleteCopy:
      case Operation::kDelete:
        return true;
      default:
        return false;
    }
  }
  bool CopiesAtOnce() const override { return true; }

  void Copy(const std::string& from, const std::string& to) override {
    const std::string layers = folder_ + "/.layers-" + std::to_string(++last_);
    for (const char* name : {"", "/upper", "/work"})
      std::filesystem::create_directory(layers + name);
    std::filesystem::create_directory(FullPath(to));
    const std::string options = "lowerdir=" + FullPath(from) + ",upperdir=" + layers + "/upper" +
                                ",workdir=" + layers + "/work,redirect_dir=on,metacopy=on,volatile";
    if (mount("overlay", FullPath(to).c_str(), "overlay", 0, options.c_str()) != 0) {
      Die("cannot mount " + to);
    }
    layers_[to] = layers;
  }

  void Delete(const std::string& path) override {
    const auto copy = layers_.find(path);
    if (copy != layers_.end()) {
      Unmount(path);
      std::filesystem::remove_all(copy->second);
      layers_.erase(copy);
    }
    KernelPeer::Delete(path);
  }

 private:
  void Unmount(const std::string& path) const {
    if (umount2(FullPath(path).c_str(), 0) != 0) Die("cannot unmount " + path);
  }

  const std::string folder_;
  uint64_t last_ = 0;
  std::map<std::string, std::string> layers_;  // of each copy
};

}  // namespace

std::unique_ptr<Peer> MakeOverlay(const std::string& folder) {
  return std::make_unique<OverlayPeer>(folder);
}

}  // namespace marcot::compare

// The kernel's own memory: what a warm look-up is held against.
#include "kernel_peer.h"

namespace marcot::compare {
namespace {

class TmpfsPeer : public KernelPeer {
 public:
  explicit TmpfsPeer(const std::string& folder) : KernelPeer(folder, {}) {}

  bool Does(Operation operation) const override {
    return operation == Operation::kBulk || operation == Operation::kStat ||
           operation == Operation::kList || operation == Operation::kSize ||
           operation == Operation::kDelete;
  }
};

}  // namespace

std::unique_ptr<Peer> MakeTmpfs(const std::string& folder) {
  return std::make_unique<TmpfsPeer>(folder);
}

}  // namespace marcot::compare

// A directory of a mounted file system. Files are sparse; content type and content id are extended
// attributes, which fit into the inode.
#pragma once

#include <string>
#include <vector>

#include "peer.h"

namespace marcot::compare {

class KernelPeer : public Peer {
 public:
  // `cp`: the command that copies a tree, source and target to follow.
  KernelPeer(const std::string& folder, std::vector<std::string> cp);
  ~KernelPeer() override;

  bool CopiesAtOnce() const override { return false; }
  void Build(const Tree& tree) override;
  void MakeDirectory(const std::string& path) override;
  void CreateFile(const std::string& path, const File& file) override;
  void Copy(const std::string& from, const std::string& to) override;
  void Move(const std::string& from, const std::string& to) override;
  void Delete(const std::string& path) override;
  void Settle() override;
  std::optional<File> Stat(const std::string& path) override;
  std::optional<File> ReadAll(const std::string& path) override;
  Totals List(const std::string& path) override;
  Totals Size(const std::string& path) override;

 protected:
  std::string FullPath(const std::string& path) const { return folder_ + "/" + path; }

 private:
  const std::string folder_;
  const int folder_fd_;
  const std::vector<std::string> cp_;
};

// Runs a program and waits for it; one that fails ends this one.
void RunProgram(const std::vector<std::string>& command);

}  // namespace marcot::compare

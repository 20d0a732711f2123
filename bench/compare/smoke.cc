#include "smoke.h"

#include <set>

#include "../support.h"

namespace marcot::compare {
namespace {

constexpr uint64_t kFiles = 1'000;

class Check {
 public:
  explicit Check(const Contestant& contestant)
      : name_(contestant.name), peer_(*contestant.peer), tree_("tree", kFiles) {}

  void Run() {
    peer_.Build(tree_);
    CheckLists(tree_.root());
    if (peer_.Does(Operation::kLoad)) CheckLoad();
    CheckCreates();
    if (!peer_.Does(Operation::kCopy)) return;
    CheckTree();
    CheckCopy();
    if (peer_.Does(Operation::kMove)) CheckMove();
    CheckRenameCopies();
    CheckDelete();
  }

 private:
  void Expect(bool holds, const std::string& what) const {
    if (!holds) bench::Die(name_ + ": " + what);
  }

  void CheckLists(const std::string& root) {
    for (uint64_t leaf = 0; leaf < tree_.leaves(); ++leaf) {
      Expect(peer_.List(tree_.LeafPath(root, leaf)).entries == kFanout, "a list is not complete");
    }
  }

  // Each file has attributes and a content of its own, and the sums are those of the files.
  void CheckTree() {
    std::set<std::pair<uint64_t, uint64_t>> contents;
    for (uint64_t i = 0; i < kFiles; ++i) {
      const auto file = peer_.ReadAll(tree_.FilePath(tree_.root(), i));
      Expect(file.has_value(), "a file is not there");
      bytes_ += file->size;
      contents.insert({file->content_hi, file->content_lo});
    }
    Expect(contents.size() == kFiles, "contents are not those that were put");
    Expect(peer_.Size(tree_.root()) == Totals{kFiles, bytes_}, "the size is wrong");
    Expect(peer_.List(tree_.root()).entries == 1, "the root's list is wrong");
    Expect(!peer_.Stat(tree_.root() + "/nothing"), "what is not there has attributes");
  }

  void CheckLoad() {
    const Tree tree("loaded", kFiles);
    peer_.Load(tree);
    CheckLists(tree.root());
    Expect(peer_.Size(tree.root()).entries == kFiles, "what was loaded is not all there");
    Expect(peer_.Stat(tree.FilePath(tree.root(), kFiles - 1)).has_value(), "a file was not loaded");
  }

  void CheckCreates() {
    const std::string directory = "singles/a/b/c/d";
    if (peer_.Does(Operation::kCreate)) {
      peer_.MakeDirectory(directory);
      for (uint64_t i = 0; i < kFanout; ++i) Create(directory + "/" + FileName(i));
      Expect(peer_.List(directory).entries == kFanout, "single files are missing");
    }
    if (peer_.Does(Operation::kCreateBy16)) CheckMany("many", false);
    if (peer_.Does(Operation::kCreateSyncedBy16)) CheckMany("synced", true);
  }

  void CheckMany(const std::string& root, bool synced) {
    MeasureCreatesBy16(peer_, root, kFanout, synced);
    for (int i = 0; i < 16; ++i) {
      const Tree made(root + "-" + std::to_string(i), kFanout);
      Expect(peer_.List(made.LeafPath(0)).entries == kFanout, "files of 16 callers are missing");
    }
  }

  File Create(const std::string& path) {
    const File file = NewFile();
    peer_.CreateFile(path, file);
    if (peer_.Does(Operation::kCopy)) Expect(peer_.ReadAll(path) == file, "a file is wrong");
    return file;
  }

  void CheckSame(const std::string& copy) {
    for (uint64_t i = 0; i < kFiles; ++i) {
      const auto file = peer_.ReadAll(tree_.FilePath(copy, i));
      Expect(file && file == peer_.ReadAll(tree_.FilePath(tree_.root(), i)), "a copy differs");
    }
    CheckLists(copy);
  }

  // Neither side sees what is made on the other.
  void CheckCopy() {
    peer_.Copy(tree_.root(), copy_);
    CheckSame(copy_);
    const std::string in_copy = tree_.LeafPath(copy_, 3) + "/in-copy";
    copied_bytes_ = bytes_ + Create(in_copy).size;
    Expect(!peer_.Stat(tree_.LeafPath(3) + "/in-copy"), "the source changed with its copy");
    Expect(peer_.Size(tree_.root()) == Totals{kFiles, bytes_}, "the source's size changed");
    Expect(peer_.Size(copy_) == Totals{kFiles + 1, copied_bytes_}, "the copy's size is wrong");
    if (!peer_.Does(Operation::kCreate)) return;  // an overlay's source has to stay as it is
    bytes_ += Create(tree_.LeafPath(5) + "/in-source").size;
    Expect(!peer_.Stat(tree_.LeafPath(copy_, 5) + "/in-source"), "the copy changed");
    source_files_ = kFiles + 1;
  }

  void CheckMove() {
    peer_.Move(copy_, "moved");
    Expect(!peer_.Stat(tree_.FilePath(copy_, 0)), "what was moved is still there");
    copy_ = "moved";
    Expect(peer_.Size(copy_) == Totals{kFiles + 1, copied_bytes_}, "a move lost something");
  }

  void CheckRenameCopies() {
    const Tree small("small", kFanout, 2);
    peer_.Build(small);
    peer_.MakeDirectory("into");
    for (uint64_t i = 0; i < 5; ++i) peer_.CopyOnto(small.root(), "into/name", i);
    for (const char* name : {"name", "name (1)", "name (4)"}) {
      const std::string copy = std::string("into/") + name;
      Expect(peer_.List(copy).entries == kFanout, "a renamed copy is not there");
      Expect(peer_.ReadAll(copy + "/" + FileName(7)) == peer_.ReadAll("small/" + FileName(7)),
             "a renamed copy differs");
    }
    Expect(peer_.List("into").entries == 5, "there are not five copies");
  }

  void CheckDelete() {
    peer_.Delete(copy_);
    peer_.Settle();
    Expect(!peer_.Stat(tree_.FilePath(copy_, 0)), "what was deleted is still there");
    Expect(peer_.Size(tree_.root()) == Totals{source_files_, bytes_}, "the source went too");
    peer_.Delete(tree_.root());
    peer_.Settle();
    Expect(!peer_.Stat(tree_.FilePath(tree_.root(), 0)), "what was deleted is still there");
  }

  const std::string name_;
  Peer& peer_;
  const Tree tree_;
  std::string copy_ = "copy";
  uint64_t source_files_ = kFiles;
  uint64_t bytes_ = 0, copied_bytes_ = 0;
};

}  // namespace

void CheckPeer(const Contestant& contestant) { Check(contestant).Run(); }

}  // namespace marcot::compare

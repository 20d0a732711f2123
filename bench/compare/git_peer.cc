// Trees of a bare repository; a reference names the root. A file is an entry whose object id is its
// content id and its size: times and types, which git does not keep in trees, are left out.
//
// A whole tree becomes a pack; a single change writes loose trees up to the root. Nothing is
// synced.
#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/repository.h>

#include <cstring>

#include "../support.h"
#include "peer.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr char kRootReference[] = "refs/namespace/root";
constexpr size_t kCachedTreeBytes = 64 << 10;
constexpr size_t kCacheBytes = 512 << 20;

void Must(int code) {
  if (code < 0) Die(std::string("libgit2: ") + git_error_last()->message);
}

// A handle that libgit2 frees.
template <typename T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, std::integral_constant<decltype(Free), Free>>;
using Repository = Handle<git_repository, git_repository_free>;
using Odb = Handle<git_odb, git_odb_free>;
using GitTree = Handle<git_tree, git_tree_free>;
using Builder = Handle<git_treebuilder, git_treebuilder_free>;
using Entry = Handle<git_tree_entry, git_tree_entry_free>;
using Packer = Handle<git_packbuilder, git_packbuilder_free>;
using Reference = Handle<git_reference, git_reference_free>;

// Ids of 20 bytes hold a content id of 16 and a size of 4.
git_oid FileOid(const File& file) {
  git_oid oid;
  const auto size = static_cast<uint32_t>(file.size);
  std::memcpy(oid.id, &file.content_hi, 8);
  std::memcpy(oid.id + 8, &file.content_lo, 8);
  std::memcpy(oid.id + 16, &size, 4);
  return oid;
}

File FileOf(const git_oid& oid) {
  File file;
  uint32_t size;
  std::memcpy(&file.content_hi, oid.id, 8);
  std::memcpy(&file.content_lo, oid.id + 8, 8);
  std::memcpy(&size, oid.id + 16, 4);
  file.size = size;
  return file;
}

bool IsDirectory(const git_tree_entry* entry) {
  return git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE;
}

void Insert(git_treebuilder* builder, const std::string& name, const git_oid& oid,
            git_filemode_t mode) {
  Must(git_treebuilder_insert(nullptr, builder, name.c_str(), &oid, mode));
}

Builder NewBuilder(git_repository* repository, const git_tree* from = nullptr) {
  git_treebuilder* builder;
  Must(git_treebuilder_new(&builder, repository, from));
  return Builder(builder);
}

git_oid WriteTree(git_treebuilder* builder) {
  git_oid oid;
  Must(git_treebuilder_write(&oid, builder));
  return oid;
}

// Makes the objects of a tree in memory and writes them as one pack.
class Bulk {
 public:
  explicit Bulk(const Tree& tree) : tree_(tree) {
    git_odb* odb;
    Must(git_odb_new(&odb));
    odb_.reset(odb);
    git_odb_backend* memory;
    Must(git_mempack_new(&memory));
    Must(git_odb_add_backend(odb, memory, 1));
    git_repository* repository;
    Must(git_repository_wrap_odb(&repository, odb));
    repository_.reset(repository);
    git_packbuilder* packer;
    Must(git_packbuilder_new(&packer, repository));
    packer_.reset(packer);
    git_packbuilder_set_threads(packer, 0);
  }

  // Answers the object of the tree's root.
  git_oid Write(const std::string& folder) {
    const git_oid root = WriteLevel(0);
    Must(git_packbuilder_write(packer_.get(), folder.c_str(), 0, nullptr, nullptr));
    return root;
  }

 private:
  git_oid WriteLevel(size_t level) {
    const Builder builder = NewBuilder(repository_.get());
    const bool files = level + 1 == tree_.fanouts().size();
    for (uint64_t i = 0; i < tree_.fanouts()[level]; ++i) {
      if (files) {
        Insert(builder.get(), FileName(i), FileOid(NewFile()), GIT_FILEMODE_BLOB);
      } else {
        Insert(builder.get(), DirectoryName(i), WriteLevel(level + 1), GIT_FILEMODE_TREE);
      }
    }
    const git_oid oid = WriteTree(builder.get());
    Must(git_packbuilder_insert(packer_.get(), &oid, nullptr));
    return oid;
  }

  const Tree& tree_;
  Odb odb_;
  Repository repository_;
  Packer packer_;
};

class GitPeer : public Peer {
 public:
  explicit GitPeer(const std::string& folder) : packs_(folder + "/objects/pack") {
    git_libgit2_init();
    Must(git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0));
    Must(git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0));
    Must(git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, kCachedTreeBytes));
    Must(git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, static_cast<ssize_t>(kCacheBytes)));
    git_repository* repository;
    Must(git_repository_init(&repository, folder.c_str(), 1));
    repository_.reset(repository);
    SetRoot(WriteTree(NewBuilder(repository).get()));
  }
  ~GitPeer() override {
    root_.reset();
    repository_.reset();
    git_libgit2_shutdown();
  }

  bool Does(Operation operation) const override {
    return operation != Operation::kCreateBy16 && Peer::Does(operation);
  }
  bool CopiesAtOnce() const override { return true; }

  void Build(const Tree& tree) override {
    const git_oid oid = Bulk(tree).Write(packs_);
    git_odb* odb;
    Must(git_repository_odb(&odb, repository_.get()));
    Must(git_odb_refresh(Odb(odb).get()));
    Replace(tree.root(), &oid, GIT_FILEMODE_TREE);
  }

  void MakeDirectory(const std::string& path) override {
    std::string ancestor;
    for (const std::string_view name : SplitPath(path)) {
      ancestor += (ancestor.empty() ? "" : "/") + std::string(name);
      if (Find(ancestor) != nullptr) continue;
      const git_oid empty = WriteTree(NewBuilder(repository_.get()).get());
      Replace(ancestor, &empty, GIT_FILEMODE_TREE);
    }
  }
  void CreateFile(const std::string& path, const File& file) override {
    const git_oid oid = FileOid(file);
    Replace(path, &oid, GIT_FILEMODE_BLOB);
  }
  void Copy(const std::string& from, const std::string& to) override {
    Replace(to, git_tree_entry_id(Find(from).get()), GIT_FILEMODE_TREE);
  }
  void Move(const std::string& from, const std::string& to) override {
    const Entry entry = Find(from);
    const git_oid without = WithReplaced(root_.get(), from, nullptr, GIT_FILEMODE_TREE);
    const GitTree tree = Load(without);
    SetRoot(WithReplaced(tree.get(), to, git_tree_entry_id(entry.get()), GIT_FILEMODE_TREE));
  }
  // What no tree holds any more is left to `git gc`.
  void Delete(const std::string& path) override { Replace(path, nullptr, GIT_FILEMODE_TREE); }

  std::optional<File> Stat(const std::string& path) override {
    const Entry entry = Find(path);
    if (entry == nullptr) return std::nullopt;
    return FileOf(*git_tree_entry_id(entry.get()));
  }

  Totals List(const std::string& path) override {
    const GitTree tree = Load(*git_tree_entry_id(Find(path).get()));
    Totals totals;
    for (size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
      benchmark::DoNotOptimize(git_tree_entry_name(entry));
      ++totals.entries;
      if (!IsDirectory(entry)) totals.bytes += FileOf(*git_tree_entry_id(entry)).size;
    }
    return totals;
  }

  Totals Size(const std::string& path) override {
    return SizeOf(*git_tree_entry_id(Find(path).get()));
  }

 private:
  GitTree Load(const git_oid& oid) const {
    git_tree* tree;
    Must(git_tree_lookup(&tree, repository_.get(), &oid));
    return GitTree(tree);
  }

  // Null: nothing is there.
  Entry Find(const std::string& path) const {
    git_tree_entry* entry;
    const int code = git_tree_entry_bypath(&entry, root_.get(), path.c_str());
    if (code == GIT_ENOTFOUND) return nullptr;
    Must(code);
    return Entry(entry);
  }

  // Writes the trees from the path up; answers what is then the root. No `oid`: the entry goes.
  git_oid WithReplaced(const git_tree* tree, std::string_view path, const git_oid* oid,
                       git_filemode_t mode) const {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string name(path.substr(0, slash));
    const Builder builder = NewBuilder(repository_.get(), tree);
    if (slash < path.size()) {
      const GitTree child = Load(*git_tree_entry_id(git_tree_entry_byname(tree, name.c_str())));
      const git_oid changed = WithReplaced(child.get(), path.substr(slash + 1), oid, mode);
      Insert(builder.get(), name, changed, GIT_FILEMODE_TREE);
    } else if (oid != nullptr) {
      Insert(builder.get(), name, *oid, mode);
    } else {
      Must(git_treebuilder_remove(builder.get(), name.c_str()));
    }
    return WriteTree(builder.get());
  }

  void Replace(std::string_view path, const git_oid* oid, git_filemode_t mode) {
    SetRoot(WithReplaced(root_.get(), path, oid, mode));
  }

  void SetRoot(const git_oid& oid) {
    git_reference* reference;
    Must(git_reference_create(&reference, repository_.get(), kRootReference, &oid, 1, nullptr));
    Reference{reference};
    root_ = Load(oid);
  }

  Totals SizeOf(const git_oid& oid) const {
    const GitTree tree = Load(oid);
    Totals totals;
    for (size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
      const git_oid& child = *git_tree_entry_id(entry);
      const Totals below = IsDirectory(entry) ? SizeOf(child) : Totals{1, FileOf(child).size};
      totals.entries += below.entries;
      totals.bytes += below.bytes;
    }
    return totals;
  }

  const std::string packs_;
  Repository repository_;
  GitTree root_;
};

}  // namespace

std::unique_ptr<Peer> MakeGit(const std::string& folder) {
  return std::make_unique<GitPeer>(folder);
}

}  // namespace marcot::compare

#include <span>

#include "../support.h"
#include "marcot/marcot.hpp"
#include "peer.h"

namespace marcot::compare {
namespace {

using bench::Must;

Attributes FileAttributes() {
  Attributes attributes;
  attributes.content_type = kContentType;
  return attributes;
}

ContentRef Content(const File& file) {
  return {.id = {file.content_hi, file.content_lo}, .size = file.size, .unique_id = true};
}

class MarcotPeer : public Peer {
 public:
  MarcotPeer() : options_{.attributes = FileAttributes()}, synced_(options_) {
    synced_.durability = Durability::kSynced;
    for (BatchItem& item : batch_) item.space = space();
  }

  bool Does(Operation) const override { return true; }
  bool CopiesAtOnce() const override { return true; }

  void Build(const Tree& tree) override {
    for (uint64_t leaf = 0; leaf < tree.leaves(); ++leaf) {
      const std::string directory = tree.LeafPath(leaf);
      BatchItem& made = AddToBatch(BatchItem::Kind::kMakeDirectory);
      made.path = directory;
      made.attributes.content_type.clear();
      for (uint64_t i = 0; i < tree.files_in_leaf(); ++i) {
        BatchItem& put = AddToBatch(BatchItem::Kind::kPutReference);
        put.path.assign(directory).append("/").append(FileName(i));
        put.content = Content(NewFile());
        put.attributes.content_type = kContentType;
      }
    }
    RunBatch();
  }

  void Load(const Tree& tree) override {
    const auto load = Must(space().BeginBulkLoad());
    LoadLevel(*load, tree, 0);
    Must(load->Finish(tree.root()).status());
  }

  void MakeDirectory(const std::string& path) override {
    Must(space().MakeDirectory(path).status());
  }
  void CreateFile(const std::string& path, const File& file) override {
    Must(space().PutReference(path, Content(file), options_).status());
  }
  void CreateFileSynced(const std::string& path, const File& file) override {
    Must(space().PutReference(path, Content(file), synced_).status());
  }
  void Copy(const std::string& from, const std::string& to) override {
    Must(space().CopyDirectory(from, to).status());
  }
  // The free name is Marcot's to find, as in use; the others are told it.
  void CopyOnto(const std::string& from, const std::string& to, uint64_t) override {
    Must(space().CopyDirectory(from, to, {.strategy = Strategy::kRename}).status());
  }
  void Move(const std::string& from, const std::string& to) override {
    Must(space().MoveDirectory(from, to).status());
  }
  void Delete(const std::string& path) override { Must(space().DeleteDirectory(path).status()); }
  void Settle() override {
    Must(store_.store().ReclaimUntilIdle());
    bench::AwaitCompaction(store_.store());
  }

  std::optional<File> Stat(const std::string& path) override {
    const auto found = space().GetStat(path);
    if (!found.ok() && CodeOf(found.status()) == Code::kPathNotFound) return std::nullopt;
    Must(found.status());
    return File{found->size, found->content.hi, found->content.lo};
  }

  Totals List(const std::string& path) override {
    ListOptions options;
    options.limit = 1000;
    Totals totals;
    do {
      Page page = Must(space().List(path, options));
      totals.entries += page.entries.size();
      for (const marcot::Stat& entry : page.entries) totals.bytes += entry.size;
      options.marker = std::move(page.marker);
    } while (!options.marker.empty());
    return totals;
  }

  Totals Size(const std::string& path) override {
    const RecursiveTotals totals = Must(space().GetTotals(path));
    return {.entries = totals.files, .bytes = totals.bytes};
  }

 private:
  const Space& space() const { return store_.space(); }

  void LoadLevel(BulkLoad& load, const Tree& tree, size_t level) {
    const bool files = level + 1 == tree.fanouts().size();
    for (uint64_t i = 0; i < tree.fanouts()[level]; ++i) {
      if (files) {
        Must(load.AddFile(FileName(i), Content(NewFile()), options_.attributes));
        continue;
      }
      Must(load.EnterDirectory(DirectoryName(i)));
      LoadLevel(load, tree, level + 1);
      Must(load.LeaveDirectory());
    }
  }

  BatchItem& AddToBatch(BatchItem::Kind kind) {
    if (batched_ == batch_.size()) RunBatch();
    BatchItem& item = batch_[batched_++];
    item.kind = kind;
    return item;
  }

  void RunBatch() {
    Must(store_.store().RunAtomically(std::span(batch_).first(batched_)).status());
    batched_ = 0;
  }

  bench::BenchStore store_;
  PutOptions options_, synced_;
  // Filled again and again, as a host would: strings keep their memory.
  std::vector<BatchItem> batch_{kMaxBatchItems};
  size_t batched_ = 0;
};

}  // namespace

std::unique_ptr<Peer> MakeMarcot() { return std::make_unique<MarcotPeer>(); }

}  // namespace marcot::compare

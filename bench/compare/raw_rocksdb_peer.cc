// No peer but the measure: records as Marcot stores them, put one by one into a RocksDB of the same
// options and read through one iterator a directory.
#include "../raw_db.h"
#include "../support.h"
#include "absl/container/flat_hash_map.h"
#include "peer.h"

namespace marcot::compare {
namespace {

Attributes FileAttributes() {
  Attributes attributes;
  attributes.content_type = kContentType;
  return attributes;
}

class RawRocksdbPeer : public Peer {
 public:
  bool Does(Operation operation) const override {
    return operation == Operation::kBulk || operation == Operation::kCreate ||
           operation == Operation::kCreateBy16 || operation == Operation::kList;
  }
  bool CopiesAtOnce() const override { return false; }

  void Build(const Tree& tree) override {
    for (uint64_t leaf = 0; leaf < tree.leaves(); ++leaf) {
      const std::string path = tree.LeafPath(leaf);
      MakeDirectory(path);
      Directory& directory = directories_.at(path);
      for (const bench::Record& record : directory.records) db_.Put(record);
      directory.records = {};
    }
  }
  // Makes the records too: only putting them is to be timed.
  void MakeDirectory(const std::string& path) override {
    Directory& directory = directories_[path];
    directory.id = directories_.size();
    for (uint64_t i = 0; i < kFanout; ++i) {
      directory.records.push_back(bench::FileRecord(directory.id, FileName(i), attributes_));
    }
  }
  void CreateFile(const std::string& path, const File&) override {
    const std::string_view parent = SplitLast(path).parent;
    Directory& directory =
        directories_.find(absl::string_view(parent.data(), parent.size()))->second;
    db_.Put(directory.records.at(directory.put++));
  }
  Totals List(const std::string& path) override {
    return {.entries = db_.Scan(directories_.at(path).id)};
  }

  void Settle() override {
    bench::AwaitCompaction([this] { return db_.RunningJobs(); });
  }

  // What `Does` leaves out.
  void Copy(const std::string&, const std::string&) override {}
  void Move(const std::string&, const std::string&) override {}
  void Delete(const std::string&) override {}
  std::optional<File> Stat(const std::string&) override { return std::nullopt; }
  Totals Size(const std::string&) override { return {}; }

 private:
  struct Directory {
    uint64_t id = 0;
    std::vector<bench::Record> records;
    size_t put = 0;
  };

  bench::RawDb db_;
  const Attributes attributes_ = FileAttributes();
  absl::flat_hash_map<std::string, Directory> directories_;
};

}  // namespace

std::unique_ptr<Peer> MakeRawRocksdb() { return std::make_unique<RawRocksdbPeer>(); }

}  // namespace marcot::compare

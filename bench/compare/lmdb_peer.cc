// One row an entry, in the order of parent and name. Not synced, the map written in place: the
// fastest that LMDB has. A power cut may cost the whole file, where Marcot loses the last moments.
#include <lmdb.h>

#include <chrono>
#include <cstring>
#include <deque>
#include <utility>

#include "../support.h"
#include "peer.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr size_t kMapBytes = size_t{16} << 30;  // sparse
constexpr uint64_t kRoot = 1;

void Must(int code) {
  if (code != MDB_SUCCESS) Die(std::string("LMDB: ") + mdb_strerror(code));
}

// The value. What follows it is the content type.
struct Row {
  uint64_t id = 0;  // of a directory; 0: a file
  uint64_t size = 0;
  int64_t mtime = 0;
  uint64_t content_hi = 0, content_lo = 0;
};

// A key that is the parent's number, so that rows are in its order, and the name.
class Key {
 public:
  Key(uint64_t parent, std::string_view name) : size_(sizeof parent + name.size()) {
    if (size_ > sizeof bytes_) Die("a name is too long for LMDB");
    const uint64_t ordered = __builtin_bswap64(parent);
    std::memcpy(bytes_, &ordered, sizeof ordered);
    std::memcpy(bytes_ + sizeof ordered, name.data(), name.size());
  }
  MDB_val Get() { return {size_, bytes_}; }

 private:
  char bytes_[300];
  size_t size_;
};

uint64_t ParentOf(const MDB_val& key) {
  uint64_t ordered;
  std::memcpy(&ordered, key.mv_data, sizeof ordered);
  return __builtin_bswap64(ordered);
}

std::string_view NameOf(const MDB_val& key) {
  return {static_cast<const char*>(key.mv_data) + sizeof(uint64_t), key.mv_size - sizeof(uint64_t)};
}

Row RowOf(const MDB_val& value) {
  Row row;
  std::memcpy(&row, value.mv_data, sizeof row);
  return row;
}

int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// One transaction: looks rows up by path, walks them, puts them.
class Rows {
 public:
  Rows(MDB_txn* transaction, MDB_dbi table) : transaction_(transaction), table_(table) {}

  std::optional<Row> Find(uint64_t parent, std::string_view name) const {
    Key key(parent, name);
    MDB_val at = key.Get(), value;
    const int code = mdb_get(transaction_, table_, &at, &value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    Must(code);
    return RowOf(value);
  }

  uint64_t Directory(std::string_view path) const {
    uint64_t id = kRoot;
    for (const std::string_view name : SplitPath(path)) {
      const auto row = Find(id, name);
      if (!row || row->id == 0) return 0;
      id = row->id;
    }
    return id;
  }

  void Put(uint64_t parent, std::string_view name, const Row& row, unsigned flags = 0) const {
    Key key(parent, name);
    const size_t type = row.id == 0 ? kContentType.size() : 0;
    MDB_val at = key.Get(), value{sizeof row + type, nullptr};
    Must(mdb_put(transaction_, table_, &at, &value, flags | MDB_RESERVE));
    std::memcpy(value.mv_data, &row, sizeof row);
    std::memcpy(static_cast<char*>(value.mv_data) + sizeof row, kContentType.data(), type);
  }

  void Remove(uint64_t parent, std::string_view name) const {
    Key key(parent, name);
    MDB_val at = key.Get();
    Must(mdb_del(transaction_, table_, &at, nullptr));
  }

  // Each row of a directory: visit(cursor, key, value).
  template <typename Visit>
  void ForEach(uint64_t parent, const Visit& visit) const {
    MDB_cursor* cursor;
    Must(mdb_cursor_open(transaction_, table_, &cursor));
    Key first(parent, "");
    MDB_val key = first.Get(), value;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && ParentOf(key) == parent) {
      visit(cursor, key, value);
      code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) Must(code);
  }

 private:
  MDB_txn* const transaction_;
  const MDB_dbi table_;
};

class LmdbPeer : public Peer {
 public:
  explicit LmdbPeer(const std::string& folder) {
    Must(mdb_env_create(&env_));
    Must(mdb_env_set_mapsize(env_, kMapBytes));
    Must(mdb_env_open(env_, folder.c_str(),
                      MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMEMINIT | MDB_NOTLS | MDB_NORDAHEAD, 0600));
    Change([&](MDB_txn* transaction) { Must(mdb_dbi_open(transaction, nullptr, 0, &table_)); });
    Must(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }
  ~LmdbPeer() override {
    mdb_txn_abort(reader_);
    mdb_env_close(env_);
  }

  bool CopiesAtOnce() const override { return false; }

  // Level by level, so that rows are appended in the order of their key.
  void Build(const Tree& tree) override {
    Write([&](const Rows& rows) {
      std::deque<uint64_t> level = {PutDirectory(rows, kRoot, tree.root())};
      for (size_t depth = 0; depth < tree.fanouts().size(); ++depth) {
        const bool files = depth + 1 == tree.fanouts().size();
        std::deque<uint64_t> next;
        for (const uint64_t parent : level) {
          for (uint64_t i = 0; i < tree.fanouts()[depth]; ++i) {
            if (files) {
              rows.Put(parent, FileName(i), FileRow(NewFile()), MDB_APPEND);
            } else {
              next.push_back(PutDirectory(rows, parent, DirectoryName(i), MDB_APPEND));
            }
          }
        }
        level = std::move(next);
      }
    });
  }

  void MakeDirectory(const std::string& path) override {
    Write([&](const Rows& rows) {
      uint64_t parent = kRoot;
      for (const std::string_view name : SplitPath(path)) {
        const auto row = rows.Find(parent, name);
        parent = row ? row->id : PutDirectory(rows, parent, name);
      }
    });
  }

  void CreateFile(const std::string& path, const File& file) override {
    const SplitName target = SplitLast(path);
    Write([&](const Rows& rows) {
      rows.Put(rows.Directory(target.parent), target.name, FileRow(file), MDB_NOOVERWRITE);
    });
  }

  // The numbers of the copies are the highest there are, so their rows are appended.
  void Copy(const std::string& from, const std::string& to) override {
    const SplitName target = SplitLast(to);
    Write([&](const Rows& rows) {
      std::deque<std::pair<uint64_t, uint64_t>> left = {
          {rows.Directory(from), PutDirectory(rows, rows.Directory(target.parent), target.name)}};
      for (; !left.empty(); left.pop_front()) {
        const auto [source, copy] = left.front();
        rows.ForEach(source, [&](MDB_cursor*, const MDB_val& key, const MDB_val& value) {
          Row row = RowOf(value);
          if (row.id != 0) {
            const uint64_t child = ++last_;
            left.emplace_back(row.id, child);
            row.id = child;
          }
          rows.Put(copy, NameOf(key), row, MDB_APPEND);
        });
      }
    });
  }

  void Move(const std::string& from, const std::string& to) override {
    const SplitName source = SplitLast(from), target = SplitLast(to);
    Write([&](const Rows& rows) {
      const uint64_t parent = rows.Directory(source.parent);
      const auto row = rows.Find(parent, source.name);
      rows.Remove(parent, source.name);
      rows.Put(rows.Directory(target.parent), target.name, row.value(), MDB_NOOVERWRITE);
    });
  }

  void Delete(const std::string& path) override {
    const SplitName target = SplitLast(path);
    Write([&](const Rows& rows) {
      std::deque<uint64_t> left = {rows.Directory(path)};
      for (; !left.empty(); left.pop_front()) {
        rows.ForEach(left.front(), [&](MDB_cursor* at, const MDB_val&, const MDB_val& value) {
          const uint64_t id = RowOf(value).id;
          if (id != 0) left.push_back(id);
          Must(mdb_cursor_del(at, 0));
        });
      }
      rows.Remove(rows.Directory(target.parent), target.name);
    });
  }

  // What is written back later is of no other's turn.
  void Settle() override { Must(mdb_env_sync(env_, 1)); }

  std::optional<File> Stat(const std::string& path) override {
    const SplitName target = SplitLast(path);
    std::optional<Row> row;
    Read([&](const Rows& rows) {
      const uint64_t parent = rows.Directory(target.parent);
      if (parent != 0) row = rows.Find(parent, target.name);
    });
    if (!row) return std::nullopt;
    return File{row->size, row->content_hi, row->content_lo};
  }

  Totals List(const std::string& path) override {
    Totals totals;
    Read([&](const Rows& rows) {
      rows.ForEach(rows.Directory(path),
                   [&](MDB_cursor*, const MDB_val& key, const MDB_val& value) {
                     Row row = RowOf(value);
                     benchmark::DoNotOptimize(NameOf(key).data());
                     benchmark::DoNotOptimize(row);
                     ++totals.entries;
                     totals.bytes += row.size;
                   });
    });
    return totals;
  }

  Totals Size(const std::string& path) override {
    Totals totals;
    Read([&](const Rows& rows) {
      std::deque<uint64_t> left = {rows.Directory(path)};
      for (; !left.empty(); left.pop_front()) {
        rows.ForEach(left.front(), [&](MDB_cursor*, const MDB_val&, const MDB_val& value) {
          const Row row = RowOf(value);
          if (row.id != 0) {
            left.push_back(row.id);
          } else {
            ++totals.entries;
            totals.bytes += row.size;
          }
        });
      }
    });
    return totals;
  }

 private:
  static Row FileRow(const File& file) {
    return {.size = file.size,
            .mtime = NowMs(),
            .content_hi = file.content_hi,
            .content_lo = file.content_lo};
  }

  uint64_t PutDirectory(const Rows& rows, uint64_t parent, std::string_view name,
                        unsigned flags = 0) {
    const uint64_t id = ++last_;
    rows.Put(parent, name, {.id = id, .mtime = NowMs()}, flags);
    return id;
  }

  template <typename Body>
  void Change(const Body& body) {
    MDB_txn* transaction;
    Must(mdb_txn_begin(env_, nullptr, 0, &transaction));
    body(transaction);
    Must(mdb_txn_commit(transaction));
  }
  template <typename Body>
  void Write(const Body& body) {
    Change([&](MDB_txn* transaction) { body(Rows(transaction, table_)); });
  }
  template <typename Body>
  void Read(const Body& body) {
    Must(mdb_txn_renew(reader_));
    body(Rows(reader_, table_));
    mdb_txn_reset(reader_);
  }

  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
  MDB_txn* reader_ = nullptr;  // one that is renewed: cheaper than a new one each time
  uint64_t last_ = kRoot;      // the last number of a directory; of the writer
};

}  // namespace

std::unique_ptr<Peer> MakeLmdb(const std::string& folder) {
  return std::make_unique<LmdbPeer>(folder);
}

}  // namespace marcot::compare

// One row an entry, by parent and name, as servers keep drives in SQL. A directory has a number,
// and a copy is one recursive INSERT .. SELECT that adds the same to all numbers of the tree.
#include <sqlite3.h>

#include <chrono>
#include <cstring>
#include <deque>

#include "../support.h"
#include "peer.h"

namespace marcot::compare {
namespace {

using bench::Die;

constexpr int64_t kRoot = 1;

// WAL and NORMAL: what a power cut leaves is whole, the last moments may be lost. The index lets a
// walk over directories pass over the files. A checkpoint every 64 MiB, Marcot's memtables.
constexpr char kSetup[] = R"(
  PRAGMA page_size = 4096;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 16384;
  PRAGMA cache_size = -524288;
  PRAGMA mmap_size = 4294967296;
  PRAGMA temp_store = MEMORY;
  CREATE TABLE entries (
    parent INTEGER NOT NULL, name TEXT NOT NULL, id INTEGER, size INTEGER, mtime INTEGER,
    type TEXT, content BLOB, PRIMARY KEY (parent, name)) WITHOUT ROWID;
  CREATE INDEX directories ON entries (parent, id) WHERE id IS NOT NULL;
)";

#define BELOW                                                                        \
  "WITH RECURSIVE below (id) AS (VALUES (?1) UNION ALL SELECT entries.id FROM below" \
  " JOIN entries ON entries.parent = below.id WHERE entries.id IS NOT NULL) "

class Statement {
 public:
  Statement(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) !=
        SQLITE_OK) {
      Die(std::string("SQLite: ") + sqlite3_errmsg(db));
    }
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <typename... Values>
  void Bind(Values... values) {
    sqlite3_reset(statement_);
    int at = 0;
    (BindOne(++at, values), ...);
  }
  // Whether there is a row.
  bool Step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) Die(sqlite3_errstr(code));
    if (code == SQLITE_DONE) sqlite3_reset(statement_);
    return code == SQLITE_ROW;
  }
  template <typename... Values>
  void Run(Values... values) {
    Bind(values...);
    Step();
    sqlite3_reset(statement_);
  }
  int64_t Number(int column) const { return sqlite3_column_int64(statement_, column); }
  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::string_view Bytes(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    return {static_cast<const char*>(bytes),
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }
  void Reset() { sqlite3_reset(statement_); }

 private:
  void BindOne(int at, int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void BindOne(int at, std::string_view value) {
    sqlite3_bind_text(statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  }

  sqlite3_stmt* statement_ = nullptr;
};

int64_t NowMs() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

class Database {
 public:
  explicit Database(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) Die("cannot open " + path);
    Run(kSetup);
  }
  ~Database() { sqlite3_close_v2(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  sqlite3* get() const { return db_; }
  void Run(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      Die(std::string("SQLite: ") + sqlite3_errmsg(db_));
    }
  }

 private:
  sqlite3* db_ = nullptr;
};

class SqlitePeer : public Peer {
 public:
  explicit SqlitePeer(const std::string& folder) : db_(folder + "/db") {}

  bool Does(Operation operation) const override {
    return operation != Operation::kCreateBy16 && Peer::Does(operation);
  }
  bool CopiesAtOnce() const override { return false; }

  // Level by level, so that rows come in the order of their key.
  void Build(const Tree& tree) override {
    db_.Run("BEGIN");
    std::deque<int64_t> level = {InsertDirectory(kRoot, tree.root())};
    for (size_t depth = 0; depth < tree.fanouts().size(); ++depth) {
      const bool files = depth + 1 == tree.fanouts().size();
      std::deque<int64_t> next;
      for (const int64_t parent : level) {
        for (uint64_t i = 0; i < tree.fanouts()[depth]; ++i) {
          if (files) {
            InsertFile(parent, FileName(i), NewFile());
          } else {
            next.push_back(InsertDirectory(parent, DirectoryName(i)));
          }
        }
      }
      level = std::move(next);
    }
    db_.Run("COMMIT");
  }

  void MakeDirectory(const std::string& path) override {
    int64_t parent = kRoot;
    for (const std::string_view name : SplitPath(path)) {
      const int64_t id = Child(parent, name);
      parent = id != 0 ? id : InsertDirectory(parent, name);
    }
  }

  void CreateFile(const std::string& path, const File& file) override {
    const SplitName target = SplitLast(path);
    InsertFile(Directory(target.parent), target.name, file);
  }

  void Copy(const std::string& from, const std::string& to) override {
    db_.Run("BEGIN IMMEDIATE");
    const SplitName target = SplitLast(to);
    const int64_t source = Directory(from);
    range_.Bind(source);
    range_.Step();
    const int64_t first = range_.Number(0), last = range_.Number(1);
    range_.Reset();
    const int64_t added = last_ + 1 - first;
    last_ += last - first + 1;
    copy_.Run(source, added);
    insert_directory_.Run(Directory(target.parent), target.name, source + added, NowMs());
    db_.Run("COMMIT");
  }

  void Move(const std::string& from, const std::string& to) override {
    db_.Run("BEGIN IMMEDIATE");
    const SplitName source = SplitLast(from), target = SplitLast(to);
    move_.Run(Directory(source.parent), source.name, Directory(target.parent), target.name);
    db_.Run("COMMIT");
  }

  void Delete(const std::string& path) override {
    db_.Run("BEGIN IMMEDIATE");
    const SplitName target = SplitLast(path);
    delete_below_.Run(Directory(path));
    delete_.Run(Directory(target.parent), target.name);
    db_.Run("COMMIT");
  }

  // The checkpoint is no other's turn.
  void Settle() override { db_.Run("PRAGMA wal_checkpoint(PASSIVE)"); }

  std::optional<File> Stat(const std::string& path) override {
    const SplitName target = SplitLast(path);
    const int64_t parent = Directory(target.parent);
    if (parent == 0) return std::nullopt;
    look_up_.Bind(parent, target.name);
    if (!look_up_.Step()) return std::nullopt;
    File file{.size = static_cast<uint64_t>(look_up_.Number(1))};
    if (look_up_.Bytes(3) != kContentType) Die("SQLite lost a content type");
    ReadContent(look_up_.Bytes(4), &file);
    look_up_.Reset();
    return file;
  }

  Totals List(const std::string& path) override {
    list_.Bind(Directory(path));
    Totals totals;
    while (list_.Step()) {
      File file{.size = static_cast<uint64_t>(list_.Number(2))};
      ReadContent(list_.Bytes(5), &file);
      ++totals.entries;
      totals.bytes += file.size;
      benchmark::DoNotOptimize(list_.Bytes(0).data());
      benchmark::DoNotOptimize(list_.Bytes(4).data());
      benchmark::DoNotOptimize(file);
    }
    return totals;
  }

  Totals Size(const std::string& path) override {
    size_.Bind(Directory(path));
    size_.Step();
    const Totals totals{static_cast<uint64_t>(size_.Number(0)),
                        static_cast<uint64_t>(size_.Number(1))};
    size_.Reset();
    return totals;
  }

 private:
  static void ReadContent(std::string_view bytes, File* file) {
    if (bytes.size() != 2 * sizeof(uint64_t)) return;
    std::memcpy(&file->content_hi, bytes.data(), sizeof(uint64_t));
    std::memcpy(&file->content_lo, bytes.data() + sizeof(uint64_t), sizeof(uint64_t));
  }

  // 0: no such directory.
  int64_t Child(int64_t parent, std::string_view name) {
    look_up_.Bind(parent, name);
    const int64_t id = look_up_.Step() ? look_up_.Number(0) : 0;
    look_up_.Reset();
    return id;
  }

  int64_t Directory(std::string_view path) {
    int64_t id = kRoot;
    for (const std::string_view name : SplitPath(path)) id = Child(id, name);
    return id;
  }

  int64_t InsertDirectory(int64_t parent, std::string_view name) {
    insert_directory_.Run(parent, name, ++last_, NowMs());
    return last_;
  }

  void InsertFile(int64_t parent, std::string_view name, const File& file) {
    const uint64_t content[] = {file.content_hi, file.content_lo};
    const std::string_view bytes(reinterpret_cast<const char*>(content), sizeof content);
    insert_file_.Run(parent, name, static_cast<int64_t>(file.size), NowMs(), kContentType, bytes);
  }

  Database db_;
  int64_t last_ = kRoot;  // the last number of a directory
  Statement look_up_{db_.get(),
                     "SELECT id, size, mtime, type, content FROM entries"
                     " WHERE parent = ?1 AND name = ?2"};
  Statement insert_directory_{db_.get(),
                              "INSERT INTO entries (parent, name, id, mtime) VALUES (?, ?, ?, ?)"};
  Statement insert_file_{db_.get(),
                         "INSERT INTO entries (parent, name, size, mtime, type, content)"
                         " VALUES (?, ?, ?, ?, ?, ?)"};
  Statement list_{db_.get(),
                  "SELECT name, id, size, mtime, type, content FROM entries WHERE parent = ?1"
                  " ORDER BY name LIMIT 1000"};
  Statement move_{db_.get(),
                  "UPDATE entries SET parent = ?3, name = ?4 WHERE parent = ?1 AND name = ?2"};
  Statement delete_{db_.get(), "DELETE FROM entries WHERE parent = ?1 AND name = ?2"};
  Statement range_{db_.get(), BELOW "SELECT min(id), max(id) FROM below"};
  Statement copy_{db_.get(), "INSERT INTO entries " BELOW
                             "SELECT parent + ?2, name, entries.id + ?2, size, mtime, type, content"
                             " FROM below JOIN entries ON entries.parent = below.id"};
  Statement delete_below_{db_.get(),
                          BELOW "DELETE FROM entries WHERE parent IN (SELECT id FROM below)"};
  Statement size_{db_.get(), BELOW
                  "SELECT count(*), sum(size) FROM below JOIN entries"
                  " ON entries.parent = below.id WHERE entries.id IS NULL"};
};

}  // namespace

std::unique_ptr<Peer> MakeSqlite(const std::string& folder) {
  return std::make_unique<SqlitePeer>(folder);
}

}  // namespace marcot::compare

#include "kill_points/points.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/keys.h"
#include "core/records.h"

namespace marcot::testing {
namespace {

using core::Job;
using storage::Family;

// ---- points ------------------------------------------------------------------------------------

struct Points {
  std::mutex mutex;
  std::vector<std::string> passed;
  std::map<std::string, uint64_t> counts;
  std::optional<KillPoint> armed;
  std::string skipped;
};
Points& ThePoints() {
  static auto* const points = new Points;
  return *points;
}

std::atomic<bool> files_are_points{false};
// The next write to the manifest is cut in half, and is the last of this process.
std::atomic<bool> cut_manifest{false};

[[noreturn]] void DieNow() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

// Passes a point; the moment at which to die there, if this is the time.
std::optional<Moment> Pass(const std::string& name) {
  Points& points = ThePoints();
  const std::lock_guard lock(points.mutex);
  points.passed.push_back(name);
  const uint64_t n = ++points.counts[name];
  if (!points.armed || points.armed->name != name || points.armed->n != n) return std::nullopt;
  if (points.armed->moment == Moment::kBefore) DieNow();
  return points.armed->moment;
}

// ---- the log -----------------------------------------------------------------------------------

struct LogEnd {
  std::string path;
  off_t bytes = 0;
};

// Of the newest log that is open: where the zeros begin that it ends in.
LogEnd EndOfLog() {
  LogEnd end;
  for (const auto& link : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string path = std::filesystem::read_symlink(link, error).string();
    if (!error && path.ends_with(".log") && path > end.path) end.path = path;
  }
  std::ifstream file(end.path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  end.bytes = static_cast<off_t>(bytes.find_last_not_of('\0') + 1);
  return end;
}

// Dies with half of what was written since then in the log. It is written through a mapping, so no
// call can be cut.
[[noreturn]] void DieWithHalfOf(const LogEnd& before) {
  const LogEnd after = EndOfLog();
  const off_t begin = after.path == before.path ? before.bytes : 0;
  const off_t middle = begin + (after.bytes - begin) / 2;
  const std::string lost(static_cast<size_t>(after.bytes - middle), '\0');
  std::fstream file(after.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(middle).write(lost.data(), static_cast<std::streamsize>(lost.size())).flush();
  if (!file) perror("half a batch");
  DieNow();
}

// ---- batches -----------------------------------------------------------------------------------

const char* JobName(Job::Kind kind) {
  constexpr const char* kNames[] = {"release", "sweep",  "births",   "trim", "flatten",
                                    "blob",    "forget", "versions", "rows"};
  return kNames[static_cast<size_t>(kind)];
}

std::string StepName(const Job& before, const std::optional<Job>& after) {
  const std::string name = JobName(before.kind);
  if (!after.has_value()) return name + " ends";
  if (before.kind != Job::Kind::kFlatten) return name + " goes on";
  if (after->cursor.starts_with('c')) return name + " copies";
  return name + (after->cursor == "w" ? " drops the base" : " sweeps whiteouts");
}

class NamedBatch final : public storage::Batch {
 public:
  explicit NamedBatch(std::unique_ptr<storage::Batch> below) : below_(std::move(below)) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    if (family == Family::kReclaim) jobs_.emplace_back(key, value);
    if (family == Family::kMeta) {
      format_ |= key == "format";
      fold_ |= key == "folded";
      chunk_ |= key.starts_with(core::kUploadPrefix);
    }
    below_->Put(family, key, value);
  }
  void PutSealed(Family family, std::string_view key, std::string_view sealed) override {
    below_->PutSealed(family, key, sealed);
  }
  void Delete(Family family, std::string_view key) override {
    if (family == Family::kReclaim) jobs_.emplace_back(key, std::nullopt);
    below_->Delete(family, key);
  }
  void DeleteRange(Family family, std::string_view lower, std::string_view upper) override {
    below_->DeleteRange(family, lower, upper);
  }
  void Clear() override {
    jobs_.clear();
    chunk_ = format_ = fold_ = false;
    below_->Clear();
  }

  storage::Batch& below() { return *below_; }

  // `stored`: as it is before the batch.
  std::string Name(const storage::Storage& stored) const {
    if (format_) return "format";
    if (fold_) return "fold";
    if (chunk_) return "chunk";
    for (const auto& [key, value] : jobs_) {
      std::string before;
      const auto found = stored.Get(Family::kReclaim, key, nullptr, &before);
      if (!found.ok() || !*found) continue;  // it is queued by this batch
      std::optional<Job> after;
      if (value.has_value()) after = *core::DecodeJob(*value);
      return StepName(*core::DecodeJob(before), after);
    }
    return "commit";
  }

 private:
  const std::unique_ptr<storage::Batch> below_;
  std::vector<std::pair<std::string, std::optional<std::string>>> jobs_;
  bool chunk_ = false, format_ = false, fold_ = false;
};

class PointedIngestion final : public storage::Ingestion {
 public:
  explicit PointedIngestion(std::unique_ptr<storage::Ingestion> below) : below_(std::move(below)) {}
  absl::Status Add(const storage::SortedRows& rows) override { return below_->Add(rows); }
  absl::Status Commit() override {
    const std::optional<Moment> moment = Pass("ingestion");
    cut_manifest = moment == Moment::kAmid;
    absl::Status status = below_->Commit();
    if (moment == Moment::kAfter) DieNow();
    return status;
  }

 private:
  const std::unique_ptr<storage::Ingestion> below_;
};

class PointedStorage final : public storage::Storage {
 public:
  explicit PointedStorage(std::unique_ptr<storage::Storage> below) : below_(std::move(below)) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, const storage::Snapshot* snapshot,
                           std::string* value) const override {
    return below_->Get(family, key, snapshot, value);
  }
  std::unique_ptr<storage::Cursor> NewCursor(Family family, const storage::Range& range,
                                             const storage::Snapshot* snapshot) const override {
    return below_->NewCursor(family, range, snapshot);
  }
  std::unique_ptr<storage::Snapshot> TakeSnapshot() const override {
    return below_->TakeSnapshot();
  }
  std::unique_ptr<storage::Batch> NewBatch() const override {
    return std::make_unique<NamedBatch>(below_->NewBatch());
  }
  absl::Status Write(storage::Batch& batch, bool sync) override {
    NamedBatch& named = static_cast<NamedBatch&>(batch);
    const std::optional<Moment> moment = Pass(named.Name(*below_));
    const bool amid = moment == Moment::kAmid;
    const LogEnd before = amid ? EndOfLog() : LogEnd{};
    absl::Status status = below_->Write(named.below(), sync);
    if (amid) DieWithHalfOf(before);
    if (moment == Moment::kAfter) DieNow();
    return status;
  }
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() override {
    auto below = below_->NewIngestion();
    if (!below.ok()) return below.status();
    return std::make_unique<PointedIngestion>(*std::move(below));
  }
  StorageFigures GetFigures() const override { return below_->GetFigures(); }
  absl::Status Checkpoint(const std::string& folder) const override {
    return below_->Checkpoint(folder);
  }
  absl::StatusOr<BackupInfo> Backup(const std::string& backups,
                                    const std::string& owner) const override {
    return below_->Backup(backups, owner);
  }

 private:
  const std::unique_ptr<storage::Storage> below_;
};

// ---- calls -------------------------------------------------------------------------------------

// What a file is, whatever its number: `MANIFEST-#`, `*.sst`.
std::string KindOf(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const char* const ending : {".sst", ".blob", ".log", ".sst.tmp", ".blob.tmp"}) {
    if (name.ends_with(ending)) return std::string("*") + ending;
  }
  std::string kind;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit || !kind.ends_with('#')) kind += digit ? '#' : c;
  }
  return kind;
}

std::string PathOf(int file) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t size = readlink(link.c_str(), path, sizeof(path));
  return size < 0 ? "" : std::string(path, static_cast<size_t>(size));
}

bool IsSkipped(std::string_view path) {
  Points& points = ThePoints();
  const std::lock_guard lock(points.mutex);
  return path == points.skipped || path.starts_with(points.skipped + "/");
}

// The moment is amid, if any.
std::optional<Moment> PassCall(const char* call, std::string_view path) {
  if (!files_are_points || IsSkipped(path)) return std::nullopt;
  return Pass(std::string(call) + " " + KindOf(path));
}

template <typename Call>
Call* TheSystems(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

void DieAt(const KillPoint& point) {
  Points& points = ThePoints();
  const std::lock_guard lock(points.mutex);
  points.armed = point;
}

std::vector<std::string> PassedPoints() {
  Points& points = ThePoints();
  const std::lock_guard lock(points.mutex);
  return points.passed;
}

std::unique_ptr<storage::Storage> StorageWithKillPoints(std::unique_ptr<storage::Storage> below) {
  return std::make_unique<PointedStorage>(std::move(below));
}

FileKillPoints::FileKillPoints(const std::string& skipped) {
  Points& points = ThePoints();
  const std::lock_guard lock(points.mutex);
  points.skipped = skipped;
  files_are_points = true;
}
FileKillPoints::~FileKillPoints() { files_are_points = false; }

}  // namespace marcot::testing

// These take the place of the C library's, for RocksDB and the standard library too.
using marcot::testing::cut_manifest;
using marcot::testing::DieNow;
using marcot::testing::files_are_points;
using marcot::testing::KindOf;
using marcot::testing::PassCall;
using marcot::testing::PathOf;
using marcot::testing::TheSystems;

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
  static const auto call = TheSystems<decltype(write)>("write");
  if (!files_are_points && !cut_manifest) return call(file, bytes, count);
  const std::string path = PathOf(file);
  const bool amid =
      (cut_manifest && KindOf(path) == "MANIFEST-#") || PassCall("write", path).has_value();
  if (!amid) return call(file, bytes, count);
  if (call(file, bytes, count / 2) < 0) perror("half a write");
  DieNow();
}

int fsync(int file) {
  static const auto call = TheSystems<decltype(fsync)>("fsync");
  if (files_are_points) PassCall("fsync", PathOf(file));
  return call(file);
}

int fdatasync(int file) {
  static const auto call = TheSystems<decltype(fdatasync)>("fdatasync");
  if (files_are_points) PassCall("fdatasync", PathOf(file));
  return call(file);
}

// Both by their names in the library: those that the header has depend on how this is compiled.
int CreateOrOpen(const char* path, int flags, ...) __asm__("open");
int CreateOrOpen64(const char* path, int flags, ...) __asm__("open64");

int CreateOrOpen(const char* path, int flags, ...) {
  static const auto call = TheSystems<int(const char*, int, mode_t)>("open");
  if ((flags & O_CREAT) == 0) return call(path, flags, 0);
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  PassCall("create", path);
  return call(path, flags, mode);
}

int CreateOrOpen64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return CreateOrOpen(path, flags, mode);
}

int rename(const char* from, const char* to) noexcept {
  static const auto call = TheSystems<int(const char*, const char*)>("rename");
  PassCall("rename", to);
  return call(from, to);
}

int link(const char* from, const char* to) noexcept {
  static const auto call = TheSystems<int(const char*, const char*)>("link");
  PassCall("link", to);
  return call(from, to);
}

int unlink(const char* path) noexcept {
  static const auto call = TheSystems<int(const char*)>("unlink");
  PassCall("unlink", path);
  return call(path);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  static const auto call = TheSystems<int(int, const char*, int)>("unlinkat");
  PassCall("unlink", path);
  return call(folder, path, flags);
}

int remove(const char* path) noexcept {
  static const auto call = TheSystems<int(const char*)>("remove");
  PassCall("remove", path);
  return call(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto call = TheSystems<int(const char*, mode_t)>("mkdir");
  PassCall("mkdir", path);
  return call(path, mode);
}

int rmdir(const char* path) noexcept {
  static const auto call = TheSystems<int(const char*)>("rmdir");
  PassCall("rmdir", path);
  return call(path);
}

}  // extern "C"

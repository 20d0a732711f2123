#include "check/undo.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "xxhash.h"

namespace marcot::check {
namespace {

using storage::Family;

constexpr std::string_view kMagic = "marcot undo 1\n";
constexpr uint64_t kMaxBody = uint64_t{64} << 20;

absl::Status FileError(const std::string& path, const char* what) {
  return MakeError(Code::kInternalServerError, absl::StrCat("cannot ", what, " the undo log ", path,
                                                            ": ", std::strerror(errno)));
}

constexpr uint64_t kDeleted = 0;
uint64_t HashOf(std::string_view sealed) { return XXH3_64bits(sealed.data(), sealed.size()) | 1; }

struct Before {
  Family family;
  bool found;
  std::string key;
  uint64_t becomes;
  std::string sealed;
};

// Remembers what it is told beside handing it on.
class UndoBatch final : public storage::Batch {
 public:
  struct Range {
    Family family;
    std::string lower, upper;  // empty upper: the one key
    uint64_t becomes;
  };

  explicit UndoBatch(std::unique_ptr<storage::Batch> batch) : batch_(std::move(batch)) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    std::string sealed(value);
    storage::AppendSeal(family, key, &sealed);
    PutSealed(family, key, sealed);
  }
  void PutSealed(Family family, std::string_view key, std::string_view sealed) override {
    touched_.push_back({family, std::string(key), {}, HashOf(sealed)});
    batch_->PutSealed(family, key, sealed);
  }
  void Delete(Family family, std::string_view key) override {
    touched_.push_back({family, std::string(key), {}, kDeleted});
    batch_->Delete(family, key);
  }
  void DeleteRange(Family family, std::string_view lower, std::string_view upper) override {
    touched_.push_back({family, std::string(lower), std::string(upper), kDeleted});
    batch_->DeleteRange(family, lower, upper);
  }
  void Clear() override {
    touched_.clear();
    batch_->Clear();
  }
  storage::Batch& batch() { return *batch_; }
  const std::vector<Range>& touched() const { return touched_; }

 private:
  const std::unique_ptr<storage::Batch> batch_;
  std::vector<Range> touched_;
};

absl::Status LogRange(const storage::Storage& storage, const UndoBatch::Range& range,
                      UndoLog* log) {
  if (range.upper.empty()) {
    std::string sealed;
    MARCOT_ASSIGN_OR_RETURN(const bool found,
                            GetSealed(storage, range.family, range.lower, &sealed));
    return log->Add(range.family, range.lower, found, sealed, range.becomes);
  }
  const auto rows = storage.NewCursor(
      range.family, {.lower = range.lower, .upper = range.upper, .sealed = true}, nullptr);
  for (rows->Seek(range.lower); rows->Valid(); rows->Next()) {
    MARCOT_RETURN_IF_ERROR(log->Add(range.family, rows->key(), true, rows->value(), kDeleted));
  }
  return rows->status();
}

absl::StatusOr<std::vector<Before>> ReadLog(const std::string& path, std::string_view store) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return FileError(path, "open");
  const auto read = [&](size_t bytes, std::string* out) {
    out->resize(bytes);
    return std::fread(out->data(), 1, bytes, file.get());
  };
  std::string text;
  if (read(kMagic.size(), &text) != kMagic.size() || text != kMagic) {
    return MakeError(Code::kParamInvalid, absl::StrCat(path, " is no undo log"));
  }
  // Zeros: the store's own secret was damaged when it was repaired.
  if (read(8, &text) != 8 || (text != store && text != std::string(8, '\0'))) {
    return MakeError(Code::kParamInvalid, absl::StrCat(path, " is the undo log of another store"));
  }
  std::vector<Before> all;
  while (read(16, &text) == 16) {
    const uint64_t size = LoadFixed64(text.data()), checksum = LoadFixed64(text.data() + 8);
    std::string body;
    if (size <= kMaxBody && read(size, &body) < size) break;  // the end of a batch not written
    Decoder in(body);
    Before before{static_cast<Family>(in.Byte()), in.Byte() != 0, std::string(in.String()),
                  in.Fixed64(), ""};
    before.sealed = in.Rest();
    if (XXH3_64bits(body.data(), body.size()) != checksum || !in.ok() ||
        static_cast<int>(before.family) >= storage::kFamilyCount) {
      return MakeError(Code::kParamInvalid, absl::StrCat(path, " is damaged; nothing is undone"));
    }
    all.push_back(std::move(before));
  }
  return all;
}

// The newest of a log's records of a key says what the repair has left there. What is of a batch
// that was not written is there as it was before.
absl::Status CheckUnchanged(const storage::Storage& storage, const std::vector<Before>& all,
                            const std::string& path) {
  std::map<std::pair<Family, std::string_view>, std::vector<const Before*>> by_key;
  for (const Before& before : all) by_key[{before.family, before.key}].push_back(&before);
  for (const auto& [at, records] : by_key) {
    std::string sealed;
    MARCOT_ASSIGN_OR_RETURN(const bool found, GetSealed(storage, at.first, at.second, &sealed));
    const uint64_t now = found ? HashOf(sealed) : kDeleted;
    const bool known = std::any_of(records.begin(), records.end(), [&](const Before* before) {
      return now == before->becomes || now == (before->found ? HashOf(before->sealed) : kDeleted);
    });
    if (known) continue;
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("the store was changed since the repair of ", path,
                                  "; nothing is undone, restore a backup instead"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> GetSealed(const storage::Storage& storage, Family family, std::string_view key,
                               std::string* sealed) {
  const std::string upper = std::string(key) + '\0';
  const auto row =
      storage.NewCursor(family, {.lower = key, .upper = upper, .sealed = true}, nullptr);
  row->Seek(key);
  MARCOT_RETURN_IF_ERROR(row->status());
  if (!row->Valid()) return false;
  sealed->assign(row->value());
  return true;
}

UndoLog::~UndoLog() {
  if (file_ != nullptr) std::fclose(file_);
}

absl::Status UndoLog::Create(std::string_view store) {
  file_ = std::fopen(path_.c_str(), "wbx");
  if (file_ == nullptr && errno == EEXIST) {
    return MakeError(Code::kParamInvalid,
                     absl::StrCat("the undo log ", path_, " exists; move it away or name another"));
  }
  if (file_ == nullptr) return FileError(path_, "make");
  const bool written = std::fwrite(kMagic.data(), 1, kMagic.size(), file_) == kMagic.size() &&
                       std::fwrite(store.data(), 1, store.size(), file_) == store.size();
  if (!written) return FileError(path_, "write");
  // Its name too is on the disk before the store is changed.
  const std::string parent = std::filesystem::path(path_).parent_path().string();
  const int folder = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  return synced ? absl::OkStatus() : FileError(path_, "flush the folder of");
}

absl::Status UndoLog::Add(Family family, std::string_view key, bool found, std::string_view sealed,
                          uint64_t becomes) {
  std::string body{static_cast<char>(family), static_cast<char>(found ? 1 : 0)};
  PutString(&body, key);
  PutFixed64(&body, becomes);
  body += sealed;
  std::string head;
  PutFixed64(&head, body.size());
  PutFixed64(&head, XXH3_64bits(body.data(), body.size()));
  ++records_;
  const bool written = std::fwrite(head.data(), 1, head.size(), file_) == head.size() &&
                       std::fwrite(body.data(), 1, body.size(), file_) == body.size();
  return written ? absl::OkStatus() : FileError(path_, "write");
}

absl::Status UndoLog::Flush() {
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) return FileError(path_, "flush");
  return absl::OkStatus();
}

absl::Status UndoLog::Apply(const std::string& path, std::string_view store,
                            storage::Storage& storage) {
  MARCOT_ASSIGN_OR_RETURN(const std::vector<Before> all, ReadLog(path, store));
  MARCOT_RETURN_IF_ERROR(CheckUnchanged(storage, all, path));
  const auto batch = storage.NewBatch();
  // A record that was changed twice gets what it was first.
  for (auto before = all.rbegin(); before != all.rend(); ++before) {
    if (before->found) {
      batch->PutSealed(before->family, before->key, before->sealed);
    } else {
      batch->Delete(before->family, before->key);
    }
  }
  return storage.Write(*batch, true);
}

std::unique_ptr<storage::Batch> UndoStorage::NewBatch() const {
  return std::make_unique<UndoBatch>(storage_.NewBatch());
}

absl::Status UndoStorage::Write(storage::Batch& batch, bool sync) {
  auto& own = static_cast<UndoBatch&>(batch);
  for (const UndoBatch::Range& range : own.touched()) {
    MARCOT_RETURN_IF_ERROR(LogRange(storage_, range, &log_));
  }
  MARCOT_RETURN_IF_ERROR(log_.Flush());
  return storage_.Write(own.batch(), sync);
}

}  // namespace marcot::check

#include "check/sorter.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <queue>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"

namespace marcot::check {
namespace {

constexpr size_t kBlockBytes = 32 * 1024;
constexpr size_t kRunsMerged = 32;
using Length = uint32_t;

void AppendRecord(std::string_view record, std::string* out) {
  const Length length = static_cast<Length>(record.size());
  out->append(reinterpret_cast<const char*>(&length), sizeof(length));
  out->append(record);
}

std::vector<std::string_view> SortedRecords(const std::string& records) {
  std::vector<std::string_view> sorted;
  for (size_t at = 0; at < records.size();) {
    Length length;
    std::memcpy(&length, records.data() + at, sizeof(length));
    sorted.emplace_back(records.data() + at + sizeof(length), length);
    at += sizeof(length) + length;
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

void Sorter::Appender::Add(std::string_view record) {
  AppendRecord(record, &block_);
  if (block_.size() >= kBlockBytes) Flush();
}

void Sorter::Appender::Flush() {
  if (!block_.empty()) sorter_.Append(block_);
  block_.clear();
}

void Sorter::Append(std::string_view block) {
  std::string full;
  {
    const std::lock_guard lock(mutex_);
    buffer_.append(block);
    if (buffer_.size() < buffer_bytes_) return;
    full.swap(buffer_);
  }
  // Sorted and written while others go on.
  const absl::Status status = Spill(full);
  const std::lock_guard lock(mutex_);
  status_.Update(status);
}

absl::Status Sorter::ScratchError(const char* what) const {
  return MakeError(Code::kInternalServerError,
                   absl::StrCat("cannot ", what, " a file in the scratch folder ", folder_, ": ",
                                std::strerror(errno), "; name another one with more room"));
}

absl::StatusOr<Sorter::File> Sorter::NewRun() const {
  std::string name = folder_ + "/marcot-sort-XXXXXX";
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) return ScratchError("make");
  unlink(name.c_str());  // whatever happens, nothing is left behind
  FILE* const file = fdopen(descriptor, "w+b");
  if (file != nullptr) return File(file);
  close(descriptor);
  return ScratchError("open");
}

absl::Status Sorter::Spill(const std::string& records) {
  MARCOT_ASSIGN_OR_RETURN(File run, NewRun());
  std::string out;
  for (const std::string_view record : SortedRecords(records)) {
    out.clear();
    AppendRecord(record, &out);
    if (std::fwrite(out.data(), 1, out.size(), run.get()) != out.size()) {
      return ScratchError("write");
    }
  }
  if (std::fflush(run.get()) != 0) return ScratchError("write");
  return AddRun(std::move(run), 0);
}

absl::Status Sorter::AddRun(File run, size_t level) {
  std::vector<File> full;
  {
    const std::lock_guard lock(mutex_);
    if (levels_.size() <= level) levels_.resize(level + 1);
    levels_[level].push_back(std::move(run));
    if (levels_[level].size() < kRunsMerged) return absl::OkStatus();
    full.swap(levels_[level]);
  }
  MARCOT_ASSIGN_OR_RETURN(File merged, Merge(std::move(full)));
  return AddRun(std::move(merged), level + 1);
}

class Sorter::MemoryStream final : public Stream {
 public:
  explicit MemoryStream(std::string records)
      : records_(std::move(records)), sorted_(SortedRecords(records_)) {}
  bool Valid() const override { return at_ < sorted_.size(); }
  std::string_view record() const override { return sorted_[at_]; }
  void Next() override { ++at_; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const std::string records_;
  const std::vector<std::string_view> sorted_;
  size_t at_ = 0;
};

class Sorter::RunStream final : public Stream {
 public:
  explicit RunStream(File file) : file_(std::move(file)) {
    std::rewind(file_.get());
    Next();
  }
  bool Valid() const override { return valid_; }
  std::string_view record() const override { return record_; }
  void Next() override {
    Length length;
    const size_t read = std::fread(&length, 1, sizeof(length), file_.get());
    valid_ = read == sizeof(length);
    if (valid_) {
      record_.resize(length);
      valid_ = std::fread(record_.data(), 1, length, file_.get()) == length;
    }
    if (valid_ || (read == 0 && std::feof(file_.get()) != 0)) return;
    status_ = MakeError(Code::kInternalServerError, "a scratch file cannot be read back");
  }
  absl::Status status() const override { return status_; }

 private:
  const File file_;
  std::string record_;
  bool valid_ = false;
  absl::Status status_;
};

class Sorter::MergedStream final : public Stream {
 public:
  explicit MergedStream(std::vector<std::unique_ptr<Stream>> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_) Push(part.get());
  }
  bool Valid() const override { return status_.ok() && !heads_.empty(); }
  std::string_view record() const override { return heads_.top()->record(); }
  void Next() override {
    Stream* const part = heads_.top();
    heads_.pop();
    part->Next();
    Push(part);
  }
  absl::Status status() const override { return status_; }

 private:
  struct Later {
    bool operator()(const Stream* a, const Stream* b) const { return b->record() < a->record(); }
  };
  void Push(Stream* part) {
    status_.Update(part->status());
    if (part->Valid()) heads_.push(part);
  }

  const std::vector<std::unique_ptr<Stream>> parts_;
  std::priority_queue<Stream*, std::vector<Stream*>, Later> heads_;
  absl::Status status_;
};

std::unique_ptr<Sorter::Stream> Sorter::MergedOf(std::vector<std::unique_ptr<Stream>> parts) {
  return std::make_unique<MergedStream>(std::move(parts));
}

absl::StatusOr<Sorter::File> Sorter::Merge(std::vector<File> runs) const {
  std::vector<std::unique_ptr<Stream>> parts;
  for (File& run : runs) parts.push_back(std::make_unique<RunStream>(std::move(run)));
  const auto sorted = MergedOf(std::move(parts));
  MARCOT_ASSIGN_OR_RETURN(File merged, NewRun());
  std::string out;
  for (; sorted->Valid(); sorted->Next()) {
    out.clear();
    AppendRecord(sorted->record(), &out);
    if (std::fwrite(out.data(), 1, out.size(), merged.get()) != out.size()) {
      return ScratchError("write");
    }
  }
  MARCOT_RETURN_IF_ERROR(sorted->status());
  if (std::fflush(merged.get()) != 0) return ScratchError("write");
  return merged;
}

absl::StatusOr<std::unique_ptr<Sorter::Stream>> Sorter::Sort() {
  MARCOT_RETURN_IF_ERROR(status_);
  std::vector<std::unique_ptr<Stream>> parts;
  parts.push_back(std::make_unique<MemoryStream>(std::exchange(buffer_, {})));
  for (std::vector<File>& level : levels_) {
    for (File& run : level) parts.push_back(std::make_unique<RunStream>(std::move(run)));
  }
  levels_.clear();
  if (parts.size() == 1) return std::move(parts.front());
  return MergedOf(std::move(parts));
}

}  // namespace marcot::check

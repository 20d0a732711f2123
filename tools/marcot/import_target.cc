#include "import_target.h"

#include <cstdio>
#include <utility>

namespace marcot::tool {
namespace {

absl::Status WithHostPath(const std::string& host_path, const absl::Status& status) {
  return MakeError(CodeOf(status), host_path + ": " + std::string(status.message()));
}

}  // namespace

void ImportTarget::Add(BatchItem::Kind kind, std::string host_path, std::string path,
                       const struct stat& stat, std::string bytes, ImportBatch* batch) const {
  batch->bytes += bytes.size();
  batch->host_paths.push_back(std::move(host_path));
  BatchItem& item = batch->items.emplace_back();
  item.kind = kind;
  item.path = std::move(path);
  item.bytes = std::move(bytes);
  item.attributes = AttributesOf(stat);
  item.options.strategy = Strategy::kAsk;
}

absl::Status ImportTarget::Commit(ImportBatch* batch) {
  if (batch->items.empty()) return absl::OkStatus();
  for (BatchItem& item : batch->items) item.space = session_.space;
  const auto placed = session_.store->RunAtomically(batch->items);
  if (!placed.ok()) {
    const ItemError error = SplitItemError(placed.status());
    return WithHostPath(batch->host_paths.at(error.item), error.status);
  }
  for (const BatchItem& item : batch->items) RememberIfTop(item.path);
  Count(batch->items.size(), batch->bytes);
  *batch = {};
  return absl::OkStatus();
}

absl::Status ImportTarget::Put(const std::string& host_path, const std::string& path,
                               const struct stat& stat, const ByteSource& source) {
  const ByteSource counted = [&](char* buffer, size_t capacity) {
    absl::StatusOr<size_t> got = source(buffer, capacity);
    if (got.ok()) Count(0, *got);
    return got;
  };
  PutOptions options;
  options.strategy = Strategy::kAsk;
  options.attributes = AttributesOf(stat);
  const auto placed = session_.space.Put(path, counted, options);
  if (!placed.ok()) return WithHostPath(host_path, placed.status());
  RememberIfTop(path);
  Count(1, 0);
  return absl::OkStatus();
}

void ImportTarget::RememberIfTop(const std::string& path) {
  if (into_root_ && path.find('/') == path.npos) Remember(path);
}

void ImportTarget::Remember(const std::string& top) {
  const std::lock_guard lock(mutex_);
  tops_.push_back(top);
}

void ImportTarget::TakeBack() {
  const std::lock_guard lock(mutex_);
  for (const std::string& top : tops_) {
    const auto deleted = session_.space.Delete(top, {.permanent = true});
    if (!deleted.ok()) std::fprintf(stderr, "%s is left in the store\n", top.c_str());
  }
}

void ImportTarget::ShowProgress(uint64_t entries, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  progress_.emplace("import", entries, bytes);
}

void ImportTarget::FinishProgress() {
  const std::lock_guard lock(mutex_);
  if (progress_.has_value()) progress_->Finish();
}

void ImportTarget::Warn(const std::string& host_path, const char* why) {
  const std::lock_guard lock(mutex_);
  if (progress_.has_value()) progress_->EndLine();
  std::fprintf(stderr, "skipped %s: %s\n", host_path.c_str(), why);
}

uint64_t ImportTarget::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void ImportTarget::Count(uint64_t entries, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
  if (progress_.has_value()) progress_->Advance(entries, bytes);
}

}  // namespace marcot::tool

#include "operations/row_writer.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"

namespace marcot::operations {

using storage::SortedRows;

RowWriter::RowWriter(std::unique_ptr<storage::Ingestion> ingestion)
    : ingestion_(std::move(ingestion)) {
  // All that there can be: one for each family, one that waits, one for each thread.
  spare_.reserve(storage::kFamilyCount + 1 + kThreads);
  threads_.reserve(kThreads);
  threads_.emplace_back([this] { Work(); });
  try {
    while (threads_.size() < kThreads) threads_.emplace_back([this] { Work(); });
  } catch (const std::exception&) {
    // One does it too.
  }
}

RowWriter::~RowWriter() { EndThreads(); }

absl::Status RowWriter::HandOver(SortedRows* rows) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.empty() || !failure_.ok(); });
  MARCOT_RETURN_IF_ERROR(failure_);
  std::swap(waiting_, *rows);
  if (!spare_.empty()) {
    *rows = std::move(spare_.back());
    spare_.pop_back();
  }
  changed_.notify_all();
  return absl::OkStatus();
}

void RowWriter::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    SortedRows rows = std::exchange(waiting_, {});
    changed_.notify_all();
    lock.unlock();
    const absl::Status added = AddToFile(rows);
    rows.Clear();
    lock.lock();
    failure_.Update(added);
    spare_.push_back(std::move(rows));
    changed_.notify_all();
  }
}

absl::Status RowWriter::AddToFile(const SortedRows& rows) {
  try {
    return ingestion_->Add(rows);
  } catch (const std::exception& e) {
    return MakeError(Code::kInternalServerError, absl::StrCat("a bulk load failed: ", e.what()));
  }
}

void RowWriter::EndThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

absl::Status RowWriter::Commit() {
  for (SortedRows& rows : filling_) {
    if (!rows.empty()) MARCOT_RETURN_IF_ERROR(HandOver(&rows));
  }
  EndThreads();
  MARCOT_RETURN_IF_ERROR(failure_);
  return ingestion_->Commit();
}

}  // namespace marcot::operations

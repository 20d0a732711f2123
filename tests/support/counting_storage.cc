#include "support/counting_storage.h"

#include <atomic>
#include <utility>

namespace marcot::testing {
namespace {

using storage::Family;

class CountingCursor final : public storage::Cursor {
 public:
  CountingCursor(std::unique_ptr<storage::Cursor> below, Counts* counts)
      : below_(std::move(below)), counts_(counts) {}

  void Seek(std::string_view key) override {
    ++counts_->seeks;
    below_->Seek(key);
  }
  void SeekForPrev(std::string_view key) override {
    ++counts_->seeks;
    below_->SeekForPrev(key);
  }
  void Next() override {
    ++counts_->steps;
    below_->Next();
  }
  void Prev() override {
    ++counts_->steps;
    below_->Prev();
  }
  bool Valid() const override { return below_->Valid(); }
  std::string_view key() const override { return below_->key(); }
  std::string_view value() const override { return below_->value(); }
  absl::Status status() const override { return below_->status(); }

 private:
  const std::unique_ptr<storage::Cursor> below_;
  Counts* const counts_;
};

class CountingBatch final : public storage::Batch {
 public:
  CountingBatch(std::unique_ptr<storage::Batch> below, Counts* counts)
      : below_(std::move(below)), counts_(counts) {}

  void Put(Family family, std::string_view key, std::string_view value) override {
    ++counts_->puts;
    if (family == Family::kMeta && key == "folded") ++counts_->folds;
    below_->Put(family, key, value);
  }
  void PutSealed(Family family, std::string_view key, std::string_view sealed) override {
    ++counts_->puts;
    below_->PutSealed(family, key, sealed);
  }
  void Delete(Family family, std::string_view key) override {
    ++counts_->deletes;
    below_->Delete(family, key);
  }
  void DeleteRange(Family family, std::string_view lower, std::string_view upper) override {
    ++counts_->deletes;
    below_->DeleteRange(family, lower, upper);
  }
  void Clear() override { below_->Clear(); }
  storage::Batch& below() { return *below_; }

 private:
  const std::unique_ptr<storage::Batch> below_;
  Counts* const counts_;
};

class CountingIngestion final : public storage::Ingestion {
 public:
  CountingIngestion(std::unique_ptr<storage::Ingestion> below, Counts* counts)
      : below_(std::move(below)), counts_(counts) {}

  absl::Status Add(const storage::SortedRows& rows) override {
    absl::Status status = rows.ForEach([this](std::string_view, std::string_view) {
      ++rows_;
      return absl::OkStatus();
    });
    return status.ok() ? below_->Add(rows) : status;
  }
  absl::Status Commit() override {
    counts_->ingested += rows_;
    return below_->Commit();
  }

 private:
  const std::unique_ptr<storage::Ingestion> below_;
  Counts* const counts_;
  std::atomic<uint64_t> rows_{0};
};

class Counting final : public storage::Storage {
 public:
  Counting(std::unique_ptr<storage::Storage> below, Counts* counts)
      : below_(std::move(below)), counts_(counts) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, const storage::Snapshot* snapshot,
                           std::string* value) const override {
    ++counts_->gets;
    return below_->Get(family, key, snapshot, value);
  }
  std::unique_ptr<storage::Cursor> NewCursor(Family family, const storage::Range& range,
                                             const storage::Snapshot* snapshot) const override {
    return std::make_unique<CountingCursor>(below_->NewCursor(family, range, snapshot), counts_);
  }
  std::unique_ptr<storage::Snapshot> TakeSnapshot() const override {
    return below_->TakeSnapshot();
  }
  std::unique_ptr<storage::Batch> NewBatch() const override {
    return std::make_unique<CountingBatch>(below_->NewBatch(), counts_);
  }
  absl::Status Write(storage::Batch& batch, bool sync) override {
    ++counts_->writes;
    return below_->Write(static_cast<CountingBatch&>(batch).below(), sync);
  }
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() override {
    auto below = below_->NewIngestion();
    if (!below.ok()) return below.status();
    return std::make_unique<CountingIngestion>(*std::move(below), counts_);
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
  Counts* const counts_;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Counts& c) {
  return out << "gets " << c.gets << ", seeks " << c.seeks << ", steps " << c.steps << ", puts "
             << c.puts << ", deletes " << c.deletes << ", batches " << c.writes;
}

std::unique_ptr<storage::Storage> CountingStorage(std::unique_ptr<storage::Storage> below,
                                                  Counts* counts) {
  return std::make_unique<Counting>(std::move(below), counts);
}

}  // namespace marcot::testing

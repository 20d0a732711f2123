#include "support/memory_storage.h"

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace marcot::testing {
namespace {

using storage::Family;

// Values with their seals.
using Rows = std::map<std::string, std::string, std::less<>>;
using State = std::array<Rows, storage::kFamilyCount>;

class MemorySnapshot final : public storage::Snapshot {
 public:
  explicit MemorySnapshot(std::shared_ptr<const State> state) : state(std::move(state)) {}
  const std::shared_ptr<const State> state;
};

class MemoryCursor final : public storage::Cursor {
 public:
  MemoryCursor(std::shared_ptr<const State> state, Family family, const storage::Range& range)
      : state_(std::move(state)),
        rows_((*state_)[static_cast<size_t>(family)]),
        family_(family),
        sealed_(range.sealed),
        lower_(range.lower),
        upper_(range.upper),
        at_(rows_.end()) {}

  void Seek(std::string_view key) override {
    at_ = rows_.lower_bound(key < lower_ ? std::string_view(lower_) : key);
    Settle();
  }
  void SeekForPrev(std::string_view key) override {
    const auto bounded =
        upper_.empty() || key < upper_ ? rows_.upper_bound(key) : rows_.lower_bound(upper_);
    at_ = bounded;
    Prev();
  }
  void Next() override {
    ++at_;
    Settle();
  }
  void Prev() override {
    if (at_ == rows_.begin()) {
      at_ = rows_.end();
    } else {
      --at_;
    }
    Settle();
  }
  bool Valid() const override { return valid_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return value_; }
  absl::Status status() const override { return status_; }

 private:
  void Settle() {
    valid_ = at_ != rows_.end() && at_->first >= lower_ && (upper_.empty() || at_->first < upper_);
    status_ = absl::OkStatus();
    if (!valid_) return;
    value_ = at_->second;
    if (sealed_) return;
    const auto value = storage::CheckSeal(family_, at_->first, at_->second);
    valid_ = value.ok();
    status_ = value.status();
    value_ = value.value_or("");
  }

  const std::shared_ptr<const State> state_;
  const Rows& rows_;
  const Family family_;
  const bool sealed_;
  const std::string lower_, upper_;
  Rows::const_iterator at_;
  bool valid_ = false;
  std::string_view value_;
  absl::Status status_;
};

class MemoryBatch final : public storage::Batch {
 public:
  struct Change {
    Family family;
    std::string key;
    std::optional<std::string> sealed;  // nothing: deleted, up to `end` where that is set
    std::string end;
  };

  void Put(Family family, std::string_view key, std::string_view value) override {
    std::string sealed(value);
    storage::AppendSeal(family, key, &sealed);
    changes.push_back({family, std::string(key), std::move(sealed), {}});
  }
  void PutSealed(Family family, std::string_view key, std::string_view sealed) override {
    changes.push_back({family, std::string(key), std::string(sealed), {}});
  }
  void Delete(Family family, std::string_view key) override {
    changes.push_back({family, std::string(key), std::nullopt, {}});
  }
  void DeleteRange(Family family, std::string_view lower, std::string_view upper) override {
    changes.push_back({family, std::string(lower), std::nullopt, std::string(upper)});
  }
  void Clear() override { changes.clear(); }

  std::vector<Change> changes;
};

class MemoryStorage final : public storage::Storage {
  class MemoryIngestion final : public storage::Ingestion {
   public:
    explicit MemoryIngestion(MemoryStorage& storage) : storage_(storage) {}
    absl::Status Add(const storage::SortedRows& rows) override {
      const std::lock_guard lock(mutex_);
      return rows.ForEach([&](std::string_view key, std::string_view sealed) {
        batch_.PutSealed(rows.family(), key, sealed);
        return absl::OkStatus();
      });
    }
    absl::Status Commit() override { return storage_.Write(batch_, true); }

   private:
    MemoryStorage& storage_;
    std::mutex mutex_;
    MemoryBatch batch_;
  };

 public:
  explicit MemoryStorage(std::shared_ptr<State> state) : state_(std::move(state)) {}

  absl::StatusOr<bool> Get(Family family, std::string_view key, const storage::Snapshot* snapshot,
                           std::string* value) const override {
    const Rows& rows = (*Of(snapshot))[static_cast<size_t>(family)];
    const auto found = rows.find(key);
    if (found == rows.end()) return false;
    const auto bytes = storage::CheckSeal(family, key, found->second);
    if (!bytes.ok()) return bytes.status();
    value->assign(*bytes);
    return true;
  }
  std::unique_ptr<storage::Cursor> NewCursor(Family family, const storage::Range& range,
                                             const storage::Snapshot* snapshot) const override {
    return std::make_unique<MemoryCursor>(Of(snapshot), family, range);
  }
  std::unique_ptr<storage::Snapshot> TakeSnapshot() const override {
    return std::make_unique<MemorySnapshot>(state_);
  }
  std::unique_ptr<storage::Batch> NewBatch() const override {
    return std::make_unique<MemoryBatch>();
  }
  absl::Status Write(storage::Batch& batch, bool) override {
    // Whoever reads an older state keeps it.
    if (state_.use_count() > 1) state_ = std::make_shared<State>(*state_);
    for (const auto& change : static_cast<MemoryBatch&>(batch).changes) {
      Rows& rows = (*state_)[static_cast<size_t>(change.family)];
      if (change.sealed.has_value()) {
        rows[change.key] = *change.sealed;
      } else if (change.end.empty()) {
        rows.erase(change.key);
      } else {
        rows.erase(rows.lower_bound(change.key), rows.lower_bound(change.end));
      }
    }
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<storage::Ingestion>> NewIngestion() override {
    return std::make_unique<MemoryIngestion>(*this);
  }
  StorageFigures GetFigures() const override { return {}; }
  absl::Status Checkpoint(const std::string&) const override {
    return absl::UnimplementedError("in memory");
  }
  absl::StatusOr<BackupInfo> Backup(const std::string&, const std::string&) const override {
    return absl::UnimplementedError("in memory");
  }
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<const State> Of(const storage::Snapshot* snapshot) const {
    if (snapshot == nullptr) return state_;
    return static_cast<const MemorySnapshot*>(snapshot)->state;
  }
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<storage::Storage> NewMemoryStorage() {
  return std::make_unique<MemoryStorage>(std::make_shared<State>());
}

std::unique_ptr<storage::Storage> CopyOf(const storage::Storage& memory_storage) {
  // Shared until one of them writes.
  return std::make_unique<MemoryStorage>(static_cast<const MemoryStorage&>(memory_storage).state());
}

}  // namespace marcot::testing

// How the structs are made that marcot.h gives.
#pragma once

#include <algorithm>
#include <forward_list>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "c/marcot_c.h"
#include "marcot/backup.h"
#include "marcot/check.h"
#include "marcot/error.h"
#include "marcot/favorites.h"
#include "marcot/history.h"
#include "marcot/recycle_bin.h"
#include "marcot/search.h"
#include "marcot/settings.h"
#include "marcot/store.h"
#include "marcot/tasks.h"
#include "marcot/tokens.h"
#include "marcot/types.h"
#include "marcot/uploads.h"

struct marcot_status {
  marcot::Code code;
  std::string message;
};

namespace marcot::c {

inline marcot_bytes BytesOf(const std::string& text) { return {text.data(), text.size()}; }
inline marcot_id IdOf(const ObjectId& id) { return {id.hi, id.lo}; }
inline marcot_id IdOf(const ContentId& id) { return {id.hi, id.lo}; }
inline marcot_totals TotalsOf(const RecursiveTotals& totals) {
  return {totals.bytes, totals.files, totals.directories};
}
inline int TypeOf(EntryType type) {
  return type == EntryType::kDirectory ? MARCOT_DIRECTORY : MARCOT_FILE;
}

// A result with all that its fields point at: the C++ value that it shows, and what had to be made.
template <typename T>
class Result : public T {
 public:
  Result() : T{} {}

  template <typename From>
  const From& Hold(From from) {
    auto held = std::make_shared<const From>(std::move(from));
    held_ = held;
    return *held;
  }

  template <typename X>
  X* NewArray(size_t count) {
    static_assert(std::is_trivially_destructible_v<X>);
    void* const memory = memory_.allocate(std::max(count, size_t{1}) * sizeof(X), alignof(X));
    return new (memory) X[count]{};
  }
  template <typename X>
  const X* NewIf(const std::optional<X>& value) {
    if (!value.has_value()) return nullptr;
    return new (memory_.allocate(sizeof(X), alignof(X))) X(*value);
  }

  marcot_bytes NewPath(const std::vector<std::string>& names) {
    const std::string path = JoinPath(names);
    char* const copy = NewArray<char>(path.size() + 1);
    std::copy(path.begin(), path.end(), copy);
    return {copy, path.size()};
  }
  const marcot_status* NewStatus(const absl::Status& status) {
    const absl::string_view message = status.message();
    statuses_.push_front({CodeOf(status), std::string(message)});
    return &statuses_.front();
  }
  // They must be held.
  marcot_strings NewStrings(const std::vector<std::string>& strings) {
    marcot_bytes* const items = NewArray<marcot_bytes>(strings.size());
    for (size_t i = 0; i < strings.size(); ++i) items[i] = BytesOf(strings[i]);
    return {items, strings.size()};
  }

  // Sets the items of a list, each made by `make` of an element.
  template <typename Range, typename Make>
  void SetItems(const Range& range, const Make& make) {
    using Item = decltype(make(range[0]));
    using Pointer = std::remove_cv_t<std::remove_pointer_t<decltype(T::items)>>;
    Item* const items = NewArray<Item>(range.size());
    Pointer* const pointers = NewArray<Pointer>(range.size());
    for (size_t i = 0; i < range.size(); ++i) {
      items[i] = make(range[i]);
      pointers[i] = &items[i];
    }
    T::items = pointers;
    T::count = range.size();
  }

 private:
  std::pmr::monotonic_buffer_resource memory_{256};
  std::shared_ptr<const void> held_;
  std::forward_list<marcot_status> statuses_;
};

template <typename T>
void Free(T* result) {
  delete static_cast<Result<T>*>(result);
}

template <typename T>
marcot_placed PlacedOf(Result<T>* owner, const Placed& placed) {
  return {owner->NewPath(placed.path), IdOf(placed.id),      placed.renamed,
          placed.overwritten,          placed.recycled_item, placed.seq};
}

template <typename T>
marcot_outcome OutcomeOf(Result<T>* owner, const absl::StatusOr<Placed>& outcome) {
  if (!outcome.ok()) return {nullptr, owner->NewStatus(outcome.status())};
  return {owner->NewIf(std::optional(PlacedOf(owner, *outcome))), nullptr};
}

// An entry knows the Stat that it shows, for what its fields leave out.
struct EntryItem : marcot_entry {
  const Stat* stat;
};
EntryItem EntryOf(const Stat& stat, marcot_bytes path = {"", 0});

// Of what the C++ API answers, what marcot.h gives for it.
template <typename T>
using NewOf = std::unique_ptr<Result<T>>;

NewOf<marcot_buffer> NewResult(std::string bytes);
NewOf<marcot_texts> NewResult(std::vector<std::string> texts);
NewOf<marcot_ids> NewResult(std::vector<ContentId> ids);
NewOf<marcot_stats> NewResult(StoreStats stats);
NewOf<marcot_backups> NewResult(std::vector<BackupInfo> backups);
NewOf<marcot_check_report> NewResult(CheckReport report);
NewOf<marcot_spaces> NewResult(std::vector<SpaceInfo> spaces);
NewOf<marcot_usage> NewResult(Usage usage);
NewOf<marcot_quota> NewResult(QuotaInfo quota);
NewOf<marcot_placed> NewResult(Placed placed);
NewOf<marcot_outcomes> NewResult(std::vector<Placed> placed);
NewOf<marcot_outcomes> NewResult(std::vector<absl::StatusOr<Placed>> outcomes);
NewOf<EntryItem> NewResult(Stat stat);
NewOf<EntryItem> NewResult(Found found);
NewOf<marcot_attributes> NewResult(Attributes attributes);
NewOf<marcot_entries> NewResult(Page page);
NewOf<marcot_entries> NewResult(SearchPage page);
NewOf<marcot_entries> NewResult(FavoritesPage page);
NewOf<marcot_recycled> NewResult(RecycledPage page);
NewOf<marcot_versions> NewResult(VersionPage page);
NewOf<marcot_named_snapshots> NewResult(std::vector<NamedSnapshot> snapshots);
NewOf<marcot_changes> NewResult(ChangePage page);
NewOf<marcot_token> NewResult(IssuedToken token);
NewOf<marcot_upload> NewResult(UploadInfo upload);
NewOf<marcot_parts> NewResult(std::vector<UploadedPart> parts);
NewOf<marcot_task> NewResult(TaskInfo task);
NewOf<marcot_task_items> NewResult(std::vector<TaskItem> items);

std::unique_ptr<marcot_store> NewResult(std::unique_ptr<Store> store);
std::unique_ptr<marcot_space> NewResult(Space space);
std::unique_ptr<marcot_snapshot> NewResult(std::unique_ptr<Snapshot> snapshot);
std::unique_ptr<marcot_reader> NewResult(std::unique_ptr<FileReader> reader);
std::unique_ptr<marcot_load> NewResult(std::unique_ptr<BulkLoad> load);
// Handles that are made as they are given.
template <typename Handle>
std::unique_ptr<Handle> NewResult(std::unique_ptr<Handle> handle) {
  return handle;
}

}  // namespace marcot::c

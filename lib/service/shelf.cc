#include "service/shelf.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/spaces.h"

namespace marcot::service {
namespace {

using operations::Operation;

bool IsMissing(const absl::Status& status) { return CodeOf(status) == Code::kPathNotFound; }

Attributes AttributesOf(const Record& record) {
  Attributes attributes;
  attributes.metadata = record;
  return attributes;
}

}  // namespace

absl::StatusOr<Shelf> Shelf::Open(Store& store) {
  auto& impl = api::StoreImpl::Of(store);
  MARCOT_ASSIGN_OR_RETURN(Space space, impl.OpenHiddenSpace());
  return Shelf(store, impl.engine(), std::move(space));
}

absl::StatusOr<std::optional<Record>> Shelf::Find(std::string_view path) const {
  const auto stat = space_.GetStat(path);
  if (IsMissing(stat.status())) return std::nullopt;
  MARCOT_RETURN_IF_ERROR(stat.status());
  return stat->attributes.Unpack().metadata;
}

absl::Status Shelf::Put(std::string_view path, const Record& record) const {
  return RunAll({PutItem(std::string(path), record)});
}

absl::StatusOr<bool> Shelf::HoldsContent(const ContentId& content) const {
  core::ReadView view = core::ReadView::OfNow(engine_->committed());
  std::string value;
  return view.Get(storage::Family::kContents, core::ContentKey(content), &value);
}

absl::StatusOr<std::string> Shelf::LastName(std::string_view directory) const {
  ListOptions options;
  options.order = ListOrder::kName;
  options.descending = true;
  options.limit = 1;
  const auto page = space_.List(directory, options);
  if (IsMissing(page.status())) return std::string();
  MARCOT_RETURN_IF_ERROR(page.status());
  return page->entries.empty() ? std::string() : page->entries[0].name;
}

absl::Status Shelf::ForEachSpace(
    const std::string& directory,
    const std::function<absl::Status(const std::string&)>& visit) const {
  constexpr size_t kPage = 256;
  std::vector<std::string> keys;
  do {
    MARCOT_ASSIGN_OR_RETURN(keys,
                            Names(directory, keys.empty() ? std::string() : keys.back(), kPage));
    for (const std::string& key : keys) {
      const std::string path = absl::StrCat(directory, "/", key);
      MARCOT_ASSIGN_OR_RETURN(const bool exists, HasSpace(key));
      MARCOT_RETURN_IF_ERROR(exists ? visit(path) : Delete(path).status());
    }
  } while (keys.size() == kPage);
  return absl::OkStatus();
}

absl::StatusOr<bool> Shelf::HasSpace(const std::string& key) const {
  core::DirId root = 0;
  if (!absl::SimpleHexAtoi(key, &root)) return false;
  core::ReadView view = core::ReadView::OfNow(engine_->committed());
  const absl::Status status = operations::CheckRoot(view, root);
  if (CodeOf(status) == Code::kSpaceNotFound) return false;
  MARCOT_RETURN_IF_ERROR(status);
  return true;
}

absl::StatusOr<bool> Shelf::Delete(std::string_view path) const {
  const absl::Status deleted = space_.Delete(path, {{}, true}).status();
  if (IsMissing(deleted)) return false;
  MARCOT_RETURN_IF_ERROR(deleted);
  return true;
}

absl::StatusOr<std::vector<std::string>> Shelf::Names(std::string_view directory,
                                                      std::string_view after, size_t limit) const {
  ListOptions options;
  options.order = ListOrder::kName;
  options.start_after = after;
  options.limit = limit;
  std::vector<std::string> names;
  const auto page = space_.List(directory, options);
  if (IsMissing(page.status())) return names;
  MARCOT_RETURN_IF_ERROR(page.status());
  for (const Stat& entry : page->entries) names.push_back(entry.name);
  return names;
}

BatchItem Shelf::PutItem(std::string path, const Record& record) const {
  BatchItem item;
  item.kind = BatchItem::Kind::kPut;
  item.space = space_;
  item.path = std::move(path);
  item.attributes = AttributesOf(record);
  item.options.strategy = Strategy::kOverwrite;
  return item;
}

BatchItem Shelf::SetItem(std::string path, const Record& record) const {
  BatchItem item = PutItem(std::move(path), record);
  item.kind = BatchItem::Kind::kSetAttributes;
  item.options.strategy = Strategy::kDefault;
  return item;
}

BatchItem Shelf::DeleteItem(std::string path) const {
  BatchItem item;
  item.kind = BatchItem::Kind::kDelete;
  item.space = space_;
  item.path = std::move(path);
  item.permanent = true;
  return item;
}

BatchItem Shelf::MakeDirectoryItem(std::string path) const {
  BatchItem item;
  item.space = space_;
  item.path = std::move(path);
  return item;
}

absl::Status Shelf::Prepare(const BatchItem& item, Operation* operation) const {
  MARCOT_RETURN_IF_ERROR(api::PrepareItem(item, operation));
  operation->create_missing = true;
  return absl::OkStatus();
}

absl::Status Shelf::PrepareForOthers(const BatchItem& item, Operation* operation) const {
  MARCOT_RETURN_IF_ERROR(KeyOf(item.space).status());
  return api::PrepareItem(item, operation);
}

absl::Status Shelf::RunAll(const std::vector<BatchItem>& items, Durability durability) const {
  std::vector<Operation> operations;
  for (const BatchItem& item : items) {
    MARCOT_RETURN_IF_ERROR(Prepare(item, &operations.emplace_back()));
  }
  size_t failed = 0;
  return engine_->RunTogether(std::move(operations), absl::OkStatus(), durability, &failed)
      .status();
}

absl::StatusOr<std::vector<absl::StatusOr<Placed>>> Shelf::Run(std::span<const BatchItem> items,
                                                               const FollowUp& follow,
                                                               Durability durability) const {
  std::vector<absl::StatusOr<Placed>> outcomes(items.size());
  std::vector<Operation> operations;
  std::vector<size_t> indexes;
  for (size_t i = 0; i < items.size(); ++i) {
    absl::Status prepared = PrepareForOthers(items[i], &operations.emplace_back());
    if (prepared.ok()) {
      indexes.push_back(i);
    } else {
      operations.pop_back();
      outcomes[i] = std::move(prepared);
    }
  }
  std::vector<BatchItem> following;
  const auto prepare =
      [&](std::span<const absl::StatusOr<Placed>> ran) -> absl::StatusOr<std::vector<Operation>> {
    for (size_t i = 0; i < ran.size(); ++i) outcomes[indexes[i]] = ran[i];
    MARCOT_ASSIGN_OR_RETURN(following, follow(outcomes));
    std::vector<Operation> out;
    for (const BatchItem& item : following) {
      MARCOT_RETURN_IF_ERROR(Prepare(item, &out.emplace_back()));
    }
    return out;
  };
  MARCOT_RETURN_IF_ERROR(
      engine_->RunWithFollowUp(std::move(operations), prepare, durability).status());
  return outcomes;
}

absl::StatusOr<std::string> Shelf::KeyOf(const Space& space) const {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, api::StoreImpl::StateOf(space));
  if (state->engine == engine_) return absl::StrCat(absl::Hex(state->root.dir, absl::kZeroPad16));
  return MakeError(Code::kParamInvalid, "a space of another store than the service's");
}

absl::StatusOr<std::string> Shelf::KeyOfLibrary(std::string_view library) const {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(library, true));
  core::ReadView view = core::ReadView::OfNow(engine_->committed());
  MARCOT_ASSIGN_OR_RETURN(const auto record, operations::FindLibrary(view, library));
  return absl::StrCat(absl::Hex(record.id, absl::kZeroPad16));
}

}  // namespace marcot::service

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "api/store_impl.h"
#include "base/attributes.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "marcot/error.h"
#include "operations/content.h"

namespace marcot::api {
namespace {

using operations::Operation;

absl::Status Invalid(std::string_view path, std::string_view what) {
  return MakeError(Code::kParamInvalid, absl::StrCat(std::string(path), ": ", std::string(what)));
}

// Whether only a directory can come to the target.
bool PlacesDirectory(const Operation& operation) {
  return operation.kind == Operation::Kind::kMakeDirectory ||
         operation.only == Operation::Only::kDirectory;
}

absl::Status CheckStrategy(Strategy strategy, std::string_view path, const Operation& operation) {
  switch (strategy) {
    case Strategy::kDefault:
    case Strategy::kAsk:
    case Strategy::kRename:
      return absl::OkStatus();
    case Strategy::kOverwrite:
      if (!PlacesDirectory(operation)) return absl::OkStatus();
      return MakeError(
          Code::kInvalidConflictResolutionStrategy,
          absl::StrCat(std::string(path), ": directories take ask or rename, not overwrite"));
  }
  return MakeError(Code::kInvalidConflictResolutionStrategy,
                   absl::StrCat(std::string(path), ": the strategy is ask, rename or overwrite"));
}

// Or needs no path at all.
bool AppliesToRoot(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::kSetAttributes:
    case Operation::Kind::kSetLimits:
    case Operation::Kind::kRestore:
    case Operation::Kind::kPurge:
    case Operation::Kind::kEmptyBin:
    case Operation::Kind::kTakeSnapshot:
    case Operation::Kind::kDeleteSnapshot:
      return true;
    default:
      return operation.version_id != 0;
  }
}

absl::StatusOr<Operation::Kind> KindOf(const BatchItem& item) {
  switch (item.kind) {
    case BatchItem::Kind::kMakeDirectory:
      return Operation::Kind::kMakeDirectory;
    case BatchItem::Kind::kPut:
    case BatchItem::Kind::kPutReference:
    case BatchItem::Kind::kPutStored:
      return Operation::Kind::kPut;
    case BatchItem::Kind::kCopy:
      return Operation::Kind::kCopy;
    case BatchItem::Kind::kMove:
      return Operation::Kind::kMove;
    case BatchItem::Kind::kDelete:
      return Operation::Kind::kDelete;
    case BatchItem::Kind::kSetAttributes:
    case BatchItem::Kind::kChangeAttributes:
      return Operation::Kind::kSetAttributes;
    case BatchItem::Kind::kRestore:
      return Operation::Kind::kRestore;
    case BatchItem::Kind::kPurge:
      return Operation::Kind::kPurge;
  }
  return Invalid(item.path, "an unknown kind of batch item");
}

bool HasSource(const BatchItem& item) {
  const bool puts =
      item.kind == BatchItem::Kind::kPutStored && (!item.from.empty() || item.from_space.valid());
  return item.kind == BatchItem::Kind::kCopy || item.kind == BatchItem::Kind::kMove || puts;
}

absl::Status PrepareSource(const BatchItem& item, const Space::State& source,
                           Operation* operation) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const target, StoreImpl::StateOf(item.space));
  if (source.engine != target->engine) {
    return Invalid(item.from, "source and target are in different stores; export and import");
  }
  MARCOT_ASSIGN_OR_RETURN(operation->from,
                          operations::ParsePath(item.from, source.engine->limits()));
  if (item.from_tree.recycled_item != 0) {
    return Invalid(item.from, "what is in the recycle bin is restored, not copied or moved");
  }
  const bool snapshot = !item.from_tree.named_snapshot.empty();
  if (snapshot && item.kind == BatchItem::Kind::kMove) {
    return Invalid(item.from, "a named snapshot is copied from, not moved");
  }
  if (operation->from.empty() && !snapshot) {
    return MakeError(Code::kRootDirectoryNotAllowed,
                     "a space's root is no source; name a directory in it");
  }
  operation->from_root = source.root.dir;
  operation->from_library = source.library;
  operation->from_space = source.name;
  operation->from_tree = item.from_tree;
  return absl::OkStatus();
}

// What a put will hold.
absl::Status PrepareContent(const BatchItem& item, Operation* operation) {
  if (item.kind == BatchItem::Kind::kPutReference) {
    MARCOT_ASSIGN_OR_RETURN(operation->content, PrepareReference(item.content, item.path));
  }
  if (item.kind == BatchItem::Kind::kPutStored) {
    MARCOT_ASSIGN_OR_RETURN(operation->content, PrepareStored(item.content, item.path));
  }
  if (item.kind != BatchItem::Kind::kPut) return absl::OkStatus();
  if (item.bytes.size() > kMaxBatchPutBytes) {
    return Invalid(item.path, "more than 1 MiB in a batch; put such a file by itself");
  }
  operation->content = operations::ContentOf(item.bytes);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> PrepareAttributes(const Attributes& attributes, std::string_view path) {
  if (IsEmpty(attributes)) return std::string();
  if (!IsUtf8(attributes)) return Invalid(path, "attributes must be valid UTF-8");
  std::string encoded = EncodeAttributes(attributes);
  if (encoded.size() > kMaxAttributeBytes) {
    return Invalid(path, absl::StrCat("attributes of ", encoded.size(), " bytes, at most ",
                                      kMaxAttributeBytes, " are allowed"));
  }
  return encoded;
}

absl::StatusOr<std::shared_ptr<const AttributeChanges>> PrepareChanges(const BatchItem& item) {
  if (item.changes == nullptr) return Invalid(item.path, "no changes; say what to change");
  Attributes changed;
  item.changes->ApplyTo(&changed);
  MARCOT_RETURN_IF_ERROR(PrepareAttributes(changed, item.path).status());
  return item.changes;
}

absl::StatusOr<operations::FileContent> PrepareReference(const ContentRef& content,
                                                         std::string_view path) {
  if (content.size > kMaxFileBytes) {
    return Invalid(path, absl::StrCat("a size of ", content.size, " bytes; at most 2^53"));
  }
  if (content.id.empty() != (content.size == 0)) {
    return Invalid(path, "the empty content, and no other, has the id zero");
  }
  operations::FileContent out;
  out.id = content.id;
  out.size = content.size;
  out.host_kept = true;
  out.unique_id = content.unique_id;
  return out;
}

absl::StatusOr<operations::FileContent> PrepareStored(const ContentRef& content,
                                                      std::string_view path) {
  MARCOT_ASSIGN_OR_RETURN(operations::FileContent out, PrepareReference(content, path));
  out.host_kept = false;
  out.stored = true;
  return out;
}

absl::Status CheckUser(std::string_view user, std::string_view path) {
  if (operations::IsUser(user)) return absl::OkStatus();
  return Invalid(path, "the user must be UTF-8 of at most 255 bytes");
}

absl::Status PrepareTarget(const Space& space, std::string_view path,
                           const OperationOptions& options, Operation* operation,
                           const Space::State* source, const operations::KnownPath& known) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(space));
  operation->strategy = options.strategy;
  MARCOT_RETURN_IF_ERROR(CheckAccess(*state, source, path, operation));
  MARCOT_RETURN_IF_ERROR(CheckStrategy(options.strategy, path, *operation));
  operation->user = OperatorOf(*state, options.user);
  MARCOT_RETURN_IF_ERROR(CheckUser(operation->user, path));
  MARCOT_ASSIGN_OR_RETURN(operation->path,
                          operations::ParsePath(path, state->engine->limits(), known));
  if (operation->path.empty() && !AppliesToRoot(*operation)) {
    return MakeError(Code::kRootDirectoryNotAllowed,
                     "the operation does not apply to a space's root; name a path in it");
  }
  operation->root = state->root.dir;
  operation->library = state->library;
  operation->space = state->name;
  return absl::OkStatus();
}

absl::Status PrepareItem(const BatchItem& item, Operation* operation, const PreparedItem& before) {
  MARCOT_ASSIGN_OR_RETURN(operation->kind, KindOf(item));
  operation->permanent = item.permanent;
  if (item.kind == BatchItem::Kind::kDelete) {
    operation->only = static_cast<Operation::Only>(item.only);
  }
  const Space::State* source = nullptr;
  if (HasSource(item)) {
    const bool puts = item.kind == BatchItem::Kind::kPutStored;
    operation->only = puts ? Operation::Only::kFile : static_cast<Operation::Only>(item.only);
    const Space& from = item.from_space.valid() ? item.from_space : item.space;
    MARCOT_ASSIGN_OR_RETURN(source, StoreImpl::StateOf(from));
  }
  operations::KnownPath known;
  if (before.item != nullptr) known = {before.item->path, &before.operation->path};
  MARCOT_RETURN_IF_ERROR(
      PrepareTarget(item.space, item.path, item.options, operation, source, known));
  if (source != nullptr) MARCOT_RETURN_IF_ERROR(PrepareSource(item, *source, operation));
  if (item.kind == BatchItem::Kind::kRestore) {
    MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(item.space));
    MARCOT_ASSIGN_OR_RETURN(operation->from,
                            operations::ParsePath(item.from, state->engine->limits()));
    operation->from_library = state->library;
    operation->from_space = state->name;
  }
  MARCOT_RETURN_IF_ERROR(PrepareContent(item, operation));
  operation->item = item.item;
  operation->missing_parents = item.missing_parents;
  if (before.item != nullptr && item.attributes == before.item->attributes) {
    operation->attributes = before.operation->attributes;
  } else {
    MARCOT_ASSIGN_OR_RETURN(operation->attributes, PrepareAttributes(item.attributes, item.path));
  }
  if (item.kind == BatchItem::Kind::kChangeAttributes) {
    MARCOT_ASSIGN_OR_RETURN(operation->changes, PrepareChanges(item));
  }
  return absl::OkStatus();
}

absl::Status CheckBatchSize(size_t items) {
  if (items == 0) return MakeError(Code::kNoItemsProvided, "the batch has no items");
  if (items <= kMaxBatchItems) return absl::OkStatus();
  return MakeError(Code::kTooManyItems, absl::StrCat("a batch of ", items, " items, at most ",
                                                     kMaxBatchItems, " are allowed; split it"));
}

absl::StatusOr<Placed> RunItem(const BatchItem& item) {
  Operation operation;
  MARCOT_RETURN_IF_ERROR(PrepareItem(item, &operation));
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(item.space));
  return state->engine->RunOperation(std::move(operation), item.options.durability);
}

}  // namespace marcot::api

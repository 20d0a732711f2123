#include "absl/strings/str_cat.h"
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
bool AppliesToRoot(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::kSetAttributes:
    case Operation::Kind::kSetLimits:
    case Operation::Kind::kRestore:
    case Operation::Kind::kPurge:
    case Operation::Kind::kEmptyBin:
    case Operation::Kind::kTakeSnapshot:
    case Operation::Kind::kDeleteSnapshot:
      return true;
    default:
      return false;
  }
}

absl::Status PrepareSource(const BatchItem& item, Operation* operation) {
  const Space& space = item.from_space.valid() ? item.from_space : item.space;
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(space));
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const target, StoreImpl::StateOf(item.space));
  if (state->engine != target->engine) {
    return Invalid(item.from, "source and target are in different stores; export and import");
  }
  MARCOT_ASSIGN_OR_RETURN(operation->from,
                          operations::ParsePath(item.from, state->engine->limits()));
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
  operation->from_root = state->root.dir;
  operation->from_library = state->library;
  operation->from_space = state->name;
  operation->from_tree = item.from_tree;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> PrepareAttributes(const Attributes& attributes, std::string_view path) {
  if (!IsUtf8(attributes)) return Invalid(path, "attributes must be valid UTF-8");
  std::string encoded = EncodeAttributes(attributes);
  if (encoded.size() > kMaxAttributeBytes) {
    return Invalid(path, absl::StrCat("attributes of ", encoded.size(), " bytes, at most ",
                                      kMaxAttributeBytes, " are allowed"));
  }
  return encoded;
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

absl::StatusOr<operations::FileContent> PrepareStored(const operations::Engine& engine,
                                                      const ContentRef& content,
                                                      std::string_view path) {
  MARCOT_ASSIGN_OR_RETURN(operations::FileContent out, PrepareReference(content, path));
  out.host_kept = engine.options().content_store != nullptr;
  out.stored = true;
  out.unique_id = false;
  return out;
}

absl::Status PrepareTarget(const Space& space, std::string_view path,
                           const OperationOptions& options, Operation* operation) {
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(space));
  MARCOT_RETURN_IF_ERROR(CheckStrategy(options.strategy, path, *operation));
  if (!operations::IsUser(options.user)) {
    return Invalid(path, "the user must be UTF-8 of at most 255 bytes");
  }
  MARCOT_ASSIGN_OR_RETURN(operation->path, operations::ParsePath(path, state->engine->limits()));
  if (operation->path.empty() && !AppliesToRoot(operation->kind)) {
    return MakeError(Code::kRootDirectoryNotAllowed,
                     "the operation does not apply to a space's root; name a path in it");
  }
  operation->root = state->root.dir;
  operation->library = state->library;
  operation->space = state->name;
  operation->strategy = options.strategy;
  operation->user = options.user;
  return absl::OkStatus();
}

absl::StatusOr<Operation> PrepareItem(const BatchItem& item) {
  Operation operation;
  switch (item.kind) {
    case BatchItem::Kind::kMakeDirectory:
      operation.kind = Operation::Kind::kMakeDirectory;
      break;
    case BatchItem::Kind::kPut:
      operation.kind = Operation::Kind::kPut;
      if (item.bytes.size() > kMaxBatchPutBytes) {
        return Invalid(item.path, "more than 1 MiB in a batch; put such a file by itself");
      }
      operation.content.id = operations::HashOf(item.bytes);
      operation.content.size = item.bytes.size();
      operation.content.bytes = item.bytes;
      break;
    case BatchItem::Kind::kPutReference: {
      operation.kind = Operation::Kind::kPut;
      MARCOT_ASSIGN_OR_RETURN(operation.content, PrepareReference(item.content, item.path));
      break;
    }
    case BatchItem::Kind::kPutStored: {
      operation.kind = Operation::Kind::kPut;
      MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(item.space));
      MARCOT_ASSIGN_OR_RETURN(operation.content,
                              PrepareStored(*state->engine, item.content, item.path));
      break;
    }
    case BatchItem::Kind::kCopy:
      operation.kind = Operation::Kind::kCopy;
      break;
    case BatchItem::Kind::kMove:
      operation.kind = Operation::Kind::kMove;
      break;
    case BatchItem::Kind::kDelete:
      operation.kind = Operation::Kind::kDelete;
      break;
    case BatchItem::Kind::kSetAttributes:
      operation.kind = Operation::Kind::kSetAttributes;
      break;
    case BatchItem::Kind::kRestore:
      operation.kind = Operation::Kind::kRestore;
      break;
    case BatchItem::Kind::kPurge:
      operation.kind = Operation::Kind::kPurge;
      break;
    default:
      return Invalid(item.path, "an unknown kind of batch item");
  }
  const bool transfers = item.kind == BatchItem::Kind::kCopy || item.kind == BatchItem::Kind::kMove;
  const bool puts_source = item.kind == BatchItem::Kind::kPutStored && !item.from.empty();
  const bool has_source = transfers || puts_source;
  if (transfers) operation.only = static_cast<Operation::Only>(item.only);
  if (puts_source) operation.only = Operation::Only::kFile;
  MARCOT_RETURN_IF_ERROR(PrepareTarget(item.space, item.path, item.options, &operation));
  if (has_source) MARCOT_RETURN_IF_ERROR(PrepareSource(item, &operation));
  if (item.kind == BatchItem::Kind::kRestore) {
    MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(item.space));
    MARCOT_ASSIGN_OR_RETURN(operation.from,
                            operations::ParsePath(item.from, state->engine->limits()));
    operation.from_library = state->library;
    operation.from_space = state->name;
  }
  operation.item = item.item;
  operation.missing_parents = item.missing_parents;
  operation.permanent = item.permanent;
  MARCOT_ASSIGN_OR_RETURN(operation.attributes, PrepareAttributes(item.attributes, item.path));
  return operation;
}

absl::StatusOr<Placed> RunItem(const BatchItem& item) {
  MARCOT_ASSIGN_OR_RETURN(const Operation operation, PrepareItem(item));
  MARCOT_ASSIGN_OR_RETURN(const Space::State* const state, StoreImpl::StateOf(item.space));
  return state->engine->RunOperation(operation, item.options.durability);
}

}  // namespace marcot::api

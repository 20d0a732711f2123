#include "batch_item.h"

#include <utility>

namespace marcot::tool {
namespace {

absl::Status Invalid(std::string message) {
  return MakeError(Code::kParamInvalid, std::move(message));
}

absl::Status Missing(const std::string& field) {
  return Invalid("the field \"" + field + "\" is missing");
}

absl::Status Mistyped(const std::string& field, const std::string& type) {
  return Invalid("the field \"" + field + "\" is not " + type);
}

}  // namespace

absl::StatusOr<BatchItem> ItemParser::Parse(const std::string& line) {
  Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) return Invalid("not valid JSON");
  if (!object.is_object()) return Invalid("not a JSON object");
  error_ = absl::OkStatus();
  BatchItem item = TakeItem(object);
  if (error_.ok() && !object.empty()) {
    error_ = Invalid("the field \"" + object.begin().key() + "\" does not belong here");
  }
  if (!error_.ok()) return error_;
  return item;
}

void ItemParser::Fail(absl::Status status) {
  if (error_.ok()) error_ = std::move(status);
}

std::optional<std::string> ItemParser::TakeOptional(Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::nullopt;
  std::optional<std::string> text;
  if (found->is_string()) {
    text = std::move(found->get_ref<std::string&>());
  } else {
    Fail(Mistyped(field, "a string"));
  }
  object.erase(field);
  return text;
}

std::string ItemParser::Take(Json& object, const char* field) {
  auto text = TakeOptional(object, field);
  if (!text.has_value()) {
    Fail(Missing(field));
    return "";
  }
  return *std::move(text);
}

bool ItemParser::TakeFlag(Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return false;
  if (!found->is_boolean()) Fail(Mistyped(field, "true or false"));
  const bool flag = found->is_boolean() && found->get<bool>();
  object.erase(field);
  return flag;
}

uint64_t ItemParser::TakeId(Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) {
    Fail(Missing(field));
    return 0;
  }
  if (!found->is_number_unsigned()) Fail(Mistyped(field, "an id"));
  const uint64_t id = found->is_number_unsigned() ? found->get<uint64_t>() : 0;
  object.erase(field);
  return id;
}

Space ItemParser::TakeSpace(Json& object, const char* field) {
  const auto name = TakeOptional(object, field);
  if (!name.has_value()) return session_.space;
  const auto known = spaces_.find(*name);
  if (known != spaces_.end()) return known->second;
  auto space = session_.FindSpace(*name);
  if (!space.ok()) {
    Fail(space.status());
    return Space();
  }
  return spaces_[*name] = *space;
}

void ItemParser::TakeStrategy(Json& object, BatchItem& item) {
  const auto text = TakeOptional(object, "conflict");
  if (!text.has_value()) return;
  const auto strategy = ParseStrategy(*text);
  if (!strategy.ok()) return Fail(strategy.status());
  item.options.strategy = *strategy;
}

void ItemParser::TakeTransfer(Json& object, BatchItem::Kind kind, BatchItem& item) {
  item.kind = kind;
  item.from = StripSlashes(Take(object, "from"));
  item.path = StripSlashes(Take(object, "to"));
  item.from_space = item.space;
  if (kind != BatchItem::Kind::kCopy) return;
  if (object.contains("fromSpace")) item.from_space = TakeSpace(object, "fromSpace");
  const auto snapshot = TakeOptional(object, "fromSnapshot");
  if (!snapshot.has_value()) return;
  if (snapshot->empty()) Fail(Invalid("\"fromSnapshot\" names no snapshot"));
  item.from_tree.named_snapshot = *snapshot;
}

void ItemParser::TakePut(Json& object, BatchItem& item) {
  item.kind = BatchItem::Kind::kPut;
  item.path = StripSlashes(Take(object, "path"));
  item.bytes = Take(object, "data");
  if (item.bytes.size() > kMaxBatchPutBytes) {
    Fail(Invalid("\"data\" is longer than " + HumanBytes(kMaxBatchPutBytes)));
  }
}

void ItemParser::TakeDelete(Json& object, BatchItem& item) {
  item.kind = BatchItem::Kind::kDelete;
  item.path = StripSlashes(Take(object, "path"));
  item.permanent = TakeFlag(object, "permanent");
}

void ItemParser::TakeRestore(Json& object, BatchItem& item) {
  item.kind = BatchItem::Kind::kRestore;
  item.item = TakeId(object, "item");
  auto target = RestoreTarget(TakeOptional(object, "path").value_or(""));
  if (!target.ok()) return Fail(target.status());
  item.path = *std::move(target);
  item.from = StripSlashes(TakeOptional(object, "from").value_or(""));
  const auto parents = ParseMissingParents(TakeOptional(object, "parents").value_or("fail"));
  if (!parents.ok()) return Fail(parents.status());
  item.missing_parents = *parents;
}

BatchItem ItemParser::TakeItem(Json& object) {
  BatchItem item;
  const std::string op = Take(object, "op");
  if (!error_.ok()) return item;
  item.space = TakeSpace(object, "space");
  TakeStrategy(object, item);
  if (op == "mkdir") {
    item.path = StripSlashes(Take(object, "path"));
  } else if (op == "put") {
    TakePut(object, item);
  } else if (op == "copy") {
    TakeTransfer(object, BatchItem::Kind::kCopy, item);
  } else if (op == "move") {
    TakeTransfer(object, BatchItem::Kind::kMove, item);
  } else if (op == "delete") {
    TakeDelete(object, item);
  } else if (op == "restore") {
    TakeRestore(object, item);
  } else if (op == "purge") {
    item.kind = BatchItem::Kind::kPurge;
    item.item = TakeId(object, "item");
  } else {
    Fail(Invalid("\"op\" is not one of mkdir, put, copy, move, delete, restore, purge"));
  }
  return item;
}

}  // namespace marcot::tool

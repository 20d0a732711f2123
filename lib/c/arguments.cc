#include "c/handles.h"

namespace marcot::c {
namespace {

// What is larger cannot be there: a negative number of the caller's, say.
template <typename T>
void CheckCount(size_t count) {
  if (count > PTRDIFF_MAX / sizeof(T)) Refuse("a size or count is more than memory can hold");
}

std::map<std::string, std::string> MapOf(const marcot_pairs& pairs) {
  std::map<std::string, std::string> map;
  if (pairs.count == 0) return map;
  Need(pairs.keys, "keys");
  Need(pairs.values, "values");
  CheckCount<marcot_bytes>(pairs.count);
  for (size_t i = 0; i < pairs.count; ++i) {
    const auto [at, added] = map.emplace(String(pairs.keys[i]), String(pairs.values[i]));
    if (!added) Refuse("the key " + at->first + " of the metadata is given twice");
  }
  return map;
}

std::optional<std::string> TextIfGiven(const marcot_bytes* text) {
  return text == nullptr ? std::nullopt : std::optional(String(*text));
}

}  // namespace

std::string_view View(marcot_bytes bytes) {
  if (bytes.size == 0) return {};
  CheckCount<char>(bytes.size);
  return {&Need(bytes.data, "the data of bytes that have a size"), bytes.size};
}

std::string FileName(marcot_bytes bytes) {
  std::string name = String(bytes);
  if (name.find('\0') != std::string::npos) Refuse("a path on this machine has a NUL in it");
  return name;
}

std::vector<std::string> Strings(marcot_strings strings) {
  std::vector<std::string> copies;
  if (strings.count == 0) return copies;
  Need(strings.items, "the items of strings that have a count");
  CheckCount<marcot_bytes>(strings.count);
  copies.reserve(strings.count);
  for (size_t i = 0; i < strings.count; ++i) copies.push_back(String(strings.items[i]));
  return copies;
}

ContentRef ContentOf(const marcot_content* content) {
  const marcot_content& given = Need(content, "content");
  return {ContentIdOf(given.id), given.size, given.unique_id};
}

std::vector<ContentId> ContentIds(const marcot_id* ids, size_t count) {
  std::vector<ContentId> copies;
  if (count == 0) return copies;
  Need(ids, "ids");
  CheckCount<marcot_id>(count);
  copies.reserve(count);
  for (size_t i = 0; i < count; ++i) copies.push_back(ContentIdOf(ids[i]));
  return copies;
}

Attributes AttributesOf(const marcot_attributes* attributes) {
  const marcot_attributes given = Sized(attributes, "attributes");
  return {.metadata = MapOf(given.metadata),
          .labels = Strings(given.labels),
          .category = String(given.category),
          .content_type = String(given.content_type),
          .local_creation_time = String(given.local_creation_time),
          .local_modification_time = String(given.local_modification_time)};
}

AttributeChanges ChangesOf(const marcot_attribute_changes* changes) {
  const marcot_attribute_changes given = Sized(changes, "changes");
  AttributeChanges out{.metadata = MapOf(given.metadata),
                       .replace_metadata = given.replace_metadata,
                       .category = TextIfGiven(given.category),
                       .content_type = TextIfGiven(given.content_type),
                       .local_creation_time = TextIfGiven(given.local_creation_time),
                       .local_modification_time = TextIfGiven(given.local_modification_time)};
  if (given.labels != nullptr) out.labels = Strings(*given.labels);
  return out;
}

OperationOptions OptionsOf(const marcot_options* options) {
  const marcot_options given = Sized(options, "options");
  return {.strategy = EnumOf<Strategy::kOverwrite, MARCOT_OVERWRITE>(given.strategy, "strategy"),
          .user = String(given.user),
          .durability = EnumOf<Durability::kSynced, MARCOT_SYNCED>(given.durability, "durability")};
}

PutOptions PutOptionsOf(const marcot_options* options, const marcot_attributes* attributes) {
  return {OptionsOf(options), AttributesOf(attributes)};
}

ReadOptions ReadOptionsOf(const marcot_read_options* read) {
  const marcot_read_options given = Sized(read, "read");
  return {.snapshot = Of(given.snapshot),
          .tree = {given.recycled_item, String(given.named_snapshot)},
          .version = given.version,
          .version_id = given.version_id};
}

QuotaLimits LimitsOf(const marcot_quota_limits* limits) {
  const marcot_quota_limits given = Sized(limits, "limits");
  return {.bytes = OptionalOf(given.bytes),
          .files = OptionalOf(given.files),
          .count_recycled = !given.recycled_is_free,
          .count_history = !given.history_is_free};
}

ByteSource SourceOf(marcot_source source, void* context) {
  if (source == nullptr) Refuse("source is NULL where something is needed");
  return [source, context](char* buffer, size_t capacity) -> absl::StatusOr<size_t> {
    size_t size = 0;
    MARCOT_RETURN_IF_ERROR(TakeStatus(source(context, buffer, capacity, &size)));
    if (size <= capacity) return size;
    return MakeError(Code::kParamInvalid, "a source gave more bytes than it was asked for");
  };
}

ByteSink SinkOf(marcot_sink sink, void* context) {
  if (sink == nullptr) Refuse("sink is NULL where something is needed");
  return [sink, context](std::string_view piece) {
    return TakeStatus(sink(context, piece.data(), piece.size()));
  };
}

}  // namespace marcot::c

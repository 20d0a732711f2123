#include "c/bridge.h"

namespace marcot::c {

EntryItem EntryOf(const Stat& stat, marcot_bytes path) {
  EntryItem entry{};
  entry.name = BytesOf(stat.name);
  entry.path = path;
  entry.type = TypeOf(stat.type);
  entry.id = IdOf(stat.id);
  entry.creation_time_ms = stat.creation_time_ms;
  entry.modification_time_ms = stat.modification_time_ms;
  entry.creator = BytesOf(stat.creator);
  entry.version = stat.version;
  entry.size = stat.size;
  entry.content = IdOf(stat.content);
  entry.totals = TotalsOf(stat.totals);
  entry.child_files = stat.child_files;
  entry.child_directories = stat.child_directories;
  entry.stat = &stat;
  return entry;
}

NewOf<EntryItem> NewResult(Stat stat) {
  auto result = std::make_unique<Result<EntryItem>>();
  static_cast<EntryItem&>(*result) = EntryOf(result->Hold(std::move(stat)));
  return result;
}

NewOf<EntryItem> NewResult(Found found) {
  auto result = std::make_unique<Result<EntryItem>>();
  const Found& held = result->Hold(std::move(found));
  static_cast<EntryItem&>(*result) = EntryOf(held.stat, result->NewPath(held.path));
  return result;
}

NewOf<marcot_attributes> NewResult(Attributes attributes) {
  auto result = std::make_unique<Result<marcot_attributes>>();
  const Attributes& held = result->Hold(std::move(attributes));
  const size_t count = held.metadata.size();
  marcot_bytes* const keys = result->NewArray<marcot_bytes>(count);
  marcot_bytes* const values = result->NewArray<marcot_bytes>(count);
  size_t i = 0;
  for (const auto& [key, value] : held.metadata) {
    keys[i] = BytesOf(key);
    values[i++] = BytesOf(value);
  }
  static_cast<marcot_attributes&>(*result) = {sizeof(marcot_attributes),
                                              {keys, values, count},
                                              result->NewStrings(held.labels),
                                              BytesOf(held.category),
                                              BytesOf(held.content_type),
                                              BytesOf(held.local_creation_time),
                                              BytesOf(held.local_modification_time)};
  return result;
}

NewOf<marcot_entries> NewResult(Page page) {
  auto result = std::make_unique<Result<marcot_entries>>();
  const Page& held = result->Hold(std::move(page));
  result->SetItems(held.entries, [](const Stat& stat) { return EntryOf(stat); });
  result->marker = BytesOf(held.marker);
  result->total_files = held.total_files;
  result->total_directories = held.total_directories;
  return result;
}

extern "C" {

void marcot_entry_free(marcot_entry* entry) { Free(static_cast<EntryItem*>(entry)); }
void marcot_entries_free(marcot_entries* entries) { Free(entries); }
void marcot_attributes_free(marcot_attributes* attributes) { Free(attributes); }

void marcot_entry_etag(const marcot_entry* entry, char etag[33]) {
  if (etag == nullptr) return;
  etag[0] = '\0';
  if (entry == nullptr) return;
  try {
    const std::string tag = static_cast<const EntryItem*>(entry)->stat->Etag();
    std::memcpy(etag, tag.c_str(), tag.size() + 1);
  } catch (const std::bad_alloc&) {
    // It stays empty.
  }
}

marcot_status* marcot_entry_attributes(const marcot_entry* entry, marcot_attributes** attributes) {
  return CallFor(attributes, [&]() -> absl::StatusOr<Attributes> {
    return static_cast<const EntryItem&>(Need(entry, "entry")).stat->attributes.Unpack();
  });
}

}  // extern "C"

}  // namespace marcot::c

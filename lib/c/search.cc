#include "marcot/search.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

SearchQuery QueryOf(const marcot_query* query, const marcot_read_options* read) {
  const marcot_query given = Sized(query, "query");
  const ListFilter only = EnumOf<ListFilter::kOnlyFiles, MARCOT_FILE>(given.only, "only");
  SearchQuery out{ReadOptionsOf(read)};
  out.below = String(given.below);
  out.keywords = Strings(given.keywords);
  out.extensions = Strings(given.extensions);
  out.excluded_extensions = Strings(given.excluded_extensions);
  out.directories = only != ListFilter::kOnlyFiles;
  out.files = only != ListFilter::kOnlyDirectories;
  out.min_size = OptionalOf(given.min_size);
  out.max_size = OptionalOf(given.max_size);
  out.modified_from_ms = OptionalOf(given.modified_from_ms);
  out.modified_until_ms = OptionalOf(given.modified_until_ms);
  out.labels = Strings(given.labels);
  out.categories = Strings(given.categories);
  out.order =
      EnumOf<SearchOrder::kCreationTime, MARCOT_FOUND_BY_CREATION_TIME>(given.order, "order");
  out.descending = given.descending;
  SetUnlessZero(&out.limit, given.limit);
  out.marker = String(given.marker);
  return out;
}

}  // namespace

NewOf<marcot_entries> NewResult(SearchPage page) {
  auto result = std::make_unique<Result<marcot_entries>>();
  const SearchPage& held = result->Hold(std::move(page));
  result->SetItems(held.entries, [&](const Found& found) {
    return EntryOf(found.stat, result->NewPath(found.path));
  });
  result->marker = BytesOf(held.marker);
  return result;
}

extern "C" {

marcot_status* marcot_space_search(const marcot_space* space, const marcot_query* query,
                                   const marcot_read_options* read, marcot_entries** page) {
  return CallFor(page, [&] { return Of(space).Search(QueryOf(query, read)); });
}

marcot_status* marcot_space_find_object(const marcot_space* space, marcot_id id,
                                        const marcot_read_options* read, marcot_entry** entry) {
  return CallFor(entry, [&] { return Of(space).FindObject(ObjectIdOf(id), ReadOptionsOf(read)); });
}

}  // extern "C"

}  // namespace marcot::c

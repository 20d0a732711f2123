// Results and words that many calls share.
#include <cstdio>

#include "c/bridge.h"

namespace marcot::c {
NewOf<marcot_buffer> NewResult(std::string bytes) {
  auto result = std::make_unique<Result<marcot_buffer>>();
  result->bytes = BytesOf(result->Hold(std::move(bytes)));
  return result;
}

NewOf<marcot_texts> NewResult(std::vector<std::string> texts) {
  auto result = std::make_unique<Result<marcot_texts>>();
  result->strings = result->NewStrings(result->Hold(std::move(texts)));
  return result;
}

NewOf<marcot_ids> NewResult(std::vector<ContentId> ids) {
  auto result = std::make_unique<Result<marcot_ids>>();
  marcot_id* const copies = result->NewArray<marcot_id>(ids.size());
  std::transform(ids.begin(), ids.end(), copies, [](const ContentId& id) { return IdOf(id); });
  result->ids = copies;
  result->count = ids.size();
  return result;
}

NewOf<marcot_placed> NewResult(Placed placed) {
  auto result = std::make_unique<Result<marcot_placed>>();
  static_cast<marcot_placed&>(*result) = PlacedOf(result.get(), placed);
  return result;
}

extern "C" {

marcot_bytes marcot_text(const char* text) {
  return {text, text == nullptr ? 0 : std::strlen(text)};
}

void marcot_id_hex(marcot_id id, char hex[33]) {
  if (hex == nullptr) return;
  std::snprintf(hex, 33, "%016llx%016llx", static_cast<unsigned long long>(id.hi),
                static_cast<unsigned long long>(id.lo));
}

void marcot_buffer_free(marcot_buffer* buffer) { Free(buffer); }
void marcot_texts_free(marcot_texts* texts) { Free(texts); }
void marcot_ids_free(marcot_ids* ids) { Free(ids); }
void marcot_placed_free(marcot_placed* placed) { Free(placed); }

}  // extern "C"

}  // namespace marcot::c

#include "c/handles.h"

namespace marcot::c {
namespace {

ListRecycledOptions ListOptionsOf(const marcot_list_recycled_options* options) {
  const marcot_list_recycled_options given = Sized(options, "options");
  ListRecycledOptions out;
  out.order = EnumOf<RecycledOrder::kSize, MARCOT_RECYCLED_BY_SIZE>(given.order, "order");
  out.descending = given.descending;
  SetUnlessZero(&out.limit, given.limit);
  out.marker = String(given.marker);
  return out;
}

RestoreOptions RestoreOptionsOf(const marcot_options* options, marcot_bytes inside, marcot_bytes to,
                                int missing_parents) {
  return {OptionsOf(options), String(inside), String(to),
          EnumOf<MissingParents::kUseRoot, MARCOT_USE_ROOT>(missing_parents, "missing_parents")};
}

}  // namespace

NewOf<marcot_recycled> NewResult(RecycledPage page) {
  auto result = std::make_unique<Result<marcot_recycled>>();
  const RecycledPage& held = result->Hold(std::move(page));
  result->SetItems(held.items, [&](const RecycledItem& item) {
    return marcot_recycled_item{.id = item.id,
                                .type = TypeOf(item.type),
                                .path = result->NewPath(item.path),
                                .user = BytesOf(item.user),
                                .removal_time_ms = item.removal_time_ms,
                                .expiry_time_ms = item.expiry_time_ms,
                                .size = item.size,
                                .totals = TotalsOf(item.totals)};
  });
  result->marker = BytesOf(held.marker);
  result->total_items = held.total_items;
  return result;
}

extern "C" {

marcot_status* marcot_space_list_recycled(const marcot_space* space,
                                          const marcot_list_recycled_options* options,
                                          marcot_recycled** page) {
  return CallFor(page, [&] { return Of(space).ListRecycled(ListOptionsOf(options)); });
}

marcot_status* marcot_space_get_recycled(const marcot_space* space, uint64_t item,
                                         marcot_recycled** one) {
  return CallFor(one, [&]() -> absl::StatusOr<RecycledPage> {
    MARCOT_ASSIGN_OR_RETURN(const RecycledItem got, Of(space).GetRecycled(item));
    return RecycledPage{.items = {got}, .total_items = 1};
  });
}

marcot_status* marcot_space_restore(const marcot_space* space, uint64_t item, marcot_bytes inside,
                                    marcot_bytes to, int missing_parents,
                                    const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).Restore(item, RestoreOptionsOf(options, inside, to, missing_parents));
  });
}

marcot_status* marcot_space_purge_recycled(const marcot_space* space, uint64_t item,
                                           const marcot_options* options) {
  return Call([&] { return Of(space).PurgeRecycled(item, OptionsOf(options)); });
}

marcot_status* marcot_space_empty_recycle_bin(const marcot_space* space,
                                              const marcot_options* options) {
  return Call([&] { return Of(space).EmptyRecycleBin(OptionsOf(options)); });
}

void marcot_recycled_free(marcot_recycled* recycled) { Free(recycled); }

}  // extern "C"

}  // namespace marcot::c

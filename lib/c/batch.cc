#include "c/handles.h"

namespace marcot::c {
namespace {

BatchItem ItemOf(const marcot_item* item) {
  const marcot_item given = Sized(&Need(item, "item"), "item");
  BatchItem out;
  out.kind =
      EnumOf<BatchItem::Kind::kChangeAttributes, MARCOT_ITEM_CHANGE_ATTRIBUTES>(given.kind, "kind");
  out.only = EnumOf<BatchItem::Only::kFile, MARCOT_FILE>(given.type, "type");
  out.space = Of(given.space);
  if (given.from_space != nullptr) out.from_space = given.from_space->space;
  out.path = String(given.path);
  out.from = String(given.from);
  out.from_tree.named_snapshot = String(given.from_snapshot);
  out.item = given.recycled_item;
  out.missing_parents =
      EnumOf<MissingParents::kUseRoot, MARCOT_USE_ROOT>(given.missing_parents, "missing_parents");
  out.permanent = given.permanent;
  out.bytes = String(given.bytes);
  const bool by_source = given.from.size > 0 || given.from_space != nullptr;
  const bool puts_content = out.kind == BatchItem::Kind::kPutReference ||
                            (out.kind == BatchItem::Kind::kPutStored && !by_source);
  if (given.content != nullptr || puts_content) out.content = ContentOf(given.content);
  if (out.kind == BatchItem::Kind::kChangeAttributes) Need(given.changes, "changes");
  out.attributes = AttributesOf(given.attributes);
  if (given.changes != nullptr) {
    out.changes = std::make_shared<const AttributeChanges>(ChangesOf(given.changes));
  }
  out.options = OptionsOf(given.options);
  return out;
}

}  // namespace

NewOf<marcot_outcomes> NewResult(std::vector<Placed> placed) {
  auto result = std::make_unique<Result<marcot_outcomes>>();
  result->SetItems(placed, [&](const Placed& one) { return OutcomeOf(result.get(), one); });
  return result;
}

NewOf<marcot_outcomes> NewResult(std::vector<absl::StatusOr<Placed>> outcomes) {
  auto result = std::make_unique<Result<marcot_outcomes>>();
  result->SetItems(outcomes, [&](const absl::StatusOr<Placed>& outcome) {
    return OutcomeOf(result.get(), outcome);
  });
  return result;
}

extern "C" {

marcot_status* marcot_batch_new(marcot_batch** batch) {
  return CallFor(batch, []() -> absl::StatusOr<std::unique_ptr<marcot_batch>> {
    return std::make_unique<marcot_batch>();
  });
}

marcot_status* marcot_batch_add(marcot_batch* batch, const marcot_item* item) {
  return Call([&] {
    Need(batch, "batch").items.push_back(ItemOf(item));
    return absl::OkStatus();
  });
}

marcot_status* marcot_batch_run_atomically(marcot_store* store, const marcot_batch* batch,
                                           marcot_outcomes** outcomes) {
  return CallForOptional(outcomes,
                         [&] { return Of(store).RunAtomically(Need(batch, "batch").items); });
}

marcot_status* marcot_batch_run_each(marcot_store* store, const marcot_batch* batch,
                                     marcot_outcomes** outcomes) {
  return CallForOptional(outcomes, [&] { return Of(store).RunEach(Need(batch, "batch").items); });
}

void marcot_batch_free(marcot_batch* batch) { delete batch; }
void marcot_outcomes_free(marcot_outcomes* outcomes) { Free(outcomes); }

}  // extern "C"

}  // namespace marcot::c

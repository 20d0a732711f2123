// Search and the look-up of object ids, from what a host says to what it gets.
#include "marcot/search.h"

#include <string>
#include <utility>
#include <vector>

#include "api/store_impl.h"
#include "base/status_macros.h"
#include "operations/search.h"

namespace marcot {

using api::StoreImpl;
using core::ReadView;
using operations::Meter;

absl::StatusOr<SearchPage> Space::Search(const SearchQuery& query) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  operations::Engine& engine = *state->engine;
  MARCOT_ASSIGN_OR_RETURN(auto names, operations::ParsePath(query.below, engine.limits()));
  MARCOT_RETURN_IF_ERROR(operations::CheckQuery(query));
  Meter meter(engine.meters(), OperationKind::kSearch);
  MARCOT_ASSIGN_OR_RETURN(const auto held, api::HoldFor(engine, query.snapshot));
  ReadView view = ReadView::OfSnapshot(engine.committed(), *held);
  MARCOT_ASSIGN_OR_RETURN(const core::Entry entry, api::EntryAt(view, *state, query.tree, names));
  MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, names));
  MARCOT_ASSIGN_OR_RETURN(
      operations::SearchedPage searched,
      operations::SearchBelow(view, entry, names, query, engine.committed().secret()));
  const bool own_tree = query.tree.recycled_item == 0 && query.tree.named_snapshot.empty();
  if (searched.lacks_summaries && own_tree) {
    engine.SuggestSummaries(state->root.dir, std::move(names));
  }
  meter.Succeed();
  return std::move(searched.page);
}

absl::StatusOr<Found> Space::FindObject(const ObjectId& id, const ReadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  operations::Engine& engine = *state->engine;
  Meter meter(engine.meters(), OperationKind::kFindObject);
  MARCOT_ASSIGN_OR_RETURN(const auto held, api::HoldFor(engine, options.snapshot));
  ReadView view = ReadView::OfSnapshot(engine.committed(), *held);
  MARCOT_ASSIGN_OR_RETURN(const core::Entry entry, api::EntryAt(view, *state, options.tree, {}));
  MARCOT_RETURN_IF_ERROR(operations::RequireDirectory(entry, {}));
  bool lacks_summaries = false;
  auto found = operations::FindObjectBelow(view, entry, id, &lacks_summaries);
  const bool own_tree = options.tree.recycled_item == 0 && options.tree.named_snapshot.empty();
  if (lacks_summaries && own_tree) engine.SuggestSummaries(state->root.dir, {});
  if (found.ok()) meter.Succeed();
  return found;
}

}  // namespace marcot

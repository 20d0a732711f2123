#include "batch_json.h"

#include <algorithm>

#include "marcot/error.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// A client that waits for more than this many items may as well ask again.
constexpr size_t kMaxItemsAtOnce = 100;

int StatusOf(const Outcome& outcome) {
  if (!outcome.placed.ok()) return CodeHttpStatus(CodeOf(outcome.placed.status()));
  const bool gone = outcome.kind == BatchItem::Kind::kDelete && outcome.placed->recycled_item == 0;
  return gone ? 204 : 200;
}

void AddAsked(Json* json, const Outcome& outcome) {
  const std::vector<std::string> from = Split(outcome.from, '/'), to = Split(outcome.path, '/');
  switch (outcome.kind) {
    case BatchItem::Kind::kCopy:
      (*json)["copyFrom"] = from;
      (*json)["to"] = to;
      break;
    case BatchItem::Kind::kMove:
      (*json)["from"] = from;
      (*json)["to"] = to;
      break;
    case BatchItem::Kind::kRestore:
      (*json)["recycledItemId"] = outcome.recycled_item;
      break;
    default:
      break;
  }
}

Json OutcomeJson(const Outcome& outcome) {
  const bool ok = outcome.placed.ok();
  Json json{{"status", StatusOf(outcome)},
            {"path", ok ? outcome.placed->path : Split(outcome.path, '/')}};
  AddAsked(&json, outcome);
  if (ok && outcome.kind == BatchItem::Kind::kDelete && outcome.placed->recycled_item != 0) {
    json["recycledItemId"] = outcome.placed->recycled_item;
  }
  if (!ok) {
    json["code"] = std::string(CodeName(CodeOf(outcome.placed.status())));
    json["message"] = std::string(outcome.placed.status().message());
  }
  return json;
}

std::vector<BatchItem> Runnable(const std::vector<BatchItem>& items,
                                const std::vector<absl::Status>& errors) {
  std::vector<BatchItem> runnable;
  for (size_t i = 0; i < items.size(); ++i) {
    if (errors[i].ok()) runnable.push_back(items[i]);
  }
  return runnable;
}

absl::StatusOr<Response> RunAtOnce(Call& call, const std::vector<BatchItem>& items,
                                   const std::vector<absl::Status>& errors) {
  const std::vector<BatchItem> runnable = Runnable(items, errors);
  std::vector<absl::StatusOr<Placed>> placed;
  if (!runnable.empty()) {
    HTTPD_ASSIGN_OR_RETURN(placed, call.app.store.RunEach(runnable));
  }
  std::vector<Outcome> outcomes;
  for (size_t i = 0, next = 0; i < items.size(); ++i) {
    const BatchItem& item = items[i];
    outcomes.push_back({item.kind, item.from, item.path, item.item,
                        errors[i].ok() ? std::move(placed[next++]) : errors[i]});
  }
  return Answer(StatusOf(outcomes), {{"result", OutcomesJson(outcomes)}});
}

}  // namespace

Json OutcomesJson(const std::vector<Outcome>& outcomes) {
  Json json = Json::array();
  for (const Outcome& outcome : outcomes) json.push_back(OutcomeJson(outcome));
  return json;
}

int StatusOf(const std::vector<Outcome>& outcomes) {
  const auto ok = [](const Outcome& outcome) { return outcome.placed.ok(); };
  return std::all_of(outcomes.begin(), outcomes.end(), ok) ? 200 : 207;
}

absl::StatusOr<Response> RunBatch(Call& call, const Space& space,
                                  const std::vector<BatchItem>& items,
                                  const std::vector<absl::Status>& errors, const char* label) {
  if (items.empty()) return MakeError(Code::kNoItemsProvided, "the batch has no items");
  if (items.size() > kMaxBatchItems) {
    return MakeError(Code::kTooManyItems, "a batch has 1000 items at the most");
  }
  const bool all_opened =
      std::all_of(errors.begin(), errors.end(), [](const absl::Status& e) { return e.ok(); });
  if (items.size() <= kMaxItemsAtOnce || !all_opened) return RunAtOnce(call, items, errors);
  TaskRequest request;
  request.label = label;
  request.items = items;
  HTTPD_ASSIGN_OR_RETURN(const uint64_t task, call.app.service.tasks().Submit(space, request));
  return Answer(202, {{"taskId", task}});
}

}  // namespace marcot::httpd

// Batches (section 10).
#include <utility>

#include "batch_json.h"
#include "marcot/error.h"
#include "routes.h"
#include "status_macros.h"

namespace marcot::httpd {
namespace {

// Takes the fields of one item, whose space is set.
using TakeItem = void (*)(Fields& fields, BatchItem* item);

void TakeCopy(Fields& fields, BatchItem* item) {
  item->kind = BatchItem::Kind::kCopy;
  item->from = fields.Required("copyFrom");
  item->path = fields.Required("to");
  item->options.strategy = fields.StrategyOf("conflictResolutionStrategy");
}

void TakeMove(Fields& fields, BatchItem* item) {
  item->kind = BatchItem::Kind::kMove;
  item->from = fields.Required("from");
  item->path = fields.Required("to");
  item->options.strategy = fields.StrategyOf("conflictResolutionStrategy");
}

void TakeDelete(Fields& fields, BatchItem* item) {
  item->kind = BatchItem::Kind::kDelete;
  item->path = fields.Required("path");
  item->permanent = fields.Flag("permanent").value_or(false);
}

absl::StatusOr<Response> Run(Call& call, const char* label, const char* from_space, TakeItem take) {
  HTTPD_ASSIGN_OR_RETURN(const Session session, call.OpenSession());
  HTTPD_ASSIGN_OR_RETURN(const Space space, session.OpenSpace(call.space));
  std::vector<BatchItem> items;
  std::vector<absl::Status> errors;
  for (const Json& element : call.json) {
    Fields fields(element);
    BatchItem item;
    item.space = space;
    take(fields, &item);
    const auto source = fields.Text(from_space);
    HTTPD_RETURN_IF_ERROR(fields.error());
    errors.emplace_back();
    if (source.has_value()) {
      auto opened = session.OpenSpace(*source);
      errors.back() = opened.status();
      if (opened.ok()) item.from_space = *std::move(opened);
    }
    items.push_back(std::move(item));
  }
  return RunBatch(call, space, items, errors, label);
}

absl::StatusOr<Response> Copy(Call& call) {
  return Run(call, kBatchCopy, "copyFromSpaceId", TakeCopy);
}
absl::StatusOr<Response> Move(Call& call) { return Run(call, kBatchMove, "fromSpaceId", TakeMove); }
absl::StatusOr<Response> Delete(Call& call) { return Run(call, kBatchDelete, "", TakeDelete); }

constexpr char kBatch[] = "batch/{L}/{P}";

constexpr Route kRoutes[] = {
    {"POST", kBatch, "copy", kArrayBody, Copy},
    {"POST", kBatch, "move", kArrayBody, Move},
    {"POST", kBatch, "delete", kArrayBody, Delete},
};

}  // namespace

std::span<const Route> BatchRoutes() { return kRoutes; }

}  // namespace marcot::httpd

// Bulk loads of what the model has at some directory.
#include "differential/runner.h"

namespace marcot::testing {

std::string Runner::RunLoad(const Request& request) {
  const Node* const source = model_.SourceOf(request);
  if (source == nullptr || source->is_file() || request.from.empty()) return "";
  std::string wrong = Judge(request, CallLoad(request));
  return wrong.empty() ? CheckTotals(request) : wrong;
}

absl::StatusOr<Placed> Runner::CallLoad(const Request& request) {
  const std::unique_ptr<Node> tree = model_.LoadedTree(request, clock_.now_ms());
  auto load =
      handles_[request.space].BeginBulkLoad({.user = request.user, .attributes = tree->attributes});
  if (!load.ok()) return load.status();
  std::set<ContentId> contents;
  if (absl::Status status = Push(**load, *tree, &contents); !status.ok()) return status;
  OperationOptions options;
  options.strategy = request.strategy;
  auto placed = (*load)->Finish(request.path, options);
  // Refused at its place, it is let go of: what it held is released.
  const bool came = CodeOf((*load)->AddFile("", {})) == Code::kParamInvalid;
  if (came) ever_held_.merge(contents);
  return placed;
}

absl::Status Runner::Push(BulkLoad& load, const Node& directory, std::set<ContentId>* contents) {
  for (const auto& [name, child] : directory.children) {
    if (child->is_file()) continue;
    absl::Status status = load.EnterDirectory(name, child->attributes);
    if (status.ok()) status = Push(load, *child, contents);
    if (status.ok()) status = load.LeaveDirectory();
    if (!status.ok()) return status;
  }
  for (const auto& [name, child] : directory.children) {
    if (!child->is_file()) continue;
    const ContentRef content{
        .id = child->content.id.value(), .size = child->content.size, .unique_id = true};
    if (!content.id.empty()) contents->insert(content.id);
    absl::Status status = load.AddFile(name, content, child->attributes);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace marcot::testing

#include "c/handles.h"

namespace marcot::c {
namespace {

DirectoryAt DirectoryOf(const marcot_directory_at* directory, std::string_view name) {
  const marcot_directory_at given = Sized(&Need(directory, name), name);
  return {Of(given.space), String(given.path), {given.recycled_item, String(given.named_snapshot)}};
}

class Visitor {
 public:
  Visitor(marcot_diff_visitor visitor, void* context) : visitor_(visitor), context_(context) {
    Need(visitor, "visitor");
  }

  absl::StatusOr<bool> operator()(const Difference& difference) const {
    const std::string path = JoinPath(difference.path);
    const std::optional<EntryItem> before = EntryIf(difference.before);
    const std::optional<EntryItem> after = EntryIf(difference.after);
    int step = MARCOT_GO_ON;
    MARCOT_RETURN_IF_ERROR(
        TakeStatus(visitor_(context_, path.data(), path.size(), before ? &*before : nullptr,
                            after ? &*after : nullptr, &step)));
    if (step == MARCOT_GO_ON || step == MARCOT_STOP) return step == MARCOT_GO_ON;
    return MakeError(Code::kParamInvalid, "step must be MARCOT_GO_ON or MARCOT_STOP");
  }

 private:
  static std::optional<EntryItem> EntryIf(const Stat* stat) {
    return stat == nullptr ? std::nullopt : std::optional(EntryOf(*stat));
  }

  const marcot_diff_visitor visitor_;
  void* const context_;
};

}  // namespace

extern "C" marcot_status* marcot_store_diff(marcot_store* store, const marcot_directory_at* before,
                                            const marcot_directory_at* after,
                                            const marcot_snapshot* snapshot,
                                            marcot_diff_visitor visitor, void* context) {
  return Call([&] {
    return Of(store).Diff(DirectoryOf(before, "before"), DirectoryOf(after, "after"),
                          Visitor(visitor, context), Of(snapshot));
  });
}

}  // namespace marcot::c

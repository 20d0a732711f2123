#include "marcot/bulk_load.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

BulkLoad& Of(marcot_load* load) { return *Need(load, "load").load; }

}  // namespace

std::unique_ptr<marcot_load> NewResult(std::unique_ptr<BulkLoad> load) {
  return std::make_unique<marcot_load>(marcot_load{std::move(load)});
}

extern "C" {

marcot_status* marcot_space_begin_load(const marcot_space* space, marcot_bytes user,
                                       const marcot_attributes* attributes, marcot_load** load) {
  return CallFor(load, [&] {
    return Of(space).BeginBulkLoad({.user = String(user), .attributes = AttributesOf(attributes)});
  });
}

marcot_status* marcot_load_enter_directory(marcot_load* load, marcot_bytes name,
                                           const marcot_attributes* attributes) {
  return Call([&] { return Of(load).EnterDirectory(View(name), AttributesOf(attributes)); });
}

marcot_status* marcot_load_leave_directory(marcot_load* load) {
  return Call([&] { return Of(load).LeaveDirectory(); });
}

marcot_status* marcot_load_add_file(marcot_load* load, marcot_bytes name,
                                    const marcot_content* content,
                                    const marcot_attributes* attributes) {
  return Call(
      [&] { return Of(load).AddFile(View(name), ContentOf(content), AttributesOf(attributes)); });
}

marcot_status* marcot_load_finish(marcot_load* load, marcot_bytes path,
                                  const marcot_options* options, marcot_placed** placed) {
  return CallForOptional(placed, [&] { return Of(load).Finish(View(path), OptionsOf(options)); });
}

void marcot_load_close(marcot_load* load) { delete load; }

}  // extern "C"

}  // namespace marcot::c

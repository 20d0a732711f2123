#include "marcot/service.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

ServiceOptions ServiceOptionsOf(const marcot_service_options* options) {
  const marcot_service_options given = Sized(options, "options");
  ServiceOptions out;
  out.background = !given.no_background;
  SetUnlessZero(&out.task_threads, given.task_threads);
  return out;
}

}  // namespace

extern "C" {

marcot_status* marcot_service_open(marcot_store* store, const marcot_service_options* options,
                                   marcot_service** service) {
  return CallFor(service, [&]() -> absl::StatusOr<std::unique_ptr<marcot_service>> {
    MARCOT_ASSIGN_OR_RETURN(auto opened, Service::Open(Of(store), ServiceOptionsOf(options)));
    return std::make_unique<marcot_service>(marcot_service{&Of(store), std::move(opened)});
  });
}

void marcot_service_close(marcot_service* service) { delete service; }

marcot_status* marcot_service_expire_due(marcot_service* service) {
  return Call([&] { return Of(service).ExpireDue(); });
}

}  // extern "C"

}  // namespace marcot::c

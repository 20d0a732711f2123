#include "marcot/service.h"

#include "base/status_macros.h"
#include "service/shelf.h"

namespace marcot {
namespace service {
namespace {

class ServiceImpl final : public Service {
 public:
  explicit ServiceImpl(Shelf shelf) : shelf_(std::move(shelf)) {}

 private:
  const Shelf shelf_;
};

}  // namespace
}  // namespace service

absl::StatusOr<std::unique_ptr<Service>> Service::Open(Store& store) {
  MARCOT_ASSIGN_OR_RETURN(service::Shelf shelf, service::Shelf::Open(store));
  return std::make_unique<service::ServiceImpl>(std::move(shelf));
}

}  // namespace marcot

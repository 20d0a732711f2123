#include "marcot/service.h"

#include "base/status_macros.h"
#include "service/shelf.h"
#include "service/uploads.h"

namespace marcot {
namespace service {
namespace {

class ServiceImpl final : public Service {
 public:
  explicit ServiceImpl(Shelf shelf) : shelf_(std::move(shelf)), uploads_(MakeUploads(shelf_)) {}

  Uploads& uploads() override { return *uploads_; }
  absl::Status ExpireDue() override { return ExpireUploads(shelf_); }

 private:
  const Shelf shelf_;
  const std::unique_ptr<Uploads> uploads_;
};

}  // namespace
}  // namespace service

absl::StatusOr<std::unique_ptr<Service>> Service::Open(Store& store) {
  MARCOT_ASSIGN_OR_RETURN(service::Shelf shelf, service::Shelf::Open(store));
  return std::make_unique<service::ServiceImpl>(std::move(shelf));
}

}  // namespace marcot

#include "marcot/service.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/status_macros.h"
#include "marcot/error.h"
#include "service/shelf.h"
#include "service/tasks.h"
#include "service/uploads.h"

namespace marcot {
namespace service {
namespace {

// The background looks this often for what is due.
constexpr std::chrono::seconds kExpiryPeriod{60};

class ServiceImpl final : public Service {
 public:
  explicit ServiceImpl(Shelf shelf) : shelf_(std::move(shelf)), uploads_(MakeUploads(shelf_)) {}
  ~ServiceImpl() override;

  absl::Status Start(const ServiceOptions& options);

  Uploads& uploads() override { return *uploads_; }
  Tasks& tasks() override { return *tasks_; }
  absl::Status ExpireDue() override {
    MARCOT_RETURN_IF_ERROR(ExpireUploads(shelf_));
    return ExpireTasks(shelf_);
  }

 private:
  void ExpireInBackground();

  const Shelf shelf_;
  const std::unique_ptr<Uploads> uploads_;
  std::unique_ptr<Tasks> tasks_;

  std::mutex mutex_;
  std::condition_variable stops_;
  bool stopping_ = false;
  std::thread background_;
};

absl::Status ServiceImpl::Start(const ServiceOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(tasks_, MakeTasks(shelf_, options.background ? options.task_threads : 0));
  if (options.background) background_ = std::thread([this] { ExpireInBackground(); });
  return absl::OkStatus();
}

void ServiceImpl::ExpireInBackground() {
  std::unique_lock lock(mutex_);
  while (!stops_.wait_for(lock, kExpiryPeriod, [this] { return stopping_; })) {
    lock.unlock();
    ExpireDue().IgnoreError();  // what could not be done is due the next time too
    lock.lock();
  }
}

ServiceImpl::~ServiceImpl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stops_.notify_all();
  if (background_.joinable()) background_.join();
}

}  // namespace
}  // namespace service

absl::StatusOr<std::unique_ptr<Service>> Service::Open(Store& store,
                                                       const ServiceOptions& options) {
  if (options.task_threads < 1 || options.task_threads > 64) {
    return MakeError(Code::kParamInvalid, "task_threads must be 1..64");
  }
  MARCOT_ASSIGN_OR_RETURN(service::Shelf shelf, service::Shelf::Open(store));
  auto service = std::make_unique<service::ServiceImpl>(std::move(shelf));
  MARCOT_RETURN_IF_ERROR(service->Start(options));
  return service;
}

}  // namespace marcot

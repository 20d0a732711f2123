#include "marcot/service.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/status_macros.h"
#include "marcot/error.h"
#include "service/digests.h"
#include "service/favorites.h"
#include "service/shelf.h"
#include "service/tasks.h"
#include "service/tokens.h"
#include "service/uploads.h"

namespace marcot {
namespace service {
namespace {

// The background looks this often for what is due, and once in so many times through all tokens.
constexpr std::chrono::seconds kExpiryPeriod{60};
constexpr int kTokenRounds = 60;

class ServiceImpl final : public Service {
 public:
  explicit ServiceImpl(Shelf shelf)
      : shelf_(std::move(shelf)),
        tokens_(shelf_),
        uploads_(MakeUploads(shelf_)),
        favorites_(MakeFavorites(shelf_)),
        digests_(shelf_) {}
  ~ServiceImpl() override;

  absl::Status Start(const ServiceOptions& options);

  Tokens& tokens() override { return tokens_; }
  Uploads& uploads() override { return *uploads_; }
  Tasks& tasks() override { return *tasks_; }
  Favorites& favorites() override { return *favorites_; }
  absl::Status ExpireDue() override {
    MARCOT_RETURN_IF_ERROR(ExpireLittle());
    return tokens_.ExpireDue();
  }

 private:
  void ExpireInBackground();
  // What takes no longer than there is something under way.
  absl::Status ExpireLittle();

  const Shelf shelf_;
  TokensImpl tokens_;
  const std::unique_ptr<Uploads> uploads_;
  const std::unique_ptr<Favorites> favorites_;
  std::unique_ptr<Tasks> tasks_;
  Digests digests_;  // for their expiry
  std::mutex expiring_;

  std::mutex mutex_;
  std::condition_variable stops_;
  bool stopping_ = false;
  std::thread background_;
};

absl::Status ServiceImpl::Start(const ServiceOptions& options) {
  MARCOT_ASSIGN_OR_RETURN(tasks_, MakeTasks(shelf_, options.background ? options.task_threads : 0));
  if (!options.background) return absl::OkStatus();
  try {
    background_ = std::thread([this] { ExpireInBackground(); });
  } catch (const std::system_error& error) {
    return MakeError(Code::kInternalServerError, error.what());
  }
  return absl::OkStatus();
}

void ServiceImpl::ExpireInBackground() {
  std::unique_lock lock(mutex_);
  for (int round = 1; !stops_.wait_for(lock, kExpiryPeriod, [this] { return stopping_; });
       ++round) {
    lock.unlock();
    // What could not be done is due the next time too.
    (round % kTokenRounds == 0 ? ExpireDue() : ExpireLittle()).IgnoreError();
    lock.lock();
  }
}

absl::Status ServiceImpl::ExpireLittle() {
  const std::lock_guard lock(expiring_);
  absl::Status first = ExpireUploads(shelf_);
  first.Update(ExpireTasks(shelf_));
  first.Update(ExpireFavorites(shelf_));
  first.Update(digests_.ExpireSome());
  return first;
}

ServiceImpl::~ServiceImpl() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stops_.notify_all();
  if (background_.joinable()) background_.join();
  tasks_.reset();
  api::StoreImpl::Of(shelf_.store()).EndService();
}

}  // namespace
}  // namespace service

absl::StatusOr<std::unique_ptr<Service>> Service::Open(Store& store,
                                                       const ServiceOptions& options) {
  if (options.task_threads < 1 || options.task_threads > 64) {
    return MakeError(Code::kParamInvalid, "task_threads must be 1..64");
  }
  auto& impl = api::StoreImpl::Of(store);
  if (!impl.BeginService()) {
    return MakeError(Code::kStoreInUse, "the store has a service already; use that one");
  }
  auto shelf = service::Shelf::Open(store);
  if (!shelf.ok()) {
    impl.EndService();
    return shelf.status();
  }
  auto service = std::make_unique<service::ServiceImpl>(*std::move(shelf));
  MARCOT_RETURN_IF_ERROR(service->Start(options));
  return service;
}

}  // namespace marcot

#include "marcot/bulk_load.h"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "marcot/space.h"
#include "operations/bulk_load.h"

namespace marcot {
namespace {

using operations::Operation;

Operation NewOperation() {
  Operation operation;
  operation.kind = Operation::Kind::kLoad;
  operation.only = Operation::Only::kDirectory;
  return operation;
}

// Checks arguments and encodes attributes, of which one file after another mostly has the same.
class LoadOfSpace final : public BulkLoad {
 public:
  LoadOfSpace(Space space, std::string user, std::unique_ptr<operations::BulkLoader> loader)
      : space_(std::move(space)), user_(std::move(user)), loader_(std::move(loader)) {}

  absl::Status EnterDirectory(std::string_view name, const Attributes& attributes) override {
    return Whole([&]() -> absl::Status {
      MARCOT_ASSIGN_OR_RETURN(const std::string encoded, api::PrepareAttributes(attributes, name));
      return loader_->EnterDirectory(name, encoded);
    });
  }

  absl::Status LeaveDirectory() override {
    return Whole([&] { return loader_->LeaveDirectory(); });
  }

  absl::Status AddFile(std::string_view name, const ContentRef& content,
                       const Attributes& attributes) override {
    return Whole([&] { return Add(name, content, attributes); });
  }

  absl::StatusOr<Placed> Finish(std::string_view path, const OperationOptions& options) override {
    return Whole([&]() -> absl::StatusOr<Placed> {
      Operation operation = NewOperation();
      MARCOT_RETURN_IF_ERROR(api::PrepareTarget(space_, path, options, &operation));
      operation.user = user_;
      return loader_->Finish(std::move(operation), options.durability);
    });
  }

 private:
  // What a call leaves that an exception ended, where memory ran out, is not gone on with.
  template <typename Call>
  std::invoke_result_t<Call> Whole(const Call& call) {
    if (lost_) {
      return MakeError(Code::kInternalServerError,
                       "memory ran out during the bulk load; begin another one");
    }
    lost_ = true;
    auto result = call();
    lost_ = false;
    return result;
  }

  absl::Status Add(std::string_view name, const ContentRef& content, const Attributes& attributes) {
    MARCOT_RETURN_IF_ERROR(api::PrepareReference(content, name).status());
    if (!content.unique_id && !content.id.empty()) {
      return MakeError(Code::kParamInvalid,
                       absl::StrCat(std::string(name),
                                    ": a bulk load takes contents that no other entry holds; set "
                                    "unique_id, or put the file"));
    }
    if (attributes != attributes_) {
      MARCOT_ASSIGN_OR_RETURN(encoded_, api::PrepareAttributes(attributes, name));
      attributes_ = attributes;
    }
    return loader_->AddFile(name, content, encoded_);
  }

  const Space space_;
  const std::string user_;
  const std::unique_ptr<operations::BulkLoader> loader_;
  Attributes attributes_;  // of the file before, and
  std::string encoded_;    // what they come to
  bool lost_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BulkLoad>> Space::BeginBulkLoad(
    const BulkLoadOptions& options) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, api::StoreImpl::StateOf(*this));
  Operation operation = NewOperation();
  MARCOT_RETURN_IF_ERROR(api::CheckAccess(*state, nullptr, "", &operation));
  const std::string& user = api::OperatorOf(*state, options.user);
  MARCOT_RETURN_IF_ERROR(api::CheckUser(user, "a bulk load"));
  MARCOT_ASSIGN_OR_RETURN(const std::string attributes,
                          api::PrepareAttributes(options.attributes, "a bulk load"));
  MARCOT_ASSIGN_OR_RETURN(auto loader, operations::BulkLoader::Begin(
                                           *state->engine, state->root.dir, user, attributes));
  return std::make_unique<LoadOfSpace>(*this, user, std::move(loader));
}

}  // namespace marcot

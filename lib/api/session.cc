#include <set>

#include "absl/strings/str_cat.h"
#include "api/access.h"
#include "api/store_impl.h"
#include "base/status_macros.h"
#include "marcot/error.h"
#include "operations/page.h"
#include "operations/path.h"
#include "operations/spaces.h"

namespace marcot {
namespace {

using api::StoreImpl;
using core::ReadView;

absl::Status CheckId(std::string_view what, const std::string& id) {
  if (operations::IsUser(id)) return absl::OkStatus();
  return MakeError(Code::kParamInvalid,
                   absl::StrCat("the ", std::string(what), " must be UTF-8 of at most 255 bytes"));
}

// Those of the named spaces that are there, as of one commit.
absl::StatusOr<std::vector<SpaceInfo>> ListOnly(ReadView& view, const SessionRequest& session,
                                                std::string_view marker, size_t limit) {
  const std::set<std::string> names(session.spaces.begin(), session.spaces.end());
  std::vector<SpaceInfo> spaces;
  for (auto name = names.upper_bound(std::string(marker));
       name != names.end() && spaces.size() < limit; ++name) {
    MARCOT_ASSIGN_OR_RETURN(const auto record, operations::FindSpace(view, session.library, *name));
    if (!record.has_value()) continue;
    MARCOT_ASSIGN_OR_RETURN(SpaceInfo info, api::InfoOf(view, session.library, *name, *record));
    spaces.push_back(std::move(info));
  }
  return spaces;
}

}  // namespace

absl::StatusOr<const Session::State*> StoreImpl::StateOf(const Session& session) {
  if (session.state_ != nullptr) return session.state_.get();
  return MakeError(Code::kNoPermission, "an empty session handle; open a session first");
}

absl::StatusOr<Session> Store::OpenSession(const SessionRequest& request) {
  MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(request.library, true));
  for (const std::string& space : request.spaces) {
    MARCOT_RETURN_IF_ERROR(operations::CheckSpaceId(space, false));
  }
  MARCOT_RETURN_IF_ERROR(CheckId("user", request.user));
  MARCOT_RETURN_IF_ERROR(CheckId("client", request.client));
  MARCOT_RETURN_IF_ERROR(CheckId("session", request.session));
  ReadView view = ReadView::OfNow(impl_->engine().committed());
  MARCOT_RETURN_IF_ERROR(operations::FindLibrary(view, request.library).status());
  Session session;
  session.state_ = std::make_shared<const Session::State>(
      Session::State{this, std::make_shared<const SessionRequest>(request)});
  return session;
}

const SessionRequest& Session::request() const {
  static const SessionRequest none;
  return state_ == nullptr ? none : *state_->request;
}

absl::StatusOr<Space> Session::OpenSpace(std::string_view space) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceOf(*state, space));
  MARCOT_ASSIGN_OR_RETURN(const Space opened, state->store->OpenSpace(library(), space));
  return StoreImpl::ForSession(opened, state->request);
}

absl::StatusOr<Space> Session::CreateSpace(std::string_view space) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireGrant(*state->request, Grant::kCreateSpace, space));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceOf(*state, space));
  MARCOT_ASSIGN_OR_RETURN(const Space made, state->store->CreateSpace(library(), space));
  return StoreImpl::ForSession(made, state->request);
}

absl::Status Session::DeleteSpace(std::string_view space, bool force) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireGrant(*state->request, Grant::kDeleteSpace, space));
  MARCOT_RETURN_IF_ERROR(api::RequireSpaceOf(*state, space));
  return state->store->DeleteSpace(library(), space, force);
}

absl::StatusOr<std::vector<SpaceInfo>> Session::ListSpaces(std::string_view marker,
                                                           size_t limit) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  if (state->request->spaces.empty()) return state->store->ListSpaces(library(), marker, limit);
  MARCOT_RETURN_IF_ERROR(operations::CheckLimit(limit));
  ReadView view = ReadView::OfNow(StoreImpl::Of(*state->store).engine().committed());
  MARCOT_RETURN_IF_ERROR(operations::FindLibrary(view, library()).status());
  return ListOnly(view, *state->request, marker, limit);
}

absl::StatusOr<LibrarySettings> Session::GetLibrarySettings() const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  return state->store->GetLibrarySettings(library());
}

absl::Status Session::SetLibrarySettings(const LibrarySettings& settings) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireLibraryAdmin(*state, "the settings"));
  return state->store->SetLibrarySettings(library(), settings);
}

absl::StatusOr<uint64_t> Session::ClearHistory(uint64_t limit) const {
  MARCOT_ASSIGN_OR_RETURN(const State* const state, StoreImpl::StateOf(*this));
  MARCOT_RETURN_IF_ERROR(api::RequireLibraryAdmin(*state, "the history"));
  return state->store->ClearHistory(library(), limit);
}

}  // namespace marcot

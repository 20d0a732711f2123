#include "c/handles.h"

namespace marcot::c {
namespace {

std::unique_ptr<marcot_session> HostSession(Store* store, marcot_bytes library) {
  auto handle = std::make_unique<marcot_session>();
  handle->store = store;
  handle->library = String(library);
  handle->request.struct_size = sizeof(marcot_session_request);
  handle->request.library = BytesOf(handle->library);
  const marcot_bytes none{"", 0};
  handle->request.user = handle->request.client = none;
  handle->request.session = handle->request.grants = none;
  return handle;
}

}  // namespace

std::unique_ptr<marcot_session> NewSession(Store* store, Session session) {
  const SessionRequest& request = session.request();  // lives as long as the session
  auto handle = std::make_unique<marcot_session>();
  handle->store = store;
  handle->library = request.library;
  handle->grants = request.grants.ToString();
  for (const std::string& space : request.spaces) handle->spaces.push_back(BytesOf(space));
  handle->request = {sizeof(marcot_session_request),
                     BytesOf(request.library),
                     {handle->spaces.data(), handle->spaces.size()},
                     BytesOf(request.user),
                     BytesOf(request.client),
                     BytesOf(request.session),
                     BytesOf(handle->grants)};
  handle->session = std::move(session);
  return handle;
}

absl::StatusOr<SessionRequest> SessionRequestOf(const marcot_session_request* request) {
  const marcot_session_request given = Sized(&Need(request, "request"), "request");
  MARCOT_ASSIGN_OR_RETURN(const Grants grants, Grants::Parse(View(given.grants)));
  return SessionRequest{.library = String(given.library),
                        .spaces = Strings(given.spaces),
                        .user = String(given.user),
                        .client = String(given.client),
                        .session = String(given.session),
                        .grants = grants};
}

NewOf<marcot_spaces> NewResult(std::vector<SpaceInfo> spaces) {
  auto result = std::make_unique<Result<marcot_spaces>>();
  result->SetItems(result->Hold(std::move(spaces)), [](const SpaceInfo& info) {
    return marcot_space_info{BytesOf(info.library), BytesOf(info.name), info.creation_time_ms,
                             TotalsOf(info.totals)};
  });
  return result;
}

extern "C" {

marcot_status* marcot_session_open(marcot_store* store, const marcot_session_request* request,
                                   marcot_session** session) {
  return CallFor(session, [&]() -> absl::StatusOr<std::unique_ptr<marcot_session>> {
    MARCOT_ASSIGN_OR_RETURN(const SessionRequest given, SessionRequestOf(request));
    MARCOT_ASSIGN_OR_RETURN(Session opened, Of(store).OpenSession(given));
    return NewSession(&Of(store), std::move(opened));
  });
}

marcot_status* marcot_session_open_host(marcot_store* store, marcot_bytes library,
                                        marcot_session** session) {
  return CallFor(session, [&]() -> absl::StatusOr<std::unique_ptr<marcot_session>> {
    MARCOT_RETURN_IF_ERROR(Of(store).GetLibrarySettings(View(library)).status());
    return HostSession(&Of(store), library);
  });
}

void marcot_session_close(marcot_session* session) { delete session; }

const marcot_session_request* marcot_session_get_request(const marcot_session* session) {
  return session == nullptr ? nullptr : &session->request;
}

marcot_status* marcot_session_open_space(marcot_session* session, marcot_bytes space,
                                         marcot_space** handle) {
  return CallFor(handle, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->OpenSpace(View(space))
                      : of.store->OpenSpace(of.library, View(space));
  });
}

marcot_status* marcot_session_create_space(marcot_session* session, marcot_bytes space,
                                           marcot_space** handle) {
  return CallForOptional(handle, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->CreateSpace(View(space))
                      : of.store->CreateSpace(of.library, View(space));
  });
}

marcot_status* marcot_session_delete_space(marcot_session* session, marcot_bytes space,
                                           bool force) {
  return Call([&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->DeleteSpace(View(space), force)
                      : of.store->DeleteSpace(of.library, View(space), force);
  });
}

marcot_status* marcot_session_list_spaces(marcot_session* session, marcot_bytes marker,
                                          size_t limit, marcot_spaces** spaces) {
  return CallFor(spaces, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->ListSpaces(View(marker), limit)
                      : of.store->ListSpaces(of.library, View(marker), limit);
  });
}

void marcot_spaces_free(marcot_spaces* spaces) { Free(spaces); }

void marcot_space_close(marcot_space* space) { delete space; }

marcot_bytes marcot_space_library(const marcot_space* space) {
  return space == nullptr ? marcot_bytes{"", 0} : BytesOf(space->space.library());
}

marcot_bytes marcot_space_name(const marcot_space* space) {
  return space == nullptr ? marcot_bytes{"", 0} : BytesOf(space->space.name());
}

}  // extern "C"

}  // namespace marcot::c

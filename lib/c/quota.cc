#include "c/handles.h"

namespace marcot::c {

NewOf<marcot_quota> NewResult(QuotaInfo quota) {
  auto result = std::make_unique<Result<marcot_quota>>();
  const QuotaInfo& held = result->Hold(std::move(quota));
  const QuotaLimits& limits = held.limits;
  result->id = held.id;
  result->limits = result->NewIf(std::optional(marcot_quota_limits{
      sizeof(marcot_quota_limits), !limits.count_recycled, !limits.count_history,
      result->NewIf(limits.bytes), result->NewIf(limits.files)}));
  result->used_bytes = held.used_bytes;
  result->used_files = held.used_files;
  result->spaces = result->NewStrings(held.spaces);
  return result;
}

extern "C" {

marcot_status* marcot_session_create_quota(marcot_session* session, marcot_strings spaces,
                                           const marcot_quota_limits* limits, uint64_t* id) {
  return CallForValue(id, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->CreateQuota(Strings(spaces), LimitsOf(limits))
                      : of.store->CreateQuota(of.library, Strings(spaces), LimitsOf(limits));
  });
}

marcot_status* marcot_session_set_quota(marcot_session* session, uint64_t id,
                                        const marcot_quota_limits* limits) {
  return Call([&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->SetQuota(id, LimitsOf(limits))
                      : of.store->SetQuota(of.library, id, LimitsOf(limits));
  });
}

marcot_status* marcot_session_set_quota_spaces(marcot_session* session, uint64_t id,
                                               marcot_strings spaces) {
  return Call([&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->SetQuotaSpaces(id, Strings(spaces))
                      : of.store->SetQuotaSpaces(of.library, id, Strings(spaces));
  });
}

marcot_status* marcot_session_delete_quota(marcot_session* session, uint64_t id) {
  return Call([&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->DeleteQuota(id) : of.store->DeleteQuota(of.library, id);
  });
}

marcot_status* marcot_session_get_quota(marcot_session* session, uint64_t id,
                                        marcot_quota** quota) {
  return CallFor(quota, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->GetQuota(id) : of.store->GetQuota(of.library, id);
  });
}

marcot_status* marcot_session_get_quota_of(marcot_session* session, marcot_bytes space,
                                           marcot_quota** quota) {
  return CallFor(quota, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->GetQuotaOf(View(space))
                      : of.store->GetQuotaOf(of.library, View(space));
  });
}

marcot_status* marcot_space_set_directory_quota(const marcot_space* space, marcot_bytes path,
                                                const marcot_quota_limits* limits,
                                                const marcot_options* options) {
  return Call([&] {
    return Of(space).SetDirectoryQuota(View(path), LimitsOf(limits), OptionsOf(options));
  });
}

marcot_status* marcot_space_remove_directory_quota(const marcot_space* space, marcot_bytes path,
                                                   const marcot_options* options) {
  return Call([&] { return Of(space).RemoveDirectoryQuota(View(path), OptionsOf(options)); });
}

marcot_status* marcot_space_get_directory_quota(const marcot_space* space, marcot_bytes path,
                                                marcot_quota** quota) {
  return CallFor(quota, [&] { return Of(space).GetDirectoryQuota(View(path)); });
}

void marcot_quota_free(marcot_quota* quota) { Free(quota); }

}  // extern "C"

}  // namespace marcot::c

#include "marcot/settings.h"

#include "c/handles.h"

namespace marcot::c {
namespace {

// Settings are read, changed and set again: whoever knows fewer of them would lose the others.
template <typename T>
T& Whole(T* settings) {
  T& whole = Need(settings, "settings");
  if (whole.struct_size < sizeof(T) || whole.struct_size > kMaxStructSize) {
    Refuse("struct_size of settings is not that of this library; use MARCOT_INIT");
  }
  return whole;
}

template <typename T>
void Copy(T settings, T* to) {
  settings.struct_size = Whole(to).struct_size;
  std::memcpy(to, &settings, sizeof(T));
}

marcot_library_settings CSettingsOf(const LibrarySettings& settings) {
  return {.struct_size = 0,
          .recycle_bin = settings.recycle_bin,
          .history = settings.history,
          .recycle_days = settings.recycle_days,
          .history_versions = settings.history_versions,
          .history_days = settings.history_days,
          .history_merge_seconds = settings.history_merge_seconds};
}

LibrarySettings LibrarySettingsOf(const marcot_library_settings* settings) {
  const marcot_library_settings given = Sized(&Whole(settings), "settings");
  LibrarySettings out;
  out.recycle_bin = given.recycle_bin;
  out.history = given.history;
  SetUnlessZero(&out.recycle_days, given.recycle_days);
  SetUnlessZero(&out.history_versions, given.history_versions);
  out.history_days = given.history_days;
  out.history_merge_seconds = given.history_merge_seconds;
  return out;
}

marcot_space_settings CSettingsOf(const SpaceSettings& settings) {
  const int bin = !settings.recycle_bin   ? MARCOT_AS_LIBRARY
                  : *settings.recycle_bin ? MARCOT_ON
                                          : MARCOT_OFF;
  return {.struct_size = 0,
          .recycle_bin = bin,
          .recycle_days = settings.recycle_days.value_or(0),
          .change_feed_days = settings.change_feed_days};
}

SpaceSettings SpaceSettingsOf(const marcot_space_settings* settings) {
  const marcot_space_settings given = Sized(&Whole(settings), "settings");
  SpaceSettings out;
  if (given.recycle_bin < MARCOT_AS_LIBRARY || given.recycle_bin > MARCOT_OFF) {
    Refuse("recycle_bin " + std::to_string(given.recycle_bin) + " is none there is; see marcot.h");
  }
  if (given.recycle_bin != MARCOT_AS_LIBRARY) out.recycle_bin = given.recycle_bin == MARCOT_ON;
  if (given.recycle_days != 0) out.recycle_days = given.recycle_days;
  out.change_feed_days = given.change_feed_days;
  return out;
}

}  // namespace

NewOf<marcot_usage> NewResult(Usage usage) {
  auto result = std::make_unique<Result<marcot_usage>>();
  result->tree = TotalsOf(usage.tree);
  result->recycled = TotalsOf(usage.recycled);
  result->versions = usage.versions;
  result->version_bytes = usage.version_bytes;
  result->capacity = result->NewIf(usage.capacity);
  result->available = result->NewIf(usage.available);
  return result;
}

extern "C" {

marcot_status* marcot_session_get_settings(marcot_session* session,
                                           marcot_library_settings* settings) {
  return Call([&]() -> absl::Status {
    const marcot_session& of = Need(session, "session");
    MARCOT_ASSIGN_OR_RETURN(
        const LibrarySettings got,
        of.session ? of.session->GetLibrarySettings() : of.store->GetLibrarySettings(of.library));
    Copy(CSettingsOf(got), settings);
    return absl::OkStatus();
  });
}

marcot_status* marcot_session_set_settings(marcot_session* session,
                                           const marcot_library_settings* settings) {
  return Call([&] {
    const marcot_session& of = Need(session, "session");
    const LibrarySettings given = LibrarySettingsOf(settings);
    return of.session ? of.session->SetLibrarySettings(given)
                      : of.store->SetLibrarySettings(of.library, given);
  });
}

marcot_status* marcot_session_clear_history(marcot_session* session, uint64_t limit,
                                            uint64_t* cleared) {
  return CallForOptionalValue(cleared, [&] {
    const marcot_session& of = Need(session, "session");
    return of.session ? of.session->ClearHistory(limit) : of.store->ClearHistory(of.library, limit);
  });
}

marcot_status* marcot_space_get_settings(const marcot_space* space,
                                         marcot_space_settings* settings) {
  return Call([&]() -> absl::Status {
    MARCOT_ASSIGN_OR_RETURN(const SpaceSettings got, Of(space).GetSettings());
    Copy(CSettingsOf(got), settings);
    return absl::OkStatus();
  });
}

marcot_status* marcot_space_set_settings(const marcot_space* space,
                                         const marcot_space_settings* settings) {
  return Call([&] { return Of(space).SetSettings(SpaceSettingsOf(settings)); });
}

marcot_status* marcot_space_usage(const marcot_space* space, marcot_usage** usage) {
  return CallFor(usage, [&] { return Of(space).GetUsage(); });
}

void marcot_usage_free(marcot_usage* usage) { Free(usage); }

}  // extern "C"

}  // namespace marcot::c

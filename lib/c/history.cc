#include "marcot/history.h"

#include "c/handles.h"

namespace marcot::c {

NewOf<marcot_versions> NewResult(VersionPage page) {
  auto result = std::make_unique<Result<marcot_versions>>();
  result->SetItems(page.versions, [](const FileVersion& version) {
    return marcot_version{version.id,
                          version.version,
                          version.size,
                          IdOf(version.content),
                          version.modification_time_ms,
                          version.replaced_time_ms};
  });
  result->next = page.next;
  return result;
}

NewOf<marcot_named_snapshots> NewResult(std::vector<NamedSnapshot> snapshots) {
  auto result = std::make_unique<Result<marcot_named_snapshots>>();
  result->SetItems(result->Hold(std::move(snapshots)), [&](const NamedSnapshot& snapshot) {
    return marcot_named_snapshot{BytesOf(snapshot.name), result->NewPath(snapshot.path),
                                 snapshot.creation_time_ms, snapshot.expiry_time_ms,
                                 TotalsOf(snapshot.totals)};
  });
  return result;
}

NewOf<marcot_changes> NewResult(ChangePage page) {
  static_assert(MARCOT_CHANGE_LOADED == static_cast<int>(ChangeKind::kLoaded));
  auto result = std::make_unique<Result<marcot_changes>>();
  const ChangePage& held = result->Hold(std::move(page));
  result->SetItems(held.changes, [&](const Change& change) {
    return marcot_change{.seq = change.seq,
                         .kind = static_cast<int>(change.kind),
                         .type = TypeOf(change.type),
                         .id = IdOf(change.id),
                         .path = result->NewPath(change.path),
                         .from = result->NewPath(change.from),
                         .from_library = BytesOf(change.from_library),
                         .from_space = BytesOf(change.from_space),
                         .from_id = IdOf(change.from_id),
                         .item = change.item,
                         .overwritten = change.overwritten,
                         .user = BytesOf(change.user),
                         .time_ms = change.time_ms};
  });
  result->cursor = BytesOf(held.cursor);
  return result;
}

extern "C" {

marcot_status* marcot_space_list_versions(const marcot_space* space, marcot_bytes path,
                                          uint64_t before, size_t limit, marcot_versions** page) {
  return CallFor(
      page, [&] { return Of(space).ListVersions(View(path), {.limit = limit, .before = before}); });
}

marcot_status* marcot_space_set_latest_version(const marcot_space* space, marcot_bytes path,
                                               uint64_t version, const marcot_options* options,
                                               marcot_placed** placed) {
  return CallForOptional(
      placed, [&] { return Of(space).SetLatestVersion(View(path), version, OptionsOf(options)); });
}

marcot_status* marcot_space_delete_version(const marcot_space* space, marcot_bytes path,
                                           uint64_t version, const marcot_options* options) {
  return Call([&] { return Of(space).DeleteVersion(View(path), version, OptionsOf(options)); });
}

marcot_status* marcot_space_set_latest_version_by_id(const marcot_space* space, uint64_t id,
                                                     const marcot_options* options,
                                                     marcot_placed** placed) {
  return CallForOptional(placed,
                         [&] { return Of(space).SetLatestVersionById(id, OptionsOf(options)); });
}

marcot_status* marcot_space_delete_versions_by_id(const marcot_space* space, const uint64_t* ids,
                                                  size_t count, const marcot_options* options) {
  return Call([&] {
    if (count > 0) Need(ids, "ids");
    return Of(space).DeleteVersionsById({ids, count}, OptionsOf(options));
  });
}

marcot_status* marcot_space_create_snapshot(const marcot_space* space, marcot_bytes name,
                                            marcot_bytes path, int64_t expiry_time_ms,
                                            const marcot_options* options,
                                            marcot_named_snapshots** made) {
  return CallForOptional(made, [&]() -> absl::StatusOr<std::vector<NamedSnapshot>> {
    MARCOT_ASSIGN_OR_RETURN(
        const NamedSnapshot snapshot,
        Of(space).CreateSnapshot(View(name), View(path), expiry_time_ms, OptionsOf(options)));
    return std::vector{snapshot};
  });
}

marcot_status* marcot_space_list_snapshots(const marcot_space* space, marcot_bytes marker,
                                           size_t limit, marcot_named_snapshots** snapshots) {
  return CallFor(snapshots, [&] { return Of(space).ListSnapshots(View(marker), limit); });
}

marcot_status* marcot_space_get_snapshot(const marcot_space* space, marcot_bytes name,
                                         marcot_named_snapshots** one) {
  return CallFor(one, [&]() -> absl::StatusOr<std::vector<NamedSnapshot>> {
    MARCOT_ASSIGN_OR_RETURN(const NamedSnapshot snapshot, Of(space).GetSnapshot(View(name)));
    return std::vector{snapshot};
  });
}

marcot_status* marcot_space_delete_snapshot(const marcot_space* space, marcot_bytes name,
                                            const marcot_options* options) {
  return Call([&] { return Of(space).DeleteSnapshot(View(name), OptionsOf(options)); });
}

marcot_status* marcot_space_copy_from_snapshot(const marcot_space* space, marcot_bytes name,
                                               marcot_bytes from, marcot_bytes to,
                                               const marcot_options* options,
                                               marcot_placed** placed) {
  return CallForOptional(placed, [&] {
    return Of(space).CopyFromSnapshot(View(name), View(from), View(to), OptionsOf(options));
  });
}

marcot_status* marcot_space_read_changes(const marcot_space* space, marcot_bytes cursor,
                                         size_t limit, marcot_changes** page) {
  return CallFor(page, [&] { return Of(space).ReadChanges(View(cursor), limit); });
}

marcot_status* marcot_space_latest_change(const marcot_space* space, marcot_buffer** cursor) {
  return CallFor(cursor, [&] { return Of(space).LatestChange(); });
}

void marcot_versions_free(marcot_versions* versions) { Free(versions); }
void marcot_named_snapshots_free(marcot_named_snapshots* snapshots) { Free(snapshots); }
void marcot_changes_free(marcot_changes* changes) { Free(changes); }

}  // extern "C"

}  // namespace marcot::c

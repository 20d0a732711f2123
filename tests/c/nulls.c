// Every handle and address that is needed, left out: ParamInvalid, and no crash.
#include "check.h"

static void check_frees(void) {
  marcot_status_free(NULL);
  marcot_buffer_free(NULL);
  marcot_texts_free(NULL);
  marcot_ids_free(NULL);
  marcot_stats_free(NULL);
  marcot_backups_free(NULL);
  marcot_spaces_free(NULL);
  marcot_usage_free(NULL);
  marcot_quota_free(NULL);
  marcot_placed_free(NULL);
  marcot_outcomes_free(NULL);
  marcot_batch_free(NULL);
  marcot_entry_free(NULL);
  marcot_attributes_free(NULL);
  marcot_entries_free(NULL);
  marcot_recycled_free(NULL);
  marcot_versions_free(NULL);
  marcot_named_snapshots_free(NULL);
  marcot_changes_free(NULL);
  marcot_token_free(NULL);
  marcot_upload_free(NULL);
  marcot_parts_free(NULL);
  marcot_task_free(NULL);
  marcot_task_items_free(NULL);
  marcot_store_close(NULL);
  marcot_session_close(NULL);
  marcot_space_close(NULL);
  marcot_snapshot_close(NULL);
  marcot_reader_close(NULL);
  marcot_load_close(NULL);
  marcot_service_close(NULL);
  CHECK(marcot_snapshot_seq(NULL) == 0 && marcot_reader_entry(NULL) == NULL);
  CHECK(marcot_session_get_request(NULL) == NULL);
  CHECK(is(marcot_space_library(NULL), "") && is(marcot_space_name(NULL), ""));
}

static void check_store(const fixture* of) {
  marcot_store* const store = of->store;
  marcot_texts* texts = NULL;
  marcot_space* space = NULL;
  marcot_snapshot* snapshot = NULL;
  marcot_ids* ids = NULL;
  marcot_stats* stats = NULL;
  marcot_buffer* buffer = NULL;
  bool left = false;
  const marcot_id id = {1, 2};
  REFUSED(marcot_store_open(fixture_path(of, "store"), NULL, NULL));
  REFUSED(marcot_store_create_library(NULL, T("x")));
  REFUSED(marcot_store_delete_library(NULL, T("x")));
  REFUSED(marcot_store_list_libraries(NULL, &texts));
  REFUSED(marcot_store_list_libraries(store, NULL));
  REFUSED(marcot_store_open_space(NULL, T("default"), T("-"), &space));
  REFUSED(marcot_store_open_space(store, T("default"), T("-"), NULL));
  REFUSED(marcot_store_take_snapshot(NULL, &snapshot));
  REFUSED(marcot_store_take_snapshot(store, NULL));
  REFUSED(marcot_store_expire_due(NULL, NULL));
  OK(marcot_store_expire_due(store, NULL));
  REFUSED(marcot_store_reclaim_until_idle(NULL));
  REFUSED(marcot_store_reclaim_steps(NULL, 1, &left));
  REFUSED(marcot_store_reclaim_steps(store, 1, NULL));
  REFUSED(marcot_store_pause_reclaim(NULL, true));
  REFUSED(marcot_store_released_contents(NULL, NULL, 1, &ids));
  REFUSED(marcot_store_released_contents(store, NULL, 1, NULL));
  REFUSED(marcot_store_condemn_contents(NULL, &id, 1, &ids));
  REFUSED(marcot_store_condemn_contents(store, NULL, 1, &ids));
  REFUSED(marcot_store_condemn_contents(store, &id, 1, NULL));
  REFUSED(marcot_store_acknowledge_contents(NULL, &id, 1));
  REFUSED(marcot_store_acknowledge_contents(store, NULL, 1));
  REFUSED(marcot_store_stats(NULL, &stats));
  REFUSED(marcot_store_stats(store, NULL));
  REFUSED(marcot_store_metrics(NULL, &buffer));
  REFUSED(marcot_store_metrics(store, NULL));
  REFUSED(marcot_store_check_invariants(NULL, &texts));
  REFUSED(marcot_store_check_invariants(store, NULL));
  REFUSED(marcot_store_create_checkpoint(NULL, T("x")));
  REFUSED(marcot_store_create_backup(NULL, T("x"), NULL));
  REFUSED(marcot_backups_list(T("x"), NULL));
}

static void check_session(const fixture* of) {
  marcot_session* session = NULL;
  marcot_session_request request;
  MARCOT_INIT(request);
  request.library = T("default");
  marcot_space* space = NULL;
  marcot_spaces* spaces = NULL;
  marcot_library_settings library;
  MARCOT_INIT(library);
  marcot_space_settings settings;
  MARCOT_INIT(settings);
  marcot_usage* usage = NULL;
  marcot_quota* quota = NULL;
  uint64_t id = 0;
  const marcot_strings no_items = {NULL, 1};
  REFUSED(marcot_session_open(NULL, &request, &session));
  REFUSED(marcot_session_open(of->store, NULL, &session));
  REFUSED(marcot_session_open(of->store, &request, NULL));
  request.spaces = no_items;
  REFUSED(marcot_session_open(of->store, &request, &session));
  REFUSED(marcot_session_open_host(NULL, T("default"), &session));
  REFUSED(marcot_session_open_host(of->store, T("default"), NULL));
  REFUSED(marcot_session_open_space(NULL, T("-"), &space));
  REFUSED(marcot_session_open_space(of->host, T("-"), NULL));
  REFUSED(marcot_session_create_space(NULL, T("x"), NULL));
  REFUSED(marcot_session_delete_space(NULL, T("x"), true));
  REFUSED(marcot_session_list_spaces(NULL, T(""), 1, &spaces));
  REFUSED(marcot_session_list_spaces(of->host, T(""), 1, NULL));
  REFUSED(marcot_session_get_settings(NULL, &library));
  REFUSED(marcot_session_get_settings(of->host, NULL));
  REFUSED(marcot_session_set_settings(NULL, &library));
  REFUSED(marcot_session_set_settings(of->host, NULL));
  REFUSED(marcot_session_clear_history(NULL, 1, &id));
  REFUSED(marcot_space_get_settings(NULL, &settings));
  REFUSED(marcot_space_get_settings(of->space, NULL));
  REFUSED(marcot_space_set_settings(NULL, &settings));
  REFUSED(marcot_space_set_settings(of->space, NULL));
  REFUSED(marcot_space_usage(NULL, &usage));
  REFUSED(marcot_space_usage(of->space, NULL));
  REFUSED(marcot_session_create_quota(NULL, no_items, NULL, &id));
  REFUSED(marcot_session_create_quota(of->host, no_items, NULL, &id));
  REFUSED(marcot_session_create_quota(of->host, no_items, NULL, NULL));
  REFUSED(marcot_session_set_quota(NULL, 1, NULL));
  REFUSED(marcot_session_set_quota_spaces(NULL, 1, no_items));
  REFUSED(marcot_session_set_quota_spaces(of->host, 1, no_items));
  REFUSED(marcot_session_delete_quota(NULL, 1));
  REFUSED(marcot_session_get_quota(NULL, 1, &quota));
  REFUSED(marcot_session_get_quota(of->host, 1, NULL));
  REFUSED(marcot_session_get_quota_of(NULL, T("-"), &quota));
  REFUSED(marcot_session_get_quota_of(of->host, T("-"), NULL));
}

static void check_changes(const fixture* of) {
  marcot_space* const space = of->space;
  const marcot_content content = {{1, 2}, 3, false};
  marcot_attribute_changes changes;
  MARCOT_INIT(changes);
  marcot_quota* quota = NULL;
  REFUSED(marcot_space_make_directory(NULL, T("x"), NULL, NULL, NULL));
  REFUSED(marcot_space_put(NULL, T("x"), T(""), NULL, NULL, NULL));
  REFUSED(marcot_space_put_stream(NULL, T("x"), read_text, NULL, NULL, NULL, NULL));
  REFUSED(marcot_space_put_stream(space, T("x"), NULL, NULL, NULL, NULL, NULL));
  REFUSED(marcot_space_put_reference(NULL, T("x"), &content, NULL, NULL, NULL));
  REFUSED(marcot_space_put_reference(space, T("x"), NULL, NULL, NULL, NULL));
  REFUSED(marcot_space_put_stored(NULL, T("x"), &content, NULL, NULL, NULL));
  REFUSED(marcot_space_put_stored(space, T("x"), NULL, NULL, NULL, NULL));
  REFUSED(marcot_space_copy(NULL, T("d"), space, T("x"), MARCOT_DIRECTORY, NULL, NULL));
  REFUSED(marcot_space_copy(space, T("d"), NULL, T("x"), MARCOT_DIRECTORY, NULL, NULL));
  REFUSED(marcot_space_move(NULL, T("d"), space, T("x"), MARCOT_DIRECTORY, NULL, NULL));
  REFUSED(marcot_space_move(space, T("d"), NULL, T("x"), MARCOT_DIRECTORY, NULL, NULL));
  REFUSED(marcot_space_delete(NULL, T("d"), MARCOT_ANY_TYPE, true, NULL, NULL));
  REFUSED(marcot_space_set_attributes(NULL, T("d"), NULL, NULL));
  REFUSED(marcot_space_change_attributes(NULL, T("d"), &changes, NULL));
  REFUSED(marcot_space_change_attributes(space, T("d"), NULL, NULL));
  REFUSED(marcot_space_set_directory_quota(NULL, T("d"), NULL, NULL));
  REFUSED(marcot_space_remove_directory_quota(NULL, T("d"), NULL));
  REFUSED(marcot_space_get_directory_quota(NULL, T("d"), &quota));
  REFUSED(marcot_space_get_directory_quota(space, T("d"), NULL));

  marcot_batch* batch = NULL;
  OK(marcot_batch_new(&batch));
  marcot_item item;
  MARCOT_INIT(item);
  REFUSED(marcot_batch_new(NULL));
  REFUSED(marcot_batch_add(NULL, &item));
  REFUSED(marcot_batch_add(batch, NULL));
  REFUSED(marcot_batch_add(batch, &item));  // of no space
  REFUSED(marcot_batch_run_atomically(NULL, batch, NULL));
  REFUSED(marcot_batch_run_atomically(of->store, NULL, NULL));
  REFUSED(marcot_batch_run_each(NULL, batch, NULL));
  REFUSED(marcot_batch_run_each(of->store, NULL, NULL));
  marcot_batch_free(batch);
  CHECK(!exists(space, "x") && exists(space, "d"));
}

static void check_loads(const fixture* of) {
  marcot_load* load = NULL;
  const marcot_content content = {{1, 2}, 3, true};
  REFUSED(marcot_space_begin_load(NULL, T(""), NULL, &load));
  REFUSED(marcot_space_begin_load(of->space, T(""), NULL, NULL));
  REFUSED(marcot_load_enter_directory(NULL, T("x"), NULL));
  REFUSED(marcot_load_leave_directory(NULL));
  REFUSED(marcot_load_add_file(NULL, T("x"), &content, NULL));
  REFUSED(marcot_load_finish(NULL, T("x"), NULL, NULL));
  OK(marcot_space_begin_load(of->space, T(""), NULL, &load));
  REFUSED(marcot_load_add_file(load, T("x"), NULL, NULL));
  marcot_load_close(load);
  CHECK(!exists(of->space, "x"));
}

static marcot_status* no_visit(void* context, const marcot_entry* entry, int* step) {
  (void)context, (void)entry, (void)step;
  CHECK(!"a refused walk visits nothing");
  return NULL;
}

static void check_reads(const fixture* of) {
  marcot_space* const space = of->space;
  marcot_entry* entry = NULL;
  marcot_entries* page = NULL;
  marcot_attributes* attributes = NULL;
  marcot_totals totals;
  marcot_reader* reader = NULL;
  marcot_buffer* buffer = NULL;
  char byte = 0;
  size_t size = 0;
  memory_sink sink = {&byte, 0, 1};
  REFUSED(marcot_space_stat(NULL, T("d"), NULL, &entry));
  REFUSED(marcot_space_stat(space, T("d"), NULL, NULL));
  REFUSED(marcot_space_totals(NULL, T("d"), NULL, &totals));
  REFUSED(marcot_space_totals(space, T("d"), NULL, NULL));
  REFUSED(marcot_space_list(NULL, T("d"), NULL, NULL, &page));
  REFUSED(marcot_space_list(space, T("d"), NULL, NULL, NULL));
  REFUSED(marcot_space_walk(NULL, T(""), NULL, no_visit, NULL, NULL));
  REFUSED(marcot_space_walk(space, T(""), NULL, NULL, NULL, NULL));
  REFUSED(marcot_space_open_file(NULL, T("f"), NULL, &reader));
  REFUSED(marcot_space_open_file(space, T("f"), NULL, NULL));
  REFUSED(marcot_space_read(NULL, T("f"), NULL, &buffer));
  REFUSED(marcot_space_read(space, T("f"), NULL, NULL));
  REFUSED(marcot_entry_attributes(NULL, &attributes));
  OK(marcot_space_open_file(space, T("f"), NULL, &reader));
  REFUSED(marcot_reader_read(NULL, 0, &byte, 1, &size));
  REFUSED(marcot_reader_read(reader, 0, NULL, 1, &size));
  REFUSED(marcot_reader_read(reader, 0, &byte, 1, NULL));
  REFUSED(marcot_reader_stream(NULL, 0, 1, write_memory, &sink));
  REFUSED(marcot_reader_stream(reader, 0, 1, NULL, NULL));
  REFUSED(marcot_entry_attributes(marcot_reader_entry(reader), NULL));
  marcot_reader_close(reader);
  REFUSED(marcot_space_search(NULL, NULL, NULL, &page));
  REFUSED(marcot_space_search(space, NULL, NULL, NULL));
  REFUSED(marcot_space_find_object(NULL, (marcot_id){1, 2}, NULL, &entry));
  REFUSED(marcot_space_find_object(space, (marcot_id){1, 2}, NULL, NULL));
}

static void check_history(const fixture* of) {
  marcot_space* const space = of->space;
  marcot_recycled* recycled = NULL;
  marcot_versions* versions = NULL;
  marcot_named_snapshots* snapshots = NULL;
  marcot_changes* changes = NULL;
  marcot_buffer* buffer = NULL;
  marcot_directory_at at;
  MARCOT_INIT(at);
  at.space = space;
  REFUSED(marcot_space_list_recycled(NULL, NULL, &recycled));
  REFUSED(marcot_space_list_recycled(space, NULL, NULL));
  REFUSED(marcot_space_get_recycled(NULL, 1, &recycled));
  REFUSED(marcot_space_get_recycled(space, 1, NULL));
  REFUSED(marcot_space_restore(NULL, 1, T(""), T(""), MARCOT_USE_ROOT, NULL, NULL));
  REFUSED(marcot_space_purge_recycled(NULL, 1, NULL));
  REFUSED(marcot_space_empty_recycle_bin(NULL, NULL));
  REFUSED(marcot_space_list_versions(NULL, T("f"), 0, 1, &versions));
  REFUSED(marcot_space_list_versions(space, T("f"), 0, 1, NULL));
  REFUSED(marcot_space_set_latest_version(NULL, T("f"), 1, NULL, NULL));
  REFUSED(marcot_space_delete_version(NULL, T("f"), 1, NULL));
  REFUSED(marcot_space_set_latest_version_by_id(NULL, 1, NULL, NULL));
  REFUSED(marcot_space_delete_versions_by_id(NULL, NULL, 0, NULL));
  REFUSED(marcot_space_delete_versions_by_id(space, NULL, 1, NULL));
  REFUSED(marcot_space_create_snapshot(NULL, T("x"), T(""), 0, NULL, NULL));
  REFUSED(marcot_space_list_snapshots(NULL, T(""), 1, &snapshots));
  REFUSED(marcot_space_list_snapshots(space, T(""), 1, NULL));
  REFUSED(marcot_space_get_snapshot(NULL, T("x"), &snapshots));
  REFUSED(marcot_space_get_snapshot(space, T("x"), NULL));
  REFUSED(marcot_space_delete_snapshot(NULL, T("x"), NULL));
  REFUSED(marcot_space_copy_from_snapshot(NULL, T("x"), T(""), T("y"), NULL, NULL));
  REFUSED(marcot_store_diff(of->store, &at, &at, NULL, NULL, NULL));
  REFUSED(marcot_store_diff(of->store, &at, NULL, NULL, NULL, NULL));
  REFUSED(marcot_store_diff(of->store, NULL, &at, NULL, NULL, NULL));
  REFUSED(marcot_store_diff(NULL, &at, &at, NULL, NULL, NULL));
  at.space = NULL;
  REFUSED(marcot_store_diff(of->store, &at, &at, NULL, NULL, NULL));
  REFUSED(marcot_space_read_changes(NULL, T(""), 1, &changes));
  REFUSED(marcot_space_read_changes(space, T(""), 1, NULL));
  REFUSED(marcot_space_latest_change(NULL, &buffer));
  REFUSED(marcot_space_latest_change(space, NULL));
  REFUSED(marcot_space_export(NULL, write_memory, NULL));
  REFUSED(marcot_space_export(space, NULL, NULL));
  REFUSED(marcot_space_import(NULL, T("default"), T("x"), read_text, NULL, NULL));
  REFUSED(marcot_space_import(of->store, T("default"), T("x"), NULL, NULL, NULL));
}

static void check_tokens(const fixture* of) {
  marcot_service* const service = of->service;
  marcot_service* second = NULL;
  marcot_session* session = NULL;
  marcot_token* token = NULL;
  marcot_session_request request;
  MARCOT_INIT(request);
  const marcot_strings none = {NULL, 0};
  REFUSED(marcot_service_open(NULL, NULL, &second));
  REFUSED(marcot_service_open(of->store, NULL, NULL));
  REFUSED(marcot_service_expire_due(NULL));
  REFUSED(marcot_tokens_set_secret(NULL, T("default"), T("s")));
  REFUSED(marcot_tokens_issue(NULL, &request, T("s"), 0, &token));
  REFUSED(marcot_tokens_issue(service, NULL, T("s"), 0, &token));
  REFUSED(marcot_tokens_issue(service, &request, T("s"), 0, NULL));
  REFUSED(marcot_tokens_renew(NULL, T("default"), T("t"), NULL));
  REFUSED(marcot_tokens_revoke(NULL, T("default"), T("t")));
  REFUSED(marcot_tokens_revoke_of_user(NULL, T("default"), T("s"), T("u"), none, none));
  REFUSED(marcot_tokens_authenticate(NULL, T("default"), T("t"), T(""), &session));
  REFUSED(marcot_tokens_authenticate(service, T("default"), T("t"), T(""), NULL));
  REFUSED(marcot_tokens_authenticate_secret(NULL, T("default"), T("s"), T(""), &session));
  REFUSED(marcot_tokens_authenticate_secret(service, T("default"), T("s"), T(""), NULL));
}

static void check_uploads(const fixture* of) {
  marcot_service* const service = of->service;
  marcot_space* const space = of->space;
  const marcot_bytes x = T("x");
  marcot_upload* upload = NULL;
  marcot_parts* parts = NULL;
  bool yes = false;
  uint64_t crc64 = 0;
  REFUSED(marcot_uploads_begin(NULL, space, x, NULL, NULL, NULL, &upload));
  REFUSED(marcot_uploads_begin(service, NULL, x, NULL, NULL, NULL, &upload));
  REFUSED(marcot_uploads_begin(service, space, x, NULL, NULL, NULL, NULL));
  REFUSED(marcot_uploads_send(NULL, x, 0, read_text, NULL, NULL));
  REFUSED(marcot_uploads_send(service, x, 0, NULL, NULL, NULL));
  REFUSED(marcot_uploads_get(NULL, space, x, &upload));
  REFUSED(marcot_uploads_get(service, NULL, x, &upload));
  REFUSED(marcot_uploads_get(service, space, x, NULL));
  REFUSED(marcot_uploads_list_parts(NULL, space, x, &parts));
  REFUSED(marcot_uploads_list_parts(service, NULL, x, &parts));
  REFUSED(marcot_uploads_list_parts(service, space, x, NULL));
  REFUSED(marcot_uploads_renew(NULL, space, x, NULL));
  REFUSED(marcot_uploads_renew(service, NULL, x, NULL));
  REFUSED(marcot_uploads_abort(NULL, space, x));
  REFUSED(marcot_uploads_abort(service, NULL, x));
  REFUSED(marcot_uploads_confirm(NULL, space, x, NULL, NULL));
  REFUSED(marcot_uploads_confirm(service, NULL, x, NULL, NULL));
  REFUSED(marcot_uploads_may_know(NULL, space, x, 1, &yes));
  REFUSED(marcot_uploads_may_know(service, NULL, x, 1, &yes));
  REFUSED(marcot_uploads_may_know(service, space, x, 1, NULL));
  REFUSED(marcot_uploads_put_known(NULL, space, x, x, x, 1, NULL, NULL, &yes, NULL));
  REFUSED(marcot_uploads_put_known(service, NULL, x, x, x, 1, NULL, NULL, &yes, NULL));
  REFUSED(marcot_uploads_put_known(service, space, x, x, x, 1, NULL, NULL, NULL, NULL));
  REFUSED(marcot_uploads_find_crc64(NULL, (marcot_id){1, 2}, &yes, &crc64));
  REFUSED(marcot_uploads_find_crc64(service, (marcot_id){1, 2}, NULL, &crc64));
  REFUSED(marcot_uploads_find_crc64(service, (marcot_id){1, 2}, &yes, NULL));
}

static void check_tasks(const fixture* of) {
  marcot_service* const service = of->service;
  marcot_space* const space = of->space;
  marcot_task_request request;
  MARCOT_INIT(request);
  marcot_task* task = NULL;
  marcot_task_items* items = NULL;
  bool left = false;
  uint64_t id = 0;
  REFUSED(marcot_tasks_submit(NULL, space, &request, &id));
  REFUSED(marcot_tasks_submit(service, NULL, &request, &id));
  REFUSED(marcot_tasks_submit(service, space, NULL, &id));
  REFUSED(marcot_tasks_submit(service, space, &request, NULL));
  REFUSED(marcot_tasks_get(NULL, space, 1, &task));
  REFUSED(marcot_tasks_get(service, NULL, 1, &task));
  REFUSED(marcot_tasks_get(service, space, 1, NULL));
  REFUSED(marcot_tasks_get_of_library(NULL, T("default"), 1, &task));
  REFUSED(marcot_tasks_get_of_library(service, T("default"), 1, NULL));
  REFUSED(marcot_tasks_get_items(NULL, space, 1, &items));
  REFUSED(marcot_tasks_get_items(service, NULL, 1, &items));
  REFUSED(marcot_tasks_get_items(service, space, 1, NULL));
  REFUSED(marcot_tasks_get_items_of_library(NULL, T("default"), 1, &items));
  REFUSED(marcot_tasks_get_items_of_library(service, T("default"), 1, NULL));
  REFUSED(marcot_tasks_wait(NULL, space, 1, 0, &task));
  REFUSED(marcot_tasks_wait(service, NULL, 1, 0, &task));
  REFUSED(marcot_tasks_wait(service, space, 1, 0, NULL));
  REFUSED(marcot_tasks_cancel(NULL, space, 1));
  REFUSED(marcot_tasks_cancel(service, NULL, 1));
  REFUSED(marcot_tasks_submit_of_library(NULL, of->host, &request, &id));
  REFUSED(marcot_tasks_submit_of_library(service, NULL, &request, &id));
  REFUSED(marcot_tasks_submit_of_library(service, of->host, NULL, &id));
  REFUSED(marcot_tasks_submit_of_library(service, of->host, &request, NULL));
  REFUSED(marcot_tasks_cancel_of_library(NULL, of->host, 1));
  REFUSED(marcot_tasks_cancel_of_library(service, NULL, 1));
  REFUSED(marcot_tasks_run_step(NULL, &left));
  REFUSED(marcot_tasks_run_step(service, NULL));
}

static void check_favorites(const fixture* of) {
  marcot_service* const service = of->service;
  marcot_space* const space = of->space;
  const marcot_bytes x = T("x");
  const marcot_id id = {1, 2};
  marcot_entries* page = NULL;
  bool has = false;
  REFUSED(marcot_favorites_add(NULL, space, x, x, NULL));
  REFUSED(marcot_favorites_add(service, NULL, x, x, NULL));
  REFUSED(marcot_favorites_add_object(NULL, space, x, id));
  REFUSED(marcot_favorites_add_object(service, NULL, x, id));
  REFUSED(marcot_favorites_remove(NULL, space, x, id));
  REFUSED(marcot_favorites_remove(service, NULL, x, id));
  REFUSED(marcot_favorites_list(NULL, space, x, NULL, &page));
  REFUSED(marcot_favorites_list(service, NULL, x, NULL, &page));
  REFUSED(marcot_favorites_list(service, space, x, NULL, NULL));
  REFUSED(marcot_favorites_has(NULL, space, x, id, &has));
  REFUSED(marcot_favorites_has(service, NULL, x, id, &has));
  REFUSED(marcot_favorites_has(service, space, x, id, NULL));
}

void test_nulls(void) {
  fixture of;
  fixture_open(&of, NULL);
  OK(marcot_space_make_directory(of.space, T("d"), NULL, NULL, NULL));
  put_text(of.space, "f", "x");
  check_frees();
  check_store(&of);
  check_session(&of);
  check_changes(&of);
  check_loads(&of);
  check_reads(&of);
  check_history(&of);
  check_tokens(&of);
  check_uploads(&of);
  check_tasks(&of);
  check_favorites(&of);
  fixture_close(&of);
}

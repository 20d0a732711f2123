// What is around the namespace: tokens, uploads, tasks, favourites.
#include <stdio.h>

#include "check.h"

static void session_of_user(marcot_session_request* request, const char* user) {
  MARCOT_INIT(*request);
  request->library = T("default");
  request->user = T(user);
  request->client = T("phone");
  request->grants = T("upload_file");
}

static void check_token(const fixture* of, const char* code, const char* token) {
  marcot_session* session = of->host;
  FAILS(code, marcot_tokens_authenticate(of->service, T("default"), T(token), T(""), &session));
  CHECK((session != NULL) == (strcmp(code, "Ok") == 0));
  if (session == NULL) return;
  CHECK(is(marcot_session_get_request(session)->user, "ann"));
  CHECK(is(marcot_session_get_request(session)->grants, "upload_file"));
  marcot_session_close(session);
}

void test_tokens(void) {
  fixture of;
  fixture_open(&of, NULL);
  marcot_service* second = of.service;
  FAILS("StoreInUse", marcot_service_open(of.store, NULL, &second));
  CHECK(second == NULL);
  marcot_session_request request;
  session_of_user(&request, "ann");
  marcot_token* token = NULL;
  FAILS("WrongLibraryIdOrSecret",
        marcot_tokens_issue(of.service, &request, T("secret"), 0, &token));
  OK(marcot_tokens_set_secret(of.service, T("default"), T("secret")));
  REFUSED(marcot_tokens_set_secret(of.service, T("default"), T("")));
  OK(marcot_tokens_issue(of.service, &request, T("secret"), 0, &token));
  CHECK(token->expires_in_s == 86400 && token->token.size > 20);
  check_token(&of, "Ok", token->token.data);
  marcot_token* renewed = NULL;
  OK(marcot_tokens_renew(of.service, T("default"), token->token, &renewed));
  CHECK(is(renewed->token, token->token.data));
  marcot_token_free(renewed);
  OK(marcot_tokens_renew(of.service, T("default"), token->token, NULL));
  OK(marcot_tokens_revoke(of.service, T("default"), token->token));
  check_token(&of, "InvalidAccessToken", token->token.data);
  check_token(&of, "EmptyAccessToken", "");
  marcot_token_free(token);

  OK(marcot_tokens_issue(of.service, &request, T("secret"), 300, &token));
  CHECK(token->expires_in_s == 300);
  const marcot_strings none = {NULL, 0};
  const marcot_strings tablet = {(const marcot_bytes[]){T("tablet")}, 1};
  OK(marcot_tokens_revoke_of_user(of.service, T("default"), T("secret"), T("ann"), tablet, none));
  check_token(&of, "Ok", token->token.data);
  OK(marcot_tokens_revoke_of_user(of.service, T("default"), T("secret"), T("ann"), none, none));
  check_token(&of, "InvalidAccessToken", token->token.data);
  marcot_token_free(token);
  REFUSED(marcot_tokens_issue(of.service, &request, T("secret"), 299, &token));
  CHECK(token == NULL);

  OK(marcot_tokens_issue(of.service, &request, T("secret"), 300, &token));
  of.now_ms += 86400000;
  OK(marcot_service_expire_due(of.service));
  check_token(&of, "InvalidAccessToken", token->token.data);
  marcot_token_free(token);
  marcot_session* session = NULL;
  OK(marcot_tokens_authenticate_secret(of.service, T("default"), T("secret"), T("bob"), &session));
  CHECK(is(marcot_session_get_request(session)->user, "bob"));
  CHECK(is(marcot_session_get_request(session)->grants, "admin"));
  marcot_session_close(session);
  FAILS("WrongLibraryIdOrSecret",
        marcot_tokens_authenticate_secret(of.service, T("default"), T("guess"), T(""), &session));
  CHECK(session == NULL);
  fixture_close(&of);
}

// The check value of CRC-64/XZ, and the SHA-256, of "123456789".
#define DIGITS "123456789"
#define DIGITS_CRC64 UINT64_C(0x995dc9bbdf1939fa)
#define DIGITS_SHA256 "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"

static marcot_upload* begin(const fixture* of, const char* path, bool parts) {
  marcot_upload_options how;
  MARCOT_INIT(how);
  const uint64_t size = 9;
  how.parts = parts;
  if (!parts) how.size = &size;
  marcot_attributes attributes;
  MARCOT_INIT(attributes);
  attributes.category = T("doc");
  marcot_options options;
  MARCOT_INIT(options);
  options.strategy = MARCOT_OVERWRITE;
  marcot_upload* upload = NULL;
  OK(marcot_uploads_begin(of->service, of->space, T(path), &how, &attributes, &options, &upload));
  CHECK(is(upload->path, path) && upload->parts == parts && !upload->confirmed);
  CHECK(upload->strategy == MARCOT_OVERWRITE && upload->creation_time_ms == of->now_ms);
  return upload;
}

static void send_part(const fixture* of, const marcot_upload* upload, uint32_t number,
                      const char* text) {
  text_source source = {text, 4, NULL};
  marcot_parts* sent = NULL;
  OK(marcot_uploads_send(of->service, upload->key, number, read_text, &source, &sent));
  CHECK(sent->count == 1 && sent->items[0]->number == (number == 0 ? 1 : number));
  CHECK(sent->items[0]->size == strlen(text) && sent->items[0]->etag.size > 0);
  marcot_parts_free(sent);
}

static void check_whole(const fixture* of) {
  marcot_upload* upload = begin(of, "whole", false);
  marcot_confirm_options confirm;
  MARCOT_INIT(confirm);
  FAILS("UploadIncomplete",
        marcot_uploads_confirm(of->service, of->space, upload->key, &confirm, NULL));
  text_source broken = {"123", 3, "RateLimitExceeded"};
  FAILS("RateLimitExceeded",
        marcot_uploads_send(of->service, upload->key, 0, read_text, &broken, NULL));
  send_part(of, upload, 0, DIGITS);
  const uint64_t wrong = 1, right = DIGITS_CRC64;
  confirm.crc64 = &wrong;
  FAILS("BadCrc64", marcot_uploads_confirm(of->service, of->space, upload->key, &confirm, NULL));
  confirm.strategy = 4;
  REFUSED(marcot_uploads_confirm(of->service, of->space, upload->key, &confirm, NULL));
  const marcot_bytes type = T("text/plain");
  marcot_attribute_changes changes;
  MARCOT_INIT(changes);
  changes.content_type = &type;
  confirm.crc64 = &right;
  confirm.strategy = MARCOT_RENAME;
  confirm.changes = &changes;
  confirm.user = T("ann");
  put_text(of->space, "whole", "taken");
  marcot_placed* placed = NULL;
  OK(marcot_uploads_confirm(of->service, of->space, upload->key, &confirm, &placed));
  CHECK(is(placed->path, "whole (1)") && holds(of->space, "whole (1)", DIGITS));
  marcot_placed_free(placed);
  marcot_upload_free(upload);

  marcot_entry* entry = NULL;
  OK(marcot_space_stat(of->space, T("whole (1)"), NULL, &entry));
  CHECK(is(entry->creator, "ann"));
  marcot_attributes* attributes = NULL;
  OK(marcot_entry_attributes(entry, &attributes));
  CHECK(is(attributes->category, "doc") && is(attributes->content_type, "text/plain"));
  marcot_attributes_free(attributes);
  bool known = false;
  uint64_t crc64 = 0;
  OK(marcot_uploads_find_crc64(of->service, entry->content, &known, &crc64));
  CHECK(known && crc64 == DIGITS_CRC64);
  marcot_entry_free(entry);
  OK(marcot_uploads_find_crc64(of->service, (marcot_id){1, 2}, &known, &crc64));
  CHECK(!known && crc64 == 0);
}

static void check_parts(const fixture* of) {
  marcot_upload* upload = begin(of, "parts", true);
  send_part(of, upload, 2, "6789");
  FAILS("MultipartUploadIncomplete",
        marcot_uploads_confirm(of->service, of->space, upload->key, NULL, NULL));
  send_part(of, upload, 1, "12345");
  marcot_parts* parts = NULL;
  OK(marcot_uploads_list_parts(of->service, of->space, upload->key, &parts));
  CHECK(parts->count == 2 && parts->items[0]->number == 1 && parts->items[1]->size == 4);
  CHECK(parts->items[0]->time_ms == of->now_ms);
  marcot_parts_free(parts);
  marcot_upload* again = NULL;
  OK(marcot_uploads_get(of->service, of->space, upload->key, &again));
  CHECK(is(again->key, upload->key.data) && again->expiry_time_ms == upload->expiry_time_ms);
  marcot_upload_free(again);
  OK(marcot_uploads_renew(of->service, of->space, upload->key, &again));
  CHECK(again->expiry_time_ms >= upload->expiry_time_ms);
  marcot_upload_free(again);
  OK(marcot_uploads_renew(of->service, of->space, upload->key, NULL));
  OK(marcot_uploads_confirm(of->service, of->space, upload->key, NULL, NULL));
  CHECK(holds(of->space, "parts", DIGITS));
  marcot_upload_free(upload);
}

static void check_known(const fixture* of) {
  bool may = false, known = true;
  OK(marcot_uploads_may_know(of->service, of->space, T(DIGITS_SHA256), 9, &may));
  CHECK(may);
  OK(marcot_uploads_may_know(of->service, of->space, T(DIGITS_SHA256), 8, &may));
  CHECK(!may);
  marcot_placed* placed = NULL;
  OK(marcot_uploads_put_known(of->service, of->space, T("fast"), T(DIGITS_SHA256), T(DIGITS_SHA256),
                              8, NULL, NULL, &known, &placed));
  CHECK(!known && placed == NULL && !exists(of->space, "fast"));
  OK(marcot_uploads_put_known(of->service, of->space, T("fast"), T(DIGITS_SHA256), T(DIGITS_SHA256),
                              9, NULL, NULL, &known, &placed));
  CHECK(known && is(placed->path, "fast") && holds(of->space, "fast", DIGITS));
  marcot_placed_free(placed);
}

void test_uploads(void) {
  fixture of;
  fixture_open(&of, NULL);
  check_whole(&of);
  check_parts(&of);
  check_known(&of);
  marcot_upload* upload = begin(&of, "aborted", false);
  OK(marcot_uploads_abort(of.service, of.space, upload->key));
  FAILS("ConfirmKeyNotFound", marcot_uploads_abort(of.service, of.space, upload->key));
  marcot_upload* none = upload;
  FAILS("ConfirmKeyNotFound", marcot_uploads_get(of.service, of.space, upload->key, &none));
  CHECK(none == NULL);
  text_source source = {"x", 1, NULL};
  FAILS("UploadNotFound",
        marcot_uploads_send(of.service, upload->key, 0, read_text, &source, NULL));
  marcot_upload_free(upload);
  FAILS("DirectoryNotFound",
        marcot_uploads_begin(of.service, of.space, T("no/f"), NULL, NULL, NULL, &upload));
  fixture_close(&of);
}

// Two copies, the second of what is not there.
static marcot_batch* two_copies(const fixture* of) {
  marcot_batch* batch = NULL;
  OK(marcot_batch_new(&batch));
  marcot_item item;
  MARCOT_INIT(item);
  item.kind = MARCOT_ITEM_COPY;
  item.type = MARCOT_DIRECTORY;
  item.space = of->space;
  item.from = T("d");
  item.path = T("copy");
  OK(marcot_batch_add(batch, &item));
  item.from = T("none");
  OK(marcot_batch_add(batch, &item));
  return batch;
}

static void run_to_end(const fixture* of) {
  for (bool work_left = true; work_left;) OK(marcot_tasks_run_step(of->service, &work_left));
}

static void check_batch_task(const fixture* of) {
  marcot_batch* batch = two_copies(of);
  marcot_task_request request;
  MARCOT_INIT(request);
  request.label = T("copies");
  request.batch = batch;
  uint64_t id = 0;
  OK(marcot_tasks_submit(of->service, of->space, &request, &id));
  marcot_task* task = NULL;
  OK(marcot_tasks_get(of->service, of->space, id, &task));
  CHECK(task->id == id && task->state == MARCOT_TASK_RUNNING && task->total == 2);
  CHECK(task->kind == MARCOT_TASK_BATCH && is(task->label, "copies") && task->status == NULL);
  CHECK(is(task->library, "default") && is(task->space, "-") && is(task->user, ""));
  marcot_task_free(task);
  run_to_end(of);
  OK(marcot_tasks_wait(of->service, of->space, id, UINT64_MAX, &task));
  CHECK(task->state == MARCOT_TASK_DONE && task->done == 2 && task->end_time_ms == of->now_ms);
  marcot_task_free(task);
  OK(marcot_tasks_get_of_library(of->service, T("default"), id, &task));
  CHECK(task->id == id && task->creation_time_ms == of->now_ms);
  marcot_task_free(task);
  for (int of_library = 0; of_library < 2; ++of_library) {
    marcot_task_items* items = NULL;
    OK(of_library ? marcot_tasks_get_items_of_library(of->service, T("default"), id, &items)
                  : marcot_tasks_get_items(of->service, of->space, id, &items));
    CHECK(items->count == 2 && items->items[0]->kind == MARCOT_ITEM_COPY);
    CHECK(is(items->items[0]->from, "d") && is(items->items[0]->path, "copy"));
    CHECK(is(items->items[0]->placed->path, "copy") && items->items[0]->status == NULL);
    CHECK(items->items[1]->placed == NULL);
    CHECK(marcot_status_is(items->items[1]->status, "SourceDirectoryNotFound"));
    marcot_task_items_free(items);
  }
  request.atomic = true;
  OK(marcot_tasks_submit(of->service, of->space, &request, &id));
  OK(marcot_tasks_cancel(of->service, of->space, id));
  run_to_end(of);
  OK(marcot_tasks_get(of->service, of->space, id, &task));
  CHECK(task->state == MARCOT_TASK_CANCELLED);
  marcot_task_free(task);
  marcot_batch_free(batch);
}

static void check_library_task(const fixture* of) {
  marcot_task_request request;
  MARCOT_INIT(request);
  request.kind = MARCOT_TASK_CLEAR_HISTORY;
  uint64_t id = 1;
  REFUSED(marcot_tasks_submit(of->service, of->space, &request, &id));
  marcot_session_request no_admin;
  session_of_user(&no_admin, "ann");
  marcot_session* session = NULL;
  OK(marcot_session_open(of->store, &no_admin, &session));
  FAILS("NoPermission", marcot_tasks_submit_of_library(of->service, session, &request, &id));
  CHECK(id == 0);
  OK(marcot_tasks_submit_of_library(of->service, of->host, &request, &id));
  FAILS("NoPermission", marcot_tasks_cancel_of_library(of->service, session, id));
  marcot_session_close(session);
  run_to_end(of);
  marcot_task* task = NULL;
  OK(marcot_tasks_get_of_library(of->service, T("default"), id, &task));
  CHECK(task->kind == MARCOT_TASK_CLEAR_HISTORY && task->state == MARCOT_TASK_DONE);
  CHECK(is(task->space, "") && task->cleared == 0);
  marcot_task_free(task);
  OK(marcot_tasks_cancel_of_library(of->service, of->host, id));  // has ended
}

void test_tasks(void) {
  fixture of;
  fixture_open(&of, NULL);
  OK(marcot_space_make_directory(of.space, T("d"), NULL, NULL, NULL));
  check_batch_task(&of);
  check_library_task(&of);

  marcot_task_request request;
  MARCOT_INIT(request);
  uint64_t id = 1;
  FAILS("NoItemsProvided", marcot_tasks_submit(of.service, of.space, &request, &id));
  CHECK(id == 0);
  request.kind = 4;
  REFUSED(marcot_tasks_submit(of.service, of.space, &request, &id));
  request.kind = MARCOT_TASK_RECLAIM;
  OK(marcot_tasks_submit(of.service, of.space, &request, &id));
  request.kind = MARCOT_TASK_IMPORT_SPACE;
  request.import_space = T("second");
  request.import_file = fixture_path(&of, "absent");
  OK(marcot_tasks_submit(of.service, of.space, &request, &id));
  run_to_end(&of);
  marcot_task* task = NULL;
  OK(marcot_tasks_get(of.service, of.space, id, &task));
  CHECK(task->state == MARCOT_TASK_FAILED && marcot_status_is(task->status, "PathNotFound"));
  marcot_task_free(task);
  FAILS("TaskNotFound", marcot_tasks_get(of.service, of.space, 12345, &task));
  CHECK(task == NULL);
  FAILS("TaskNotFound", marcot_tasks_cancel(of.service, of.space, 12345));
  fixture_close(&of);
}

void test_favorites(void) {
  fixture of;
  fixture_open(&of, NULL);
  put_text(of.space, "f", "x");
  put_text(of.space, "g", "x");
  marcot_entry* entry = NULL;
  OK(marcot_space_stat(of.space, T("g"), NULL, &entry));
  const marcot_id g = entry->id;
  marcot_entry_free(entry);
  marcot_id f = {0, 0};
  OK(marcot_favorites_add(of.service, of.space, T("ann"), T("f"), &f));
  FAILS("DuplicateFavoriteRecord",
        marcot_favorites_add(of.service, of.space, T("ann"), T("f"), NULL));
  of.now_ms += 5;
  OK(marcot_favorites_add_object(of.service, of.space, T("ann"), g));
  FAILS("PathNotFound", marcot_favorites_add(of.service, of.space, T("ann"), T("no"), NULL));

  OK(marcot_space_move(of.space, T("f"), of.space, T("moved"), MARCOT_FILE, NULL, NULL));
  marcot_list_favorites_options options;
  MARCOT_INIT(options);
  options.ascending = true;
  options.limit = 1;
  marcot_entries* page = NULL;
  OK(marcot_favorites_list(of.service, of.space, T("ann"), &options, &page));
  CHECK(page->count == 1 && is(page->items[0]->path, "moved") && same_id(page->items[0]->id, f));
  CHECK(page->marked_times_ms[0] == of.now_ms - 5);
  options.marker = page->marker;
  marcot_entries* second = NULL;
  OK(marcot_favorites_list(of.service, of.space, T("ann"), &options, &second));
  CHECK(second->count == 1 && is(second->items[0]->path, "g"));
  marcot_entries_free(second);
  marcot_entries_free(page);
  OK(marcot_favorites_list(of.service, of.space, T("bob"), NULL, &page));
  CHECK(page->count == 0);
  marcot_entries_free(page);

  bool has = false;
  OK(marcot_favorites_has(of.service, of.space, T("ann"), f, &has));
  CHECK(has);
  OK(marcot_favorites_remove(of.service, of.space, T("ann"), f));
  FAILS("FavoriteNotFound", marcot_favorites_remove(of.service, of.space, T("ann"), f));
  OK(marcot_favorites_has(of.service, of.space, T("ann"), f, &has));
  CHECK(!has);
  fixture_close(&of);
}

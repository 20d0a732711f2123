// What was: recycle bin, versions, named snapshots, differences, changes; a space as a stream.
#include <stdio.h>

#include "check.h"

// Settings of the library: recycle bin and history on.
static void keep_all(const fixture* of) {
  marcot_library_settings settings;
  MARCOT_INIT(settings);
  settings.recycle_bin = settings.history = true;
  OK(marcot_session_set_settings(of->host, &settings));
}

static uint64_t recycle(const marcot_space* space, const char* path) {
  marcot_placed* placed = NULL;
  OK(marcot_space_delete(space, T(path), MARCOT_ANY_TYPE, false, NULL, &placed));
  const uint64_t item = placed->recycled_item;
  CHECK(item != 0);
  marcot_placed_free(placed);
  return item;
}

void test_recycle_bin(void) {
  fixture of;
  fixture_open(&of, NULL);
  marcot_recycled* page = NULL;
  FAILS("RecycleBinNotEnabled", marcot_space_list_recycled(of.space, NULL, &page));
  CHECK(page == NULL);
  keep_all(&of);
  OK(marcot_space_make_directory(of.space, T("d/e"), NULL, NULL, NULL));
  put_text(of.space, "d/f", "hello");
  put_text(of.space, "a", "x");
  const uint64_t directory = recycle(of.space, "d");
  const uint64_t file = recycle(of.space, "a");

  marcot_list_recycled_options options;
  MARCOT_INIT(options);
  options.order = MARCOT_RECYCLED_BY_NAME;
  options.limit = 1;
  OK(marcot_space_list_recycled(of.space, &options, &page));
  CHECK(page->count == 1 && page->total_items == 2 && page->items[0]->id == file);
  marcot_recycled* second = NULL;
  options.marker = page->marker;
  OK(marcot_space_list_recycled(of.space, &options, &second));
  CHECK(second->count == 1 && is(second->items[0]->path, "d"));
  CHECK(second->items[0]->totals.bytes == 5 && second->items[0]->type == MARCOT_DIRECTORY);
  CHECK(second->items[0]->removal_time_ms == of.now_ms && second->items[0]->size == 5);
  marcot_recycled_free(second);
  marcot_recycled_free(page);
  MARCOT_INIT(options);
  options.order = MARCOT_RECYCLED_BY_SIZE;
  options.descending = true;
  OK(marcot_space_list_recycled(of.space, &options, &page));
  CHECK(page->count == 2 && page->items[0]->id == directory && page->marker.size == 0);
  marcot_recycled_free(page);
  options.order = 5;
  REFUSED(marcot_space_list_recycled(of.space, &options, &page));

  OK(marcot_space_get_recycled(of.space, file, &page));
  CHECK(page->count == 1 && is(page->items[0]->path, "a") && page->items[0]->type == MARCOT_FILE);
  marcot_recycled_free(page);
  marcot_read_options inside;
  MARCOT_INIT(inside);
  inside.recycled_item = directory;
  marcot_totals totals;
  OK(marcot_space_totals(of.space, T(""), &inside, &totals));
  CHECK(totals.files == 1 && totals.directories == 1);

  marcot_placed* placed = NULL;
  FAILS("DirectoryNotFound", marcot_space_restore(of.space, directory, T("f"), T("new/g"),
                                                  MARCOT_FAIL_IF_MISSING, NULL, &placed));
  REFUSED(marcot_space_restore(of.space, directory, T("f"), T("new/g"), 3, NULL, &placed));
  OK(marcot_space_restore(of.space, directory, T("f"), T("new/g"), MARCOT_CREATE_PARENTS, NULL,
                          &placed));
  CHECK(is(placed->path, "new/g"));
  marcot_placed_free(placed);
  OK(marcot_space_restore(of.space, directory, T(""), T(""), MARCOT_FAIL_IF_MISSING, NULL, NULL));
  CHECK(exists(of.space, "d/e") && !exists(of.space, "d/f") && holds(of.space, "new/g", "hello"));
  OK(marcot_space_purge_recycled(of.space, file, NULL));
  FAILS("RecycledItemNotFound", marcot_space_purge_recycled(of.space, file, NULL));
  FAILS("RecycledItemNotFound", marcot_space_get_recycled(of.space, file, &page));

  recycle(of.space, "d");
  of.now_ms += 31LL * 86400 * 1000;
  uint64_t expired = 0;
  OK(marcot_store_expire_due(of.store, &expired));
  CHECK(expired == 1);
  recycle(of.space, "new");
  OK(marcot_space_empty_recycle_bin(of.space, NULL));
  OK(marcot_space_list_recycled(of.space, NULL, &page));
  CHECK(page->count == 0);
  marcot_recycled_free(page);
  fixture_close(&of);
}

// Of "f", which has "the third" as a version, and "second" once it is replaced.
static void check_version_ids(const fixture* of) {
  put_text(of->space, "f", "the latest");
  marcot_versions* page = NULL;
  OK(marcot_space_list_versions(of->space, T("f"), 0, 10, &page));
  CHECK(page->count == 3 && page->items[0]->id == 0);
  const uint64_t ids[] = {page->items[1]->id, page->items[2]->id};
  CHECK(ids[0] > ids[1] && ids[1] > 0 && page->items[1]->size == 6);
  marcot_versions_free(page);
  marcot_usage* usage = NULL;
  OK(marcot_space_usage(of->space, &usage));
  CHECK(usage->versions == 2 && usage->version_bytes == 15);
  marcot_usage_free(usage);

  marcot_placed* placed = NULL;
  OK(marcot_space_move(of->space, T("f"), of->space, T("g"), MARCOT_FILE, NULL, NULL));
  OK(marcot_space_set_latest_version_by_id(of->space, ids[1], NULL, &placed));
  CHECK(is(placed->path, "g") && holds(of->space, "g", "the third"));
  marcot_placed_free(placed);
  FAILS("VersionNotFound", marcot_space_set_latest_version_by_id(of->space, 777, NULL, &placed));
  CHECK(placed == NULL);
  OK(marcot_space_delete_versions_by_id(of->space, ids, 1, NULL));
  FAILS("VersionNotFound", marcot_space_delete_versions_by_id(of->space, ids, 1, NULL));
}

static void check_clear_history(const fixture* of) {
  uint64_t cleared = 1;
  FAILS("HistoryInUse", marcot_session_clear_history(of->host, UINT64_MAX, &cleared));
  CHECK(cleared == 0);
  marcot_library_settings settings;
  MARCOT_INIT(settings);  // all of it off
  OK(marcot_session_set_settings(of->host, &settings));
  OK(marcot_session_clear_history(of->host, UINT64_MAX, &cleared));
  CHECK(cleared > 0);
  OK(marcot_session_clear_history(of->host, UINT64_MAX, NULL));
  marcot_versions* page = NULL;
  OK(marcot_space_list_versions(of->space, T("g"), 0, 10, &page));
  CHECK(page->count == 1);
  marcot_versions_free(page);
}

void test_versions(void) {
  fixture of;
  fixture_open(&of, NULL);
  keep_all(&of);
  put_text(of.space, "f", "one");
  put_text(of.space, "f", "second");
  put_text(of.space, "f", "the third");
  marcot_versions* page = NULL;
  OK(marcot_space_list_versions(of.space, T("f"), 0, 2, &page));
  CHECK(page->count == 2 && page->next != 0);
  CHECK(page->items[0]->size == 9 && page->items[0]->replaced_time_ms == 0);
  CHECK(page->items[1]->size == 6 && page->items[1]->replaced_time_ms == of.now_ms);
  const uint64_t second = page->items[1]->version, next = page->next;
  marcot_versions_free(page);
  OK(marcot_space_list_versions(of.space, T("f"), next, 2, &page));
  CHECK(page->count == 1 && page->items[0]->size == 3 && page->next == 0);
  const uint64_t first = page->items[0]->version, first_id = page->items[0]->id;
  marcot_versions_free(page);
  REFUSED(marcot_space_list_versions(of.space, T("f"), 0, 0, &page));
  FAILS("FileNotFound", marcot_space_list_versions(of.space, T("none"), 0, 1, &page));

  marcot_read_options read;
  MARCOT_INIT(read);
  read.version = first;
  marcot_buffer* bytes = NULL;
  OK(marcot_space_read(of.space, T("f"), &read, &bytes));
  CHECK(is(bytes->bytes, "one"));
  marcot_buffer_free(bytes);
  MARCOT_INIT(read);
  read.version_id = first_id;
  OK(marcot_space_read(of.space, T("f"), &read, &bytes));
  CHECK(is(bytes->bytes, "one"));
  marcot_buffer_free(bytes);
  marcot_placed* placed = NULL;
  OK(marcot_space_set_latest_version(of.space, T("f"), second, NULL, &placed));
  CHECK(is(placed->path, "f"));
  marcot_placed_free(placed);
  CHECK(holds(of.space, "f", "second"));
  OK(marcot_space_delete_version(of.space, T("f"), first, NULL));
  FAILS("VersionNotFound", marcot_space_delete_version(of.space, T("f"), first, NULL));
  FAILS("VersionNotFound", marcot_space_set_latest_version(of.space, T("f"), first, NULL, NULL));
  check_version_ids(&of);
  check_clear_history(&of);
  fixture_close(&of);
}

static marcot_status* note_difference(void* context, const char* path, size_t size,
                                      const marcot_entry* before, const marcot_entry* after,
                                      int* step) {
  char* const seen = context;
  const size_t length = strlen(seen);
  CHECK(path[size] == '\0');
  snprintf(seen + length, 64 - length, "%c%s ",
           before == NULL  ? '+'
           : after == NULL ? '-'
                           : '*',
           path);
  if (strcmp(path, "stop") == 0) *step = MARCOT_STOP;
  if (strcmp(path, "wrong") == 0) *step = MARCOT_SKIP;
  if (strcmp(path, "error") == 0) return marcot_status_new("PathConflict", T("by the visitor"));
  return NULL;
}

static void check_diff(const fixture* of) {
  marcot_directory_at before, after;
  MARCOT_INIT(before);
  MARCOT_INIT(after);
  before.space = after.space = of->space;
  before.named_snapshot = T("monday");
  after.path = T("d");
  put_text(of->space, "d/new", "x");
  put_text(of->space, "d/f", "changed");
  OK(marcot_space_delete(of->space, T("d/gone"), MARCOT_FILE, true, NULL, NULL));
  char seen[64] = "";
  OK(marcot_store_diff(of->store, &before, &after, NULL, note_difference, seen));
  CHECK(strcmp(seen, "*f -gone +new ") == 0);
  seen[0] = '\0';
  marcot_snapshot* now = NULL;
  OK(marcot_store_take_snapshot(of->store, &now));
  put_text(of->space, "d/stop", "x");
  OK(marcot_store_diff(of->store, &before, &after, now, note_difference, seen));
  CHECK(strcmp(seen, "*f -gone +new ") == 0);
  marcot_snapshot_close(now);
  put_text(of->space, "d/tail", "x");
  seen[0] = '\0';
  OK(marcot_store_diff(of->store, &before, &after, NULL, note_difference, seen));
  CHECK(strcmp(seen, "*f -gone +new +stop ") == 0);
  put_text(of->space, "d/error", "x");
  FAILS("PathConflict", marcot_store_diff(of->store, &before, &after, NULL, note_difference, seen));
  put_text(of->space, "d/wrong", "x");
  OK(marcot_space_delete(of->space, T("d/error"), MARCOT_FILE, true, NULL, NULL));
  OK(marcot_space_delete(of->space, T("d/stop"), MARCOT_FILE, true, NULL, NULL));
  REFUSED(marcot_store_diff(of->store, &before, &after, NULL, note_difference, seen));
  before.named_snapshot = T("none");
  FAILS("SnapshotNotFound",
        marcot_store_diff(of->store, &before, &after, NULL, note_difference, seen));
}

void test_snapshots(void) {
  fixture of;
  fixture_open(&of, NULL);
  OK(marcot_space_make_directory(of.space, T("d"), NULL, NULL, NULL));
  put_text(of.space, "d/f", "then");
  put_text(of.space, "d/gone", "then");
  marcot_named_snapshots* made = NULL;
  OK(marcot_space_create_snapshot(of.space, T("monday"), T("d"), of.now_ms + 5, NULL, &made));
  CHECK(made->count == 1 && is(made->items[0]->name, "monday") && is(made->items[0]->path, "d"));
  CHECK(made->items[0]->expiry_time_ms == of.now_ms + 5 && made->items[0]->totals.files == 2);
  marcot_named_snapshots_free(made);
  OK(marcot_space_create_snapshot(of.space, T("all"), T(""), 0, NULL, NULL));
  FAILS("DuplicateSnapshot",
        marcot_space_create_snapshot(of.space, T("all"), T(""), 0, NULL, NULL));
  OK(marcot_space_list_snapshots(of.space, T("all"), 10, &made));
  CHECK(made->count == 1 && made->items[0]->creation_time_ms == of.now_ms);
  marcot_named_snapshots_free(made);
  OK(marcot_space_get_snapshot(of.space, T("all"), &made));
  CHECK(made->count == 1 && is(made->items[0]->path, "") && made->items[0]->expiry_time_ms == 0);
  marcot_named_snapshots_free(made);
  check_diff(&of);

  marcot_placed* placed = NULL;
  OK(marcot_space_copy_from_snapshot(of.space, T("monday"), T("f"), T("f"), NULL, &placed));
  CHECK(is(placed->path, "f") && holds(of.space, "f", "then"));
  marcot_placed_free(placed);
  OK(marcot_space_delete_snapshot(of.space, T("monday"), NULL));
  FAILS("SnapshotNotFound", marcot_space_delete_snapshot(of.space, T("monday"), NULL));
  FAILS("SnapshotNotFound", marcot_space_get_snapshot(of.space, T("monday"), &made));
  CHECK(made == NULL);
  fixture_close(&of);
}

void test_feed(void) {
  fixture of;
  fixture_open(&of, NULL);
  marcot_changes* page = NULL;
  FAILS("ChangeFeedNotEnabled", marcot_space_read_changes(of.space, T(""), 10, &page));
  marcot_space_settings settings;
  MARCOT_INIT(settings);
  settings.change_feed_days = 1;
  OK(marcot_space_set_settings(of.space, &settings));
  marcot_options options;
  MARCOT_INIT(options);
  options.user = T("ann");
  OK(marcot_space_make_directory(of.space, T("d"), NULL, &options, NULL));
  marcot_buffer* cursor = NULL;
  OK(marcot_space_latest_change(of.space, &cursor));
  OK(marcot_space_copy(of.space, T("d"), of.space, T("e"), MARCOT_DIRECTORY, NULL, NULL));
  OK(marcot_space_read_changes(of.space, T(""), 1, &page));
  CHECK(page->count == 1 && page->items[0]->kind == MARCOT_CHANGE_DIRECTORY_MADE);
  CHECK(is(page->items[0]->path, "d") && is(page->items[0]->user, "ann"));
  CHECK(page->items[0]->time_ms == of.now_ms && page->items[0]->type == MARCOT_DIRECTORY);
  marcot_changes_free(page);
  OK(marcot_space_read_changes(of.space, cursor->bytes, 10, &page));
  CHECK(page->count == 1 && page->items[0]->kind == MARCOT_CHANGE_COPIED);
  CHECK(is(page->items[0]->path, "e") && is(page->items[0]->from, "d"));
  CHECK(is(page->items[0]->from_space, "") && page->cursor.size > 0);
  marcot_changes_free(page);
  marcot_buffer_free(cursor);
  FAILS("MarkerNotFound", marcot_space_read_changes(of.space, T("?"), 10, &page));
  CHECK(page == NULL);
  fixture_close(&of);
}

typedef struct memory_source {
  const char* data;
  size_t left;
} memory_source;

static marcot_status* read_memory(void* source, char* buffer, size_t capacity, size_t* size) {
  memory_source* const from = source;
  *size = from->left < capacity ? from->left : capacity;
  memcpy(buffer, from->data, *size);
  from->data += *size;
  from->left -= *size;
  return NULL;
}

void test_streams(void) {
  fixture of;
  fixture_open(&of, NULL);
  OK(marcot_space_make_directory(of.space, T("d"), NULL, NULL, NULL));
  put_text(of.space, "d/f", "hello");
  OK(marcot_space_copy(of.space, T("d"), of.space, T("e"), MARCOT_DIRECTORY, NULL, NULL));
  static char stream[64 << 10];
  memory_sink sink = {stream, 0, 10};
  FAILS("RateLimitExceeded", marcot_space_export(of.space, write_memory, &sink));
  sink.size = 0;
  sink.capacity = sizeof stream;
  OK(marcot_space_export(of.space, write_memory, &sink));
  memory_source source = {stream, sink.size - 1};
  marcot_space* imported = of.space;
  FAILS("StreamDamaged",
        marcot_space_import(of.store, T("default"), T("copy"), read_memory, &source, &imported));
  CHECK(imported == NULL);
  source = (memory_source){stream, sink.size};
  OK(marcot_space_import(of.store, T("default"), T("copy"), read_memory, &source, &imported));
  CHECK(holds(imported, "e/f", "hello"));
  marcot_space_close(imported);
  source = (memory_source){stream, sink.size};
  OK(marcot_space_import(of.store, T("default"), T("again"), read_memory, &source, NULL));
  source = (memory_source){stream, sink.size};
  FAILS("DuplicateSpace",
        marcot_space_import(of.store, T("default"), T("again"), read_memory, &source, NULL));
  fixture_close(&of);
}

// What reads a space: stat, lists, walks, files, search.
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdio.h>

#include "check.h"

static void make_tree(const fixture* of) {
  OK(marcot_space_make_directory(of->space, T("d/sub"), NULL, NULL, NULL));
  put_text(of->space, "d/b.txt", "bb");
  put_text(of->space, "d/a.txt", "a");
  put_text(of->space, "d/sub/c.md", "ccc");
}

static void check_stat(fixture* of) {
  marcot_entry* entry = NULL;
  OK(marcot_space_stat(of->space, T("d"), NULL, &entry));
  CHECK(is(entry->name, "d") && entry->type == MARCOT_DIRECTORY && entry->totals.bytes == 6);
  CHECK(entry->totals.files == 3 && entry->totals.directories == 1);
  CHECK(entry->child_files == 2 && entry->child_directories == 1 && is(entry->path, ""));
  CHECK(entry->creation_time_ms == of->now_ms && entry->version > 0);
  char etag[33], again[33];
  marcot_entry_etag(entry, etag);
  CHECK(strlen(etag) == 16);
  marcot_entry_free(entry);
  put_text(of->space, "d/a.txt", "A");
  OK(marcot_space_stat(of->space, T("d/a.txt"), NULL, &entry));
  CHECK(entry->type == MARCOT_FILE && entry->size == 1);
  marcot_entry_etag(entry, etag);
  marcot_id_hex(entry->content, again);
  CHECK(strcmp(etag, again) == 0);
  marcot_entry_free(entry);
  marcot_entry_etag(NULL, etag);
  CHECK(etag[0] == '\0');

  marcot_totals totals = {9, 9, 9};
  OK(marcot_space_totals(of->space, T("d"), NULL, &totals));
  CHECK(totals.bytes == 6 && totals.files == 3 && totals.directories == 1);
  FAILS("PathNotFound", marcot_space_totals(of->space, T("none"), NULL, &totals));
  CHECK(totals.bytes == 0);
}

static void check_list(fixture* of) {
  marcot_list_options options;
  MARCOT_INIT(options);
  options.limit = 2;
  marcot_entries* page = NULL;
  OK(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  CHECK(page->count == 2 && is(page->items[0]->name, "sub") && is(page->items[1]->name, "a.txt"));
  CHECK(page->total_files == 2 && page->total_directories == 1 && page->marker.size > 0);
  CHECK(page->marked_times_ms == NULL);
  options.marker = page->marker;
  marcot_entries* second = NULL;
  OK(marcot_space_list(of->space, T("d"), NULL, &options, &second));
  CHECK(second->count == 1 && is(second->items[0]->name, "b.txt") && second->marker.size == 0);
  marcot_entries_free(second);
  options.marker = T("?");
  FAILS("MarkerNotFound", marcot_space_list(of->space, T("d"), NULL, &options, &second));
  CHECK(second == NULL);
  marcot_entries_free(page);

  MARCOT_INIT(options);
  options.order = MARCOT_BY_SIZE;
  options.descending = true;
  options.only = MARCOT_FILE;
  OK(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  CHECK(page->count == 2 && is(page->items[0]->name, "b.txt"));
  marcot_entries_free(page);
  options.directories_first = true;
  options.only = MARCOT_ANY_TYPE;
  options.order = MARCOT_BY_NAME;
  options.prefix = T("s");
  OK(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  CHECK(page->count == 1);
  marcot_entries_free(page);
  MARCOT_INIT(options);
  options.start_after = T("a.txt");
  options.only = MARCOT_FILE;
  OK(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  CHECK(page->count == 1 && is(page->items[0]->name, "b.txt"));
  marcot_attributes* attributes = NULL;
  OK(marcot_entry_attributes(page->items[0], &attributes));
  CHECK(attributes->metadata.count == 0);
  marcot_attributes_free(attributes);
  marcot_entries_free(page);
  options.limit = 1001;
  REFUSED(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  options.limit = 0;
  options.order = 6;
  REFUSED(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  options.order = 0;
  options.only = 3;
  REFUSED(marcot_space_list(of->space, T("d"), NULL, &options, &page));
  FAILS("FileTypeNotMatched", marcot_space_list(of->space, T("d/a.txt"), NULL, NULL, &page));
}

static void check_reader(fixture* of) {
  put_text(of->space, "long", "0123456789");
  marcot_reader* reader = NULL;
  OK(marcot_space_open_file(of->space, T("long"), NULL, &reader));
  CHECK(marcot_reader_entry(reader)->size == 10 && is(marcot_reader_entry(reader)->name, "long"));
  put_text(of->space, "long", "replaced");  // the open file stays as it was
  char buffer[16];
  size_t size = 0;
  OK(marcot_reader_read(reader, 2, buffer, 3, &size));
  CHECK(size == 3 && memcmp(buffer, "234", 3) == 0);
  OK(marcot_reader_read(reader, 8, buffer, sizeof buffer, &size));
  CHECK(size == 2 && memcmp(buffer, "89", 2) == 0);
  OK(marcot_reader_read(reader, 100, buffer, sizeof buffer, &size));
  CHECK(size == 0);
  OK(marcot_reader_read(reader, 0, NULL, 0, &size));
  memory_sink sink = {buffer, 0, sizeof buffer};
  OK(marcot_reader_stream(reader, 1, 4, write_memory, &sink));
  CHECK(sink.size == 4 && memcmp(buffer, "1234", 4) == 0);
  sink.capacity = sink.size;
  FAILS("RateLimitExceeded", marcot_reader_stream(reader, 0, 10, write_memory, &sink));
  marcot_reader_close(reader);
  FAILS("FileNotFound", marcot_space_open_file(of->space, T("none"), NULL, &reader));
  CHECK(reader == NULL);
  FAILS("FileTypeNotMatched", marcot_space_open_file(of->space, T("d"), NULL, &reader));
}

void test_reads(void) {
  fixture of;
  fixture_open(&of, NULL);
  make_tree(&of);
  check_stat(&of);
  check_list(&of);
  check_reader(&of);

  marcot_entry* entry = NULL;
  OK(marcot_space_stat(of.space, T("d"), NULL, &entry));
  fixture_close(&of);
  CHECK(is(entry->name, "d"));  // a result may outlive the store
  marcot_entry_free(entry);
}

typedef struct route {
  char seen[128];
  const char* step_at;  // the path at which `step` is answered
  int step;
  const char* error;
} route;

static marcot_status* note(void* context, const marcot_entry* entry, int* step) {
  route* const to = context;
  const size_t length = strlen(to->seen);
  snprintf(to->seen + length, sizeof to->seen - length, "%s ", entry->path.data);
  if (to->step_at != NULL && is(entry->path, to->step_at)) {
    if (to->error != NULL) return marcot_status_new(to->error, T("by the visitor"));
    *step = to->step;
  }
  return NULL;
}

static void no_damage(void* context, const char* path, size_t size, const marcot_status* why) {
  (void)context, (void)path, (void)size, (void)why;
  CHECK(!"damage in a sound store");
}

static void check_walk(const fixture* of, const char* step_at, int step, const char* route_taken) {
  route to = {"", step_at, step, NULL};
  OK(marcot_space_walk(of->space, T(""), NULL, note, no_damage, &to));
  CHECK(strcmp(to.seen, route_taken) == 0);
}

void test_walks(void) {
  fixture of;
  fixture_open(&of, NULL);
  make_tree(&of);
  check_walk(&of, NULL, 0, "d d/sub d/sub/c.md d/a.txt d/b.txt ");
  check_walk(&of, "d/sub", MARCOT_SKIP, "d d/sub d/a.txt d/b.txt ");
  check_walk(&of, "d/sub", MARCOT_STOP, "d d/sub ");
  route to = {"", "d/sub", 3, NULL};
  REFUSED(marcot_space_walk(of.space, T(""), NULL, note, NULL, &to));
  to.error = "PathConflict";
  FAILS("PathConflict", marcot_space_walk(of.space, T("d"), NULL, note, NULL, &to));
  FAILS("PathNotFound", marcot_space_walk(of.space, T("none"), NULL, note, NULL, &to));
  fixture_close(&of);
}

// ---- of a damaged store

typedef struct damage {
  size_t visited, told;
} damage;

static marcot_status* count_entry(void* context, const marcot_entry* entry, int* step) {
  (void)entry, (void)step;
  ++((damage*)context)->visited;
  return NULL;
}

static void count_damage(void* context, const char* path, size_t size, const marcot_status* why) {
  CHECK(path[size] == '\0' && marcot_status_is(why, "StoreDamaged"));
  ++((damage*)context)->told;
}

// Inverts a few bytes in the middle of a file; done twice it is as it was.
static void invert(const char* path) {
  FILE* const file = fopen(path, "r+b");
  unsigned char bytes[8];
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  const long at = ftell(file) / 2;
  CHECK(fseek(file, at, SEEK_SET) == 0 && fread(bytes, 1, sizeof bytes, file) == sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] ^= 0xff;
  CHECK(fseek(file, at, SEEK_SET) == 0 && fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes);
  CHECK(fclose(file) == 0);
}

static damage walk(const marcot_space* space, marcot_on_damage on_damage) {
  damage found = {0, 0};
  marcot_status* const status =
      marcot_space_walk(space, T(""), NULL, count_entry, on_damage, &found);
  CHECK(status == NULL || marcot_status_is(status, "StoreDamaged"));
  marcot_status_free(status);
  return found;
}

// How far a walk that is told of damage comes; nowhere if the store cannot be opened.
static damage walk_damaged(const char* folder) {
  marcot_store_options options;
  MARCOT_INIT(options);
  options.read_damaged = true;
  damage found = {0, 0};
  marcot_store* store = NULL;
  marcot_space* space = NULL;
  marcot_status_free(marcot_store_open(T(folder), &options, &store));
  if (store == NULL) return found;
  marcot_status_free(marcot_store_open_space(store, T("default"), T("-"), &space));
  if (space != NULL) {
    found = walk(space, count_damage);
    CHECK(walk(space, NULL).visited <= found.visited);
  }
  marcot_space_close(space);
  marcot_store_close(store);
  return found;
}

// What a check of a store finds.
static uint64_t count_faults(const char* folder) {
  marcot_check_report* report = NULL;
  OK(marcot_check_store(T(folder), NULL, &report));
  CHECK(report->passes == 1 && report->repaired == 0 && report->left == report->found);
  CHECK(report->undo_log.size == 0 && (report->count > 0) == (report->found > 0));
  for (size_t i = 0; i < report->count; ++i) {
    CHECK(report->items[i]->code.size > 0 && report->items[i]->meaning.size > 0);
  }
  const uint64_t faults = report->found;
  marcot_check_report_free(report);
  return faults;
}

static void check_sound(const char* folder) {
  CHECK(count_faults(folder) == 0);
  marcot_check_options options;
  MARCOT_INIT(options);
  options.repair = options.deep = true;
  options.threads = 1;
  options.memory_bytes = 32u << 20;
  marcot_check_report* report = NULL;
  OK(marcot_check_store(T(folder), &options, &report));
  CHECK(report->records > 500 && report->repaired == 0 && report->undo_log.size == 0);
  marcot_check_report_free(report);
  options.threads = -1;
  REFUSED(marcot_check_store(T(folder), &options, &report));
  FAILS("StoreNotFound", marcot_check_store(T("/absent"), NULL, &report));
  CHECK(report == NULL);
  REFUSED(marcot_check_store(T(folder), NULL, NULL));
  FAILS("InternalServerError", marcot_undo_repair(T(folder), T("/absent/log")));
  REFUSED(marcot_undo_repair(T(folder), (marcot_bytes){"cut\0", 5}));
}

void test_damage(void) {
  enum { kFiles = 500 };
  fixture of;
  fixture_open(&of, NULL);
  for (int i = 0; i < kFiles; ++i) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i);
    put_text(of.space, name, "x");
  }
  char folder[128];
  snprintf(folder, sizeof folder, "%s", fixture_path(&of, "copy").data);
  OK(marcot_store_create_checkpoint(of.store, T(folder)));
  DIR* const files = opendir(folder);
  CHECK(files != NULL);
  check_sound(folder);
  uint64_t faults = 0;
  bool partly_read = false;
  for (const struct dirent* file = NULL; (file = readdir(files)) != NULL;) {
    if (strstr(file->d_name, ".sst") == NULL) continue;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
    invert(path);
    faults += count_faults(folder);  // none where the bytes are a filter's
    const damage found = walk_damaged(folder);
    partly_read = partly_read || (found.told > 0 && found.visited > 0 && found.visited < kFiles);
    invert(path);
  }
  closedir(files);
  CHECK(partly_read && faults > 0);
  fixture_close(&of);
}

static size_t found(const fixture* of, const marcot_query* query) {
  marcot_entries* page = NULL;
  OK(marcot_space_search(of->space, query, NULL, &page));
  const size_t count = page->count;
  marcot_entries_free(page);
  return count;
}

void test_search(void) {
  fixture of;
  fixture_open(&of, NULL);
  make_tree(&of);
  OK(marcot_space_copy(of.space, T("d"), of.space, T("e"), MARCOT_DIRECTORY, NULL, NULL));
  marcot_query query;
  MARCOT_INIT(query);
  CHECK(found(&of, NULL) == 10 && found(&of, &query) == 10);
  const marcot_bytes words[] = {T("A.TX")}, extensions[] = {T("md")};
  query.keywords = (marcot_strings){words, 1};
  query.limit = 1;
  marcot_entries* page = NULL;
  OK(marcot_space_search(of.space, &query, NULL, &page));
  CHECK(page->count == 1 && is(page->items[0]->path, "d/a.txt") && page->marker.size > 0);
  query.marker = page->marker;
  CHECK(found(&of, &query) == 1);
  const marcot_id id = page->items[0]->id;
  marcot_entries_free(page);

  MARCOT_INIT(query);
  query.extensions = (marcot_strings){extensions, 1};
  CHECK(found(&of, &query) == 2);
  query.below = T("e");
  CHECK(found(&of, &query) == 1);
  MARCOT_INIT(query);
  query.excluded_extensions = (marcot_strings){extensions, 1};
  query.only = MARCOT_FILE;
  CHECK(found(&of, &query) == 4);
  query.only = MARCOT_DIRECTORY;
  CHECK(found(&of, &query) == 4);
  MARCOT_INIT(query);
  const uint64_t two = 2;
  query.min_size = &two;
  CHECK(found(&of, &query) == 4);
  query.max_size = &two;
  query.order = MARCOT_FOUND_BY_SIZE;
  query.descending = true;
  CHECK(found(&of, &query) == 2);
  MARCOT_INIT(query);
  query.modified_from_ms = query.modified_until_ms = &of.now_ms;
  CHECK(found(&of, &query) == 10);
  const int64_t earlier = of.now_ms - 1;
  query.modified_from_ms = query.modified_until_ms = &earlier;
  CHECK(found(&of, &query) == 0);
  query.modified_from_ms = query.modified_until_ms = NULL;
  query.labels = (marcot_strings){words, 1};
  query.categories = (marcot_strings){words, 1};
  CHECK(found(&of, &query) == 0);
  query.order = 5;
  REFUSED(marcot_space_search(of.space, &query, NULL, &page));

  OK(marcot_space_move(of.space, T("d/a.txt"), of.space, T("a"), MARCOT_FILE, NULL, NULL));
  marcot_entry* entry = NULL;
  OK(marcot_space_find_object(of.space, id, NULL, &entry));
  CHECK(is(entry->path, "a") && same_id(entry->id, id));
  marcot_entry_free(entry);
  FAILS("PathNotFound", marcot_space_find_object(of.space, (marcot_id){1, 1}, NULL, &entry));
  CHECK(entry == NULL);
  fixture_close(&of);
}

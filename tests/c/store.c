// Errors, the store itself, its libraries, its upkeep.
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "check.h"

void test_errors(void) {
  CHECK(strcmp(marcot_status_code(NULL), "Ok") == 0 && marcot_status_http(NULL) == 200);
  CHECK(is(marcot_status_message(NULL), "") && marcot_status_is(NULL, "Ok"));

  marcot_status* made = marcot_status_new("PathNotFound", T("here"));
  CHECK(marcot_status_is(made, "PathNotFound") && !marcot_status_is(made, "FileNotFound"));
  CHECK(!marcot_status_is(made, NULL));
  CHECK(marcot_status_http(made) == 404 && is(marcot_status_message(made), "here"));
  marcot_status_free(made);
  FAILS("InternalServerError", marcot_status_new("NoSuchCode", T("x")));
  FAILS("InternalServerError", marcot_status_new(NULL, (marcot_bytes){NULL, 0}));
  REFUSED(marcot_status_new("PathNotFound", (marcot_bytes){NULL, 1}));

  size_t count = 0;
  bool found = false;
  for (const marcot_code* code = NULL; (code = marcot_code_at(count)) != NULL; ++count) {
    CHECK(code->http >= 400 && code->http < 600 && code->name[0] != '\0');
    CHECK(code->meaning[0] != '\0');
    FAILS(code->name, marcot_status_new(code->name, T("x")));
    if (strcmp(code->name, "SameNameDirectoryOrFileExists") == 0) found = code->http == 409;
  }
  CHECK(count > 50 && found);

  OK(marcot_check_version(1));
  REFUSED(marcot_check_version(0));
  REFUSED(marcot_check_version(2));

  const marcot_id id = {0x0123456789abcdef, 7};
  char hex[33];
  marcot_id_hex(id, hex);
  CHECK(strcmp(hex, "0123456789abcdef0000000000000007") == 0);
  CHECK(marcot_text(NULL).size == 0 && is(marcot_text("ab"), "ab"));
}

// Options of another size than the library's: newer ones are taken if they ask for nothing that it
// does not know.
static void check_sizes(fixture* of) {
  struct {
    marcot_options known;
    uint64_t newer;
  } options;
  MARCOT_INIT(options.known);
  options.newer = 0;
  options.known.struct_size = sizeof options;
  OK(marcot_space_make_directory(of->space, T("newer"), NULL, &options.known, NULL));
  options.newer = 1;
  REFUSED(marcot_space_make_directory(of->space, T("refused"), NULL, &options.known, NULL));
  options.known.struct_size = 0;
  REFUSED(marcot_space_make_directory(of->space, T("refused"), NULL, &options.known, NULL));
  options.known.struct_size = (size_t)-1;
  REFUSED(marcot_space_make_directory(of->space, T("refused"), NULL, &options.known, NULL));

  options.known.struct_size = offsetof(marcot_options, durability);
  REFUSED(marcot_space_make_directory(of->space, T("refused"), NULL, &options.known, NULL));
  options.known.struct_size = sizeof options.known;
  options.known.user.size = 1;  // of bytes at NULL
  marcot_placed* placed = (marcot_placed*)&options;
  REFUSED(marcot_space_make_directory(of->space, T("newer"), NULL, &options.known, &placed));
  CHECK(placed == NULL);
  CHECK(!exists(of->space, "refused"));
}

static void check_open(fixture* of) {
  marcot_store* second = of->store;
  FAILS("StoreNotFound", marcot_store_open(fixture_path(of, "absent"), NULL, &second));
  CHECK(second == NULL);
  FAILS("StoreInUse", marcot_store_open(fixture_path(of, "store"), NULL, &second));

  marcot_store_options options;
  MARCOT_INIT(options);
  options.create_if_missing = true;
  options.durability = 3;
  REFUSED(marcot_store_open(fixture_path(of, "refused"), &options, &second));
  options.durability = MARCOT_SYNCED;
  options.max_name_chars = 3;
  REFUSED(marcot_store_open(fixture_path(of, "refused"), &options, &second));
  options.max_name_chars = 16;
  const uint64_t none = 0, memtable = 4u << 20, huge = UINT64_C(1) << 30;
  options.memory_bytes = 16u << 20;
  options.memtable_bytes = &huge;
  REFUSED(marcot_store_open(fixture_path(of, "refused"), &options, &second));
  options.memtable_bytes = &memtable;
  options.record_cache_bytes = &none;
  options.rocksdb_options_file = T("no such file");
  CHECK(second == NULL);
  marcot_status* const no_file = marcot_store_open(fixture_path(of, "refused"), &options, &second);
  CHECK(no_file != NULL && strstr(marcot_status_message(no_file).data, "no such file") != NULL);
  marcot_status_free(no_file);
  options.rocksdb_options_file = T("");
  options.max_path_bytes = 300;
  options.reclaim_percent = 50;
  options.reclaim_steps_per_second = 1000;
  options.max_snapshot_age_s = 5;
  OK(marcot_store_open(fixture_path(of, "second"), &options, &second));
  marcot_space* space = NULL;
  OK(marcot_store_open_space(second, T("default"), T("-"), &space));
  FAILS("DirectoryNameLengthExceed",
        marcot_space_make_directory(space, T("12345678901234567"), NULL, NULL, NULL));
  marcot_space_close(space);
  marcot_store_close(second);
}

// What no memory holds, and what no file is named.
static void check_bytes(fixture* of) {
  const marcot_bytes huge = {"x", SIZE_MAX}, cut = {"cut\0", 5};
  const marcot_strings many = {&huge, SIZE_MAX / 2};
  marcot_attributes attributes;
  MARCOT_INIT(attributes);
  attributes.labels = many;
  REFUSED(marcot_space_put(of->space, T("a"), huge, NULL, NULL, NULL));
  REFUSED(marcot_space_put(of->space, huge, T("a"), NULL, NULL, NULL));
  REFUSED(marcot_space_put(of->space, T("a"), T("a"), &attributes, NULL, NULL));
  const marcot_id id = {1, 1};
  REFUSED(marcot_store_condemn_contents(of->store, &id, SIZE_MAX / 2, NULL));
  REFUSED(marcot_store_create_checkpoint(of->store, cut));
  REFUSED(marcot_store_create_backup(of->store, cut, NULL));
  marcot_store* second = NULL;
  REFUSED(marcot_store_open(cut, NULL, &second));
  CHECK(!exists(of->space, "a"));
}

static void check_libraries(fixture* of) {
  OK(marcot_store_create_library(of->store, T("films")));
  FAILS("DuplicateLibrary", marcot_store_create_library(of->store, T("films")));
  FAILS("SpaceIdInvalid", marcot_store_create_library(of->store, T("Films")));
  marcot_texts* libraries = NULL;
  OK(marcot_store_list_libraries(of->store, &libraries));
  CHECK(libraries->strings.count == 2 && is(libraries->strings.items[0], "default"));
  CHECK(is(libraries->strings.items[1], "films"));
  marcot_texts_free(libraries);
  FAILS("LibraryNotEmpty", marcot_store_delete_library(of->store, T("default")));
  OK(marcot_store_delete_library(of->store, T("films")));
  FAILS("LibraryNotFound", marcot_store_delete_library(of->store, T("films")));

  marcot_space* space = of->space;
  FAILS("SpaceNotFound", marcot_store_open_space(of->store, T("default"), T("none"), &space));
  CHECK(space == NULL);
  CHECK(is(marcot_space_library(of->space), "default") && is(marcot_space_name(of->space), "-"));
}

static void check_upkeep(fixture* of) {
  put_text(of->space, "a", "hello");
  marcot_snapshot* snapshot = NULL;
  OK(marcot_store_take_snapshot(of->store, &snapshot));
  CHECK(marcot_snapshot_seq(snapshot) > 0);
  OK(marcot_space_delete(of->space, T("a"), MARCOT_FILE, true, NULL, NULL));
  marcot_read_options then;
  MARCOT_INIT(then);
  then.snapshot = snapshot;
  marcot_buffer* bytes = NULL;
  OK(marcot_space_read(of->space, T("a"), &then, &bytes));
  CHECK(is(bytes->bytes, "hello"));
  marcot_buffer_free(bytes);
  marcot_snapshot_close(snapshot);

  OK(marcot_store_pause_reclaim(of->store, true));
  marcot_stats* stats = NULL;
  OK(marcot_store_stats(of->store, &stats));
  CHECK(stats->seq > 0 && stats->commits > 0 && stats->operations > 0);
  CHECK(stats->reclaim_backlog > 0 && stats->reclaim_paused && stats->logical_files == 0);
  marcot_stats_free(stats);
  OK(marcot_store_pause_reclaim(of->store, false));

  bool work_left = false;
  OK(marcot_store_reclaim_steps(of->store, 0, &work_left));
  CHECK(work_left);
  OK(marcot_store_reclaim_until_idle(of->store));
  OK(marcot_store_reclaim_steps(of->store, 1, &work_left));
  CHECK(!work_left);
  uint64_t expired = 1;
  OK(marcot_store_expire_due(of->store, &expired));
  CHECK(expired == 0);

  marcot_buffer* metrics = NULL;
  OK(marcot_store_metrics(of->store, &metrics));
  CHECK(strstr(metrics->bytes.data, "\nmarcot_") != NULL);
  marcot_buffer_free(metrics);
  marcot_texts* faults = NULL;
  OK(marcot_store_check_invariants(of->store, &faults));
  CHECK(faults->strings.count == 0);
  marcot_texts_free(faults);
}

void test_store(void) {
  fixture of;
  fixture_open(&of, NULL);
  check_sizes(&of);
  check_open(&of);
  check_bytes(&of);
  check_libraries(&of);
  check_upkeep(&of);
  fixture_close(&of);
}

// ---- a host that keeps the bytes ---------------------------------------------------------------

// Of one content at a time.
typedef struct shelf {
  char bytes[32];
  size_t size;
  uint64_t next_id;
  const char* error;
  size_t more, less;  // that it gives than it is asked for
} shelf;

static marcot_status* shelf_write(void* context, marcot_source source, void* source_context,
                                  marcot_content* content) {
  shelf* const to = context;
  if (to->error != NULL) return marcot_status_new(to->error, T("by the shelf"));
  to->size = 0;
  for (size_t size = 1; size != 0; to->size += size) {
    marcot_status* const status =
        source(source_context, to->bytes + to->size, sizeof to->bytes - to->size, &size);
    if (status != NULL) return status;
  }
  content->id.hi = 9;
  content->id.lo = to->next_id++;
  content->size = to->size;
  return NULL;
}

static marcot_status* shelf_read(void* context, const marcot_id* id, uint64_t offset,
                                 uint64_t length, marcot_sink sink, void* sink_context) {
  const shelf* const from = context;
  if (id->hi != 9) return marcot_status_new("ContentNotFound", T("by the shelf"));
  if (offset >= from->size) return NULL;
  return sink(sink_context, from->bytes + offset, (size_t)length + from->more - from->less);
}

// Within the file, and neither more nor less than was asked for.
static void check_host_reads(fixture* of, shelf* kept) {
  marcot_reader* reader = NULL;
  OK(marcot_space_open_file(of->space, T("a"), NULL, &reader));
  char read[8] = "????????";
  size_t size = 0;
  OK(marcot_reader_read(reader, 13, read, 8, &size));
  CHECK(size == 3 && memcmp(read, "ost?????", 8) == 0);
  OK(marcot_reader_read(reader, 99, read, 8, &size));
  CHECK(size == 0);
  kept->more = 2;
  FAILS("InternalServerError", marcot_reader_read(reader, 0, read, 4, &size));
  CHECK(size == 0 && memcmp(read + 4, "????", 4) == 0);
  kept->more = 0;
  kept->less = 2;
  FAILS("InternalServerError", marcot_reader_read(reader, 0, read, 4, &size));
  kept->less = 0;
  marcot_reader_close(reader);
}

void test_host_content(void) {
  fixture of;
  marcot_store_options options;
  fixture_options(&of, &options);
  shelf kept = {{0}, 0, 1, NULL, 0, 0};
  marcot_content_store contents;
  MARCOT_INIT(contents);
  contents.context = &kept;
  options.content_store = &contents;
  marcot_store* refused = NULL;
  REFUSED(marcot_store_open(fixture_path(&of, "store"), &options, &refused));
  contents.write = shelf_write;
  contents.read = shelf_read;
  fixture_open(&of, &options);

  put_text(of.space, "a", "kept by the host");
  CHECK(kept.size == 16 && holds(of.space, "a", "kept by the host"));
  check_host_reads(&of, &kept);
  text_source broken = {"x", 1, "RequestEntityTooLarge"};
  FAILS("RequestEntityTooLarge",
        marcot_space_put_stream(of.space, T("b"), read_text, &broken, NULL, NULL, NULL));
  kept.error = "RateLimitExceeded";
  FAILS("RateLimitExceeded", marcot_space_put(of.space, T("b"), T("x"), NULL, NULL, NULL));
  CHECK(!exists(of.space, "b"));
  memory_sink full = {NULL, 0, 0};
  marcot_reader* reader = NULL;
  OK(marcot_space_open_file(of.space, T("a"), NULL, &reader));
  FAILS("RateLimitExceeded", marcot_reader_stream(reader, 0, 16, write_memory, &full));
  marcot_reader_close(reader);

  marcot_content content = {{3, 4}, 5, false};
  OK(marcot_space_put_reference(of.space, T("r"), &content, NULL, NULL, NULL));
  marcot_buffer* bytes = NULL;
  FAILS("ContentNotFound", marcot_space_read(of.space, T("r"), NULL, &bytes));
  CHECK(bytes == NULL);

  // What nothing holds any more is released, condemned, acknowledged.
  OK(marcot_space_delete(of.space, T("r"), MARCOT_ANY_TYPE, true, NULL, NULL));
  OK(marcot_store_reclaim_until_idle(of.store));
  marcot_ids* ids = NULL;
  OK(marcot_store_released_contents(of.store, NULL, 1000, &ids));
  const marcot_id released[] = {{3, 4}};
  bool found = false;
  for (size_t i = 0; i < ids->count; ++i) found = found || same_id(ids->ids[i], released[0]);
  CHECK(found);
  marcot_ids_free(ids);
  const marcot_id last = {UINT64_MAX, UINT64_MAX};
  OK(marcot_store_released_contents(of.store, &last, 1, &ids));
  CHECK(ids->count == 0);
  marcot_ids_free(ids);
  REFUSED(marcot_store_released_contents(of.store, NULL, 0, &ids));
  OK(marcot_store_condemn_contents(of.store, released, 1, &ids));
  CHECK(ids->count == 1 && same_id(ids->ids[0], released[0]));
  marcot_ids_free(ids);
  FAILS("ContentCondemned",
        marcot_space_put_reference(of.space, T("r"), &content, NULL, NULL, NULL));
  OK(marcot_store_acknowledge_contents(of.store, released, 1));
  OK(marcot_space_put_reference(of.space, T("r"), &content, NULL, NULL, NULL));
  FAILS("ContentNotFound",
        marcot_space_put_stored(of.space, T("s"), &(marcot_content){{5, 6}, 7, false}, NULL, NULL,
                                NULL));
  fixture_close(&of);
}

// ---- a listener --------------------------------------------------------------------------------

typedef struct heard {
  uint64_t seq, commits, operations, flattens, steps;
  bool synced, read_only;
} heard;

static void on_commit(void* context, uint64_t seq, uint64_t operations, bool synced,
                      uint64_t took_ns) {
  heard* const by = context;
  CHECK(seq > by->seq && took_ns < UINT64_C(600) * 1000 * 1000 * 1000);
  by->seq = seq;
  ++by->commits;
  by->operations += operations;
  by->synced = by->synced || synced;
}
static void on_flattens(void* context, uint64_t queued, uint64_t finished) {
  ((heard*)context)->flattens += queued + finished;
}
static void on_reclaim_step(void* context, uint64_t records, uint64_t queue) {
  (void)records, (void)queue;
  ++((heard*)context)->steps;
}
static void on_read_only(void* context, const marcot_status* why) {
  CHECK(marcot_status_message(why).size > 0);
  ((heard*)context)->read_only = true;
}

// Copies of copies, each changed, until one of them is flattened.
static void make_chain(const fixture* of) {
  OK(marcot_space_make_directory(of->space, T("c0"), NULL, NULL, NULL));
  put_text(of->space, "c0/f", "x");
  for (int i = 0; i < 40; ++i) {
    char from[16], to[16], file[32];
    snprintf(from, sizeof from, "c%d", i);
    snprintf(to, sizeof to, "c%d", i + 1);
    snprintf(file, sizeof file, "c%d/f%d", i + 1, i);
    OK(marcot_space_copy(of->space, T(from), of->space, T(to), MARCOT_DIRECTORY, NULL, NULL));
    put_text(of->space, file, "y");
  }
}

void test_listener(void) {
  fixture of;
  marcot_store_options options;
  fixture_options(&of, &options);
  heard told = {0, 0, 0, 0, 0, false, false};
  marcot_listener listener;
  MARCOT_INIT(listener);
  options.listener = &listener;
  marcot_store* deaf = NULL;
  OK(marcot_store_open(fixture_path(&of, "deaf"), &options, &deaf));  // told nothing
  OK(marcot_store_create_library(deaf, T("films")));
  marcot_store_close(deaf);
  CHECK(told.commits == 0);

  listener.context = &told;
  listener.on_commit = on_commit;
  listener.on_flattens = on_flattens;
  listener.on_reclaim_step = on_reclaim_step;
  listener.on_read_only = on_read_only;
  fixture_open(&of, &options);
  make_chain(&of);
  OK(marcot_space_delete(of.space, T("c40"), MARCOT_DIRECTORY, true, NULL, NULL));
  OK(marcot_store_reclaim_until_idle(of.store));
  CHECK(told.commits > 80 && told.operations >= told.commits && told.flattens > 0);
  CHECK(told.steps > 0);
  told.synced = false;
  marcot_options synced;
  MARCOT_INIT(synced);
  synced.durability = MARCOT_SYNCED;
  OK(marcot_space_make_directory(of.space, T("synced"), NULL, &synced, NULL));
  CHECK(told.synced && !told.read_only);

  // No file may grow any more, so a write fails once the log has used what it has reserved.
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const struct rlimit none = {1, limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  CHECK(setrlimit(RLIMIT_FSIZE, &none) == 0);
  marcot_status* failed = NULL;
  for (int i = 0; i < 5000 && failed == NULL; ++i) {
    char name[32];
    snprintf(name, sizeof(name), "fails %d", i);
    failed = marcot_space_make_directory(of.space, marcot_text(name), NULL, NULL, NULL);
  }
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  CHECK(failed != NULL && told.read_only);
  marcot_status_free(failed);
  FAILS("StoreReadOnly", marcot_space_make_directory(of.space, T("fails"), NULL, NULL, NULL));
  fixture_close(&of);
}

// ---- backups -----------------------------------------------------------------------------------

void test_backups(void) {
  fixture of;
  fixture_open(&of, NULL);
  put_text(of.space, "a", "hello");
  OK(marcot_store_create_checkpoint(of.store, fixture_path(&of, "checkpoint")));
  FAILS("FolderNotEmpty",
        marcot_store_create_checkpoint(of.store, fixture_path(&of, "checkpoint")));

  marcot_backups* backups = NULL;
  FAILS("BackupNotFound", marcot_backups_list(fixture_path(&of, "backups"), &backups));
  OK(marcot_store_create_backup(of.store, fixture_path(&of, "backups"), &backups));
  CHECK(backups->count == 1 && backups->items[0]->id == 1 && backups->items[0]->bytes > 0);
  marcot_backups_free(backups);
  put_text(of.space, "a", "again");
  OK(marcot_store_create_backup(of.store, fixture_path(&of, "backups"), NULL));
  OK(marcot_backups_list(fixture_path(&of, "backups"), &backups));
  CHECK(backups->count == 2 && backups->items[1]->id == 2 && !backups->items[1]->damaged);
  marcot_backups_free(backups);
  OK(marcot_backups_verify(fixture_path(&of, "backups"), 0));
  FAILS("BackupNotFound", marcot_backups_verify(fixture_path(&of, "backups"), 7));

  char folder[128];
  snprintf(folder, sizeof folder, "%s", fixture_path(&of, "restored").data);
  OK(marcot_backups_restore(fixture_path(&of, "backups"), 1, T(folder)));
  marcot_store* restored = NULL;
  OK(marcot_store_open(T(folder), NULL, &restored));
  marcot_space* space = NULL;
  OK(marcot_store_open_space(restored, T("default"), T("-"), &space));
  CHECK(holds(space, "a", "hello"));
  marcot_space_close(space);
  marcot_store_close(restored);

  REFUSED(marcot_backups_keep_newest(fixture_path(&of, "backups"), 0));
  OK(marcot_backups_keep_newest(fixture_path(&of, "backups"), 1));
  FAILS("BackupNotFound", marcot_backups_verify(fixture_path(&of, "backups"), 1));
  fixture_close(&of);
}

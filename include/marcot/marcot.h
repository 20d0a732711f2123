// Marcot for C, and for every language that calls C. C99; C++ hosts use marcot/marcot.hpp.
//
// Each section names the C++ headers in which its functions are described: what they do, the codes
// they answer, what they cost. Here is what is different, and the rules that hold for all of it.
//
// Calls. What can fail answers a marcot_status: NULL when all went well, else one that the caller
// frees; then what the call should have given is NULL, 0 or false, and nothing was changed, but for
// the message "no memory", which leaves that open. A NULL where something is needed, a number that
// is no constant of its kind, an options struct without its size: ParamInvalid. No exception comes
// out of the library.
//
// Bytes. A marcot_bytes is an address and a length. Given to a call it is read during the call
// alone and needs no NUL at its end; {NULL, 0} is the empty string. One in a result lives as long
// as the result, and a NUL that is not counted follows it. Text is UTF-8; a path is its names with
// '/' between them.
//
// Options. Each such struct begins with `struct_size` and may grow at its end. MARCOT_INIT sets the
// size and makes all else zero, which is the default of every field; for options, attributes,
// limits and a query NULL says the same. What may be left open and has no such zero is a pointer:
// NULL leaves it open.
//
// Results. Structs that the library makes and the caller reads. Each is given back, with all that
// its fields point at, to the function that is named like it and ends in `_free`; all of these take
// NULL. Results may grow at their ends, so lists are of pointers. They do not change, may be read
// by many threads, and may outlive the store. Out parameters that say "or NULL" can be left out.
//
// Handles. store, session, space, snapshot and service may be used by many threads at once, reader,
// batch and load by one at a time. Each has a function to close it, which takes NULL. Close the
// store last: a handle of a store that is closed must not be used, nor closed.
//
// Callbacks. A callback gets the `context` given with it, on the thread that made the call unless
// something else is said, and answers NULL or a status (marcot_status_new), which then belongs to
// the library and is the answer of the call. It must return: no exception, no longjmp, no
// end of its thread. Sources, sinks and visitors may call the library.
#ifndef MARCOT_MARCOT_H_
#define MARCOT_MARCOT_H_

#ifndef MARCOT_API_VERSION
#error "define MARCOT_API_VERSION as 1, the version that you write for, before marcot/marcot.h"
#elif MARCOT_API_VERSION != 1
#error "MARCOT_API_VERSION must be 1, the only one that this marcot/marcot.h knows"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct marcot_status marcot_status;
typedef struct marcot_store marcot_store;
typedef struct marcot_session marcot_session;    // a library, as its holder may use it
typedef struct marcot_space marcot_space;        // a space, as its holder may use it
typedef struct marcot_snapshot marcot_snapshot;  // the store as of one commit
typedef struct marcot_reader marcot_reader;      // an open file
typedef struct marcot_batch marcot_batch;        // operations to be run together
typedef struct marcot_load marcot_load;          // a bulk load
typedef struct marcot_service marcot_service;    // tokens, uploads, tasks, favourites

// ParamInvalid unless the library that runs knows this version. Call it first, with
// MARCOT_API_VERSION.
marcot_status* marcot_check_version(unsigned api_version);

// ---- words -------------------------------------------------------------------------------------
// types.h. The structs of this section never change.

typedef struct marcot_bytes {
  const char* data;
  size_t size;
} marcot_bytes;

typedef struct marcot_strings {
  const marcot_bytes* items;
  size_t count;
} marcot_strings;

typedef struct marcot_pairs {
  const marcot_bytes* keys;
  const marcot_bytes* values;
  size_t count;  // of each
} marcot_pairs;

// Of an object or of a content.
typedef struct marcot_id {
  uint64_t hi, lo;
} marcot_id;

typedef struct marcot_content {
  marcot_id id;
  uint64_t size;   // bytes
  bool unique_id;  // ContentRef::unique_id
} marcot_content;

typedef struct marcot_totals {
  uint64_t bytes, files, directories;
} marcot_totals;

enum { MARCOT_ANY_TYPE, MARCOT_DIRECTORY, MARCOT_FILE };
enum { MARCOT_DEFAULT_STRATEGY, MARCOT_ASK, MARCOT_RENAME, MARCOT_OVERWRITE };
enum { MARCOT_DEFAULT_DURABILITY, MARCOT_LOGGED, MARCOT_SYNCED };
// What a visitor answers: on, on but not into this directory, or no further.
enum { MARCOT_GO_ON, MARCOT_SKIP, MARCOT_STOP };

// The bytes of a text that ends in a NUL; of NULL, none.
marcot_bytes marcot_text(const char* text);
// 32 lower-case digits and a NUL.
void marcot_id_hex(marcot_id id, char hex[33]);

#define MARCOT_INIT(options) \
  ((void)memset(&(options), 0, sizeof(options)), (void)((options).struct_size = sizeof(options)))

// Gives bytes: puts up to `capacity` of them into `buffer` and their number into `size`; 0: the
// end.
typedef marcot_status* (*marcot_source)(void* context, char* buffer, size_t capacity, size_t* size);
// Takes bytes, piece by piece.
typedef marcot_status* (*marcot_sink)(void* context, const char* data, size_t size);

// A result that is bytes and nothing else.
typedef struct marcot_buffer {
  marcot_bytes bytes;
} marcot_buffer;
void marcot_buffer_free(marcot_buffer* buffer);

// A result that is strings and nothing else.
typedef struct marcot_texts {
  marcot_strings strings;
} marcot_texts;
void marcot_texts_free(marcot_texts* texts);

// ---- errors ------------------------------------------------------------------------------------
// error.h. A code's name is stable; there is no other number of it than its HTTP status.

const char* marcot_status_code(const marcot_status* status);  // "PathNotFound"; of NULL "Ok"
int marcot_status_http(const marcot_status* status);          // 404; of NULL 200
marcot_bytes marcot_status_message(const marcot_status* status);
bool marcot_status_is(const marcot_status* status, const char* code);
// For callbacks. A code that there is not becomes InternalServerError.
marcot_status* marcot_status_new(const char* code, marcot_bytes message);
void marcot_status_free(marcot_status* status);

typedef struct marcot_code {
  const char* name;
  int http;
  const char* meaning;  // one line
} marcot_code;
// All codes there are, from 0 on; then NULL. Their order may change.
const marcot_code* marcot_code_at(size_t index);

// ---- store -------------------------------------------------------------------------------------
// store.h, options.h, content.h, metrics.h

// Keeps the bytes of files in place of the built-in store. Called from any thread.
typedef struct marcot_content_store {
  size_t struct_size;
  void* context;
  // Reads `source` to its end with `source_context`, keeps the bytes and names them.
  marcot_status* (*write)(void* context, marcot_source source, void* source_context,
                          marcot_content* content);
  // Gives `length` bytes from `offset`, neither more nor less, to `sink` with `sink_context`; they
  // are within the size of the content. Where `source` or `sink`
  // answers a status, that is the answer.
  marcot_status* (*read)(void* context, const marcot_id* id, uint64_t offset, uint64_t length,
                         marcot_sink sink, void* sink_context);
} marcot_content_store;

// EventListener: must be quick, must not call the store. Called from any thread.
typedef struct marcot_listener {
  size_t struct_size;
  void* context;
  // Each may be NULL.
  void (*on_commit)(void* context, uint64_t seq, uint64_t operations, bool synced,
                    uint64_t took_ns);
  void (*on_flattens)(void* context, uint64_t queued, uint64_t finished);
  void (*on_reclaim_step)(void* context, uint64_t records, uint64_t queue);
  void (*on_read_only)(void* context, const marcot_status* why);
} marcot_listener;

// Numbers that are 0 are the defaults of StoreOptions. What is pointed at is copied; contexts must
// outlive the store.
typedef struct marcot_store_options {
  size_t struct_size;
  bool create_if_missing, read_damaged, no_background_reclaim;
  int durability;
  uint64_t max_name_chars, max_path_bytes;
  uint64_t memory_bytes;
  const uint64_t *record_cache_bytes, *memtable_bytes;  // NULL: as StoreOptions says
  marcot_bytes rocksdb_options_file;                    // a path; empty: none
  uint64_t max_snapshot_age_s;
  uint32_t reclaim_percent, reclaim_steps_per_second;
  const marcot_content_store* content_store;
  const marcot_listener* listener;
  // Called from any thread; must not call the store. NULL: the system's clock.
  int64_t (*clock_ms)(void* context);
  void* clock_context;
} marcot_store_options;

marcot_status* marcot_store_open(marcot_bytes folder, const marcot_store_options* options,
                                 marcot_store** store);
void marcot_store_close(marcot_store* store);

marcot_status* marcot_store_create_library(marcot_store* store, marcot_bytes library);
marcot_status* marcot_store_delete_library(marcot_store* store, marcot_bytes library);
marcot_status* marcot_store_list_libraries(marcot_store* store, marcot_texts** libraries);
// The space as the host itself may use it, which is without bounds.
marcot_status* marcot_store_open_space(marcot_store* store, marcot_bytes library,
                                       marcot_bytes space, marcot_space** handle);

marcot_status* marcot_store_take_snapshot(marcot_store* store, marcot_snapshot** snapshot);
uint64_t marcot_snapshot_seq(const marcot_snapshot* snapshot);
void marcot_snapshot_close(marcot_snapshot* snapshot);

// `expired`: how many went, or NULL.
marcot_status* marcot_store_expire_due(marcot_store* store, uint64_t* expired);
marcot_status* marcot_store_reclaim_until_idle(marcot_store* store);
marcot_status* marcot_store_reclaim_steps(marcot_store* store, size_t steps, bool* work_left);
marcot_status* marcot_store_pause_reclaim(marcot_store* store, bool paused);

typedef struct marcot_ids {
  size_t count;
  const marcot_id* ids;
} marcot_ids;
void marcot_ids_free(marcot_ids* ids);

// The contents that a host keeps and no entry holds; `after`: NULL from the first on; `limit`
// 1..1000.
marcot_status* marcot_store_released_contents(marcot_store* store, const marcot_id* after,
                                              size_t limit, marcot_ids** released);
marcot_status* marcot_store_condemn_contents(marcot_store* store, const marcot_id* ids,
                                             size_t count, marcot_ids** condemned);
marcot_status* marcot_store_acknowledge_contents(marcot_store* store, const marcot_id* ids,
                                                 size_t count);

typedef struct marcot_stats {
  uint64_t seq, commits, operations;
  uint64_t reclaim_backlog, reclaim_steps, reclaim_done, reclaim_pending;
  bool reclaim_paused;
  uint64_t logical_bytes, logical_files, physical_bytes, physical_files;
  uint64_t record_cache_hits, record_cache_misses;
  uint64_t disk_bytes, estimated_records;
} marcot_stats;
void marcot_stats_free(marcot_stats* stats);

marcot_status* marcot_store_stats(marcot_store* store, marcot_stats** stats);
// For Prometheus.
marcot_status* marcot_store_metrics(marcot_store* store, marcot_buffer** text);
// A line for each fault; none: the store is sound.
marcot_status* marcot_store_check_invariants(marcot_store* store, marcot_texts** faults);

// ---- checkpoints and backups -------------------------------------------------------------------
// store.h, backup.h. Folders are paths of the file system.

typedef struct marcot_backup {
  uint32_t id;
  int64_t creation_time_ms;
  uint64_t bytes, files;
  bool damaged;
} marcot_backup;

typedef struct marcot_backups {
  size_t count;
  const marcot_backup* const* items;  // the oldest first
} marcot_backups;
void marcot_backups_free(marcot_backups* backups);

marcot_status* marcot_store_create_checkpoint(marcot_store* store, marcot_bytes folder);
// `made`: the one that was made, or NULL.
marcot_status* marcot_store_create_backup(marcot_store* store, marcot_bytes backups,
                                          marcot_backups** made);
marcot_status* marcot_backups_list(marcot_bytes backups, marcot_backups** list);
// `id` 0: the newest.
marcot_status* marcot_backups_verify(marcot_bytes backups, uint32_t id);
marcot_status* marcot_backups_restore(marcot_bytes backups, uint32_t id, marcot_bytes folder);
marcot_status* marcot_backups_keep_newest(marcot_bytes backups, size_t keep);

// ---- check and repair --------------------------------------------------------------------------
// check.h. Of a store that nobody has open.

typedef struct marcot_finding {
  marcot_bytes code;  // stable
  marcot_bytes where, detail, meaning;
  marcot_bytes repair;  // what a repair does; empty: nothing
} marcot_finding;

typedef struct marcot_check_report {
  uint64_t found, left, repaired, records;
  int passes;
  size_t count;
  const marcot_finding* const* items;  // of the first pass, at most 10,000
  marcot_bytes undo_log;               // empty: nothing was changed
} marcot_check_report;
void marcot_check_report_free(marcot_check_report* report);

typedef struct marcot_check_options {
  size_t struct_size;
  bool deep, repair;
  int threads;                            // 0: as many as there are cores
  uint64_t memory_bytes;                  // 0: as CheckOptions says
  marcot_bytes scratch_folder, undo_log;  // paths; empty: as CheckOptions says
} marcot_check_options;

// Findings are no error: see `found` and `left`.
marcot_status* marcot_check_store(marcot_bytes folder, const marcot_check_options* options,
                                  marcot_check_report** report);
marcot_status* marcot_undo_repair(marcot_bytes folder, marcot_bytes undo_log);

// ---- sessions, spaces, settings, quotas --------------------------------------------------------
// access.h, settings.h, store.h. A session here is also what the host itself holds of a library
// (marcot_session_open_host): then what it does is what the functions of Store do, without bounds.

typedef struct marcot_session_request {
  size_t struct_size;
  marcot_bytes library;
  marcot_strings spaces;  // none: all of the library
  marcot_bytes user, client, session;
  marcot_bytes grants;  // names with commas between them: "copy_directory,upload_file"
} marcot_session_request;

marcot_status* marcot_session_open(marcot_store* store, const marcot_session_request* request,
                                   marcot_session** session);
marcot_status* marcot_session_open_host(marcot_store* store, marcot_bytes library,
                                        marcot_session** session);
void marcot_session_close(marcot_session* session);
// What it was opened for; of the host's own the library alone. Lives as long as the session.
const marcot_session_request* marcot_session_get_request(const marcot_session* session);

marcot_status* marcot_session_open_space(marcot_session* session, marcot_bytes space,
                                         marcot_space** handle);
// `handle`: the new space, or NULL.
marcot_status* marcot_session_create_space(marcot_session* session, marcot_bytes space,
                                           marcot_space** handle);
marcot_status* marcot_session_delete_space(marcot_session* session, marcot_bytes space, bool force);
void marcot_space_close(marcot_space* space);
// Live as long as the handle.
marcot_bytes marcot_space_library(const marcot_space* space);
marcot_bytes marcot_space_name(const marcot_space* space);

typedef struct marcot_space_info {
  marcot_bytes library, name;
  int64_t creation_time_ms;
  marcot_totals totals;
} marcot_space_info;

typedef struct marcot_spaces {
  size_t count;
  const marcot_space_info* const* items;
} marcot_spaces;
void marcot_spaces_free(marcot_spaces* spaces);

// Those after `marker`, a name; `limit` 1..1000.
marcot_status* marcot_session_list_spaces(marcot_session* session, marcot_bytes marker,
                                          size_t limit, marcot_spaces** spaces);

// Both kinds of settings are set as a whole: read them, change what you want, set them.
typedef struct marcot_library_settings {
  size_t struct_size;
  bool recycle_bin, history;
  uint32_t recycle_days;           // 0: 30
  uint32_t history_versions;       // 0: 10
  uint32_t history_days;           // 0: never expires
  uint64_t history_merge_seconds;  // 0: every content is kept
} marcot_library_settings;

// `settings` must have its size: MARCOT_INIT.
marcot_status* marcot_session_get_settings(marcot_session* session,
                                           marcot_library_settings* settings);
marcot_status* marcot_session_set_settings(marcot_session* session,
                                           const marcot_library_settings* settings);

// Lets go of at most `limit` versions of all files. `cleared`: how many, or NULL.
marcot_status* marcot_session_clear_history(marcot_session* session, uint64_t limit,
                                            uint64_t* cleared);

enum { MARCOT_AS_LIBRARY, MARCOT_ON, MARCOT_OFF };

typedef struct marcot_space_settings {
  size_t struct_size;
  int recycle_bin;
  uint32_t recycle_days;      // 0: as the library says
  uint64_t change_feed_days;  // 0: no changes are kept
} marcot_space_settings;

marcot_status* marcot_space_get_settings(const marcot_space* space,
                                         marcot_space_settings* settings);
marcot_status* marcot_space_set_settings(const marcot_space* space,
                                         const marcot_space_settings* settings);

typedef struct marcot_usage {
  marcot_totals tree, recycled;
  uint64_t versions, version_bytes;
  const uint64_t* capacity;   // of the space's quota, in bytes; NULL: no bound
  const uint64_t* available;  // the same
} marcot_usage;
void marcot_usage_free(marcot_usage* usage);

marcot_status* marcot_space_usage(const marcot_space* space, marcot_usage** usage);

typedef struct marcot_quota_limits {
  size_t struct_size;
  bool recycled_is_free, history_is_free;
  const uint64_t* bytes;  // NULL: no bound
  const uint64_t* files;  // NULL: no bound
} marcot_quota_limits;

typedef struct marcot_quota {
  uint64_t id;
  const marcot_quota_limits* limits;
  uint64_t used_bytes, used_files;
  marcot_strings spaces;
} marcot_quota;
void marcot_quota_free(marcot_quota* quota);

marcot_status* marcot_session_create_quota(marcot_session* session, marcot_strings spaces,
                                           const marcot_quota_limits* limits, uint64_t* id);
marcot_status* marcot_session_set_quota(marcot_session* session, uint64_t id,
                                        const marcot_quota_limits* limits);
marcot_status* marcot_session_set_quota_spaces(marcot_session* session, uint64_t id,
                                               marcot_strings spaces);
marcot_status* marcot_session_delete_quota(marcot_session* session, uint64_t id);
marcot_status* marcot_session_get_quota(marcot_session* session, uint64_t id, marcot_quota** quota);
marcot_status* marcot_session_get_quota_of(marcot_session* session, marcot_bytes space,
                                           marcot_quota** quota);

// ---- changes of a space ------------------------------------------------------------------------
// space.h, types.h

typedef struct marcot_options {
  size_t struct_size;
  int strategy;
  int durability;
  marcot_bytes user;
} marcot_options;

// In results too: there `struct_size` is what the library knows.
typedef struct marcot_attributes {
  size_t struct_size;
  marcot_pairs metadata;
  marcot_strings labels;
  marcot_bytes category, content_type, local_creation_time, local_modification_time;
} marcot_attributes;

// NULL and {NULL, 0} stay as they are.
typedef struct marcot_attribute_changes {
  size_t struct_size;
  marcot_pairs metadata;  // set beside the other keys
  bool replace_metadata;  // in place of all keys
  const marcot_strings* labels;
  const marcot_bytes *category, *content_type;
  const marcot_bytes *local_creation_time, *local_modification_time;
} marcot_attribute_changes;

typedef struct marcot_placed {
  marcot_bytes path;  // the final one
  marcot_id id;
  bool renamed, overwritten;
  uint64_t recycled_item;
  uint64_t seq;
} marcot_placed;
void marcot_placed_free(marcot_placed* placed);

// In all that follow `placed` may be NULL.
marcot_status* marcot_space_make_directory(const marcot_space* space, marcot_bytes path,
                                           const marcot_attributes* attributes,
                                           const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_put(const marcot_space* space, marcot_bytes path, marcot_bytes bytes,
                                const marcot_attributes* attributes, const marcot_options* options,
                                marcot_placed** placed);
marcot_status* marcot_space_put_stream(const marcot_space* space, marcot_bytes path,
                                       marcot_source source, void* context,
                                       const marcot_attributes* attributes,
                                       const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_put_reference(const marcot_space* space, marcot_bytes path,
                                          const marcot_content* content,
                                          const marcot_attributes* attributes,
                                          const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_put_stored(const marcot_space* space, marcot_bytes path,
                                       const marcot_content* content,
                                       const marcot_attributes* attributes,
                                       const marcot_options* options, marcot_placed** placed);
// bulk_load.h. `user` and `attributes` are of the directory that is loaded; closing one that was
// not finished gives it up.
marcot_status* marcot_space_begin_load(const marcot_space* space, marcot_bytes user,
                                       const marcot_attributes* attributes, marcot_load** load);
marcot_status* marcot_load_enter_directory(marcot_load* load, marcot_bytes name,
                                           const marcot_attributes* attributes);
marcot_status* marcot_load_leave_directory(marcot_load* load);
marcot_status* marcot_load_add_file(marcot_load* load, marcot_bytes name,
                                    const marcot_content* content,
                                    const marcot_attributes* attributes);
marcot_status* marcot_load_finish(marcot_load* load, marcot_bytes path,
                                  const marcot_options* options, marcot_placed** placed);
void marcot_load_close(marcot_load* load);

// `type` is that of the source: MARCOT_DIRECTORY or MARCOT_FILE. The source may be in another
// space.
marcot_status* marcot_space_copy(const marcot_space* from_space, marcot_bytes from,
                                 const marcot_space* space, marcot_bytes path, int type,
                                 const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_move(const marcot_space* from_space, marcot_bytes from,
                                 const marcot_space* space, marcot_bytes path, int type,
                                 const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_delete(const marcot_space* space, marcot_bytes path, int type,
                                   bool permanent, const marcot_options* options,
                                   marcot_placed** placed);
// Replaces all of them; `attributes` NULL: by none.
marcot_status* marcot_space_set_attributes(const marcot_space* space, marcot_bytes path,
                                           const marcot_attributes* attributes,
                                           const marcot_options* options);
marcot_status* marcot_space_change_attributes(const marcot_space* space, marcot_bytes path,
                                              const marcot_attribute_changes* changes,
                                              const marcot_options* options);

marcot_status* marcot_space_set_directory_quota(const marcot_space* space, marcot_bytes path,
                                                const marcot_quota_limits* limits,
                                                const marcot_options* options);
marcot_status* marcot_space_remove_directory_quota(const marcot_space* space, marcot_bytes path,
                                                   const marcot_options* options);
marcot_status* marcot_space_get_directory_quota(const marcot_space* space, marcot_bytes path,
                                                marcot_quota** quota);

// ---- batches -----------------------------------------------------------------------------------
// store.h

enum {
  MARCOT_ITEM_MAKE_DIRECTORY,
  MARCOT_ITEM_PUT,
  MARCOT_ITEM_PUT_REFERENCE,
  MARCOT_ITEM_COPY,
  MARCOT_ITEM_MOVE,
  MARCOT_ITEM_DELETE,
  MARCOT_ITEM_SET_ATTRIBUTES,
  MARCOT_ITEM_RESTORE,
  MARCOT_ITEM_PURGE,
  MARCOT_ITEM_PUT_STORED,
  MARCOT_ITEM_CHANGE_ATTRIBUTES
};
// What a restore does where the directory that it goes to is gone.
enum { MARCOT_FAIL_IF_MISSING, MARCOT_CREATE_PARENTS, MARCOT_USE_ROOT };

typedef struct marcot_item {
  size_t struct_size;
  int kind;
  int type;  // of the source of a copy or move, of what is deleted
  const marcot_space* space;
  const marcot_space* from_space;  // NULL: `space`
  marcot_bytes path;
  marcot_bytes from;
  marcot_bytes from_snapshot;  // copy: the named snapshot that `from` is in
  uint64_t recycled_item;      // restore, purge
  int missing_parents;         // restore
  bool permanent;              // delete
  marcot_bytes bytes;
  const marcot_content* content;
  const marcot_attributes* attributes;
  const marcot_attribute_changes* changes;
  const marcot_options* options;
} marcot_item;

// One outcome an item, in order: where it was placed, or why it failed; the other is NULL.
typedef struct marcot_outcome {
  const marcot_placed* placed;
  const marcot_status* status;
} marcot_outcome;

typedef struct marcot_outcomes {
  size_t count;
  const marcot_outcome* const* items;
} marcot_outcomes;
void marcot_outcomes_free(marcot_outcomes* outcomes);

marcot_status* marcot_batch_new(marcot_batch** batch);
// Copies all that `item` points at. Paths and contents are checked when the batch is run.
marcot_status* marcot_batch_add(marcot_batch* batch, const marcot_item* item);
// Can be run again. `outcomes` may be NULL.
marcot_status* marcot_batch_run_atomically(marcot_store* store, const marcot_batch* batch,
                                           marcot_outcomes** outcomes);
marcot_status* marcot_batch_run_each(marcot_store* store, const marcot_batch* batch,
                                     marcot_outcomes** outcomes);
void marcot_batch_free(marcot_batch* batch);

// ---- reads of a space --------------------------------------------------------------------------
// space.h, options.h

typedef struct marcot_read_options {
  size_t struct_size;
  const marcot_snapshot* snapshot;
  uint64_t recycled_item;
  marcot_bytes named_snapshot;
  uint64_t version, version_id;  // of the file that is opened or read: one of them
} marcot_read_options;

// What is known of a file or directory (Stat).
typedef struct marcot_entry {
  marcot_bytes name;
  marcot_bytes path;  // from the root of the tree, where the call found it; else empty
  int type;
  marcot_id id;
  int64_t creation_time_ms, modification_time_ms;
  marcot_bytes creator;
  uint64_t version;
  // file
  uint64_t size;
  marcot_id content;
  // directory
  marcot_totals totals;
  uint64_t child_files, child_directories;
} marcot_entry;
void marcot_entry_free(marcot_entry* entry);  // of one that a call gave by itself

// `entry` must be the library's own, not a copy of the struct.
void marcot_entry_etag(const marcot_entry* entry, char etag[33]);  // ends in a NUL
marcot_status* marcot_entry_attributes(const marcot_entry* entry, marcot_attributes** attributes);
void marcot_attributes_free(marcot_attributes* attributes);

typedef struct marcot_entries {
  size_t count;
  const marcot_entry* const* items;
  marcot_bytes marker;                      // of the next page; empty: the end
  uint64_t total_files, total_directories;  // of a page of a list
  const int64_t* marked_times_ms;           // of a page of favourites: of each; else NULL
} marcot_entries;
void marcot_entries_free(marcot_entries* entries);

marcot_status* marcot_space_stat(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_entry** entry);
marcot_status* marcot_space_totals(const marcot_space* space, marcot_bytes path,
                                   const marcot_read_options* read, marcot_totals* totals);

enum {
  MARCOT_BY_DIRECTORIES_FIRST,
  MARCOT_BY_NAME,
  MARCOT_BY_MODIFICATION_TIME,
  MARCOT_BY_SIZE,
  MARCOT_BY_CREATION_TIME,
  MARCOT_BY_LOCAL_CREATION_TIME
};

typedef struct marcot_list_options {
  size_t struct_size;
  int order;
  int only;  // MARCOT_DIRECTORY, MARCOT_FILE
  bool descending, directories_first;
  marcot_bytes prefix, start_after;
  size_t limit;  // 1..1000; 0: 20
  marcot_bytes marker;
} marcot_list_options;

marcot_status* marcot_space_list(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read,
                                 const marcot_list_options* options, marcot_entries** page);

// `entry` lives until it returns. `step`: MARCOT_GO_ON unless it is set.
typedef marcot_status* (*marcot_visitor)(void* context, const marcot_entry* entry, int* step);
// Told of what cannot be read: its path, and why.
typedef void (*marcot_on_damage)(void* context, const char* path, size_t size,
                                 const marcot_status* why);
// `on_damage` may be NULL: then damage ends the walk and is its answer.
marcot_status* marcot_space_walk(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_visitor visitor,
                                 marcot_on_damage on_damage, void* context);

// Up to `capacity` bytes of the open file from `offset`; fewer only at its end.
marcot_status* marcot_reader_read(marcot_reader* reader, uint64_t offset, char* buffer,
                                  size_t capacity, size_t* size);
marcot_status* marcot_reader_stream(marcot_reader* reader, uint64_t offset, uint64_t length,
                                    marcot_sink sink, void* context);
const marcot_entry* marcot_reader_entry(const marcot_reader* reader);  // lives as long as it
void marcot_reader_close(marcot_reader* reader);
marcot_status* marcot_space_open_file(const marcot_space* space, marcot_bytes path,
                                      const marcot_read_options* read, marcot_reader** reader);
// The whole file.
marcot_status* marcot_space_read(const marcot_space* space, marcot_bytes path,
                                 const marcot_read_options* read, marcot_buffer** bytes);

// ---- search ------------------------------------------------------------------------------------
// search.h

enum {
  MARCOT_FOUND_BY_PATH,
  MARCOT_FOUND_BY_NAME,
  MARCOT_FOUND_BY_MODIFICATION_TIME,
  MARCOT_FOUND_BY_SIZE,
  MARCOT_FOUND_BY_CREATION_TIME
};

typedef struct marcot_query {
  size_t struct_size;
  marcot_bytes below;
  marcot_strings keywords, extensions, excluded_extensions;
  int only;  // MARCOT_DIRECTORY, MARCOT_FILE
  const uint64_t *min_size, *max_size;
  const int64_t *modified_from_ms, *modified_until_ms;
  marcot_strings labels, categories;
  int order;
  bool descending;
  size_t limit;  // 1..1000; 0: 20
  marcot_bytes marker;
} marcot_query;

marcot_status* marcot_space_search(const marcot_space* space, const marcot_query* query,
                                   const marcot_read_options* read, marcot_entries** page);
marcot_status* marcot_space_find_object(const marcot_space* space, marcot_id id,
                                        const marcot_read_options* read, marcot_entry** entry);

// ---- recycle bin -------------------------------------------------------------------------------
// recycle_bin.h

typedef struct marcot_recycled_item {
  uint64_t id;
  int type;
  marcot_bytes path, user;
  int64_t removal_time_ms, expiry_time_ms;
  uint64_t size;
  marcot_totals totals;
} marcot_recycled_item;

typedef struct marcot_recycled {
  size_t count;
  const marcot_recycled_item* const* items;
  marcot_bytes marker;
  uint64_t total_items;
} marcot_recycled;
void marcot_recycled_free(marcot_recycled* recycled);

enum {
  MARCOT_BY_REMOVAL_TIME,
  MARCOT_BY_REMAINING_TIME,
  MARCOT_RECYCLED_BY_NAME,
  MARCOT_RECYCLED_BY_SIZE,
  MARCOT_RECYCLED_BY_MODIFICATION_TIME
};

typedef struct marcot_list_recycled_options {
  size_t struct_size;
  int order;
  bool descending;
  size_t limit;  // 1..1000; 0: 20
  marcot_bytes marker;
} marcot_list_recycled_options;

marcot_status* marcot_space_list_recycled(const marcot_space* space,
                                          const marcot_list_recycled_options* options,
                                          marcot_recycled** page);
marcot_status* marcot_space_get_recycled(const marcot_space* space, uint64_t item,
                                         marcot_recycled** one);
// `inside`: below the item; `to`: the target, empty: where it was. `placed` may be NULL.
marcot_status* marcot_space_restore(const marcot_space* space, uint64_t item, marcot_bytes inside,
                                    marcot_bytes to, int missing_parents,
                                    const marcot_options* options, marcot_placed** placed);
marcot_status* marcot_space_purge_recycled(const marcot_space* space, uint64_t item,
                                           const marcot_options* options);
marcot_status* marcot_space_empty_recycle_bin(const marcot_space* space,
                                              const marcot_options* options);

// ---- versions, named snapshots, differences, changes -------------------------------------------
// history.h

typedef struct marcot_version {
  uint64_t id, version;
  uint64_t size;
  marcot_id content;
  int64_t modification_time_ms, replaced_time_ms;
} marcot_version;

typedef struct marcot_versions {
  size_t count;
  const marcot_version* const* items;
  uint64_t next;  // 0: the end
} marcot_versions;
void marcot_versions_free(marcot_versions* versions);

// `before`: `next` of the page before, or 0; `limit` 1..1000.
marcot_status* marcot_space_list_versions(const marcot_space* space, marcot_bytes path,
                                          uint64_t before, size_t limit, marcot_versions** page);
marcot_status* marcot_space_set_latest_version(const marcot_space* space, marcot_bytes path,
                                               uint64_t version, const marcot_options* options,
                                               marcot_placed** placed);  // or NULL
marcot_status* marcot_space_delete_version(const marcot_space* space, marcot_bytes path,
                                           uint64_t version, const marcot_options* options);

// By marcot_version.id, wherever in the space the file is. `placed` may be NULL.
marcot_status* marcot_space_set_latest_version_by_id(const marcot_space* space, uint64_t id,
                                                     const marcot_options* options,
                                                     marcot_placed** placed);
marcot_status* marcot_space_delete_versions_by_id(const marcot_space* space, const uint64_t* ids,
                                                  size_t count, const marcot_options* options);

typedef struct marcot_named_snapshot {
  marcot_bytes name, path;
  int64_t creation_time_ms, expiry_time_ms;
  marcot_totals totals;
} marcot_named_snapshot;

typedef struct marcot_named_snapshots {
  size_t count;
  const marcot_named_snapshot* const* items;
} marcot_named_snapshots;
void marcot_named_snapshots_free(marcot_named_snapshots* snapshots);

// `expiry_time_ms` 0: never. `made`: the one that was made, or NULL.
marcot_status* marcot_space_create_snapshot(const marcot_space* space, marcot_bytes name,
                                            marcot_bytes path, int64_t expiry_time_ms,
                                            const marcot_options* options,
                                            marcot_named_snapshots** made);
// Those after `marker`, a name; `limit` 1..1000.
marcot_status* marcot_space_list_snapshots(const marcot_space* space, marcot_bytes marker,
                                           size_t limit, marcot_named_snapshots** snapshots);
marcot_status* marcot_space_get_snapshot(const marcot_space* space, marcot_bytes name,
                                         marcot_named_snapshots** one);
marcot_status* marcot_space_delete_snapshot(const marcot_space* space, marcot_bytes name,
                                            const marcot_options* options);
marcot_status* marcot_space_copy_from_snapshot(const marcot_space* space, marcot_bytes name,
                                               marcot_bytes from, marcot_bytes to,
                                               const marcot_options* options,
                                               marcot_placed** placed);  // or NULL

typedef struct marcot_directory_at {
  size_t struct_size;
  const marcot_space* space;
  marcot_bytes path;
  uint64_t recycled_item;
  marcot_bytes named_snapshot;
} marcot_directory_at;

// `path` is below the two directories; where an entry is not there it is NULL. `step`: MARCOT_GO_ON
// unless it is set to MARCOT_STOP.
typedef marcot_status* (*marcot_diff_visitor)(void* context, const char* path, size_t size,
                                              const marcot_entry* before, const marcot_entry* after,
                                              int* step);
// `snapshot` NULL: as of now.
marcot_status* marcot_store_diff(marcot_store* store, const marcot_directory_at* before,
                                 const marcot_directory_at* after, const marcot_snapshot* snapshot,
                                 marcot_diff_visitor visitor, void* context);

enum {
  MARCOT_CHANGE_DIRECTORY_MADE,
  MARCOT_CHANGE_FILE_PUT,
  MARCOT_CHANGE_COPIED,
  MARCOT_CHANGE_MOVED,
  MARCOT_CHANGE_DELETED,
  MARCOT_CHANGE_RECYCLED,
  MARCOT_CHANGE_RESTORED,
  MARCOT_CHANGE_ATTRIBUTES_SET,
  MARCOT_CHANGE_LOADED
};

typedef struct marcot_change {
  uint64_t seq;
  int kind;
  int type;
  marcot_id id;
  marcot_bytes path, from;
  marcot_bytes from_library, from_space;
  marcot_id from_id;
  uint64_t item;
  bool overwritten;
  marcot_bytes user;
  int64_t time_ms;
} marcot_change;

typedef struct marcot_changes {
  size_t count;
  const marcot_change* const* items;
  marcot_bytes cursor;
} marcot_changes;
void marcot_changes_free(marcot_changes* changes);

// `cursor` empty: from the oldest that is kept on; `limit` 1..1000.
marcot_status* marcot_space_read_changes(const marcot_space* space, marcot_bytes cursor,
                                         size_t limit, marcot_changes** page);
marcot_status* marcot_space_latest_change(const marcot_space* space, marcot_buffer** cursor);

// ---- a space as a stream -----------------------------------------------------------------------
// space_stream.h

marcot_status* marcot_space_export(const marcot_space* space, marcot_sink sink, void* context);
// `handle`: the new space, or NULL.
marcot_status* marcot_space_import(marcot_store* store, marcot_bytes library, marcot_bytes space,
                                   marcot_source source, void* context, marcot_space** handle);

// ---- service -----------------------------------------------------------------------------------
// service.h. Close it before its store.

typedef struct marcot_service_options {
  size_t struct_size;
  bool no_background;
  int task_threads;  // 0: 2
} marcot_service_options;

marcot_status* marcot_service_open(marcot_store* store, const marcot_service_options* options,
                                   marcot_service** service);
void marcot_service_close(marcot_service* service);
marcot_status* marcot_service_expire_due(marcot_service* service);

// ---- access tokens -----------------------------------------------------------------------------
// tokens.h

typedef struct marcot_token {
  marcot_bytes token;
  uint32_t expires_in_s;
} marcot_token;
void marcot_token_free(marcot_token* token);

marcot_status* marcot_tokens_set_secret(marcot_service* service, marcot_bytes library,
                                        marcot_bytes secret);
// `period_s` 0: kDefaultTokenPeriodS.
marcot_status* marcot_tokens_issue(marcot_service* service, const marcot_session_request* request,
                                   marcot_bytes secret, uint32_t period_s, marcot_token** token);
marcot_status* marcot_tokens_renew(marcot_service* service, marcot_bytes library,
                                   marcot_bytes token, marcot_token** renewed);
marcot_status* marcot_tokens_revoke(marcot_service* service, marcot_bytes library,
                                    marcot_bytes token);
marcot_status* marcot_tokens_revoke_of_user(marcot_service* service, marcot_bytes library,
                                            marcot_bytes secret, marcot_bytes user,
                                            marcot_strings clients, marcot_strings sessions);
marcot_status* marcot_tokens_authenticate(marcot_service* service, marcot_bytes library,
                                          marcot_bytes token, marcot_bytes acting_user,
                                          marcot_session** session);
marcot_status* marcot_tokens_authenticate_secret(marcot_service* service, marcot_bytes library,
                                                 marcot_bytes secret, marcot_bytes acting_user,
                                                 marcot_session** session);

// ---- uploads -----------------------------------------------------------------------------------
// uploads.h

typedef struct marcot_upload_options {
  size_t struct_size;
  bool parts;
  const uint64_t* size;  // as announced
} marcot_upload_options;

typedef struct marcot_upload {
  marcot_bytes key, path;
  int strategy;
  bool parts, confirmed;
  int64_t creation_time_ms, expiry_time_ms;
} marcot_upload;
void marcot_upload_free(marcot_upload* upload);

typedef struct marcot_part {
  uint32_t number;
  uint64_t size;
  int64_t time_ms;
  marcot_bytes etag;
} marcot_part;

typedef struct marcot_parts {
  size_t count;
  const marcot_part* const* items;
} marcot_parts;
void marcot_parts_free(marcot_parts* parts);

marcot_status* marcot_uploads_begin(marcot_service* service, const marcot_space* space,
                                    marcot_bytes path, const marcot_upload_options* upload_options,
                                    const marcot_attributes* attributes,
                                    const marcot_options* options, marcot_upload** upload);
// `number` 0: the whole file, else that part. `sent`: the one that was sent, or NULL.
marcot_status* marcot_uploads_send(marcot_service* service, marcot_bytes key, uint32_t number,
                                   marcot_source source, void* context, marcot_parts** sent);
marcot_status* marcot_uploads_get(marcot_service* service, const marcot_space* space,
                                  marcot_bytes key, marcot_upload** upload);
marcot_status* marcot_uploads_list_parts(marcot_service* service, const marcot_space* space,
                                         marcot_bytes key, marcot_parts** parts);
// `renewed` may be NULL.
marcot_status* marcot_uploads_renew(marcot_service* service, const marcot_space* space,
                                    marcot_bytes key, marcot_upload** renewed);
marcot_status* marcot_uploads_abort(marcot_service* service, const marcot_space* space,
                                    marcot_bytes key);

typedef struct marcot_confirm_options {
  size_t struct_size;
  const uint64_t* crc64;
  int strategy;  // MARCOT_DEFAULT_STRATEGY: the one that it began with
  const marcot_attribute_changes* changes;
  marcot_bytes user;
} marcot_confirm_options;

marcot_status* marcot_uploads_confirm(marcot_service* service, const marcot_space* space,
                                      marcot_bytes key, const marcot_confirm_options* options,
                                      marcot_placed** placed);  // or NULL

marcot_status* marcot_uploads_may_know(marcot_service* service, const marcot_space* space,
                                       marcot_bytes beginning_hash, uint64_t size, bool* may);
// `known`: whether the file was put. `placed` may be NULL.
marcot_status* marcot_uploads_put_known(marcot_service* service, const marcot_space* space,
                                        marcot_bytes path, marcot_bytes beginning_hash,
                                        marcot_bytes full_hash, uint64_t size,
                                        const marcot_attributes* attributes,
                                        const marcot_options* options, bool* known,
                                        marcot_placed** placed);
// `known`: whether `crc64` was set.
marcot_status* marcot_uploads_find_crc64(marcot_service* service, marcot_id content, bool* known,
                                         uint64_t* crc64);

// ---- tasks -------------------------------------------------------------------------------------
// tasks.h

enum {
  MARCOT_TASK_BATCH,
  MARCOT_TASK_RECLAIM,
  MARCOT_TASK_IMPORT_SPACE,
  MARCOT_TASK_CLEAR_HISTORY
};
enum { MARCOT_TASK_RUNNING, MARCOT_TASK_DONE, MARCOT_TASK_FAILED, MARCOT_TASK_CANCELLED };

typedef struct marcot_task_request {
  size_t struct_size;
  int kind;
  marcot_bytes label;
  const marcot_batch* batch;
  bool atomic;
  marcot_bytes import_space, import_file;
} marcot_task_request;

typedef struct marcot_task {
  uint64_t id;
  int kind, state;
  marcot_bytes label, library, space, user;
  const marcot_status* status;  // of one that failed: why; else NULL
  uint64_t done, total, cleared;
  int64_t creation_time_ms, end_time_ms;
} marcot_task;
void marcot_task_free(marcot_task* task);

typedef struct marcot_task_item {
  int kind;  // MARCOT_ITEM_..
  marcot_bytes from, path;
  uint64_t recycled_item;
  const marcot_placed* placed;  // as of an outcome
  const marcot_status* status;
} marcot_task_item;

typedef struct marcot_task_items {
  size_t count;
  const marcot_task_item* const* items;
} marcot_task_items;
void marcot_task_items_free(marcot_task_items* items);

marcot_status* marcot_tasks_submit(marcot_service* service, const marcot_space* space,
                                   const marcot_task_request* request, uint64_t* id);
// Of the session's library. The session must be one that may do all in it: the host's, an admin's.
marcot_status* marcot_tasks_submit_of_library(marcot_service* service, marcot_session* session,
                                              const marcot_task_request* request, uint64_t* id);
marcot_status* marcot_tasks_get(marcot_service* service, const marcot_space* space, uint64_t id,
                                marcot_task** task);
marcot_status* marcot_tasks_get_of_library(marcot_service* service, marcot_bytes library,
                                           uint64_t id, marcot_task** task);
marcot_status* marcot_tasks_get_items(marcot_service* service, const marcot_space* space,
                                      uint64_t id, marcot_task_items** items);
marcot_status* marcot_tasks_get_items_of_library(marcot_service* service, marcot_bytes library,
                                                 uint64_t id, marcot_task_items** items);
marcot_status* marcot_tasks_wait(marcot_service* service, const marcot_space* space, uint64_t id,
                                 uint64_t longest_ms, marcot_task** task);
marcot_status* marcot_tasks_cancel(marcot_service* service, const marcot_space* space, uint64_t id);
marcot_status* marcot_tasks_cancel_of_library(marcot_service* service, marcot_session* session,
                                              uint64_t id);
marcot_status* marcot_tasks_run_step(marcot_service* service, bool* work_left);

// ---- favourites --------------------------------------------------------------------------------
// favorites.h

typedef struct marcot_list_favorites_options {
  size_t struct_size;
  bool ascending;  // by time; else the newest first
  size_t limit;    // 1..1000; 0: 20
  marcot_bytes marker;
} marcot_list_favorites_options;

// `id`: the object's, or NULL.
marcot_status* marcot_favorites_add(marcot_service* service, const marcot_space* space,
                                    marcot_bytes user, marcot_bytes path, marcot_id* id);
marcot_status* marcot_favorites_add_object(marcot_service* service, const marcot_space* space,
                                           marcot_bytes user, marcot_id id);
marcot_status* marcot_favorites_remove(marcot_service* service, const marcot_space* space,
                                       marcot_bytes user, marcot_id id);
marcot_status* marcot_favorites_list(marcot_service* service, const marcot_space* space,
                                     marcot_bytes user,
                                     const marcot_list_favorites_options* options,
                                     marcot_entries** page);
marcot_status* marcot_favorites_has(marcot_service* service, const marcot_space* space,
                                    marcot_bytes user, marcot_id id, bool* has);

#ifdef __cplusplus
}
#endif

#endif  // MARCOT_MARCOT_H_

// How the tests of the C ABI check, and the store that they share. The first check that fails ends
// the process.
#ifndef MARCOT_TESTS_C_CHECK_H_
#define MARCOT_TESTS_C_CHECK_H_

#define MARCOT_API_VERSION 1
#include "marcot/marcot.h"

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
#define OK(call) check_status((call), "Ok", #call, __FILE__, __LINE__)
#define FAILS(code, call) check_status((call), code, #call, __FILE__, __LINE__)
#define REFUSED(call) FAILS("ParamInvalid", call)

void check(bool holds, const char* what, const char* file, int line);
// Frees it.
void check_status(marcot_status* status, const char* code, const char* call, const char* file,
                  int line);

#define T(text) marcot_text(text)
bool is(marcot_bytes bytes, const char* text);
bool same_id(marcot_id a, marcot_id b);

typedef struct fixture {
  char folder[64];  // of this test alone; the store is in it
  int64_t now_ms;   // the store's clock
  marcot_store* store;
  marcot_session* host;  // of the library "default"
  marcot_space* space;   // "-"
  marcot_service* service;
} fixture;

// The options that a fixture opens with.
void fixture_options(fixture* of, marcot_store_options* options);
void fixture_open(fixture* of, const marcot_store_options* options);
void fixture_close(fixture* of);
// A path in the fixture's folder; until the next call.
marcot_bytes fixture_path(const fixture* of, const char* name);

// Puts a file of this text, by overwriting.
void put_text(const marcot_space* space, const char* path, const char* text);
bool exists(const marcot_space* space, const char* path);
// Whether the file holds this text.
bool holds(const marcot_space* space, const char* path, const char* text);

// A source that gives the rest of a text, at most `piece` bytes at a time; then `error`, if it has
// one.
typedef struct text_source {
  const char* rest;
  size_t piece;
  const char* error;
} text_source;
marcot_status* read_text(void* source, char* buffer, size_t capacity, size_t* size);

// A sink that keeps up to its capacity and answers an error past it.
typedef struct memory_sink {
  char* data;
  size_t size, capacity;
} memory_sink;
marcot_status* write_memory(void* sink, const char* data, size_t size);

void test_errors(void);
void test_store(void);
void test_host_content(void);
void test_listener(void);
void test_sessions(void);
void test_settings(void);
void test_quotas(void);
void test_backups(void);
void test_changes_of_a_space(void);
void test_batches(void);
void test_reads(void);
void test_walks(void);
void test_damage(void);
void test_search(void);
void test_recycle_bin(void);
void test_versions(void);
void test_snapshots(void);
void test_feed(void);
void test_streams(void);
void test_tokens(void);
void test_uploads(void);
void test_tasks(void);
void test_favorites(void);
void test_nulls(void);

#endif  // MARCOT_TESTS_C_CHECK_H_

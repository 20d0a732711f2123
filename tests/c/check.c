#define _XOPEN_SOURCE 700
#include "check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void check(bool holds, const char* what, const char* file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  exit(1);
}

void check_status(marcot_status* status, const char* code, const char* call, const char* file,
                  int line) {
  const bool as_expected = marcot_status_is(status, code);
  if (!as_expected) {
    fprintf(stderr, "%s:%d: %s\n  answers %s: %s\n  and not %s\n", file, line, call,
            marcot_status_code(status), marcot_status_message(status).data, code);
  }
  marcot_status_free(status);
  if (!as_expected) exit(1);
}

bool is(marcot_bytes bytes, const char* text) {
  return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0 &&
         bytes.data[bytes.size] == '\0';
}

bool same_id(marcot_id a, marcot_id b) { return a.hi == b.hi && a.lo == b.lo; }

static int64_t read_clock(void* context) { return *(const int64_t*)context; }

void fixture_options(fixture* of, marcot_store_options* options) {
  const char* parent = getenv("TMPDIR");
  snprintf(of->folder, sizeof of->folder, "%s/marcot-c-XXXXXX", parent == NULL ? "/tmp" : parent);
  CHECK(mkdtemp(of->folder) != NULL);
  of->now_ms = 1700000000000;
  MARCOT_INIT(*options);
  options->create_if_missing = true;
  options->no_background_reclaim = true;
  options->memory_bytes = 32u << 20;
  options->clock_ms = read_clock;
  options->clock_context = &of->now_ms;
}

void fixture_open(fixture* of, const marcot_store_options* options) {
  marcot_store_options own;
  if (options == NULL) {
    fixture_options(of, &own);
    options = &own;
  }
  OK(marcot_store_open(fixture_path(of, "store"), options, &of->store));
  OK(marcot_session_open_host(of->store, T("default"), &of->host));
  OK(marcot_store_open_space(of->store, T("default"), T("-"), &of->space));
  marcot_service_options service;
  MARCOT_INIT(service);
  service.no_background = true;
  OK(marcot_service_open(of->store, &service, &of->service));
}

static int remove_one(const char* path, const struct stat* stat, int type, struct FTW* ftw) {
  (void)stat, (void)type, (void)ftw;
  return remove(path);
}

void fixture_close(fixture* of) {
  marcot_service_close(of->service);
  marcot_space_close(of->space);
  marcot_session_close(of->host);
  marcot_store_close(of->store);
  CHECK(nftw(of->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0);
}

marcot_bytes fixture_path(const fixture* of, const char* name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", of->folder, name);
  return T(path);
}

void put_text(const marcot_space* space, const char* path, const char* text) {
  marcot_options options;
  MARCOT_INIT(options);
  options.strategy = MARCOT_OVERWRITE;
  OK(marcot_space_put(space, T(path), T(text), NULL, &options, NULL));
}

bool exists(const marcot_space* space, const char* path) {
  marcot_entry* entry = NULL;
  marcot_status* const status = marcot_space_stat(space, T(path), NULL, &entry);
  CHECK(status == NULL || marcot_status_is(status, "PathNotFound"));
  CHECK((status == NULL) == (entry != NULL));
  const bool found = entry != NULL;
  marcot_status_free(status);
  marcot_entry_free(entry);
  return found;
}

bool holds(const marcot_space* space, const char* path, const char* text) {
  marcot_buffer* buffer = NULL;
  OK(marcot_space_read(space, T(path), NULL, &buffer));
  const bool same = is(buffer->bytes, text);
  marcot_buffer_free(buffer);
  return same;
}

marcot_status* read_text(void* source, char* buffer, size_t capacity, size_t* size) {
  text_source* const from = source;
  const size_t left = strlen(from->rest);
  if (left == 0 && from->error != NULL) return marcot_status_new(from->error, T("by the source"));
  *size = left < capacity ? left : capacity;
  if (*size > from->piece) *size = from->piece;
  memcpy(buffer, from->rest, *size);
  from->rest += *size;
  return NULL;
}

marcot_status* write_memory(void* sink, const char* data, size_t size) {
  memory_sink* const to = sink;
  if (size > to->capacity - to->size)
    return marcot_status_new("RateLimitExceeded", T("by the sink"));
  memcpy(to->data + to->size, data, size);
  to->size += size;
  return NULL;
}

// Sessions and what they may do; settings and quotas.
#include "check.h"

static void check_host(fixture* of) {
  CHECK(is(marcot_session_get_request(of->host)->library, "default"));
  CHECK(marcot_session_get_request(of->host)->spaces.count == 0);
  marcot_session* none = of->host;
  FAILS("LibraryNotFound", marcot_session_open_host(of->store, T("none"), &none));
  CHECK(none == NULL);

  marcot_space* made = NULL;
  OK(marcot_session_create_space(of->host, T("ann"), &made));
  CHECK(is(marcot_space_name(made), "ann"));
  put_text(made, "a", "hello");
  marcot_space_close(made);
  OK(marcot_session_create_space(of->host, T("bob"), NULL));
  FAILS("DuplicateSpace", marcot_session_create_space(of->host, T("bob"), NULL));

  marcot_spaces* spaces = NULL;
  OK(marcot_session_list_spaces(of->host, T("-"), 1000, &spaces));
  CHECK(spaces->count == 2 && is(spaces->items[0]->name, "ann"));
  CHECK(is(spaces->items[0]->library, "default") && spaces->items[0]->totals.bytes == 5);
  CHECK(spaces->items[1]->creation_time_ms == of->now_ms);
  marcot_spaces_free(spaces);
  REFUSED(marcot_session_list_spaces(of->host, T(""), 0, &spaces));
  FAILS("SpaceNotEmpty", marcot_session_delete_space(of->host, T("ann"), false));
}

void test_sessions(void) {
  fixture of;
  fixture_open(&of, NULL);
  check_host(&of);

  const marcot_bytes names[] = {T("ann"), T("bob")};
  marcot_session_request request;
  MARCOT_INIT(request);
  request.library = T("default");
  request.spaces.items = names;
  request.spaces.count = 2;
  request.user = T("ann");
  request.client = T("c1");
  request.session = T("s1");
  request.grants = T("create_directory,upload_file");
  marcot_session* session = NULL;
  OK(marcot_session_open(of.store, &request, &session));
  const marcot_session_request* const kept = marcot_session_get_request(session);
  CHECK(kept->spaces.count == 2 && is(kept->spaces.items[1], "bob") && is(kept->user, "ann"));
  CHECK(is(kept->client, "c1") && is(kept->session, "s1"));
  CHECK(is(kept->grants, "create_directory,upload_file") && is(kept->library, "default"));

  marcot_space* space = NULL;
  OK(marcot_session_open_space(session, T("ann"), &space));
  OK(marcot_space_make_directory(space, T("d"), NULL, NULL, NULL));
  OK(marcot_space_put(space, T("d/f"), T("x"), NULL, NULL, NULL));
  FAILS("NoPermission",
        marcot_space_copy(space, T("d"), space, T("e"), MARCOT_DIRECTORY, NULL, NULL));
  FAILS("NoPermission", marcot_space_delete(space, T("d"), MARCOT_ANY_TYPE, false, NULL, NULL));
  marcot_entry* entry = NULL;
  OK(marcot_space_stat(space, T("d"), NULL, &entry));
  CHECK(is(entry->creator, "ann"));
  marcot_entry_free(entry);
  marcot_space_close(space);

  FAILS("AccessTokenNotMatchSpace", marcot_session_open_space(session, T("-"), &space));
  FAILS("NoPermission", marcot_session_create_space(session, T("bob"), &space));
  FAILS("NoPermission", marcot_session_delete_space(session, T("bob"), true));
  marcot_spaces* spaces = NULL;
  OK(marcot_session_list_spaces(session, T(""), 10, &spaces));
  CHECK(spaces->count == 2);
  marcot_spaces_free(spaces);
  marcot_session_close(session);

  request.grants = T("fly");
  REFUSED(marcot_session_open(of.store, &request, &session));
  request.library = T("none");
  request.grants = T("");
  FAILS("LibraryNotFound", marcot_session_open(of.store, &request, &session));
  CHECK(session == NULL);
  OK(marcot_session_delete_space(of.host, T("ann"), true));
  FAILS("SpaceNotFound", marcot_session_open_space(of.host, T("ann"), &space));
  fixture_close(&of);
}

static marcot_session* open_session(const fixture* of, const char* grants) {
  marcot_session_request request;
  MARCOT_INIT(request);
  request.library = T("default");
  request.grants = T(grants);
  marcot_session* session = NULL;
  OK(marcot_session_open(of->store, &request, &session));
  return session;
}

void test_settings(void) {
  fixture of;
  fixture_open(&of, NULL);
  marcot_library_settings library;
  memset(&library, 0, sizeof library);
  REFUSED(marcot_session_get_settings(of.host, &library));
  MARCOT_INIT(library);
  OK(marcot_session_get_settings(of.host, &library));
  CHECK(library.struct_size == sizeof library && !library.recycle_bin);
  CHECK(library.recycle_days == 30 && library.history_versions == 10);
  library.recycle_bin = true;
  library.history_versions = 5;
  library.recycle_days = 7;
  OK(marcot_session_set_settings(of.host, &library));
  library.history_versions = 1000;
  REFUSED(marcot_session_set_settings(of.host, &library));

  library.struct_size = offsetof(marcot_library_settings, history_versions);
  REFUSED(marcot_session_get_settings(of.host, &library));

  marcot_session* const session = open_session(&of, "space_admin");
  MARCOT_INIT(library);
  OK(marcot_session_get_settings(session, &library));
  CHECK(library.history_versions == 5);
  FAILS("NoPermission", marcot_session_set_settings(session, &library));
  marcot_session_close(session);

  marcot_space_settings settings;
  MARCOT_INIT(settings);
  OK(marcot_space_get_settings(of.space, &settings));
  CHECK(settings.recycle_bin == MARCOT_AS_LIBRARY && settings.change_feed_days == 0);
  settings.recycle_bin = MARCOT_OFF;
  settings.recycle_days = 9;
  settings.change_feed_days = 2;
  OK(marcot_space_set_settings(of.space, &settings));
  MARCOT_INIT(settings);
  OK(marcot_space_get_settings(of.space, &settings));
  CHECK(settings.recycle_bin == MARCOT_OFF && settings.recycle_days == 9);
  CHECK(settings.change_feed_days == 2);
  settings.recycle_bin = 3;
  REFUSED(marcot_space_set_settings(of.space, &settings));
  settings.recycle_bin = MARCOT_ON;
  settings.recycle_days = 10001;
  REFUSED(marcot_space_set_settings(of.space, &settings));
  fixture_close(&of);
}

static void check_quota_of_session(fixture* of) {
  marcot_session* const session = open_session(of, "upload_file");
  const marcot_strings spaces = {(const marcot_bytes[]){T("-")}, 1};
  marcot_quota* quota = NULL;
  uint64_t id = 0;
  FAILS("NoPermission", marcot_session_create_quota(session, spaces, NULL, &id));
  OK(marcot_session_get_quota_of(session, T("-"), &quota));
  id = quota->id;
  marcot_quota_free(quota);
  OK(marcot_session_get_quota(session, id, &quota));
  marcot_quota_free(quota);
  FAILS("NoPermission", marcot_session_set_quota(session, id, NULL));
  FAILS("NoPermission", marcot_session_set_quota_spaces(session, id, spaces));
  FAILS("NoPermission", marcot_session_delete_quota(session, id));
  marcot_session_close(session);
}

void test_quotas(void) {
  fixture of;
  fixture_open(&of, NULL);
  OK(marcot_session_create_space(of.host, T("ann"), NULL));
  const marcot_strings spaces = {(const marcot_bytes[]){T("-"), T("ann")}, 2};
  const marcot_strings none = {NULL, 0};
  const uint64_t bytes = 10, files = 2;
  marcot_quota_limits limits;
  MARCOT_INIT(limits);
  limits.bytes = &bytes;
  limits.history_is_free = true;
  uint64_t id = 0;
  FAILS("NoItemsProvided", marcot_session_create_quota(of.host, none, &limits, &id));
  OK(marcot_session_create_quota(of.host, spaces, &limits, &id));
  CHECK(id != 0);
  uint64_t second = 1;
  FAILS("DuplicateQuota", marcot_session_create_quota(of.host, spaces, &limits, &second));
  CHECK(second == 0);
  put_text(of.space, "a", "hello");
  FAILS("QuotaLimitReached", marcot_space_put(of.space, T("b"), T("hello!"), NULL, NULL, NULL));
  check_quota_of_session(&of);

  marcot_quota* quota = NULL;
  OK(marcot_session_get_quota(of.host, id, &quota));
  CHECK(quota->id == id && *quota->limits->bytes == 10 && quota->limits->files == NULL);
  CHECK(quota->limits->history_is_free && !quota->limits->recycled_is_free);
  CHECK(quota->used_bytes == 5 && quota->used_files == 1 && quota->spaces.count == 2);
  CHECK(is(quota->spaces.items[1], "ann"));
  OK(marcot_session_set_quota(of.host, id, quota->limits));  // what is given can be set again
  marcot_quota_free(quota);
  marcot_usage* usage = NULL;
  OK(marcot_space_usage(of.space, &usage));
  CHECK(usage->tree.bytes == 5 && *usage->capacity == 10 && *usage->available == 5);
  marcot_usage_free(usage);

  OK(marcot_session_set_quota(of.host, id, NULL));
  OK(marcot_session_set_quota_spaces(of.host, id, (marcot_strings){spaces.items + 1, 1}));
  FAILS("QuotaNotFound", marcot_session_get_quota_of(of.host, T("-"), &quota));
  CHECK(quota == NULL);
  OK(marcot_session_get_quota_of(of.host, T("ann"), &quota));
  CHECK(quota->id == id && quota->limits->bytes == NULL);
  marcot_quota_free(quota);
  OK(marcot_session_delete_quota(of.host, id));
  FAILS("QuotaNotFound", marcot_session_get_quota(of.host, id, &quota));
  OK(marcot_space_usage(of.space, &usage));
  CHECK(usage->capacity == NULL && usage->available == NULL);
  marcot_usage_free(usage);

  OK(marcot_space_make_directory(of.space, T("d"), NULL, NULL, NULL));
  limits.bytes = NULL;
  limits.files = &files;
  OK(marcot_space_set_directory_quota(of.space, T("d"), &limits, NULL));
  OK(marcot_space_get_directory_quota(of.space, T("d"), &quota));
  CHECK(*quota->limits->files == 2 && quota->spaces.count == 0);
  marcot_quota_free(quota);
  OK(marcot_space_remove_directory_quota(of.space, T("d"), NULL));
  FAILS("QuotaNotFound", marcot_space_get_directory_quota(of.space, T("d"), &quota));
  fixture_close(&of);
}

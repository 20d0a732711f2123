// The C ABI, as a program in C99 sees it: every function of marcot/marcot.h, and what each refuses.
#include <stdio.h>

#include "c/check.h"

int main(void) {
  OK(marcot_check_version(MARCOT_API_VERSION));
  test_errors();
  test_store();
  test_host_content();
  test_listener();
  test_sessions();
  test_settings();
  test_quotas();
  test_backups();
  test_changes_of_a_space();
  test_batches();
  test_reads();
  test_walks();
  test_damage();
  test_search();
  test_recycle_bin();
  test_versions();
  test_snapshots();
  test_feed();
  test_streams();
  test_tokens();
  test_uploads();
  test_tasks();
  test_favorites();
  test_nulls();
  puts("every function of marcot/marcot.h does what it says");
  return 0;
}

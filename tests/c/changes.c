// What changes a space: operations and batches of them.
#include "check.h"

static void check_puts(fixture* of) {
  marcot_placed* placed = NULL;
  OK(marcot_space_put(of->space, T("a.txt"), T("hello"), NULL, NULL, &placed));
  CHECK(is(placed->path, "a.txt") && !placed->renamed && placed->seq > 0);
  marcot_placed_free(placed);
  OK(marcot_space_put(of->space, T("a.txt"), T("again"), NULL, NULL, &placed));
  CHECK(is(placed->path, "a (1).txt") && placed->renamed);
  marcot_placed_free(placed);

  text_source source = {"piece by piece", 3, NULL};
  OK(marcot_space_put_stream(of->space, T("s"), read_text, &source, NULL, NULL, NULL));
  CHECK(holds(of->space, "s", "piece by piece"));
  source.rest = "cut";
  source.error = "RequestEntityTooLarge";
  placed = (marcot_placed*)&source;
  FAILS("RequestEntityTooLarge",
        marcot_space_put_stream(of->space, T("t"), read_text, &source, NULL, NULL, &placed));
  CHECK(placed == NULL && !exists(of->space, "t"));

  marcot_entry* entry = NULL;
  OK(marcot_space_stat(of->space, T("s"), NULL, &entry));
  marcot_content content = {entry->content, entry->size, false};
  marcot_entry_free(entry);
  OK(marcot_space_put_stored(of->space, T("u"), &content, NULL, NULL, NULL));
  CHECK(holds(of->space, "u", "piece by piece"));
  content.size = 1;
  FAILS("ContentNotFound", marcot_space_put_stored(of->space, T("v"), &content, NULL, NULL, NULL));
  const marcot_bytes nowhere = {NULL, 3};
  REFUSED(marcot_space_put(of->space, T("v"), nowhere, NULL, NULL, NULL));
  REFUSED(marcot_space_put(of->space, nowhere, T("x"), NULL, NULL, NULL));
  CHECK(!exists(of->space, "v"));
}

static void check_loads(fixture* of) {
  marcot_load* load = NULL;
  marcot_placed* placed = NULL;
  marcot_totals totals;
  marcot_content content = {{5, 6}, 7, true};
  marcot_attributes attributes;
  MARCOT_INIT(attributes);
  attributes.content_type = T("image/png");
  marcot_options options;
  MARCOT_INIT(options);
  options.strategy = MARCOT_RENAME;
  OK(marcot_space_make_directory(of->space, T("loaded"), NULL, NULL, NULL));
  OK(marcot_space_begin_load(of->space, T("ann"), NULL, &load));
  OK(marcot_load_enter_directory(load, T("sub"), NULL));
  OK(marcot_load_add_file(load, T("f"), &content, &attributes));
  OK(marcot_load_leave_directory(load));
  content.unique_id = false;
  REFUSED(marcot_load_add_file(load, T("g"), &content, NULL));
  REFUSED(marcot_load_leave_directory(load));
  FAILS("SameNameDirectoryOrFileExists", marcot_load_finish(load, T("loaded"), NULL, &placed));
  OK(marcot_load_finish(load, T("loaded"), &options, &placed));
  CHECK(is(placed->path, "loaded (1)") && placed->renamed);
  marcot_placed_free(placed);
  marcot_load_close(load);
  OK(marcot_space_totals(of->space, T("loaded (1)/sub"), NULL, &totals));
  CHECK(totals.files == 1 && totals.bytes == 7);
}

static marcot_status* lie(void* context, char* buffer, size_t capacity, size_t* size) {
  (void)context, (void)buffer;
  *size = capacity + 1;
  return NULL;
}

static void check_places(fixture* of) {
  marcot_options options;
  MARCOT_INIT(options);
  options.user = T("ann");
  OK(marcot_space_make_directory(of->space, T("d/e"), NULL, &options, NULL));
  FAILS("SameNameDirectoryOrFileExists",
        marcot_space_make_directory(of->space, T("d"), NULL, NULL, NULL));
  OK(marcot_space_copy(of->space, T("d"), of->space, T("c"), MARCOT_DIRECTORY, NULL, NULL));
  OK(marcot_space_copy(of->space, T("s"), of->space, T("c/s"), MARCOT_FILE, NULL, NULL));
  FAILS("SourceFileNotFound",
        marcot_space_copy(of->space, T("x"), of->space, T("y"), MARCOT_FILE, NULL, NULL));
  REFUSED(marcot_space_copy(of->space, T("d"), of->space, T("y"), MARCOT_ANY_TYPE, NULL, NULL));
  REFUSED(marcot_space_move(of->space, T("d"), of->space, T("y"), 7, NULL, NULL));
  options.strategy = 4;
  REFUSED(
      marcot_space_copy(of->space, T("d"), of->space, T("y"), MARCOT_DIRECTORY, &options, NULL));
  options.strategy = MARCOT_DEFAULT_STRATEGY;
  options.durability = -1;
  REFUSED(
      marcot_space_copy(of->space, T("d"), of->space, T("y"), MARCOT_DIRECTORY, &options, NULL));
  REFUSED(marcot_space_put_stream(of->space, T("y"), lie, NULL, NULL, NULL, NULL));
  CHECK(!exists(of->space, "y"));

  marcot_space* other = NULL;
  OK(marcot_session_create_space(of->host, T("ann"), &other));
  OK(marcot_space_move(of->space, T("c"), other, T("moved"), MARCOT_DIRECTORY, NULL, NULL));
  OK(marcot_space_move(other, T("moved/s"), of->space, T("back"), MARCOT_FILE, NULL, NULL));
  CHECK(exists(other, "moved/e") && exists(of->space, "back") && !exists(of->space, "c"));
  FAILS("SourceDirectoryIsParentOfDestination",
        marcot_space_move(other, T("moved"), other, T("moved/e/f"), MARCOT_DIRECTORY, NULL, NULL));
  marcot_space_close(other);

  FAILS("FileTypeNotMatched",
        marcot_space_delete(of->space, T("back"), MARCOT_DIRECTORY, false, NULL, NULL));
  FAILS("FileTypeNotMatched",
        marcot_space_delete(of->space, T("d"), MARCOT_FILE, false, NULL, NULL));
  OK(marcot_space_delete(of->space, T("back"), MARCOT_FILE, false, NULL, NULL));
  marcot_placed* placed = NULL;
  OK(marcot_space_delete(of->space, T("d"), MARCOT_ANY_TYPE, true, NULL, &placed));
  CHECK(is(placed->path, "d") && placed->recycled_item == 0);
  marcot_placed_free(placed);
  FAILS("PathNotFound", marcot_space_delete(of->space, T("d"), MARCOT_ANY_TYPE, true, NULL, NULL));
}

static marcot_attributes* attributes_of(const marcot_space* space, const char* path) {
  marcot_entry* entry = NULL;
  marcot_attributes* attributes = NULL;
  OK(marcot_space_stat(space, T(path), NULL, &entry));
  OK(marcot_entry_attributes(entry, &attributes));
  marcot_entry_free(entry);  // attributes do not need it
  return attributes;
}

static void check_attributes(fixture* of) {
  const marcot_bytes keys[] = {T("b"), T("a")}, values[] = {T("2"), T("1")}, labels[] = {T("l")};
  marcot_attributes attributes;
  MARCOT_INIT(attributes);
  attributes.metadata = (marcot_pairs){keys, values, 2};
  attributes.labels = (marcot_strings){labels, 1};
  attributes.category = T("doc");
  attributes.content_type = T("text/plain");
  attributes.local_creation_time = T("then");
  attributes.local_modification_time = T("later");
  OK(marcot_space_put(of->space, T("f"), T("x"), &attributes, NULL, NULL));
  marcot_attributes* kept = attributes_of(of->space, "f");
  CHECK(kept->metadata.count == 2 && is(kept->metadata.keys[0], "a"));
  CHECK(is(kept->metadata.values[1], "2") && is(kept->labels.items[0], "l"));
  CHECK(is(kept->category, "doc") && is(kept->content_type, "text/plain"));
  CHECK(is(kept->local_creation_time, "then") && is(kept->local_modification_time, "later"));
  OK(marcot_space_set_attributes(of->space, T("f"), kept, NULL));  // as they were given
  marcot_attributes_free(kept);

  marcot_attribute_changes changes;
  MARCOT_INIT(changes);
  const marcot_bytes one_key[] = {T("c")}, one_value[] = {T("3")}, category = T("pic");
  const marcot_strings no_labels = {NULL, 0};
  changes.metadata = (marcot_pairs){one_key, one_value, 1};
  changes.labels = &no_labels;
  changes.category = &category;
  OK(marcot_space_change_attributes(of->space, T("f"), &changes, NULL));
  kept = attributes_of(of->space, "f");
  CHECK(kept->metadata.count == 3 && kept->labels.count == 0 && is(kept->category, "pic"));
  CHECK(is(kept->content_type, "text/plain"));
  marcot_attributes_free(kept);
  changes.replace_metadata = true;
  OK(marcot_space_change_attributes(of->space, T("f"), &changes, NULL));
  kept = attributes_of(of->space, "f");
  CHECK(kept->metadata.count == 1 && is(kept->metadata.values[0], "3"));
  marcot_attributes_free(kept);

  const marcot_bytes twice[] = {T("a"), T("a")};
  attributes.metadata = (marcot_pairs){twice, values, 2};
  REFUSED(marcot_space_set_attributes(of->space, T("f"), &attributes, NULL));
  attributes.metadata = (marcot_pairs){keys, NULL, 2};
  REFUSED(marcot_space_set_attributes(of->space, T("f"), &attributes, NULL));
  OK(marcot_space_set_attributes(of->space, T("f"), NULL, NULL));
  kept = attributes_of(of->space, "f");
  CHECK(kept->metadata.count == 0 && is(kept->category, ""));
  marcot_attributes_free(kept);
}

void test_changes_of_a_space(void) {
  fixture of;
  fixture_open(&of, NULL);
  check_puts(&of);
  check_loads(&of);
  check_places(&of);
  check_attributes(&of);
  fixture_close(&of);
}

static marcot_item new_item(const fixture* of, int kind, const char* path) {
  marcot_item item;
  MARCOT_INIT(item);
  item.kind = kind;
  item.space = of->space;
  item.path = T(path);
  return item;
}

static void add(marcot_batch* batch, marcot_item item) { OK(marcot_batch_add(batch, &item)); }

// One item of most kinds, in an order in which all succeed.
static void add_all_kinds(const fixture* of, marcot_batch* batch) {
  const marcot_content content = {{1, 2}, 3, false};
  marcot_attributes attributes;
  MARCOT_INIT(attributes);
  attributes.category = T("doc");
  marcot_attribute_changes changes;
  MARCOT_INIT(changes);
  const marcot_bytes type = T("text/plain");
  changes.content_type = &type;

  add(batch, new_item(of, MARCOT_ITEM_MAKE_DIRECTORY, "batch/d"));
  marcot_item item = new_item(of, MARCOT_ITEM_PUT, "batch/f");
  item.bytes = T("hello");
  item.attributes = &attributes;
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_PUT_REFERENCE, "batch/r");
  item.content = &content;
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_COPY, "batch/c");
  item.from = T("batch/d");
  item.from_space = of->space;
  item.type = MARCOT_DIRECTORY;
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_MOVE, "batch/m");
  item.from = T("batch/c");
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_PUT_STORED, "batch/p");
  item.from = T("batch/f");
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_CHANGE_ATTRIBUTES, "batch/f");
  item.changes = &changes;
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_SET_ATTRIBUTES, "batch/p");
  item.attributes = &attributes;
  add(batch, item);
  item = new_item(of, MARCOT_ITEM_DELETE, "batch/d");
  item.permanent = true;
  item.type = MARCOT_DIRECTORY;
  add(batch, item);
}

void test_batches(void) {
  fixture of;
  fixture_open(&of, NULL);
  marcot_batch* batch = NULL;
  OK(marcot_batch_new(&batch));
  FAILS("NoItemsProvided", marcot_batch_run_atomically(of.store, batch, NULL));
  add_all_kinds(&of, batch);
  marcot_outcomes* outcomes = NULL;
  OK(marcot_batch_run_atomically(of.store, batch, &outcomes));
  CHECK(outcomes->count == 9 && outcomes->items[0]->status == NULL);
  CHECK(is(outcomes->items[0]->placed->path, "batch/d"));
  CHECK(is(outcomes->items[8]->placed->path, "batch/d"));
  marcot_outcomes_free(outcomes);
  CHECK(exists(of.space, "batch/m") && !exists(of.space, "batch/d"));
  CHECK(holds(of.space, "batch/p", "hello"));

  // Once more: a name is taken, so all of it fails, or one item does.
  outcomes = (marcot_outcomes*)batch;
  FAILS("SameNameDirectoryOrFileExists", marcot_batch_run_atomically(of.store, batch, &outcomes));
  CHECK(outcomes == NULL);
  OK(marcot_batch_run_each(of.store, batch, &outcomes));
  CHECK(outcomes->count == 9 && is(outcomes->items[1]->placed->path, "batch/f (1)"));
  CHECK(outcomes->items[4]->placed == NULL);
  CHECK(marcot_status_is(outcomes->items[4]->status, "SameNameDirectoryOrFileExists"));
  marcot_outcomes_free(outcomes);
  OK(marcot_batch_run_each(of.store, batch, NULL));
  marcot_batch_free(batch);

  OK(marcot_batch_new(&batch));
  marcot_item item = new_item(&of, 11, "x");
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_DELETE, "x");
  item.type = 3;
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_RESTORE, "x");
  item.missing_parents = 3;
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_PUT_REFERENCE, "x");
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_PUT_STORED, "x");
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_CHANGE_ATTRIBUTES, "x");
  REFUSED(marcot_batch_add(batch, &item));
  item = new_item(&of, MARCOT_ITEM_PURGE, "");
  item.recycled_item = 77;
  add(batch, item);
  FAILS("RecycledItemNotFound", marcot_batch_run_atomically(of.store, batch, NULL));
  marcot_batch_free(batch);
  fixture_close(&of);
}

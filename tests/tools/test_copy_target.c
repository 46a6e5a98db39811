/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nodes.h"
#include "tools/memory_and_files.h"

#include <stdlib.h>
#include <string.h>

static void expect(zarrc_copy_mode mode, zarrc_status status, zarrc_copy_obstacle obstacle) {
  zarrc_copier *copier;
  zarrc_error error = {0};
  zarrc_copy_options options = {.mode = mode};
  if (copying_plan(source, "a", target, "b", options, &copier, &error) != status) fail_msg("%s", error.message);
  assert_int_equal(zarrc_copier_report(copier)->obstacle, obstacle);
  zarrc_copier_close(copier);
}

static void test_modes(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  expect(ZARRC_COPY_NEW, ZARRC_OK, ZARRC_COPY_NO_OBSTACLE);
  nodes_put(target, "b/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  zarrc_array_close(copying_array(target, "b/c", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  expect(ZARRC_COPY_NEW, ZARRC_CONFLICT, ZARRC_COPY_NODE_THERE);
  assert_int_equal(copying_plan(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_copier_report(copier)->target_kind, ZARRC_NODE_GROUP);
  assert_int_equal(zarrc_copier_report(copier)->target_nodes, 2);
  zarrc_copier_close(copier);
  expect(ZARRC_COPY_OVERWRITE, ZARRC_OK, ZARRC_COPY_NO_OBSTACLE);
  nodes_put(target, "b/thesis.txt", "years");
  expect(ZARRC_COPY_OVERWRITE, ZARRC_CONFLICT, ZARRC_COPY_FILES_THERE);
  zarrc_copy_options all = {.mode = ZARRC_COPY_OVERWRITE_ALL};
  assert_int_equal(copying_run(source, "a", target, "b", all, &copier, &error), ZARRC_OK);
  const zarrc_copy_report *r = zarrc_copier_report(copier);
  assert_true(r->replaces);
  assert_int_equal(r->replaced_nodes, 2);
  assert_int_equal(r->replaced_chunks, 2);
  assert_int_equal(r->replaced_files, 1);
  zarrc_copier_close(copier);
  copying_same(source, "a", target, "b");
  char *keys = nodes_keys(target);
  assert_null(strstr(keys, "thesis"));
  assert_null(strstr(keys, "b/c/zarr.json"));
  free(keys);
}

static zarrc_status stop(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  return event->ndone >= *(uint64_t *)arg ? zarrc_fail(error, ZARRC_IO, "the disk is gone") : ZARRC_OK;
}

/* A copy that was interrupted is not seen, is kept, and gone on with. */
static void test_unfinished(void **state) {
  uint64_t end = 3;
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_node_kind kind;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){9}, (int64_t[]){1}, NULL, NULL));
  zarrc_copy_options options = {.threads = 1, .event = stop, .event_arg = &end, .source_name = "the origin"};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_IO);
  assert_true(zarrc_copier_report(copier)->resumable);
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_node_find(target, "b", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_NONE);
  assert_int_equal(copying_plan(source, "a", target, "b", (zarrc_copy_options){0}, &copier, &error), ZARRC_CONFLICT);
  assert_string_equal(error.message, "an unfinished copy is there already (copy of the origin)");
  zarrc_copier_close(copier);
  expect(ZARRC_COPY_NEW, ZARRC_CONFLICT, ZARRC_COPY_UNFINISHED_THERE);
  expect(ZARRC_COPY_RESUME, ZARRC_CONFLICT, ZARRC_COPY_OTHER_SOURCE_THERE);
  options = (zarrc_copy_options){.mode = ZARRC_COPY_RESUME, .source_name = "the origin"};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 3);
  zarrc_copier_close(copier);
  copying_same(source, "a", target, "b");
}

#define GROUP(members)                                                                                                 \
  "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": \"inline\", "                  \
  "\"must_understand\": false, \"metadata\": {" members "}}}"

static zarrc_status damage(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  (void)arg, (void)error;
  if (event->kind == ZARRC_COPY_PROGRESS) nodes_put(target, "zarr.json", GROUP("\"/\": 1"));
  return ZARRC_OK;
}

/* If only the consolidated metadata above a copy could not be updated, the copy is there, and resuming updates them. */
static void test_not_consolidated(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  nodes_put(target, "zarr.json", GROUP(""));
  const zarrc_copy_options damaging = {.event = damage};
  assert_int_equal(copying_run(source, "a", target, "b", damaging, &copier, &error), ZARRC_INVALID_METADATA);
  const zarrc_copy_report *r = zarrc_copier_report(copier);
  assert_int_equal(r->obstacle, ZARRC_COPY_NOT_CONSOLIDATED);
  assert_int_equal(r->side, ZARRC_COPY_TARGET);
  assert_true(r->resumable);
  zarrc_copier_close(copier);
  copying_same(source, "a", target, "b");
  nodes_put(target, "zarr.json", GROUP(""));
  const zarrc_copy_options options = {.mode = ZARRC_COPY_RESUME};
  assert_int_equal(copying_run(source, "a", target, "b", options, &copier, &error), ZARRC_OK);
  assert_int_equal(zarrc_copier_report(copier)->skipped_nobjects, 5);
  zarrc_copier_close(copier);
  char *text = nodes_get(target, "zarr.json");
  assert_non_null(strstr(text, "\"b\": {"));
  free(text);
}

/* A store without stages is written directly. */
static void test_directly(void **state) {
  zarrc_store *memory;
  zarrc_copier *copier;
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_memory_store_open(ctx, &memory, NULL), ZARRC_OK);
  zarrc_array_close(copying_array(source, "a", 1, (int64_t[]){9}, (int64_t[]){2}, NULL, NULL));
  zarrc_array_close(copying_array(memory, "x/b", 1, (int64_t[]){90}, (int64_t[]){2}, NULL, NULL));
  assert_int_equal(copying_plan(source, "a", memory, "x/b", (zarrc_copy_options){0}, &copier, &error), ZARRC_CONFLICT);
  zarrc_copier_close(copier);
  zarrc_copy_options options = {.mode = ZARRC_COPY_OVERWRITE};
  assert_int_equal(copying_run(source, "a", memory, "x/b", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  copying_same(source, "a", memory, "x/b");
  char *gone = nodes_get(memory, "x/b/c/40");
  assert_null(gone);
  /* below a group with consolidated metadata, which describe the target, then alone */
  assert_int_equal(zarrc_consolidate(memory, "x", false, NULL), ZARRC_OK);
  assert_int_equal(copying_run(source, "a", memory, "x/b", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  assert_int_equal(zarrc_store_erase(memory, "x/b/zarr.json", NULL), ZARRC_OK);
  assert_int_equal(copying_plan(source, "a", memory, "x/b", (zarrc_copy_options){0}, &copier, &error), ZARRC_CONFLICT);
  zarrc_copier_close(copier);
  assert_int_equal(copying_run(source, "a", memory, "x/b", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  copying_same(source, "a", memory, "x/b");
  assert_int_equal(zarrc_consolidate(memory, "x", false, NULL), ZARRC_OK);
  zarrc_store_close(memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_modes, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_unfinished, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_not_consolidated, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_directly, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

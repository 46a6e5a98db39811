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

static zarrc_status stop(void *arg, const zarrc_copy_event *event, zarrc_error *error) {
  return event->ndone >= *(uint64_t *)arg ? zarrc_fail(error, ZARRC_IO, "the disk is gone") : ZARRC_OK;
}

static void put_array(const char *path, int64_t chunk) {
  zarrc_array_close(copying_array(source, path, 1, (int64_t[]){9}, &chunk, NULL, NULL));
}

/* Leaves a copy of "g" unfinished when all but the last chunks are there. */
static void leave_unfinished(void) {
  uint64_t last = 13;
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_copy_options options = {.threads = 1, .event = stop, .event_arg = &last};
  nodes_put(source, "g/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  put_array("g/a", 2);
  put_array("g/ab", 2);
  put_array("g/z", 2);
  assert_int_equal(copying_run(source, "g", target, "g", options, &copier, &error), ZARRC_IO);
  assert_true(zarrc_copier_report(copier)->resumable);
  zarrc_copier_close(copier);
}

static void resume(void) {
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_copy_options options = {.mode = ZARRC_COPY_RESUME};
  assert_int_equal(copying_run(source, "g", target, "g", options, &copier, &error), ZARRC_OK);
  zarrc_copier_close(copier);
  char *want = nodes_keys(source), *keys = nodes_keys(target);
  assert_string_equal(keys, want);
  free(want);
  free(keys);
}

static void test_what_the_source_has_not(void **state) {
  (void)state;
  leave_unfinished();
  assert_int_equal(zarrc_store_erase_prefix(source, "g/a", NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_erase(source, "g/ab/c/2", NULL), ZARRC_OK);
  resume();
}

/* Nothing goes that the source has. */
static void test_all_is_kept(void **state) {
  zarrc_copier *copier;
  zarrc_error error;
  zarrc_copy_options options = {.mode = ZARRC_COPY_RESUME};
  (void)state;
  leave_unfinished();
  assert_int_equal(copying_run(source, "g", target, "g", options, &copier, &error), ZARRC_OK);
  assert_in_range(zarrc_copier_report(copier)->skipped_nobjects, 12, 14);
  zarrc_copier_close(copier);
  copying_same(source, "g/ab", target, "g/ab");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_the_source_has_not, open_stores, close_stores),
      cmocka_unit_test_setup_teardown(test_all_is_kept, open_stores, close_stores),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

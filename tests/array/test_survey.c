/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/memory_store.h"
#include "array/node.h"
#include "support/documents.h"

#include <string.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY "{\"zarr_format\": 3, \"node_type\": \"array\"}"

static void expect(const char *path, unsigned nodes, unsigned chunks, unsigned others, const char *other) {
  zarrc_survey s;
  assert_int_equal(zarrc_node_survey(store, path, &s, NULL, NULL, NULL), ZARRC_OK);
  assert_int_equal(s.nnodes, nodes);
  assert_int_equal(s.nchunks, chunks);
  assert_int_equal(s.nothers, others);
  assert_string_equal(s.other, other);
}

static void test_survey(void **state) {
  static const char *const chunks[] = {"g/a/c/0/1", "g/a/c/10/2", "g/b/c.0.1", "g/b/0.1",
                                       "g/b/0/1",   "g/s/c",      "g/v/3.4"};
  static const char *const others[] = {"g/a/c/x",       "g/d/1/2",  "g/notes.txt",
                                       "g/a/c/0/1.tmp", "g/a/c.0.", "g/points/c/y"};
  (void)state;
  expect("g", 0, 0, 0, "");
  nodes_put(store, "g/zarr.json", GROUP);
  nodes_put(store, "g/a/zarr.json", ARRAY);
  nodes_put(store, "g/b/zarr.json", ARRAY);
  nodes_put(store, "g/s/zarr.json", ARRAY);
  nodes_put(store, "g/v/.zarray", "{}");
  nodes_put(store, "g/v/.zattrs", "{}");
  for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) nodes_put(store, chunks[i], "x");
  expect("g", 5, 7, 0, "");
  expect("g/a", 1, 2, 0, "");
  expect("", 5, 7, 0, "");
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) nodes_put(store, others[i], "x");
  nodes_put(store, "go/far", "x");
  expect("g", 5, 7, 6, "a/c.0.");
  nodes_put(store, "orphan/c/0/1", "x");
  nodes_put(store, "orphan/c/zz", "x");
  expect("orphan", 0, 1, 1, "c/zz");
}

static void test_check(void **state) {
  zarrc_error error;
  (void)state;
  assert_int_equal(zarrc_node_check(store, "n", 0, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  nodes_put(store, "n/thesis.txt", "x");
  assert_int_equal(zarrc_node_check(store, "n", 0, ZARRC_CREATE_NEW, &error), ZARRC_OK);
  assert_int_equal(zarrc_node_check(store, "n", 0, ZARRC_CREATE_OVERWRITE, &error), ZARRC_CONFLICT);
  assert_non_null(strstr(error.message, "1 file that is not Zarr would be removed, such as thesis.txt"));
  assert_int_equal(zarrc_node_check(store, "n", 0, ZARRC_CREATE_OVERWRITE_ALL, &error), ZARRC_CONFLICT);
  assert_int_equal(create_node(store, "n", GROUP, ZARRC_CREATE_OVERWRITE_ALL, &error), ZARRC_CONFLICT);
  nodes_put(store, "n/zarr.json", GROUP);
  assert_int_equal(create_node(store, "n", GROUP, ZARRC_CREATE_OVERWRITE, &error), ZARRC_CONFLICT);
  assert_int_equal(zarrc_node_check(store, "n", 0, ZARRC_CREATE_OVERWRITE_ALL, &error), ZARRC_OK);
  assert_int_equal(create_node(store, "n", GROUP, ZARRC_CREATE_OVERWRITE_ALL, &error), ZARRC_OK);
  expect("n", 1, 0, 0, "");
  assert_int_equal(zarrc_node_check(store, "n/x/y", 0, ZARRC_CREATE_OVERWRITE, &error), ZARRC_OK);
  assert_int_equal(zarrc_groups_make(store, "n/x/y", 0, &error), ZARRC_OK);
  expect("n", 3, 0, 0, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_survey, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_check, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

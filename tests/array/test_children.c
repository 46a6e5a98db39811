/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/children.h"
#include "array/memory_store.h"

#include <stdio.h>
#include <string.h>

static zarrc_status tell(void *arg, const char *path, zarrc_node_kind kind, const zarrc_error *why,
                         zarrc_error *error) {
  char *text = arg;
  sprintf(text + strlen(text), "%s%s ", path, why ? "!" : kind == ZARRC_NODE_GROUP ? "/" : "");
  return strstr(text, "stop") ? zarrc_fail(error, ZARRC_LIMIT, "enough") : ZARRC_OK;
}

/* More than are examined at once, in order, of both formats; folders without documents are left out. */
static void test_children(void **state) {
  enum { N = 2500 };
  static char text[20 * N], expected[20 * N];
  char key[40];
  (void)state;
  for (int i = 0; i < N; i++) {
    static const char *const names[] = {"zarr.json", ".zgroup", ".zarray", "other"};
    static const char *const texts[] = {"{\"zarr_format\": 3, \"node_type\": \"group\"}", "{\"zarr_format\": 2}",
                                        "{\"zarr_format\": 2}", "{"};
    static const char *const marks[] = {"/", "/", "", NULL};
    snprintf(key, sizeof key, "g/n%04d/%s", (i * 7) % N, names[(i * 7) % N % 4]);
    nodes_put(store, key, texts[(i * 7) % N % 4]);
    if (marks[i % 4]) sprintf(expected + strlen(expected), "g/n%04d%s ", i, marks[i % 4]);
  }
  nodes_put(store, "g/x/deep/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  nodes_put(store, "g/z/zarr.json", "{");
  strcat(expected, "g/z! ");
  assert_int_equal(zarrc_children_list(store, "g", tell, text, NULL), ZARRC_OK);
  assert_string_equal(text, expected);
}

static void test_stopped(void **state) {
  char text[100] = "";
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "a/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "stop/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "z/.zgroup", "{\"zarr_format\": 2}");
  assert_int_equal(zarrc_children_list(store, "", tell, text, &error), ZARRC_LIMIT);
  assert_string_equal(text, "a/ stop/ ");
  text[0] = 0;
  assert_int_equal(zarrc_children_list(store, "none", tell, text, &error), ZARRC_OK);
  assert_string_equal(text, "");
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {EMPTY_STORE(test_children), EMPTY_STORE(test_stopped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/meddler.h"
#include "array/node.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>

#define GROUP "{\"zarr_format\": 3, \"node_type\": \"group\"}"
#define ARRAY "{\"zarr_format\": 3, \"node_type\": \"array\"}"

static void test_find(void **state) {
  zarrc_node_kind kind;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "zarr.json", GROUP);
  nodes_put(store, "a/zarr.json", ARRAY);
  nodes_put(store, "v2/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "both/.zarray", "{\"zarr_format\": 2}");
  nodes_put(store, "both/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "mixed/.zarray", "{\"zarr_format\": 2}");
  nodes_put(store, "mixed/zarr.json", GROUP);
  nodes_put(store, "attributes/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "attributes/.zattrs", "[]");
  nodes_put(store, "bad/zarr.json", "{");
  nodes_put(store, "implicit/x/zarr.json", GROUP);
  assert_int_equal(zarrc_node_find(store, "", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP);
  assert_int_equal(zarrc_node_find(store, "a", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_ARRAY);
  assert_int_equal(zarrc_node_find(store, "implicit", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_NONE);
  assert_int_equal(zarrc_node_find(store, "none", &kind, NULL), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_NONE);
  assert_int_equal(zarrc_node_find(store, "v2", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP);
  assert_int_equal(zarrc_node_find(store, "both", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_ARRAY);
  assert_int_equal(zarrc_node_find(store, "mixed", &kind, &error), ZARRC_OK);
  assert_int_equal(kind, ZARRC_NODE_GROUP); /* that of format 3 */
  assert_int_equal(zarrc_node_find(store, "attributes", &kind, &error), ZARRC_INVALID_METADATA);
  assert_string_equal(SAID(error), "attributes/.zattrs: must be one JSON object");
  assert_int_equal(zarrc_node_find(store, "bad", &kind, &error), ZARRC_INVALID_METADATA);
  assert_true(said_first(&error, "bad/zarr.json: "));
  assert_string_equal(error.key, "bad/zarr.json");
  assert_int_equal(zarrc_node_find(store, "..", &kind, &error), ZARRC_INVALID_ARGUMENT);
}

static const char *const stored_attributes[] = {
    "{\"zarr_format\": 3, \"node_type\": \"group\", \"x\": {\"must_understand\": false}}",
    "{\"zarr_format\": 3, \"node_type\": \"group\", \"y\": {\"must_understand\": false}}"};

/* Somebody else changes the document: the change is made again, on top of theirs. */
static void test_change_at_once(void **state) {
  zarrc_group *group = NULL;
  zarrc_error error = {0};
  (void)state;
  nodes_put(store, "g/zarr.json", stored_attributes[0]);
  meddler m = meddle("g/zarr.json", 0, stored_attributes[1]);
  assert_int_equal(zarrc_group_open(&m.store, "g", NULL, &group, &error), ZARRC_OK);
  assert_non_null(strstr(zarrc_group_metadata(group), "\"x\""));
  m.countdown = 1;
  assert_int_equal(zarrc_group_set_attributes(group, "{\"a\": 1}", 8, &error), ZARRC_OK);
  assert_int_equal(m.countdown, 0);
  assert_null(strstr(zarrc_group_metadata(group), "\"x\""));
  assert_non_null(strstr(zarrc_group_metadata(group), "\"y\""));
  assert_string_equal(zarrc_group_attributes(group), "{\"a\": 1}");
  m.countdown = 1;
  m.text = NULL;
  assert_int_equal(zarrc_group_set_attributes(group, "{}", 2, &error), ZARRC_IO);
  assert_string_equal(SAID(error), "g/zarr.json: the disk is on fire");
  assert_string_equal(zarrc_group_attributes(group), "{\"a\": 1}");
  zarrc_group_close(group);
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {
      EMPTY_STORE(test_find),
      EMPTY_STORE(test_change_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "array/consolidating.h"
#include "support/said.h"

#include <stdio.h>
#include <string.h>

static void test_format_3(void **state) {
  (void)state;
  make_group("", NULL);
  make_group("g", "{\"a\": 1, \"b\": \"\\u00e9\", \"c\": 1.0, \"d\": [true, null]}");
  zarrc_array_close(make_array("x", ZARRC_CREATE_NEW));
  zarrc_array_close(make_array("y", ZARRC_CREATE_NEW));
  assert_int_equal(zarrc_consolidate(store, "", false, NULL), ZARRC_OK);
  char *x = nodes_get(store, "x/zarr.json");
  /* the same in other words */
  nodes_put(
      store, "g/zarr.json",
      "{\"zarr_format\":3,\"node_type\":\"group\",\"attributes\":{\"c\":1,\"b\":\"é\",\"a\":1,\"d\":[true,null]}}");
  expect_differences("", "");
  nodes_put(
      store, "g/zarr.json",
      "{\"zarr_format\":3,\"node_type\":\"group\",\"attributes\":{\"c\":1,\"b\":\"é\",\"a\":1,\"d\":[false,null]}}");
  expect_differences("", "~g ");
  assert_int_equal(zarrc_store_erase(store, "y/zarr.json", NULL), ZARRC_OK);
  nodes_put(store, "g/z/zarr.json", x);
  *strstr(x, "5") = '6';
  nodes_put(store, "x/zarr.json", x);
  expect_differences("", "~g ~x -y +g/z ");
  nodes_put(store, "x/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"group\"}");
  expect_differences("", "~g ~x -y +g/z ");
  free(x);
}

/* zarr-python writes attributes that are missing, and says of groups that nothing is below them. */
static void test_format_2(void **state) {
  static const char zarray[] =
      "{\"zarr_format\": 2, \"shape\": [4], \"chunks\": [2], \"dtype\": \"<i4\", \"compressor\": "
      "null, \"filters\": null, \"fill_value\": 7, \"order\": \"C\"}";
  (void)state;
  nodes_put(store, ".zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "g/.zgroup", "{\"zarr_format\": 2}");
  nodes_put(store, "x/.zarray", zarray);
  nodes_put(store, "x/.zattrs", "{\"a\": NaN}");
  nodes_put(
      store, ".zmetadata",
      "{\"metadata\": {\".zgroup\": {\"zarr_format\": 2}, \".zattrs\": {}, \"g/.zattrs\": {}, \"g/.zgroup\": "
      "{\"zarr_format\": 2, \"consolidated_metadata\": {\"metadata\": {}}}, \"x/.zattrs\": {\"a\":NaN}, "
      "\"x/.zarray\": {\"shape\": [4], \"zarr_format\": 2, \"chunks\": [2], \"dtype\": \"<i4\", \"order\": \"C\", "
      "\"fill_value\": 7.0, \"filters\": null, \"compressor\": null}}}");
  expect_differences("", "");
  nodes_put(store, "x/.zattrs", "{\"a\": 1}");
  nodes_put(store, "g/.zattrs", "{\"a\": 1}");
  nodes_put(store, ".zattrs", "{\"a\": 1}");
  expect_differences("", "~ ~g ~x ");
}

/* What cannot be read is the same only if it is the same text. */
static void test_unreadable(void **state) {
  (void)state;
  nodes_put(store, "zarr.json",
            "{\"zarr_format\": 3, \"node_type\": \"group\", \"consolidated_metadata\": {\"kind\": \"inline\", "
            "\"metadata\": {\"x\": {\"zarr_format\": 3, \"node_type\": \"array\"}, \"y\": {\"zarr_format\": 4}}}}");
  nodes_put(store, "x/zarr.json", "{\"zarr_format\": 3, \"node_type\": \"array\"}");
  expect_differences("", "-y ");
  nodes_put(store, "x/zarr.json", "{\"zarr_format\":  3, \"node_type\": \"array\"}");
  expect_differences("", "~x -y ");
}

int main(void) {
#define EMPTY_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
  const struct CMUnitTest tests[] = {EMPTY_STORE(test_format_3), EMPTY_STORE(test_format_2),
                                     EMPTY_STORE(test_unreadable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/verifying.h"

#include <stdlib.h>

static void make_group(const char *path) {
  zarrc_group *group = NULL;
  assert_int_equal(zarrc_group_create(store, path, NULL, ZARRC_CREATE_NEW, NULL, &group, NULL), ZARRC_OK);
  zarrc_group_close(group);
}

static void make_array(const char *path) {
  zarrc_array_close(copying_array(store, path, 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
}

static void test_documents(void **state) {
  zarrc_error error;
  (void)state;
  assert_int_equal(verify("", true, NULL, &error), ZARRC_NOT_FOUND);
  make_group("g");
  make_array("g/a");
  make_array("g/b");
  finds("g", true, "");
  assert_int_equal(report.nnodes, 3);
  nodes_put(store, "g/a/zarr.json", "{\"zarr_format\": 3, ");
  finds("g", true, "fault a/zarr.json\n"); /* its chunks cannot be looked at */
  assert_int_equal(report.nchunks, 2);
  nodes_put(store, "g/zarr.json", ""); /* what is below it is looked at nevertheless */
  nodes_put(store, "g/b/c/1", "damaged");
  finds("g", true, "fault zarr.json\nfault a/zarr.json\nfault b/c/1 1\n");
  assert_int_equal(report.nchunks, 2);
  assert_int_equal(zarrc_store_erase(store, "g/b/zarr.json", NULL), ZARRC_OK);
  finds("g/b", true, "fault zarr.json\n");
  finds("g", true, "fault zarr.json\nfault a/zarr.json\nfault b/c/0\n");
}

static void test_notices(void **state) {
  (void)state;
  char *document = nodes_document("codecs", "[\"bytes\"]", NULL);
  nodes_put(store, "zarr.json", document);
  free(document);
  finds("", true, "note zarr.json\n");
  document = nodes_document("codecs", "[{\"name\": \"of somebody\"}]", NULL);
  nodes_put(store, "zarr.json", document);
  free(document);
  finds("", true, "note zarr.json\n");
}

static void test_consolidated(void **state) {
  (void)state;
  make_group("g");
  make_array("g/a");
  make_array("g/b");
  make_array("g/c");
  assert_int_equal(zarrc_consolidate(store, "g", false, NULL), ZARRC_OK);
  finds("g", true, "");
  char *a = nodes_get(store, "g/a/zarr.json"), *shape = strstr(a, "4");
  *shape = '3'; /* fewer elements than the consolidated metadata say */
  nodes_put(store, "g/a/zarr.json", a);
  free(a);
  char *b = nodes_get(store, "g/b/zarr.json");
  nodes_put(store, "g/new/zarr.json", b);
  free(b);
  assert_int_equal(zarrc_store_erase(store, "g/c/zarr.json", NULL), ZARRC_OK);
  finds("g", false, "fault a/zarr.json\nnote c/zarr.json\nfault new/zarr.json\n");
  assert_int_equal(report.nchunks, 6); /* also those of the array that only consolidated metadata describe */
}

static void test_arguments(void **state) {
  zarrc_verify_report small = {.struct_size = offsetof(zarrc_verify_report, nfaults)};
  zarrc_verify_options options = {.struct_size = sizeof options};
  (void)state;
  make_array("");
  assert_int_equal(zarrc_verify(store, "", NULL, &report, NULL), ZARRC_INVALID_ARGUMENT); /* it can be written */
  store->read_only = true;
  report.struct_size = 0;
  assert_int_equal(zarrc_verify(store, "", NULL, &report, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_verify(store, "", &options, &small, NULL), ZARRC_OK);
  assert_int_equal(small.nnodes, 1);
}

static zarrc_status stop(void *arg, const zarrc_finding *finding, zarrc_error *error) {
  (void)arg, (void)finding;
  return zarrc_fail(error, ZARRC_CANCELED, "enough");
}

static void test_a_failure_ends_it(void **state) {
  zarrc_verify_options options = {.struct_size = sizeof options, .finding = stop};
  (void)state;
  make_array("");
  nodes_put(store, "c/0", "x");
  report.struct_size = sizeof report;
  store->read_only = true;
  assert_int_equal(zarrc_verify(store, "", &options, &report, NULL), ZARRC_CANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_documents, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_notices, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_consolidated, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_arguments, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_a_failure_ends_it, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

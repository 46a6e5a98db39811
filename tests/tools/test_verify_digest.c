/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "tools/digesting.h"

#include <stdlib.h>

static void differs(const char *path, const char *expected) {
  assert_int_equal(compare(path, NULL), ZARRC_OK);
  assert_string_equal(said, expected);
}

static void move(const char *from, const char *to) {
  zarrc_bytes value;
  assert_int_equal(zarrc_store_get(store, from, 10000, &value, NULL), ZARRC_OK);
  assert_int_equal(zarrc_store_set(store, to, value.ptr, value.len, NULL), ZARRC_OK);
  zarrc_bytes_release(&value);
}

static void test_chunks(void **state) {
  (void)state;
  zarrc_array_close(copying_array(store, "g/a", 1, (int64_t[]){8}, (int64_t[]){2}, NULL, NULL));
  char *document = nodes_get(store, "g/a/zarr.json");
  assert_int_equal(take_digest("g", false, NULL), ZARRC_OK);
  differs("g", "");
  move("g/a/c/0", "kept");
  move("g/a/c/1", "g/a/c/0"); /* exchanged */
  move("kept", "g/a/c/1");
  assert_int_equal(zarrc_store_erase(store, "g/a/c/2", NULL), ZARRC_OK);
  flip("g/a/c/3", 0);
  nodes_put(store, "g/new", "x");
  differs("g", "fault a/c/0 0\nfault a/c/1 1\nfault a/c/2 2\nfault a/c/3 3\nfault new\nnote new\n");
  document[strlen(document) - 1] = ' '; /* says the same, with another byte */
  nodes_put(store, "g/a/zarr.json", document);
  assert_int_equal(compare("g", NULL), ZARRC_OK);
  assert_non_null(strstr(said, "fault a/zarr.json\n"));
  assert_int_equal(zarrc_store_erase(store, "g/a/zarr.json", NULL), ZARRC_OK);
  assert_int_equal(compare("g", NULL), ZARRC_OK);
  assert_non_null(strstr(said, "fault a/zarr.json\n"));
  free(document);
}

static void test_inner_chunks(void **state) {
  zarrc_array *array = copying_array(store, "s", 1, (int64_t[]){16}, (int64_t[]){2}, (int64_t[]){8}, NULL);
  const zarrc_dtype dtype = zarrc_dtype_of(ZARRC_INT32);
  const int64_t two = 2;
  int32_t values[2] = {0, 0};
  const zarrc_view view = zarrc_view_c(&dtype, 1, &two, values);
  zarrc_region region = {.start = {2}, .count = {2}, .step = {1}};
  (void)state;
  assert_int_equal(take_digest("s", false, NULL), ZARRC_OK);
  differs("s", "");
  assert_int_equal(zarrc_array_write(array, &region, &view, NULL), ZARRC_OK); /* fill values: missing now */
  differs("s", "fault c/0 0/1\n");
  values[0] = 7;
  region.start[0] = 12;
  assert_int_equal(zarrc_array_write(array, &region, &view, NULL), ZARRC_OK);
  differs("s", "fault c/0 0/1\nfault c/1 1/2\n");
  assert_int_equal(take_digest("s", false, NULL), ZARRC_OK);
  region.start[0] = 2;
  assert_int_equal(zarrc_array_write(array, &region, &view, NULL), ZARRC_OK);
  differs("s", "fault c/0 0/1\n"); /* one more than the digest has */
  zarrc_array_close(array);
}

static void test_a_damaged_digest(void **state) {
  zarrc_error error;
  (void)state;
  zarrc_array_close(copying_array(store, "a", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL));
  assert_int_equal(take_digest("a", false, NULL), ZARRC_OK);
  digest[40] ^= 1;
  assert_int_equal(compare("a", &error), ZARRC_INVALID_METADATA);
  strcpy(digest, "no digest\n");
  ndigest = strlen(digest);
  assert_int_equal(compare("a", &error), ZARRC_INVALID_METADATA);
}

int main(void) {
  if (!zarrc_sha256_is_there()) return 0; /* this build has no digests */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_chunks, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_inner_chunks, open_store, close_store),
      cmocka_unit_test_setup_teardown(test_a_damaged_digest, open_store, close_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

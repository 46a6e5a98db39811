/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sha256.h"
#include "tools/digesting.h"

#include <stdlib.h>

static const char *values_of(const char *path) {
  assert_int_equal(take_digest(path, true, NULL), ZARRC_OK);
  assert_int_equal(strlen(digested.values), 64);
  return digested.values;
}

/* The same elements and metadata have the same root, whatever the chunks, codecs and Zarr format. */
static void test_same(void **state) {
  static const char gzip[] = "[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"big\"}},{\"name\":\"gzip\","
                             "\"configuration\":{\"level\":1}}]";
  zarrc_copy_options options = {.struct_size = sizeof options, .zarr_format = 2};
  zarrc_copier *copier;
  char root[80];
  (void)state;
  zarrc_array_close(copying_array(store, "a", 2, (int64_t[]){7, 9}, (int64_t[]){2, 3}, NULL, NULL));
  zarrc_array_close(copying_array(store, "b", 2, (int64_t[]){7, 9}, (int64_t[]){1, 9}, (int64_t[]){7, 9}, NULL));
  zarrc_array_close(copying_array(store, "c", 2, (int64_t[]){7, 9}, (int64_t[]){7, 1}, NULL, gzip));
  strcpy(root, values_of("a"));
  assert_string_equal(values_of("b"), root);
  assert_string_equal(values_of("c"), root);
  zarrc_error why;
  zarrc_store *three = store, *two;
  assert_int_equal(zarrc_memory_store_open(ctx, &two, NULL), ZARRC_OK);
  if (copying_run(three, "a", two, "d", options, &copier, &why)) fail_msg("%s", why.message);
  zarrc_copier_close(copier);
  store = two;
  assert_string_equal(values_of("d"), root);
  store = three;
  zarrc_store_close(two);
  flip("a/c/0/0", 0);
  assert_string_not_equal(values_of("a"), root);
  flip("a/c/0/0", 0);
  assert_string_equal(values_of("a"), root);
}

/* Attributes count, but not how they are written. */
static void test_attributes(void **state) {
  zarrc_array *array = copying_array(store, "a", 1, (int64_t[]){3}, (int64_t[]){2}, NULL, NULL);
  static const char *const texts[] = {"{\"b\": [1, {\"y\": null, \"x\": \"\\u00e9\"}], \"a\": 1.5}",
                                      "{\"a\":1.5,\"b\":[1,{\"x\":\"\xc3\xa9\",\"y\":null}]}", "{\"a\": 1.25}"};
  char roots[3][80];
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(zarrc_array_set_attributes(array, texts[i], strlen(texts[i]), NULL), ZARRC_OK);
    strcpy(roots[i], values_of("a"));
  }
  assert_string_equal(roots[0], roots[1]);
  assert_string_not_equal(roots[0], roots[2]);
  zarrc_array_close(array);
}

static void test_damaged(void **state) {
  (void)state;
  zarrc_array_close(copying_array(store, "a", 1, (int64_t[]){3}, (int64_t[]){2}, NULL, NULL));
  nodes_put(store, "a/c/0", "damaged");
  assert_int_equal(take_digest("a", false, NULL), ZARRC_OK);
  assert_int_not_equal(take_digest("a", true, NULL), ZARRC_OK);
}

int main(void) {
  if (!zarrc_sha256_is_there()) return 0; /* this build has no digests */
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_same, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_attributes, open_store, close_store),
                                     cmocka_unit_test_setup_teardown(test_damaged, open_store, close_store)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

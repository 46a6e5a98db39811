/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/copying.h"
#include "support/nodes.h"

static void test_count(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_stored stored = {.struct_size = sizeof stored};
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *array = copying_array(store, "g/a", 1, (int64_t[]){5}, (int64_t[]){2}, NULL, NULL);
  assert_int_equal(zarrc_array_count_stored(array, &stored, NULL), ZARRC_OK);
  assert_int_equal(stored.nobjects, 3);
  assert_int_equal(stored.nbytes, 3 * 8);
  assert_int_equal(stored.nothers, 0);
  nodes_put(store, "g/a/c/3", "out of the grid");
  nodes_put(store, "g/a/c/01", "no key of a chunk");
  nodes_put(store, "g/a/c/1", "other bytes");
  nodes_put(store, "g/ab/c/0", "of another node");
  assert_int_equal(zarrc_array_count_stored(array, &stored, NULL), ZARRC_OK);
  assert_int_equal(stored.nobjects, 3);
  assert_int_equal(stored.nbytes, 8 + 11 + 8);
  assert_int_equal(stored.nothers, 2);
  stored.struct_size = 0;
  assert_int_equal(zarrc_array_count_stored(array, &stored, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* The other way round than zarrc_array_chunk_key. */
static void test_chunk_of(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  int64_t chunk[2];
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *array = copying_array(store, "a", 2, (int64_t[]){20, 6}, (int64_t[]){1, 3}, NULL, NULL);
  assert_true(zarrc_array_chunk_of(array, "a/c/19/1", chunk));
  assert_int_equal(chunk[0], 19);
  assert_int_equal(chunk[1], 1);
  static const char *const others[] = {"a/c/20/0",  "a/c/0/2",  "a/c/0", "c/0/0",      "ab/c/0/0",
                                       "a/c/0/1/0", "a/c/+1/0", "a",     "a/zarr.json"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(zarrc_array_chunk_of(array, others[i], chunk));
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_count), cmocka_unit_test(test_chunk_of)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

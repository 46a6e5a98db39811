/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/copying.h"

static void test_layout(void **state) {
  zarrc_ctx *ctx;
  zarrc_store *store;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *plain = copying_array(store, "a", 2, (int64_t[]){7, 5}, (int64_t[]){3, 5}, NULL, NULL);
  zarrc_array *sharded = copying_array(store, "b", 2, (int64_t[]){7, 5}, (int64_t[]){2, 1}, (int64_t[]){4, 3}, NULL);
  zarrc_chunk_layout l = {.struct_size = sizeof l};
  assert_int_equal(zarrc_array_chunk_layout(plain, &l, NULL), ZARRC_OK);
  assert_int_equal(l.ndim, 2);
  assert_false(l.sharded);
  assert_true(l.regular);
  assert_int_equal(l.nobjects, 3);
  assert_int_equal(l.nchunks, 3);
  assert_int_equal(l.chunks_per_object, 1);
  assert_int_equal(l.nbytes, 7 * 5 * 4);
  assert_int_equal(l.object_nbytes, 3 * 5 * 4);
  assert_int_equal(zarrc_array_chunk_layout(sharded, &l, NULL), ZARRC_OK);
  assert_true(l.sharded);
  assert_int_equal(l.object_grid[0], 2);
  assert_int_equal(l.object_grid[1], 2);
  assert_int_equal(l.chunk_grid[0], 4);
  assert_int_equal(l.chunk_grid[1], 5);
  assert_int_equal(l.chunks_per_object, 6);
  assert_int_equal(l.chunk_nbytes, 8);
  l.struct_size = 0;
  assert_int_equal(zarrc_array_chunk_layout(plain, &l, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(plain);
  zarrc_array_close(sharded);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

/* Callers that were compiled with a shorter struct, and with a longer one. */
static void test_growth(void **state) {
  struct {
    zarrc_chunk_layout l;
    char more[8];
  } newer = {.l.struct_size = sizeof newer, .more = "newer"};
  struct {
    size_t struct_size;
    int ndim;
    bool sharded, regular;
    char guard[8];
  } older = {.struct_size = offsetof(zarrc_chunk_layout, regular), .regular = false, .guard = "guard"};
  zarrc_ctx *ctx;
  zarrc_store *store;
  (void)state;
  assert_int_equal(zarrc_ctx_open(NULL, &ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(ctx, &store, NULL), ZARRC_OK);
  zarrc_array *array = copying_array(store, "", 1, (int64_t[]){4}, (int64_t[]){2}, NULL, NULL);
  assert_int_equal(zarrc_array_chunk_layout(array, &newer.l, NULL), ZARRC_OK);
  assert_int_equal(newer.l.nobjects, 2);
  assert_int_equal(newer.more[0], 0);
  assert_int_equal(zarrc_array_chunk_layout(array, (zarrc_chunk_layout *)&older, NULL), ZARRC_OK);
  assert_int_equal(older.ndim, 1);
  assert_false(older.regular);
  assert_string_equal(older.guard, "guard");
  zarrc_array_close(array);
  zarrc_store_close(store);
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_layout), cmocka_unit_test(test_growth)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

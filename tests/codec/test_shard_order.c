/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/shard_order.h"

#include <stdbool.h>
#include <stdlib.h>

static void order_is(zarrc_subchunk_order order, int ndim, const int64_t *grid, const uint64_t *expected, size_t n) {
  zarrc_shard_walk walk;
  uint64_t i;
  assert_int_equal(zarrc_shard_walk_init(&walk, order, ndim, grid, NULL), ZARRC_OK);
  for (size_t k = 0; k < n; k++) {
    assert_true(zarrc_shard_walk_next(&walk, &i));
    assert_int_equal(i, expected[k]);
  }
  assert_false(zarrc_shard_walk_next(&walk, &i));
}

/* The orders that zarr-python 3 gives, observed. */
static void known_orders(void **state) {
  (void)state;
  order_is(ZARRC_MORTON, 2, (int64_t[]){2, 2}, (uint64_t[]){0, 2, 1, 3}, 4);
  order_is(ZARRC_MORTON, 2, (int64_t[]){3, 2}, (uint64_t[]){0, 2, 1, 3, 4, 5}, 6);
  order_is(ZARRC_MORTON, 2, (int64_t[]){3, 5}, (uint64_t[]){0, 5, 1, 6, 10, 11, 2, 7, 3, 8, 12, 13, 4, 9, 14}, 15);
  order_is(ZARRC_COLEXICOGRAPHIC, 2, (int64_t[]){2, 3}, (uint64_t[]){0, 3, 1, 4, 2, 5}, 6);
  order_is(ZARRC_LEXICOGRAPHIC, 2, (int64_t[]){2, 3}, (uint64_t[]){0, 1, 2, 3, 4, 5}, 6);
  order_is(ZARRC_UNORDERED, 2, (int64_t[]){2, 2}, (uint64_t[]){0, 1, 2, 3}, 4);
  for (int order = ZARRC_MORTON; order <= ZARRC_UNORDERED; order++) {
    order_is((zarrc_subchunk_order)order, 0, NULL, (uint64_t[]){0}, 1);
    order_is((zarrc_subchunk_order)order, 1, (int64_t[]){4}, (uint64_t[]){0, 1, 2, 3}, 4);
    order_is((zarrc_subchunk_order)order, 2, (int64_t[]){0, 4}, NULL, 0);
  }
}

/* Whatever the grid, each chunk comes once. */
static void every_chunk_once(void **state) {
  (void)state;
  static const int64_t grids[][4] = {{1, 1, 1, 1}, {7, 1, 3, 2}, {5, 5, 5, 5}, {1, 9, 1, 17}, {8, 4, 2, 1}};
  for (size_t g = 0; g < sizeof grids / sizeof *grids; g++)
    for (int order = ZARRC_MORTON; order <= ZARRC_UNORDERED; order++) {
      zarrc_shard_walk walk;
      uint64_t i, n = 1, count = 0;
      for (int k = 0; k < 4; k++) n *= (uint64_t)grids[g][k];
      bool *seen = calloc((size_t)n, sizeof *seen);
      assert_int_equal(zarrc_shard_walk_init(&walk, (zarrc_subchunk_order)order, 4, grids[g], NULL), ZARRC_OK);
      while (zarrc_shard_walk_next(&walk, &i)) {
        assert_true(i < n && !seen[i]);
        seen[i] = true;
        count++;
      }
      assert_int_equal(count, n);
      free(seen);
    }
}

static void grids_beyond_counting(void **state) {
  (void)state;
  zarrc_shard_walk walk;
  static const int64_t huge[] = {INT64_C(1) << 40, INT64_C(1) << 40};
  assert_int_equal(zarrc_shard_walk_init(&walk, ZARRC_MORTON, 2, huge, NULL), ZARRC_LIMIT);
  assert_int_equal(zarrc_shard_walk_init(&walk, ZARRC_LEXICOGRAPHIC, 2, huge, NULL), ZARRC_LIMIT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_orders), cmocka_unit_test(every_chunk_once),
                                     cmocka_unit_test(grids_beyond_counting)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/selection.h"

#include <stdlib.h>
#include <string.h>

static const int64_t shape[] = {10, 9};

static void points(void **state) {
  static const int64_t rows[] = {9, 0, -1}, columns[] = {8, -9, 3}, expected[][2] = {{9, 8}, {0, 0}, {9, 3}};
  static const uint32_t at[] = {4, 0, 2};
  zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {rows, columns}};
  uint32_t n;
  (void)state;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, NULL), ZARRC_OK);
  assert_int_equal(n, 3);
  assert_int_equal(zarrc_points_room(&selection, n), 0);
  selection.at = at;
  assert_int_equal(zarrc_points_room(&selection, n), 5);
  zarrc_point_walk walk = zarrc_point_walk_of(&selection, 2, shape);
  for (int i = 0; i < 3; i++) assert_memory_equal(zarrc_point_walk_next(&walk), expected[i], sizeof expected[i]);
  assert_null(zarrc_point_walk_next(&walk));
  assert_null(zarrc_point_walk_next(&walk));
}

static void points_outside(void **state) {
  static const int64_t rows[] = {9, 10}, columns[] = {8, 0};
  zarrc_selection selection = {.kind = ZARRC_SELECT_POINTS, .npoints = 2, .coordinate = {rows, columns}};
  zarrc_error error = {0};
  uint32_t n = 7;
  (void)state;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "axis 0: there is no index 10 (there are 10), point 1");
  selection.coordinate[1] = NULL;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, &error), ZARRC_INVALID_ARGUMENT);
  selection.coordinate[2] = rows;
  selection.npoints = 0;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(n, 7);
}

/* A mask in memory of any layout: here column by column, backwards. */
static void masks(void **state) {
  static const int64_t at[][2] = {{0, 3}, {2, 8}, {9, 0}, {9, 8}};
  uint8_t *flags = calloc(90, 1);
  zarrc_view mask = {
      .data = flags + 89, .dtype = zarrc_dtype_of(ZARRC_BOOL), .ndim = 2, .shape = {10, 9}, .stride = {-1, -10}};
  zarrc_selection selection = {.kind = ZARRC_SELECT_MASK, .mask = &mask};
  uint32_t n;
  (void)state;
  for (int i = 0; i < 4; i++) flags[89 - at[i][0] - 10 * at[i][1]] = (uint8_t)(i + 1);
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, NULL), ZARRC_OK);
  assert_int_equal(n, 4);
  zarrc_point_walk walk = zarrc_point_walk_of(&selection, 2, shape);
  for (int i = 0; i < 4; i++) assert_memory_equal(zarrc_point_walk_next(&walk), at[i], sizeof at[i]);
  assert_null(zarrc_point_walk_next(&walk));
  mask.shape[0] = 9;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, NULL), ZARRC_INVALID_ARGUMENT);
  mask.dtype = zarrc_dtype_of(ZARRC_INT16);
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, NULL), ZARRC_INVALID_ARGUMENT);
  selection.mask = NULL;
  assert_int_equal(zarrc_points_count(&selection, 2, shape, &n, NULL), ZARRC_INVALID_ARGUMENT);
  free(flags);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(points), cmocka_unit_test(points_outside),
                                     cmocka_unit_test(masks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

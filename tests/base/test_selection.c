/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/selection.h"

#include <string.h>

static void shapes(void **state) {
  static const int64_t list[] = {3, 0, 3}, shape[] = {10, 9};
  static const uint32_t at[] = {4, 0, 2};
  const struct {
    zarrc_selection selection;
    int ndim;
    int64_t shape[2];
  } rows[] = {
      {{0}, 2, {10, 9}},
      {{.pick = {zarrc_pick_index(3)}}, 1, {9}},
      {{.pick = {zarrc_pick_index(3), zarrc_pick_index(-1)}}, 0, {0}},
      {{.pick = {zarrc_pick_slice(1, 9, 3), zarrc_pick_list(list, 3)}}, 2, {3, 3}},
      {{.pick = {{.kind = ZARRC_PICK_LIST, .list = list, .n = 3, .at = at}}}, 2, {5, 9}},
      {{.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {list, list}}, 1, {3}},
      {{.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {list, list}, .at = at}, 1, {5}},
  };
  zarrc_error error = {0};
  int64_t out[ZARRC_MAX_NDIM];
  int ndim;
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(zarrc_selection_shape(&rows[i].selection, 2, shape, &ndim, out, &error), ZARRC_OK);
    assert_int_equal(ndim, rows[i].ndim);
    for (int k = 0; k < ndim; k++) assert_int_equal(out[k], rows[i].shape[k]);
  }
  const zarrc_selection blocks = {.kind = ZARRC_SELECT_BLOCKS}, unknown = {.kind = (zarrc_selection_kind)9};
  assert_int_equal(zarrc_selection_shape(&blocks, 2, shape, &ndim, out, &error), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(zarrc_selection_shape(&unknown, 2, shape, &ndim, out, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "no kind of selection 9"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

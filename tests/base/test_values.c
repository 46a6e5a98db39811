/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/values.h"

#include <string.h>

static zarrc_status put(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  (void)arg, (void)part, (void)view, (void)error;
  return ZARRC_OK;
}

static bool touches(void *arg, const zarrc_region *part) {
  (void)arg, (void)part;
  return true;
}

static void one_of_three(void **state) {
  static const zarrc_view view = {.data = NULL};
  static const zarrc_region steps = {.count = {2, 2}, .step = {1, 2}}, region = {.count = {2, 2}, .step = {1, 1}};
  static const struct {
    zarrc_values values;
    bool right;
  } rows[] = {
      {{0}, false},
      {{.view = &view}, true},
      {{.fetch = put}, true},
      {{.apply = put}, true},
      {{.apply = put, .touches = touches}, true},
      {{.view = &view, .fetch = put}, false},
      {{.view = &view, .apply = put}, false},
      {{.fetch = put, .apply = put}, false},
      {{.touches = touches}, false},
      {{.view = &view, .touches = touches}, false},
      {{.fetch = put, .touches = touches}, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const zarrc_values *values = &rows[i].values;
    assert_int_equal(zarrc_values_check(values, 2, &region, NULL), rows[i].right ? ZARRC_OK : ZARRC_INVALID_ARGUMENT);
    if (rows[i].right)
      assert_int_equal(zarrc_values_check(values, 2, &steps, NULL), values->fetch ? ZARRC_INVALID_ARGUMENT : ZARRC_OK);
  }
}

/* A program that was compiled with a later version may have set what takes the place of room. */
static void newer_callers(void **state) {
  static const zarrc_view view = {.data = NULL};
  static const zarrc_region region = {.count = {1}, .step = {1}};
  (void)state;
  for (size_t i = 0; i < sizeof((zarrc_values *)0)->room / sizeof(void *); i++) {
    zarrc_values values = {.view = &view};
    zarrc_error error = {0};
    values.room[i] = &values;
    assert_int_equal(zarrc_values_check(&values, 1, &region, &error), ZARRC_UNSUPPORTED);
    assert_non_null(strstr(error.message, "values: "));
  }
}

static zarrc_status expect_part(void *arg, const zarrc_region *part, const zarrc_view *view, zarrc_error *error) {
  const zarrc_region *expected = arg;
  (void)view, (void)error;
  assert_memory_equal(part, expected, sizeof *part);
  return ZARRC_NOT_FOUND;
}

static bool expect_touched(void *arg, const zarrc_region *part) {
  return expect_part(arg, part, NULL, NULL) == ZARRC_OK;
}

/* A box in a box: parts arrive in coordinates of the outermost. */
static void moved(void **state) {
  zarrc_region part = {.start = {1, 2}, .count = {3, 4}, .step = {1, 5}}, expected = part;
  const zarrc_values given[] = {{.fetch = expect_part, .arg = &expected},
                                {.apply = expect_part, .touches = expect_touched, .arg = &expected},
                                {.apply = expect_part, .arg = &expected}};
  (void)state;
  expected.start[0] = 1 + 10 + 1000;
  expected.start[1] = 2 + 20 + 2000;
  for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
    zarrc_values_moved outer = {.origin = {1000, 2000}}, inner = {.origin = {10, 20}};
    zarrc_values in_outer, in_inner;
    zarrc_values_move(&outer, &given[i], 2, &in_outer);
    zarrc_values_move(&inner, &in_outer, 2, &in_inner);
    assert_int_equal(zarrc_values_check(&in_inner, 0, &part, NULL), ZARRC_OK);
    assert_int_equal(zarrc_values_put(&in_inner, &part, NULL, NULL), ZARRC_NOT_FOUND);
    assert_int_equal(zarrc_values_touch(&in_inner, &part), !given[i].touches);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moved),
      cmocka_unit_test(one_of_three),
      cmocka_unit_test(newer_callers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

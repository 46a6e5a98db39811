/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/names.h"

#include <zarrc/data.h>

#include <string.h>

static const char *const colours[] = {"red", "green", "blue"};

static void names_of_values(void **state) {
  (void)state;
  assert_string_equal(zarrc_name_of(colours, 3, 2), "blue");
  assert_null(zarrc_name_of(colours, 3, 3));
  assert_null(zarrc_name_of(colours, 3, -1));
  assert_null(zarrc_name_of(colours, 3, INT64_MAX));
}

static void values_of_names(void **state) {
  zarrc_error error = {0};
  int value = -1;
  (void)state;
  assert_int_equal(zarrc_name_find(colours, 3, "the colour", "green", &value, &error), ZARRC_OK);
  assert_int_equal(value, 1);
  assert_int_equal(zarrc_name_find(colours, 3, "the colour", "Red", &value, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "the colour must be one of red, green, blue, not \"Red\"");
  assert_int_equal(zarrc_name_find(colours, 3, "the colour", NULL, &value, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "the colour must be one of red, green, blue, not NULL");
  assert_int_equal(zarrc_name_find(colours, 3, "the colour", "", &value, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(value, 1);
}

static void byte_orders(void **state) {
  zarrc_endian endian = ZARRC_BIG;
  zarrc_error error = {0};
  (void)state;
  assert_string_equal(zarrc_endian_name(ZARRC_LITTLE), "little");
  assert_string_equal(zarrc_endian_name(ZARRC_BIG), "big");
  for (int i = 2; i < 300; i++) assert_null(zarrc_endian_name((zarrc_endian)i));
  assert_null(zarrc_endian_name((zarrc_endian)-1));
  assert_int_equal(zarrc_endian_from_name("little", &endian, &error), ZARRC_OK);
  assert_int_equal(endian, ZARRC_LITTLE);
  assert_int_equal(zarrc_endian_from_name("big", &endian, &error), ZARRC_OK);
  assert_int_equal(endian, ZARRC_BIG);
  assert_int_equal(zarrc_endian_from_name("Big", &endian, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "little, big"));
}

static void subchunk_orders(void **state) {
  static const char *const names[] = {"morton", "lexicographic", "colexicographic", "unordered"};
  zarrc_subchunk_order order;
  zarrc_error error = {0};
  (void)state;
  for (int i = 0; i < 4; i++) {
    assert_string_equal(zarrc_subchunk_order_name((zarrc_subchunk_order)i), names[i]);
    assert_int_equal(zarrc_subchunk_order_from_name(names[i], &order, &error), ZARRC_OK);
    assert_int_equal(order, i);
  }
  assert_null(zarrc_subchunk_order_name((zarrc_subchunk_order)4));
  assert_int_equal(zarrc_subchunk_order_from_name("hilbert", &order, &error), ZARRC_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_of_values), cmocka_unit_test(values_of_names),
                                     cmocka_unit_test(byte_orders), cmocka_unit_test(subchunk_orders)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

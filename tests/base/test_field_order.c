/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/field_order.h"
#include "support/context.h"

#include <string.h>

#define FIELD(name, type)  "{\"name\": \"" name "\", \"data_type\": " type "}"
#define STRUCT(fields)     "{\"name\": \"struct\", \"configuration\": {\"fields\": [" fields "]}}"
#define LENGTH(name, size) "{\"name\": \"" name "\", \"configuration\": {\"length_bytes\": " #size "}}"

static const char type[] = STRUCT(FIELD("a", "\"int32\"") ", " FIELD(
    "p", STRUCT(FIELD("b", "\"complex64\"") ", " FIELD("n", "\"uint8\""))) ", " FIELD("u",
                                                                                      LENGTH("fixed_length_utf32", 8)));

static zarrc_dtype open_type(zarrc_ctx *ctx) {
  zarrc_dtype dtype;
  assert_int_equal(zarrc_dtype_open(ctx, type, strlen(type), &dtype, NULL), ZARRC_OK);
  return dtype;
}

static void orders_fit_or_not(void **state) {
  static const struct {
    const char *orders;
    bool fits;
  } rows[] = {{"<>|<", true},  {"><|>", true},   {"<<|<", true},  {"<>|", false}, {"", false},
              {"<>><", false}, {"<>|<<", false}, {"|>|<", false}, {"<>|x", false}};
  zarrc_dtype dtype = open_type(*state), plain = zarrc_dtype_of(ZARRC_INT16);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    assert_int_equal(zarrc_field_orders_fit(&dtype, rows[i].orders), rows[i].fits);
  assert_true(zarrc_field_orders_fit(&plain, ">"));
  assert_false(zarrc_field_orders_fit(&plain, "|"));
  zarrc_dtype_close(&dtype);
}

/* Every byte of an element of zeros but for its place, and where it must be afterwards. */
static void units_are_swapped(void **state) {
  static const uint8_t to[21] = {0,  1,  2,  3,                 /* '<' */
                                 7,  6,  5,  4,  11, 10, 9,  8, /* two floats */
                                 12, 16, 15, 14, 13, 20, 19, 18, 17};
  zarrc_dtype dtype = open_type(*state);
  uint8_t element[21], expected[21];
  assert_int_equal(dtype.item_size, sizeof element);
  for (size_t i = 0; i < sizeof element; i++) element[i] = (uint8_t)(i + 100);
  for (size_t i = 0; i < sizeof element; i++) expected[to[i]] = element[i];
  zarrc_view view = zarrc_view_c(&dtype, 0, NULL, element);
  zarrc_field_orders_swap(&view, "<>|>");
  assert_memory_equal(element, expected, sizeof element);
  zarrc_dtype_close(&dtype);
}

/* Elements of a view are swapped, those between them are not: a row that is longer than what is swapped at once, and
 * axes of which one runs backwards. */
static void views(void **state) {
  enum { ROWS = 3, COLUMNS = 4000 };
  static uint8_t memory[ROWS * COLUMNS * 2];
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT16);
  (void)state;
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    memory[2 * i] = 1;
    memory[2 * i + 1] = 2;
  }
  zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){ROWS - 1, COLUMNS / 2}, memory + 2 * (2 * COLUMNS));
  view.stride[0] = -4 * COLUMNS; /* rows 2 and 0 */
  view.stride[1] = 4;            /* every other column */
  zarrc_field_orders_swap(&view, "<");
  for (int i = 0; i < ROWS * COLUMNS; i++) assert_int_equal(memory[2 * i], 1);
  zarrc_field_orders_swap(&view, ">");
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    bool swapped = i / COLUMNS != 1 && i % 2 == 0;
    assert_int_equal(memory[2 * i], swapped ? 2 : 1);
    assert_int_equal(memory[2 * i + 1], swapped ? 1 : 2);
  }
  view.shape[0] = 0;
  zarrc_field_orders_swap(&view, ">");
  assert_int_equal(memory[0], 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(orders_fit_or_not),
      cmocka_unit_test(units_are_swapped),
      cmocka_unit_test(views),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

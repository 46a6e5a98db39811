/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/texts.h"
#include "support/context.h"
#include "support/said.h"

#include <string.h>

static void only_utf8(void **state) {
  zarrc_error error = {0};
  (void)state;
  assert_int_equal(zarrc_text_check(&(zarrc_text){NULL, 0}, 0, &error), ZARRC_OK);
  assert_int_equal(zarrc_text_check(&(zarrc_text){(const uint8_t *)"a\xc3\xbc", 3}, 0, &error), ZARRC_OK);
  assert_int_equal(zarrc_text_check(&(zarrc_text){(const uint8_t *)"a\xc3", 2}, 7, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(SAID(error), "element 7 is not UTF-8 at byte 1");
}

static void numbers_of_elements(void **state) {
  static const int64_t expected[] = {6, 8, 16, 18};
  zarrc_spec spec = {.ndim = 2, .shape = {4, 5}};
  zarrc_region region = {.start = {1, 1}, .count = {2, 2}, .step = {2, 2}};
  (void)state;
  for (int64_t k = 0; k < 4; k++) assert_int_equal(zarrc_text_number(&spec, &region, k), expected[k]);
}

static void room(void **state) {
  zarrc_view view = {0};
  zarrc_error error = {0};
  uint8_t *p = (void *)&view;
  assert_int_equal(zarrc_texts_room(&view, 0, &p, &error), ZARRC_OK);
  assert_null(p);
  assert_int_equal(zarrc_texts_room(&view, 1, &p, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "has no arena"));
  assert_int_equal(zarrc_arena_open(*state, &view.arena, NULL), ZARRC_OK);
  assert_int_equal(zarrc_texts_room(&view, 1, &p, &error), ZARRC_OK);
  *p = 1;
  zarrc_arena_close(view.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_utf8),
      cmocka_unit_test(numbers_of_elements),
      cmocka_unit_test(room),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

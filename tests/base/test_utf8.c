/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"

#include <stdbool.h>

#include <stdlib.h>
#include <string.h>

/* Whether a sequence decodes to a character, written independently: by value. */
static bool valid_by_value(const uint8_t *p, size_t n) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  uint32_t cp = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
  if (n == 1) return p[0] < 0x80;
  if ((p[0] & (0xFFu << (7 - n) & 0xFFu)) != (0xFFu << (8 - n) & 0xFFu)) return false;
  for (size_t i = 1; i < n; i++) {
    if ((p[i] & 0xC0) != 0x80) return false;
    cp = cp << 6 | (p[i] & 0x3F);
  }
  return cp >= least[n] && cp <= 0x10FFFF && !(cp >= 0xD800 && cp <= 0xDFFF);
}

static void every_short_sequence(void **state) {
  (void)state;
  static const uint8_t third[] = {0x00, 0x7F, 0x80, 0x81, 0xBF, 0xC0, 0xFF};
  for (unsigned a = 0; a < 256; a++)
    for (unsigned b = 0; b < 256; b++) {
      uint8_t two[2] = {(uint8_t)a, (uint8_t)b};
      bool expected = a < 0x80 ? b < 0x80 : valid_by_value(two, 2);
      assert_int_equal(zarrc_utf8_valid(two, 2) == 2, expected);
      for (size_t c = 0; c < sizeof third; c++) {
        uint8_t three[3] = {(uint8_t)a, (uint8_t)b, third[c]};
        if (a >= 0xE0 && a < 0xF0) assert_int_equal(zarrc_utf8_valid(three, 3) == 3, valid_by_value(three, 3));
        uint8_t four[4] = {(uint8_t)a, (uint8_t)b, third[c], 0xBF};
        if (a >= 0xF0) assert_int_equal(zarrc_utf8_valid(four, 4) == 4, a < 0xF8 && valid_by_value(four, 4));
      }
    }
}

static void says_where(void **state) {
  (void)state;
  for (size_t at = 0; at < 40; at++) {
    uint8_t *text = malloc(40);
    memset(text, 'x', 40);
    assert_int_equal(zarrc_utf8_valid(text, 40), 40);
    text[at] = 0xFF;
    assert_int_equal(zarrc_utf8_valid(text, 40), at);
    text[at] = 0xC3; /* needs one more byte, and gets an x or the end */
    assert_int_equal(zarrc_utf8_valid(text, 40), at);
    free(text);
  }
  assert_int_equal(zarrc_utf8_valid((const uint8_t *)"", 0), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_short_sequence), cmocka_unit_test(says_where)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void every_character_comes_back(void **state) {
  (void)state;
  for (uint32_t cp = 0; cp <= 0x110000; cp++) {
    char utf8[4];
    uint32_t back = 1;
    size_t n = zarrc_char_put(utf8, cp);
    if ((cp >= 0xd800 && cp <= 0xdfff) || cp > 0x10ffff) {
      assert_int_equal(n, 0);
      continue;
    }
    assert_int_equal(n, cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4);
    assert_int_equal(zarrc_char_next(utf8, n, &back), n);
    assert_int_equal(back, cp);
  }
}

static void what_is_cut_or_malformed_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "\x80",         "\xc2", "\xc1\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
      "\xf0\x9f\x98", "\xff", "\xc3(",    "\xe2\x82("};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    size_t n = strlen(bad[i]);
    char *exact = malloc(n); /* the sanitizer sees reads behind it */
    memcpy(exact, bad[i], n);
    assert_int_equal(zarrc_char_next(exact, n, NULL), 0);
    free(exact);
  }
  assert_int_equal(zarrc_char_next("", 0, NULL), 0);
}

static void hex_digits(void **state) {
  (void)state;
  for (int c = 0; c < 256; c++) {
    const char *digits = "0123456789abcdefABCDEF", *p = c ? strchr(digits, c) : NULL;
    int want = !p ? -1 : p - digits < 16 ? (int)(p - digits) : (int)(p - digits) - 6;
    assert_int_equal(zarrc_hex_digit((char)c), want);
  }
}

static void excerpts_are_short_and_harmless(void **state) {
  (void)state;
  char out[ZARRC_EXCERPT], longest[400];
  assert_string_equal(zarrc_excerpt(out, "caf\xc3\xa9", 5), "caf\xc3\xa9");
  assert_string_equal(zarrc_excerpt(out, "", 0), "");
  assert_string_equal(zarrc_excerpt(out, "a\x1b[2Jb\0c\xff\xc2\x9b\x7f", 12), "a?[2Jb?c???");
  memset(longest, 'x', sizeof longest);
  zarrc_excerpt(out, longest, sizeof longest);
  assert_int_equal(strlen(out), ZARRC_EXCERPT - 1);
  assert_string_equal(out + ZARRC_EXCERPT - 5, "x...");
  for (size_t i = 0; i < sizeof longest; i += 4) memcpy(longest + i, "\xf0\x9f\x98\x80", 4);
  zarrc_excerpt(out, longest, sizeof longest);
  assert_int_equal(strlen(out) % 4, 3); /* no character is cut */
}

static void coordinates(void **state) {
  int64_t chunk[32];
  char text[16];
  (void)state;
  for (int i = 0; i < 32; i++) chunk[i] = INT64_MAX;
  zarrc_chunk_text(32, chunk, text, sizeof text);
  assert_string_equal(text, "922337203685477");
  zarrc_chunk_text(3, (const int64_t[]){0, 12, 3}, text, sizeof text);
  assert_string_equal(text, "0,12,3");
  zarrc_chunk_text(0, NULL, text, sizeof text);
  assert_string_equal(text, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_character_comes_back),
      cmocka_unit_test(what_is_cut_or_malformed_is_refused),
      cmocka_unit_test(hex_digits),
      cmocka_unit_test(excerpts_are_short_and_harmless),
      cmocka_unit_test(coordinates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

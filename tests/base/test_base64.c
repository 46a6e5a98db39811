/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

static void rfc_4648(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"", ""},
                                         {"f", "Zg=="},
                                         {"fo", "Zm8="},
                                         {"foo", "Zm9v"},
                                         {"foob", "Zm9vYg=="},
                                         {"fooba", "Zm9vYmE="},
                                         {"foobar", "Zm9vYmFy"},
                                         {"\xfb\xff\xbf", "+/+/"}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[16];
    uint8_t bytes[16];
    size_t n = strlen(pairs[i][0]);
    zarrc_buf out = zarrc_buf_over(text, sizeof text);
    assert_int_equal(zarrc_base64_append(&out, (const uint8_t *)pairs[i][0], n, NULL), ZARRC_OK);
    assert_int_equal(out.len, strlen(pairs[i][1]));
    assert_memory_equal(text, pairs[i][1], out.len);
    for (int lenient = 0; lenient < 2; lenient++) {
      assert_int_equal(zarrc_base64_decode(pairs[i][1], out.len, lenient != 0, bytes, sizeof bytes), n);
      assert_memory_equal(bytes, pairs[i][0], n);
    }
  }
}

static void every_length_comes_back(void **state) {
  (void)state;
  uint8_t bytes[70], back[70];
  char text[100];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 151 + 11);
  for (size_t n = 0; n <= sizeof bytes; n++) {
    zarrc_buf out = zarrc_buf_over(text, sizeof text);
    assert_int_equal(zarrc_base64_append(&out, bytes, n, NULL), ZARRC_OK);
    assert_int_equal(out.len, (n + 2) / 3 * 4);
    assert_int_equal(zarrc_base64_decode(text, out.len, false, back, sizeof back), n);
    assert_memory_equal(back, bytes, n);
    uint8_t *less = malloc(n / 2 + 1); /* only what fits is written */
    assert_int_equal(zarrc_base64_decode(text, out.len, false, less, n / 2), n);
    assert_memory_equal(less, bytes, n / 2);
    free(less);
  }
  zarrc_buf zeros = zarrc_buf_over(text, sizeof text);
  assert_int_equal(zarrc_base64_append(&zeros, NULL, 4, NULL), ZARRC_OK);
  assert_memory_equal(text, "AAAAAA==", 8);
  zarrc_buf small = zarrc_buf_over(text, 7);
  assert_int_equal(zarrc_base64_append(&small, bytes, 4, NULL), ZARRC_LIMIT);
}

/* n: length by Python's b64decode(text) of a str, -1 where it raises */
static void what_is_not_base64(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int n;
  } cases[] = {{"A", -1},       {"AA", -1},   {"AAA", -1},   {"AAA", -1},      {"AA=", -1},
               {"=", 0},        {"====", 0},  {"!!", 0},     {"A=A=", -1},     {"AAAA=", 3},
               {"AQ==AQ==", 1}, {"AQ==x", 1}, {"AQ=\n=", 1}, {" AQID", 3},     {"AQ\nID", 3},
               {"AQ=ID", 3},    {"AQ-_", -1}, {"AQIDx", -1}, {"\xc3\xa9", -1}, {"AAA==", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t out[16];
    size_t n = strlen(cases[i].text);
    assert_true(zarrc_base64_decode(cases[i].text, n, false, out, sizeof out) == SIZE_MAX);
    assert_true(zarrc_base64_decode(cases[i].text, n, true, out, sizeof out) == (size_t)(int64_t)cases[i].n);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rfc_4648),
      cmocka_unit_test(every_length_comes_back),
      cmocka_unit_test(what_is_not_base64),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

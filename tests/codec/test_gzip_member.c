/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/gzip_member.h"

#include <string.h>

/* Bits of a stream by hand: its first block is its last, a stored one or one of fixed codes. */
static void an_end_inside_a_byte(void **state) {
  (void)state;
  uint8_t fixed[8] = {0x4b, 0x04, 0x00}; /* "a": 3 + 8 + 7 bits, so that 6 are left */
  static const uint8_t want[7] = {0x4a, 0x04, 0x00, 0, 0, 0xff, 0xff};
  assert_int_equal(zarrc_deflate_continue(fixed, 3, 0, 6), sizeof want);
  assert_memory_equal(fixed, want, sizeof want);
}

static void two_bits_are_too_few(void **state) {
  (void)state;
  for (unsigned unused = 1; unused < 8; unused++) {
    uint8_t p[16];
    memset(p, 0xff, sizeof p);
    size_t n = zarrc_deflate_continue(p, 4, 13, unused), more = unused < 3 ? 5 : 4;
    assert_int_equal(n, 4 + more);
    assert_int_equal(p[0], 0xff);
    assert_int_equal(p[1], 0xff & ~(1 << 5));
    assert_int_equal(p[2], 0xff);
    assert_int_equal(p[3], 0xff >> unused);
    if (more == 5) assert_int_equal(p[4], 0);
    assert_memory_equal(p + n - 4, "\0\0\xff\xff", 4);
    assert_int_equal(p[n], 0xff);
  }
}

static void a_whole_byte_needs_nothing(void **state) {
  (void)state;
  uint8_t stored[6] = {0x01, 1, 0, 0xfe, 0xff, 'a'};
  assert_int_equal(zarrc_deflate_continue(stored, 6, 0, 0), 6);
  assert_memory_equal(stored,
                      "\0\1\0\xfe\xff"
                      "a",
                      6);
}

static void headers(void **state) {
  (void)state;
  static const uint8_t plain[10] = {0x1f, 0x8b, 8}, named[14] = {0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, 'a', 'b', 0, 9};
  const zarrc_gzip_member m = {2, 77};
  size_t n = 0;
  zarrc_error error;
  assert_int_equal(zarrc_gzip_header_skip(&m, plain, 10, &n, &error), ZARRC_OK);
  assert_int_equal(n, 10);
  assert_int_equal(zarrc_gzip_header_skip(&m, named, 14, &n, &error), ZARRC_OK);
  assert_int_equal(n, 13);
  assert_int_equal(zarrc_gzip_header_skip(&m, named, 12, &n, &error), ZARRC_TRUNCATED);
  assert_string_equal(error.message, "member 2 at byte 77: the header is cut off");
  assert_int_equal(zarrc_gzip_header_skip(&m, plain + 1, 9, &n, &error), ZARRC_CORRUPT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(headers), cmocka_unit_test(an_end_inside_a_byte),
                                     cmocka_unit_test(two_bits_are_too_few),
                                     cmocka_unit_test(a_whole_byte_needs_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

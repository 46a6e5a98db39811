/* SPDX-License-Identifier: MIT */
/* Records of zip archives, byte for byte as the tables of APPNOTE.TXT (4.3.7, 4.3.12, 4.3.14 to 16) have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/zip_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Compares bytes with their hexadecimal digits; blanks are for the eye. */
static void expect(const uint8_t *got, size_t n, const char *want) {
  char digits[400] = "", wanted[400] = "";
  for (size_t i = 0; i < n; i++) snprintf(digits + 2 * i, 3, "%02x", (unsigned)got[i]);
  for (size_t m = 0; *want; want++)
    if (*want != ' ') wanted[m++] = *want;
  assert_string_equal(digits, wanted);
}

static void headers(void **state) {
  uint8_t header[ZARRC_ZIP_HEADER], extra[ZARRC_ZIP_EXTRA];
  (void)state;
  zarrc_zip_place place = {.at = 7, .nbytes = 258, .crc = 0x11223344};
  assert_int_equal(zarrc_zip_put_header(&place, 3, header, extra), 0);
  expect(header, sizeof header, "504b0304 1400 0008 0000 0000 2100 44332211 02010000 02010000 0300 0000");
  assert_int_equal(zarrc_zip_value_at(&place, 3), 40);
  place.nbytes = 0xFFFFFFFE; /* the last that fits */
  assert_int_equal(zarrc_zip_put_header(&place, 3, header, extra), 0);
  place.nbytes = 0xFFFFFFFF;
  assert_int_equal(zarrc_zip_put_header(&place, 3, header, extra), 20);
  expect(header, sizeof header, "504b0304 2d00 0008 0000 0000 2100 44332211 ffffffff ffffffff 0300 1400");
  expect(extra, sizeof extra, "0100 1000 ffffffff00000000 ffffffff00000000");
  assert_int_equal(zarrc_zip_value_at(&place, 3), 60);
}

static void expect_entry(const zarrc_zip_place *place, const char *want) {
  uint8_t memory[200];
  zarrc_buf out = zarrc_buf_over(memory, sizeof memory);
  assert_int_equal(zarrc_zip_put_entry(&out, "c/0", place, NULL), ZARRC_OK);
  expect(out.ptr, out.len, want);
}

static void entries(void **state) {
  (void)state;
  expect_entry(&(zarrc_zip_place){0xFFFFFFFE, 258, 0x11223344},
               "504b0102 2d03 1400 0008 0000 0000 2100 44332211 02010000 02010000 0300 0000 0000 0000 0000 0000a481 "
               "feffffff 632f30");
  expect_entry(&(zarrc_zip_place){0xFFFFFFFF, 258, 0x11223344},
               "504b0102 2d03 2d00 0008 0000 0000 2100 44332211 02010000 02010000 0300 0c00 0000 0000 0000 0000a481 "
               "ffffffff 632f30 0100 0800 ffffffff00000000");
  expect_entry(&(zarrc_zip_place){9, UINT64_C(0x123456789A), 0x11223344},
               "504b0102 2d03 2d00 0008 0000 0000 2100 44332211 ffffffff ffffffff 0300 1400 0000 0000 0000 0000a481 "
               "09000000 632f30 0100 1000 9a78563412000000 9a78563412000000");
  expect_entry(&(zarrc_zip_place){UINT64_C(0x200000000), UINT64_C(0x123456789A), 0x11223344},
               "504b0102 2d03 2d00 0008 0000 0000 2100 44332211 ffffffff ffffffff 0300 1c00 0000 0000 0000 0000a481 "
               "ffffffff 632f30 0100 1800 9a78563412000000 9a78563412000000 0000000002000000");
}

static void expect_end(uint64_t nentries, uint64_t at, uint64_t nbytes, const char *want) {
  uint8_t memory[200];
  zarrc_buf out = zarrc_buf_over(memory, sizeof memory);
  assert_int_equal(zarrc_zip_put_end(&out, nentries, at, nbytes, NULL), ZARRC_OK);
  expect(out.ptr, out.len, want);
}

static void ends(void **state) {
  (void)state;
  expect_end(0, 0, 0, "504b0506 0000 0000 0000 0000 00000000 00000000 0000");
  expect_end(0xFFFE, 0xFFFFFFFE, 0xFFFFFFFE, "504b0506 0000 0000 feff feff feffffff feffffff 0000");
  expect_end(0xFFFF, 16, 32,
             "504b0606 2c00000000000000 2d03 2d00 00000000 00000000 ffff000000000000 ffff000000000000 "
             "2000000000000000 1000000000000000 504b0607 00000000 3000000000000000 01000000 "
             "504b0506 0000 0000 ffff ffff 20000000 10000000 0000");
  expect_end(2, 0xFFFFFFFF, 32,
             "504b0606 2c00000000000000 2d03 2d00 00000000 00000000 0200000000000000 0200000000000000 "
             "2000000000000000 ffffffff00000000 504b0607 00000000 1f00000001000000 01000000 "
             "504b0506 0000 0000 0200 0200 20000000 ffffffff 0000");
  expect_end(2, 1, 0xFFFFFFFF,
             "504b0606 2c00000000000000 2d03 2d00 00000000 00000000 0200000000000000 0200000000000000 "
             "ffffffff00000000 0100000000000000 504b0607 00000000 0000000001000000 01000000 "
             "504b0506 0000 0000 0200 0200 ffffffff 01000000 0000");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(headers), cmocka_unit_test(entries), cmocka_unit_test(ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

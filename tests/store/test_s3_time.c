/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/s3_time.h"

#include <string.h>

static void test_dates(void **state) {
  int64_t t = 0;
  char text[ZARRC_S3_TIME_NBYTES];
  (void)state;
  assert_true(zarrc_http_date_read("Sun, 06 Nov 1994 08:49:37 GMT", &t));
  assert_int_equal(t, 784111777);
  zarrc_s3_time_write(t, text);
  assert_string_equal(text, "19941106T084937Z");
  zarrc_s3_time_write(0, text);
  assert_string_equal(text, "19700101T000000Z");
  static const char *const wrong[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nox 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 19x4 08:49:37 GMT",
                                      "Sun, 06-Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1969 08:49:37 GMT"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(zarrc_http_date_read(wrong[i], &t));
}

static void test_iso_dates(void **state) {
  int64_t t = 0;
  (void)state;
  static const char *const right[] = {"1994-11-06T08:49:37Z",      "1994-11-06T08:49:37.123Z",
                                      "1994-11-06T08:49:37+00:00", "1994-11-06T10:49:37+02:00",
                                      "1994-11-06T08:49:37+0000",  "1994-11-06T03:19:37.5-05:30",
                                      "1994-11-07T00:49:37+1600"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    assert_true(zarrc_iso_date_read(right[i], strlen(right[i]), &t));
    assert_int_equal(t, 784111777);
  }
  static const char *const wrong[] = {"",
                                      "1994-11-06",
                                      "1994-11-06T08:49:37",
                                      "1994-11-06T08:49:37+01:0",
                                      "1994-11-06T08:49:37+01",
                                      "1994-11-06T08:49:37+01:000",
                                      "1994-11-06T08:49:37+24:00",
                                      "1994-11-06T08:49:37+01:60",
                                      "1994-11-06T08:49:37 01:00",
                                      "1994-11-06T08:49:37+01-00",
                                      "1994-11-06 08:49:37Z",
                                      "1994-13-06T08:49:37Z",
                                      "1994-11-06T08:49:37Zx",
                                      "1969-11-06T08:49:37Z",
                                      "1994-1x-06T08:49:37Z"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(zarrc_iso_date_read(wrong[i], strlen(wrong[i]), &t));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_dates), cmocka_unit_test(test_iso_dates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

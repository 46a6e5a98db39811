/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/filters.h"

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.fixedscaleoffset") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const struct {
    const char *codec;
    zarrc_type type;
    zarrc_status status;
    const char *words;
  } rows[] = {
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"scale\": 1}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "offset is missing"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "scale is missing"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": \"0\", \"scale\": 1}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "offset must be a number, not a string"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": null}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "scale must be a number"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": "
       "1000000000000000000000000000000}}",
       ZARRC_INT16, ZARRC_INVALID_METADATA, "scale is out of range"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": true}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "scale must be a number"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": 1}}", ZARRC_COMPLEX64,
       ZARRC_UNSUPPORTED, "complex numbers"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": 1, \"dtype\": "
       "\"<c8\"}}",
       ZARRC_FLOAT64, ZARRC_UNSUPPORTED, "complex numbers"},
      {"{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": 1, \"dtype\": "
       "\"<f4\"}}",
       ZARRC_FLOAT64, ZARRC_INVALID_METADATA, "cannot be read"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    filters_refused(*state, rows[i].codec, rows[i].type, rows[i].status, rows[i].words);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": "
                            "2, \"dtype\": \"<i2\", \"astype\": \"<i4\"}}",
                            ZARRC_INT16);
  filters_check_allocations(
      "{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 1, \"scale\": 100}}", ZARRC_FLOAT32);
}

static int setup(void **state) {
  return zarrc_ctx_open(NULL, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

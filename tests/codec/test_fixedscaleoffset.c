/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"
#include "support/filters.h"

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.fixedscaleoffset") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
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
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 0, \"scale\": "
                            "2, \"dtype\": \"<i2\", \"astype\": \"<i4\"}}",
                            ZARRC_INT16);
  filters_check_allocations(
      "{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 1, \"scale\": 100}}", ZARRC_FLOAT32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

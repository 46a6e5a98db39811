/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"
#include "support/filters.h"

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.quantize") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {}}", ZARRC_FLOAT32, ZARRC_INVALID_METADATA,
       "digits is missing"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 308}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "digits is 308, outside -308 to 307"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": -309}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "outside"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1.5}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "digits must be an integer"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1000000000000000000000000000000}}",
       ZARRC_FLOAT32, ZARRC_INVALID_METADATA, "digits is out of range"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1, \"dtype\": \"<i4\"}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "must be a floating-point type"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1, \"astype\": \"<c8\"}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "must be a floating-point type"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1}}", ZARRC_INT32, ZARRC_INVALID_METADATA,
       "no floating-point numbers"},
      {"{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 1, \"dtype\": \"<f8\"}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "cannot be read"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 2}}", ZARRC_FLOAT32);
  filters_check_allocations(
      "{\"name\": \"numcodecs.quantize\", \"configuration\": {\"digits\": 2, \"dtype\": \"<f8\", \"astype\": \"<f4\"}}",
      ZARRC_FLOAT64);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

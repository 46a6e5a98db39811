/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"
#include "support/filters.h"

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.delta") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.delta\", \"configuration\": {}}", ZARRC_INT16, ZARRC_INVALID_METADATA,
       "dtype is missing"},
      {"{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"<i4\"}}", ZARRC_INT16, ZARRC_INVALID_METADATA,
       "cannot be read as such"},
      {"{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"|O\"}}", ZARRC_INT16, ZARRC_UNSUPPORTED,
       "is no type"},
      {"{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"<i2\", \"astype\": \"|S4\"}}", ZARRC_INT16,
       ZARRC_UNSUPPORTED, "is no type"},
      {"{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": [\"<i2\"]}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "must be a data type, not an array"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"<i2\"}}", ZARRC_INT16);
  filters_check_allocations(
      "{\"name\": \"numcodecs.delta\", \"configuration\": {\"dtype\": \"<i2\", \"astype\": \">i8\"}}", ZARRC_INT16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

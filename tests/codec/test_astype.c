/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/context.h"
#include "support/filters.h"

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.astype") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {}}", ZARRC_INT16, ZARRC_INVALID_METADATA,
       "encode_dtype is missing"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i9\"}}", ZARRC_INT16,
       ZARRC_UNSUPPORTED, "is no type of numbers"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<U999999999999999999999999999999\"}}",
       ZARRC_INT16, ZARRC_UNSUPPORTED, "is no type"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<M8[ns]\"}}", ZARRC_INT16,
       ZARRC_UNSUPPORTED, "is no type"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": 4}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "must be a data type, not an integer"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": null}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "must be a data type, not null"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\", \"decode_dtype\": \"<i8\"}}",
       ZARRC_INT16, ZARRC_INVALID_METADATA, "elements of 2 bytes cannot be read as such"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\", \"decode_dtype\": \"<f4\"}}",
       ZARRC_COMPLEX64, ZARRC_INVALID_METADATA, "cannot be read"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\", \"decode_dtype\": \"<f8\"}}",
       ZARRC_COMPLEX64, ZARRC_INVALID_METADATA, "cannot be read"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\"}}", ZARRC_DATETIME64,
       ZARRC_INVALID_METADATA, "are no numbers"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\", \"speed\": 1}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "speed"},
      {"{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i4\", \"id\": \"delta\"}}",
       ZARRC_INT16, ZARRC_INVALID_METADATA, "configuration.id must be astype"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i8\"}}",
                            ZARRC_INT16);
  filters_check_allocations("{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \">f4\"}}",
                            ZARRC_INT32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

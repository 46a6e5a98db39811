/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/filters.h"
#include "support/said.h"

#include <string.h>

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.packbits") > 40);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.packbits\", \"configuration\": {}}", ZARRC_INT8, ZARRC_INVALID_METADATA,
       "not of type bool"},
      {"{\"name\": \"numcodecs.packbits\", \"configuration\": {\"first_bit\": 0}}", ZARRC_BOOL, ZARRC_INVALID_METADATA,
       "first_bit"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.packbits\", \"configuration\": {}}", ZARRC_BOOL);
}

/* The first byte must say what the shape says. */
static void damage_is_found(void **state) {
  const int64_t shape[] = {13}, packed[] = {3};
  zarrc_spec spec = chunk_spec(ZARRC_BOOL, 1, shape);
  zarrc_dtype byte = zarrc_dtype_of(ZARRC_UINT8);
  uint8_t out[13];
  zarrc_codec *codec = chunk_codec(*state, "{\"name\": \"numcodecs.packbits\"}", &spec);
  for (unsigned first = 0; first < 256; first++) {
    uint8_t in[] = {(uint8_t)first, 0x80, 0x0f};
    zarrc_error error = {0};
    zarrc_codec_job job = {.spec = &spec,
                           .decoded = zarrc_view_c(&spec.dtype, 1, shape, out),
                           .encoded = zarrc_view_c(&byte, 1, packed, in)};
    zarrc_status status = zarrc_codec_decode(codec, &job, 1, &error);
    assert_int_equal(status, first == 3 ? ZARRC_OK : ZARRC_CORRUPT);
    if (first != 3) assert_non_null(strstr(SAID(error), "bits are padding, not 3"));
    if (first == 3) assert_memory_equal(out, "\1\0\0\0\0\0\0\0\0\0\0\0\1", 13);
  }
  zarrc_codec_close(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
      cmocka_unit_test(damage_is_found),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

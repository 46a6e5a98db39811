/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/filters.h"

#include <stdlib.h>
#include <string.h>

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.bitround") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {}}", ZARRC_FLOAT32, ZARRC_INVALID_METADATA,
       "keepbits is missing"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": -1}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "keepbits is -1, below 0"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 24}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "keepbits is 24, but the numbers have 23"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 1000000000000000000}}", ZARRC_FLOAT64,
       ZARRC_INVALID_METADATA, "but the numbers have 52"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 1}}", ZARRC_INT32, ZARRC_INVALID_METADATA,
       "no floating-point"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 1}}", ZARRC_COMPLEX64,
       ZARRC_INVALID_METADATA, "no floating-point"},
      {"{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 1.0}}", ZARRC_FLOAT32,
       ZARRC_INVALID_METADATA, "must be an integer"},
      {"{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 0}}", ZARRC_FLOAT32, ZARRC_INVALID_METADATA,
       "keepbits is 0, below 1"},
      {"{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 3}}", ZARRC_BOOL, ZARRC_INVALID_METADATA,
       "no numbers that can be rounded"},
      {"{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 24}}", ZARRC_COMPLEX64, ZARRC_INVALID_METADATA,
       "the numbers have 23"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations("{\"name\": \"numcodecs.bitround\", \"configuration\": {\"keepbits\": 5}}", ZARRC_FLOAT32);
}

/* Of the registered codec: components of complex numbers are rounded like floats. */
static void complex_numbers(void **state) {
  static const char json[] = "{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 2}}";
  const int64_t shape[] = {2};
  zarrc_spec spec = chunk_spec(ZARRC_COMPLEX64, 1, shape);
  float in[] = {1.1f, -1.2f, 0, 100}, out[4];
  zarrc_codec *codec = chunk_codec(*state, json, &spec);
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 1, shape, in),
                         .encoded = zarrc_view_c(&spec.dtype, 1, shape, out)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, NULL), ZARRC_OK);
  const float expected[] = {1.0f, -1.25f, 0, 96};
  assert_memory_equal(out, expected, sizeof out);
  char *text = chunk_codec_json(*state, codec);
  assert_string_equal(text, json);
  free(text);
  zarrc_codec_close(codec);
}

static void check_integers(zarrc_ctx *ctx, zarrc_type type, const void *in, const void *expected) {
  const int64_t shape[] = {10};
  zarrc_spec spec = chunk_spec(type, 1, shape);
  uint8_t out[80];
  zarrc_codec *codec = chunk_codec(ctx, "{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 3}}", &spec);
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 1, shape, (void *)(uintptr_t)in),
                         .encoded = zarrc_view_c(&spec.dtype, 1, shape, out)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, NULL), ZARRC_OK);
  assert_memory_equal(out, expected, 10 * spec.dtype.item_size);
  zarrc_codec_close(codec);
}

/* Of the registered codec: the sample data of the registry, and larger integers. */
static void integers(void **state) {
  const uint8_t in[] = {0, 1, 10, 11, 100, 123, 200, 208, 209, 255},
                out[] = {0, 1, 10, 12, 96, 128, 192, 192, 224, 224};
  const uint64_t wide[] = {0, 1, 10, 11, 100, 123, 200, 208, 209, UINT64_MAX};
  const uint64_t rounded[] = {0, 1, 10, 12, 96, 128, 192, 192, 224, (uint64_t)7 << 61};
  const int16_t small[] = {0, 1, 10, 11, 100, 123, 200, 208, 209, -1};
  const int16_t kept[] = {0, 1, 10, 12, 96, 128, 192, 192, 224, -8192};
  check_integers(*state, ZARRC_UINT8, in, out);
  check_integers(*state, ZARRC_UINT64, wide, rounded);
  check_integers(*state, ZARRC_INT16, small, kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numcodecs),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
      cmocka_unit_test(complex_numbers),
      cmocka_unit_test(integers),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

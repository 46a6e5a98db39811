/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/filters.h"

#include <stdlib.h>
#include <string.h>

static void as_numcodecs(void **state) {
  assert_true(filters_check(*state, "numcodecs.bitround") > 60);
}

static void bad_settings_are_refused(void **state) {
  static const struct {
    const char *codec;
    zarrc_type type;
    zarrc_status status;
    const char *words;
  } rows[] = {
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
      {"{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 3}}", ZARRC_INT32, ZARRC_UNSUPPORTED,
       "floating-point and complex numbers only"},
      {"{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 24}}", ZARRC_COMPLEX64, ZARRC_INVALID_METADATA,
       "the numbers have 23"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    filters_refused(*state, rows[i].codec, rows[i].type, rows[i].status, rows[i].words);
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
      cmocka_unit_test(complex_numbers),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/filters.h"
#include "support/said.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAST(configuration)  "{\"name\": \"cast_value\", \"configuration\": {" configuration "}}"
#define CHAIN(configuration) "[" CAST(configuration) ", \"bytes\"]"

/* The example of the specification that is like NumPy, and one that keeps a NaN. */
static void maps(void **state) {
  static const char like_numpy[] = CHAIN("\"data_type\": \"uint8\", \"rounding\": \"towards-zero\", \"out_of_range\": "
                                         "\"wrap\", \"scalar_map\": {\"encode\": [[\"NaN\", 0], [\"+Infinity\", 0], "
                                         "[\"-Infinity\", 0], [7, 9], [7, 10]]}");
  static const char keeps_nan[] = CHAIN("\"data_type\": \"uint8\", \"scalar_map\": {\"encode\": [[\"NaN\", 0]], "
                                        "\"decode\": [[0, \"NaN\"]]}");
  const double in[] = {NAN, INFINITY, -INFINITY, 7, -1.5, 300.7}, nan = NAN;
  double got[6];
  size_t n;
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 1, (int64_t[]){6});
  zarrc_pipeline *p = chunk_pipeline(*state, like_numpy, &spec);
  uint8_t *bytes = chunk_encode(*state, p, in, &n);
  assert_int_equal(n, 6);
  assert_memory_equal(bytes, "\0\0\0\x09\xff\x2c", 6);
  free(bytes);
  zarrc_pipeline_close(p);

  spec.fill = &nan;
  p = chunk_pipeline(*state, keeps_nan, &spec);
  zarrc_memory_blob blob;
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
  zarrc_memory_blob_init(&blob, *state, "\0\1\2\3\xff\0", 6);
  blob.present = true;
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_true(isnan(got[0]) && isnan(got[5]));
  assert_memory_equal(got + 1, ((double[]){1, 2, 3, 255}), 4 * sizeof *got);
  zarrc_region one = chunk_region(1, (int64_t[]){4}, (int64_t[]){1}, NULL);
  to = zarrc_view_c(&spec.dtype, 1, one.count, got);
  assert_int_equal(zarrc_read(p, &blob.blob, &one, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(got, &(double){255}, sizeof *got);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

static void what_cannot_be_cast_is_named(void **state) {
  const double in = 300.5;
  uint8_t out;
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 1, (int64_t[]){1});
  zarrc_codec *codec = chunk_codec(*state, CAST("\"data_type\": \"uint8\""), &spec);
  zarrc_dtype byte = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_error error = {0};
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 1, spec.shape, (void *)(uintptr_t)&in),
                         .encoded = zarrc_view_c(&byte, 1, spec.shape, &out)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "300.5 cannot be cast to \"uint8\"");
  zarrc_codec_close(codec);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {CAST(""), ZARRC_INT8, ZARRC_INVALID_METADATA, "configuration.data_type is missing"},
      {CAST("\"data_type\": \"nonesuch\""), ZARRC_INT8, ZARRC_UNSUPPORTED, "unknown data type"},
      {CAST("\"data_type\": \"bool\""), ZARRC_INT8, ZARRC_INVALID_METADATA, "no type of integers or floats"},
      {CAST("\"data_type\": \"int8\", \"rounding\": \"up\""), ZARRC_INT8, ZARRC_INVALID_METADATA, "there is no \"up\""},
      {CAST("\"data_type\": \"int8\", \"out_of_range\": \"x\""), ZARRC_INT8, ZARRC_INVALID_METADATA,
       "there is no \"x\""},
      {CAST("\"data_type\": \"float32\", \"out_of_range\": \"wrap\""), ZARRC_INT8, ZARRC_INVALID_METADATA,
       "which only integers do"},
      {CAST("\"data_type\": \"int8\", \"scalar_map\": {\"x\": []}"), ZARRC_INT8, ZARRC_INVALID_METADATA, "scalar_map"},
      {CAST("\"data_type\": \"int8\", \"scalar_map\": {\"encode\": {}}"), ZARRC_INT8, ZARRC_INVALID_METADATA,
       "scalar_map.encode must be a list of pairs"},
      {CAST("\"data_type\": \"int8\", \"scalar_map\": {\"decode\": [[1]]}"), ZARRC_INT8, ZARRC_INVALID_METADATA,
       "scalar_map.decode must be a list of pairs"},
      {CAST("\"data_type\": \"int8\", \"scalar_map\": {\"encode\": [[1, 2], [3, 300]]}"), ZARRC_INT8,
       ZARRC_INVALID_METADATA, "scalar_map: 1: expected an integer from -128 to 127"},
      {CAST("\"data_type\": \"int8\""), ZARRC_STRING, ZARRC_INVALID_METADATA, "no integers or floats"},
      {CAST("\"data_type\": \"float8_e8m0fnu\""), ZARRC_INT8, ZARRC_INVALID_METADATA,
       "the fill value must stay the same"},
      {CAST("\"data_type\": \"int8\", \"mode\": 1"), ZARRC_INT8, ZARRC_INVALID_METADATA, "mode"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  static const char codecs[] =
      CHAIN("\"data_type\": \"int4\", \"scalar_map\": {\"encode\": [[100, 7]], \"decode\": [[7, 100]]}");
  float numbers[] = {3, 2, 100}, got[3];
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT32, 1, (int64_t[]){3});
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers),
             to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
  zarrc_ctx *ctx;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = chunk_there_and_back(ctx, codecs, &spec, &from, &to, "\3\2\7", 3);
  if (!status) assert_memory_equal(got, numbers, sizeof got);
  zarrc_ctx_close(ctx);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(maps),
      cmocka_unit_test(what_cannot_be_cast_is_named),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/floats.h"
#include "base/number_bits.h"
#include "support/chunk.h"
#include "support/context.h"
#include "support/files.h"
#include "support/filters.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCALE(configuration) "{\"name\": \"scale_offset\", \"configuration\": {" configuration "}}"

/* Writes bits of a type as a setting. */
static void put_setting(const zarrc_dtype *dtype, const char *bits, char text[64]) {
  _Alignas(8) uint8_t element[8];
  zarrc_buf buf = zarrc_buf_over(text, 63);
  zarrc_store_bits(element, dtype->item_size, strtoull(bits, NULL, 16));
  assert_int_equal(zarrc_fill_to_json(dtype, element, &buf, NULL), ZARRC_OK);
  text[buf.len] = 0;
}

static bool same_bits(zarrc_type type, uint64_t got, const char *text) {
  const zarrc_float_format *format = zarrc_float_format_of(type);
  if (!strcmp(text, "nan")) return zarrc_float_is_nan(format, got);
  return got == strtoull(text, NULL, 16);
}

/* One element through the codec, in either direction. */
static void check_pair(const zarrc_codec *codec, const zarrc_spec *spec, bool encode, char *pair) {
  _Alignas(8) uint8_t in[8], out[8] = {0};
  char *after = strchr(pair, ':');
  size_t nbytes = spec->dtype.item_size;
  zarrc_error error = {0};
  *after++ = 0;
  if (!strcmp(pair, "nan"))
    zarrc_store_bits(in, nbytes, zarrc_float_format_of(spec->dtype.type)->nan);
  else
    zarrc_store_bits(in, nbytes, strtoull(pair, NULL, 16));
  zarrc_view from = zarrc_view_c(&spec->dtype, 1, spec->shape, in),
             to = zarrc_view_c(&spec->dtype, 1, spec->shape, out);
  zarrc_codec_job job = {.spec = spec, .decoded = encode ? from : to, .encoded = encode ? to : from};
  zarrc_status status =
      encode ? zarrc_codec_encode(codec, &job, 1, &error) : zarrc_codec_decode(codec, &job, 1, &error);
  uint64_t got = zarrc_load_bits(out, nbytes);
  if ((status != ZARRC_OK) != (*after == '!') || (!status && !same_bits(spec->dtype.type, got, after)))
    fail_msg("%s %s becomes %s, not %llx (%s)", encode ? "encode" : "decode", pair, after, (unsigned long long)got,
             SAID(error));
}

/* tests/data/reals.txt has what zarr-python makes of numbers. */
static void as_zarr_python(void **state) {
  size_t n, nrows = 0;
  char *text = (char *)data_read("reals.txt", &n), *lines, *words;
  text = realloc(text, n + 1);
  text[n] = 0;
  for (char *line = strtok_r(text, "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
    bool encode = line[0] == 'e';
    char offset[64], scale[64], json[300];
    _Alignas(8) uint8_t fill[8];
    zarrc_dtype dtype;
    if (line[0] == 'c') continue;
    strtok_r(line, " ", &words);
    assert_int_equal(zarrc_dtype_parse(*state, strtok_r(NULL, " ", &words), &dtype, NULL), ZARRC_OK);
    char *bits = strtok_r(NULL, " ", &words);
    zarrc_store_bits(fill, dtype.item_size, strtoull(bits, NULL, 16));
    put_setting(&dtype, bits, offset);
    put_setting(&dtype, strtok_r(NULL, " ", &words), scale);
    snprintf(json, sizeof json, SCALE("\"offset\": %s, \"scale\": %s"), offset, scale);
    zarrc_spec spec = chunk_spec(dtype.type, 1, (int64_t[]){1});
    spec.fill = fill; /* the offset, which is in range when it is encoded */
    zarrc_codec *codec = chunk_codec(*state, json, &spec);
    for (char *pair; (pair = strtok_r(NULL, " ", &words)); nrows++) check_pair(codec, &spec, encode, pair);
    zarrc_codec_close(codec);
  }
  assert_true(nrows > 1000);
  free(text);
}

static void bad_settings_are_refused(void **state) {
  static const filters_refusal rows[] = {
      {SCALE("\"offset\": \"x\""), ZARRC_INT8, ZARRC_INVALID_METADATA, "configuration.offset: expected an integer"},
      {SCALE("\"offset\": 0.5"), ZARRC_INT8, ZARRC_INVALID_METADATA, "configuration.offset: expected an integer"},
      {SCALE("\"scale\": 300"), ZARRC_UINT8, ZARRC_INVALID_METADATA, "configuration.scale: expected an integer"},
      {SCALE("\"scale\": 0"), ZARRC_INT8, ZARRC_INVALID_METADATA, "by which integers cannot be divided"},
      {SCALE("\"offset\": 1"), ZARRC_UINT8, ZARRC_INVALID_METADATA, "the fill value 0 cannot be scaled"},
      {SCALE("\"factor\": 1"), ZARRC_UINT8, ZARRC_INVALID_METADATA, "factor"},
      {SCALE(""), ZARRC_COMPLEX64, ZARRC_INVALID_METADATA, "no integers or floats"},
      {SCALE(""), ZARRC_BOOL, ZARRC_INVALID_METADATA, "no integers or floats"},
      {SCALE(""), ZARRC_FLOAT8_E8M0FNU, ZARRC_INVALID_METADATA, "the type has no 0"},
  };
  filters_check_refused(*state, rows, sizeof rows / sizeof *rows);
}

static void allocations_may_fail(void **state) {
  (void)state;
  filters_check_allocations(SCALE("\"offset\": 1, \"scale\": 2"), ZARRC_FLOAT32);
}

/* The fill value is scaled, too; what is out of range is named. */
static void fill_and_errors(void **state) {
  uint8_t fill = 100, in = 99, out;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){1}), encoded;
  spec.fill = &fill;
  zarrc_codec *codec = chunk_codec(*state, SCALE("\"offset\": 100, \"scale\": 2"), &spec);
  zarrc_error error = {0};
  assert_int_equal(zarrc_codec_resolve(codec, &spec, &encoded, NULL), ZARRC_OK);
  assert_int_equal(*(const uint8_t *)encoded.fill, 0);
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 1, spec.shape, &in),
                         .encoded = zarrc_view_c(&spec.dtype, 1, spec.shape, &out)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, &error), ZARRC_INVALID_ARGUMENT);
  assert_string_equal(error.message, "99 cannot be scaled: the result is outside the range of dtype uint8");
  out = 3;
  assert_int_equal(zarrc_codec_decode(codec, &job, 1, &error), ZARRC_CORRUPT);
  assert_string_equal(error.message, "3 cannot be scaled back: its division by the scale has a non-zero remainder");
  zarrc_codec_close(codec);
}

/* Small floats are rounded after each step. */
static void small_floats(void **state) {
  static const uint8_t in[] = {0x00, 0x02, 0x04, 0x07}, expected[] = {0x09, 0x01, 0x02, 0x07}; /* 0, 1, 2, 6 */
  uint8_t out[4];
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT4_E2M1FN, 1, (int64_t[]){4});
  zarrc_codec *codec = chunk_codec(*state, SCALE("\"offset\": 0.5"), &spec);
  zarrc_codec_job job = {.spec = &spec,
                         .decoded = zarrc_view_c(&spec.dtype, 1, spec.shape, (void *)(uintptr_t)in),
                         .encoded = zarrc_view_c(&spec.dtype, 1, spec.shape, out)};
  assert_int_equal(zarrc_codec_encode(codec, &job, 1, NULL), ZARRC_OK);
  assert_int_equal(out[0], expected[0]);
  assert_int_equal(out[1], expected[1]);
  zarrc_codec_close(codec);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_zarr_python),       cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(allocations_may_fail), cmocka_unit_test(fill_and_errors),
      cmocka_unit_test(small_floats),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

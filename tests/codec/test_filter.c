/* SPDX-License-Identifier: MIT */
/* What the filters share: how data types are spelled, how configurations are printed, and when codecs are equal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/said.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define ASTYPE(configuration) "{\"name\": \"numcodecs.astype\", \"configuration\": {" configuration "}}"
#define SCALED(configuration) "{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {" configuration "}}"

static zarrc_codec *open_codec(zarrc_ctx *ctx, const char *json) {
  zarrc_codec *codec = NULL;
  zarrc_error error;
  if (zarrc_codec_open(ctx, json, strlen(json), &codec, &error)) fail_msg("%s: %s", json, SAID(error));
  return codec;
}

static void spellings(void **state) {
  zarrc_ctx *ctx = *state;
  static const struct {
    const char *json;
    zarrc_type type;
    zarrc_endian endian;
  } rows[] = {
      {ASTYPE("\"encode_dtype\": \"<i4\""), ZARRC_INT32, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \">i4\""), ZARRC_INT32, ZARRC_BIG},
      {ASTYPE("\"encode_dtype\": \"=u2\""), ZARRC_UINT16, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \"f8\""), ZARRC_FLOAT64, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \"float32\""), ZARRC_FLOAT32, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \"|b1\""), ZARRC_BOOL, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \"?\""), ZARRC_BOOL, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \">u1\""), ZARRC_UINT8, ZARRC_LITTLE},
      {ASTYPE("\"encode_dtype\": \">c16\""), ZARRC_COMPLEX128, ZARRC_BIG},
  };
  int64_t shape[] = {3};
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, shape), out;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = open_codec(ctx, rows[i].json);
    assert_int_equal(zarrc_codec_resolve(codec, &spec, &out, NULL), ZARRC_OK);
    assert_int_equal(out.dtype.type, rows[i].type);
    /* in a spec the machine's order stands for little-endian */
    assert_int_equal(out.dtype.endian == ZARRC_NATIVE, rows[i].endian == ZARRC_LITTLE);
    char *json = chunk_codec_json(ctx, codec);
    assert_string_equal(json, rows[i].json);
    free(json);
    zarrc_codec_close(codec);
  }
}

/* Members are printed in their order, and those that evolve adds last; null is filled in where it stands. */
static void printing(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const rows[][2] = {
      {SCALED("\"scale\": 1e2, \"astype\": \"|u1\", \"offset\": -3"),
       SCALED("\"scale\": 100.0, \"astype\": \"|u1\", \"offset\": -3, \"dtype\": \"float64\"")},
      {SCALED("\"dtype\": null, \"id\": \"fixedscaleoffset\", \"offset\": 0.5, \"scale\": 10, \"astype\": null"),
       SCALED("\"dtype\": \"float64\", \"offset\": 0.5, \"scale\": 10, \"astype\": null")},
  };
  int64_t shape[] = {3};
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 1, shape);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_codec *codec = chunk_codec(ctx, rows[i][0], &spec), *again;
    char *json = chunk_codec_json(ctx, codec);
    assert_string_equal(json, rows[i][1]);
    again = open_codec(ctx, json);
    assert_true(zarrc_codec_equal(codec, again));
    free(json);
    zarrc_codec_close(again);
    again = open_codec(ctx, rows[i][0]);
    assert_false(zarrc_codec_equal(codec, again)); /* not decided yet */
    zarrc_codec_close(again);
    zarrc_codec_close(codec);
  }
}

/* The fill value of encoded chunks is that of the decoded ones as the other type, once the codec is evolved. */
static void fill_values(void **state) {
  zarrc_ctx *ctx = *state;
  int64_t shape[] = {3};
  int16_t fill = -7;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, shape), out;
  spec.fill = &fill;
  zarrc_codec *codec = chunk_codec(ctx, ASTYPE("\"encode_dtype\": \">f8\""), &spec);
  assert_int_equal(zarrc_codec_resolve(codec, &spec, &out, NULL), ZARRC_OK);
  double encoded;
  memcpy(&encoded, out.fill, sizeof encoded);
  assert_true(encoded <= -7 && encoded >= -7);
  zarrc_codec_close(codec);
}

/* A chunk whose bytes are big-endian already is read as such; one whose bytes are not has them reversed. */
static void nominal_byte_order(void **state) {
  zarrc_ctx *ctx = *state;
  int64_t shape[] = {2};
  int16_t in[] = {1, 258};
  for (int big = 0; big < 2; big++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, shape);
    if (big) spec.dtype.endian = ZARRC_NATIVE == ZARRC_BIG ? ZARRC_LITTLE : ZARRC_BIG;
    zarrc_codec *codec = chunk_codec(ctx, ASTYPE("\"encode_dtype\": \"<i4\", \"decode_dtype\": \">i2\""), &spec);
    zarrc_dtype native = zarrc_dtype_of(ZARRC_INT16), wide = zarrc_dtype_of(ZARRC_INT32);
    int32_t out[2];
    zarrc_codec_job job = {
        .spec = &spec, .decoded = zarrc_view_c(&native, 1, shape, in), .encoded = zarrc_view_c(&wide, 1, shape, out)};
    assert_int_equal(zarrc_codec_encode(codec, &job, 1, NULL), ZARRC_OK);
    assert_int_equal(out[0], big ? 1 : 256);
    assert_int_equal(out[1], big ? 258 : 513);
    zarrc_codec_close(codec);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spellings),
      cmocka_unit_test(printing),
      cmocka_unit_test(fill_values),
      cmocka_unit_test(nominal_byte_order),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

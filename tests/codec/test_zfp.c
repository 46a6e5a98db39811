/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/golden.h"
#include "support/needs.h"
#include "support/said.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define ZFP(settings) "[{\"name\": \"zfp\", \"configuration\": {\"mode\": " settings "}}]"
#define REVERSIBLE    ZFP("\"reversible\"")
#define EXPERT(minbits, maxbits, maxprec, minexp)                                                                      \
  ZFP("\"expert\", \"minbits\": " minbits ", \"maxbits\": " maxbits ", \"maxprec\": " maxprec ", \"minexp\": " minexp)
#define ZFPY(settings) "[{\"name\": \"numcodecs.zfpy\", \"configuration\": {" settings "}}]"

/* What zfpy and numcodecs have made. */
static void chunks_of_others(void **state) {
  assert_int_equal(golden_check(*state, "zfp.txt", "zfp"), 86);
  assert_int_equal(golden_check(*state, "zfp.txt", "numcodecs.zfpy"), 16);
}

/* Reads a region of a chunk (NULL: all of it) into packed memory. */
static zarrc_status read_part(const zarrc_pipeline *p, zarrc_ctx *ctx, const void *value, size_t n,
                              const zarrc_region *region, void *out, zarrc_error *error) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view to = zarrc_view_c(&spec->dtype, spec->ndim, region ? region->count : spec->shape, out);
  zarrc_memory_blob blob;
  uint8_t *exact = malloc(n ? n : 1);
  memcpy(exact, value, n);
  zarrc_memory_blob_init(&blob, ctx, exact, n);
  blob.present = true;
  zarrc_status status = zarrc_read(p, &blob.blob, region, &to, NULL, error);
  zarrc_memory_blob_clear(&blob);
  free(exact);
  return status;
}

static zarrc_status read_value(const zarrc_pipeline *p, zarrc_ctx *ctx, const void *value, size_t n, void *out,
                               zarrc_error *error) {
  return read_part(p, ctx, value, n, NULL, out, error);
}

/* Chunks that a codec refuses, when the pipeline is opened. */
static void what_is_refused(void **state) {
  static const struct {
    const char *codecs;
    zarrc_type type;
    int ndim;
    int64_t shape[5];
    const char *words; /* NULL: nothing is wrong */
  } rows[] = {
      {REVERSIBLE, ZARRC_INT32, 0, {0}, NULL},
      {REVERSIBLE, ZARRC_UINT2, 4, {1, 2, 3, 4}, NULL},
      {REVERSIBLE, ZARRC_DATETIME64, 1, {3}, NULL},
      {REVERSIBLE, ZARRC_INT32, 5, {1, 1, 1, 1, 1}, "up to 4 axes, not 5"},
      {REVERSIBLE, ZARRC_BOOL, 1, {3}, "not one of integers, float32 and float64"},
      {REVERSIBLE, ZARRC_FLOAT16, 1, {3}, "not one of integers, float32 and float64"},
      {REVERSIBLE, ZARRC_COMPLEX64, 1, {3}, "not one of integers, float32 and float64"},
      {ZFPY(""), ZARRC_UINT32, 1, {3}, "not one of int32, int64, float32 and float64"},
      {ZFPY(""), ZARRC_INT16, 1, {3}, "not one of int32, int64, float32 and float64"},
      {ZFPY(""), ZARRC_INT32, 4, {4096, 1, 1, 1}, NULL},
      {ZFPY(""), ZARRC_INT32, 4, {4097, 1, 1, 1}, "a stream of 4 axes has up to 4096"},
      {REVERSIBLE, ZARRC_INT32, 4, {4097, 1, 1, 1}, NULL},
      {EXPERT("1", "9", "64", "0"), ZARRC_FLOAT32, 1, {3}, NULL},
      {EXPERT("1", "8", "64", "0"), ZARRC_FLOAT32, 1, {3}, "maxbits is 8, but a block of this type needs 9"},
      {EXPERT("1", "11", "64", "0"), ZARRC_FLOAT64, 1, {3}, "needs 12"},
      {EXPERT("1", "14", "64", "-1075"), ZARRC_FLOAT32, 1, {3}, "needs 15"},
      {EXPERT("1", "18", "64", "-1075"), ZARRC_FLOAT64, 1, {3}, "needs 19"},
      {EXPERT("1", "4", "64", "-1075"), ZARRC_INT32, 1, {3}, "needs 5"},
      {EXPERT("1", "5", "64", "-1075"), ZARRC_INT64, 1, {3}, "needs 6"},
      {EXPERT("1", "1", "64", "0"), ZARRC_INT64, 1, {3}, NULL},
      {ZFP("\"fixed_rate\", \"rate\": 0.01"), ZARRC_INT32, 1, {3}, "leaves no bit"},
      {ZFP("\"fixed_rate\", \"rate\": 0.01"), ZARRC_INT32, 4, {4, 4, 4, 4}, NULL},
  };
  needs_codec("zfp");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = chunk_spec(rows[i].type, rows[i].ndim, rows[i].shape);
    zarrc_pipeline *p = NULL;
    zarrc_error error = {0};
    zarrc_status status = zarrc_pipeline_open(*state, rows[i].codecs, strlen(rows[i].codecs), &spec, &p, &error);
    if (status != (rows[i].words ? ZARRC_INVALID_METADATA : ZARRC_OK) ||
        (status && !strstr(SAID(error), rows[i].words)))
      fail_msg("row %zu: %s", i, SAID(error));
    zarrc_pipeline_close(p);
  }
}

/* Elements that zfp would not give back as they are. */
static void elements_that_are_refused(void **state) {
  static const char lossy[] = ZFP("\"fixed_precision\", \"precision\": 60");
  double numbers[2][3] = {{1, NAN, 3}, {1, 2, -INFINITY}}, got[3];
  uint32_t large[3] = {1, 0x80000000u, 3};
  zarrc_spec spec = chunk_spec(ZARRC_FLOAT64, 1, (int64_t[]){3});
  zarrc_parts parts;
  zarrc_error error = {0};
  needs_codec("zfp");
  zarrc_parts_init(&parts, *state);
  for (int i = 0; i < 2; i++) {
    zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers[i]),
               to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
    zarrc_pipeline *p = chunk_pipeline(*state, lossy, &spec);
    assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
    assert_non_null(strstr(SAID(error), "not finite"));
    zarrc_pipeline_close(p);
    assert_int_equal(chunk_there_and_back(*state, REVERSIBLE, &spec, &from, &to, NULL, 0), ZARRC_OK);
    assert_memory_equal(got, numbers[i], sizeof got);
  }
  spec = chunk_spec(ZARRC_UINT32, 1, (int64_t[]){3});
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, large);
  zarrc_pipeline *p = chunk_pipeline(*state, REVERSIBLE, &spec);
  assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(SAID(error), "above 2147483647"));
  zarrc_pipeline_close(p);
  zarrc_parts_clear(&parts);
}

/* What follows a stream, and what is missing; more than 8 bytes of either are no padding. */
static void streams_that_are_cut_or_longer(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){40, 30});
  int32_t *numbers = chunk_numbers(&spec), *got = malloc(sizeof(int32_t) * 1200);
  size_t n;
  zarrc_error error = {0};
  needs_codec("zfp");
  zarrc_pipeline *p = chunk_pipeline(*state, REVERSIBLE, &spec);
  uint8_t *bytes = chunk_encode(*state, p, numbers, &n), *longer = calloc(1, n + 8);
  memcpy(longer, bytes, n);
  assert_int_equal(n % 8, 0);
  assert_int_equal(read_value(p, *state, bytes, n, got, NULL), ZARRC_OK);
  assert_memory_equal(got, numbers, 4800);
  assert_int_equal(read_value(p, *state, longer, n + 8, got, &error), ZARRC_CORRUPT);
  assert_non_null(strstr(SAID(error), "8 bytes follow the compressed data"));
  for (size_t cut = 8; cut <= n; cut += 8) {
    assert_int_equal(read_value(p, *state, bytes, n - cut, got, &error), ZARRC_TRUNCATED);
    assert_non_null(strstr(SAID(error), "of 80"));
  }
  zarrc_size size = zarrc_codec_encoded_size(zarrc_pipeline_codec(p, 0), &spec, 4800);
  assert_int_equal(size.kind, ZARRC_SIZE_AT_MOST);
  assert_true(size.nbytes >= n);
  free(longer);
  free(bytes);
  free(got);
  free(numbers);
  zarrc_pipeline_close(p);
}

/* Of blocks that are as long as each other only those are decoded that a part needs; but a stream that is cut, or
 * longer, is refused whichever part is read. */
static void parts_at_a_fixed_rate(void **state) {
  static const char *const chains[] = {ZFP("\"fixed_rate\", \"rate\": 16"), ZFPY("\"mode\": 2, \"rate\": 16")};
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){40, 30});
  needs_codec("zfp");
  int32_t *numbers = chunk_numbers(&spec), all[1200], got[1200];
  for (int i = 0; i < 2; i++) {
    zarrc_error error = {0};
    zarrc_pipeline *p = chunk_pipeline(*state, chains[i], &spec);
    size_t n;
    uint8_t *bytes = chunk_encode(*state, p, numbers, &n), *longer = calloc(1, n + 8);
    memcpy(longer, bytes, n);
    assert_int_equal(read_value(p, *state, bytes, n, all, NULL), ZARRC_OK);
    for (int64_t at = 0; at < 30; at++) {
      zarrc_region part = chunk_region(2, (int64_t[]){at, 29 - at}, (int64_t[]){5, 1 + at / 3}, (int64_t[]){2, 1});
      assert_int_equal(read_part(p, *state, bytes, n, &part, got, NULL), ZARRC_OK);
      for (int64_t k = 0; k < part.count[0] * part.count[1]; k++)
        assert_int_equal(got[k], all[(at + 2 * (k / part.count[1])) * 30 + 29 - at + k % part.count[1]]);
      assert_int_equal(read_part(p, *state, longer, n + 8, &part, got, NULL), ZARRC_CORRUPT);
      assert_int_equal(read_part(p, *state, bytes, n - 8, &part, got, &error), ZARRC_TRUNCATED);
      assert_non_null(strstr(SAID(error), "of 80"));
      assert_int_equal(read_part(p, *state, bytes, 0, &part, got, NULL), i ? ZARRC_CORRUPT : ZARRC_TRUNCATED);
    }
    free(longer);
    free(bytes);
    zarrc_pipeline_close(p);
  }
  free(numbers);
}

/* Noise is the worst that can be compressed: the size that is told beforehand is enough in every mode. */
static void noise(void **state) {
  static const char *const chains[] = {REVERSIBLE,
                                       ZFP("\"fixed_accuracy\", \"tolerance\": 0"),
                                       ZFP("\"fixed_precision\", \"precision\": 64"),
                                       ZFP("\"fixed_rate\", \"rate\": 128"),
                                       EXPERT("32768", "40000", "64", "-1074"),
                                       ZFPY("\"mode\": 3, \"precision\": 64")};
  static const zarrc_type types[] = {ZARRC_INT32, ZARRC_INT64, ZARRC_FLOAT32, ZARRC_FLOAT64};
  needs_codec("zfp");
  for (int i = 0; i < 6 * 4 * 4; i++) {
    int ndim = 1 + i % 4;
    zarrc_spec spec = chunk_spec(types[i / 4 % 4], ndim, (int64_t[]){5, 4, 3, 2});
    size_t n = 0, nbytes = (size_t)zarrc_spec_nitems(&spec) * spec.dtype.item_size;
    uint8_t *numbers = malloc(nbytes), *got = malloc(nbytes);
    uint32_t random = (uint32_t)i;
    for (size_t k = 0; k < nbytes; k++) numbers[k] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (size_t k = 0; k < nbytes; k += 4) numbers[k + (ZARRC_NATIVE_IS_BIG ? 0 : 3)] &= 0xbf; /* finite */
    zarrc_pipeline *p = chunk_pipeline(*state, chains[i / 16], &spec);
    uint8_t *bytes = chunk_encode(*state, p, numbers, &n);
    assert_true(n <= zarrc_codec_encoded_size(zarrc_pipeline_codec(p, 0), &spec, nbytes).nbytes);
    assert_int_equal(read_value(p, *state, bytes, n, got, NULL), ZARRC_OK);
    if (i < 16) assert_memory_equal(got, numbers, nbytes);
    zarrc_pipeline_close(p);
    free(bytes);
    free(numbers);
    free(got);
  }
}

/* A header says what numcodecs decodes, whatever the configuration is; but it must be about such a chunk. */
static void headers(void **state) {
  zarrc_spec flat = chunk_spec(ZARRC_FLOAT32, 1, (int64_t[]){24}),
             deep = chunk_spec(ZARRC_FLOAT32, 3, (int64_t[]){2, 3, 4}),
             other = chunk_spec(ZARRC_FLOAT32, 1, (int64_t[]){23}), wide = chunk_spec(ZARRC_INT32, 1, (int64_t[]){24});
  float numbers[24], got[24];
  size_t n;
  zarrc_error error = {0};
  needs_codec("zfp");
  for (int i = 0; i < 24; i++) numbers[i] = (float)i * 1.5f;
  zarrc_pipeline *p = chunk_pipeline(*state, ZFPY(""), &flat);
  uint8_t *bytes = chunk_encode(*state, p, numbers, &n);
  zarrc_pipeline_close(p);
  p = chunk_pipeline(*state, ZFPY("\"mode\": 2, \"rate\": 4"), &deep);
  assert_int_equal(read_value(p, *state, bytes, n, got, NULL), ZARRC_OK);
  assert_memory_equal(got, numbers, sizeof got);
  zarrc_pipeline_close(p);
  for (int i = 0; i < 2; i++) {
    p = chunk_pipeline(*state, ZFPY(""), i ? &wide : &other);
    assert_int_equal(read_value(p, *state, bytes, n, got, &error), ZARRC_CORRUPT);
    assert_non_null(strstr(SAID(error), i ? "another type" : "another number of elements"));
    zarrc_pipeline_close(p);
  }
  free(bytes);
}

/* Without libzfp the codecs can be opened, and say what is missing. */
static void without_the_library(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 1, (int64_t[]){4});
  zarrc_pipeline *p = NULL;
  zarrc_error error = {0};
  zarrc_status status = zarrc_pipeline_open(*state, REVERSIBLE, strlen(REVERSIBLE), &spec, &p, &error);
  assert_int_equal(status, zarrc_codec_is_available(*state, "zfp") ? ZARRC_OK : ZARRC_UNSUPPORTED);
  if (status) assert_non_null(strstr(SAID(error), "zarrc was built without libzfp"));
  zarrc_pipeline_close(p);
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 2, (int64_t[]){3, 4});
  int16_t *numbers = chunk_numbers(&spec), got[12];
  zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers + 11),
             to = zarrc_view_c(&spec.dtype, 2, spec.shape, got + 11);
  zarrc_ctx *ctx;
  (void)arg;
  for (int i = 0; i < 2; i++) { /* backwards, so that both are copied */
    from.stride[i] = -from.stride[i];
    to.stride[i] = -to.stride[i];
  }
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) {
    status = chunk_there_and_back(ctx, REVERSIBLE, &spec, &from, &to, NULL, 0);
    if (!status) assert_memory_equal(got, numbers, sizeof got);
    zarrc_ctx_close(ctx);
  }
  free(numbers);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  needs_codec("zfp");
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, NULL) > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chunks_of_others),
      cmocka_unit_test(what_is_refused),
      cmocka_unit_test(elements_that_are_refused),
      cmocka_unit_test(streams_that_are_cut_or_longer),
      cmocka_unit_test(parts_at_a_fixed_rate),
      cmocka_unit_test(noise),
      cmocka_unit_test(headers),
      cmocka_unit_test(without_the_library),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/needs.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

static void arguments_are_checked(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 2, (int64_t[]){4, 6});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}]", &spec);
  int16_t to[24];
  counting_blob blob;
  counting_blob_init(&blob, ctx, to, sizeof to, false);
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, to), other = view;
  zarrc_region r = zarrc_region_all(2, spec.shape);
  other.dtype = zarrc_dtype_of(ZARRC_UINT16);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &other, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  other = view;
  other.ndim = 1;
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &other, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  other = view;
  other.shape[1] = 5;
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &other, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  r.start[0] = 1;
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  r = zarrc_region_all(2, spec.shape);
  r.step[1] = 0;
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  assert_int_equal(blob.nreads, 0);
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* Nothing stored is no error: the view is filled, and the caller told. */
static void what_is_missing_is_filled(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, {\"name\": \"gzip\"}, \"crc32c\"]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3]}}]",
      ("[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, "
       "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3, 2]}}, {\"name\": \"zstd\"}]")};
  int32_t fill = 0x01020304;
  for (int k = 0; k < 3; k++)
    for (int big = 0; big < 2; big++) {
      zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
      spec.fill = &fill;
      zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
      uint8_t to[24 * 4], expected[4];
      zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, to);
      view.dtype.endian = big ? ZARRC_BIG : ZARRC_LITTLE;
      for (int i = 0; i < 4; i++) expected[i] = (uint8_t)(big ? i + 1 : 4 - i);
      bool missing = false;
      zarrc_memory_blob blob;
      zarrc_memory_blob_init(&blob, ctx, NULL, 0);
      assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, &missing, NULL), ZARRC_OK);
      assert_true(missing);
      for (int i = 0; i < 24; i++) assert_memory_equal(to + 4 * i, expected, 4);
      zarrc_memory_blob_clear(&blob);
      zarrc_pipeline_close(p);
    }
}

/* An array→array codec that computes: every number is stored times two. */
static zarrc_status twice_open(zarrc_codec *codec, const char *configuration, size_t n, zarrc_error *error) {
  (void)codec, (void)configuration, (void)n, (void)error;
  return ZARRC_OK;
}

static zarrc_status scale(const zarrc_view *from, const zarrc_view *to, int factor, int divisor) {
  zarrc_copy(to, from);
  for (int64_t i = 0; i < to->shape[0]; i++)
    for (int64_t j = 0; j < to->shape[1]; j++) {
      int32_t *x = (int32_t *)((uint8_t *)to->data + i * to->stride[0] + j * to->stride[1]);
      *x = *x * factor / divisor;
    }
  return ZARRC_OK;
}

static zarrc_status twice_encode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *decoded,
                                 const zarrc_view *encoded, zarrc_error *error) {
  (void)codec, (void)spec, (void)error;
  return scale(decoded, encoded, 2, 1);
}

static zarrc_status twice_decode(const zarrc_codec *codec, const zarrc_spec *spec, const zarrc_view *encoded,
                                 const zarrc_view *decoded, zarrc_error *error) {
  (void)codec, (void)spec, (void)error;
  return scale(encoded, decoded, 1, 2);
}

static const zarrc_codec_class twice = {.struct_size = sizeof(zarrc_codec_class),
                                        .name = "example.twice",
                                        .kind = ZARRC_ARRAY_TO_ARRAY,
                                        .fixed_size = true,
                                        .open = twice_open,
                                        .u.aa = {.encode = twice_encode, .decode = twice_decode}};

static void codecs_that_compute(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[\"example.twice\", {\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]",
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, \"example.twice\", \"example.twice\", "
      "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3, 2]}}, {\"name\": \"zstd\"}]"};
  assert_int_equal(zarrc_register_codec(ctx, &twice, NULL), ZARRC_OK);
  for (int k = 0; k < 2; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    int32_t *numbers = chunk_numbers(&spec), to[24], more[2] = {100, 200};
    zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers), view = from;
    zarrc_region r = chunk_region(2, (int64_t[]){1, 2}, (int64_t[]){2, 1}, NULL);
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, NULL, 0);
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, NULL), ZARRC_OK);
    view.data = to;
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_OK);
    assert_memory_equal(to, numbers, sizeof to);
    if (k == 0) assert_memory_equal(blob.value.ptr + 3 * 4, "\x08\0\0", 4); /* little-endian, as the chain says */
    zarrc_view part = zarrc_view_c(&spec.dtype, 2, r.count, more);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &part}, false, NULL), ZARRC_OK);
    numbers[8] = 100;
    numbers[14] = 200;
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_OK);
    assert_memory_equal(to, numbers, sizeof to);
    memset(more, 0, sizeof more);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &part, NULL, NULL), ZARRC_OK);
    assert_true(more[0] == 100 && more[1] == 200);
    zarrc_memory_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* Through codecs that compute each element by itself, one element is read by reading one element. */
static void elements_alone(void **state) {
  zarrc_ctx *ctx = *state;
  static const struct {
    const char *chain;
    size_t item; /* bytes of a stored element */
  } rows[] = {
      {"[{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<i8\"}}, ", 8},
      {"[{\"name\": \"numcodecs.fixedscaleoffset\", \"configuration\": {\"offset\": 3, \"scale\": 2, \"astype\": "
       "\"<i2\"}}, {\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, ",
       2},
      {"[{\"name\": \"numcodecs.astype\", \"configuration\": {\"encode_dtype\": \"<f4\"}}, {\"name\": "
       "\"numcodecs.quantize\", \"configuration\": {\"digits\": 3}}, {\"name\": \"bitround\", \"configuration\": "
       "{\"keepbits\": 12}}, ",
       4},
      {"[{\"name\": \"bitround\", \"configuration\": {\"keepbits\": 31}}, ", 4},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    char chain[500];
    snprintf(chain, sizeof chain, "%s{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]",
             rows[k].chain);
    zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){40, 60});
    zarrc_pipeline *p = chunk_pipeline(ctx, chain, &spec);
    int32_t *numbers = chunk_numbers(&spec), one = 0;
    size_t n;
    uint8_t *encoded = chunk_encode(ctx, p, numbers, &n);
    assert_int_equal(n, 2400 * rows[k].item);
    counting_blob blob;
    counting_blob_init(&blob, ctx, encoded, n, false);
    zarrc_region r = chunk_region(2, (int64_t[]){17, 31}, (int64_t[]){1, 1}, NULL);
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, &one);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
    assert_int_equal(one, numbers[17 * 60 + 31]);
    assert_int_equal(blob.nread, rows[k].item);
    view.dtype.endian = ZARRC_NATIVE_IS_BIG ? ZARRC_LITTLE : ZARRC_BIG;
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
    assert_int_equal((int32_t)__builtin_bswap32((uint32_t)one), numbers[17 * 60 + 31]);
    counting_blob_clear(&blob);
    free(encoded);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* Of one element the step means nothing, however large it is. */
static void steps_beyond_all_bounds(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]",
      "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, {\"name\": \"zstd\"}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3]}}]"};
  for (int k = 0; k < 3; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    int32_t *numbers = chunk_numbers(&spec), to[3] = {0}, minus[3] = {-1, -2, -3};
    zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers);
    zarrc_region r = chunk_region(2, (int64_t[]){2, 1}, (int64_t[]){1, 3}, (int64_t[]){INT64_MAX, 2});
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, r.count, to), other = view;
    zarrc_memory_blob blob;
    zarrc_memory_blob_init(&blob, ctx, NULL, 0);
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
    for (int i = 0; i < 3; i++) assert_int_equal(to[i], numbers[12 + 1 + 2 * i]);
    other.data = minus;
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &other}, false, NULL), ZARRC_OK);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, NULL, NULL), ZARRC_OK);
    assert_memory_equal(to, minus, sizeof to);
    zarrc_memory_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* A view of text that has nowhere to put it. */
static void text_needs_an_arena(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_text fill = {(const uint8_t *)"none", 4}, to[2];
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){2});
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"vlen-utf8\"]", &spec);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, to);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_pipeline_close(p);
}

/* An error says which codec, and where. */
static void errors_name_the_place(void **state) {
  zarrc_ctx *ctx = *state;
#define SHARDS                                                                                                         \
  "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 3], "                                     \
  "\"codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}, \"crc32c\"]}}"
  static const char codecs[] = "[" SHARDS "]", wrapped[] = "[" SHARDS ", \"crc32c\"]",
                    around[] = "[\"bytes\", \"crc32c\"]";
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  int32_t *numbers = chunk_numbers(&spec), to[24];
  size_t n;
  uint8_t *encoded = chunk_encode(ctx, p, numbers, &n);
  encoded[28 * 2 + 5] ^= 1; /* the third inner chunk in Morton order: 0,1 */
  zarrc_memory_blob blob;
  zarrc_error error;
  zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, to);
  zarrc_memory_blob_init(&blob, ctx, encoded, n);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, &error), ZARRC_CHECKSUM);
  if (strncmp(SAID(error), "inner chunk 0,1, byte 56: codec crc32c: ", 40)) fail_msg("%s", SAID(error));
  assert_string_equal(error.codec, "crc32c");
  assert_string_equal(error.inner_chunk, "0,1");
  assert_int_equal(error.offset, 56);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);

  zarrc_spec bytes = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){(int64_t)n});
  zarrc_pipeline *outer = chunk_pipeline(ctx, around, &bytes);
  uint8_t *stored = chunk_encode(ctx, outer, encoded, &n);
  p = chunk_pipeline(ctx, wrapped, &spec);
  zarrc_memory_blob_init(&blob, ctx, stored, n);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, &error), ZARRC_CHECKSUM);
  assert_true(said_first(&error, "inner chunk 0,1: codec crc32c: ")); /* byte 56 of what is decoded is none of these */
  assert_int_equal(error.offset, -1);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(outer);
  zarrc_pipeline_close(p);
  free(stored);
  free(encoded);
  free(numbers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arguments_are_checked),   cmocka_unit_test(what_is_missing_is_filled),
      cmocka_unit_test(codecs_that_compute),     cmocka_unit_test(elements_alone),
      cmocka_unit_test(steps_beyond_all_bounds), cmocka_unit_test(text_needs_an_arena),
      cmocka_unit_test(errors_name_the_place),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

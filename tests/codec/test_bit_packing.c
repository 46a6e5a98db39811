/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/floats.h"
#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A type, and the bits of each of its parts. */
static const struct kind {
  zarrc_type type;
  unsigned nbits, nparts;
  bool is_signed;
} kinds[] = {
    {ZARRC_BOOL, 1, 1, false},          {ZARRC_INT2, 2, 1, true},         {ZARRC_UINT2, 2, 1, false},
    {ZARRC_INT4, 4, 1, true},           {ZARRC_UINT4, 4, 1, false},       {ZARRC_FLOAT4_E2M1FN, 4, 1, false},
    {ZARRC_FLOAT6_E3M2FN, 6, 1, false}, {ZARRC_INT8, 8, 1, true},         {ZARRC_UINT8, 8, 1, false},
    {ZARRC_INT16, 16, 1, true},         {ZARRC_BFLOAT16, 16, 1, false},   {ZARRC_INT32, 32, 1, true},
    {ZARRC_UINT32, 32, 1, false},       {ZARRC_INT64, 64, 1, true},       {ZARRC_FLOAT64, 64, 1, false},
    {ZARRC_COMPLEX64, 32, 2, false},    {ZARRC_COMPLEX128, 64, 2, false}, {ZARRC_COMPLEX_FLOAT6_E2M3FN, 6, 2, false},
};
static const char *const paddings[] = {"none", "first_byte", "last_byte"};

static bool bit_at(const uint8_t *bytes, size_t i) {
  return bytes[i / 8] >> i % 8 & 1;
}

static void set_bit(uint8_t *bytes, size_t i, bool bit) {
  bytes[i / 8] = (uint8_t)((bytes[i / 8] & ~(1u << i % 8)) | (unsigned)bit << i % 8);
}

/* Bit k of a part of an element, in native byte order. */
static size_t bit_in_memory(const zarrc_dtype *dtype, const struct kind *kind, size_t part, size_t k) {
  size_t nbytes = dtype->item_size / kind->nparts, byte = ZARRC_NATIVE_IS_BIG ? nbytes - 1 - k / 8 : k / 8;
  return 8 * (part * nbytes + byte) + k % 8;
}

/* The codec bit by bit. Returns the bytes, and clears in the elements what is not stored. */
static uint8_t *pack(const zarrc_dtype *dtype, const struct kind *kind, unsigned first, unsigned last, int padding,
                     uint8_t *elements, size_t n, size_t *nbytes) {
  size_t nstored = last - first + 1, total = n * kind->nparts * nstored, at = padding == 1 ? 8 : 0;
  *nbytes = (total + 7) / 8 + (padding > 0);
  uint8_t *bytes = calloc(1, *nbytes ? *nbytes : 1);
  if (padding == 1) bytes[0] = (uint8_t)((8 - total % 8) % 8);
  if (padding == 2) bytes[*nbytes - 1] = (uint8_t)((8 - total % 8) % 8);
  for (size_t i = 0; i < n * kind->nparts; i++) {
    bool sign = bit_at(elements, bit_in_memory(dtype, kind, i, last));
    for (size_t k = 0; k < kind->nbits; k++) {
      size_t where = bit_in_memory(dtype, kind, i, k);
      if (k >= first && k <= last)
        set_bit(bytes, at++, bit_at(elements, where));
      else
        set_bit(elements, where, k > last && kind->is_signed && sign);
    }
  }
  return bytes;
}

static void read_and_compare(zarrc_ctx *ctx, const zarrc_pipeline *p, const uint8_t *bytes, size_t nbytes,
                             const uint8_t *elements) {
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  size_t item = spec->dtype.item_size, n = (size_t)zarrc_spec_nitems(spec);
  uint8_t *got = malloc(n * item + 1);
  zarrc_memory_blob blob;
  zarrc_error error = {0};
  zarrc_memory_blob_init(&blob, ctx, bytes, nbytes);
  blob.present = true;
  zarrc_view to = zarrc_view_c(&spec->dtype, 2, spec->shape, got + 1); /* at an odd address */
  if (zarrc_read(p, &blob.blob, NULL, &to, NULL, &error)) fail_msg("%s", SAID(error));
  assert_memory_equal(got + 1, elements, n * item);
  for (int64_t step = 1; step < 3; step++) {
    zarrc_region part = chunk_region(2, (int64_t[]){1, 2}, (int64_t[]){2, 2}, (int64_t[]){1, step});
    to = zarrc_view_c(&spec->dtype, 2, part.count, got);
    assert_int_equal(zarrc_read(p, &blob.blob, &part, &to, NULL, NULL), ZARRC_OK);
    for (size_t i = 0; i < 4; i++) {
      size_t number = (1 + i / 2) * (size_t)spec->shape[1] + 2 + i % 2 * (size_t)step;
      assert_memory_equal(got + i * item, elements + number * item, item);
    }
  }
  zarrc_memory_blob_clear(&blob);
  free(got);
}

static void check(zarrc_ctx *ctx, const struct kind *kind, unsigned first, unsigned last, int padding) {
  char codecs[200];
  zarrc_spec spec = chunk_spec(kind->type, 2, (int64_t[]){3, 7});
  size_t n = 21, nbytes, nencoded, item = spec.dtype.item_size;
  spec.options.write_empty_chunks = true;
  snprintf(codecs, sizeof codecs,
           "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"%s\", \"first_bit\": %u, "
           "\"last_bit\": %u}}]",
           paddings[padding], first, last);
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  uint8_t *elements = malloc(n * item);
  uint32_t x = 12345 + first * 64 + last;
  for (size_t i = 0; i < n * item; i++) {
    x = x * 1664525u + 1013904223u;
    elements[i] = (uint8_t)(x >> 24) & zarrc_type_mask(kind->type);
  }
  uint8_t *encoded = chunk_encode(ctx, p, elements, &nencoded);
  uint8_t *expected = pack(&spec.dtype, kind, first, last, padding, elements, n, &nbytes);
  if (nencoded != nbytes || memcmp(encoded, expected, nbytes) != 0)
    fail_msg("%s of %u bits: other bytes", codecs, kind->nbits);
  assert_int_equal(zarrc_codec_encoded_size(zarrc_pipeline_codec(p, 0), &spec, n * item).nbytes, nbytes);
  read_and_compare(ctx, p, expected, nbytes, elements);
  free(expected);
  free(encoded);
  free(elements);
  zarrc_pipeline_close(p);
}

static void every_type(void **state) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    for (int padding = 0; padding < 3; padding++) {
      unsigned nbits = kinds[i].nbits, middle = nbits / 2;
      check(*state, &kinds[i], 0, nbits - 1, padding);
      check(*state, &kinds[i], middle, nbits - 1, padding);
      check(*state, &kinds[i], 0, middle ? middle - 1 : 0, padding);
      check(*state, &kinds[i], nbits / 3, nbits / 3, padding);
    }
}

/* Written down by hand from the specification. */
static void known_bytes(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_INT4, 1, (int64_t[]){3});
  zarrc_pipeline *p = chunk_pipeline(*state, "[\"packbits\"]", &spec);
  size_t n;
  uint8_t *bytes = chunk_encode(*state, p, "\x0f\x02\x07", &n); /* -1, 2, 7 */
  assert_int_equal(n, 2);
  assert_memory_equal(bytes, "\x2f\x07", 2);
  free(bytes);
  zarrc_pipeline_close(p);
  spec = chunk_spec(ZARRC_BOOL, 1, (int64_t[]){9});
  p = chunk_pipeline(*state, "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"first_byte\"}}]",
                     &spec);
  bytes = chunk_encode(*state, p, "\1\1\0\0\0\0\0\0\1", &n);
  assert_int_equal(n, 3);
  assert_memory_equal(bytes, "\7\3\1", 3);
  free(bytes);
  zarrc_pipeline_close(p);
}

static void bad_settings_are_refused(void **state) {
#define PACK(configuration) "{\"name\": \"packbits\", \"configuration\": {" configuration "}}"
  static const struct {
    const char *codec;
    zarrc_type type;
    zarrc_status status;
    const char *words;
  } rows[] = {
      {PACK("\"padding_encoding\": \"start_byte\""), ZARRC_BOOL, ZARRC_INVALID_METADATA, "there is no \"start_byte\""},
      {PACK("\"first_bit\": -1"), ZARRC_INT8, ZARRC_INVALID_METADATA, "configuration.first_bit is -1"},
      {PACK("\"first_bit\": 3, \"last_bit\": 2"), ZARRC_INT8, ZARRC_INVALID_METADATA, "last_bit is below first_bit"},
      {PACK("\"last_bit\": 8"), ZARRC_INT8, ZARRC_INVALID_METADATA, "last_bit is 8, but the elements have 8 bits"},
      {PACK("\"first_bit\": 4"), ZARRC_UINT4, ZARRC_INVALID_METADATA, "first_bit is 4, but the elements have 4 bits"},
      {PACK("\"bits\": 4"), ZARRC_UINT4, ZARRC_INVALID_METADATA, "bits"},
      {PACK(""), ZARRC_DATETIME64, ZARRC_INVALID_METADATA, "no numbers"},
      {PACK(""), ZARRC_STRING, ZARRC_INVALID_METADATA, "no numbers"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char codecs[200];
    zarrc_spec spec = chunk_spec(rows[i].type, 1, (int64_t[]){2});
    zarrc_pipeline *p;
    zarrc_error error = {0};
    snprintf(codecs, sizeof codecs, "[%s]", rows[i].codec);
    zarrc_status status = zarrc_pipeline_open(*state, codecs, strlen(codecs), &spec, &p, &error);
    if (status != rows[i].status || !strstr(SAID(error), rows[i].words)) fail_msg("%s: %s", rows[i].codec, SAID(error));
  }
}

static void damage_is_found(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT4, 1, (int64_t[]){3});
  zarrc_pipeline *p = chunk_pipeline(
      *state, "[{\"name\": \"packbits\", \"configuration\": {\"padding_encoding\": \"last_byte\"}}]", &spec);
  static const struct {
    const char *bytes;
    size_t n;
    zarrc_status status;
  } rows[] = {{"\1\2\4", 3, ZARRC_OK},
              {"\1\xf2\4", 3, ZARRC_OK},
              {"\1\2\3", 3, ZARRC_CORRUPT},
              {"\1\2", 2, ZARRC_SIZE_MISMATCH},
              {"\1\2\4\4", 4, ZARRC_SIZE_MISMATCH},
              {"", 0, ZARRC_SIZE_MISMATCH}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint8_t got[3];
    zarrc_memory_blob blob;
    zarrc_error error = {0};
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
    zarrc_memory_blob_init(&blob, *state, rows[i].bytes, rows[i].n);
    blob.present = true;
    zarrc_status status = zarrc_read(p, &blob.blob, NULL, &to, NULL, &error);
    if (status != rows[i].status) fail_msg("row %zu: %s: %s", i, zarrc_status_name(status), SAID(error));
    if (!status) assert_memory_equal(got, "\1\0\2", 3);
    zarrc_memory_blob_clear(&blob);
  }
  zarrc_pipeline_close(p);
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  static const char codecs[] = "[\"packbits\"]";
  int16_t numbers[] = {3, 2, 1}, got[3];
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){3});
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers + 2),
             to = zarrc_view_c(&spec.dtype, 1, spec.shape, got);
  zarrc_ctx *ctx;
  (void)arg;
  from.stride[0] = -2;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  status = chunk_there_and_back(ctx, codecs, &spec, &from, &to, NULL, 0);
  if (!status) assert_true(got[0] == 1 && got[2] == 3);
  zarrc_ctx_close(ctx);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, NULL) > 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_type),
      cmocka_unit_test(known_bytes),
      cmocka_unit_test(bad_settings_are_refused),
      cmocka_unit_test(damage_is_found),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/faulty_alloc.h"
#include "support/golden.h"
#include "support/needs.h"
#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/codec.h>

#define TRANSPOSE(order) "{\"name\": \"transpose\", \"configuration\": {\"order\": " order "}}"
#define BYTES(endian)    "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"" endian "\"}}"
#define N5(codecs)       "{\"name\": \"n5_default\", \"configuration\": {\"codecs\": [" codecs "]}}"
#define PLAIN            TRANSPOSE("[1, 0]") ", " BYTES("big")
#define GZIP             "{\"name\": \"gzip\", \"configuration\": {\"level\": 1}}"

/* What tensorstore has made, and read of blocks that end with the array. */
static void blocks_of_others(void **state) {
  assert_int_equal(golden_check(*state, "n5.txt", "n5_default"), 59);
}

static void configurations(void **state) {
  static const struct {
    const char *json;
    zarrc_type type;
    zarrc_status status;
    const char *words;
  } rows[] = {
      {N5(PLAIN), ZARRC_INT16, ZARRC_OK, ""},
      {N5(TRANSPOSE("[1, 0]") ", \"bytes\""), ZARRC_UINT8, ZARRC_OK, ""},
      {N5(TRANSPOSE("[1, 0]") ", \"bytes\""), ZARRC_UINT16, ZARRC_INVALID_METADATA, "codecs: "},
      {N5(PLAIN ", \"crc32c\""), ZARRC_FLOAT64, ZARRC_OK, ""},
      {"\"n5_default\"", ZARRC_INT16, ZARRC_INVALID_METADATA, "configuration.codecs must be a list of codecs"},
      {"{\"name\": \"n5_default\", \"configuration\": {\"codecs\": [], \"mode\": 0}}", ZARRC_INT16,
       ZARRC_INVALID_METADATA, "mode"},
      {N5(""), ZARRC_INT16, ZARRC_INVALID_METADATA, "configuration.codecs must be a list of codecs"},
      {N5(BYTES("big")), ZARRC_INT16, ZARRC_INVALID_METADATA, "no more than one other codec"},
      {N5(PLAIN ", \"crc32c\", \"crc32c\""), ZARRC_INT16, ZARRC_INVALID_METADATA, "no more than one other codec"},
      {N5(BYTES("big") ", \"crc32c\""), ZARRC_INT16, ZARRC_INVALID_METADATA, "codecs[0] must be a transpose codec"},
      {N5(TRANSPOSE("[0, 1]") ", " BYTES("big")), ZARRC_INT16, ZARRC_INVALID_METADATA, "reverses the order"},
      {N5(TRANSPOSE("\"F\"") ", " BYTES("big")), ZARRC_INT16, ZARRC_INVALID_METADATA, "reverses the order"},
      {N5(TRANSPOSE("[2, 1, 0]") ", " BYTES("big")), ZARRC_INT16, ZARRC_INVALID_METADATA,
       "has 3 axes, the chunk has 2"},
      {N5(TRANSPOSE("[1, 0]") ", " BYTES("little")), ZARRC_INT16, ZARRC_INVALID_METADATA, "the byte order \"big\""},
      {N5(TRANSPOSE("[1, 0]") ", \"vlen-utf8\""), ZARRC_STRING, ZARRC_INVALID_METADATA, "must be the codec bytes"},
      {N5(PLAIN ", " BYTES("big")), ZARRC_INT16, ZARRC_INVALID_METADATA, "a codec from bytes to bytes"},
      {N5(TRANSPOSE("[1, 0]") ", \"nope\""), ZARRC_INT16, ZARRC_UNSUPPORTED, "configuration.codecs[1]: "},
      {N5(PLAIN), ZARRC_BOOL, ZARRC_INVALID_METADATA, "not the type of the chunk"},
      {N5(PLAIN), ZARRC_FLOAT16, ZARRC_INVALID_METADATA, "not the type of the chunk"},
      {N5(PLAIN), ZARRC_COMPLEX64, ZARRC_INVALID_METADATA, "not the type of the chunk"},
      {N5(PLAIN), ZARRC_INT4, ZARRC_INVALID_METADATA, "not the type of the chunk"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = chunk_spec(rows[i].type, 2, (int64_t[]){2, 3});
    zarrc_codec *codec = NULL, *evolved = NULL;
    zarrc_error error = {0};
    zarrc_status status = zarrc_codec_open(*state, rows[i].json, strlen(rows[i].json), &codec, &error);
    if (!status) status = zarrc_codec_evolve(codec, &spec, &evolved, &error);
    if (!status) {
      char *json = chunk_codec_json(*state, evolved);
      if (i == 0) assert_string_equal(json, rows[i].json);
      free(json);
      assert_true(zarrc_codec_equal(codec, evolved));
    }
    if (status != rows[i].status || !strstr(SAID(error), rows[i].words))
      fail_msg("%s: %s: %s", rows[i].json, zarrc_status_name(status), SAID(error));
    zarrc_codec_close(codec);
    zarrc_codec_close(evolved);
  }
}

/* Edges of blocks are numbers of four bytes. */
static void blocks_that_are_too_long(void **state) {
  static const int64_t long_edges[] = {1, (int64_t)UINT32_MAX + 1};
  static const zarrc_grid_axis axes[2] = {{2, long_edges, long_edges}};
  zarrc_spec spec = chunk_spec(ZARRC_INT8, 2, (int64_t[]){2, UINT32_MAX});
  zarrc_grid grid = {.kind = ZARRC_REGULAR, .ndim = 2, .chunk_shape = {2, UINT32_MAX}};
  zarrc_codec *codec = chunk_codec(*state, N5(PLAIN), &spec);
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_OK);
  grid.chunk_shape[1]++;
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  grid = (zarrc_grid){.kind = ZARRC_RECTILINEAR, .ndim = 2, .chunk_shape = {1, 1}, .axes = axes};
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  spec.shape[0] = (int64_t)UINT32_MAX + 1;
  assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, NULL), ZARRC_INVALID_METADATA);
  zarrc_codec_close(codec);
}

/* Reads a value of n bytes; region NULL: all of it. */
static zarrc_status read_value(const zarrc_pipeline *p, zarrc_ctx *ctx, const void *value, size_t n,
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

/* For chunks of 2 x 3 elements of two bytes. */
static void headers_that_lie(void **state) {
  static const struct {
    const char *value;
    size_t n;
    zarrc_status status;
    const char *words;
  } rows[] = {
      {"\0\0\0\2\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_OK, ""},
      {"\0\0\0\2\0\0\0\1\0\0\0\2aabb", 16, ZARRC_OK, ""},
      {"\0\1\0\2\0\0\0\2\0\0\0\3\0\0\0\6aabbccddeeff", 28, ZARRC_UNSUPPORTED, "the mode 1 (varlength)"},
      {"\0\2\0\2\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_UNSUPPORTED, "the mode 2 (object)"},
      {"\0\3\0\2\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_CORRUPT, "no mode 3"},
      {"\1\0\0\2\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_CORRUPT, "no mode 256"},
      {"\0\0\0\1\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_CORRUPT, "has 1 axes, the chunk has 2"},
      {"\0\0\377\377\0\0\0\2\0\0\0\3aabbccddeeff", 24, ZARRC_CORRUPT, "has 65535 axes"},
      {"\0\0\0\2\0\0\0\2\0\0\0\0aabbccddeeff", 24, ZARRC_CORRUPT, "axis 1: the block has no elements"},
      {"\0\0\0\2\377\377\377\377\377\377\377\377aabbccddeeff", 24, ZARRC_LIMIT, ""},
      {"\0\0\0\2\0\0\0\2\0\0\0\4aabbccddeeff", 24, ZARRC_SIZE_MISMATCH, "12 bytes where the chunk has 16"},
      {"\0\0\0\2\0\0\0\2\0\0\0\2aabbccddeeff", 24, ZARRC_SIZE_MISMATCH, "8"},
      {"\0\0\0\2\0\0\0\2\0\0\0\3aabbccddeef", 23, ZARRC_SIZE_MISMATCH, "11 bytes where the chunk has 12"},
      {"\0\0\0\2\0\0\0\2\0\0\0\3", 12, ZARRC_SIZE_MISMATCH, "0 bytes where the chunk has 12"},
      {"\0\0\0\2\0\0\0\2\0\0\0", 11, ZARRC_TRUNCATED, ""},
      {"", 0, ZARRC_TRUNCATED, ""},
  };
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){2, 3});
  zarrc_pipeline *p = chunk_pipeline(*state, "[" N5(PLAIN) "]", &spec);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    uint16_t out[6];
    zarrc_error error = {0};
    zarrc_status status = read_value(p, *state, rows[i].value, rows[i].n, NULL, out, &error);
    if (status != rows[i].status || !strstr(SAID(error), rows[i].words))
      fail_msg("value %zu: %s: %s", i, zarrc_status_name(status), SAID(error));
  }
  zarrc_pipeline_close(p);
}

/* Makes a block of rows x columns, whose elements are 1000 + 16 * row + column. */
static uint8_t *make_block(int rows, int columns, size_t *n) {
  *n = 12 + 2 * (size_t)(rows * columns);
  uint8_t *block = calloc(1, *n);
  block[3] = 2;
  block[7] = (uint8_t)rows;
  block[11] = (uint8_t)columns;
  for (int k = 0; k < rows * columns; k++) {
    int number = 1000 + 16 * (k % rows) + k / rows;
    block[12 + 2 * k] = (uint8_t)(number >> 8);
    block[13 + 2 * k] = (uint8_t)number;
  }
  return block;
}

/* Blocks of every shape that is not that of the chunk: what they lack is fill value, what they have more is left out;
 * in parts, too, with and without steps. */
static void blocks_of_another_shape(void **state) {
  enum { ROWS = 3, COLUMNS = 4 };
  const uint16_t fill = 7;
  zarrc_spec spec = chunk_spec(ZARRC_UINT16, 2, (int64_t[]){ROWS, COLUMNS});
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(*state, "[" N5(PLAIN) "]", &spec);
  for (int rows = 1; rows < ROWS + 2; rows++)
    for (int columns = 1; columns < COLUMNS + 2; columns++) {
      size_t n;
      uint8_t *block = make_block(rows, columns, &n);
      for (int k = 0; k < 4 * ROWS * COLUMNS; k++) { /* parts from each element to the end */
        int step[2] = {1 + k % 2, 1 + k / 2 % 2}, row = k / 4 / COLUMNS, column = k / 4 % COLUMNS;
        zarrc_region part =
            chunk_region(2, (int64_t[]){row, column},
                         (int64_t[]){(ROWS - row - 1) / step[0] + 1, (COLUMNS - column - 1) / step[1] + 1},
                         (int64_t[]){step[0], step[1]});
        uint16_t got[ROWS * COLUMNS];
        zarrc_error error = {0};
        if (read_value(p, *state, block, n, &part, got, &error)) fail_msg("%s", SAID(error));
        for (int i = 0; i < part.count[0]; i++)
          for (int j = 0; j < part.count[1]; j++) {
            int r = row + i * step[0], c = column + j * step[1];
            assert_int_equal(got[i * part.count[1] + j], r < rows && c < columns ? 1000 + 16 * r + c : fill);
          }
      }
      free(block);
    }
  zarrc_pipeline_close(p);
}

/* Of a block without a compressor only the wanted elements are read; the length of one inside another codec is not
 * known before all of it is decoded. */
static void parts_of_blocks(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 100000});
  uint8_t *numbers = chunk_numbers(&spec), got;
  zarrc_region one = chunk_region(2, (int64_t[]){1, 99999}, (int64_t[]){1, 1}, NULL);
  size_t n;
  zarrc_pipeline *p = chunk_pipeline(*state, "[" N5(PLAIN) "]", &spec);
  uint8_t *bytes = chunk_encode(*state, p, numbers, &n);
  counting_blob blob;
  counting_blob_init(&blob, *state, bytes, n, false);
  zarrc_view to = zarrc_view_c(&spec.dtype, 2, one.count, &got);
  assert_int_equal(zarrc_read(p, &blob.blob, &one, &to, NULL, NULL), ZARRC_OK);
  assert_int_equal(got, (uint8_t)200000);
  assert_int_equal(blob.nread, 12 + 1);
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
  free(bytes);
  if (zarrc_codec_is_available(*state, "gzip")) {
    p = chunk_pipeline(*state, "[" N5(PLAIN) ", " GZIP "]", &spec);
    bytes = chunk_encode(*state, p, numbers, &n);
    assert_int_equal(read_value(p, *state, bytes, n, &one, &got, NULL), ZARRC_OK);
    assert_int_equal(got, (uint8_t)200000);
    free(bytes);
    zarrc_pipeline_close(p);
  }
  free(numbers);
}

static void sizes(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){2, 3});
  zarrc_codec *codec = chunk_codec(*state, N5(PLAIN), &spec);
  zarrc_size size = zarrc_codec_encoded_size(codec, &spec, 24);
  assert_int_equal(size.kind, ZARRC_SIZE_UNKNOWN);
  assert_int_equal(size.nbytes, 36);
  assert_int_equal(zarrc_codec_least_encoded_size(codec, &spec, 24), 12 + 4); /* of one element */
  assert_false(zarrc_codec_is_fixed_size(codec));
  zarrc_codec_close(codec);
}

/* As the codec of inner chunks, and without axes. */
static void other_places(void **state) {
  static const char shard[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 3], "
                              "\"codecs\": [" N5(PLAIN) "]}}]";
  static const char point[] = "[" N5(TRANSPOSE("[]") ", " BYTES("big")) "]";
  for (int ndim = 0; ndim < 3; ndim += 2) {
    zarrc_spec spec = chunk_spec(ZARRC_INT32, ndim, (int64_t[]){2, 3});
    int32_t numbers[6] = {1, -2, 3, -4, 5, 6}, got[6] = {0};
    zarrc_view from = zarrc_view_c(&spec.dtype, ndim, spec.shape, numbers),
               to = zarrc_view_c(&spec.dtype, ndim, spec.shape, got);
    const char *begin = ndim ? "\0\0\0\2\0\0\0\1\0\0\0\3\0\0\0\1\377\377\377\376" : "\0\0\0\0\0\0\0\1";
    assert_int_equal(chunk_there_and_back(*state, ndim ? shard : point, &spec, &from, &to, begin, ndim ? 20 : 8), 0);
    assert_memory_equal(got, numbers, ndim ? sizeof got : sizeof *got);
  }
}

static zarrc_status round_trip(const zarrc_ctx_options *options, void *arg) {
  static const char codecs[] = "[" N5(PLAIN ", \"crc32c\"") "]";
  zarrc_spec spec = chunk_spec(ZARRC_INT16, 2, (int64_t[]){3, 4});
  int16_t *numbers = chunk_numbers(&spec), got[12];
  zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers),
             to = zarrc_view_c(&spec.dtype, 2, spec.shape, got);
  zarrc_ctx *ctx;
  zarrc_pipeline *p = NULL;
  (void)arg;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (!status) {
    status = chunk_there_and_back(ctx, codecs, &spec, &from, &to, NULL, 0);
    if (!status) assert_memory_equal(got, numbers, sizeof got);
    if (!status) status = zarrc_pipeline_open(ctx, "[" N5(PLAIN) "]", strlen("[" N5(PLAIN) "]"), &spec, &p, NULL);
    if (!status) { /* a block that is smaller than the chunk */
      size_t n;
      uint8_t *block = make_block(2, 3, &n);
      status = read_value(p, ctx, block, n, NULL, got, NULL);
      free(block);
    }
    zarrc_pipeline_close(p);
    zarrc_ctx_close(ctx);
  }
  free(numbers);
  return status;
}

static void allocations_may_fail(void **state) {
  (void)state;
  assert_true(faulty_alloc_each(&(zarrc_ctx_options){.threads = 1}, round_trip, NULL) > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_of_others),
      cmocka_unit_test(configurations),
      cmocka_unit_test(blocks_that_are_too_long),
      cmocka_unit_test(headers_that_lie),
      cmocka_unit_test(blocks_of_another_shape),
      cmocka_unit_test(parts_of_blocks),
      cmocka_unit_test(sizes),
      cmocka_unit_test(other_places),
      cmocka_unit_test(allocations_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

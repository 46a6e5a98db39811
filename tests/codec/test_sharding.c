/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void configurations(void **state) {
  static const struct {
    const char *configuration;
    zarrc_status status;
    const char *word;
  } rows[] = {
      {"{}", ZARRC_INVALID_METADATA, "chunk_shape is missing"},
      {"{\"chunk_shape\": [0, 1]}", ZARRC_INVALID_METADATA, "chunk_shape[0]"},
      {"{\"chunk_shape\": [2, -1]}", ZARRC_INVALID_METADATA, "chunk_shape[1]"},
      {"{\"chunk_shape\": [2, 1.0]}", ZARRC_INVALID_METADATA, "chunk_shape[1]"},
      {"{\"chunk_shape\": \"2\"}", ZARRC_INVALID_METADATA, "chunk_shape"},
      {"{\"chunk_shape\": [2, 3], \"codecs\": []}", ZARRC_INVALID_METADATA, "configuration.codecs"},
      {"{\"chunk_shape\": [2, 3], \"codecs\": {}}", ZARRC_INVALID_METADATA, "configuration.codecs"},
      {"{\"chunk_shape\": [2, 3], \"codecs\": [\"nope\"]}", ZARRC_UNSUPPORTED, "configuration.codecs[0]"},
      {"{\"chunk_shape\": [2, 3], \"index_codecs\": []}", ZARRC_INVALID_METADATA, "configuration.index_codecs"},
      {"{\"chunk_shape\": [2, 3], \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, "
       "{\"name\": \"gzip\"}]}",
       ZARRC_INVALID_METADATA, "configuration.index_codecs[1]"},
      {"{\"chunk_shape\": [2, 3], \"index_location\": null}", ZARRC_INVALID_METADATA, "index_location"},
      {"{\"chunk_shape\": [2, 3], \"index_location\": \"End\"}", ZARRC_INVALID_METADATA, "index_location"},
      {"{\"chunk_shape\": [2, 3], \"subchunk_write_order\": \"morton\"}", ZARRC_INVALID_METADATA,
       "subchunk_write_order"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char json[512];
    zarrc_codec *codec = NULL;
    zarrc_error error = {0};
    snprintf(json, sizeof json, "{\"name\": \"sharding_indexed\", \"configuration\": %s}", rows[i].configuration);
    assert_int_equal(zarrc_codec_open(*state, json, strlen(json), &codec, &error), rows[i].status);
    if (!strstr(error.message, rows[i].word)) fail_msg("%s: %s", rows[i].configuration, error.message);
  }
}

/* What is said of the size of a shard before it is made is true of the shard that is made. */
static void encoded_sizes(void **state) {
  static const struct {
    const char *codecs;
    zarrc_size_kind elided, all; /* without and with write_empty_chunks */
  } rows[] = {{"[\"bytes\"]", ZARRC_SIZE_AT_MOST, ZARRC_SIZE_EXACT},
              {"[{\"name\": \"transpose\", \"configuration\": {\"order\": [0]}}, \"bytes\"]", ZARRC_SIZE_AT_MOST,
               ZARRC_SIZE_EXACT},
              {"[\"bytes\", \"crc32c\"]", ZARRC_SIZE_UNKNOWN, ZARRC_SIZE_UNKNOWN},
              {"[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1]}}]", ZARRC_SIZE_UNKNOWN,
               ZARRC_SIZE_UNKNOWN}};
  for (size_t i = 0; i < 4 * sizeof rows / sizeof *rows; i++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){6});
    bool write_empty = i & 1, empty = i & 2;
    char json[512];
    size_t n = 0;
    uint8_t *numbers = chunk_numbers(&spec);
    spec.options.write_empty_chunks = write_empty;
    if (empty) memset(numbers + 3, 0, 3);
    snprintf(json, sizeof json,
             "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3], \"codecs\": %s}}]",
             rows[i / 4].codecs);
    zarrc_pipeline *p = chunk_pipeline(*state, json, &spec);
    free(chunk_encode(*state, p, numbers, &n));
    zarrc_size size = zarrc_codec_encoded_size(zarrc_pipeline_codec(p, 0), &spec, 6);
    assert_int_equal(size.kind, write_empty ? rows[i / 4].all : rows[i / 4].elided);
    assert_int_equal(size.nbytes, 6 + 2 * 16 + 4); /* zarr-python's figure */
    if (size.kind == ZARRC_SIZE_EXACT) assert_int_equal(n, size.nbytes);
    if (size.kind == ZARRC_SIZE_AT_MOST) assert_int_equal(n, size.nbytes - (empty ? 3 : 0));
    assert_false(zarrc_codec_is_fixed_size(zarrc_pipeline_codec(p, 0)));
    zarrc_pipeline_close(p);
    free(numbers);
  }
}

/* Bytes that the index does not refer to may lie in a shard: its size is no limit for what is read. */
static void shards_with_gaps(void **state) {
  static const char json[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3], "
                             "\"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": "
                             "\"little\"}}], \"index_location\": \"start\"}}, \"crc32c\"]";
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){3});
  uint8_t shard[64] = {26, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}, out[3];
  zarrc_codec_job job = {.spec = &spec, .bytes = {shard, 29, NULL, NULL}};
  zarrc_parts parts;
  zarrc_bytes value;
  zarrc_memory_blob blob;
  zarrc_codec *sum;
  spec.options.write_empty_chunks = true;
  memcpy(shard + 26, "abc", 3);
  zarrc_pipeline *p = chunk_pipeline(*state, json, &spec);
  assert_int_equal(zarrc_crc32c_codec_open(*state, &sum, NULL), ZARRC_OK);
  zarrc_parts_init(&parts, *state);
  job.parts = &parts;
  assert_int_equal(zarrc_codec_encode(sum, &job, 1, NULL), ZARRC_OK);
  assert_int_equal(zarrc_parts_join(&parts, &value, NULL), ZARRC_OK);
  zarrc_memory_blob_init(&blob, *state, value.ptr, value.len);
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, out);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  assert_memory_equal(out, "abc", 3);
  zarrc_memory_blob_clear(&blob);
  zarrc_bytes_release(&value);
  zarrc_parts_clear(&parts);
  zarrc_codec_close(sum);
  zarrc_pipeline_close(p);
}

static void what_is_written(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){6});
  zarrc_codec *codec =
      chunk_codec(*state, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": 3}}", &spec);
  char *json = chunk_codec_json(*state, codec);
  assert_string_equal(json, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3], \"codecs\": "
                            "[{\"name\": \"bytes\"}], \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": "
                            "{\"endian\": \"little\"}}, {\"name\": \"crc32c\"}], \"index_location\": \"end\"}}");
  /* zarr-python's figure: the data and the index. */
  assert_int_equal(zarrc_codec_encoded_size(codec, &spec, 6).nbytes, 6 + 2 * 16 + 4);
  assert_true(zarrc_codec_supports_partial_decode(codec) && zarrc_codec_supports_partial_encode(codec));
  free(json);
  zarrc_codec_close(codec);
}

static void shards_that_do_not_divide(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){6, 8});
  zarrc_codec *codec =
      chunk_codec(*state, "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3, 4]}}", &spec);
  static const int64_t three_six[] = {3, 6}, four[] = {4}, firsts[2];
  zarrc_grid_axis axes[2] = {{2, three_six, firsts}, {1, four, firsts}};
  zarrc_grid grid = {.kind = ZARRC_REGULAR, .ndim = 2, .chunk_shape = {6, 8}};
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_OK);
  grid.chunk_shape[1] = 6;
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  grid = (zarrc_grid){.kind = ZARRC_RECTILINEAR, .ndim = 2, .chunk_shape = {1, 1}, .axes = axes};
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_OK);
  axes[1].edge = three_six;
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  axes[1].nedges = 0; /* no list: every chunk has the edge of chunk_shape */
  grid.chunk_shape[1] = 12;
  assert_int_equal(zarrc_codec_validate(codec, &spec, &grid, NULL), ZARRC_OK);
  spec.ndim = 1;
  assert_int_equal(zarrc_codec_validate(codec, &spec, NULL, NULL), ZARRC_INVALID_METADATA);
  zarrc_codec_close(codec);
}

/* Shards in shards, up to the limit and not beyond; thousands of them are refused without recursion running away. */
static void nesting_has_a_limit(void **state) {
  static char json[400000];
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  static const int depths[] = {1, ZARRC_MAX_NESTING, ZARRC_MAX_NESTING + 1, 80, 3000};
  for (int k = 0; k < 5; k++) {
    size_t n = 0;
    zarrc_pipeline *p = NULL;
    json[n++] = '[';
    for (int i = 0; i < depths[k]; i++)
      n += (size_t)snprintf(json + n, sizeof json - n,
                            "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1], \"codecs\": [");
    n += (size_t)snprintf(json + n, sizeof json - n, "\"bytes\"");
    for (int i = 0; i < depths[k]; i++) n += (size_t)snprintf(json + n, sizeof json - n, "]}}");
    json[n++] = ']';
    zarrc_status status = zarrc_pipeline_open(*state, json, n, &spec, &p, NULL);
    if (depths[k] <= ZARRC_MAX_NESTING) {
      assert_int_equal(status, ZARRC_OK);
      uint8_t numbers[4] = {1, 0, 3, 4}, back[4];
      zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers), to = from;
      zarrc_memory_blob blob;
      to.data = back;
      zarrc_memory_blob_init(&blob, *state, NULL, 0);
      assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, NULL), ZARRC_OK);
      assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
      assert_memory_equal(back, numbers, 4);
      zarrc_memory_blob_clear(&blob);
    } else {
      assert_true(status == ZARRC_LIMIT || status == ZARRC_INVALID_METADATA);
    }
    zarrc_pipeline_close(p);
  }
}

/* Many inner chunks claimed by the metadata, and a small shard: refused before memory for the index is taken. */
static void claims_cost_nothing(void **state) {
  zarrc_ctx *ctx = *state;
  for (int shift = 20; shift <= 40; shift += 10) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){INT64_C(1) << shift});
    zarrc_pipeline *p =
        chunk_pipeline(ctx, "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1]}}]", &spec);
    uint8_t one, bytes[100] = {0};
    zarrc_region r = chunk_region(1, (int64_t[]){5}, (int64_t[]){1}, NULL);
    zarrc_view to = zarrc_view_c(&spec.dtype, 1, r.count, &one);
    zarrc_memory_blob blob;
    zarrc_error error;
    zarrc_memory_blob_init(&blob, ctx, bytes, sizeof bytes);
    uint64_t before = zarrc_ctx_memory_peak(ctx);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &to, NULL, &error), ZARRC_TRUNCATED);
    assert_non_null(strstr(error.message, "too short to hold its index"));
    assert_true(zarrc_ctx_memory_peak(ctx) - before < 1 << 20);
    zarrc_memory_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

static zarrc_status take_down(void *arg, const zarrc_inner_chunk *chunk, zarrc_error *error) {
  zarrc_inner_chunk *seen = arg;
  seen[chunk->number] = *chunk;
  return chunk->number == 3 && seen[6].number == 99 ? zarrc_fail(error, ZARRC_CANCELED, "enough") : ZARRC_OK;
}

static void the_index_is_listed(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){4, 6});
  zarrc_pipeline *p = chunk_pipeline(
      ctx, "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 2]}}, \"crc32c\"]", &spec);
  const zarrc_codec *codec = zarrc_pipeline_codec(p, 0);
  assert_int_equal(zarrc_pipeline_spec(zarrc_shard_inner(codec))->shape[1], 2);
  assert_null(zarrc_shard_inner(zarrc_pipeline_codec(p, 1)));
  uint8_t *numbers = chunk_numbers(&spec);
  numbers[2] = numbers[3] = numbers[8] = numbers[9] = 0; /* inner chunk 0,1 */
  size_t n;
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  bytes[n - 4 - 4 - 2 * 16 + 7] = 0x80;
  zarrc_inner_chunk seen[7] = {{0}};
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, bytes, n - 4);
  assert_int_equal(zarrc_shard_each(codec, &blob.blob, take_down, seen, NULL), ZARRC_CHECKSUM);
  bytes[n - 4 - 4 - 2 * 16 + 7] = 0;
  assert_int_equal(zarrc_shard_each(codec, &blob.blob, take_down, seen, NULL), ZARRC_OK);
  for (int i = 0; i < 6; i++) {
    assert_int_equal(seen[i].chunk[0], i / 3);
    assert_int_equal(seen[i].chunk[1], i % 3);
    assert_int_equal(seen[i].present, i != 1);
    assert_int_equal(seen[i].status, ZARRC_OK);
    if (i != 1) assert_int_equal(seen[i].nbytes, 4);
  }
  assert_int_equal(seen[3].offset, 4); /* Morton order: 0,0 then 1,0 */
  seen[6].number = 99;
  assert_int_equal(zarrc_shard_each(codec, &blob.blob, take_down, seen, NULL), ZARRC_CANCELED);
  zarrc_memory_blob_clear(&blob);
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  assert_int_equal(zarrc_shard_each(codec, &blob.blob, take_down, seen, NULL), ZARRC_NOT_FOUND);
  assert_int_equal(zarrc_shard_each(zarrc_pipeline_codec(p, 1), &blob.blob, take_down, seen, NULL),
                   ZARRC_INVALID_ARGUMENT);
  zarrc_memory_blob_clear(&blob);
  free(bytes);
  free(numbers);
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(configurations),
      cmocka_unit_test(what_is_written),
      cmocka_unit_test(encoded_sizes),
      cmocka_unit_test(shards_with_gaps),
      cmocka_unit_test(shards_that_do_not_divide),
      cmocka_unit_test(nesting_has_a_limit),
      cmocka_unit_test(claims_cost_nothing),
      cmocka_unit_test(the_index_is_listed),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/faulty_alloc.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

/* Zarr v3 core specification: array→array*, array→bytes, bytes→bytes*. */
static void codecs_in_the_wrong_order(void **state) {
  static const struct {
    const char *codecs, *word;
  } rows[] = {
      {"[]", "no array-to-bytes"},
      {"[{\"name\": \"gzip\"}]", "no array-to-bytes"},
      {"[{\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1]}}]", "no array-to-bytes"},
      {"[{\"name\": \"gzip\"}, " BYTES "]", "bytes (array-to-bytes) cannot follow gzip (bytes-to-bytes)"},
      {"[" BYTES ", " BYTES "]", "bytes (array-to-bytes) cannot follow bytes (array-to-bytes)"},
      {"[" BYTES ", {\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1]}}]", "transpose (array-to-array)"},
      {"[" BYTES ", \"crc32c\", {\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1]}}]",
       "cannot follow crc32c"},
      {"[{\"name\": \"transpose\", \"configuration\": {\"order\": [0, 1]}}, \"crc32c\"]", "cannot follow transpose"},
      {"{}", "list"},
      {"[5]", "name"},
      {"[", "line 1"},
  };
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){2, 3});
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_pipeline *p = NULL;
    zarrc_error error = {0};
    assert_int_equal(zarrc_pipeline_open(*state, rows[i].codecs, strlen(rows[i].codecs), &spec, &p, &error),
                     ZARRC_INVALID_METADATA);
    if (!strstr(error.message, rows[i].word)) fail_msg("%s: %s", rows[i].codecs, error.message);
  }
}

static void chains_have_a_limit(void **state) {
  char codecs[4096];
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 1, (int64_t[]){3});
  for (int n = ZARRC_MAX_CODECS; n <= ZARRC_MAX_CODECS + 1; n++) {
    zarrc_pipeline *p = NULL;
    size_t len = (size_t)snprintf(codecs, sizeof codecs, "[%s", BYTES);
    for (int i = 1; i < n; i++) len += (size_t)snprintf(codecs + len, sizeof codecs - len, ", \"crc32c\"");
    len += (size_t)snprintf(codecs + len, sizeof codecs - len, "]");
    zarrc_status status = zarrc_pipeline_open(*state, codecs, len, &spec, &p, NULL);
    assert_int_equal(status, n > ZARRC_MAX_CODECS ? ZARRC_LIMIT : ZARRC_OK);
    if (p) assert_int_equal(zarrc_pipeline_encoded_size(p, 12).nbytes, 12 + 4 * (n - 1));
    zarrc_pipeline_close(p);
  }
}

static void shapes_that_cannot_be(void **state) {
  static const int64_t huge = INT64_C(1) << 40;
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){huge, huge});
  zarrc_pipeline *p = NULL;
  assert_int_equal(zarrc_pipeline_open(*state, "[" BYTES "]", strlen("[" BYTES "]"), &spec, &p, NULL),
                   ZARRC_INVALID_METADATA);
  spec.shape[0] = -1;
  assert_int_equal(zarrc_pipeline_open(*state, "[" BYTES "]", strlen("[" BYTES "]"), &spec, &p, NULL),
                   ZARRC_INVALID_ARGUMENT);
  spec.ndim = 33;
  assert_int_equal(zarrc_pipeline_open(*state, "[" BYTES "]", strlen("[" BYTES "]"), &spec, &p, NULL),
                   ZARRC_INVALID_ARGUMENT);
  /* Large and legal: bound without memory for it. */
  spec = chunk_spec(ZARRC_INT32, 1, (int64_t[]){huge});
  p = chunk_pipeline(*state, "[" BYTES ", \"crc32c\"]", &spec);
  int32_t one;
  zarrc_region r = chunk_region(1, (int64_t[]){7}, (int64_t[]){1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, &one);
  zarrc_memory_blob blob;
  bool missing;
  zarrc_memory_blob_init(&blob, *state, NULL, 0);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, &missing, NULL), ZARRC_OK);
  assert_true(missing && one == 0);
  zarrc_memory_blob_clear(&blob);
  zarrc_memory_blob_init(&blob, *state, "12345678", 8);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &view, &missing, NULL), ZARRC_CHECKSUM);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* The pipeline keeps nothing of the spec it was given. */
static void the_spec_is_copied(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){2});
  char *word = strdup("word");
  zarrc_text *fill = malloc(sizeof *fill);
  *fill = (zarrc_text){(uint8_t *)word, 4};
  spec.fill = fill;
  zarrc_pipeline *p = chunk_pipeline(*state, "[\"vlen-utf8\"]", &spec);
  free(word);
  free(fill);
  zarrc_text to[2];
  zarrc_arena *arena;
  assert_int_equal(zarrc_arena_open(*state, &arena, NULL), ZARRC_OK);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, to);
  view.arena = arena;
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, *state, NULL, 0);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &view, NULL, NULL), ZARRC_OK);
  zarrc_pipeline_close(p);
  assert_int_equal(to[1].len, 4);
  assert_memory_equal(to[1].ptr, "word", 4);
  zarrc_memory_blob_clear(&blob);
  zarrc_arena_close(arena);
}

/* Shards are checked against the grid as the transpose in front of them leaves it. */
static void validated_behind_a_transpose(void **state) {
  static const char codecs[] = "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, "
                               "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [3, 1]}}]";
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 3});
  static const int64_t twos[] = {2, 4}, threes[] = {3, 6, 9}, fours[] = {3, 4}, zeros[3];
  zarrc_grid_axis good[] = {{2, twos, zeros}, {3, threes, zeros}}, bad[] = {{2, twos, zeros}, {2, fours, zeros}};
  zarrc_grid grid = {.kind = ZARRC_REGULAR, .ndim = 2, .chunk_shape = {2, 3}};
  zarrc_pipeline *p = chunk_pipeline(*state, codecs, &spec);
  assert_int_equal(zarrc_pipeline_validate(p, &spec, &grid, NULL), ZARRC_OK);
  grid.chunk_shape[1] = 4;
  assert_int_equal(zarrc_pipeline_validate(p, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  grid = (zarrc_grid){.kind = ZARRC_RECTILINEAR, .ndim = 2, .chunk_shape = {2, 3}, .axes = good};
  assert_int_equal(zarrc_pipeline_validate(p, &spec, &grid, NULL), ZARRC_OK);
  grid.axes = bad;
  assert_int_equal(zarrc_pipeline_validate(p, &spec, &grid, NULL), ZARRC_INVALID_METADATA);
  zarrc_pipeline_close(p);
}

static void what_can_be_done_in_parts(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 3});
  static const char shard[] = "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 1]}}";
  char codecs[512];
  snprintf(codecs, sizeof codecs, "[%s]", shard);
  zarrc_pipeline *p = chunk_pipeline(*state, codecs, &spec);
  assert_true(zarrc_pipeline_supports_partial_decode(p) && zarrc_pipeline_supports_partial_encode(p));
  assert_false(zarrc_pipeline_is_fixed_size(p));
  zarrc_pipeline_close(p);
  snprintf(codecs, sizeof codecs, "[%s, \"crc32c\"]", shard);
  p = chunk_pipeline(*state, codecs, &spec);
  assert_false(zarrc_pipeline_supports_partial_decode(p) || zarrc_pipeline_supports_partial_encode(p));
  assert_int_equal(zarrc_pipeline_ncodecs(p), 2);
  assert_string_equal(zarrc_codec_name(zarrc_pipeline_codec(p, 1)), "crc32c");
  zarrc_pipeline_close(p);
}

static zarrc_status without_memory(const zarrc_ctx_options *options, void *arg) {
  static const char codecs[] =
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, {\"name\": \"sharding_indexed\", "
      "\"configuration\": {\"chunk_shape\": [2, 1], \"codecs\": [{\"name\": \"sharding_indexed\", \"configuration\": "
      "{\"chunk_shape\": [1, 1]}}, {\"name\": \"gzip\"}]}}, {\"name\": \"blosc\", \"configuration\": {}}]";
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
  int32_t *numbers = arg;
  zarrc_ctx *ctx;
  zarrc_pipeline *p = NULL;
  zarrc_memory_blob blob;
  zarrc_status status = zarrc_ctx_open(options, &ctx, NULL);
  if (status) return status;
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  status = zarrc_pipeline_open(ctx, codecs, strlen(codecs), &spec, &p, NULL);
  if (!status) {
    int32_t back[24];
    zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, numbers), to = from;
    zarrc_region r = chunk_region(2, (int64_t[]){1, 1}, (int64_t[]){2, 3}, NULL);
    to.data = back;
    status = zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, NULL);
    zarrc_view part = zarrc_view_part(&from, &r);
    if (!status) status = zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &part}, false, NULL);
    if (!status) status = zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL);
    if (!status) assert_memory_equal(back, numbers, sizeof back);
    zarrc_pipeline_close(p);
  }
  zarrc_memory_blob_clear(&blob);
  zarrc_ctx_close(ctx);
  return status;
}

static void every_allocation_may_fail(void **state) {
  needs_codec("zstd");
  needs_codec("blosc");
  needs_codec("gzip");
  (void)state;
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 2, (int64_t[]){4, 6});
  int32_t *numbers = chunk_numbers(&spec);
  for (unsigned threads = 1; threads <= 2; threads++) {
    zarrc_ctx_options options = {.threads = threads};
    assert_true(faulty_alloc_each(&options, without_memory, numbers) > 50);
  }
  free(numbers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codecs_in_the_wrong_order),    cmocka_unit_test(chains_have_a_limit),
      cmocka_unit_test(shapes_that_cannot_be),        cmocka_unit_test(the_spec_is_copied),
      cmocka_unit_test(validated_behind_a_transpose), cmocka_unit_test(what_can_be_done_in_parts),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/endian.h"
#include "support/chunk.h"
#include "support/context.h"
#include "support/counting_blob.h"
#include "support/golden.h"
#include "support/needs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static zarrc_status decode(zarrc_ctx *ctx, zarrc_type type, int64_t n, const void *bytes, size_t nbytes,
                           zarrc_error *error) {
  zarrc_spec spec = chunk_spec(type, 1, &n);
  zarrc_pipeline *p = chunk_pipeline(ctx, type == ZARRC_STRING ? "[\"vlen-utf8\"]" : "[\"vlen-bytes\"]", &spec);
  zarrc_text *text = malloc((size_t)n * sizeof *text + 1);
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, spec.shape, text);
  zarrc_memory_blob blob;
  assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
  uint8_t *exact = malloc(nbytes ? nbytes : 1);
  if (nbytes) memcpy(exact, bytes, nbytes);
  zarrc_memory_blob_init(&blob, ctx, exact, nbytes);
  blob.present = true;
  zarrc_status status = zarrc_read(p, &blob.blob, NULL, &to, NULL, error);
  zarrc_memory_blob_clear(&blob);
  zarrc_arena_close(to.arena);
  free(exact);
  free(text);
  zarrc_pipeline_close(p);
  return status;
}

static void hostile_bytes(void **state) {
  static const struct {
    const char *bytes;
    size_t n;
    int64_t nitems;
    zarrc_status status;
    const char *word;
  } rows[] = {
      {"", 0, 0, ZARRC_TRUNCATED, "number of elements"},
      {"\0\0\0", 3, 0, ZARRC_TRUNCATED, "number of elements"},
      {"\1\0\0\0", 4, 1, ZARRC_CORRUPT, "cannot be"},
      {"\377\377\377\177", 4, 2147483647, ZARRC_CORRUPT, "cannot be"},
      {"\2\0\0\0\0\0\0\0", 8, 1, ZARRC_CORRUPT, "2 elements where the chunk has 1"},
      {"\1\0\0\0\5\0\0\0abcd", 12, 1, ZARRC_CORRUPT, "element 0 at byte 4"},
      {"\1\0\0\0\377\377\377\377abcd", 12, 1, ZARRC_CORRUPT, "element 0 at byte 4"},
      {"\1\0\0\0\2\0\0\0\300\200", 10, 1, ZARRC_CORRUPT, "not UTF-8 at byte 8"},
      {"\1\0\0\0\4\0\0\0a\355\240\200", 12, 1, ZARRC_CORRUPT, "not UTF-8 at byte 9"},
      {"\1\0\0\0\1\0\0\0a....", 13, 1, ZARRC_OK, ""},
      {"\0\0\0\0", 4, 0, ZARRC_OK, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (rows[i].nitems > 1000000) continue; /* the view alone would be 32 GiB: see below */
    zarrc_error error = {0};
    zarrc_status status = decode(*state, ZARRC_STRING, rows[i].nitems, rows[i].bytes, rows[i].n, &error);
    if (status != rows[i].status || !strstr(error.message, rows[i].word))
      fail_msg("row %zu: %s: %s", i, zarrc_status_name(status), error.message);
  }
  /* Bytes need not be UTF-8. */
  assert_int_equal(decode(*state, ZARRC_BYTES, 1, "\1\0\0\0\2\0\0\0\300\200", 10, NULL), ZARRC_OK);
}

static void wrong_types_are_refused(void **state) {
  static const struct {
    const char *codecs;
    zarrc_type type;
  } rows[] = {{"[\"vlen-utf8\"]", ZARRC_INT32}, {"[\"vlen-utf8\"]", ZARRC_BYTES}, {"[\"vlen-bytes\"]", ZARRC_STRING}};
  for (int i = 0; i < 3; i++) {
    zarrc_spec spec = chunk_spec(rows[i].type, 1, (int64_t[]){2});
    zarrc_pipeline *p = NULL;
    assert_int_equal(zarrc_pipeline_open(*state, rows[i].codecs, strlen(rows[i].codecs), &spec, &p, NULL),
                     ZARRC_INVALID_METADATA);
  }
}

static void text_must_be_utf8(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 1, (int64_t[]){2});
  zarrc_pipeline *p = chunk_pipeline(*state, "[\"vlen-utf8\"]", &spec);
  zarrc_text text[2] = {{(const uint8_t *)"ok", 2}, {(const uint8_t *)"a\xFF", 2}};
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, text);
  zarrc_parts parts;
  zarrc_error error;
  zarrc_parts_init(&parts, *state);
  assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "element 1 is not UTF-8 at byte 1"));
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
}

/* The elements of vlen-array are the bytes of arrays of numbers. */
static void arrays_as_numcodecs(void **state) {
  static const char codecs[] = "[{\"name\": \"numcodecs.vlen-array\", \"configuration\": {\"dtype\": \"<i4\"}}]";
  zarrc_spec spec = chunk_spec(ZARRC_BYTES, 1, (int64_t[]){2});
  zarrc_pipeline *p = chunk_pipeline(*state, codecs, &spec);
  zarrc_text text[2] = {{(const uint8_t *)"12345678", 8}, {(const uint8_t *)"12345", 5}};
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, spec.shape, text);
  zarrc_parts parts;
  zarrc_error error;
  assert_true(golden_check(*state, "objects.txt", "numcodecs.vlen-array") > 10);
  zarrc_parts_init(&parts, *state);
  assert_int_equal(zarrc_encode(p, &from, &parts, &error), ZARRC_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "element 1 has 5 bytes, which are no whole numbers of type <i4"));
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
}

/* One element costs what lies in front of it, in growing windows; every element is found. */
static void one_element(void **state) {
  zarrc_ctx *ctx = *state;
  enum { N = 20000 };
  zarrc_spec spec = chunk_spec(ZARRC_BYTES, 2, (int64_t[]){N / 100, 100});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"vlen-bytes\"]", &spec);
  zarrc_text *text = calloc(N, sizeof *text);
  char *pool = malloc(N * 64);
  for (int i = 0; i < N; i++) {
    int n = snprintf(pool + i * 64, 64, "%0*d", 1 + i * 7 % 60, i);
    text[i] = (zarrc_text){(uint8_t *)pool + i * 64, (size_t)n};
  }
  size_t nbytes;
  uint8_t *encoded = chunk_encode(ctx, p, text, &nbytes);
  assert_true(nbytes > 600000);
  counting_blob blob;
  counting_blob_init(&blob, ctx, encoded, nbytes, false);
  for (int i = 0; i < N; i += i < 50 || i > N - 50 ? 1 : 977) {
    zarrc_text got;
    zarrc_region r = chunk_region(2, (int64_t[]){i / 100, i % 100}, (int64_t[]){1, 1}, NULL);
    zarrc_view to = zarrc_view_c(&spec.dtype, 2, r.count, &got);
    assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_read(p, &blob.blob, &r, &to, NULL, NULL), ZARRC_OK);
    assert_int_equal(got.len, text[i].len);
    assert_memory_equal(got.ptr, text[i].ptr, got.len);
    if (i < 50) assert_true(blob.nread <= 65536);
    zarrc_arena_close(to.arena);
  }
  /* Far away one request for all of it costs less than several. */
  static const zarrc_blob_traits far = {.struct_size = sizeof far, .gap = 1 << 20};
  zarrc_text last;
  zarrc_region r = chunk_region(2, (int64_t[]){N / 100 - 1, 99}, (int64_t[]){1, 1}, NULL);
  zarrc_view to = zarrc_view_c(&spec.dtype, 2, r.count, &last);
  assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
  blob.blob.traits = &far;
  counting_blob_reset(&blob);
  assert_int_equal(zarrc_read(p, &blob.blob, &r, &to, NULL, NULL), ZARRC_OK);
  assert_int_equal(blob.nreads, 1);
  assert_int_equal(last.len, text[N - 1].len);
  zarrc_arena_close(to.arena);
  counting_blob_clear(&blob);
  free(encoded);
  free(pool);
  free(text);
  zarrc_pipeline_close(p);
}

/* The same through a strided, mirrored view and a shard, with a fill value of text. */
static void through_views_and_shards(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  static const char codecs[] =
      "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, {\"name\": \"sharding_indexed\", "
      "\"configuration\": {\"chunk_shape\": [2, 1], \"codecs\": [\"vlen-utf8\", {\"name\": \"zstd\"}]}}]";
  zarrc_text fill = {(const uint8_t *)"empty", 5}, text[12], back[12];
  zarrc_spec spec = chunk_spec(ZARRC_STRING, 2, (int64_t[]){3, 4});
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  for (int i = 0; i < 12; i++) text[i] = i % 4 < 2 ? fill : (zarrc_text){(const uint8_t *)"abcdefghijkl" + i, 12 - i};
  zarrc_view from = zarrc_view_c(&spec.dtype, 2, spec.shape, text), to = zarrc_view_c(&spec.dtype, 2, spec.shape, back);
  from.data = &text[11];
  from.stride[0] = -from.stride[0];
  from.stride[1] = -from.stride[1];
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, NULL, 0);
  assert_int_equal(zarrc_write(p, &blob.blob, NULL, &(zarrc_values){.view = &from}, false, NULL), ZARRC_OK);
  assert_int_equal(zarrc_arena_open(ctx, &to.arena, NULL), ZARRC_OK);
  assert_int_equal(zarrc_read(p, &blob.blob, NULL, &to, NULL, NULL), ZARRC_OK);
  for (int i = 0; i < 12; i++) {
    assert_int_equal(back[i].len, text[11 - i].len);
    assert_memory_equal(back[i].ptr, text[11 - i].ptr, back[i].len);
  }
  zarrc_arena_close(to.arena);
  zarrc_memory_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* Lengths that add up to more than a size says, with 32 bits. */
static void lengths_that_wrap_round(void **state) {
  zarrc_spec spec = chunk_spec(ZARRC_BYTES, 1, (int64_t[]){2});
  zarrc_pipeline *p = chunk_pipeline(*state, "[\"vlen-bytes\"]", &spec);
  zarrc_text text[2] = {{(const uint8_t *)"", UINT32_MAX}, {(const uint8_t *)"a", 1}}; /* not looked at */
  zarrc_view from = zarrc_view_c(&spec.dtype, 1, (int64_t[]){2}, text);
  zarrc_parts parts;
  zarrc_parts_init(&parts, *state);
  if (sizeof(size_t) == 4) assert_int_equal(zarrc_encode(p, &from, &parts, NULL), ZARRC_LIMIT);
  zarrc_parts_clear(&parts);
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_bytes),
      cmocka_unit_test(wrong_types_are_refused),
      cmocka_unit_test(arrays_as_numcodecs),
      cmocka_unit_test(text_must_be_utf8),
      cmocka_unit_test(one_element),
      cmocka_unit_test(through_views_and_shards),
      cmocka_unit_test(lengths_that_wrap_round),
  };
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

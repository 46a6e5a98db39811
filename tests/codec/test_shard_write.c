/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/counting_blob.h"
#include "support/le64.h"

#include <stdlib.h>
#include <string.h>
#include <zarrc/plugin/blob.h>

static const char plain[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [4], \"codecs\": "
                            "[\"bytes\"], \"index_codecs\": [{\"name\": \"bytes\", \"configuration\": "
                            "{\"endian\": \"little\"}}]}}]";
#define INDEX_NBYTES (4 * 16)

static void write_part(zarrc_pipeline *p, counting_blob *blob, int64_t start, const char *bytes) {
  zarrc_error error;
  int64_t count = (int64_t)strlen(bytes);
  zarrc_region r = chunk_region(1, &start, &count, NULL);
  zarrc_view view = zarrc_view_c(&zarrc_pipeline_spec(p)->dtype, 1, &count, (void *)bytes);
  counting_blob_reset(blob);
  if (zarrc_write(p, &blob->blob, &r, &(zarrc_values){.view = &view}, false, &error)) fail_msg("%s", error.message);
}

static void reads_as(zarrc_pipeline *p, counting_blob *blob, const char *expected) {
  char got[17] = {0};
  const zarrc_spec *spec = zarrc_pipeline_spec(p);
  zarrc_view view = zarrc_view_c(&spec->dtype, 1, spec->shape, got);
  assert_int_equal(zarrc_read(p, &blob->blob, NULL, &view, NULL, NULL), ZARRC_OK);
  assert_string_equal(got, expected);
}

/* Only touched inner chunks are encoded anew; the others keep their bytes, in a new dense layout. */
static void updates(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  uint8_t fill = '.';
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, NULL, 0, false);
  write_part(p, &blob, 6, "ab"); /* a new shard of one inner chunk */
  reads_as(p, &blob, "......ab........");
  assert_int_equal(blob.nbytes, 4 + INDEX_NBYTES);
  write_part(p, &blob, 12, "wxyz");
  reads_as(p, &blob, "......ab....wxyz");
  assert_int_equal(blob.nbytes, 8 + INDEX_NBYTES);
  write_part(p, &blob, 7, "BCDE"); /* reads the index, the touched chunk that is there, the run that is kept */
  assert_int_equal(blob.nread, INDEX_NBYTES + 4 + 4);
  reads_as(p, &blob, "......aBCDE.wxyz");
  assert_int_equal(blob.nbytes, 12 + INDEX_NBYTES);
  assert_memory_equal(blob.bytes, "..aBCDE.wxyz", 12);
  write_part(p, &blob, 4, "...."); /* an inner chunk goes */
  assert_int_equal(blob.nbytes, 8 + INDEX_NBYTES);
  assert_memory_equal(blob.bytes, "CDE.wxyz", 8);
  write_part(p, &blob, 4, "........");
  assert_int_equal(blob.nerased, 0);
  write_part(p, &blob, 12, "...."); /* and with the last one the shard */
  assert_int_equal(blob.nerased, 1);
  assert_null(blob.bytes);
  reads_as(p, &blob, "................");
  write_part(p, &blob, 0, "0123456789abcdef");
  assert_int_equal(blob.nread, 0);
  reads_as(p, &blob, "0123456789abcdef");
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* With write_empty_chunks what is touched is stored, and only that. */
static void empty_chunks(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  uint8_t fill = '.';
  spec.fill = &fill;
  spec.options.write_empty_chunks = true;
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, NULL, 0, false);
  write_part(p, &blob, 5, "..");
  assert_int_equal(blob.nbytes, 4 + INDEX_NBYTES);
  reads_as(p, &blob, "................");
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* Encoded bytes of untouched inner chunks are kept verbatim, however they lie in the old shard: with gaps, out of
 * order, shared; each run of them is one range. */
static void untouched_bytes_are_kept(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  uint8_t old[12 + INDEX_NBYTES] = "efgh--abcd--";
  static const uint64_t entries[] = {6, 4, 0, 4, 6, 4, UINT64_MAX, UINT64_MAX};
  for (size_t i = 0; i < 8; i++) put_le64(old + 12 + 8 * i, entries[i]);
  counting_blob blob;
  counting_blob_init(&blob, ctx, old, sizeof old, false);
  reads_as(p, &blob, "abcdefghabcd");
  write_part(p, &blob, 12, "wxyz");
  reads_as(p, &blob, "abcdefghabcdwxyz");
  assert_int_equal(blob.nbytes, 16 + INDEX_NBYTES);
  assert_memory_equal(blob.bytes, "abcdefghabcdwxyz", 16);
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* Where the blob can keep bytes they are not read: each run of them is one piece without memory. */
static void kept_bytes_are_not_read(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, NULL, 0, false);
  counting_blob_keeps(&blob);
  write_part(p, &blob, 0, "0123456789abcdef");
  assert_int_equal(blob.nkept, 0);
  write_part(p, &blob, 4, "WXYZ");
  assert_int_equal(blob.nread, INDEX_NBYTES);
  assert_int_equal(blob.nkept, 2);
  assert_int_equal(blob.nkept_bytes, 12);
  reads_as(p, &blob, "0123WXYZ89abcdef");
  write_part(p, &blob, 14, "!?");
  assert_int_equal(blob.nread, INDEX_NBYTES + 4);
  assert_int_equal(blob.nkept, 1);
  assert_int_equal(blob.nkept_bytes, 12);
  reads_as(p, &blob, "0123WXYZ89abcd!?");
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

#define INNER_SHARDS(codecs)                                                                                           \
  "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [8], \"index_location\": \"start\", "        \
  "\"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}], \"codecs\": [{\"name\": "   \
  "\"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2], \"codecs\": [\"bytes\"], \"index_codecs\": [{"      \
  "\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}" codecs "]}}]"

/* Bytes of inner shards are kept too, unless another codec has to see them. */
static void kept_bytes_of_inner_shards(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const chains[2] = {INNER_SHARDS(""), INNER_SHARDS(", \"crc32c\"")};
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  for (int crc = 0; crc < 2; crc++) {
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[crc], &spec);
    counting_blob blob;
    counting_blob_init(&blob, ctx, NULL, 0, false);
    counting_blob_keeps(&blob);
    write_part(p, &blob, 0, "0123456789abcdef");
    write_part(p, &blob, 10, "XY"); /* the first inner shard is a run, and in the second one chunk and two are */
    assert_int_equal(blob.nkept, crc ? 1 : 3);
    assert_int_equal(blob.nkept_bytes, crc ? 8 + 64 + 4 : 8 + 64 + 2 + 4);
    reads_as(p, &blob, "0123456789XYcdef");
    counting_blob_clear(&blob);
    zarrc_pipeline_close(p);
  }
}

/* All pieces of a new shard whose inner chunks have a size known before lie side by side: it is stored as one piece and
 * the index, whatever the order. */
typedef struct piece_count {
  zarrc_blob blob;
  size_t nparts, nbytes;
} piece_count;

static zarrc_status count_pieces(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                 zarrc_error *error) {
  piece_count *c = (piece_count *)blob;
  (void)if_unchanged, (void)error;
  for (size_t i = 0; i < n; i++) {
    c->nparts += parts[i].len > 0;
    c->nbytes += parts[i].len;
  }
  return ZARRC_OK;
}

static zarrc_status erase_nothing(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)blob, (void)if_unchanged, (void)error;
  return ZARRC_OK;
}

static void one_piece(void **state) {
  zarrc_ctx *ctx = *state;
  static const zarrc_blob_ops ops = {.struct_size = sizeof ops, .replace = count_pieces, .erase = erase_nothing};
  enum { EDGE = 10 };
  uint8_t values[EDGE * EDGE];
  for (size_t i = 0; i < sizeof values; i++) values[i] = (uint8_t)(i + 1);
  for (int order = 0; order < 3; order++) {
    zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){EDGE, EDGE});
    spec.options.subchunk_order = (zarrc_subchunk_order)order;
    zarrc_pipeline *p = chunk_pipeline(ctx,
                                       "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2, 2], "
                                       "\"codecs\": [\"bytes\"]}}]",
                                       &spec);
    zarrc_view view = zarrc_view_c(&spec.dtype, 2, spec.shape, values);
    piece_count count = {.blob = {.ops = &ops}};
    assert_int_equal(zarrc_write(p, &count.blob, NULL, &(zarrc_values){.view = &view}, true, NULL), ZARRC_OK);
    assert_int_equal(count.nparts, 2);
    assert_int_equal(count.nbytes, EDGE * EDGE + 25 * 16 + 4);
    zarrc_pipeline_close(p);
  }
}

/* Entries that all claim the same many bytes: an update does not read them as often as they are claimed. */
static void shared_bytes_are_bounded(void **state) {
  (void)state;
  enum { N = 64, LARGE = 1 << 16 };
  zarrc_ctx_options options = {.threads = 1, .max_chunk_bytes = 4 * LARGE};
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){N});
  zarrc_pipeline *p = chunk_pipeline(ctx,
                                     "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1], "
                                     "\"codecs\": [\"bytes\"], \"index_codecs\": [{\"name\": \"bytes\", "
                                     "\"configuration\": {\"endian\": \"little\"}}]}}]",
                                     &spec);
  uint8_t *old = calloc(1, LARGE + N * 16);
  for (size_t i = 0; i < N; i++) {
    put_le64(old + LARGE + 16 * i, 0);
    put_le64(old + LARGE + 16 * i + 8, LARGE);
  }
  counting_blob blob;
  counting_blob_init(&blob, ctx, old, LARGE + N * 16, false);
  zarrc_region r = chunk_region(1, (int64_t[]){4}, (int64_t[]){1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, "X");
  assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &view}, false, NULL), ZARRC_LIMIT);
  assert_int_equal(blob.nreplaced, 0);
  assert_true(blob.nread < 2 * LARGE);
  counting_blob_clear(&blob);
  free(old);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

/* A damaged neighbour is no reason to refuse a write next to it, if its index entry can be right; a damaged index is.
 */
static void damage_is_not_spread(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, NULL, 0, false);
  write_part(p, &blob, 0, "0123456789abcdef");
  uint64_t wrong = 1000;
  memcpy(blob.bytes + 16, &wrong, 8); /* offset of inner chunk 0 */
  zarrc_region r = chunk_region(1, (int64_t[]){4}, (int64_t[]){1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, "X");
  uint8_t before[80];
  memcpy(before, blob.bytes, sizeof before);
  zarrc_error error;
  assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &view}, false, &error), ZARRC_CORRUPT);
  assert_string_equal(error.inner_chunk, "0"); /* said once */
  assert_memory_equal(blob.bytes, before, sizeof before);
  write_part(p, &blob, 0, "fedcba9876543210"); /* all of it: nothing of the old one is needed */
  reads_as(p, &blob, "fedcba9876543210");
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

/* Edges of an array: fresh writes touch only the inner chunks that they reach, and pad them. */
static void fresh_edges(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){16});
  uint8_t fill = '9';
  spec.fill = &fill;
  zarrc_pipeline *p = chunk_pipeline(ctx, plain, &spec);
  counting_blob blob;
  counting_blob_init(&blob, ctx, "rubbish", 7, false);
  zarrc_region r = chunk_region(1, (int64_t[]){0}, (int64_t[]){6}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, "abcdef");
  assert_int_equal(zarrc_write(p, &blob.blob, &r, &(zarrc_values){.view = &view}, true, NULL), ZARRC_OK);
  assert_int_equal(blob.nbytes, 8 + INDEX_NBYTES);
  assert_memory_equal(blob.bytes, "abcdef99", 8);
  counting_blob_clear(&blob);
  zarrc_pipeline_close(p);
}

static int setup(void **state) {
  zarrc_ctx_options options = {.threads = 2};
  return zarrc_ctx_open(&options, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(updates),
      cmocka_unit_test(empty_chunks),
      cmocka_unit_test(untouched_bytes_are_kept),
      cmocka_unit_test(kept_bytes_are_not_read),
      cmocka_unit_test(kept_bytes_of_inner_shards),
      cmocka_unit_test(one_piece),
      cmocka_unit_test(damage_is_not_spread),
      cmocka_unit_test(shared_bytes_are_bounded),
      cmocka_unit_test(fresh_edges),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/counting_blob.h"

#include "codec/shard_cache.h"

#include <stdlib.h>
#include <string.h>

static const char codecs[] = "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1]}}]";
enum { NCHUNKS = 64, INDEX_NBYTES = NCHUNKS * 16 + 4 };

/* A counting blob that can say which version it has. */
typedef struct versioned {
  zarrc_blob blob;
  counting_blob inner;
  uint64_t version;
  bool known;
} versioned;

static zarrc_status versioned_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  return zarrc_blob_read(&((versioned *)blob)->inner.blob, ranges, n, error);
}

static zarrc_status versioned_identify(zarrc_blob *blob, zarrc_identity *out, bool *known, zarrc_error *error) {
  versioned *v = (versioned *)blob;
  if (!v->inner.bytes) return zarrc_fail(error, ZARRC_NOT_FOUND, "no value");
  *out = (zarrc_identity){.word = {7, v->version}, .nbytes = v->inner.nbytes};
  *known = v->known;
  return ZARRC_OK;
}

static const zarrc_blob_ops versioned_ops = {
    .struct_size = sizeof(zarrc_blob_ops), .read = versioned_read, .identify = versioned_identify};

static void begin(versioned *v, zarrc_ctx *ctx, zarrc_pipeline *p, uint64_t version, bool known, uint8_t first) {
  uint8_t numbers[NCHUNKS];
  size_t n;
  for (int i = 0; i < NCHUNKS; i++) numbers[i] = (uint8_t)(first + i);
  uint8_t *bytes = chunk_encode(ctx, p, numbers, &n);
  *v = (versioned){.blob = {.ops = &versioned_ops}, .version = version, .known = known};
  counting_blob_init(&v->inner, ctx, bytes, n, false);
  free(bytes);
}

/* Reads element i; returns how many bytes that took. */
static size_t read_one(zarrc_pipeline *p, versioned *v, int64_t i, uint8_t expected) {
  uint8_t one = 0;
  int64_t count = 1;
  zarrc_region r = chunk_region(1, &i, &count, NULL);
  zarrc_view to = zarrc_view_c(&zarrc_pipeline_spec(p)->dtype, 1, &count, &one);
  counting_blob_reset(&v->inner);
  assert_int_equal(zarrc_read(p, &v->blob, &r, &to, NULL, NULL), ZARRC_OK);
  assert_int_equal(one, expected);
  return v->inner.nread;
}

static zarrc_ctx *ctx_of(uint64_t cache_bytes) {
  zarrc_ctx_options options = {.threads = 1, .index_cache_bytes = cache_bytes};
  zarrc_ctx *ctx;
  assert_int_equal(zarrc_ctx_open(&options, &ctx, NULL), ZARRC_OK);
  return ctx;
}

static zarrc_pipeline *pipeline_of(zarrc_ctx *ctx) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){NCHUNKS});
  return chunk_pipeline(ctx, codecs, &spec);
}

static void an_index_is_read_once(void **state) {
  (void)state;
  zarrc_ctx *ctx = ctx_of(0);
  zarrc_pipeline *p = pipeline_of(ctx), *other = pipeline_of(ctx);
  versioned v;
  begin(&v, ctx, p, 1, true, 1);
  assert_int_equal(read_one(p, &v, 3, 4), INDEX_NBYTES + 1);
  assert_int_equal(read_one(p, &v, 3, 4), 1);
  assert_int_equal(read_one(other, &v, 60, 61), 1); /* another pipeline that decodes the index alike */
  counting_blob_clear(&v.inner);
  assert_int_equal(zarrc_read(p, &v.blob, NULL, &(zarrc_view){0}, NULL, NULL), ZARRC_INVALID_ARGUMENT);
  begin(&v, ctx, p, 2, true, 100); /* another version */
  assert_int_equal(read_one(p, &v, 3, 103), INDEX_NBYTES + 1);
  assert_int_equal(read_one(p, &v, 4, 104), 1);
  v.known = false; /* nobody can say whether it changed */
  assert_int_equal(read_one(p, &v, 4, 104), INDEX_NBYTES + 1);
  counting_blob_clear(&v.inner);
  zarrc_pipeline_close(other);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

/* An index that is decoded otherwise is another index, though the bytes are the same. */
static void codecs_tell_indices_apart(void **state) {
  (void)state;
  zarrc_ctx *ctx = ctx_of(0);
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){NCHUNKS});
  zarrc_pipeline *p = pipeline_of(ctx);
  zarrc_pipeline *start = chunk_pipeline(ctx,
                                         "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": "
                                         "[1], \"index_location\": \"start\"}}]",
                                         &spec);
  versioned v;
  uint8_t one;
  zarrc_region r = chunk_region(1, (int64_t[]){0}, (int64_t[]){1}, NULL);
  zarrc_view to = zarrc_view_c(&spec.dtype, 1, r.count, &one);
  begin(&v, ctx, p, 1, true, 1);
  assert_int_equal(read_one(p, &v, 3, 4), INDEX_NBYTES + 1);
  assert_int_equal(zarrc_read(start, &v.blob, &r, &to, NULL, NULL), ZARRC_CHECKSUM);
  counting_blob_clear(&v.inner);
  zarrc_pipeline_close(start);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

/* The oldest go where there is no room. */
static void the_limit_holds(void **state) {
  (void)state;
  zarrc_ctx *ctx = ctx_of(2 * NCHUNKS * 16);
  zarrc_pipeline *p = pipeline_of(ctx);
  versioned v[3];
  for (unsigned i = 0; i < 3; i++) {
    begin(&v[i], ctx, p, i + 1, true, (uint8_t)(i + 1));
    if (i < 2) assert_int_equal(read_one(p, &v[i], 0, (uint8_t)(i + 1)), INDEX_NBYTES + 1);
  }
  assert_int_equal(read_one(p, &v[0], 0, 1), 1);
  assert_int_equal(read_one(p, &v[2], 0, 3), INDEX_NBYTES + 1); /* pushes out the second */
  assert_int_equal(read_one(p, &v[0], 0, 1), 1);
  assert_int_equal(read_one(p, &v[1], 0, 2), INDEX_NBYTES + 1);
  for (int i = 0; i < 3; i++) counting_blob_clear(&v[i].inner);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

/* Far more indices than there are places: the newest ones are kept, and memory does not grow. */
static void many_versions(void **state) {
  (void)state;
  zarrc_ctx *ctx = ctx_of(0);
  zarrc_pipeline *p = pipeline_of(ctx);
  versioned v;
  begin(&v, ctx, p, 1, true, 1);
  for (v.version = 1; v.version <= 20000; v.version++) assert_int_equal(read_one(p, &v, 0, 1), INDEX_NBYTES + 1);
  uint64_t memory = zarrc_ctx_memory(ctx);
  for (v.version = 19990; v.version <= 20000; v.version++) assert_int_equal(read_one(p, &v, 0, 1), 1);
  for (v.version = 20001; v.version <= 24000; v.version++) assert_int_equal(read_one(p, &v, 0, 1), INDEX_NBYTES + 1);
  assert_int_equal(zarrc_ctx_memory(ctx), memory);
  counting_blob_clear(&v.inner);
  zarrc_pipeline_close(p);
  zarrc_ctx_close(ctx);
}

static void it_can_be_off(void **state) {
  (void)state;
  static const uint64_t limits[] = {UINT64_MAX, NCHUNKS * 16 - 1};
  for (int k = 0; k < 2; k++) {
    zarrc_ctx *ctx = ctx_of(limits[k]);
    zarrc_pipeline *p = pipeline_of(ctx);
    versioned v;
    begin(&v, ctx, p, 1, true, 1);
    for (int i = 0; i < 3; i++) assert_int_equal(read_one(p, &v, 3, 4), INDEX_NBYTES + 1);
    counting_blob_clear(&v.inner);
    zarrc_pipeline_close(p);
    zarrc_ctx_close(ctx);
  }
}

/* Two codecs that hash alike, which whoever makes the metadata may arrange, do not get each other's indices. */
static void lengths_tell_indices_apart(void **state) {
  (void)state;
  zarrc_ctx *ctx = ctx_of(0);
  zarrc_identity identity = {.word = {1, 2, 3, 4, 5}, .nbytes = 6};
  zarrc_shard few = {.ndim = 1, .grid = {2}, .nchunks = 2, .index_name = 7};
  zarrc_shard many = {.ndim = 1, .grid = {1000}, .nchunks = 1000, .index_name = 7};
  zarrc_shard_entry entries[2] = {{1, 2}, {3, 4}};
  zarrc_shard_index index = {.entries = entries, .total = 6}, found = {0};
  zarrc_shard_cache_keep(ctx, &few, &identity, &index);
  assert_true(zarrc_shard_cache_find(ctx, &few, &identity, &found));
  zarrc_shard_index_release(&found);
  assert_false(zarrc_shard_cache_find(ctx, &many, &identity, &found));
  zarrc_ctx_close(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_index_is_read_once), cmocka_unit_test(codecs_tell_indices_apart),
      cmocka_unit_test(the_limit_holds),       cmocka_unit_test(many_versions),
      cmocka_unit_test(it_can_be_off),         cmocka_unit_test(lengths_tell_indices_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/copying.h"
#include "support/nodes.h"

#include <stdio.h>
#include <string.h>

/* An array of 2 shards of 2 inner chunks of 2 elements of int32, 1 to 8, without compression: a shard has 16 bytes of
 * data and an index of 36. */
typedef struct fixture {
  zarrc_ctx *ctx;
  zarrc_store *store;
  zarrc_array *array;
  zarrc_stored_shard *shard;
  zarrc_stored_shard_info info;
  zarrc_error error;
} fixture;

static void begin(fixture *f, const char *codecs) {
  *f = (fixture){.info.struct_size = sizeof f->info};
  assert_int_equal(zarrc_ctx_open(NULL, &f->ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f->ctx, &f->store, NULL), ZARRC_OK);
  f->array = copying_array(f->store, "a", 1, (int64_t[]){8}, (int64_t[]){2}, (int64_t[]){4}, codecs);
}

static void end(fixture *f) {
  zarrc_stored_shard_close(f->shard);
  zarrc_array_close(f->array);
  zarrc_store_close(f->store);
  zarrc_ctx_close(f->ctx);
}

static void look(fixture *f, const char *key, const int64_t *chunk) {
  assert_int_equal(zarrc_stored_shard_open(f->array, NULL, key, chunk, &f->shard, &f->error), ZARRC_OK);
  assert_int_equal(zarrc_stored_shard_describe(f->shard, &f->info, NULL), ZARRC_OK);
}

static void test_undamaged(void **state) {
  fixture f;
  zarrc_inner_chunk inner;
  int32_t found[2];
  zarrc_bytes bytes;
  (void)state;
  begin(&f, NULL);
  look(&f, "a/c/1", (int64_t[]){1});
  assert_int_equal(f.info.ndim, 1);
  assert_int_equal(f.info.shape[0], 4);
  assert_int_equal(f.info.chunk_shape[0], 2);
  assert_int_equal(f.info.grid[0], 2);
  assert_int_equal(f.info.dtype->type, ZARRC_INT32);
  assert_int_equal(f.info.nbytes, 16 + 36);
  assert_int_equal(f.info.index_location, ZARRC_INDEX_END);
  assert_int_equal(f.info.index_nbytes, 36);
  assert_true(f.info.index_has_checksum);
  assert_false(f.info.wrapped);
  assert_int_equal(f.info.nchunks, 2);
  assert_int_equal(f.info.npresent, 2);
  assert_int_equal(f.info.nmissing + f.info.ncorrupt + f.info.hole_nbytes + f.info.overlap_nbytes, 0);
  assert_int_equal(f.info.data_nbytes, 16);
  zarrc_stored_shard_get(f.shard, 1, &inner);
  assert_int_equal(inner.chunk[0], 1);
  assert_int_equal(inner.offset, 8);
  assert_int_equal(inner.nbytes, 8);
  assert_int_equal(zarrc_stored_shard_read(f.shard, 1, &bytes, NULL), ZARRC_OK);
  assert_int_equal(bytes.len, 8);
  assert_int_equal(bytes.ptr[0], 7);
  zarrc_bytes_release(&bytes);
  const zarrc_view view = zarrc_view_c(f.info.dtype, 1, f.info.chunk_shape, found);
  assert_int_equal(zarrc_stored_shard_decode(f.shard, 0, &view, NULL), ZARRC_OK);
  assert_int_equal(found[0], 5);
  assert_int_equal(found[1], 6);
  f.info.struct_size = 0;
  assert_int_equal(zarrc_stored_shard_describe(f.shard, &f.info, NULL), ZARRC_INVALID_ARGUMENT);
  end(&f);
}

/* Stores a shard without a checksum of the index: data of 10 bytes, and the entries given. */
static void put_shard(fixture *f, const uint64_t entries[4]) {
  uint8_t value[10 + 32] = "abcdefghij";
  memcpy(value + 10, entries, 32);
  assert_int_equal(zarrc_store_set(f->store, "a/c/0", value, sizeof value, NULL), ZARRC_OK);
}

static const char *const without_checksum =
    "[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2],\"codecs\":[{\"name\":\"bytes\","
    "\"configuration\":"
    "{\"endian\":\"little\"}}],\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}]}}]";

static void test_damaged(void **state) {
  fixture f;
  zarrc_inner_chunk inner;
  zarrc_bytes bytes;
  int32_t found[2];
  (void)state;
  *(&f) = (fixture){.info.struct_size = sizeof f.info};
  assert_int_equal(zarrc_ctx_open(NULL, &f.ctx, NULL), ZARRC_OK);
  assert_int_equal(zarrc_memory_store_open(f.ctx, &f.store, NULL), ZARRC_OK);
  char document[1000];
  snprintf(document, sizeof document,
           "{\"zarr_format\":3,\"node_type\":\"array\",\"shape\":[8],\"data_type\":\"int32\",\"chunk_grid\":{\"name\":"
           "\"regular\","
           "\"configuration\":{\"chunk_shape\":[4]}},\"chunk_key_encoding\":{\"name\":\"default\"},\"fill_value\":0,"
           "\"codecs\":%s}",
           without_checksum);
  nodes_put(f.store, "a/zarr.json", document);
  assert_int_equal(zarrc_array_open(f.store, "a", NULL, &f.array, NULL), ZARRC_OK);

  put_shard(&f, (uint64_t[]){0, 8, 6, 4}); /* they overlap by 2 bytes */
  look(&f, "a/c/0", (int64_t[]){0});
  assert_int_equal(f.info.overlap_nbytes, 2);
  assert_int_equal(f.info.hole_nbytes, 0);
  assert_false(f.info.index_has_checksum);
  const zarrc_view view = zarrc_view_c(f.info.dtype, 1, f.info.chunk_shape, found);
  assert_int_equal(zarrc_stored_shard_decode(f.shard, 1, &view, &f.error), ZARRC_SIZE_MISMATCH);
  assert_string_equal(f.error.chunk, "0");
  assert_string_equal(f.error.inner_chunk, "1");
  assert_int_equal(f.error.offset, 6);
  assert_string_equal(f.error.key, "a/c/0");
  assert_int_equal(zarrc_stored_shard_decode(f.shard, 0, &view, NULL), ZARRC_OK);
  zarrc_stored_shard_close(f.shard);

  put_shard(&f, (uint64_t[]){UINT64_MAX, 8, 40, 8}); /* half an entry, and one that leaves the shard */
  look(&f, "a/c/0", NULL);
  assert_int_equal(f.info.ncorrupt, 2);
  assert_int_equal(f.info.hole_nbytes, 10);
  for (uint64_t i = 0; i < 2; i++) {
    zarrc_stored_shard_get(f.shard, i, &inner);
    assert_int_equal(inner.status, ZARRC_CORRUPT);
    assert_int_equal(zarrc_stored_shard_read(f.shard, i, &bytes, &f.error), ZARRC_CORRUPT);
    assert_string_equal(f.error.chunk, "");
  }
  zarrc_stored_shard_close(f.shard);

  put_shard(&f, (uint64_t[]){UINT64_MAX, UINT64_MAX, 0, 8});
  look(&f, "a/c/0", NULL);
  assert_int_equal(f.info.nmissing, 1);
  assert_int_equal(f.info.npresent, 1);
  assert_int_equal(zarrc_stored_shard_read(f.shard, 0, &bytes, &f.error), ZARRC_NOT_FOUND);
  end(&f);
}

static void test_failures(void **state) {
  fixture f;
  zarrc_stored_shard *shard = NULL;
  (void)state;
  begin(&f, NULL);
  assert_int_equal(zarrc_store_erase(f.store, "a/c/1", NULL), ZARRC_OK);
  assert_int_equal(zarrc_stored_shard_open(f.array, NULL, "a/c/1", (int64_t[]){1}, &shard, &f.error), ZARRC_NOT_FOUND);
  assert_string_equal(f.error.key, "a/c/1");
  nodes_put(f.store, "a/c/1", "short");
  assert_int_equal(zarrc_stored_shard_open(f.array, NULL, "a/c/1", (int64_t[]){1}, &shard, NULL), ZARRC_TRUNCATED);
  assert_int_equal(zarrc_stored_shard_open(f.array, NULL, "a/c/9", (int64_t[]){9}, &shard, NULL),
                   ZARRC_INVALID_ARGUMENT);
  assert_null(shard);
  zarrc_array *plain = copying_array(f.store, "plain", 1, (int64_t[]){8}, (int64_t[]){2}, NULL, NULL);
  assert_int_equal(zarrc_stored_shard_open(plain, NULL, "plain/c/0", NULL, &shard, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_array_close(plain);
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_undamaged), cmocka_unit_test(test_damaged),
                                     cmocka_unit_test(test_failures)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/le64.h"
#include "support/said.h"

#include "codec/shard.h"

#include <stdlib.h>
#include <string.h>

/* A shard of 2 x 2 inner chunks of one byte, index of plain bytes at the end: entries to be tampered with. */
static const char codecs[] =
    "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [1, 1], \"codecs\": [\"bytes\"], "
    "\"index_codecs\": [{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}]}}]";

static zarrc_status read_with(zarrc_ctx *ctx, uint64_t offset, uint64_t nbytes, zarrc_error *error, uint8_t *out) {
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 2, (int64_t[]){2, 2});
  zarrc_pipeline *p = chunk_pipeline(ctx, codecs, &spec);
  uint8_t numbers[] = {10, 11, 12, 13};
  size_t n;
  uint8_t *shard = chunk_encode(ctx, p, numbers, &n);
  assert_int_equal(n, 4 + 64);
  put_le64(shard + 4 + 16, offset); /* inner chunk 0,1 */
  put_le64(shard + 4 + 24, nbytes);
  zarrc_view to = zarrc_view_c(&spec.dtype, 2, spec.shape, out);
  zarrc_memory_blob blob;
  zarrc_memory_blob_init(&blob, ctx, shard, n);
  zarrc_status status = zarrc_read(p, &blob.blob, NULL, &to, NULL, error);
  zarrc_memory_blob_clear(&blob);
  free(shard);
  zarrc_pipeline_close(p);
  return status;
}

static void entries_that_lie(void **state) {
  static const struct {
    uint64_t offset, nbytes;
    zarrc_status status;
  } rows[] = {
      {UINT64_MAX, UINT64_MAX, ZARRC_OK},
      {UINT64_MAX, 1, ZARRC_CORRUPT},
      {0, UINT64_MAX, ZARRC_CORRUPT},
      {UINT64_MAX - 1, 1, ZARRC_CORRUPT},
      {68, 1, ZARRC_CORRUPT},
      {67, 1, ZARRC_OK}, /* in the index */
      {67, 2, ZARRC_CORRUPT},
      {UINT64_MAX - 1, 2, ZARRC_CORRUPT},
      {1, UINT64_MAX - 1, ZARRC_CORRUPT},
      {UINT64_C(1) << 63, 1, ZARRC_CORRUPT},
      {0, 1, ZARRC_OK},
      {0, 0, ZARRC_SIZE_MISMATCH},
      {0, 2, ZARRC_SIZE_MISMATCH},
      {68, 0, ZARRC_SIZE_MISMATCH},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    zarrc_error error = {0};
    uint8_t out[4];
    zarrc_status status = read_with(*state, rows[i].offset, rows[i].nbytes, &error, out);
    if (status != rows[i].status) fail_msg("row %zu: %s: %s", i, zarrc_status_name(status), SAID(error));
    if (status) assert_string_equal(error.inner_chunk, "0,1");
    if (!status) assert_true(out[0] == 10 && out[2] == 12 && out[3] == 13);
    if (rows[i].nbytes == UINT64_MAX && !status) assert_int_equal(out[1], 0);
  }
}

static void parts_of_a_region(void **state) {
  (void)state;
  zarrc_shard shard = {.ndim = 1, .chunk_shape = {4}, .grid = {8}, .nchunks = 8};
  uint8_t numbers[32];
  for (int64_t step = 1; step <= 9; step++)
    for (int64_t start = 0; start < 32; start++)
      for (int64_t count = 0; start + (count - 1) * step < 32; count++) {
        zarrc_region r = chunk_region(1, &start, &count, &step);
        zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
        zarrc_view view = zarrc_view_c(&dtype, 1, &count, numbers);
        zarrc_touched touched = zarrc_shard_touched(&shard, &r);
        int64_t seen = 0;
        for (uint64_t k = 0; k < touched.n; k++) {
          zarrc_touch touch;
          zarrc_shard_touch(&shard, &touched, k, &r, &view, &touch);
          assert_int_equal(touch.empty, touch.part.count[0] == 0);
          for (int64_t i = 0; i < touch.part.count[0]; i++) {
            int64_t at = (int64_t)touch.i * 4 + touch.part.start[0] + i * touch.part.step[0];
            assert_int_equal(at, start + seen * step);
            assert_ptr_equal((uint8_t *)touch.view.data + i * touch.view.stride[0], numbers + seen);
            seen++;
          }
          assert_int_equal(touch.whole, touch.part.count[0] == 4);
        }
        assert_int_equal(seen, count);
        if (count > 20) break;
      }
}

static void names_of_chunks(void **state) {
  (void)state;
  zarrc_shard shard = {.ndim = 3, .grid = {2, 3, 4}};
  char name[32], tiny[4];
  zarrc_shard_chunk_name(&shard, 23, name, sizeof name);
  assert_string_equal(name, "1,2,3");
  zarrc_shard_chunk_name(&shard, 23, tiny, sizeof tiny);
  assert_string_equal(tiny, "1,2");
  shard.ndim = 0;
  zarrc_shard_chunk_name(&shard, 0, name, sizeof name);
  assert_string_equal(name, "()");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(entries_that_lie), cmocka_unit_test(parts_of_a_region),
                                     cmocka_unit_test(names_of_chunks)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

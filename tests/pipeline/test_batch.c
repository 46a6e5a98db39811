/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/context.h"
#include "support/needs.h"

#include <stdlib.h>
#include <string.h>

/* (chunk or nothing, spec) pairs: nothing in gives nothing out, each job gets its status. */
static void jobs_and_holes(void **state) {
  needs_codec("zstd");
  zarrc_ctx *ctx = *state;
  enum { N = 60 };
  zarrc_spec spec = chunk_spec(ZARRC_INT32, 1, (int64_t[]){50});
  zarrc_pipeline *p = chunk_pipeline(
      ctx, "[{\"name\": \"bytes\", \"configuration\": {\"endian\": \"big\"}}, {\"name\": \"zstd\"}, \"crc32c\"]",
      &spec);
  static int32_t numbers[N][50], back[N][50];
  zarrc_memory_blob blobs[N];
  zarrc_job jobs[N];
  memset(jobs, 0, sizeof jobs);
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < 50; k++) numbers[i][k] = i * k;
    zarrc_memory_blob_init(&blobs[i], ctx, NULL, 0);
    jobs[i].pipeline = p;
    jobs[i].blob = i % 4 == 2 ? NULL : &blobs[i].blob;
    jobs[i].view = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers[i]);
  }
  assert_int_equal(zarrc_write_many(ctx, jobs, N, NULL), ZARRC_OK);
  memset(back, 0x55, sizeof back);
  for (int i = 0; i < N; i++) {
    assert_int_equal(jobs[i].status, ZARRC_OK);
    assert_int_equal(blobs[i].present, i != 0 && i % 4 != 2); /* job 0 is all fill value */
    jobs[i].view.data = back[i];
  }
  assert_int_equal(zarrc_read_many(ctx, jobs, N, NULL), ZARRC_OK);
  for (int i = 0; i < N; i++) {
    assert_int_equal(jobs[i].missing, i == 0);
    if (i % 4 == 2)
      assert_int_equal(back[i][0], 0x55555555);
    else
      assert_memory_equal(back[i], numbers[i], sizeof back[i]);
  }
  zarrc_error error;
  zarrc_memory_blob bad;
  zarrc_memory_blob_init(&bad, ctx, "not a frame", 11);
  jobs[33].blob = jobs[41].blob = &bad.blob;
  jobs[41].view.ndim = 2;
  assert_int_equal(zarrc_read_many(ctx, jobs, N, &error), ZARRC_CHECKSUM);
  for (int i = 0; i < N; i++)
    assert_int_equal(jobs[i].status, i == 33 ? ZARRC_CHECKSUM : i == 41 ? ZARRC_INVALID_ARGUMENT : ZARRC_OK);
  zarrc_memory_blob_clear(&bad);
  for (int i = 0; i < N; i++) zarrc_memory_blob_clear(&blobs[i]);
  zarrc_pipeline_close(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(jobs_and_holes)};
  return cmocka_run_group_tests(tests, context_setup, context_teardown);
}

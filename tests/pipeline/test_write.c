/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/chunk.h"
#include "support/counting_blob.h"

#include <stdlib.h>
#include <string.h>

#define BYTES "{\"name\": \"bytes\", \"configuration\": {\"endian\": \"little\"}}"

static void fill_value_is_not_stored(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {"[" BYTES "]", "[" BYTES ", {\"name\": \"zstd\"}]",
                                       "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}]"};
  int16_t fill = 9, nines[8] = {9, 9, 9, 9, 9, 9, 9, 9}, one = 1;
  for (int k = 0; k < 3; k++)
    for (int keep = 0; keep < 2; keep++) {
      zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){8});
      spec.fill = &fill;
      spec.options.write_empty_chunks = keep;
      zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
      counting_blob blob;
      counting_blob_init(&blob, ctx, NULL, 0, false);
      zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, nines), single = view;
      assert_int_equal(zarrc_write(p, &blob.blob, NULL, &view, false, NULL), ZARRC_OK);
      assert_int_equal(blob.bytes != NULL, keep);
      /* One number, and then fill value again: the value goes. */
      zarrc_region r = chunk_region(1, (int64_t[]){3}, (int64_t[]){1}, NULL);
      single.shape[0] = 1;
      single.data = &one;
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &single, false, NULL), ZARRC_OK);
      assert_non_null(blob.bytes);
      single.data = nines;
      assert_int_equal(zarrc_write(p, &blob.blob, &r, &single, false, NULL), ZARRC_OK);
      assert_int_equal(blob.bytes != NULL, keep);
      counting_blob_clear(&blob);
      zarrc_pipeline_close(p);
    }
}

/* A write that covers the chunk, or says it is fresh, reads nothing, even of a damaged value. */
static void covered_chunks_are_not_read(void **state) {
  zarrc_ctx *ctx = *state;
  static const char *const chains[] = {
      "[" BYTES ", {\"name\": \"zstd\"}]",
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [2]}}, \"crc32c\"]"};
  for (int k = 0; k < 2; k++) {
    zarrc_spec spec = chunk_spec(ZARRC_INT16, 1, (int64_t[]){8});
    zarrc_pipeline *p = chunk_pipeline(ctx, chains[k], &spec);
    int16_t *numbers = chunk_numbers(&spec), to[8];
    zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, numbers), part = view, back = view;
    zarrc_region r = chunk_region(1, (int64_t[]){0}, (int64_t[]){5}, NULL);
    part.shape[0] = 5;
    back.data = to;
    counting_blob blob;
    counting_blob_init(&blob, ctx, "rubbish", 7, false);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &part, false, NULL), k ? ZARRC_CHECKSUM : ZARRC_CORRUPT);
    assert_memory_equal(blob.bytes, "rubbish", 7);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_write(p, &blob.blob, &r, &part, true, NULL), ZARRC_OK);
    assert_int_equal(blob.nreads, 0);
    assert_int_equal(zarrc_read(p, &blob.blob, NULL, &back, NULL, NULL), ZARRC_OK);
    for (int i = 0; i < 8; i++) assert_int_equal(to[i], i < 5 ? i + 1 : 0);
    counting_blob_reset(&blob);
    assert_int_equal(zarrc_write(p, &blob.blob, NULL, &view, false, NULL), ZARRC_OK);
    assert_int_equal(blob.nreads, 0);
    counting_blob_clear(&blob);
    free(numbers);
    zarrc_pipeline_close(p);
  }
}

/* A blob that somebody else changes the first times that it is replaced. */
typedef struct contested {
  zarrc_blob blob;
  counting_blob inner;
  int conflicts;
} contested;

static zarrc_status contested_read(zarrc_blob *blob, zarrc_range *ranges, size_t n, zarrc_error *error) {
  return zarrc_blob_read(&((contested *)blob)->inner.blob, ranges, n, error);
}

static zarrc_status contested_replace(zarrc_blob *blob, const zarrc_bytes *parts, size_t n, bool if_unchanged,
                                      zarrc_error *error) {
  contested *c = (contested *)blob;
  if (if_unchanged && c->conflicts-- > 0) {
    c->inner.bytes[0] = (uint8_t)('0' + c->conflicts);
    return zarrc_fail(error, ZARRC_CONFLICT, "changed meanwhile");
  }
  return c->inner.blob.ops->replace(&c->inner.blob, parts, n, false, error);
}

static zarrc_status contested_erase(zarrc_blob *blob, bool if_unchanged, zarrc_error *error) {
  (void)blob, (void)if_unchanged;
  return zarrc_fail(error, ZARRC_INTERNAL, "not to be called");
}

static const zarrc_blob_ops contested_ops = {.struct_size = sizeof(zarrc_blob_ops),
                                             .read = contested_read,
                                             .replace = contested_replace,
                                             .erase = contested_erase};

/* What the others wrote meanwhile is kept, and only where it is kept does the write ask for an unchanged value. */
static void conflicts_start_the_write_again(void **state) {
  zarrc_ctx *ctx = *state;
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  contested c = {.blob = {&contested_ops}, .conflicts = 3};
  zarrc_region r = chunk_region(1, (int64_t[]){2}, (int64_t[]){1}, NULL);
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, r.count, "X"), all = zarrc_view_c(&spec.dtype, 1, spec.shape, "WXYZ");
  counting_blob_init(&c.inner, ctx, "abcd", 4, false);
  assert_int_equal(zarrc_write(p, &c.blob, &r, &view, false, NULL), ZARRC_OK);
  assert_memory_equal(c.inner.bytes, "0bXd", 4);
  c.conflicts = 1000;
  assert_int_equal(zarrc_write(p, &c.blob, NULL, &all, false, NULL), ZARRC_OK);
  assert_memory_equal(c.inner.bytes, "WXYZ", 4);
  counting_blob_clear(&c.inner);
  zarrc_pipeline_close(p);
}

static void read_only_values_are_not_written(void **state) {
  zarrc_ctx *ctx = *state;
  static const zarrc_blob_ops read_only = {.struct_size = sizeof(zarrc_blob_ops), .read = contested_read};
  zarrc_blob blob = {&read_only};
  zarrc_spec spec = chunk_spec(ZARRC_UINT8, 1, (int64_t[]){4});
  zarrc_pipeline *p = chunk_pipeline(ctx, "[\"bytes\"]", &spec);
  uint8_t x[4] = {1};
  zarrc_view view = zarrc_view_c(&spec.dtype, 1, spec.shape, x);
  assert_int_equal(zarrc_write(p, &blob, NULL, &view, false, NULL), ZARRC_INVALID_ARGUMENT);
  zarrc_pipeline_close(p);
}

static int setup(void **state) {
  return zarrc_ctx_open(NULL, (zarrc_ctx **)state, NULL) != ZARRC_OK;
}

static int teardown(void **state) {
  zarrc_ctx_close(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fill_value_is_not_stored),
      cmocka_unit_test(covered_chunks_are_not_read),
      cmocka_unit_test(conflicts_start_the_write_again),
      cmocka_unit_test(read_only_values_are_not_written),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}

/* SPDX-License-Identifier: MIT */
/* What is read and decoded for lists of indices. That the right elements come is tested in test_select_model.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/numbered.h"
#include "support/needs.h"

/* 1000 x 1000 bytes in one chunk, or in one shard of 25 x 20 inner chunks of 40 x 50. */
enum { INDEX = 25 * 20 * 16 + 4 };

typedef struct row {
  const char *codecs;
  int nrows, ncolumns; /* 0: all */
  int64_t rows[6], columns[6];
  uint64_t gap, max;
  size_t nranges, nbytes; /* SIZE_MAX: not looked at */
} row;

static void check(const row *r) {
  fixture f;
  zarrc_array_options options = {.chunk.coalesce_gap = r->gap, .chunk.coalesce_max = r->max};
  int64_t shape[] = {r->nrows ? r->nrows : LENGTH, r->ncolumns ? r->ncolumns : LENGTH};
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_selection s = {0};
  if (r->nrows) s.pick[0] = zarrc_pick_list(r->rows, (size_t)r->nrows);
  if (r->ncolumns) s.pick[1] = zarrc_pick_list(r->columns, (size_t)r->ncolumns);
  fixture_open(&f, r->codecs, &options);
  uint8_t *taken = malloc((size_t)(shape[0] * shape[1]));
  zarrc_view view = zarrc_view_c(&dtype, 2, shape, taken);
  counting_store_reset(&f.counting);
  assert_int_equal(zarrc_array_read_selection(f.array, &s, &view, NULL), ZARRC_OK);
  for (int64_t i = 0; i < shape[0]; i++)
    for (int64_t k = 0; k < shape[1]; k++)
      assert_int_equal(taken[i * shape[1] + k], number_at(r->nrows ? r->rows[i] : i, r->ncolumns ? r->columns[k] : k));
  assert_int_equal(f.counting.nopened, 1);
  if (r->nranges != SIZE_MAX) assert_int_equal(f.counting.nranges, r->nranges);
  if (r->nbytes != SIZE_MAX) assert_int_equal(f.counting.nbytes, r->nbytes);
  free(taken);
  fixture_close(&f);
}

static void no_more_is_read(void **state) {
  needs_codec("gzip");
  static const row rows[] = {
      /* far apart: element by element, or row by row */
      {"[" BYTES "]", 3, 2, {990, 10, 500}, {3, 997}, 0, 0, 3, 3 * 995},
      {"[" BYTES "]", 3, 3, {990, 10, 500}, {997, 3, 4}, 100, 0, 6, 3 * (2 + 1)},
      {"[" BYTES "]", 3, 0, {990, 10, 500}, {0}, 0, 0, 3, 3000},
      /* near: one box */
      {"[" BYTES "]", 3, 0, {5, 3, 4}, {0}, 0, 0, 1, 3000},
      {"[" BYTES "]", 4, 0, {3, 4, 4, 7}, {0}, 0, 0, 1, 5000},
      {"[" BYTES "]", 4, 0, {3, 4, 4, 7}, {0}, 1999, 0, 2, 3000},
      {"[" BYTES "]", 4, 0, {3, 4, 4, 7}, {0}, 2000, 4999, 2, 3000},
      {"[" BYTES "]", 4, 0, {3, 4, 4, 7}, {0}, 2000, 5000, 1, 5000},
      /* whatever is wanted, the chunk is decoded once */
      {"[" BYTES ", {\"name\": \"gzip\"}]", 3, 2, {990, 10, 500}, {3, 997}, 0, 0, 1, SIZE_MAX},
      {"[" BYTES ", {\"name\": \"crc32c\"}]", 3, 2, {990, 10, 500}, {3, 997}, 0, 0, 1, 1000004},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) check(&rows[i]);
}

static void inner_chunks_are_read_once(void **state) {
  static const int64_t rows[] = {990, 10, 30}, columns[] = {3, 997, 4};
  static const struct {
    const char *codecs;
    size_t nbytes; /* without the outer index, which is read for each, where it is not kept */
  } chains[] = {
      {SHARD("[40, 50]", BYTES ", {\"name\": \"crc32c\"}"), 4 * 2004},
      {SHARD("[200, 500]",
             "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [40, 50], \"codecs\": "
             "[" BYTES ", {\"name\": \"crc32c\"}]}}"),
       4 * 2004 + 4 * (5 * 10 * 16 + 4)},
  };
  (void)state;
  for (int i = 0; i < 2; i++) {
    fixture f;
    uint8_t taken[9];
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
    zarrc_view view = zarrc_view_c(&dtype, 2, (int64_t[]){3, 3}, taken);
    zarrc_selection s = {.pick = {zarrc_pick_list(rows, 3), zarrc_pick_list(columns, 3)}};
    fixture_open(&f, chains[i].codecs, NULL);
    counting_store_reset(&f.counting);
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &view, NULL), ZARRC_OK);
    size_t index = i ? 5 * 2 * 16 + 4 : INDEX;
    assert_int_equal(f.counting.nopened, 1);
    assert_true(f.counting.nbytes == chains[i].nbytes + 4 * index || f.counting.nbytes == chains[i].nbytes + index);
    fixture_close(&f);
  }
}

/* A list is written with one new value for each chunk; inner chunks between its elements are not even decoded. */
static void each_chunk_is_stored_once(void **state) {
  static const int64_t rows[] = {990, 10, 30, 10}, columns[] = {3, 997};
  static const char *const chains[] = {"[" BYTES "]", SHARD("[40, 50]", BYTES ", {\"name\": \"crc32c\"}")};
  static const uint8_t values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  (void)state;
  for (int i = 0; i < 2; i++) {
    fixture f;
    uint8_t taken[8];
    zarrc_bytes shard = {0};
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
    zarrc_view from = zarrc_view_c(&dtype, 2, (int64_t[]){4, 2}, (void *)(uintptr_t)values), to = from;
    zarrc_selection s = {.pick = {zarrc_pick_list(rows, 4), zarrc_pick_list(columns, 2)}};
    to.data = taken;
    fixture_open(&f, chains[i], NULL);
    if (i == 1) { /* damage: inner chunk 1,0 is the second one */
      assert_int_equal(zarrc_store_get(f.counting.inner, "a/c/0/0", UINT64_MAX, &shard, NULL), ZARRC_OK);
      uint8_t *copy = malloc(shard.len);
      memcpy(copy, shard.ptr, shard.len);
      copy[2004 + 17] ^= 1;
      assert_int_equal(zarrc_store_set(f.counting.inner, "a/c/0/0", copy, shard.len, NULL), ZARRC_OK);
      zarrc_bytes_release(&shard);
      free(copy);
    }
    counting_store_reset(&f.counting);
    assert_int_equal(zarrc_array_write_selection(f.array, &s, &from, NULL), ZARRC_OK);
    assert_int_equal(f.counting.nreplaced, 1);
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &to, NULL), ZARRC_OK);
    assert_memory_equal(taken, ((uint8_t[]){1, 2, 7, 8, 5, 6, 7, 8}), 8);
    s = (zarrc_selection){.pick = {zarrc_pick_slice(40, 42, 1), zarrc_pick_slice(0, 4, 1)}};
    zarrc_view next = zarrc_view_c(&dtype, 2, (int64_t[]){2, 4}, taken);
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &next, NULL), i ? ZARRC_CHECKSUM : ZARRC_OK);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_more_is_read), cmocka_unit_test(inner_chunks_are_read_once),
                                     cmocka_unit_test(each_chunk_is_stored_once)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}

/* SPDX-License-Identifier: MIT */
/* What is read and decoded for points. That the right elements come is tested in test_select_model.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pipeline/numbered.h"

#define CRC ", {\"name\": \"crc32c\"}"
#define NESTED                                                                                                         \
  SHARD("[200, 500]",                                                                                                  \
        "{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [40, 50], \"codecs\": [" BYTES CRC      \
        "]}}")
#define TURNED "[{\"name\": \"transpose\", \"configuration\": {\"order\": [1, 0]}}, " BYTES "]"

static void no_more_is_read(void **state) {
  /* five points: two alone, two beside each other, one of them twice */
  static const int64_t rows[] = {990, 10, 500, 500, 500}, columns[] = {3, 997, 40, 42, 40};
  static const struct {
    const char *codecs;
    uint64_t gap, max;
    size_t nranges, nbytes, each; /* each: read again for each inner chunk, where it is not kept */
  } chains[] = {
      {"[" BYTES "]", 0, 0, 3, 1 + 1 + 3, 0},
      {"[" BYTES "]", 1, 0, 3, 1 + 1 + 3, 0},
      {TURNED, 0, 0, 3, 1 + 1 + 2001, 0},
      {"[" BYTES "]", 64, 2, 4, 1 + 1 + 1 + 1, 0},
      {"[" BYTES CRC "]", 0, 0, 1, 1000004, 0},
      {SHARD("[40, 50]", BYTES CRC), 0, 0, SIZE_MAX, 3 * 2004, 25 * 20 * 16 + 4},
      {NESTED, 0, 0, SIZE_MAX, 3 * (2004 + 5 * 10 * 16 + 4), 5 * 2 * 16 + 4},
  };
  (void)state;
  for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
    fixture f;
    uint8_t taken[5];
    zarrc_array_options options = {.chunk.coalesce_gap = chains[i].gap, .chunk.coalesce_max = chains[i].max};
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
    zarrc_view view = zarrc_view_c(&dtype, 1, (int64_t[]){5}, taken);
    zarrc_selection s = {.kind = ZARRC_SELECT_POINTS, .npoints = 5, .coordinate = {rows, columns}};
    fixture_open(&f, chains[i].codecs, &options);
    counting_store_reset(&f.counting);
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &view, NULL), ZARRC_OK);
    for (int k = 0; k < 5; k++) assert_int_equal(taken[k], number_at(rows[k], columns[k]));
    assert_int_equal(f.counting.nopened, 1);
    if (chains[i].nranges != SIZE_MAX) assert_int_equal(f.counting.nranges, chains[i].nranges);
    size_t more = f.counting.nbytes - chains[i].nbytes;
    assert_true(more == chains[i].each || more == 3 * chains[i].each);
    fixture_close(&f);
  }
}

/* Changes a byte of the one chunk. */
static void damage(fixture *f, size_t at) {
  zarrc_bytes value = {0};
  assert_int_equal(zarrc_store_get(f->counting.inner, "a/c/0/0", UINT64_MAX, &value, NULL), ZARRC_OK);
  uint8_t *copy = malloc(value.len);
  memcpy(copy, value.ptr, value.len);
  copy[at] ^= 1;
  assert_int_equal(zarrc_store_set(f->counting.inner, "a/c/0/0", copy, value.len, NULL), ZARRC_OK);
  zarrc_bytes_release(&value);
  free(copy);
}

/* Points are written with one new value for each chunk; inner chunks without any are not even decoded. */
static void each_chunk_is_stored_once(void **state) {
  static const int64_t rows[] = {990, 10, 500, 990}, columns[] = {3, 997, 40, 3};
  static const char *const chains[] = {"[" BYTES "]", TURNED, SHARD("[40, 50]", BYTES CRC), NESTED};
  static const uint8_t values[4] = {1, 2, 3, 4};
  (void)state;
  for (int i = 0; i < 4; i++) {
    fixture f;
    uint8_t taken[4];
    bool damaged = i >= 2;
    zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
    zarrc_view from = zarrc_view_c(&dtype, 1, (int64_t[]){4}, (void *)(uintptr_t)values), to = from;
    zarrc_selection s = {.kind = ZARRC_SELECT_POINTS, .npoints = 4, .coordinate = {rows, columns}};
    to.data = taken;
    fixture_open(&f, chains[i], NULL);
    if (damaged) damage(&f, 17); /* inner chunk 0,0 */
    counting_store_reset(&f.counting);
    assert_int_equal(zarrc_array_write_selection(f.array, &s, &from, NULL), ZARRC_OK);
    assert_int_equal(f.counting.nreplaced, 1);
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &to, NULL), ZARRC_OK);
    assert_memory_equal(taken, ((uint8_t[]){4, 2, 3, 4}), 4);
    s = (zarrc_selection){.pick = {zarrc_pick_index(0), zarrc_pick_slice(0, 4, 1)}};
    assert_int_equal(zarrc_array_read_selection(f.array, &s, &to, NULL), damaged ? ZARRC_CHECKSUM : ZARRC_OK);
    fixture_close(&f);
  }
}

/* The same with a codec behind the shard: points of other inner chunks lie between its first and its last element. */
static void inner_chunks_of_other_chains(void **state) {
  static const int64_t rows[] = {10, 20, 30}, columns[] = {3, 997, 3};
  static const uint8_t values[3] = {1, 2, 3};
  zarrc_array_options options = {.chunk = {.trust_checksums = true, .subchunk_order = ZARRC_LEXICOGRAPHIC}};
  fixture f;
  uint8_t taken[3];
  zarrc_dtype dtype = zarrc_dtype_of(ZARRC_UINT8);
  zarrc_view from = zarrc_view_c(&dtype, 1, (int64_t[]){3}, (void *)(uintptr_t)values);
  zarrc_selection s = {.kind = ZARRC_SELECT_POINTS, .npoints = 3, .coordinate = {rows, columns}};
  (void)state;
  fixture_open(
      &f,
      "[{\"name\": \"sharding_indexed\", \"configuration\": {\"chunk_shape\": [40, 50], \"codecs\": [" BYTES CRC
      "]}}" CRC "]",
      &options);
  damage(&f, 5 * 2004 + 17);
  assert_int_equal(zarrc_array_write_selection(f.array, &s, &from, NULL), ZARRC_OK);
  for (int i = 0; i < 3; i++) {
    zarrc_selection one = {.pick = {zarrc_pick_index(rows[i]), zarrc_pick_slice(columns[i], columns[i] + 1, 1)}};
    zarrc_view at = zarrc_view_c(&dtype, 1, (int64_t[]){1}, taken + i);
    assert_int_equal(zarrc_array_read_selection(f.array, &one, &at, NULL), ZARRC_OK);
  }
  assert_memory_equal(taken, values, 3);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(no_more_is_read), cmocka_unit_test(each_chunk_is_stored_once),
                                     cmocka_unit_test(inner_chunks_of_other_chains)};
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
